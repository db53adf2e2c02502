#include "kube/list.h"

#include "unit/kube/api.h"

static struct api api;
static struct str told;
static struct err done_err;
static char done_version[64];
static bool finished;
static void (*script)(const struct api_request *q, int number);
static int requests;

static void handle(struct api *a, const struct api_request *q)
{
	(void)a;
	script(q, ++requests);
}

static void on_object(void *arg, const cJSON *object)
{
	(void)arg;
	str_printf(&told, "%s ", json_str(object, "metadata.name", ""));
}

static void on_restart(void *arg)
{
	(void)arg;
	str_puts(&told, "| ");
}

static void on_done(void *arg, const char *version, const struct kube_reply *reply)
{
	(void)arg;
	done_err = reply->err;
	snprintf(done_version, sizeof(done_version), "%s", version);
	finished = true;
	api_stop(&api);
}

static void setup(void)
{
	api_init(&api, handle, NULL);
	api_client(&api);
	str_init(&told, 65536);
	requests = 0;
	finished = false;
}

static void teardown(void)
{
	api_fini(&api);
	str_fini(&told);
}

static struct kube_list *start(const char *min_version, size_t max_objects)
{
	struct kube_list_options options = {
		.path = "/api/v1/pods",
		.field_selector = "spec.nodeName=x",
		.min_version = min_version,
		.max_objects = max_objects,
		.on_object = on_object,
		.on_restart = on_restart,
		.on_done = on_done,
	};
	return kube_list_start(api.kube, &options);
}

static void run(const char *min_version, size_t max_objects)
{
	start(min_version, max_objects);
	ck_assert(!finished);
	api_run(&api);
	ck_assert(finished);
}

static void page(const struct api_request *q, const char *version, const char *name,
		 const char *token)
{
	char *object AUTO_FREE = api_object(name, "1");
	char *body AUTO_FREE =
		xasprintf("{\"metadata\":{\"resourceVersion\":\"%s\",\"continue\":"
			  "\"%s\"},\"items\":[%s]}",
			  version, token, object);
	api_reply(q->peer, 200, "", body);
}

static void two_pages(const struct api_request *q, int number)
{
	page(q, number == 1 ? "10" : "11", number == 1 ? "a" : "b",
	     number == 1 ? "more" : "");
}

START_TEST(pages_follow_one_another)
{
	script = two_pages;
	run(NULL, 0);
	ck_assert_int_eq(done_err.code, ERR_NONE);
	ck_assert_str_eq(done_version, "10"); /* the first page's holds for all */
	ck_assert_str_eq(str_text(&told), "a b ");
	ck_assert_str_eq(str_text(&api.log),
			 "GET /api/v1/pods?fieldSelector=spec.nodeName%3Dx&limit=250\n"
			 "GET /api/v1/pods?fieldSelector=spec.nodeName%3Dx&limit=250&"
			 "continue=more\n");
}
END_TEST

static void expiring(const struct api_request *q, int number)
{
	if (number == 2)
		api_refuse(q->peer, 410, "Expired", "token");
	else
		page(q, number == 1 ? "10" : "20", number == 1 ? "a" : "b",
		     number == 1 ? "more" : "");
}

START_TEST(an_expired_token_starts_over_without_pages)
{
	script = expiring;
	run(NULL, 0);
	ck_assert_int_eq(done_err.code, ERR_NONE);
	ck_assert_str_eq(str_text(&told), "a | b ");
	ck_assert_str_eq(done_version, "20");
	ck_assert_int_eq(requests, 3);
	const char *last = strstr(str_text(&api.log), "continue=more\n") + 14;
	ck_assert_ptr_null(strstr(last, "limit"));
}
END_TEST

static void always_expired(const struct api_request *q, int number)
{
	(void)number;
	api_refuse(q->peer, 410, "Expired", "gone");
}

START_TEST(a_410_without_a_token_is_an_error)
{
	script = always_expired;
	run(NULL, 0);
	ck_assert_int_eq(done_err.code, ERR_CONFLICT);
	ck_assert_str_eq(done_version, "");
	ck_assert_int_eq(requests, 1);
}
END_TEST

static void ever_expiring(const struct api_request *q, int number)
{
	if (number % 2)
		page(q, "10", "a", "more");
	else
		api_refuse(q->peer, 410, "Expired", "token");
}

START_TEST(it_starts_over_only_once)
{
	script = ever_expiring;
	run(NULL, 0);
	ck_assert_int_eq(done_err.code, ERR_CONFLICT);
	ck_assert_int_eq(requests, 4);
}
END_TEST

static void too_large(const struct api_request *q, int number)
{
	if (strstr(q->target, "limit=250") || strstr(q->target, "limit=50"))
		api_bytes(q->peer, "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
			  46);
	else
		page(q, "10", number == 3 ? "a" : "b", number == 3 ? "more" : "");
}

START_TEST(pages_that_are_too_large_become_smaller)
{
	script = too_large;
	run(NULL, 0);
	ck_assert_msg(done_err.code == ERR_NONE, "%s", done_err.msg);
	ck_assert_str_eq(str_text(&told), "| | a b ");
	ck_assert_ptr_nonnull(strstr(str_text(&api.log), "limit=10&continue=more"));
}
END_TEST

START_TEST(an_outdated_list_gives_no_object)
{
	script = two_pages;
	run("11", 0);
	ck_assert_int_eq(done_err.code, ERR_RETRY);
	ck_assert_str_eq(str_text(&told), "");
	ck_assert_ptr_nonnull(strstr(done_err.msg, "older than what was seen"));
}
END_TEST

START_TEST(a_list_as_new_as_before_is_good)
{
	script = two_pages;
	run("10", 0);
	ck_assert_int_eq(done_err.code, ERR_NONE);
}
END_TEST

START_TEST(too_many_objects_end_it)
{
	script = two_pages;
	run(NULL, 1);
	ck_assert_int_eq(done_err.code, ERR_INVALID);
	ck_assert_str_eq(str_text(&told), "a ");
}
END_TEST

static const char *const not_lists[] = {
	"{}",
	"[]",
	"{\"metadata\":{\"resourceVersion\":7},\"items\":[]}",
	"{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":{}}",
	"{\"metadata\":{\"resourceVersion\":"
	"\"1111111111222222222233333333334444444444555555555566666666667777\"},"
	"\"items\":[]}",
};
static int which;

static void no_list(const struct api_request *q, int number)
{
	(void)number;
	api_reply(q->peer, 200, "", not_lists[which]);
}

START_TEST(what_is_no_list_is_refused)
{
	which = _i;
	script = no_list;
	run(NULL, 0);
	ck_assert_int_eq(done_err.code, ERR_RETRY);
	ck_assert_str_eq(done_err.msg, "list of /api/v1/pods: the answer is no list");
}
END_TEST

static void null_items(const struct api_request *q, int number)
{
	(void)number;
	api_reply(q->peer, 200, "",
		  "{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":null}");
}

START_TEST(an_empty_list_may_be_null)
{
	script = null_items;
	run(NULL, 0);
	ck_assert_int_eq(done_err.code, ERR_NONE);
	ck_assert_str_eq(done_version, "7");
}
END_TEST

START_TEST(a_stopped_list_is_never_heard_of)
{
	script = two_pages;
	kube_list_stop(start(NULL, 0));
	kube_list_stop(NULL);
	run(NULL, 0);
	ck_assert_str_eq(str_text(&told), "a b ");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube list");
	TCase *t = tcase_create("list");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, pages_follow_one_another);
	tcase_add_test(t, an_expired_token_starts_over_without_pages);
	tcase_add_test(t, it_starts_over_only_once);
	tcase_add_test(t, a_list_as_new_as_before_is_good);
	tcase_add_test(t, a_410_without_a_token_is_an_error);
	tcase_add_test(t, pages_that_are_too_large_become_smaller);
	tcase_add_test(t, an_outdated_list_gives_no_object);
	tcase_add_test(t, too_many_objects_end_it);
	tcase_add_loop_test(t, what_is_no_list_is_refused, 0, ARRAY_LEN(not_lists));
	tcase_add_test(t, an_empty_list_may_be_null);
	tcase_add_test(t, a_stopped_list_is_never_heard_of);
	suite_add_tcase(s, t);
	return run_suite(s);
}
