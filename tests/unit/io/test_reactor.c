#include "unit/harness.h"

#include "io/io.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct reactor *reactor;
static char order[32];

static void setup(void)
{
	struct err err;
	reactor = reactor_new(&err);
	ck_assert_msg(reactor != NULL, "%s", err.msg);
	order[0] = '\0';
}

static void teardown(void)
{
	reactor_free(reactor);
}

static void note(void *arg)
{
	strcat(order, arg);
	if (!strcmp(arg, "z"))
		reactor_stop(reactor);
}

START_TEST(timers_fire_in_order_of_their_time)
{
	struct timer a = {0}, b = {0}, z = {0};
	timer_set(reactor, &z, 30, note, "z");
	timer_set(reactor, &b, 10, note, "b");
	timer_set(reactor, &a, 0, note, "a");
	ck_assert_str_eq(order, ""); /* never from within timer_set */
	reactor_run(reactor);
	ck_assert_str_eq(order, "abz");
}
END_TEST

START_TEST(a_cancelled_or_moved_timer_fires_as_last_told)
{
	struct timer a = {0}, b = {0}, z = {0}, idle = {0};
	timer_set(reactor, &a, 1, note, "a");
	timer_cancel(&a);
	timer_cancel(&idle);
	timer_set(reactor, &b, 1, note, "x");
	timer_set(reactor, &b, 5, note, "b");
	timer_set(reactor, &z, 20, note, "z");
	reactor_run(reactor);
	ck_assert_str_eq(order, "bz");
}
END_TEST

struct many {
	struct timer timers[200];
	int64_t fired_us, due_us;
	int count, due;
};
static struct many many;

static void fired(void *arg)
{
	const struct timer *t = arg;
	many.count++;
	/* Never early, and in order. */
	ck_assert_int_ge(monotonic_us(), t->due_us);
	ck_assert_int_ge(t->due_us, many.fired_us);
	many.fired_us = t->due_us;
	if (many.count == many.due)
		reactor_stop(reactor);
}

/* Half of them are moved and a third is cancelled, whatever their places. */
START_TEST(many_timers_fire_once_each_in_order)
{
	struct rng rng;
	rng_init(&rng, 7);
	many = (struct many){0};
	for (int i = 0; i < 200; i++)
		timer_set(reactor, &many.timers[i], (int64_t)(rng_next(&rng) % 40), fired,
			  &many.timers[i]);
	for (int i = 0; i < 200; i += 2)
		timer_set(reactor, &many.timers[i], (int64_t)(rng_next(&rng) % 40), fired,
			  &many.timers[i]);
	for (int i = 0; i < 200; i += 3)
		timer_cancel(&many.timers[i]);
	many.due = 200 - 67;
	reactor_run(reactor);
	ck_assert_int_eq(many.count, many.due);
}
END_TEST

static void again(void *arg)
{
	struct timer *t = arg;
	timer_set(reactor, t, 0, again, t);
}

START_TEST(a_timer_that_sets_itself_leaves_the_others_their_turn)
{
	struct timer restless = {0}, z = {0};
	timer_set(reactor, &restless, 0, again, &restless);
	timer_set(reactor, &z, 5, note, "z");
	reactor_run(reactor);
	ck_assert_str_eq(order, "z");
	timer_cancel(&restless);
}
END_TEST

static void got_byte(struct fd_watch *w)
{
	char c;
	ck_assert_int_eq(read(w->fd, &c, 1), 1);
	strcat(order, "r");
	fd_watch_stop(reactor, w);
	reactor_stop(reactor);
}

START_TEST(a_descriptor_is_served_when_it_has_input)
{
	int pipe_fd[2];
	ck_assert_int_eq(pipe(pipe_fd), 0);
	struct fd_watch w = {.fd = pipe_fd[0], .ready = got_byte};
	ck_assert_int_eq(fd_watch_start(reactor, &w, NULL), 0);
	ck_assert_int_eq(write(pipe_fd[1], "x", 1), 1);
	reactor_run(reactor);
	ck_assert_str_eq(order, "r");
	close(pipe_fd[0]);
	close(pipe_fd[1]);
}
END_TEST

static CURLcode curl_result;

static void transfer_done(struct transfer *t, CURLcode result)
{
	curl_result = result;
	transfer_stop(reactor, t);
	reactor_stop(reactor);
}

/* A listener that never accepts a word: the connection stands, the request waits. */
static int silent_listener(int *ret_port)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(listen(fd, 4), 0);
	getsockname(fd, (struct sockaddr *)&at, &len);
	*ret_port = ntohs(at.sin_port);
	return fd;
}

static CURL *get(int port, long timeout_ms)
{
	char url[64];
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", port);
	CURL *easy = curl_easy_init();
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
	return easy;
}

START_TEST(a_refused_connection_ends_the_transfer)
{
	int port, fd = silent_listener(&port);
	close(fd);
	struct transfer t = {.easy = get(port, 5000), .done = transfer_done};
	ck_assert_int_eq(transfer_start(reactor, &t, NULL), 0);
	reactor_run(reactor);
	ck_assert_int_eq(curl_result, CURLE_COULDNT_CONNECT);
	curl_easy_cleanup(t.easy);
}
END_TEST

START_TEST(curls_time_out_runs_on_the_loops_timer)
{
	int port, fd = silent_listener(&port);
	struct transfer t = {.easy = get(port, 50), .done = transfer_done};
	ck_assert_int_eq(transfer_start(reactor, &t, NULL), 0);
	reactor_run(reactor);
	ck_assert_int_eq(curl_result, CURLE_OPERATION_TIMEDOUT);
	curl_easy_cleanup(t.easy);
	close(fd);
}
END_TEST

static void end_run(void *arg)
{
	(void)arg;
	reactor_stop(reactor);
}

/* Runs that a timer ends at once: the alarm of timers is always ready too. */
START_TEST(timers_that_are_due_leave_a_transfer_its_turn)
{
	int port, fd = silent_listener(&port);
	struct transfer t = {.easy = get(port, 0), .done = transfer_done};
	struct timer timer = {0};
	curl_result = CURLE_OK;
	ck_assert_int_eq(transfer_start(reactor, &t, NULL), 0);
	int peer = -1;
	for (int i = 0; i < 1000 && curl_result == CURLE_OK; i++) {
		timer_set(reactor, &timer, 0, end_run, NULL);
		reactor_run(reactor);
		if (i == 100) {
			peer = accept(fd, NULL, NULL);
			close(peer);
		}
	}
	timer_cancel(&timer);
	ck_assert_int_ne(curl_result, CURLE_OK);
	curl_easy_cleanup(t.easy);
	close(fd);
}
END_TEST

START_TEST(a_stopped_transfer_is_silent)
{
	int port, fd = silent_listener(&port);
	struct transfer t = {.easy = get(port, 20), .done = transfer_done};
	struct timer z = {0};
	curl_result = CURLE_OK;
	ck_assert_int_eq(transfer_start(reactor, &t, NULL), 0);
	transfer_stop(reactor, &t);
	timer_set(reactor, &z, 60, note, "z");
	reactor_run(reactor);
	ck_assert_int_eq(curl_result, CURLE_OK);
	curl_easy_cleanup(t.easy);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("reactor");
	TCase *t = tcase_create("reactor");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, timers_fire_in_order_of_their_time);
	tcase_add_test(t, a_cancelled_or_moved_timer_fires_as_last_told);
	tcase_add_test(t, many_timers_fire_once_each_in_order);
	tcase_add_test(t, a_timer_that_sets_itself_leaves_the_others_their_turn);
	tcase_add_test(t, a_descriptor_is_served_when_it_has_input);
	tcase_add_test(t, a_refused_connection_ends_the_transfer);
	tcase_add_test(t, curls_time_out_runs_on_the_loops_timer);
	tcase_add_test(t, timers_that_are_due_leave_a_transfer_its_turn);
	tcase_add_test(t, a_stopped_transfer_is_silent);
	suite_add_tcase(s, t);
	return run_suite(s);
}
