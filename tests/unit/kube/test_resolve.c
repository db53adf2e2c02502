#include "kube/resolve.h"

#include "unit/kube/api.h"

static struct api api;
static char address[64], message[256];
static int calls;

static void handle(struct api *a, const struct api_request *q)
{
	(void)a;
	(void)q;
	ck_abort_msg("only a connection was expected");
}

static void on_resolved(void *arg, const char *found, const struct err *err)
{
	ck_assert_ptr_eq(arg, &api);
	snprintf(address, sizeof(address), "%s", found ? found : "");
	snprintf(message, sizeof(message), "%s", found ? "" : err->msg);
	calls++;
	api_stop(&api);
}

static void setup(void)
{
	api_init(&api, handle, NULL);
	calls = 0;
}

static void teardown(void)
{
	api_fini(&api);
}

START_TEST(a_name_becomes_the_address_that_answers)
{
	struct err err = {0};
	ck_assert_ptr_nonnull(resolve_start(api.reactor, "localhost", api.port, 5000,
					    on_resolved, &api, &err));
	ck_assert_int_eq(calls, 0);
	api_run(&api);
	ck_assert_int_eq(calls, 1);
	ck_assert_str_eq(address, "127.0.0.1"); /* the server listens on IPv4 only */
}
END_TEST

START_TEST(nobody_there_is_an_error)
{
	api_close_listener(&api);
	ck_assert_ptr_nonnull(resolve_start(api.reactor, "localhost", api.port, 5000,
					    on_resolved, &api, NULL));
	api_run(&api);
	ck_assert_str_eq(address, "");
	ck_assert_ptr_nonnull(strstr(message, "localhost"));
}
END_TEST

START_TEST(a_cancelled_search_is_never_answered)
{
	resolve_cancel(resolve_start(api.reactor, "localhost", api.port, 5000,
				     on_resolved, &api, NULL));
	resolve_cancel(NULL);
	ck_assert_ptr_nonnull(resolve_start(api.reactor, "localhost", api.port, 5000,
					    on_resolved, &api, NULL));
	api_run(&api);
	ck_assert_int_eq(calls, 1);
}
END_TEST

START_TEST(literals_are_told_from_names)
{
	ck_assert(resolve_is_address("10.0.0.1"));
	ck_assert(resolve_is_address("fd00::1"));
	ck_assert(!resolve_is_address("localhost"));
	ck_assert(!resolve_is_address("10.0.0"));
	ck_assert(!resolve_is_address("[fd00::1]"));
	ck_assert(!resolve_is_address(""));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube resolve");
	TCase *t = tcase_create("resolve");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_name_becomes_the_address_that_answers);
	tcase_add_test(t, nobody_there_is_an_error);
	tcase_add_test(t, a_cancelled_search_is_never_answered);
	tcase_add_test(t, literals_are_told_from_names);
	suite_add_tcase(s, t);
	return run_suite(s);
}
