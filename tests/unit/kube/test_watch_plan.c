#include "kube/watch_plan.h"

#include "unit/harness.h"

#include <string.h>

static struct watch_plan plan;
static struct watch_next next;
static int64_t now_ms;
static bool watch_list;

static void begin(enum kube_transport transport)
{
	now_ms = 1000;
	watch_list = true;
	watch_plan_init(&plan, transport, 800, 7);
	watch_plan_list(&plan, watch_list, &next);
}

static void setup(void)
{
	begin(KUBE_AUTO);
}

static void end(struct watch_end e)
{
	watch_plan_ended(&plan, &e, watch_list, now_ms, &next);
	now_ms += next.delay_ms;
}

static void listed(void)
{
	end((struct watch_end){.kind = WATCH_LISTED});
}

static void refused(long status, bool initial)
{
	end((struct watch_end){.kind = WATCH_STREAM_ENDED,
			       .stream = STREAM_REFUSED,
			       .status.status = status,
			       .initial = initial});
}

static void unreached(void)
{
	end((struct watch_end){.kind = WATCH_STREAM_ENDED, .stream = STREAM_UNREACHED});
}

static void closed(int64_t stayed_ms, uint64_t events, bool progressed)
{
	end((struct watch_end){.kind = WATCH_STREAM_ENDED,
			       .stream = STREAM_CLOSED,
			       .stayed_ms = stayed_ms,
			       .events = events,
			       .progressed = progressed});
}

static void error_event(long status, const char *reason, bool initial)
{
	struct watch_end e = {.kind = WATCH_ERROR_EVENT,
			      .status.status = status,
			      .initial = initial,
			      .stayed_ms = 50};
	strcpy(e.status.reason, reason);
	end(e);
}

#define ck_next(want_step, want_transport)                                               \
	do {                                                                             \
		ck_assert_int_eq(next.step, want_step);                                  \
		ck_assert_int_eq(next.transport, want_transport);                        \
	} while (0)
#define ck_delay(low, high)                                                              \
	do {                                                                             \
		ck_assert_int_ge(next.delay_ms, low);                                    \
		ck_assert_int_lt(next.delay_ms, high);                                   \
	} while (0)

START_TEST(the_first_state_comes_over_the_watch_where_the_server_can)
{
	ck_next(STEP_WATCH_LIST, KUBE_WEBSOCKET);
	watch_plan_list(&plan, false, &next);
	ck_next(STEP_LIST, KUBE_WEBSOCKET);
	begin(KUBE_HTTP);
	ck_next(STEP_LIST, KUBE_HTTP);
}
END_TEST

START_TEST(a_list_is_followed_by_a_watch_at_once)
{
	listed();
	ck_next(STEP_WATCH, KUBE_WEBSOCKET);
	ck_assert_int_eq(next.delay_ms, 0);
	ck_assert(!next.failure);
}
END_TEST

START_TEST(a_watch_that_was_of_use_is_renewed_at_once)
{
	listed();
	closed(300000, 12, true);
	ck_next(STEP_WATCH, KUBE_WEBSOCKET);
	ck_delay(100, 200);
	ck_assert(!next.failure);
	end((struct watch_end){.kind = WATCH_STREAM_ENDED,
			       .stream = STREAM_CLOSED,
			       .stayed_ms = 6000,
			       .in_full = true});
	ck_delay(100, 200);
}
END_TEST

START_TEST(a_watch_that_ends_before_any_event_backs_off_ever_longer)
{
	listed();
	int64_t base = 800;
	for (int i = 0; i < 8; i++) {
		closed(200, 0, false);
		ck_next(STEP_WATCH, KUBE_WEBSOCKET);
		ck_delay(base, 2 * base);
		ck_assert(next.failure);
		base = base * 2 < 30000 ? base * 2 : 30000;
	}
	closed(20000, 3, true);
	closed(200, 0, false);
	ck_delay(800, 1600);
}
END_TEST

START_TEST(who_asks_for_a_new_list_knows_that_the_server_is_back)
{
	listed();
	for (int i = 0; i < 8; i++)
		unreached();
	ck_delay(30000, 60000);
	watch_plan_list(&plan, watch_list, &next);
	ck_assert_int_eq(next.delay_ms, 0);
	unreached();
	ck_delay(800, 1600);
}
END_TEST

START_TEST(so_does_who_has_the_next_step_hurried)
{
	listed();
	for (int i = 0; i < 8; i++)
		unreached();
	enum watch_step step = next.step;
	watch_plan_hurry(&plan, &next);
	ck_assert_int_eq(next.delay_ms, 0);
	ck_assert_int_eq(next.step, step);
	unreached();
	ck_delay(800, 1600);
}
END_TEST

START_TEST(what_the_server_bade_to_wait_for_is_not_hurried)
{
	listed();
	end((struct watch_end){.kind = WATCH_STREAM_ENDED,
			       .stream = STREAM_REFUSED,
			       .status.status = 429,
			       .status.retry_after_ms = 7000});
	ck_assert(next.bidden);
	watch_plan_hurry(&plan, &next);
	ck_assert_int_eq(next.delay_ms, 7000);
}
END_TEST

START_TEST(a_burst_that_ends_watches_is_followed_quickly_but_not_for_ever)
{
	listed();
	for (int i = 0; i < 10; i++) {
		closed(500, 100, true);
		ck_delay(100, 200);
	}
	closed(500, 100, true);
	ck_delay(800, 1600);
}
END_TEST

START_TEST(both_forms_of_410_list_again)
{
	listed();
	error_event(410, "Expired", false);
	ck_next(STEP_WATCH_LIST, KUBE_WEBSOCKET);
	ck_delay(500, 1000);
	ck_assert(!next.failure); /* after a restart of the server it is the rule */
	watch_plan_synced(&plan);
	refused(410, false);
	ck_next(STEP_WATCH_LIST, KUBE_WEBSOCKET);
	ck_delay(800, 1600); /* again without use in between: a loop must slow down */
	ck_assert(next.failure);
}
END_TEST

START_TEST(refusals_that_may_pass_keep_the_version)
{
	listed();
	error_event(429, "TooManyRequests", false);
	ck_next(STEP_WATCH, KUBE_WEBSOCKET);
	ck_assert(next.failure);
	end((struct watch_end){.kind = WATCH_STREAM_ENDED,
			       .stream = STREAM_REFUSED,
			       .status = {.status = 429, .retry_after_ms = 7000}});
	ck_next(STEP_WATCH, KUBE_WEBSOCKET);
	ck_assert_int_ge(next.delay_ms, 7000);
	unreached();
	ck_next(STEP_WATCH, KUBE_WEBSOCKET);
}
END_TEST

START_TEST(any_other_error_event_lists_again_after_a_pause)
{
	listed();
	error_event(500, "InternalError", false);
	ck_next(STEP_WATCH_LIST, KUBE_WEBSOCKET);
	ck_delay(800, 1600);
	watch_plan_synced(&plan);
	end((struct watch_end){.kind = WATCH_BAD_EVENT});
	ck_next(STEP_WATCH_LIST, KUBE_WEBSOCKET);
	watch_plan_synced(&plan);
	end((struct watch_end){.kind = WATCH_STREAM_ENDED, .stream = STREAM_TOO_LARGE});
	ck_next(STEP_WATCH_LIST, KUBE_WEBSOCKET);
}
END_TEST

START_TEST(a_server_without_watch_list_is_listed)
{
	refused(422, true);
	ck_assert(next.no_watch_list);
	ck_next(STEP_LIST, KUBE_WEBSOCKET);
	ck_assert_int_eq(next.delay_ms, 0);
	begin(KUBE_AUTO);
	error_event(500, "InternalError", true);
	ck_assert(next.no_watch_list);
	ck_next(STEP_LIST, KUBE_WEBSOCKET);
	begin(KUBE_AUTO);
	end((struct watch_end){.kind = WATCH_SILENT, .initial = true});
	ck_assert(next.no_watch_list);
	ck_next(STEP_LIST, KUBE_WEBSOCKET);
}
END_TEST

START_TEST(a_first_state_that_breaks_off_is_tried_thrice_then_listed)
{
	for (int i = 0; i < 3; i++) {
		ck_next(STEP_WATCH_LIST, KUBE_WEBSOCKET);
		end((struct watch_end){.kind = WATCH_STREAM_ENDED,
				       .stream = STREAM_CLOSED,
				       .initial = true,
				       .stayed_ms = 100,
				       .events = 50});
		ck_assert(next.failure && !next.no_watch_list);
	}
	ck_next(STEP_LIST, KUBE_WEBSOCKET);
	listed();
	error_event(410, "Expired", false);
	ck_next(STEP_WATCH_LIST, KUBE_WEBSOCKET);
}
END_TEST

START_TEST(a_refused_handshake_is_asked_about_over_http)
{
	static const long statuses[] = {200, 302, 401, 403, 404};
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		begin(KUBE_AUTO);
		refused(statuses[i], true);
		ck_next(STEP_LIST, KUBE_HTTP);
		ck_delay(100, 200);
		ck_assert(!next.failure); /* HTTP will tell the reason */
		end((struct watch_end){.kind = WATCH_LIST_FAILED});
		ck_assert(next.failure);
		ck_next(STEP_WATCH_LIST, KUBE_WEBSOCKET);
	}
}
END_TEST

START_TEST(http_stands_in_for_a_minute)
{
	refused(200, true);
	listed();
	ck_next(STEP_WATCH, KUBE_HTTP);
	watch_plan_opened(&plan, now_ms);
	now_ms += 30000;
	closed(30000, 2, true);
	ck_next(STEP_WATCH, KUBE_HTTP);
	now_ms += 31000;
	closed(31000, 2, true);
	ck_next(STEP_WATCH, KUBE_WEBSOCKET);
	refused(200, false);
	ck_next(STEP_WATCH, KUBE_HTTP);
}
END_TEST

START_TEST(a_server_in_trouble_is_tried_over_http_after_three_times)
{
	listed();
	refused(503, false);
	ck_next(STEP_WATCH, KUBE_WEBSOCKET);
	ck_delay(800, 1600);
	unreached();
	ck_next(STEP_WATCH, KUBE_WEBSOCKET);
	refused(500, false);
	ck_next(STEP_WATCH, KUBE_HTTP);
	ck_assert(next.failure);
	unreached();
	ck_next(STEP_WATCH, KUBE_WEBSOCKET);
	unreached();
	watch_plan_opened(&plan, now_ms); /* the count starts over */
	unreached();
	unreached();
	ck_next(STEP_WATCH, KUBE_WEBSOCKET);
	unreached();
	ck_next(STEP_WATCH, KUBE_HTTP);
}
END_TEST

START_TEST(a_version_that_the_server_dislikes_is_given_up)
{
	listed();
	refused(400, false);
	ck_assert_int_ne(next.step, STEP_WATCH);
}
END_TEST

START_TEST(silence_twice_in_a_row_lists_again)
{
	struct watch_end silent = {.kind = WATCH_SILENT, .stayed_ms = 400000};
	listed();
	end(silent);
	ck_next(STEP_WATCH, KUBE_WEBSOCKET);
	ck_assert(next.failure);
	closed(300000, 1, true); /* a sign of life in between */
	end(silent);
	ck_next(STEP_WATCH, KUBE_WEBSOCKET);
	end(silent);
	ck_next(STEP_WATCH_LIST, KUBE_WEBSOCKET);
}
END_TEST

START_TEST(a_single_allowed_transport_is_never_left)
{
	begin(KUBE_WEBSOCKET);
	for (int i = 0; i < 5; i++) {
		refused(403, true);
		ck_next(STEP_WATCH_LIST, KUBE_WEBSOCKET);
		ck_assert(next.failure);
	}
	begin(KUBE_HTTP);
	for (int i = 0; i < 5; i++) {
		unreached();
		ck_next(STEP_LIST, KUBE_HTTP);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube watch_plan");
	TCase *t = tcase_create("watch_plan");
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, the_first_state_comes_over_the_watch_where_the_server_can);
	tcase_add_test(t, a_list_is_followed_by_a_watch_at_once);
	tcase_add_test(t, a_watch_that_was_of_use_is_renewed_at_once);
	tcase_add_test(t, a_watch_that_ends_before_any_event_backs_off_ever_longer);
	tcase_add_test(t, who_asks_for_a_new_list_knows_that_the_server_is_back);
	tcase_add_test(t, so_does_who_has_the_next_step_hurried);
	tcase_add_test(t, what_the_server_bade_to_wait_for_is_not_hurried);
	tcase_add_test(t, a_burst_that_ends_watches_is_followed_quickly_but_not_for_ever);
	tcase_add_test(t, both_forms_of_410_list_again);
	tcase_add_test(t, refusals_that_may_pass_keep_the_version);
	tcase_add_test(t, any_other_error_event_lists_again_after_a_pause);
	tcase_add_test(t, a_server_without_watch_list_is_listed);
	tcase_add_test(t, a_first_state_that_breaks_off_is_tried_thrice_then_listed);
	tcase_add_test(t, a_refused_handshake_is_asked_about_over_http);
	tcase_add_test(t, http_stands_in_for_a_minute);
	tcase_add_test(t, a_server_in_trouble_is_tried_over_http_after_three_times);
	tcase_add_test(t, a_version_that_the_server_dislikes_is_given_up);
	tcase_add_test(t, silence_twice_in_a_row_lists_again);
	tcase_add_test(t, a_single_allowed_transport_is_never_left);
	suite_add_tcase(s, t);
	return run_suite(s);
}
