#include "io/reactor.h"

#include "io/clock.h"
#include "io/log.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* Rounds of timers and sockets in one go, before connections of libwebsockets have their
 * turn. */
#define ROUNDS_MAX 16
/* Turns of timers, before sockets have theirs. */
#define TURNS_MAX 4
/* A century is as good as never. */
#define DELAY_MAX_MS INT64_C(3000000000000)

struct reactor {
	struct lws_context *lws;
	struct lws_vhost *vhost; /* owns the adopted epoll descriptor */
	int epoll;
	CURLM *curl;
	struct timer curl_timer;
	bool stop, closing;
	bool serving; /* timers that are set meanwhile are looked at before it ends */
	struct timer **heap; /* heap[1] is due first */
	size_t heap_count, heap_cap;
	uint64_t numbers;
	struct fd_watch alarm; /* a timerfd */
	int64_t alarm_us;      /* that it is set to; 0: to nothing */
};

/* --- timers --- */

static bool goes_before(const struct timer *a, const struct timer *b)
{
	return a->due_us != b->due_us ? a->due_us < b->due_us : a->number < b->number;
}

static void put(struct reactor *r, struct timer *t, size_t at)
{
	r->heap[at] = t;
	t->place = at;
}

/* To where it belongs, from a free place. */
static void sift(struct reactor *r, struct timer *t, size_t at)
{
	for (; at > 1 && goes_before(t, r->heap[at / 2]); at /= 2)
		put(r, r->heap[at / 2], at);
	for (size_t child; (child = 2 * at) <= r->heap_count; at = child) {
		if (child < r->heap_count &&
		    goes_before(r->heap[child + 1], r->heap[child]))
			child++;
		if (!goes_before(r->heap[child], t))
			break;
		put(r, r->heap[child], at);
	}
	put(r, t, at);
}

static void insert(struct reactor *r, struct timer *t)
{
	if (r->heap_count + 1 >= r->heap_cap) {
		r->heap_cap = r->heap_cap ? 2 * r->heap_cap : 64;
		r->heap = xrealloc(r->heap, r->heap_cap * sizeof(r->heap[0]));
	}
	r->heap_count++;
	sift(r, t, r->heap_count);
}

static void take_out(struct reactor *r, struct timer *t)
{
	struct timer *last = r->heap[r->heap_count--];
	if (last != t)
		sift(r, last, t->place);
	t->place = 0;
}

static void set_alarm(struct reactor *r)
{
	if (!r->heap_count || r->serving)
		return;
	int64_t due_us = r->heap[1]->due_us;
	/* An alarm too early finds nothing due and is set again. */
	if (r->alarm_us && r->alarm_us <= due_us)
		return;
	r->alarm_us = due_us;
	const struct itimerspec at = {
		.it_value = {due_us / 1000000, due_us % 1000000 * 1000}};
	timerfd_settime(r->alarm.fd, TFD_TIMER_ABSTIME, &at, NULL);
}

static void on_alarm(struct reactor *r)
{
	uint64_t count;
	if (read(r->alarm.fd, &count, sizeof(count)) == sizeof(count))
		r->alarm_us = 0;
}

/* Those that are due now; what they set waits for the next round. */
static bool fire_timers(struct reactor *r)
{
	int64_t now_us = monotonic_us();
	uint64_t last = r->numbers;
	bool fired = false;
	while (!r->stop && r->heap_count && r->heap[1]->due_us <= now_us &&
	       r->heap[1]->number <= last) {
		struct timer *t = r->heap[1];
		take_out(r, t);
		fired = true;
		t->fire(t->arg);
	}
	return fired;
}

/* --- sockets --- */

/* What an epoll event belongs to: a socket of curl (odd numbers) or a struct fd_watch
 * (pointers are even). */
static uint64_t curl_tag(int fd)
{
	return ((uint64_t)fd << 1) | 1;
}

static void finish_transfers(struct reactor *r)
{
	CURLMsg *msg;
	int left;
	while ((msg = curl_multi_info_read(r->curl, &left))) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		struct transfer *t = NULL;
		CURLcode result = msg->data.result;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		t->done(t, result);
	}
}

static void drive_curl(struct reactor *r, curl_socket_t fd, int events)
{
	int running;
	curl_multi_socket_action(r->curl, fd, events, &running);
	finish_transfers(r);
}

static void curl_timer_fired(void *arg)
{
	drive_curl(arg, CURL_SOCKET_TIMEOUT, 0);
}

static int on_curl_timer(CURLM *multi, long timeout_ms, void *arg)
{
	(void)multi;
	struct reactor *r = arg;
	if (timeout_ms < 0 || r->closing)
		timer_cancel(&r->curl_timer);
	else
		timer_set(r, &r->curl_timer, timeout_ms, curl_timer_fired, r);
	return 0;
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	(void)easy;
	(void)known;
	struct reactor *r = arg;
	struct epoll_event ev = {.data.u64 = curl_tag(fd)};
	if (what == CURL_POLL_REMOVE) {
		/* The socket may be closed already, which took it out of epoll by itself.
		 */
		epoll_ctl(r->epoll, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	ev.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) |
		    (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
	if (epoll_ctl(r->epoll, EPOLL_CTL_MOD, fd, &ev) < 0 && errno == ENOENT)
		epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &ev);
	return 0;
}

static bool serve_epoll(struct reactor *r)
{
	struct epoll_event events[16];
	int n = epoll_wait(r->epoll, events, ARRAY_LEN(events), 0);
	/* Any callback may end any watch and free it, so a watch is served alone, before
	 * curl's sockets: what else is ready is still so in the next round. */
	for (int i = 0; i < n; i++) {
		if (events[i].data.u64 & 1)
			continue;
		struct fd_watch *w = events[i].data.ptr;
		/* The alarm ends nothing, and must not take the others' turn. */
		if (w == &r->alarm) {
			on_alarm(r);
			continue;
		}
		w->ready(w);
		return true;
	}
	for (int i = 0; i < n; i++) {
		int flags =
			(events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
			(events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
			(events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
		drive_curl(r, (curl_socket_t)(events[i].data.u64 >> 1), flags);
	}
	return n > 0;
}

static void serve(struct reactor *r)
{
	r->serving = true;
	for (int round = 0; round < ROUNDS_MAX && !r->stop; round++) {
		/* Timers set timers that are due at once: most of the time there is no
		 * need to ask the sockets in between. */
		int turns = 0;
		while (turns < TURNS_MAX && fire_timers(r))
			turns++;
		if (!serve_epoll(r) && !turns)
			break;
	}
	r->serving = false;
	set_alarm(r);
}

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		  size_t len)
{
	(void)user;
	(void)in;
	(void)len;
	if (reason != LWS_CALLBACK_RAW_RX_FILE)
		return 0;
	struct reactor *r = lws_context_user(lws_get_context(wsi));
	if (!r->closing)
		serve(r);
	return 0;
}

static const struct lws_protocols protocols[] = {
	{.name = "reactor", .callback = on_lws},
	{0},
};

static int open_lws(struct reactor *r, struct err *err)
{
	lws_set_log_level(LLL_ERR | LLL_WARN, log_library_emit);
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN,
		.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
			   LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
			   LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS,
		/* Handshakes with bearer tokens of several kilobytes are built in this
		   buffer. */
		.pt_serv_buf_size = 65536,
		.timeout_secs = 5,
		.fd_limit_per_thread = 1024,
		.uid = (uid_t)-1,
		.gid = (gid_t)-1,
		.user = r,
	};
	r->lws = lws_create_context(&info);
	if (!r->lws)
		return err_set(err, ERR_FATAL, "cannot start libwebsockets");
	struct lws_context_creation_info vhost = {
		.port = CONTEXT_PORT_NO_LISTEN,
		.vhost_name = "reactor",
		.protocols = protocols,
		.http_proxy_address = "",
	};
	r->vhost = lws_create_vhost(r->lws, &vhost);
	if (!r->vhost)
		return err_set(err, ERR_FATAL, "cannot start libwebsockets' vhost");
	lws_sock_file_fd_type fd = {.filefd = (lws_filefd_type)r->epoll};
	if (!lws_adopt_descriptor_vhost(r->vhost, LWS_ADOPT_RAW_FILE_DESC, fd, "reactor",
					NULL))
		return err_set(err, ERR_FATAL, "cannot adopt the epoll descriptor");
	return 0;
}

static void open_curl(struct reactor *r)
{
	r->curl = curl_multi_init();
	curl_multi_setopt(r->curl, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
	curl_multi_setopt(r->curl, CURLMOPT_SOCKETDATA, r);
	curl_multi_setopt(r->curl, CURLMOPT_TIMERFUNCTION, on_curl_timer);
	curl_multi_setopt(r->curl, CURLMOPT_TIMERDATA, r);
	curl_multi_setopt(r->curl, CURLMOPT_MAXCONNECTS, 32L);
}

static int open_alarm(struct reactor *r, struct err *err)
{
	r->alarm.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (r->alarm.fd < 0)
		return err_set(err, ERR_FATAL, "timerfd: %s", strerror(errno));
	return fd_watch_start(r, &r->alarm, err);
}

struct reactor *reactor_new(struct err *err)
{
	signal(SIGPIPE, SIG_IGN);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	struct reactor *r = xcalloc(1, sizeof(*r));
	r->alarm.fd = -1;
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (r->epoll < 0) {
		err_set(err, ERR_FATAL, "epoll: %s", strerror(errno));
		reactor_free(r);
		return NULL;
	}
	if (open_alarm(r, err) < 0 || open_lws(r, err) < 0) {
		reactor_free(r);
		return NULL;
	}
	open_curl(r);
	return r;
}

void reactor_free(struct reactor *r)
{
	if (!r)
		return;
	r->closing = true;
	timer_cancel(&r->curl_timer);
	/* curl's sockets leave the epoll descriptor before libwebsockets closes it. */
	if (r->curl)
		curl_multi_cleanup(r->curl);
	if (r->lws)
		lws_context_destroy(r->lws);
	else if (r->epoll >= 0)
		close(r->epoll);
	if (r->alarm.fd >= 0)
		close(r->alarm.fd);
	free(r->heap);
	free(r);
	curl_global_cleanup();
}

void reactor_cleanup(struct reactor **r)
{
	reactor_free(*r);
}

void reactor_run(struct reactor *r)
{
	r->stop = false;
	while (!r->stop && lws_service(r->lws, 0) >= 0)
		;
}

void reactor_stop(struct reactor *r)
{
	r->stop = true;
	lws_cancel_service(r->lws);
}

struct lws_context *reactor_lws(struct reactor *r)
{
	return r->lws;
}

void timer_set(struct reactor *r, struct timer *t, int64_t delay_ms, void (*fire)(void *),
	       void *arg)
{
	timer_cancel(t);
	t->reactor = r;
	t->fire = fire;
	t->arg = arg;
	if (delay_ms > DELAY_MAX_MS)
		delay_ms = DELAY_MAX_MS;
	t->due_us = monotonic_us() + (delay_ms > 0 ? delay_ms * 1000 : 1);
	t->number = ++r->numbers;
	insert(r, t);
	set_alarm(r);
}

void timer_cancel(struct timer *t)
{
	if (t && t->place)
		take_out(t->reactor, t);
}

int transfer_start(struct reactor *r, struct transfer *t, struct err *err)
{
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, (void *)t);
	CURLMcode code = curl_multi_add_handle(r->curl, t->easy);
	if (code != CURLM_OK)
		return err_set(err, ERR_RETRY, "curl: %s", curl_multi_strerror(code));
	return 0;
}

void transfer_stop(struct reactor *r, struct transfer *t)
{
	curl_multi_remove_handle(r->curl, t->easy);
}

int fd_watch_start(struct reactor *r, struct fd_watch *w, struct err *err)
{
	assert(((uintptr_t)w & 1) == 0);
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = w};
	if (epoll_ctl(r->epoll, EPOLL_CTL_ADD, w->fd, &ev) < 0)
		return err_set(err, ERR_FATAL, "epoll: %s", strerror(errno));
	return 0;
}

void fd_watch_stop(struct reactor *r, struct fd_watch *w)
{
	epoll_ctl(r->epoll, EPOLL_CTL_DEL, w->fd, NULL);
}
