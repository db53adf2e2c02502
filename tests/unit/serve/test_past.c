#include "serve/past.h"

#include "unit/serve/policies.h"

static struct shown s;
static struct pasts pasts;

static void setup(void)
{
	shown_init(&s, "shop", "checkout");
}

static void teardown(void)
{
	pasts_fini(&pasts);
	pasts_fini(&pasts);
	shown_fini(&s);
}

static const struct past *past(void)
{
	return pasts_find(&pasts, 2, &s.status);
}

START_TEST(nothing_is_known_before_a_decision)
{
	ck_assert_ptr_null(past());
	s.status.decided_ms = 0;
	pasts_add(&pasts, 2, &s.status, NOW_MS);
	ck_assert_ptr_null(past());
}
END_TEST

START_TEST(a_point_keeps_what_was_said)
{
	pasts_add(&pasts, 2, &s.status, NOW_MS);
	ck_assert_int_eq(past()->count, 1);
	const struct past_point *p = past_at(past(), 0);
	ck_assert_int_eq(past_point_ms(p), NOW_MS / PAST_STEP_MS * PAST_STEP_MS);
	ck_near(p->demand, 380, 0);
	ck_near(p->mean, 590, 0);
	ck_near(p->upper, 640, 0);
	ck_assert_int_eq(p->current, 4);
	ck_assert_int_eq(p->desired, 7);
	ck_assert_int_eq(p->ready, 4);
}
END_TEST

START_TEST(what_is_unknown_is_no_number)
{
	s.status.metrics[0].known = false;
	s.status.metrics[0].forecast.state = FORECAST_WAITING;
	s.status.current = s.status.desired = DECIDE_NO_REPLICAS;
	pasts_add(&pasts, 2, &s.status, NOW_MS);
	const struct past_point *p = past_at(past(), 0);
	ck_assert(isnan(p->demand) && isnan(p->mean) && isnan(p->upper));
	ck_assert_int_eq(p->desired, DECIDE_NO_REPLICAS);
}
END_TEST

START_TEST(two_minutes_keep_the_most_demand_and_the_fewest_ready)
{
	static const struct {
		double demand;
		bool known;
		int32_t ready, desired;
	} rows[] = {{300, true, 4, 7},
		    {900, true, 2, 8},
		    {0, false, 3, 9},
		    {500, true, 6, 5}};
	int64_t at_ms = NOW_MS / PAST_STEP_MS * PAST_STEP_MS;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		s.status.metrics[0].current = rows[i].demand;
		s.status.metrics[0].known = rows[i].known;
		s.status.ready_pods = rows[i].ready;
		s.status.desired = rows[i].desired;
		pasts_add(&pasts, 2, &s.status, at_ms + 15000 * (int64_t)i);
	}
	ck_assert_int_eq(past()->count, 1);
	ck_near(past_at(past(), 0)->demand, 900, 0);
	ck_assert_int_eq(past_at(past(), 0)->ready, 2);
	ck_assert_int_eq(past_at(past(), 0)->desired, 5);
}
END_TEST

START_TEST(the_ring_keeps_the_newest_twelve_hours)
{
	for (int i = 0; i < PAST_POINTS + 7; i++) {
		s.status.desired = i;
		pasts_add(&pasts, 2, &s.status, NOW_MS + PAST_STEP_MS * i);
	}
	ck_assert_int_eq(past()->count, PAST_POINTS);
	ck_assert_int_eq(past_at(past(), 0)->desired, 7);
	ck_assert_int_eq(past_at(past(), PAST_POINTS - 1)->desired, PAST_POINTS + 6);
	ck_assert_int_eq(PAST_POINTS * PAST_STEP_MS, 12 * MS_PER_H);
}
END_TEST

/* As the header promises: 1,664 whole rings are the most. */
START_TEST(of_thousands_of_policies_fewer_hours_are_kept)
{
	enum { FEW = 1664, MANY = 9999 };
	for (int i = 0; i < PAST_POINTS; i++) {
		s.status.desired = i;
		pasts_add(&pasts, FEW - 1, &s.status, NOW_MS + PAST_STEP_MS * i);
	}
	ck_assert_int_eq(pasts.items[FEW - 1]->count, PAST_POINTS);
	/* Another place, and the next time the ring is shorter. */
	pasts_add(&pasts, MANY, &s.status, NOW_MS);
	ck_assert_int_eq(pasts.items[MANY]->cap, PAST_POINTS_MIN);
	s.status.desired = PAST_POINTS;
	pasts_add(&pasts, FEW - 1, &s.status, NOW_MS + PAST_STEP_MS * PAST_POINTS);
	const struct past *p = pasts_find(&pasts, FEW - 1, &s.status);
	ck_assert_int_eq(p->count, PAST_POINTS_MIN);
	for (int i = 0; i < PAST_POINTS_MIN; i++)
		ck_assert_int_eq(past_at(p, i)->desired,
				 PAST_POINTS - PAST_POINTS_MIN + 1 + i);
	ck_assert_int_le((int64_t)(MANY + 1) * PAST_POINTS_MIN *
				 (int64_t)sizeof(struct past_point),
			 PASTS_BYTES + PASTS_BYTES / 100);
}
END_TEST

START_TEST(a_clock_that_is_put_back_adds_no_point)
{
	pasts_add(&pasts, 2, &s.status, NOW_MS);
	s.status.desired = 9;
	pasts_add(&pasts, 2, &s.status, NOW_MS - MS_PER_H);
	ck_assert_int_eq(past()->count, 1);
	ck_assert_int_eq(past_at(past(), 0)->desired, 9);
}
END_TEST

START_TEST(another_policy_at_the_same_place_starts_anew)
{
	struct shown other;
	shown_init(&other, "shop", "cart");
	s.status.serial = 7;
	other.status.serial = 8;
	pasts_add(&pasts, 2, &s.status, NOW_MS);
	ck_assert_ptr_null(pasts_find(&pasts, 2, &other.status));
	ck_assert_ptr_null(pasts_find(&pasts, 1, &s.status));
	ck_assert_ptr_null(pasts_find(&pasts, 9, &s.status));
	pasts_add(&pasts, 2, &other.status, NOW_MS + MS_PER_H);
	ck_assert_ptr_null(past());
	ck_assert_int_eq(pasts_find(&pasts, 2, &other.status)->count, 1);
	shown_fini(&other);
}
END_TEST

START_TEST(a_new_version_goes_on_where_the_one_before_it_was)
{
	s.status.serial = 7;
	pasts_add(&pasts, 2, &s.status, NOW_MS);
	pasts_add(&pasts, 2, &s.status, NOW_MS + PAST_STEP_MS);
	s.status.serial = 8;
	pasts_add(&pasts, 2, &s.status, NOW_MS + 2 * PAST_STEP_MS);
	pasts_add(&pasts, 2, &s.status, NOW_MS + 3 * PAST_STEP_MS);
	ck_assert_int_eq(past()->count, 4);
}
END_TEST

START_TEST(another_metric_of_the_same_version_starts_anew)
{
	static const char text[] =
		"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n"
		"maxReplicas: 40\n"
		"metrics:\n"
		"- type: External\n"
		"  external: {metric: {name: requests}, target: {type: Value, value: "
		"1}}\n"
		"  query: up\n"
		"- type: External\n"
		"  external: {metric: {name: jobs}, target: {type: Value, value: 1}}\n"
		"  query: down\n";
	struct err err;
	const struct policy *one = s.status.policy;
	struct policy *two AUTO(policy_cleanup) =
		policy_parse("shop", "checkout", text, sizeof(text) - 1, &err);
	ck_assert_msg(two != NULL, "%s", err.msg);
	s.status.policy = two;
	s.status.serial = 7;
	pasts_add(&pasts, 2, &s.status, NOW_MS);
	s.status.metrics[0].forecast_on = false;
	s.status.metrics[1].forecast_on = true;
	ck_assert_ptr_null(past());
	pasts_add(&pasts, 2, &s.status, NOW_MS + PAST_STEP_MS);
	ck_assert_int_eq(past()->count, 1);
	s.status.policy = one;
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("past");
	TCase *tc = tcase_create("ring");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, nothing_is_known_before_a_decision);
	tcase_add_test(tc, a_point_keeps_what_was_said);
	tcase_add_test(tc, what_is_unknown_is_no_number);
	tcase_add_test(tc, two_minutes_keep_the_most_demand_and_the_fewest_ready);
	tcase_add_test(tc, the_ring_keeps_the_newest_twelve_hours);
	tcase_add_test(tc, of_thousands_of_policies_fewer_hours_are_kept);
	tcase_add_test(tc, a_clock_that_is_put_back_adds_no_point);
	tcase_add_test(tc, another_policy_at_the_same_place_starts_anew);
	tcase_add_test(tc, a_new_version_goes_on_where_the_one_before_it_was);
	tcase_add_test(tc, another_metric_of_the_same_version_starts_anew);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
