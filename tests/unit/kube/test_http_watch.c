#include "kube/http_watch.h"

#include "unit/kube/stream.h"

static struct api api;
static struct stream_record record;
static struct http_client *http;
static struct http_watch *watch;
static void (*script)(const struct api_request *q);

static void handle(struct api *a, const struct api_request *q)
{
	(void)a;
	script(q);
}

static void setup(void)
{
	api_init(&api, handle, NULL);
	record = (struct stream_record){.api = &api};
	str_init(&record.told, 1024 * 1024);
	struct http_client_config config = {.base_url = api.config.server};
	http = http_client_new(api.reactor, &config, NULL);
	ck_assert_ptr_nonnull(http);
}

static void teardown(void)
{
	http_client_free(http);
	api_fini(&api);
	str_fini(&record.told);
}

static void run(const char *path, const char *stop_at)
{
	struct stream_handler handler = stream_handler_of(&record);
	record.stop_at = stop_at;
	watch = http_watch_open(api.reactor, http, path, "x=y", &handler);
	ck_assert_uint_eq(record.told.len, 0);
	api_run(&api);
}

static void lines(const struct api_request *q)
{
	ck_assert_str_eq(q->target, "/watch?x=y");
	api_chunks_begin(q->peer);
	api_chunk(q->peer, "one\ntw");
	api_chunk(q->peer, "o\n\n");
	api_chunk(q->peer, "three\nhalf");
	api_chunks_end(q->peer);
}

static struct api_peer *peer;

static void half_a_line(const struct api_request *q)
{
	peer = q->peer;
	api_chunks_begin(peer);
	api_chunk(peer, "one\ntwo\nthr");
}

static void send_the_rest(struct stream_record *r)
{
	if (!strcmp(str_text(&r->told), "open [one] [two] "))
		api_chunk(peer, "ee\n");
}

START_TEST(half_a_line_waits_for_its_end)
{
	script = half_a_line;
	record.on_event = send_the_rest;
	run("/watch", "[three] ");
	http_watch_close(watch);
}
END_TEST

START_TEST(lines_are_events_however_they_are_cut)
{
	script = lines;
	run("/watch", NULL);
	ck_assert_str_eq(str_text(&record.told), "open [one] [two] [three] closed");
	ck_assert(record.end.orderly);
}
END_TEST

static void cut(const struct api_request *q)
{
	api_chunks_begin(q->peer);
	api_chunk(q->peer, "one\n");
	shutdown(q->peer->watch.fd, SHUT_RDWR);
}

START_TEST(a_cut_connection_is_told)
{
	script = cut;
	run("/watch", NULL);
	ck_assert_str_eq(str_text(&record.told), "open [one] closed");
	ck_assert(!record.end.orderly);
	ck_assert_int_eq(record.end.status.err.code, ERR_RETRY);
}
END_TEST

static void forbid(const struct api_request *q)
{
	api_refuse(q->peer, 403, "Forbidden", "not you");
}

START_TEST(a_refusal_carries_the_servers_text)
{
	script = forbid;
	run("/watch", NULL);
	ck_assert_str_eq(str_text(&record.told), "refused");
	ck_assert_int_eq(record.end.status.status, 403);
	ck_assert(record.end.has_body);
	ck_assert_str_eq(record.end.status.err.msg, "watch: 403 forbidden: not you");
}
END_TEST

START_TEST(nobody_there_is_unreached)
{
	api_close_listener(&api);
	run("/watch", NULL);
	ck_assert_str_eq(str_text(&record.told), "unreached");
	ck_assert_int_eq(record.end.status.err.code, ERR_RETRY);
}
END_TEST

START_TEST(a_request_that_cannot_start_ends_later)
{
	run("no path", NULL);
	ck_assert_str_eq(str_text(&record.told), "unreached");
}
END_TEST

static void endless(const struct api_request *q)
{
	struct str chunk AUTO(str_fini);
	str_init(&chunk, 2 * 1024 * 1024);
	for (int i = 0; i < 1024; i++)
		str_printf(&chunk, "%01024d", 0);
	api_chunks_begin(q->peer);
	api_chunk(q->peer, "one\n");
	for (int i = 0; i < 17; i++)
		api_chunk(q->peer, str_text(&chunk));
}

START_TEST(a_line_without_an_end_is_refused)
{
	script = endless;
	run("/watch", NULL);
	ck_assert_str_eq(str_text(&record.told), "open [one] too large");
}
END_TEST

static int events_left;

static void close_it(struct stream_record *r)
{
	(void)r;
	if (events_left--)
		return;
	http_watch_close(TAKE(watch));
	api_stop(&api);
}

START_TEST(it_may_be_closed_by_its_own_callbacks)
{
	script = lines;
	record.on_event = close_it;
	events_left = _i; /* at open, or at a message */
	run("/watch", NULL);
	ck_assert_str_eq(str_text(&record.told), _i == 0   ? "open "
						 : _i == 1 ? "open [one] "
							   : "open [one] [two] ");
	http_watch_close(NULL);
}
END_TEST

static void one_line(const struct api_request *q)
{
	api_chunks_begin(q->peer);
	api_chunk(q->peer, "one\n");
}

START_TEST(it_knows_when_it_heard_last)
{
	script = one_line;
	run("/watch", "[one] ");
	ck_assert_int_gt(http_watch_last_contact_ms(watch), 0);
	http_watch_close(watch);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube http_watch");
	TCase *t = tcase_create("http_watch");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, lines_are_events_however_they_are_cut);
	tcase_add_test(t, half_a_line_waits_for_its_end);
	tcase_add_test(t, a_cut_connection_is_told);
	tcase_add_test(t, a_refusal_carries_the_servers_text);
	tcase_add_test(t, nobody_there_is_unreached);
	tcase_add_test(t, a_request_that_cannot_start_ends_later);
	tcase_add_test(t, a_line_without_an_end_is_refused);
	tcase_add_loop_test(t, it_may_be_closed_by_its_own_callbacks, 0, 3);
	tcase_add_test(t, it_knows_when_it_heard_last);
	suite_add_tcase(s, t);
	return run_suite(s);
}
