/* What a path says of its steps: how intervals lie around the mean. What is fitted, and
 * how it is told in words, is tested in test_path.c. */
#include "forecast/path.h"

#include "unit/forecast/feed_path.h"

#define COUNT 400

struct fixture {
	struct path *path;
	double mean[HORIZON], lower[LEVELS][HORIZON], upper[LEVELS][HORIZON];
	/* What the models that learn say. */
	double models[3][HORIZON];
};

typedef double value_at(int32_t t, struct rng *rng);

/* Below zero at night: there are no logarithms. */
static double wave(int32_t t, struct rng *rng)
{
	return -50 * cos(2 * M_PI * t / DAY) + 2 * rng_normal(rng);
}

/* The same, from where it stood, on another level for the last day: the models differ
 * about what follows. */
static double torn(int32_t t, struct rng *rng)
{
	return wave(t, rng) + (t >= COUNT - DAY ? 25 : 0);
}

static void tell(struct fixture *f, int32_t steps)
{
	const struct path_steps want = {
		steps, f->mean, {f->lower[0], f->lower[1]}, {f->upper[0], f->upper[1]}};

	ck_assert(path_predict(f->path, &want));
	for (int m = 0; m < 3; m++)
		ck_assert(path_predict_model(
				  f->path, (enum path_model)(PATH_LAG_LEVEL + m), steps,
				  f->models[m]) == (m != PATH_LAG_LOG - PATH_LAG_LEVEL));
}

static struct fixture *fixture_new(value_at *at)
{
	struct path_config config = hourly();
	double v[COUNT];
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct rng rng;

	config.seasons[1] = 0;
	rng_init(&rng, 2);
	for (int32_t t = 0; t < COUNT; t++)
		v[t] = at(t, &rng);
	f->path = learned(&config, v, COUNT);
	tell(f, HORIZON);
	return f;
}

static void fixture_free(struct fixture *f)
{
	free(f->path);
	free(f);
}

static double largest_model(const struct fixture *f, int32_t h)
{
	return fmax(f->models[0][h], f->models[2][h]);
}

static double least_model(const struct fixture *f, int32_t h)
{
	return fmin(f->models[0][h], f->models[2][h]);
}

/* At 95 % half of the way to the farthest of them, and the usual errors beyond. */
START_TEST(intervals_reach_out_to_what_single_models_say)
{
	struct fixture *f = fixture_new(_i ? torn : wave);
	double dissent = 0;

	for (int32_t h = 0; h < HORIZON; h++) {
		double up = fmax(largest_model(f, h) - f->mean[h], 0);
		double down = fmax(f->mean[h] - least_model(f, h), 0);

		ck_assert(f->upper[1][h] >= f->mean[h] + .48 * up);
		ck_assert(f->lower[1][h] <= f->mean[h] - .48 * down);
		dissent += (up + down) / HORIZON;
	}
	/* Otherwise the test would show nothing. */
	ck_assert(_i ? dissent > 2 : dissent > 0);
	fixture_free(f);
}
END_TEST

static double mean_width(const struct fixture *f, int level)
{
	double sum = 0;

	for (int32_t h = 0; h < HORIZON; h++)
		sum += (f->upper[level][h] - f->lower[level][h]) / HORIZON;
	return sum;
}

START_TEST(a_series_of_two_minds_gets_wider_intervals)
{
	struct fixture *calm = fixture_new(wave), *split = fixture_new(torn);

	for (int l = 0; l < LEVELS; l++)
		ck_assert(mean_width(split, l) > 1.2 * mean_width(calm, l));
	fixture_free(calm);
	fixture_free(split);
}
END_TEST

START_TEST(fewer_steps_are_the_first_of_many)
{
	struct fixture *f = fixture_new(torn);
	double mean[HORIZON], lower[HORIZON], upper[HORIZON];

	memcpy(mean, f->mean, sizeof(mean));
	memcpy(lower, f->lower[1], sizeof(lower));
	memcpy(upper, f->upper[1], sizeof(upper));
	tell(f, _i);
	for (int32_t h = 0; h < _i; h++) {
		ck_near(f->mean[h], mean[h], 0);
		ck_near(f->lower[1][h], lower[h], 0);
		ck_near(f->upper[1][h], upper[h], 0);
	}
	fixture_free(f);
}
END_TEST

/* Arrays that are not wanted are left out. */
START_TEST(what_is_not_asked_for_is_not_written)
{
	struct fixture *f = fixture_new(wave);
	double mean[HORIZON], upper[HORIZON];
	const struct path_steps only = {HORIZON, mean, {NULL, NULL}, {NULL, upper}};

	ck_assert(path_predict(f->path, &only));
	for (int32_t h = 0; h < HORIZON; h++) {
		ck_near(mean[h], f->mean[h], 0);
		ck_near(upper[h], f->upper[1][h], 0);
	}
	fixture_free(f);
}
END_TEST

START_TEST(the_report_agrees_with_what_is_said)
{
	struct fixture *f = fixture_new(wave);
	struct path_report report;

	path_report(f->path, &report);
	ck_assert_int_eq(report.state, PATH_READY);
	ck_assert_int_eq(report.learned, COUNT);
	ck_assert_int_eq(report.horizon[report.knots - 1], HORIZON);
	for (int32_t k = 0; k < report.knots; k++) {
		ck_assert(report.baseline[k] < PATH_BASELINES);
		ck_assert(report.skill[k] >= -1 && report.skill[k] <= 1);
		/* A wave with little noise: models beat what is copied. */
		ck_assert(report.loss[k] <=
			  1.05 * report.score[k][report.baseline[k]].loss);
		ck_near(report.score[k][PATH_LAG_LOG].weight, 0, 0);
	}
	fixture_free(f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("path_predict");
	TCase *tc = tcase_create("path_predict");

	tcase_add_loop_test(tc, intervals_reach_out_to_what_single_models_say, 0, 2);
	tcase_add_test(tc, a_series_of_two_minds_gets_wider_intervals);
	tcase_add_loop_test(tc, fewer_steps_are_the_first_of_many, 1, HORIZON + 1);
	tcase_add_test(tc, what_is_not_asked_for_is_not_written);
	tcase_add_test(tc, the_report_agrees_with_what_is_said);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
