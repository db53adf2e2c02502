#include "unit/decide/virtual.h"

START_TEST(a_perfect_forecast_opens_it_after_a_day_of_evidence)
{
	struct virtual v;
	virtual_open(&v);
	virtual_days(&v, 0.99, 1);
	ck_assert(!v.gate.open);
	virtual_days(&v, 0.02, 1);
	ck_assert(v.gate.open);
	ck_assert(!gate_proved(&v.gate));
	ck_assert_int_gt(v.gate.since_ms, VIRTUAL_START);
	ck_assert_double_lt(gate_cost_ours(&v.gate), gate_cost_reactive(&v.gate));
	virtual_days(&v, 2, 1);
	ck_assert(gate_proved(&v.gate));
}
END_TEST

START_TEST(evidence_and_costs_count_from_the_first_forecast)
{
	struct virtual v;
	virtual_open(&v);
	virtual_days(&v, 2, NAN);
	ck_assert_int_eq(v.gate.evidence_min, 0);
	ck_assert(isnan(gate_cost_ours(&v.gate)) && isnan(gate_cost_reactive(&v.gate)));
	virtual_days(&v, 0.5, 1);
	ck_assert_int_eq(v.gate.evidence_min, MINUTES_PER_DAY / 2);
	virtual_days(&v, 0.4, NAN); /* costs go on, evidence does not */
	ck_assert_int_eq(v.gate.evidence_min, MINUTES_PER_DAY / 2);
	ck_assert_double_gt(v.gate.weight, 0.75 * MINUTES_PER_DAY);
	ck_assert(!v.gate.open);
}
END_TEST

/* It always says the same: far too little (the reactive rule does it all), the mean, far
 * too much. */
START_TEST(a_useless_forecast_never_opens_it)
{
	static const double says[] = {0, 700, 3000, 9000};
	for (size_t i = 0; i < ARRAY_LEN(says); i++) {
		struct virtual v;
		virtual_open(&v);
		for (int k = 0; k < 10 * MINUTES_PER_DAY; k++) {
			struct shadow_metric x =
				virtual_metric(virtual_load(v.minute), says[i]);
			x.release = fmax(says[i], virtual_load(v.minute));
			virtual_minute(&v, &x, 1);
			ck_assert_msg(!v.gate.open, "%g opened it in minute %d", says[i],
				      k);
		}
	}
}
END_TEST

START_TEST(a_forecast_that_goes_bad_shuts_it_within_a_day)
{
	static const double factors[] = {2, 3};
	for (size_t i = 0; i < ARRAY_LEN(factors); i++) {
		struct virtual v;
		virtual_open(&v);
		virtual_days(&v, 14, 1);
		ck_assert(v.gate.open);
		virtual_days(&v, 1, factors[i]);
		ck_assert_msg(!v.gate.open, "factor %g", factors[i]);
		ck_assert(!gate_proved(&v.gate));
		/* And when it is good again it comes back. */
		virtual_days(&v, 7, 1);
		ck_assert(v.gate.open);
	}
}
END_TEST

/* Every few minutes it thinks of a load that does not come: pods come and go in vain. */
START_TEST(a_forecast_that_wavers_shuts_it_within_a_day)
{
	struct virtual v;
	virtual_open(&v);
	virtual_days(&v, 14, 1);
	for (int k = 0; k < MINUTES_PER_DAY; k++) {
		double load = virtual_load(v.minute), factor = k / 3 % 2 ? 1.6 : 1;
		struct shadow_metric x = virtual_metric(load, factor * load);
		x.reactive_target = 200;
		virtual_minute(&v, &x, 1);
	}
	ck_assert(!v.gate.open);
}
END_TEST

/* The reactive rule at the user's target stands in for it: nothing is lost by it. */
START_TEST(a_forecast_that_forgets_the_load_does_no_harm)
{
	struct virtual v;
	virtual_open(&v);
	virtual_days(&v, 14, 1);
	for (int k = 0; k < MINUTES_PER_DAY; k++) {
		struct shadow_metric x = virtual_metric(virtual_load(v.minute), 0);
		x.reactive_target = 200;
		virtual_minute(&v, &x, 1);
		ck_assert_double_le(v.costs.ours.unserved,
				    v.costs.reactive.unserved + 1e-9);
	}
}
END_TEST

static void heed(struct gate *g, double ours, double reactive, int minutes)
{
	struct shadow_costs costs = {
		.ours = {ours, 0}, .reactive = {reactive, 0}, .forecast = true};
	for (int i = 0; i < minutes; i++)
		gate_heed(g, &costs, 0.95, VIRTUAL_START);
}

START_TEST(it_opens_below_99_percent_and_shuts_above_100)
{
	struct gate g = {0};
	heed(&g, 9.95, 10, 2000);
	ck_assert(!g.open);
	heed(&g, 9.5, 10, 2000);
	ck_assert(g.open);
	heed(&g, 9.97, 10, 20000); /* between the two: as it was */
	ck_assert(g.open);
	heed(&g, 10.5, 10, 2000);
	ck_assert(!g.open);
	heed(&g, 9.95, 10, 20000);
	ck_assert(!g.open);
}
END_TEST

static void heed_once(struct gate *g, double ours, double reactive, int64_t end_ms)
{
	const struct shadow_costs costs = {
		.forecast = true, .ours = {.pods = ours}, .reactive = {.pods = reactive}};
	gate_heed(g, &costs, 0.95, end_ms);
}

START_TEST(it_opens_and_is_proved_with_the_minute_that_is_due)
{
	struct gate g = {0};
	heed_once(&g, 985, 1000, 1);
	ck_near(gate_cost_ours(&g), 985, 1e-9);
	ck_near(gate_cost_reactive(&g), 1000, 1e-9);
	for (int i = 2; i < 1440; i++)
		heed_once(&g, 985, 1000, i);
	ck_assert(!g.open);
	ck_assert_int_eq(g.since_ms, 0);
	heed_once(&g, 985, 1000, 1440);
	ck_assert(g.open);
	for (int i = 1440 + 1; i < 4320; i++)
		heed_once(&g, 985, 1000, i);
	ck_assert(!gate_proved(&g));
	heed_once(&g, 985, 1000, 4320);
	ck_assert(gate_proved(&g));
	ck_assert_int_eq(g.since_ms, 1440);
}
END_TEST

START_TEST(equal_costs_keep_it_as_it_is)
{
	struct gate g = {0};
	heed(&g, 5, 5, 20000);
	ck_assert(!g.open);
	g = (struct gate){.open = true};
	heed(&g, 5, 5, 20000);
	ck_assert(g.open);
}
END_TEST

START_TEST(lost_load_weighs_as_the_quantile_says)
{
	static const struct {
		double quantile, kappa;
	} cases[] = {{0.5, 3}, {0.9, 15}, {0.95, 30}, {0.99, 150}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct gate g = {0};
		struct shadow_costs costs = {
			.ours = {4, 0.5}, .reactive = {3, 1}, .forecast = true};
		for (int k = 0; k < 100; k++)
			gate_heed(&g, &costs, cases[i].quantile, VIRTUAL_START);
		ck_near(gate_cost_ours(&g), 4 + 0.5 * cases[i].kappa, 1e-9);
		ck_near(gate_cost_reactive(&g), 3 + cases[i].kappa, 1e-9);
	}
}
END_TEST

START_TEST(half_of_a_cost_is_forgotten_in_two_days)
{
	struct gate g = {0};
	heed(&g, 10, 1, 1);
	double at_first = g.ours;
	heed(&g, 0, 0, 2 * MINUTES_PER_DAY);
	ck_near(g.ours, at_first / 2, 1e-9);
}
END_TEST

/* Smooth load and quick pods: the reactive rule is near its best, the forecast's margin
 * is paid for nothing. */
START_TEST(it_stays_shut_where_the_reactive_rule_is_as_good)
{
	struct virtual v;
	virtual_open(&v);
	for (int k = 0; k < 10 * MINUTES_PER_DAY; k++) {
		double load = 2000 + 500 * sin(2 * M_PI * k / MINUTES_PER_DAY);
		struct shadow_metric x = virtual_metric(load, 1.15 * load);
		virtual_minute(&v, &x, 1);
		ck_assert(!v.gate.open);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("gate");
	TCase *t = tcase_create("gate");
	tcase_add_test(t, a_perfect_forecast_opens_it_after_a_day_of_evidence);
	tcase_add_test(t, evidence_and_costs_count_from_the_first_forecast);
	tcase_add_test(t, a_useless_forecast_never_opens_it);
	tcase_add_test(t, a_forecast_that_goes_bad_shuts_it_within_a_day);
	tcase_add_test(t, a_forecast_that_wavers_shuts_it_within_a_day);
	tcase_add_test(t, a_forecast_that_forgets_the_load_does_no_harm);
	tcase_add_test(t, it_opens_below_99_percent_and_shuts_above_100);
	tcase_add_test(t, it_opens_and_is_proved_with_the_minute_that_is_due);
	tcase_add_test(t, equal_costs_keep_it_as_it_is);
	tcase_add_test(t, lost_load_weighs_as_the_quantile_says);
	tcase_add_test(t, half_of_a_cost_is_forgotten_in_two_days);
	tcase_add_test(t, it_stays_shut_where_the_reactive_rule_is_as_good);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return run_suite(suite());
}
