#include "backtest.h"

#include "seasons.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static void do_work(struct path *p)
{
	while (path_work(p))
		;
}

struct path *backtest_learn(const struct path_config *config, const double *values,
			    int32_t count, void *memory)
{
	struct path *p = path_init(memory, config, NULL);
	for (int32_t i = 0; i < count; i++) {
		while (!path_learn(p, values[i]))
			do_work(p);
	}
	path_fit(p);
	do_work(p);
	return p;
}

int32_t backtest_capacity(int32_t count)
{
	return count < PATH_CAPACITY_MIN   ? PATH_CAPACITY_MIN
	       : count > PATH_CAPACITY_MAX ? PATH_CAPACITY_MAX
					   : count;
}

/* One forecast at a time, and how it was made. */
struct bench {
	struct path_config config;
	double *mean, *lower, *upper;
};

static void bench_init(struct bench *b, const struct path_config *config)
{
	size_t steps = (size_t)config->horizon;
	*b = (struct bench){.mean = xcalloc(steps, sizeof(double)),
			    .lower = xcalloc(steps, sizeof(double)),
			    .upper = xcalloc(steps, sizeof(double))};
}

static void bench_fini(struct bench *b)
{
	free(b->mean);
	free(b->lower);
	free(b->upper);
}

/* Values before origin number i. The last one leaves a whole horizon behind it. */
static int32_t origin_of(const struct backtest *b, int32_t i)
{
	int32_t first = b->count / 2, last = b->count - b->config.horizon;
	if (b->origins == 1)
		return last;
	return first + (int32_t)((int64_t)(last - first) * i / (b->origins - 1));
}

static int check(const struct backtest *b, struct err *err)
{
	if (b->count - b->config.horizon >= b->count / 2 + b->origins)
		return 0;
	return err_set(err, ERR_INVALID,
		       "%d values are too few to go back %d steps from %d moments of "
		       "their second half: a shorter --horizon or fewer --origins",
		       b->count, b->config.horizon, b->origins);
}

/* As if the values ended there. */
static void configure(const struct backtest *b, int32_t origin, struct path_config *ret)
{
	*ret = b->config;
	ret->capacity = backtest_capacity(origin);
	if (!b->find_seasons)
		return;
	struct seasons seasons;
	seasons_find(b->values, origin, b->step_ms, &seasons);
	seasons_steps(&seasons, b->step_ms, ret->seasons);
}

/* False where there was nothing to forecast from. */
static bool forecast_from(const struct backtest *b, int32_t origin, struct bench *bench,
			  struct path_report *ret_report)
{
	struct path_steps steps = {.steps = b->config.horizon,
				   .mean = bench->mean,
				   .lower = {bench->lower},
				   .upper = {bench->upper}};
	configure(b, origin, &bench->config);
	if (path_config_check(&bench->config, NULL) < 0)
		return false;
	void *memory AUTO_FREE =
		xmalloc(path_size(&bench->config) + path_workspace_size(&bench->config));
	struct path *p = backtest_learn(&bench->config, b->values, origin, memory);
	if (ret_report)
		path_report(p, ret_report);
	return path_predict(p, &steps);
}

static int64_t seconds_at(const struct backtest *b, int32_t step)
{
	return (b->start_ms + step * b->step_ms) / 1000;
}

int backtest_csv(const struct backtest *b, struct str *out, struct err *err)
{
	if (check(b, err) < 0)
		return -1;
	struct bench bench AUTO(bench_fini);
	bench_init(&bench, &b->config);
	str_puts(out, "origin,unix_seconds,horizon_s,mean,lower,upper\n");
	for (int32_t i = 0; i < b->origins; i++) {
		int32_t origin = origin_of(b, i);
		if (!forecast_from(b, origin, &bench, NULL))
			continue;
		for (int32_t h = 0; h < b->config.horizon; h++)
			str_printf(out,
				   "%" PRId64 ",%" PRId64 ",%" PRId64 ",%.9g,%.9g,%.9g\n",
				   seconds_at(b, origin - 1), seconds_at(b, origin + h),
				   (h + 1) * b->step_ms / 1000, bench.mean[h],
				   bench.lower[h], bench.upper[h]);
	}
	return 0;
}

/* The newest value before a step, NaN without one. */
static double last_before(const struct backtest *b, int32_t step)
{
	while (step > 0 && isnan(b->values[step - 1]))
		step--;
	return step > 0 ? b->values[step - 1] : NAN;
}

/* The value whole seasons before `step`, known at `origin`. */
static double season_before(const struct backtest *b, int32_t season, int32_t step,
			    int32_t origin)
{
	if (!season)
		return NAN;
	while (step >= origin)
		step -= season;
	return step >= 0 ? b->values[step] : NAN;
}

static void add_outcome(const struct backtest *b, int32_t origin,
			const struct bench *bench, struct backtest_row *row)
{
	int32_t h = row->horizon - 1;
	double y = b->values[origin + h];
	if (isnan(y))
		return;
	row->outcomes++;
	row->error += fabs(y - bench->mean[h]);
	row->last_error += fabs(y - last_before(b, origin));
	row->seasonal_error +=
		fabs(y - season_before(b, bench->config.seasons[0], origin + h, origin));
	row->covered += y >= bench->lower[h] && y <= bench->upper[h];
}

static void finish(struct backtest_row *row)
{
	double n = row->outcomes;
	row->error /= n; /* NaN without outcomes */
	row->last_error /= n;
	row->seasonal_error /= n;
	row->covered /= n;
}

int32_t backtest_rows(const struct backtest *b, struct backtest_row *ret_rows,
		      struct err *err)
{
	if (check(b, err) < 0)
		return -1;
	struct bench bench AUTO(bench_fini);
	struct path_report report = {0};
	int32_t rows = 0;
	bench_init(&bench, &b->config);
	for (int32_t i = 0; i < b->origins; i++) {
		int32_t origin = origin_of(b, i);
		if (!forecast_from(b, origin, &bench, &report))
			continue;
		for (; rows < report.knots; rows++)
			ret_rows[rows] =
				(struct backtest_row){.horizon = report.horizon[rows]};
		for (int32_t k = 0; k < rows; k++)
			add_outcome(b, origin, &bench, &ret_rows[k]);
	}
	for (int32_t k = 0; k < rows; k++)
		finish(&ret_rows[k]);
	return rows;
}

void backtest_table(const struct backtest *b, const struct backtest_row *rows,
		    int32_t count, struct str *out)
{
	str_printf(out,
		   "%d forecasts from earlier moments, each with what was known then\n\n"
		   "%-8s %9s %12s %12s %12s %10s\n",
		   b->origins, "AHEAD", "OUTCOMES", "MEAN ERROR", "LAST VALUE",
		   "SEASON AGO", "INSIDE");
	for (int32_t k = 0; k < count; k++) {
		char ahead[48];
		str_printf(out, "%-8s %9d %12.4g %12.4g %12.4g %9.1f%%\n",
			   duration_format(rows[k].horizon * b->step_ms, ahead,
					   sizeof(ahead)),
			   rows[k].outcomes, rows[k].error, rows[k].last_error,
			   rows[k].seasonal_error, 100 * rows[k].covered);
	}
}

static void add_number(cJSON *o, const char *name, double v)
{
	cJSON_AddItemToObject(o, name,
			      isfinite(v) ? cJSON_CreateNumber(v) : cJSON_CreateNull());
}

void backtest_json(const struct backtest *b, const struct backtest_row *rows,
		   int32_t count, struct str *out)
{
	cJSON *root AUTO(json_cleanup) = cJSON_CreateObject();
	add_number(root, "origins", b->origins);
	cJSON *horizons = cJSON_AddArrayToObject(root, "horizons");
	for (int32_t k = 0; k < count; k++) {
		cJSON *row = cJSON_CreateObject();
		add_number(row, "horizonSeconds",
			   (double)(rows[k].horizon * b->step_ms) / 1000);
		add_number(row, "outcomes", rows[k].outcomes);
		add_number(row, "meanError", rows[k].error);
		add_number(row, "lastValueError", rows[k].last_error);
		add_number(row, "seasonAgoError", rows[k].seasonal_error);
		add_number(row, "inside", rows[k].covered);
		cJSON_AddItemToArray(horizons, row);
	}
	char *text AUTO_FREE = cJSON_Print(root);
	str_puts(out, text);
	str_puts(out, "\n");
}
