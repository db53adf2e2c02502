#include "unit/engine/rig.h"

#define AT_ONCE "behavior: {scaleDown: {stabilizationWindowSeconds: 0}}\n"
/* Reactive in effect: no history comes. */
#define FORECASTING                                                                      \
	HEAD("checkout") "metrics:\n" EXTERNAL "forecast: {mode: Auto}\n" AT_ONCE
#define PLAIN HEAD("checkout") "metrics:\n" EXTERNAL AT_ONCE

static void rollout(struct rig *r, bool rolling, int32_t unavailable)
{
	struct prepared *s = rig_slot(r);
	struct event event = {.type = EVENT_TARGET};
	event.u.target.ref = (struct target_ref){"shop", "Deployment", "checkout"};
	event.u.target.info = (struct target_info){
		.replicas = s->target.replicas,
		.status_replicas = s->target.replicas + 3 * rolling,
		.resource_version = s->target.resource_version,
		.uid = "uid-1",
		.has_rollout = true,
		.rolling = rolling,
		.unavailable = unavailable,
	};
	rig_step(r, &event);
}

/* History has nothing to say. */
static void empty_history(struct rig *r)
{
	struct event event = {.type = EVENT_HISTORY};
	for (int i = 0; i < 50 && r->history.cycle; i++) {
		event.u.history.query = r->history;
		r->history = (struct query_ref){0};
		rig_step(r, &event);
		struct event work = {.type = EVENT_WORK};
		while (engine_has_work(r->e))
			rig_step(r, &work);
		rig_tick(r);
	}
}

static void cycle(struct rig *r, double value)
{
	rig_until_asked(r);
	empty_history(r);
	rig_value(r, value);
	empty_history(r);
}

static void start(struct rig *r, const char *text)
{
	rig_open(r, NULL);
	rig_start(r, text, 10);
	rig_value(r, 1000);
	empty_history(r);
	for (int i = 0; i < 200; i++)
		cycle(r, 1000);
}

START_TEST(rollout_and_unavailable_replicas_hold_down)
{
	static const struct {
		const char *text;
		bool rolling;
		int32_t unavailable;
		const char *reason; /* NULL: lowered */
	} cases[] = {
		{FORECASTING, true, 0, "RolloutInProgress"},
		{FORECASTING, false, 2, "ReplicasUnavailable"},
		{FORECASTING, false, 0, NULL},
		{FORECASTING "holds: {scaleDownDuringRollout: true}\n", true, 2, NULL},
		{PLAIN, true, 2, NULL},
		{PLAIN "holds: {scaleDownDuringRollout: false}\n", true, 0,
		 "RolloutInProgress"},
	};
	struct rig r;
	start(&r, cases[_i].text);
	rollout(&r, cases[_i].rolling, cases[_i].unavailable);
	cycle(&r, 1000);
	/* While nothing would be lowered, nobody needs to know. */
	ck_assert_int_eq(rig_condition(&r, PC_HELD), STATUS_FALSE);
	cycle(&r, 300);
	ck_assert_int_eq(rig_status(&r)->desired, cases[_i].reason ? 10 : 3);
	if (cases[_i].reason)
		ck_assert_str_eq(rig_status(&r)->conditions[PC_HELD].reason,
				 cases[_i].reason);
	rig_close(&r);
}
END_TEST

START_TEST(rollout_that_hangs_is_waited_for_half_an_hour)
{
	struct rig r;
	start(&r, FORECASTING);
	rollout(&r, true, 0);
	cycle(&r, 300);
	ck_assert_ptr_nonnull(strstr(rig_status(&r)->reason, "a rollout is in progress "
							     "since "));
	int64_t since_ms = r.now_ms;
	while (r.now_ms - since_ms < 30 * MS_PER_MIN - 15 * MS_PER_S) {
		cycle(&r, 300);
		ck_assert_int_eq(rig_status(&r)->desired, 10);
		ck_assert_ptr_null(rig_event(&r, "RolloutInProgress"));
	}
	cycle(&r, 300);
	cycle(&r, 300);
	ck_assert_int_eq(rig_slot(&r)->record.holds.rollout.over, true);
	ck_assert_int_eq(rig_status(&r)->desired, 3);
	rig_close(&r);
}
END_TEST

START_TEST(short_quiet_between_is_the_same_episode)
{
	struct rig r;
	start(&r, FORECASTING);
	rollout(&r, false, 1);
	cycle(&r, 1000);
	int64_t since_ms = rig_slot(&r)->record.holds.unavailable.since_ms;
	ck_assert_int_gt(since_ms, 0);
	rollout(&r, false, 0);
	for (int i = 0; i < 36; i++)
		cycle(&r, 1000);
	rollout(&r, false, 1);
	cycle(&r, 1000);
	ck_assert_int_eq(rig_slot(&r)->record.holds.unavailable.since_ms, since_ms);
	rollout(&r, false, 0);
	for (int i = 0; i < 45; i++)
		cycle(&r, 1000);
	ck_assert_int_eq(rig_slot(&r)->record.holds.unavailable.since_ms, 0);
	rig_close(&r);
}
END_TEST

START_TEST(pods_of_a_rollout_are_not_there_twice)
{
	struct rig r;
	start(&r, FORECASTING);
	/* 13 pods, 10 wanted; 1,150 / 13 per pod would be within tolerance. */
	rollout(&r, true, 0);
	cycle(&r, 1095);
	ck_assert_int_eq(rig_status(&r)->desired, 10);
	rig_close(&r);
	start(&r, PLAIN);
	rollout(&r, true, 0);
	cycle(&r, 1180);
	ck_assert_int_eq(rig_status(&r)->desired, 13); /* the HPA does so */
	rig_close(&r);
}
END_TEST

/* A cycle in which the forecaster says that the newest minute is odd. */
static void odd_cycle(struct rig *r, double value, enum anomaly_kind kind,
		      int64_t hold_ms)
{
	rig_until_asked(r);
	empty_history(r);
	struct forecast *f = &rig_slot(r)->status.metrics[0].forecast;
	f->made_for_ms = r->now_ms;
	f->anomaly = (struct forecast_anomaly){
		.kind = kind,
		.hold_down = hold_ms > 0,
		.hold_until_ms = hold_ms > 0 ? r->now_ms + hold_ms : 0,
		.text = "950 where 120 was expected"};
	rig_value(r, value);
}

static const struct {
	const char *text;
	enum anomaly_kind kind;
	int64_t hold_ms;
	bool held;
} oddities[] = {
	{FORECASTING, ANOMALY_POINT, 5 * MS_PER_MIN, true},
	{FORECASTING, ANOMALY_NONE, MS_PER_MIN, true},
	{FORECASTING, ANOMALY_NONE, -1, false},
	{FORECASTING, ANOMALY_SHIFT, -1, false},
	{FORECASTING, ANOMALY_POINT, -1, false},
	{PLAIN, ANOMALY_POINT, 5 * MS_PER_MIN, false},
	{PLAIN "forecast: {mode: Disabled}\n", ANOMALY_POINT, 5 * MS_PER_MIN, false},
};

START_TEST(what_may_be_a_lie_lowers_nothing)
{
	struct rig r;
	start(&r, oddities[_i].text);
	odd_cycle(&r, 300, oddities[_i].kind, oddities[_i].hold_ms);
	const struct action *event = rig_event(&r, "Anomaly");
	ck_assert_int_eq(event != NULL, oddities[_i].held);
	ck_assert_int_eq(rig_status(&r)->desired, oddities[_i].held ? 10 : 3);
	if (oddities[_i].held) {
		ck_assert_str_eq(rig_status(&r)->conditions[PC_HELD].reason, "Anomaly");
		ck_assert_ptr_nonnull(
			strstr(rig_status(&r)->reason,
			       "requests 950 where 120 was expected until "));
		ck_assert(!event->u.event.warning);
		ck_assert_int_eq(rig_slot(&r)->record.holds.anomaly.since_ms, r.now_ms);
	}
	/* Said once, and more load raises all the same. */
	odd_cycle(&r, 1200, oddities[_i].kind, oddities[_i].hold_ms);
	ck_assert_ptr_null(rig_event(&r, "Anomaly"));
	ck_assert_int_eq(rig_status(&r)->desired, 12);
	rig_close(&r);
}
END_TEST

START_TEST(hold_of_an_anomaly_ends_with_it)
{
	struct rig r;
	start(&r, FORECASTING);
	odd_cycle(&r, 300, ANOMALY_POINT, 15 * MS_PER_S);
	ck_assert_int_eq(rig_status(&r)->desired, 10);
	/* Nothing newer comes: its time is over all the same. */
	rig_until_asked(&r);
	rig_value(&r, 300);
	ck_assert_int_eq(rig_status(&r)->desired, 3);
	rig_close(&r);
}
END_TEST

START_TEST(anomalies_without_end_are_waited_for_half_an_hour)
{
	struct rig r;
	bool warned = false;
	start(&r, FORECASTING);
	odd_cycle(&r, 300, ANOMALY_POINT, 5 * MS_PER_MIN);
	int64_t since_ms = r.now_ms;
	while (r.now_ms - since_ms < 30 * MS_PER_MIN - 15 * MS_PER_S) {
		/* The forecaster itself may have given up a little earlier. */
		bool spent = r.now_ms - since_ms > 28 * MS_PER_MIN;
		odd_cycle(&r, 300, ANOMALY_POINT, spent ? -1 : 5 * MS_PER_MIN);
		ck_assert_int_eq(rig_status(&r)->desired, 10);
		ck_assert_ptr_null(rig_event(&r, "HoldEnded"));
	}
	for (int i = 0; i < 8; i++) {
		odd_cycle(&r, 300, ANOMALY_POINT, -1);
		const struct action *ended = rig_event(&r, "HoldEnded");
		ck_assert(!(warned && ended));
		warned |= ended && ended->u.event.warning;
	}
	ck_assert(warned);
	ck_assert_int_eq(rig_status(&r)->desired, 3);
	rig_close(&r);
}
END_TEST

START_TEST(excluded_window_lowers_nothing)
{
	struct rig r;
	start(&r, HEAD("checkout") "metrics:\n" EXTERNAL AT_ONCE
				   "forecast: {mode: Disabled, exclude: "
				   "[{from: 2026-03-02T09:00:00Z, to: "
				   "2026-03-02T10:00:00Z}]}\n");
	r.now_ms = MONDAY + MS_PER_H - MS_PER_MIN;
	cycle(&r, 1000);
	ck_assert_int_eq(rig_condition(&r, PC_HELD), STATUS_FALSE);
	r.now_ms = MONDAY + MS_PER_H;
	cycle(&r, 300);
	ck_assert_int_eq(rig_status(&r)->desired, 10);
	ck_assert_ptr_nonnull(strstr(rig_status(&r)->reason,
				     "excluded window until 2026-03-02T10:00:00Z"));
	cycle(&r, 1200);
	ck_assert_int_eq(rig_status(&r)->desired, 12);
	rig_close(&r);
	start(&r, HEAD("checkout") "metrics:\n" EXTERNAL AT_ONCE
				   "forecast: {mode: Disabled, exclude: "
				   "[{from: 2026-03-02T08:00:00Z, to: "
				   "2026-03-02T09:00:00Z}]}\n");
	r.now_ms = MONDAY + MS_PER_H;
	cycle(&r, 300);
	ck_assert_int_eq(rig_status(&r)->desired, 3);
	rig_close(&r);
}
END_TEST

static void lose(struct rig *r, int64_t ms)
{
	int64_t since_ms = r->now_ms;
	do {
		rig_until_asked(r);
		empty_history(r);
		rig_fail(r, "connection refused");
	} while (r->now_ms - since_ms < ms);
}

START_TEST(values_after_a_gap_are_watched)
{
	struct rig r;
	start(&r, FORECASTING);
	lose(&r, 3 * MS_PER_MIN);
	cycle(&r, 300);
	int64_t back_ms = r.now_ms;
	ck_assert_int_eq(rig_status(&r)->desired, 10);
	ck_assert_ptr_nonnull(rig_event(&r, "SourceGap"));
	ck_assert(rig_event(&r, "SourceGap")->u.event.warning);
	while (r.now_ms - back_ms < 5 * MS_PER_MIN - 15 * MS_PER_S) {
		cycle(&r, 300);
		ck_assert_int_eq(rig_status(&r)->desired, 10);
	}
	cycle(&r, 300);
	cycle(&r, 300);
	ck_assert_int_eq(rig_status(&r)->desired, 3);
	rig_close(&r);
}
END_TEST

START_TEST(short_gap_and_the_hpa_wait_for_nothing)
{
	struct rig r;
	start(&r, FORECASTING);
	lose(&r, 20 * MS_PER_S);
	cycle(&r, 300);
	ck_assert_int_eq(rig_status(&r)->desired, 3);
	rig_close(&r);
	start(&r, PLAIN);
	lose(&r, 3 * MS_PER_MIN);
	cycle(&r, 300);
	ck_assert_int_eq(rig_status(&r)->desired, 3);
	rig_close(&r);
}
END_TEST

START_TEST(changed_message_is_written_once_a_minute)
{
	struct rig r;
	int written = 0;
	rig_open(&r, NULL);
	rig_start(&r, REACTIVE "guards: [{name: q, query: q, above: 1, action: Hold}]\n",
		  10);
	rig_guard(&r, 5);
	rig_value(&r, 1000);
	for (int i = 0; i < 41; i++) {
		rig_until_asked(&r);
		rig_guard(&r, 6 + i);
		rig_value(&r, 1000);
		written += rig_count(&r, ACTION_STATUS);
	}
	/* Ten minutes. */
	ck_assert_int_ge(written, 10);
	ck_assert_int_le(written, 12);
	rig_close(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("holds");
	TCase *t = tcase_create("holds");
	tcase_add_loop_test(t, rollout_and_unavailable_replicas_hold_down, 0, 6);
	tcase_add_test(t, rollout_that_hangs_is_waited_for_half_an_hour);
	tcase_add_test(t, short_quiet_between_is_the_same_episode);
	tcase_add_test(t, pods_of_a_rollout_are_not_there_twice);
	tcase_add_loop_test(t, what_may_be_a_lie_lowers_nothing, 0,
			    (int)ARRAY_LEN(oddities));
	tcase_add_test(t, hold_of_an_anomaly_ends_with_it);
	tcase_add_test(t, anomalies_without_end_are_waited_for_half_an_hour);
	tcase_add_test(t, excluded_window_lowers_nothing);
	tcase_add_test(t, values_after_a_gap_are_watched);
	tcase_add_test(t, short_gap_and_the_hpa_wait_for_nothing);
	tcase_add_test(t, changed_message_is_written_once_a_minute);
	suite_add_tcase(s, t);
	return run_suite(s);
}
