/* What a forecaster costs: memory, a minute learned and predicted (hourly solutions
 * included, the daily fit apart), the daily fit, two weeks of history with everything,
 * and the longest slice of work. Budgets: 1 us a minute, 1 ms a slice. */
#include "forecast/forecast.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#define MINUTES_PER_DAY 1440
#define HISTORY         (14 * MINUTES_PER_DAY)

/* Processor time: what others do on the machine meanwhile is not the forecaster's cost.
 */
static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

/* A day's shape with noise, the same in every run. */
static double load_at(struct rng *noise, int64_t minute)
{
	double day = 2 * M_PI * (double)(minute % MINUTES_PER_DAY) / MINUTES_PER_DAY;

	return 100 - 60 * cos(day) + 8 * rng_normal(noise);
}

/* The load of the whole run, made before anything is timed. */
static double load[HISTORY + 8 * MINUTES_PER_DAY];

static void make_load(void)
{
	struct rng noise;

	rng_init(&noise, 1);
	for (int64_t i = 0; i < (int64_t)ARRAY_LEN(load); i++)
		load[i] = load_at(&noise, i);
}

struct cost {
	double history_us; /* two weeks, everything included */
	double minute_us;  /* mean of a week after it, but for the minutes of the fits */
	double fit_us;     /* mean of these */
	double slice_us;   /* the longest slice of work in a day */
	double predict_us; /* asking for the forecast, its reason text included */
};

static void learn(struct forecaster *f, int64_t minute, double v)
{
	forecaster_add(f, minute * FORECAST_STEP_MS, v);
	while (forecaster_work(f))
		;
}

/* Another day, slice by slice: it holds a fit. */
static double longest_slice(struct forecaster *f, int64_t minute)
{
	double longest = 0;
	int64_t end = minute + MINUTES_PER_DAY;

	for (bool more = false; minute < end || more;) {
		while (minute < end &&
		       forecaster_add(f, minute * FORECAST_STEP_MS, load[minute]))
			minute++;

		double start = now_us();

		more = forecaster_work(f);
		longest = fmax(longest, now_us() - start);
	}
	return longest;
}

/* Learns the minutes [from, to); the mean time of one. */
static double timed(struct forecaster *f, int64_t from, int64_t to)
{
	double start = now_us();

	for (int64_t minute = from; minute < to; minute++)
		learn(f, minute, load[minute]);
	return (now_us() - start) / (double)(to - from);
}

static struct cost measure(int32_t window)
{
	/* The fit falls on the first minute of the day. */
	const struct forecast_config config = {
		.window_min = window,
		.release_min = 2,
		.quantile = .95,
		.use_linear = true,
		.use_holt_winters = true,
	};
	AUTO_FREE void *memory = xmalloc(forecaster_size());
	struct forecaster *f = forecaster_init(memory, &config);
	struct cost cost = {.history_us = HISTORY * timed(f, 0, HISTORY)};
	struct forecast forecast;
	int64_t minute = HISTORY;

	for (int day = 0; day < 7; day++, minute += MINUTES_PER_DAY) {
		cost.fit_us += timed(f, minute, minute + 1) / 7;
		cost.minute_us += timed(f, minute + 1, minute + MINUTES_PER_DAY) / 7;
	}
	cost.slice_us = longest_slice(f, minute);

	double start = now_us();

	for (int i = 0; i < 10000; i++)
		forecaster_predict(f, &forecast);
	cost.predict_us = (now_us() - start) / 10000;
	return cost;
}

int main(void)
{
	static const int32_t windows[] = {1, 3, 5, 13, 30, 120};

	make_load();
	printf("forecaster: %zu bytes\n", forecaster_size());
	for (size_t i = 0; i < ARRAY_LEN(windows); i++) {
		struct cost cost = measure(windows[i]);

		printf("window %3d min: %5.2f us a minute, %5.0f us a daily fit, %5.1f "
		       "ms for 14 days, longest slice %5.0f us, %.2f us to ask\n",
		       (int)windows[i], cost.minute_us, cost.fit_us,
		       cost.history_us / 1000, cost.slice_us, cost.predict_us);
	}
	return 0;
}
