/* Forecasts 15 minutes, 1, 6 and 24 hours ahead from rolling origins, each from the 14
 * days before it: rolling FILE... over wide tables of five-minute values. The error is
 * the absolute one divided by the mean absolute difference from a day before within those
 * 14 days; its mean over origins, then over series. */
#include "bench/wide.h"
#include "forecast/path.h"

#include <time.h>

#define STEP_S  300
#define DAY     288
#define WEEK    2016
#define TRAIN   (14 * DAY)
#define ORIGINS 24

static const int32_t horizons[] = {3, 12, 72, 288};
#define HORIZONS ((int)ARRAY_LEN(horizons))

/* The combination stands after the models. */
#define COMBINED PATH_MODEL_COUNT
struct errors {
	double sum[PATH_MODEL_COUNT + 1][HORIZONS];
	int32_t count[PATH_MODEL_COUNT + 1][HORIZONS];
};

static double fit_us, learn_us;
static int32_t fits;

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

static double day_difference(const double *v)
{
	double sum = 0;
	int32_t count = 0;

	for (int32_t i = DAY; i < TRAIN; i++) {
		if (isnan(v[i]) || isnan(v[i - DAY]))
			continue;
		sum += fabs(v[i] - v[i - DAY]);
		count++;
	}
	return count ? sum / count : 0;
}

static void add_error(struct errors *e, int m, int h, double error)
{
	if (isnan(error))
		return;
	e->sum[m][h] += error;
	e->count[m][h]++;
}

/* v: the training values; what comes after them follows. */
static void forecast_once(struct path *p, const double *v, struct errors *e)
{
	static double path[DAY];
	const struct path_steps steps = {.steps = DAY, .mean = path};
	double scale = day_difference(v), start = now_us();

	if (!(scale > 0))
		return;
	for (int32_t i = 0; i < TRAIN; i++)
		path_learn(p, v[i]);
	learn_us += now_us() - start;
	start = now_us();
	path_fit(p);
	while (path_work(p))
		;
	fit_us += now_us() - start;
	fits++;
	if (path_predict(p, &steps))
		for (int h = 0; h < HORIZONS; h++)
			add_error(
				e, COMBINED, h,
				fabs(path[horizons[h] - 1] - v[TRAIN + horizons[h] - 1]) /
					scale);
	for (enum path_model m = 0; m < PATH_MODEL_COUNT; m++) {
		if (!path_predict_model(p, m, DAY, path))
			continue;
		for (int h = 0; h < HORIZONS; h++)
			add_error(
				e, (int)m, h,
				fabs(path[horizons[h] - 1] - v[TRAIN + horizons[h] - 1]) /
					scale);
	}
}

static void print_row(const char *name, const double mean[HORIZONS])
{
	printf("  %-40s", name);
	for (int h = 0; h < HORIZONS; h++)
		printf("  %6.3f", mean[h]);
	printf("\n");
}

/* Means over the series of each model, the best baseline of each horizon, ratios. */
static void report(const char *file, const struct errors *sums, int32_t series)
{
	double mean[PATH_MODEL_COUNT + 1][HORIZONS], ratio[HORIZONS], alone[HORIZONS];

	printf("%s: %d series, %d origins each; at 15 min, 1 h, 6 h, 24 h\n", file,
	       (int)series, ORIGINS);
	for (int m = 0; m <= COMBINED; m++) {
		for (int h = 0; h < HORIZONS; h++)
			mean[m][h] = sums->count[m][h]
					     ? sums->sum[m][h] / sums->count[m][h]
					     : NAN;
		if (sums->count[m][0])
			print_row(m == COMBINED ? "combined"
						: path_model_name((enum path_model)m),
				  mean[m]);
	}
	for (int h = 0; h < HORIZONS; h++) {
		double best = INFINITY, model = INFINITY;

		for (int m = 0; m < PATH_BASELINES; m++)
			best = fmin(best, mean[m][h]);
		for (int m = PATH_BASELINES; m < PATH_MODEL_COUNT; m++)
			model = fmin(model, mean[m][h]);
		ratio[h] = mean[COMBINED][h] / best;
		alone[h] = mean[COMBINED][h] / model;
	}
	print_row("combined / best baseline", ratio);
	print_row("combined / best single model", alone);
}

static int run_file(const char *name, void *memory, const struct path_config *config)
{
	struct wide w;
	struct errors sums = {0};
	int32_t series = 0;

	if (wide_read(&w, name))
		return -1;
	for (int32_t c = 0; c < w.columns; c++) {
		struct errors e = {0};
		int32_t span = w.rows - TRAIN - DAY;

		for (int32_t i = 0; span > 0 && i < ORIGINS; i++) {
			int32_t first = (int32_t)((int64_t)span * i / (ORIGINS - 1));

			forecast_once(path_init(memory, config, NULL),
				      wide_column(&w, c) + first, &e);
		}
		series++;
		for (int m = 0; m <= COMBINED; m++)
			for (int h = 0; h < HORIZONS; h++)
				if (e.count[m][h])
					add_error(&sums, m, h,
						  e.sum[m][h] / e.count[m][h]);
	}
	report(wide_base(name), &sums, series);
	free(w.values);
	return 0;
}

int main(int argc, char **argv)
{
	static struct path_config config = {
		.capacity = TRAIN,
		.step_s = STEP_S,
		.seasons = {DAY, WEEK},
		.horizon = DAY,
		.level_count = 1,
		.levels = {.9},
		.refit_steps = -1,
		.use_linear = true,
		.use_holt_winters = true,
	};
	void *memory = xmalloc(path_size(&config) + path_workspace_size(&config));
	int failed = 0;

	if (argc < 2)
		printf("skipped: rolling FILE... (wide tables of five-minute values)\n");
	for (int i = 1; i < argc; i++)
		failed |= run_file(argv[i], memory, &config);
	if (fits)
		printf("%zu bytes; fit with back-test %.2f ms, 14 days given in %.2f "
		       "ms\n",
		       path_size(&config), fit_us / fits / 1000, learn_us / fits / 1000);
	free(memory);
	return failed ? 1 : 0;
}
