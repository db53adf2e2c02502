/* How honest the upper quantile of a window's largest demand is: by trace and window, the
 * share of the load and of the minutes that it covered, and its pinball loss as a ratio
 * to that of the best baseline (last value, mean of the hour, same window yesterday, each
 * with a margin calibrated online).
 *
 *   window TRACE.csv...      (unix_seconds,value) */
#include "bench/demand.h"
#include "forecast/forecast.h"

#define QUANTILE .95
#define RATE     .005 /* of the baselines' margins and error sizes */

struct told {
	int64_t first_minute;
	double *upper;
};

static void hear(void *context, const struct forecast_minute *said)
{
	struct told *told = context;

	told->upper[said->end_ms / MS_PER_MIN - 1 - told->first_minute] = said->upper;
}

static void forecast_all(const struct load *load, int32_t window, double *ret_upper)
{
	struct told told = {load->first_minute, ret_upper};
	struct forecast_config config = {.window_min = window,
					 .release_min = 2,
					 .quantile = QUANTILE,
					 .use_linear = true,
					 .use_holt_winters = true,
					 .heed = hear,
					 .heed_context = &told};
	AUTO_FREE void *memory = xmalloc(forecaster_size());
	struct forecaster *f = forecaster_init(memory, &config);

	for (int64_t i = 0; i < load->minutes; i++) {
		forecaster_add(f, (load->first_minute + i) * MS_PER_MIN, load->values[i]);
		while (forecaster_work(f))
			;
	}
}

static double largest(const struct load *load, int64_t first, int32_t count)
{
	double most = load->values[first];

	for (int64_t i = first + 1; i < first + count; i++)
		most = fmax(most, load->values[i]);
	return most;
}

static double pinball(double actual, double upper)
{
	double miss = actual - upper;

	return miss > 0 ? QUANTILE * miss : (QUANTILE - 1) * miss;
}

enum baseline { LAST, HOUR, YESTERDAY, BASELINES };

static double baseline_at(const struct load *load, int64_t i, int32_t window,
			  enum baseline b)
{
	double sum = 0;

	switch (b) {
	case LAST:
		return load->values[i];
	case HOUR:
		for (int64_t k = i - 59; k <= i; k++)
			sum += k < 0 ? load->values[0] : load->values[k];
		return sum / 60;
	case YESTERDAY:
		return i < 1440 ? load->values[i] : largest(load, i - 1440 + 1, window);
	case BASELINES:
		break;
	}
	return NAN;
}

/* Mean pinball loss of a baseline whose margin follows its own errors. */
static double baseline_loss(const struct load *load, int32_t window, enum baseline b)
{
	int64_t start = load_scored_from(load), scored = 0;
	AUTO_FREE double *upper = xcalloc((size_t)load->minutes, sizeof(*upper));
	double margin = 0, size = 0, loss = 0;

	for (int64_t i = 0; i + window < load->minutes; i++) {
		int64_t ended = i - window;
		double said = baseline_at(load, i, window, b);

		if (ended >= 0) {
			double error = largest(load, ended + 1, window) -
				       baseline_at(load, ended, window, b);

			size += RATE * (fabs(error) - size);
			margin += RATE * 3 * size * ((error > margin) - (1 - QUANTILE));
		}
		upper[i] = said + margin;
		if (i < start)
			continue;
		loss += pinball(largest(load, i + 1, window), upper[i]);
		scored++;
	}
	return loss / (double)scored;
}

static void report(const char *name, const struct load *load, int32_t window)
{
	AUTO_FREE double *upper = xcalloc((size_t)load->minutes, sizeof(*upper));
	double all = 0, covered = 0, loss = 0, best = INFINITY, unserved = 0;
	int64_t scored = 0, below = 0;

	forecast_all(load, window, upper);
	for (int64_t i = load_scored_from(load); i + window < load->minutes; i++) {
		double actual = largest(load, i + 1, window);

		if (isnan(upper[i]))
			continue;
		scored++;
		below += actual <= upper[i];
		all += actual;
		covered += actual <= upper[i] ? actual : 0;
		unserved += fmax(actual - upper[i], 0);
		loss += pinball(actual, upper[i]);
	}
	for (enum baseline b = LAST; b < BASELINES; b++)
		best = fmin(best, baseline_loss(load, window, b));
	printf("%-40.40s %3d min: load %.3f, minutes %.3f, above it %.3f%%, pinball %.3f "
	       "of the best baseline\n",
	       name, (int)window, covered / all, (double)below / (double)scored,
	       100 * unserved / all, loss / (double)scored / best);
}

int main(int argc, char **argv)
{
	static const int32_t windows[] = {1, 3, 5, 13, 30};

	if (argc < 2)
		printf("skipped: no trace given; usage: window TRACE.csv...\n");
	for (int i = 1; i < argc; i++) {
		const char *slash = strrchr(argv[i], '/');
		struct load load;

		if (load_read(argv[i], 60, &load)) {
			fprintf(stderr, "%s: no trace\n", argv[i]);
			return 1;
		}
		for (size_t w = 0; w < ARRAY_LEN(windows); w++)
			report(slash ? slash + 1 : argv[i], &load, windows[w]);
		free(load.values);
	}
	return 0;
}
