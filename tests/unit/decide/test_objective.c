#include "decide/objective.h"

#include "forecast/forecast.h"
#include "unit/harness.h"

#define START (1000000 * MS_PER_MIN)
#define DAY   1440

static struct objective o;
static int64_t end_ms;

static void open_objective(void)
{
	o = (struct objective){0};
	end_ms = START;
	objective_begin(&o, 0.998, 0.95);
}

static void heed(double needed, double lost, int32_t minutes)
{
	const struct shadow_costs costs = {
		.ours = {.pods = needed, .unserved = lost},
		.needed = needed,
		.forecast = true,
	};
	for (int32_t i = 0; i < minutes; i++) {
		end_ms += MS_PER_MIN;
		objective_heed(&o, &costs, end_ms);
	}
}

START_TEST(it_begins_at_the_policys_quantile)
{
	ck_near(objective_quantile(&o), 0.95, 1e-12);
	ck_near(o.share, 0.998, 0);
	ck_assert_int_eq(o.moved_ms, 0);
	ck_assert(isnan(objective_served(&o)));
}
END_TEST

START_TEST(nothing_lost_for_a_day_is_one_level_less)
{
	double before = o.level;
	heed(20, 0, DAY);
	ck_near(before - o.level, 1, 1e-9);
	heed(20, 0, DAY / 2);
	ck_near(before - o.level, 1.5, 1e-9);
	ck_near(objective_served(&o), 1, 0);
	ck_assert_int_eq(o.moved_ms, end_ms);
}
END_TEST

START_TEST(what_may_be_lost_leaves_it_where_it_is)
{
	double before = o.level;
	heed(20, 20 * 0.002, 3 * DAY);
	ck_near(o.level, before, 1e-9);
	ck_near(objective_served(&o), 0.998, 1e-9);
	heed(20, 20 * 0.004, DAY); /* twice as much */
	ck_near(o.level - before, 1, 1e-9);
}
END_TEST

/* A minute at peak counts as its load does: the mean of the past is the unit. */
START_TEST(load_counts_not_minutes)
{
	heed(10, 10 * 0.002, 20 * DAY);
	double before = o.level;
	heed(40, 0, 1);
	ck_near(before - o.level, 40 / (10 + 30 / o.weight) / DAY, 1e-12);
}
END_TEST

START_TEST(it_stays_among_the_quantiles_there_are)
{
	heed(20, 20, DAY);
	ck_near(o.level, LEVELS_COUNT - 1, 0);
	ck_near(objective_quantile(&o), 1 - 1 / 1024., 1e-12);
	heed(20, 0, 1);
	ck_near(o.level, LEVELS_COUNT - 1 - 1. / DAY, 1e-9); /* nothing was wound up */
	heed(20, 0, 20 * DAY);
	ck_near(o.level, 0, 0);
	ck_near(objective_quantile(&o), 0.5, 1e-12);
}
END_TEST

START_TEST(minutes_without_a_forecast_say_nothing_of_it)
{
	struct shadow_costs costs = {.ours = {20, 5}, .needed = 20};
	struct objective before = o;
	objective_heed(&o, &costs, START + MS_PER_MIN);
	ck_assert(o.level == before.level && o.load == 0 && o.weight == 0);
	ck_assert_int_eq(o.moved_ms, 0);
}
END_TEST

START_TEST(a_load_of_less_than_a_pod_moves_it_too)
{
	double before = o.level;
	heed(0.01, 0, DAY);
	ck_near(before - o.level, 1, 1e-9);
}
END_TEST

START_TEST(without_load_it_stays)
{
	double before = o.level;
	heed(0, 0, DAY);
	ck_near(o.level, before, 0);
	ck_assert_int_eq(o.moved_ms, end_ms);
	ck_assert(isnan(objective_served(&o)));
}
END_TEST

/* A process that starts lives through its history again. */
START_TEST(history_that_it_has_heeded_moves_it_no_more)
{
	heed(20, 0, DAY);
	struct objective before = o;
	objective_begin(&o, 0.998, 0.95);
	ck_near(o.level, before.level, 0);
	ck_assert_int_eq(o.moved_ms, before.moved_ms);
	ck_near(o.load, 0, 0);
	ck_near(o.lost, 0, 0);
	ck_near(o.weight, 0, 0);
	end_ms = START;
	heed(20, 5, DAY);
	ck_near(o.level, before.level, 0);
	ck_near(objective_served(&o), 0.75, 1e-9); /* but it is told */
	heed(20, 0, 1);
	ck_near(before.level - o.level, 1. / DAY, 1e-9);
}
END_TEST

START_TEST(another_objective_begins_anew)
{
	heed(20, 0, DAY);
	objective_begin(&o, 0.99, 0.9);
	ck_near(objective_quantile(&o), 0.9, 1e-12);
	ck_assert_int_eq(o.moved_ms, 0);
	objective_begin(&o, 0, 0.95);
	ck_near(o.share, 0, 0);
	heed(20, 0, 1);
	objective_begin(&o, 0, 0.95);
	ck_assert_int_eq(o.moved_ms, 0);
}
END_TEST

START_TEST(half_of_what_was_served_is_forgotten_in_two_days)
{
	heed(20, 20, 1);
	heed(1e-9, 0, 2 * DAY);
	ck_near(o.lost, 10, 1e-9);
	ck_near(o.load, 10, 1e-5);
}
END_TEST

/* Errors fall off exponentially, steeper or flatter than the first guess: whatever the
 * load, the share that is asked for is served. */
START_TEST(the_share_that_is_asked_for_is_served)
{
	static const double shares[] = {0.98, 0.995, 0.999};
	static const double sizes[] = {0.1, 0.3};
	for (size_t i = 0; i < ARRAY_LEN(shares) * ARRAY_LEN(sizes); i++) {
		double share = shares[i % ARRAY_LEN(shares)];
		double size = sizes[i / ARRAY_LEN(shares)], load = 0, lost = 0;
		struct rng noise;
		rng_init(&noise, 11);
		objective_begin(&o, share, 0.95);
		for (int32_t k = 0; k < 60 * DAY; k++) {
			double day = 2 * M_PI * k / DAY;
			double mean = 20 + 15 * sin(day);
			double error = -log(1 - rng_uniform(&noise)) * size * mean;
			double margin = -log(1 - objective_quantile(&o)) * size * mean;
			double needed = mean + error, short_of = fmax(error - margin, 0);
			heed(needed, short_of, 1);
			load += k > 30 * DAY ? needed : 0;
			lost += k > 30 * DAY ? short_of : 0;
		}
		ck_near(lost / load, 1 - share, 0.1 * (1 - share));
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("objective");
	TCase *t = tcase_create("objective");
	tcase_add_checked_fixture(t, open_objective, NULL);
	tcase_add_test(t, it_begins_at_the_policys_quantile);
	tcase_add_test(t, nothing_lost_for_a_day_is_one_level_less);
	tcase_add_test(t, what_may_be_lost_leaves_it_where_it_is);
	tcase_add_test(t, load_counts_not_minutes);
	tcase_add_test(t, it_stays_among_the_quantiles_there_are);
	tcase_add_test(t, minutes_without_a_forecast_say_nothing_of_it);
	tcase_add_test(t, a_load_of_less_than_a_pod_moves_it_too);
	tcase_add_test(t, without_load_it_stays);
	tcase_add_test(t, history_that_it_has_heeded_moves_it_no_more);
	tcase_add_test(t, another_objective_begins_anew);
	tcase_add_test(t, half_of_what_was_served_is_forgotten_in_two_days);
	tcase_add_test(t, the_share_that_is_asked_for_is_served);
	suite_add_tcase(s, t);
	return run_suite(s);
}
