/* What a forecaster costs: memory, a minute learned and predicted, two weeks of history,
 * and how much more the minute of a fit takes. Budgets: 1 us a minute and model, 1 ms a
 * slice. */
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

struct cost {
	double history_us; /* two weeks, everything included */
	double minute_us;  /* mean of a week after it */
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
static double longest_slice(struct forecaster *f, int64_t minute, struct rng *noise)
{
	double longest = 0;
	int64_t end = minute + MINUTES_PER_DAY;

	for (bool more = false; minute < end || more;) {
		while (minute < end && forecaster_add(f, minute * FORECAST_STEP_MS,
						      load_at(noise, minute)))
			minute++;

		double start = now_us();

		more = forecaster_work(f);
		longest = fmax(longest, now_us() - start);
	}
	return longest;
}

static struct cost measure(int32_t window)
{
	const struct forecast_config config = {
		.window_min = window,
		.release_min = 2,
		.quantile = .95,
		.use_linear = true,
		.use_holt_winters = true,
	};
	AUTO_FREE void *memory = xmalloc(forecaster_size());
	struct forecaster *f = forecaster_init(memory, &config);
	struct cost cost = {0};
	struct forecast forecast;
	struct rng noise;
	double start = now_us();
	int64_t minute = 0;

	rng_init(&noise, 1);
	for (; minute < HISTORY; minute++)
		learn(f, minute, load_at(&noise, minute));
	cost.history_us = now_us() - start;
	start = now_us();
	for (; minute < HISTORY + 7 * MINUTES_PER_DAY; minute++)
		learn(f, minute, load_at(&noise, minute));
	cost.minute_us = (now_us() - start) / (7 * MINUTES_PER_DAY);
	cost.slice_us = longest_slice(f, minute, &noise);
	start = now_us();
	for (int i = 0; i < 10000; i++)
		forecaster_predict(f, &forecast);
	cost.predict_us = (now_us() - start) / 10000;
	return cost;
}

int main(void)
{
	static const int32_t windows[] = {1, 3, 5, 13, 30, 120};

	printf("forecaster: %zu bytes\n", forecaster_size());
	for (size_t i = 0; i < ARRAY_LEN(windows); i++) {
		struct cost cost = measure(windows[i]);

		printf("window %3d min: %5.2f us a minute, %5.1f ms for 14 days, longest "
		       "slice %5.0f us, "
		       "%.2f us to ask\n",
		       (int)windows[i], cost.minute_us, cost.history_us / 1000,
		       cost.slice_us, cost.predict_us);
	}
	return 0;
}
