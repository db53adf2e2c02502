/* What a path costs at two weeks of five-minute values with a day, a week and a day
 * ahead: memory, a value learned, a first fit with its back-test, a refit, a forecast;
 * with all models and without Holt-Winters. */
#include "forecast/path.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define DAY   288
#define WEEK  (7 * DAY)
#define STEPS (2 * WEEK)
#define FITS  15
#define ASKED 100

/* Processor time: what others do on the machine meanwhile is not the path's cost. */
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

/* A day's and a week's shape with noise, never near zero: all models take part. */
static double load_at(int32_t t, struct rng *noise)
{
	return 100 - 40 * cos(2 * M_PI * t / DAY) - 20 * cos(2 * M_PI * t / WEEK) +
	       6 * rng_normal(noise);
}

static double fit_us(struct path *p)
{
	double start = now_us();

	path_fit(p);
	while (path_work(p))
		;
	return now_us() - start;
}

static double predict_us(const struct path *p)
{
	static double mean[DAY], lower[DAY], upper[DAY];
	const struct path_steps steps = {DAY, mean, {lower}, {upper}};
	double start = now_us();

	for (int i = 0; i < ASKED; i++)
		path_predict(p, &steps);
	return (now_us() - start) / ASKED;
}

static void measure(const struct path_config *config)
{
	AUTO_FREE void *memory = xmalloc(path_size(config) + path_workspace_size(config));
	struct path *p = path_init(memory, config, NULL);
	double refits[FITS], first, learned = 0;
	struct rng noise;
	int32_t t = 0;

	rng_init(&noise, 1);
	for (; t < STEPS; t++)
		path_learn(p, load_at(t, &noise));
	first = fit_us(p);
	for (int i = 0; i < FITS; i++) {
		double day[DAY], start;

		for (int32_t k = 0; k < DAY; k++)
			day[k] = load_at(t++, &noise);
		start = now_us();
		for (int32_t k = 0; k < DAY; k++)
			path_learn(p, day[k]);
		learned += (now_us() - start) / DAY / FITS;
		refits[i] = fit_us(p);
	}
	qsort(refits, FITS, sizeof(*refits), by_size);
	printf("%-20s %7zu bytes and %7zu shared; %5.2f us a value, %5.2f ms the first "
	       "fit, %5.2f ms a "
	       "refit, %6.1f us a forecast of %d steps\n",
	       config->use_holt_winters ? "all models" : "without Holt-Winters",
	       path_size(config), path_workspace_size(config), learned, first / 1e3,
	       refits[FITS / 2] / 1e3, predict_us(p), DAY);
}

int main(void)
{
	struct path_config config = {
		.capacity = STEPS,
		.step_s = 300,
		.seasons = {DAY, WEEK},
		.horizon = DAY,
		.level_count = 1,
		.levels = {.9},
		.refit_steps = -1,
		.use_linear = true,
		.use_holt_winters = true,
	};

	measure(&config);
	config.use_holt_winters = false;
	measure(&config);
	return 0;
}
