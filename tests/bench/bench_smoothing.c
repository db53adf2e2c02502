/* What Holt-Winters costs: fits of five weeks by the hour and two weeks by five minutes,
 * a refit, the longest slice, a step. Ratios within one run: a plain exponential mean of
 * the same values is the yardstick. */
#include "base/base.h"
#include "forecast/smoothing_fit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 200

/* Processor time: what others do on the machine meanwhile is not the model's cost. */
static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double values[ROUNDS])
{
	qsort(values, ROUNDS, sizeof(*values), by_size);
	return values[ROUNDS / 2];
}

/* A day's and a week's shape with noise, the same in every run. */
static void fill(double *y, int32_t count, const struct smoothing_config *config)
{
	struct rng noise;

	rng_init(&noise, 1);
	for (int32_t t = 0; t < count; t++) {
		double day = 2 * M_PI * t / config->seasons[0];
		double week = 2 * M_PI * t / (7 * config->seasons[0]);

		y[t] = 100 - 40 * cos(day) - 20 * cos(week) + 6 * rng_normal(&noise);
	}
}

/* One multiplication, subtraction and addition that wait for the one before. */
static double yardstick_us(const double *y, int32_t count)
{
	double times[ROUNDS];
	volatile double sink = 0;

	for (int i = 0; i < ROUNDS; i++) {
		double start = now_us(), level = 0;

		for (int32_t t = 0; t < count; t++)
			level += .1 * (y[t] - level);
		sink = level;
		times[i] = now_us() - start;
	}
	(void)sink;
	return median(times);
}

struct bed {
	const struct smoothing_config *config;
	const double *y;
	int32_t count;
	double *storage, *workspace;
	struct smoothing model;
};

static double fit_us(struct bed *bed, const struct smoothing_gains *warm)
{
	double times[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		struct smoothing_fit fit;
		double start = now_us();

		smoothing_fit_begin(&fit, bed->config, bed->y, bed->count, bed->storage);
		if (warm)
			smoothing_fit_warm(&fit, warm);
		smoothing_fit_run(&fit, bed->y, bed->workspace, &bed->model);
		times[i] = now_us() - start;
	}
	return median(times);
}

static double longest_slice_us(struct bed *bed)
{
	double longest = INFINITY;

	for (int i = 0; i < ROUNDS / 10; i++) {
		struct smoothing_fit fit;
		double worst = 0;

		smoothing_fit_begin(&fit, bed->config, bed->y, bed->count, bed->storage);
		for (bool more = true; more;) {
			double start = now_us();

			more = smoothing_fit_work(&fit, bed->y, bed->workspace,
						  &bed->model);
			worst = fmax(worst, now_us() - start);
		}
		/* The best of the worst: the rest is the machine's. */
		longest = fmin(longest, worst);
	}
	return longest;
}

static double step_us(struct bed *bed)
{
	double times[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		double start = now_us();

		for (int32_t t = 0; t < bed->count; t++)
			smoothing_step(&bed->model, bed->y[t]);
		times[i] = (now_us() - start) / bed->count;
	}
	return median(times);
}

static void measure(const char *name, const struct smoothing_config *config,
		    int32_t count)
{
	AUTO_FREE double *y = xcalloc((size_t)count, sizeof(double));
	AUTO_FREE double *storage = xcalloc(smoothing_storage(config), sizeof(double));
	AUTO_FREE double *workspace =
		xcalloc(smoothing_fit_workspace(config, count), sizeof(double));
	struct bed bed = {config, y, count, storage, workspace, {0}};

	fill(y, count, config);

	double yardstick = yardstick_us(y, count);
	double cold = fit_us(&bed, NULL);
	struct smoothing_gains gains = bed.model.gains;
	double warm = fit_us(&bed, &gains);

	printf("%-34s fit %6.1f us (%4.0f yardsticks), refit %6.1f us, longest slice "
	       "%6.1f us, step %.3f us\n",
	       name, cold, cold / yardstick, warm, longest_slice_us(&bed), step_us(&bed));
}

int main(void)
{
	static const struct {
		const char *name;
		struct smoothing_config config;
		int32_t count;
	} cases[] = {
		{"850 hours, day and week", {.seasons = {24, 168}, .horizon = 48}, 850},
		{"850 hours, day and week, logs",
		 {.seasons = {24, 168}, .logs = true, .horizon = 48},
		 850},
		{"4032 x 5 min, day", {.seasons = {288}, .horizon = 72}, 4032},
		{"4032 x 5 min, day and week",
		 {.seasons = {288, 2016}, .horizon = 288},
		 4032},
		{"4032 x 5 min, week by the hour",
		 {.seasons = {288, 2016}, .spans = {1, 12}, .horizon = 288},
		 4032},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		measure(cases[i].name, &cases[i].config, cases[i].count);
	return 0;
}
