/* foretop forecast: a forecast with its intervals from a table or a query, and how well
 * the same would have done before. */
#include "cmd.h"

#include "backtest.h"
#include "flags.h"
#include "forecast_flags.h"
#include "live.h"
#include "seasons.h"

#include "loop/loop.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUT_LIMIT (256u * 1024 * 1024)
#define SERIES_MAX   1000000
#define QUERY_LIMIT  65536

/* The series on its grid. */
struct series {
	int64_t start_ms, step_ms;
	double *values; /* owned */
	int32_t count, missing;
};

static void series_fini(struct series *s)
{
	free(s->values);
}

/* Steps that hold whole samples: from the first to the last of them. At the samples' own
 * distance every sample is in the middle of its step, so that small drifts do not leave
 * holes. */
static int put_on_grid(const struct forecast_flags *f, struct demand *d,
		       struct series *ret_series, struct err *err)
{
	samples_sort(d->items, d->count);
	int64_t own_ms = d->step_ms ? d->step_ms : samples_step_ms(d->items, d->count);
	int64_t first = d->items[0].t_ms, last = d->items[d->count - 1].t_ms;
	int64_t step = f->step_ms ? f->step_ms : own_ms;
	if (own_ms < MS_PER_S)
		return err_set(err, ERR_INVALID,
			       "fewer than two values, or less than a second apart");
	if (step < own_ms)
		return err_set(
			err, ERR_INVALID,
			"--step: the values are %g s apart, steps cannot be shorter",
			(double)own_ms / 1000);
	struct grid grid = {.start_ms = first - own_ms / 2, .step_ms = step};
	if (step > own_ms)
		grid.start_ms = (first + step - 1) / step * step;
	int64_t count = (last - grid.start_ms + own_ms) / step;
	if (count < 2 || count > SERIES_MAX)
		return err_set(err, ERR_INVALID,
			       "%lld steps of %g s: allowed are 2 to %d",
			       (long long)count, (double)step / 1000, SERIES_MAX);
	grid.count = (int32_t)count;
	*ret_series = (struct series){
		.start_ms = step > own_ms ? grid.start_ms : first,
		.step_ms = step,
		.values = xcalloc((size_t)count, sizeof(double)),
		.count = (int32_t)count,
	};
	ret_series->missing = grid_fill(&grid, d->items, d->count, ret_series->values);
	return 0;
}

static int steps_of(const char *flag, int64_t ms, int64_t step_ms, int32_t most,
		    int32_t *ret_steps, struct err *err)
{
	char text[48], step[48];
	int64_t steps = (ms + step_ms / 2) / step_ms;
	if (steps >= 1 && steps <= most) {
		*ret_steps = (int32_t)steps;
		return 0;
	}
	return err_set(err, ERR_INVALID, "%s %s: allowed are 1 to %d steps of %s", flag,
		       duration_format(ms, text, sizeof(text)), most,
		       duration_format(step_ms, step, sizeof(step)));
}

/* Seasons from the data. */
static void find_seasons(const struct series *s, struct path_config *config,
			 struct prospect *ret_prospect)
{
	struct seasons found;
	seasons_find(s->values, s->count, s->step_ms, &found);
	for (int32_t i = 0; i < found.count; i++) {
		struct prospect_season *season = &ret_prospect->seasons[i];
		season->period_ms = found.found[i].period_ms;
		season_text(&found.found[i], season->text);
	}
	ret_prospect->season_count = found.count;
	seasons_steps(&found, s->step_ms, config->seasons);
}

/* What the seasons rest on goes to ret_prospect. */
static int choose_seasons(const struct forecast_flags *f, const struct series *s,
			  struct path_config *config, struct prospect *ret_prospect,
			  struct err *err)
{
	/* A back-test looks for them at each of its origins. */
	if (f->find_seasons) {
		if (!f->backtest)
			find_seasons(s, config, ret_prospect);
		return 0;
	}
	for (int32_t i = 0; i < f->season_count; i++) {
		struct prospect_season *season = &ret_prospect->seasons[i];
		char text[48];
		if (steps_of("--seasons", f->seasons_ms[i], s->step_ms, s->count,
			     &config->seasons[i], err) < 0)
			return -1;
		season->period_ms = config->seasons[i] * s->step_ms;
		snprintf(season->text, sizeof(season->text), "%s, as asked for",
			 duration_format(season->period_ms, text, sizeof(text)));
	}
	ret_prospect->season_count = f->season_count;
	return 0;
}

/* A day that nobody asked for must not be what fails. */
static int64_t horizon_of(const struct forecast_flags *f, int64_t step_ms)
{
	int64_t most = PATH_HORIZON_MAX * step_ms;
	if (f->horizon_ms)
		return f->horizon_ms;
	return step_ms > MS_PER_DAY ? step_ms : most < MS_PER_DAY ? most : MS_PER_DAY;
}

static int configure(const struct forecast_flags *f, const struct series *s,
		     struct path_config *ret_config, struct prospect *ret_prospect,
		     struct err *err)
{
	*ret_config = (struct path_config){
		.capacity = backtest_capacity(s->count),
		.step_s = (int32_t)(s->step_ms / MS_PER_S),
		.level_count = f->level_count,
		.use_linear = true,
		.use_holt_winters = true,
	};
	memcpy(ret_config->levels, f->levels, sizeof(f->levels));
	if (steps_of("--horizon", horizon_of(f, s->step_ms), s->step_ms, PATH_HORIZON_MAX,
		     &ret_config->horizon, err) < 0 ||
	    choose_seasons(f, s, ret_config, ret_prospect, err) < 0)
		return -1;
	return path_config_check(ret_config, err);
}

/* --- output --- */

static int run_backtest(const struct forecast_flags *f, const struct series *s,
			const struct path_config *config, struct str *out,
			struct err *err)
{
	struct backtest_row rows[PATH_KNOTS_MAX];
	struct backtest b = {
		.start_ms = s->start_ms,
		.step_ms = s->step_ms,
		.values = s->values,
		.count = s->count,
		.config = *config,
		.find_seasons = f->find_seasons,
		.origins = f->origins,
	};
	if (f->output == OUTPUT_CSV)
		return backtest_csv(&b, out, err);
	int32_t count = backtest_rows(&b, rows, err);
	if (count < 0)
		return -1;
	if (f->output == OUTPUT_JSON)
		backtest_json(&b, rows, count, out);
	else
		backtest_table(&b, rows, count, out);
	return 0;
}

static void print_prospect(const struct forecast_flags *f, const struct prospect *p,
			   struct str *out)
{
	switch (f->output) {
	case OUTPUT_TABLE:
		prospect_table(p, flag_utf8_terminal(), out);
		break;
	case OUTPUT_CSV:
		prospect_csv(p, out);
		break;
	case OUTPUT_JSON:
		prospect_json(p, out);
		break;
	case OUTPUT_SVG:
		prospect_svg(p, out);
		break;
	}
}

static int run_forecast(const struct forecast_flags *f, const struct series *s,
			const struct path_config *config, struct prospect *p,
			struct str *out, struct err *err)
{
	size_t steps = (size_t)config->horizon, levels = (size_t)config->level_count;
	void *memory AUTO_FREE = xmalloc(path_size(config) + path_workspace_size(config));
	double *mean AUTO_FREE = xcalloc(steps, sizeof(double));
	double *lower AUTO_FREE = xcalloc(steps * levels, sizeof(double));
	double *upper AUTO_FREE = xcalloc(steps * levels, sizeof(double));
	struct path_steps ret = {.steps = config->horizon, .mean = mean};
	struct path_report report;
	for (size_t l = 0; l < levels; l++) {
		ret.lower[l] = lower + l * steps;
		ret.upper[l] = upper + l * steps;
	}
	struct path *path = backtest_learn(config, s->values, s->count, memory);
	path_report(path, &report);
	if (!path_predict(path, &ret))
		return err_set(err, ERR_INVALID, "%s", report.reason);
	p->report = &report;
	p->horizon = config->horizon;
	p->mean = mean;
	p->level_count = config->level_count;
	p->levels = config->levels;
	p->lower = lower;
	p->upper = upper;
	print_prospect(f, p, out);
	return 0;
}

/* The policy's metric says what to ask, whom, and how far back. The texts are kept in
 * *query and the policy. */
static int ask_for_policy(struct forecast_flags *f, struct policy **ret_policy,
			  struct str *query, struct err *err)
{
	struct policy *policy = live_policy(&f->cluster, f->policy, err);
	if (!policy)
		return -1;
	*ret_policy = policy;
	int32_t metric = live_metric(policy, f->metric, err);
	if (metric < 0 || loop_history_query(policy, metric, query, err) < 0)
		return -1;
	f->from.query = str_text(query);
	if (!f->from.source)
		f->from.source = policy->metrics[metric].source;
	if (!f->from.history_ms)
		f->from.history_ms = policy->forecast.history_ms;
	return 0;
}

static int run(const struct forecast_flags *f, struct str *out, struct err *err)
{
	struct demand demand AUTO(demand_fini) = {0};
	struct series series AUTO(series_fini) = {0};
	struct path_config config;
	struct prospect prospect = {0};
	if (demand_load(&f->from, &demand, err) < 0 ||
	    put_on_grid(f, &demand, &series, err) < 0 ||
	    configure(f, &series, &config, &prospect, err) < 0)
		return -1;
	prospect.name = f->from.column  ? f->from.column
			: f->from.query ? f->from.query
					: f->from.input;
	prospect.step_ms = series.step_ms;
	prospect.start_ms = series.start_ms;
	prospect.values = series.values;
	prospect.count = series.count;
	prospect.missing = series.missing;
	return f->backtest ? run_backtest(f, &series, &config, out, err)
			   : run_forecast(f, &series, &config, &prospect, out, err);
}

int cmd_forecast(int argc, char **argv)
{
	struct forecast_flags flags;
	struct err err = {0};
	struct str out AUTO(str_fini) = {0}, query AUTO(str_fini) = {0};
	AUTO(policy_cleanup) struct policy *policy = NULL;
	int code = forecast_flags_parse(&flags, argc, argv);
	if (code >= 0)
		return code;
	str_init(&out, OUTPUT_LIMIT);
	str_init(&query, QUERY_LIMIT);
	if ((flags.policy && ask_for_policy(&flags, &policy, &query, &err) < 0) ||
	    run(&flags, &out, &err) < 0) {
		fprintf(stderr, "foretop forecast: %s\n", err.msg);
		return EXIT_FAILURE;
	}
	fputs(str_text(&out), stdout);
	return EXIT_SUCCESS;
}
