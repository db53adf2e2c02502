#include "forecast/baseline.h"

#include "unit/harness.h"

#define N 10
static const float v[N] = {1, 2, 3, 4, 1, 2, 3, 4, 1, 2};

static void forecast(const int32_t seasons[2], int32_t n, int32_t h, float ret[BASELINES])
{
	struct baselines b;
	struct baseline_origin origin;

	baselines_init(&b, 900, seasons);
	ck_assert_int_eq(b.hour, 4);
	ck_assert_int_eq(b.line, 4);
	baselines_at(&b, v, n, &origin);
	baselines_forecast(&b, &origin, v, n, h, ret);
}

START_TEST(each_says_what_its_name_says)
{
	const int32_t seasons[] = {4, 8};
	float said[BASELINES];

	forecast(seasons, N, 3, said);
	ck_near(said[0], 2, 0);
	ck_near(said[1], 2.5, 1e-6); /* 3 4 1 2 */
	ck_near(said[2], 1, 0);      /* v[12 - 4] */
	ck_near(said[3], 1, 0);      /* v[12 - 8] */
	/* 2.5 - .6 (t - 7.5) at t = 12, by least squares over 3 4 1 2 */
	ck_near(said[4], -.2, 1e-6);
}
END_TEST

START_TEST(a_horizon_beyond_a_season_takes_the_newest_whole_one)
{
	const int32_t seasons[] = {4, 8};
	float said[BASELINES];

	forecast(seasons, N, 7, said);
	ck_near(said[2], 1, 0); /* v[16 - 8] */
	ck_near(said[3], 1, 0);
}
END_TEST

START_TEST(a_season_that_was_not_seen_says_nothing)
{
	const int32_t seasons[] = {6, 0};
	float said[BASELINES];

	forecast(seasons, 4, 1, said);
	ck_assert(isnan(said[2]) && isnan(said[3]));
	ck_near(said[0], 4, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("baseline");
	TCase *tc = tcase_create("baseline");

	tcase_add_test(tc, each_says_what_its_name_says);
	tcase_add_test(tc, a_horizon_beyond_a_season_takes_the_newest_whole_one);
	tcase_add_test(tc, a_season_that_was_not_seen_says_nothing);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
