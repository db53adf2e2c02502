#include "unit/decide/rig.h"

#include "decide/normalize.h"

static const struct {
	int32_t current, stabilized, min, max, want;
	enum limit limit;
} legacy[] = {
	{5, 7, 3, 8, 7, LIMIT_NONE},
	{5, 2, 3, 8, 3, LIMIT_TOO_FEW},
	{5, 9, 3, 8, 8, LIMIT_TOO_MANY},
	{5, 11, 3, 100, 10, LIMIT_SCALE_UP_RATE},
	{5, 10, 3, 100, 10, LIMIT_NONE},
	{1, 9, 1, 100, 4, LIMIT_SCALE_UP_RATE},
	{0, 9, 0, 100, 4, LIMIT_SCALE_UP_RATE},
	{5, 11, 3, 10, 10, LIMIT_TOO_MANY},
	{2000000000, INT32_MAX, 1, INT32_MAX, INT32_MAX, LIMIT_NONE},
};

START_TEST(without_behavior_a_step_up_is_bounded)
{
	struct rig r;
	rig_init(&r, 1);
	r.policy.min_replicas = legacy[_i].min;
	r.policy.max_replicas = legacy[_i].max;
	struct normalization n = {
		.policy = &r.policy,
		.config = &r.config,
		.current = legacy[_i].current,
		.stabilized = legacy[_i].stabilized,
	};
	limit_legacy(&n);
	ck_assert_int_eq(n.replicas, legacy[_i].want);
	ck_assert_int_eq(n.limit, legacy[_i].limit);
}
END_TEST

/* up: at most 4 pods a minute; down: at most 2 pods or 10 % a minute, whichever is more.
 */
static void rules(struct rig *r)
{
	r->policy.has_behavior = true;
	r->policy.up = (struct scaling_rules){.rules = {{RULE_PODS, 4, 60}}, .count = 1};
	r->policy.down = (struct scaling_rules){
		.rules = {{RULE_PODS, 2, 60}, {RULE_PERCENT, 10, 60}},
		.count = 2,
	};
}

static const struct {
	int32_t current, stabilized, min, max, want;
	enum limit limit;
} rates[] = {
	{10, 12, 1, 100, 12, LIMIT_NONE},
	{10, 20, 1, 100, 14, LIMIT_SCALE_UP_RATE},
	{10, 20, 1, 14, 14, LIMIT_TOO_MANY},
	{10, 20, 1, 13, 13, LIMIT_TOO_MANY},
	{10, 9, 1, 100, 9, LIMIT_NONE},
	{10, 3, 1, 100, 8, LIMIT_SCALE_DOWN_RATE},
	{10, 3, 8, 100, 8, LIMIT_TOO_FEW},
	{10, 3, 9, 100, 9, LIMIT_TOO_FEW},
	{50, 3, 1, 100, 45, LIMIT_SCALE_DOWN_RATE},
	{10, 10, 1, 100, 10, LIMIT_NONE},
	{10, 10, 20, 100, 10, LIMIT_NONE}, /* the minimum binds only on the way down */
};

START_TEST(with_behavior_rates_bind_in_both_directions)
{
	struct rig r;
	rig_init(&r, 1);
	rules(&r);
	r.policy.min_replicas = rates[_i].min;
	r.policy.max_replicas = rates[_i].max;
	struct normalization n = {
		.policy = &r.policy,
		.config = &r.config,
		.now_ms = RIG_NOW_MS,
		.current = rates[_i].current,
		.stabilized = rates[_i].stabilized,
	};
	limit_behavior(&n, &r.memory);
	ck_assert_int_eq(n.replicas, rates[_i].want);
	ck_assert_int_eq(n.limit, rates[_i].limit);
}
END_TEST

START_TEST(changes_of_both_directions_move_the_start_of_the_period)
{
	struct rig r;
	rig_init(&r, 1);
	rules(&r);
	scale_events_add(&r.memory.up, 3, RIG_NOW_MS - 59 * MS_PER_S, 60000);
	ck_assert_int_eq(scale_up_limit(&r.policy.up, 10, &r.memory, RIG_NOW_MS), 11);
	scale_events_add(&r.memory.down, 5, RIG_NOW_MS - 59 * MS_PER_S, 60000);
	ck_assert_int_eq(scale_up_limit(&r.policy.up, 10, &r.memory, RIG_NOW_MS), 16);
	ck_assert_int_eq(scale_down_limit(&r.policy.down, 10, &r.memory, RIG_NOW_MS), 10);
	/* A minute after an event it counts no more. */
	ck_assert_int_eq(
		scale_up_limit(&r.policy.up, 10, &r.memory, RIG_NOW_MS + MS_PER_S), 14);
}
END_TEST

START_TEST(select_policy_takes_the_most_the_least_or_nothing)
{
	struct decide_memory none = {0};
	struct scaling_rules up = {.rules = {{RULE_PODS, 4, 60}, {RULE_PERCENT, 100, 60}},
				   .count = 2};
	struct scaling_rules down = {
		.rules = {{RULE_PODS, 4, 60}, {RULE_PERCENT, 10, 60}}, .count = 2};
	ck_assert_int_eq(scale_up_limit(&up, 10, &none, RIG_NOW_MS), 20);
	ck_assert_int_eq(scale_down_limit(&down, 10, &none, RIG_NOW_MS), 6);
	up.select = down.select = SELECT_MIN;
	ck_assert_int_eq(scale_up_limit(&up, 10, &none, RIG_NOW_MS), 14);
	ck_assert_int_eq(scale_down_limit(&down, 10, &none, RIG_NOW_MS), 9);
	up.select = down.select = SELECT_DISABLED;
	ck_assert_int_eq(scale_up_limit(&up, 10, &none, RIG_NOW_MS), 10);
	ck_assert_int_eq(scale_down_limit(&down, 10, &none, RIG_NOW_MS), 10);
}
END_TEST

START_TEST(a_limit_behind_the_size_holds_it)
{
	struct rig r;
	rig_init(&r, 1);
	rules(&r);
	scale_events_add(&r.memory.up, 9, RIG_NOW_MS - MS_PER_S, 60000);
	struct normalization n = {
		.policy = &r.policy,
		.config = &r.config,
		.now_ms = RIG_NOW_MS,
		.current = 10,
		.stabilized = 20,
	};
	limit_behavior(&n, &r.memory); /* 10 - 9 + 4 is below 10 */
	ck_assert_int_eq(n.replicas, 10);
	ck_assert_int_eq(n.limit, LIMIT_SCALE_UP_RATE);
}
END_TEST

START_TEST(percents_are_the_doubles_of_the_hpa)
{
	ck_assert_int_eq(percent_up(100, 10), 111);
	ck_assert_int_eq(percent_up(3, 50), 5);
	ck_assert_int_eq(percent_up(INT32_MAX, 900), INT32_MAX);
	ck_assert_int_eq(percent_down(10, 80), 1);
	ck_assert_int_eq(percent_down(7, 33), 4);
	ck_assert_int_eq(percent_down(40, 1000), -360);
	ck_assert_int_eq(percent_down(INT32_MAX, INT32_MAX), INT32_MIN);
}
END_TEST

START_TEST(path_is_chosen_by_behavior)
{
	struct rig r;
	rig_init(&r, 1);
	rules(&r);
	struct normalization n = {
		.policy = &r.policy,
		.config = &r.config,
		.now_ms = RIG_NOW_MS,
		.current = 10,
		.desired = 18,
		.release = DECIDE_NO_REPLICAS,
	};
	normalize(&n, &r.memory);
	ck_assert_int_eq(n.replicas, 14);
	r.policy.has_behavior = false;
	normalize(&n, &r.memory);
	ck_assert_int_eq(n.replicas, 18);
	ck_assert_int_eq(r.memory.log_count, 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("normalize");
	TCase *t = tcase_create("normalize");
	tcase_add_loop_test(t, without_behavior_a_step_up_is_bounded, 0,
			    (int)ARRAY_LEN(legacy));
	tcase_add_loop_test(t, with_behavior_rates_bind_in_both_directions, 0,
			    (int)ARRAY_LEN(rates));
	tcase_add_test(t, changes_of_both_directions_move_the_start_of_the_period);
	tcase_add_test(t, select_policy_takes_the_most_the_least_or_nothing);
	tcase_add_test(t, a_limit_behind_the_size_holds_it);
	tcase_add_test(t, percents_are_the_doubles_of_the_hpa);
	tcase_add_test(t, path_is_chosen_by_behavior);
	suite_add_tcase(s, t);
	return run_suite(s);
}
