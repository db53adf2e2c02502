#include "serve/certificate.h"
#include "serve/httpd.h"

#include "unit/harness.h"
#include "unit/serve/client.h"

static struct reactor *r;
static struct httpd *h;
static struct websock *socket_; /* the open one */
static int opened, closed, drained;
static char heard[64];
static struct ws_client c;
static struct certificate own, other;

static void on_request(struct exchange *x, void *arg)
{
	(void)arg;
	exchange_reply_text(x, 404, "text/plain", "");
}

static int on_upgrade(const struct request *q, void *arg)
{
	(void)arg;
	if (!q->origin[0])
		return 403;
	return strcmp(q->path, "/watch") == 0 ? 0 : 404;
}

static void on_opened(struct websock *w, void *arg)
{
	(void)arg;
	opened++;
	socket_ = w;
	websock_set_data(w, &opened);
}

static void on_received(struct websock *w, const char *text, size_t len, void *arg)
{
	(void)arg;
	snprintf(heard, sizeof(heard), "%.*s", (int)len, text);
	websock_send(w, "heard", 5);
}

static void on_drained(struct websock *w, void *arg)
{
	(void)arg;
	ck_assert_uint_eq(websock_queued(w), 0);
	drained++;
}

static void on_closed(struct websock *w, void *arg)
{
	(void)arg;
	ck_assert_ptr_eq(w, socket_);
	ck_assert_ptr_eq(websock_data(w), &opened);
	socket_ = NULL;
	closed++;
}

static void start(size_t queue_limit, bool tls)
{
	struct err err = {0};
	const struct httpd_config config = {
		.listen = "127.0.0.1:0",
		.cert_pem = tls ? own.cert_pem : NULL,
		.key_pem = tls ? own.key_pem : NULL,
		.queue_limit = queue_limit,
		.handle = on_request,
		.upgrade = on_upgrade,
		.opened = on_opened,
		.received = on_received,
		.drained = on_drained,
		.closed = on_closed,
	};
	httpd_free(h);
	h = httpd_new(r, &config, &err);
	ck_assert_msg(h != NULL, "%s", err.msg);
}

static void setup(void)
{
	struct err err = {0};
	r = reactor_new(&err);
	ck_assert_msg(r != NULL, "%s", err.msg);
	h = NULL;
	opened = closed = drained = 0;
	socket_ = NULL;
	c = (struct ws_client){.origin = "localhost"};
	ck_assert_int_eq(certificate_make(&own, &err), 0);
	start(0, false);
}

static void teardown(void)
{
	ws_client_fini(&c);
	httpd_free(h);
	reactor_free(r);
	certificate_fini(&own);
	certificate_fini(&other);
}

static void open_client(const char *path, bool tls)
{
	ws_client_open(&c, r, httpd_port(h), path, tls);
}

static void spin_until(const int *count, int wanted)
{
	for (int i = 0; i < 1000 && *count < wanted; i++)
		spin(r, 5);
	ck_assert_int_eq(*count, wanted);
}

START_TEST(frames_arrive_whole_and_in_order)
{
	open_client("/watch?watch=true&a=b%26c", false);
	ck_assert(c.opened);
	ck_assert_str_eq(request_arg(websock_request(socket_), "a", ""), "b&c");
	char *large AUTO_FREE = xmalloc(1000000);
	memset(large, 'x', 1000000);
	ck_assert_int_eq(websock_send(socket_, "first", 5), 0);
	ck_assert_int_eq(websock_send(socket_, large, 1000000), 0);
	ck_assert_int_eq(websock_send(socket_, "last", 4), 0);
	spin_until(&c.frames, 3);
	ck_assert_uint_eq(c.text.len, 6 + 1000001 + 5);
	ck_assert(strncmp(c.text.data, "first\nxxxx", 10) == 0);
	ck_assert_str_eq(c.text.data + c.text.len - 7, "x\nlast\n");
	ck_assert_int_eq(drained, 1);
}
END_TEST

START_TEST(a_tls_client_is_served)
{
	start(0, true);
	ck_assert(strncmp(httpd_url(h), "https://", 8) == 0);
	open_client("/watch", true);
	ck_assert(c.opened);
	websock_send(socket_, "secret", 6);
	spin_until(&c.frames, 1);
	ck_assert_str_eq(str_text(&c.text), "secret\n");
	websock_close(socket_, 1000);
	spin_until(&closed, 1);
}
END_TEST

START_TEST(thousands_of_frames_arrive)
{
	open_client("/watch", false);
	for (int i = 0; i < 5000; i++)
		ck_assert_int_eq(websock_send(socket_, "0123456789", 10), 0);
	spin_until(&c.frames, 5000);
	ck_assert_uint_eq(c.text.len, 5000 * 11);
}
END_TEST

START_TEST(a_normal_end_comes_after_what_was_queued)
{
	open_client("/watch", false);
	for (int i = 0; i < 100; i++)
		websock_send(socket_, "frame", 5);
	websock_close(socket_, 1000);
	ck_assert_int_eq(websock_send(socket_, "late", 4), -1);
	spin_until(&closed, 1);
	ck_assert_int_eq(c.frames, 100);
	ck_assert_int_eq(c.close_code, 1000);
}
END_TEST

START_TEST(an_abort_cuts_without_a_farewell)
{
	open_client("/watch", false);
	websock_send(socket_, "never", 5);
	websock_abort(socket_);
	ck_assert_int_eq(websock_send(socket_, "late", 4), -1);
	ck_assert_int_eq(closed, 0);
	spin_until(&closed, 1);
	ck_assert(wait_for(r, &c.gone));
	ck_assert_int_eq(c.frames, 0);
	ck_assert_int_eq(c.close_code, 0);
}
END_TEST

START_TEST(upgrades_can_be_refused)
{
	static const struct {
		const char *path, *origin;
		int status;
	} rows[] = {
		{"/watch", NULL, 403},
		{"/other", "localhost", 404},
	};
	c.origin = rows[_i].origin;
	open_client(rows[_i].path, false);
	ck_assert(c.refused);
	ck_assert_int_eq(c.refused_status, rows[_i].status);
	ck_assert_int_eq(opened, 0);
	for (int i = 0; i < 200 && httpd_connections(h); i++)
		spin(r, 5);
	ck_assert_int_eq(httpd_connections(h), 0);
	ck_assert_int_eq(closed, 0);
}
END_TEST

START_TEST(what_a_client_says_is_heard)
{
	c.say = "hello";
	open_client("/watch", false);
	spin_until(&c.frames, 1);
	ck_assert_str_eq(heard, "hello");
	ck_assert_str_eq(str_text(&c.text), "heard\n");
}
END_TEST

START_TEST(without_a_listener_frames_are_ignored)
{
	struct err err = {0};
	const struct httpd_config config = {.listen = "127.0.0.1:0",
					    .handle = on_request,
					    .upgrade = on_upgrade,
					    .opened = on_opened,
					    .closed = on_closed};
	httpd_free(h);
	h = httpd_new(r, &config, &err);
	ck_assert_msg(h != NULL, "%s", err.msg);
	c.say = "hello";
	open_client("/watch", false);
	spin(r, 30);
	ck_assert_int_eq(closed, 0);
	websock_send(socket_, "still here", 10);
	spin_until(&c.frames, 1);
}
END_TEST

START_TEST(a_frame_over_the_limit_ends_the_connection)
{
	struct err err = {0};
	const struct httpd_config config = {.listen = "127.0.0.1:0",
					    .body_limit = 4,
					    .handle = on_request,
					    .upgrade = on_upgrade,
					    .opened = on_opened,
					    .received = on_received,
					    .closed = on_closed};
	httpd_free(h);
	h = httpd_new(r, &config, &err);
	ck_assert_msg(h != NULL, "%s", err.msg);
	heard[0] = '\0';
	c.say = "hello";
	open_client("/watch", false);
	spin_until(&closed, 1);
	ck_assert_str_eq(heard, "");
	ck_assert(wait_for(r, &c.gone));
	ck_assert_int_eq(c.close_code, 1009);
}
END_TEST

START_TEST(a_client_that_leaves_is_noticed)
{
	open_client("/watch", false);
	lws_set_timeout(c.wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
	spin_until(&closed, 1);
	ck_assert(c.gone);
}
END_TEST

START_TEST(a_full_queue_closes_the_connection)
{
	start(100, false);
	open_client("/watch", false);
	char text[60] = {0};
	memset(text, 'x', sizeof(text));
	ck_assert_int_eq(websock_send(socket_, text, sizeof(text)), 0);
	ck_assert_int_eq(websock_send(socket_, text, sizeof(text)), -1);
	ck_assert_int_eq(closed, 0);
	spin_until(&closed, 1);
	ck_assert(wait_for(r, &c.gone));
}
END_TEST

START_TEST(a_server_that_goes_closes_its_sockets)
{
	open_client("/watch", false);
	httpd_free(h);
	h = NULL;
	ck_assert_int_eq(closed, 1);
	ck_assert(wait_for(r, &c.gone));
}
END_TEST

START_TEST(a_certificate_that_cannot_be_used_is_refused)
{
	ck_assert_int_eq(certificate_make(&other, NULL), 0);
	const struct {
		const char *cert, *key;
	} rows[] = {
		{own.cert_pem, NULL},
		{"no certificate", own.key_pem},
		{own.cert_pem, "no key"},
		{own.cert_pem, other.key_pem},
	};
	struct err err = {0};
	const struct httpd_config config = {.listen = "127.0.0.1:0",
					    .cert_pem = rows[_i].cert,
					    .key_pem = rows[_i].key,
					    .handle = on_request};
	ck_assert_ptr_null(httpd_new(r, &config, &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("websock");
	TCase *tc = tcase_create("server");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, frames_arrive_whole_and_in_order);
	tcase_add_test(tc, a_tls_client_is_served);
	tcase_add_test(tc, thousands_of_frames_arrive);
	tcase_add_test(tc, a_normal_end_comes_after_what_was_queued);
	tcase_add_test(tc, an_abort_cuts_without_a_farewell);
	tcase_add_loop_test(tc, upgrades_can_be_refused, 0, 2);
	tcase_add_test(tc, what_a_client_says_is_heard);
	tcase_add_test(tc, without_a_listener_frames_are_ignored);
	tcase_add_test(tc, a_frame_over_the_limit_ends_the_connection);
	tcase_add_test(tc, a_client_that_leaves_is_noticed);
	tcase_add_test(tc, a_full_queue_closes_the_connection);
	tcase_add_test(tc, a_server_that_goes_closes_its_sockets);
	tcase_add_loop_test(tc, a_certificate_that_cannot_be_used_is_refused, 0, 4);
	tcase_set_timeout(tc, 30);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
