#include "engine/counts.h"

#include "unit/engine/rig.h"

static struct rig r;

static void open_rig(void)
{
	rig_open(&r, NULL);
	rig_start(&r, REACTIVE, 3);
}

static void close_rig(void)
{
	rig_close(&r);
}

static const struct {
	struct decision d;
	enum cause cause;
	const char *name;
} causes[] = {
	{{.winner = 0}, CAUSE_REACTIVE, "reactive"},
	{{.winner = 1, .by_forecast = true}, CAUSE_FORECAST, "forecast"},
	{{.winner = -1, .limit = LIMIT_TOO_FEW}, CAUSE_BOUNDS, "bounds"},
	{{.winner = 0, .hold = HOLD_DOWN, .held_by = "guard"}, CAUSE_HELD, "held"},
	{{.winner = 0, .hold = HOLD_UP}, CAUSE_HELD, "held"},
	{{.winner = -1, .hold = HOLD_UNKNOWN}, CAUSE_UNKNOWN, "unknown"},
	{{.winner = 0, .hold = HOLD_UNKNOWN}, CAUSE_UNKNOWN, "unknown"},
	{{.winner = -1, .hold = HOLD_SELECTOR}, CAUSE_UNKNOWN, "unknown"},
	{{.winner = -1, .hold = HOLD_TARGET}, CAUSE_UNKNOWN, "unknown"},
	{{.winner = -1, .hold = HOLD_DISABLED}, CAUSE_DISABLED, "disabled"},
};

START_TEST(every_decision_has_one_cause)
{
	struct counts c = {0};
	uint64_t sum = 0;
	ck_assert_int_eq(decision_cause(&causes[_i].d), causes[_i].cause);
	ck_assert_str_eq(cause_name(causes[_i].cause), causes[_i].name);
	counts_decided(&c, &causes[_i].d);
	ck_assert_uint_eq(c.decided[causes[_i].cause], 1);
	for (int i = 0; i < CAUSE_COUNT; i++)
		sum += c.decided[i];
	ck_assert_uint_eq(sum, 1);
}
END_TEST

static struct metric_decision fourth[4] = {[3] = {.capped = true}};

static const struct {
	struct decision d;
	enum clamp clamp; /* CLAMP_COUNT: none */
	const char *name;
} clamps[] = {
	{{.winner = 0}, CLAMP_COUNT, ""},
	{{.limit = LIMIT_TOO_FEW}, CLAMP_TOO_FEW, "TooFewReplicas"},
	{{.limit = LIMIT_TOO_MANY}, CLAMP_TOO_MANY, "TooManyReplicas"},
	{{.limit = LIMIT_SCALE_UP_RATE}, CLAMP_UP_RATE, "ScaleUpLimit"},
	{{.limit = LIMIT_SCALE_DOWN_RATE}, CLAMP_DOWN_RATE, "ScaleDownLimit"},
	{{.stabilization = STABILIZED_DOWN},
	 CLAMP_STABILIZED_DOWN,
	 "ScaleDownStabilized"},
	{{.stabilization = STABILIZED_DOWN, .released = true}, CLAMP_COUNT, ""},
	{{.stabilization = STABILIZED_UP}, CLAMP_STABILIZED_UP, "ScaleUpStabilized"},
	{{.hold = HOLD_DOWN}, CLAMP_HELD, "Held"},
	{{.hold = HOLD_UNKNOWN}, CLAMP_COUNT, ""},
	{{.metrics = fourth, .metric_count = 4}, CLAMP_CAPPED, "ForecastCapped"},
};

START_TEST(what_stood_in_the_way_is_counted)
{
	struct counts c = {0};
	counts_decided(&c, &clamps[_i].d);
	ck_assert_str_eq(clamp_name(clamps[_i].clamp), clamps[_i].name);
	for (int i = 0; i < CLAMP_COUNT; i++)
		ck_assert_uint_eq(c.clamped[i], i == (int)clamps[_i].clamp);
}
END_TEST

START_TEST(a_policy_counts_its_decisions_and_writes)
{
	rig_value(&r, 500);
	const struct counts *c = &rig_status(&r)->counts;
	ck_assert_uint_eq(c->decided[CAUSE_REACTIVE], 1);
	ck_assert_uint_eq(c->raised[CAUSE_REACTIVE], 0);
	rig_written(&r, EVENT_SCALED, "11");
	ck_assert_uint_eq(c->raised[CAUSE_REACTIVE], 1);
	ck_assert_uint_eq(c->lowered[CAUSE_REACTIVE], 0);
	rig_until_asked(&r);
	rig_fail(&r, "connection refused");
	ck_assert_uint_eq(c->decided[CAUSE_UNKNOWN], 1);
	ck_assert_uint_eq(engine_decided(r.e, CAUSE_UNKNOWN), 1);
	ck_assert_uint_eq(engine_decided(r.e, CAUSE_REACTIVE), 1);
	/* The process's counts outlive the policy. */
	rig_policy_gone(&r, rig_status(&r)->name);
	ck_assert_uint_eq(engine_decided(r.e, CAUSE_REACTIVE), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("counts");
	TCase *tc = tcase_create("counts");
	tcase_add_checked_fixture(tc, open_rig, close_rig);
	tcase_add_loop_test(tc, every_decision_has_one_cause, 0, ARRAY_LEN(causes));
	tcase_add_loop_test(tc, what_stood_in_the_way_is_counted, 0, ARRAY_LEN(clamps));
	tcase_add_test(tc, a_policy_counts_its_decisions_and_writes);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
