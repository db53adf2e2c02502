#include "fuzz/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 10000
#define HEAD_MAX    65536

struct reactor *wire_reactor(void)
{
	static struct reactor *reactor;
	struct err err = {0};
	if (!reactor) {
		lws_set_log_level(0, NULL);
		reactor = reactor_new(&err);
		must(reactor, "%s", err.msg);
	}
	return reactor;
}

/* --- waiting in the loop --- */

struct waiting {
	const bool *flag;
	struct timer poll, watchdog;
	bool late;
};

static void poll_flag(void *arg)
{
	struct waiting *w = arg;
	if (*w->flag)
		reactor_stop(wire_reactor());
	else
		timer_set(wire_reactor(), &w->poll, 0, poll_flag, w);
}

static void give_up(void *arg)
{
	struct waiting *w = arg;
	w->late = true;
	reactor_stop(wire_reactor());
}

void wire_run_until(const bool *flag)
{
	struct waiting w = {.flag = flag};
	timer_set(wire_reactor(), &w.poll, 0, poll_flag, &w);
	timer_set(wire_reactor(), &w.watchdog, PATIENCE_MS, give_up, &w);
	reactor_run(wire_reactor());
	timer_cancel(&w.poll);
	timer_cancel(&w.watchdog);
	must(!w.late, "nothing came for %d ms", PATIENCE_MS);
}

static void end_round(void *arg)
{
	reactor_stop(arg);
}

void wire_rounds(int rounds)
{
	for (int i = 0; i < rounds; i++) {
		struct timer end = {0};
		timer_set(wire_reactor(), &end, 0, end_round, wire_reactor());
		reactor_run(wire_reactor());
		timer_cancel(&end);
	}
}

/* --- sockets --- */

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons((uint16_t)port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int wire_connect(int port)
{
	struct sockaddr_in to = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), failed;
	must(fd >= 0, "no socket");
	/* libFuzzer's clock interrupts: the connection goes on, and is asked for again.
	 */
	do
		failed = connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ? errno : 0;
	while (failed == EINTR || failed == EALREADY);
	must(!failed || failed == EISCONN, "port %d: %s", port, strerror(failed));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void hang_up(struct wire_server *s)
{
	if (s->peer.fd < 0)
		return;
	fd_watch_stop(wire_reactor(), &s->peer);
	close(s->peer.fd);
	s->peer.fd = -1;
}

static void on_request(struct fd_watch *w)
{
	struct wire_server *s = w->arg;
	char data[4096];
	ssize_t n = read(w->fd, data, sizeof(data));
	if (n <= 0 || str_add(&s->head, data, (size_t)n) < 0) {
		hang_up(s);
		return;
	}
	if (!strstr(str_text(&s->head), "\r\n\r\n"))
		return;
	/* Inputs are far smaller than what a socket takes at once. */
	if (s->size && write(w->fd, s->answer, s->size) < 0)
		must(false, "not written");
	hang_up(s);
}

static void on_connection(struct fd_watch *w)
{
	struct wire_server *s = w->arg;
	struct err err = {0};
	int fd = accept(w->fd, NULL, NULL);
	if (fd < 0)
		return;
	hang_up(s);
	str_clear(&s->head);
	s->peer = (struct fd_watch){.fd = fd, .ready = on_request, .arg = s};
	must(fd_watch_start(wire_reactor(), &s->peer, &err) == 0, "%s", err.msg);
}

void wire_server_start(struct wire_server *s)
{
	struct sockaddr_in at = loopback(0);
	socklen_t size = sizeof(at);
	struct err err = {0};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	must(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
		     listen(fd, 16) == 0 &&
		     getsockname(fd, (struct sockaddr *)&at, &size) == 0,
	     "no listener");
	*s = (struct wire_server){
		.listener = {.fd = fd, .ready = on_connection, .arg = s},
		.peer.fd = -1,
		.port = ntohs(at.sin_port),
	};
	str_init(&s->head, HEAD_MAX);
	must(fd_watch_start(wire_reactor(), &s->listener, &err) == 0, "%s", err.msg);
}
