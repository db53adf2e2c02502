#include "unit/decide/rig.h"

#include "decide/normalize.h"

static struct normalization sizes(struct rig *r, int32_t current, int32_t desired)
{
	return (struct normalization){
		.policy = &r->policy,
		.config = &r->config,
		.now_ms = r->in.now_ms,
		.current = current,
		.desired = desired,
		.release = DECIDE_NO_REPLICAS,
	};
}

static void windows(struct rig *r, int32_t up_s, int32_t down_s)
{
	r->policy.has_behavior = true;
	r->policy.up = (struct scaling_rules){.has_stabilization = true,
					      .stabilization_s = up_s};
	r->policy.down = (struct scaling_rules){.has_stabilization = true,
						.stabilization_s = down_s};
}

START_TEST(highest_recommendation_of_the_window_holds)
{
	struct rig r;
	rig_init(&r, 6);
	rig_remember(&r, 9, 301);
	rig_remember(&r, 5, 200);
	rig_remember(&r, 6, 100);
	rig_remember(&r, 4, 15);
	struct normalization n = sizes(&r, 6, 3);
	stabilize_legacy(&n, &r.memory);
	ck_assert_int_eq(n.stabilized, 6);
	ck_assert_int_eq(n.stabilization, STABILIZED_DOWN);
	ck_assert_int_eq(n.until_ms, RIG_NOW_MS + 200 * MS_PER_S);
	ck_assert_int_eq(r.memory.log_count, 4);
	ck_assert_int_eq(r.memory.log[0].replicas, 3); /* in the place of the old one */
	ck_assert_int_eq(r.memory.log[0].at_ms, RIG_NOW_MS);
}
END_TEST

START_TEST(newest_of_equal_recommendations_says_until_when)
{
	struct rig r;
	rig_init(&r, 6);
	rig_remember(&r, 6, 250);
	rig_remember(&r, 6, 50);
	rig_remember(&r, 5, 10);
	struct normalization n = sizes(&r, 6, 3);
	stabilize_legacy(&n, &r.memory);
	ck_assert_int_eq(n.until_ms, RIG_NOW_MS + 250 * MS_PER_S);
}
END_TEST

START_TEST(without_behavior_a_recommendation_at_the_edge_counts)
{
	struct rig r;
	rig_init(&r, 6);
	rig_remember(&r, 9, 300);
	struct normalization n = sizes(&r, 6, 3);
	stabilize_legacy(&n, &r.memory);
	ck_assert_int_eq(n.stabilized, 9);
	ck_assert_int_eq(r.memory.log_count, 2);
}
END_TEST

START_TEST(with_behavior_it_neither_counts_nor_gives_its_place)
{
	struct rig r;
	rig_init(&r, 6);
	windows(&r, 0, 300);
	rig_remember(&r, 9, 300);
	struct normalization n = sizes(&r, 6, 3);
	stabilize_behavior(&n, &r.memory);
	ck_assert_int_eq(n.stabilized, 3);
	ck_assert_int_eq(n.stabilization, STABILIZED_NOT);
	ck_assert_int_eq(r.memory.log_count, 2);
}
END_TEST

START_TEST(windows_come_from_behavior_or_the_controller)
{
	struct rig r;
	rig_init(&r, 6);
	ck_assert_int_eq(downscale_window_ms(&r.policy, &r.config), 300000);
	ck_assert_int_eq(upscale_window_ms(&r.policy), 0);
	windows(&r, 30, 60);
	ck_assert_int_eq(downscale_window_ms(&r.policy, &r.config), 60000);
	ck_assert_int_eq(upscale_window_ms(&r.policy), 30000);
	r.policy.down.has_stabilization = false;
	ck_assert_int_eq(downscale_window_ms(&r.policy, &r.config), 300000);
	windows(&r, 30, 60);
	r.policy.has_behavior = false;
	ck_assert_int_eq(downscale_window_ms(&r.policy, &r.config), 300000);
	ck_assert_int_eq(upscale_window_ms(&r.policy), 0);
}
END_TEST

START_TEST(upscale_window_takes_the_lowest)
{
	struct rig r;
	rig_init(&r, 6);
	windows(&r, 60, 60);
	rig_remember(&r, 7, 30);
	rig_remember(&r, 9, 10);
	struct normalization n = sizes(&r, 6, 12);
	stabilize_behavior(&n, &r.memory);
	ck_assert_int_eq(n.stabilized, 7);
	ck_assert_int_eq(n.stabilization, STABILIZED_UP);
}
END_TEST

START_TEST(old_recommendation_raises_again_only_without_behavior)
{
	struct rig r;
	rig_init(&r, 4);
	rig_remember(&r, 12, 30);
	struct normalization n = sizes(&r, 4, 3);
	stabilize_legacy(&n, &r.memory);
	ck_assert_int_eq(n.stabilized, 12);

	rig_init(&r, 4);
	windows(&r, 0, 300);
	rig_remember(&r, 12, 30);
	n = sizes(&r, 4, 3);
	stabilize_behavior(&n, &r.memory);
	ck_assert_int_eq(n.stabilized, 4);
	ck_assert_int_eq(n.stabilization, STABILIZED_DOWN);
}
END_TEST

static const struct {
	int32_t desired, release, want;
	bool released;
} releases[] = {
	{4, 6, 6, true},
	{4, 3, 4, true},
	{4, 12, 10, false},
	{10, 4, 10, false},
	{4, DECIDE_NO_REPLICAS, 10, false},
};

START_TEST(release_cuts_the_wait_but_not_the_want)
{
	for (int behavior = 0; behavior < 2; behavior++) {
		struct rig r;
		rig_init(&r, 10);
		if (behavior)
			windows(&r, 0, 300);
		rig_remember(&r, 10, 60);
		struct normalization n = sizes(&r, 10, releases[_i].desired);
		n.release = releases[_i].release;
		normalize(&n, &r.memory);
		ck_assert_int_eq(n.stabilized, releases[_i].want);
		ck_assert_int_eq(n.released, releases[_i].released);
	}
}
END_TEST

START_TEST(release_that_changes_nothing_is_none)
{
	struct rig r;
	/* What is remembered goes as low as the release. */
	rig_init(&r, 6);
	rig_remember(&r, 4, 100);
	struct normalization n = sizes(&r, 6, 3);
	n.release = 4;
	stabilize_legacy(&n, &r.memory);
	ck_assert_int_eq(n.stabilized, 4);
	ck_assert(!n.released);
	/* The release is no lower than what stands. */
	rig_init(&r, 6);
	rig_remember(&r, 9, 100);
	n = sizes(&r, 6, 3);
	n.release = 6;
	stabilize_legacy(&n, &r.memory);
	ck_assert_int_eq(n.stabilized, 6);
	ck_assert(!n.released);
}
END_TEST

START_TEST(entry_at_the_edge_of_the_longer_window_keeps_its_place)
{
	struct rig r;
	rig_init(&r, 4);
	windows(&r, 60, 30);
	rig_remember(&r, 4, 60);
	struct normalization n = sizes(&r, 4, 4);
	stabilize_behavior(&n, &r.memory);
	ck_assert_int_eq(r.memory.log_count, 2);
	rig_init(&r, 4);
	windows(&r, 30, 60);
	rig_remember(&r, 4, 60);
	n = sizes(&r, 4, 4);
	stabilize_behavior(&n, &r.memory);
	ck_assert_int_eq(r.memory.log_count, 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("stabilize");
	TCase *t = tcase_create("stabilize");
	tcase_add_test(t, highest_recommendation_of_the_window_holds);
	tcase_add_test(t, newest_of_equal_recommendations_says_until_when);
	tcase_add_test(t, without_behavior_a_recommendation_at_the_edge_counts);
	tcase_add_test(t, with_behavior_it_neither_counts_nor_gives_its_place);
	tcase_add_test(t, windows_come_from_behavior_or_the_controller);
	tcase_add_test(t, upscale_window_takes_the_lowest);
	tcase_add_test(t, old_recommendation_raises_again_only_without_behavior);
	tcase_add_loop_test(t, release_cuts_the_wait_but_not_the_want, 0,
			    (int)ARRAY_LEN(releases));
	tcase_add_test(t, release_that_changes_nothing_is_none);
	tcase_add_test(t, entry_at_the_edge_of_the_longer_window_keeps_its_place);
	suite_add_tcase(s, t);
	return run_suite(s);
}
