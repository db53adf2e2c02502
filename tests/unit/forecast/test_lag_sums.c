#include "forecast/lag_sums.h"
#include "forecast/gram_fit.h"

#include "base/base.h"

#include "unit/harness.h"

#include <string.h>

#define N 700

static const struct lags hourly = {
	18, {1, 2, 3, 4, 23, 24, 25, 26, 48, 49, 72, 73, 144, 145, 167, 168, 169, 170}};

struct series {
	float z[N];
	uint8_t known[N];
	struct lag_rows rows;
};

/* Noise, with values missing where `missing` says so. */
static void make(struct series *s, bool (*missing)(int32_t t))
{
	struct rng rng;

	rng_init(&rng, 5);
	for (int32_t t = 0; t < N; t++) {
		s->z[t] = (float)(50 + 10 * sin(.26 * t) + rng_normal(&rng));
		s->known[t] = !missing(t);
	}
	s->rows = (struct lag_rows){&hourly, s->z, s->known, 48};
}

static bool never(int32_t t)
{
	(void)t;
	return false;
}

static bool sometimes(int32_t t)
{
	return t == 300 || t == 333 || (t > 400 && t < 450) || t == N - 1;
}

static bool often(int32_t t)
{
	return t % 20 == 7;
}

static bool (*const gaps[])(int32_t t) = {never, sometimes, often};

static void fit(const struct series *s, bool by_runs, struct gram_fit *ret)
{
	const struct gram_source source = {
		.fill = lag_rows_fill,
		.add = by_runs ? lag_sums_add : NULL,
		.cut = by_runs ? lag_sums_cut : NULL,
		.model = &s->rows,
	};

	gram_fit_begin(ret, hourly.count);
	gram_fit_to(ret, N - 170);
	while (gram_fit_work(ret, &source))
		;
}

START_TEST(runs_add_up_to_what_blocks_do)
{
	struct gram_fit runs, blocks;
	struct series s;

	make(&s, gaps[_i]);
	fit(&s, true, &runs);
	fit(&s, false, &blocks);
	ck_near(gram_rows(&runs.gram), gram_rows(&blocks.gram), 0);
	for (int i = 0; i < GRAM_AT(hourly.count + 2, 0); i++)
		ck_near(runs.gram.sums[i], blocks.gram.sums[i], 1e-7);
	ck_assert(runs.change.any && blocks.change.any);
	for (int i = 0; i <= hourly.count; i++)
		ck_near(runs.change.sums[i], blocks.change.sums[i], 1e-3);
	for (int i = 0; i < hourly.count; i++)
		ck_near(runs.solution.coefficient[i], blocks.solution.coefficient[i],
			1e-6);
}
END_TEST

START_TEST(a_run_ends_where_a_target_is_missing)
{
	struct gram gram;
	struct series s;

	make(&s, sometimes);
	gram_init(&gram, hourly.count);
	ck_assert_int_eq(lag_sums_add(&s.rows, 0, N - 170, &gram), 128);
	ck_assert_int_eq(lag_sums_add(&s.rows, 50, N - 170, &gram), 300 - 170 - 50);
	/* Too few to be worth it: what remains before a gap, or before the end. */
	ck_assert_int_eq(lag_sums_add(&s.rows, 110, N - 170, &gram), 0);
	ck_assert_int_eq(lag_sums_add(&s.rows, 0, 31, &gram), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lag_sums");
	TCase *tc = tcase_create("lag_sums");

	tcase_add_loop_test(tc, runs_add_up_to_what_blocks_do, 0, ARRAY_LEN(gaps));
	tcase_add_test(tc, a_run_ends_where_a_target_is_missing);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
