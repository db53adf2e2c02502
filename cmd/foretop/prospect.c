#include "prospect.h"

#include "plot.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Of history in the picture: three times what is forecast, but a day at least. */
static struct plot plot_of(const struct prospect *o)
{
	int64_t shown = 3 * (int64_t)o->horizon, day = MS_PER_DAY / o->step_ms;
	if (shown < day)
		shown = day;
	if (shown > o->count)
		shown = o->count;
	return (struct plot){
		.title = o->name,
		.start_ms = o->start_ms + (o->count - shown) * o->step_ms,
		.step_ms = o->step_ms,
		.history = o->values + (o->count - shown),
		.count = (int32_t)shown,
		.horizon = o->horizon,
		.mean = o->mean,
		.level_count = o->level_count,
		.lower = o->lower,
		.upper = o->upper,
	};
}

static int64_t time_of(const struct prospect *o, int32_t h)
{
	return o->start_ms + (o->count + h) * o->step_ms;
}

/* --- table --- */

static void put_data(const struct prospect *o, struct str *out)
{
	char step[48], span[48];
	str_printf(out, "\n%d values every %s over %s", o->count - o->missing,
		   duration_format(o->step_ms, step, sizeof(step)),
		   duration_format(o->count * o->step_ms, span, sizeof(span)));
	if (o->missing)
		str_printf(out, ", %d missing", o->missing);
	str_puts(out, "\n");
	for (int32_t i = 0; i < o->season_count; i++)
		str_printf(out, "season: %s\n", o->seasons[i].text);
	if (!o->season_count)
		str_puts(out, "season: none\n");
	str_printf(out, "%s\n", o->report->reason);
}

static void put_steps(const struct prospect *o, struct str *out)
{
	const struct path_report *r = o->report;
	str_printf(out, "\n%-20s %-8s %12s", "TIME", "AHEAD", "MEAN");
	for (int32_t l = 0; l < o->level_count; l++)
		str_printf(out, " %11s%g%% %12s", "LOWER ", 100 * o->levels[l], "UPPER");
	str_puts(out, "\n");
	for (int32_t k = 0; k < r->knots; k++) {
		char when[32], ahead[48];
		int32_t h = r->horizon[k] - 1;
		str_printf(out, "%-20s %-8s %12.5g",
			   time_format(time_of(o, h), when, sizeof(when)),
			   duration_format((h + 1) * o->step_ms, ahead, sizeof(ahead)),
			   o->mean[h]);
		for (int32_t l = 0; l < o->level_count; l++)
			str_printf(out, " %14.5g %12.5g", o->lower[l * o->horizon + h],
				   o->upper[l * o->horizon + h]);
		str_puts(out, "\n");
	}
}

static void put_percent(struct str *out, double ratio)
{
	if (isnan(ratio))
		str_printf(out, " %9s", "-");
	else
		str_printf(out, " %8.0f%%", 100 * ratio);
}

/* Weight and skill of every model at every knot. */
static void put_models(const struct prospect *o, struct str *out)
{
	const struct path_report *r = o->report;
	str_printf(out, "\n%-40s", "WEIGHT");
	for (int32_t k = 0; k < r->knots; k++) {
		char ahead[48];
		str_printf(out, " %9s",
			   duration_format(r->horizon[k] * o->step_ms, ahead,
					   sizeof(ahead)));
	}
	str_puts(out, "\n");
	for (int m = 0; m < PATH_MODEL_COUNT; m++) {
		double most = 0;
		for (int32_t k = 0; k < r->knots; k++)
			most = fmax(most, r->score[k][m].weight);
		if (most < .005)
			continue;
		str_printf(out, "%-40s", path_model_name(m));
		for (int32_t k = 0; k < r->knots; k++)
			put_percent(out, r->score[k][m].weight);
		str_puts(out, "\n");
	}
	str_printf(out, "%-40s", "better than the best baseline by");
	for (int32_t k = 0; k < r->knots; k++)
		put_percent(out, r->skill[k]);
	str_printf(out, "\n%-40s", "inside the narrowest interval");
	for (int32_t k = 0; k < r->knots; k++)
		put_percent(out, r->coverage[k]);
	str_puts(out, "\n");
}

void prospect_table(const struct prospect *o, bool utf8, struct str *out)
{
	struct plot plot = plot_of(o);
	plot_draw(&plot, utf8, out);
	put_data(o, out);
	put_steps(o, out);
	put_models(o, out);
}

/* --- for programs --- */

static void put_seconds(struct str *out, int64_t ms)
{
	if (ms % 1000)
		str_printf(out, "%.3f", (double)ms / 1000);
	else
		str_printf(out, "%" PRId64, ms / 1000);
}

void prospect_csv(const struct prospect *o, struct str *out)
{
	str_puts(out, "unix_seconds,mean");
	for (int32_t l = 0; l < o->level_count; l++) {
		if (o->level_count == 1)
			str_puts(out, ",lower,upper");
		else
			str_printf(out, ",lower_%g,upper_%g", o->levels[l], o->levels[l]);
	}
	str_puts(out, "\n");
	for (int32_t h = 0; h < o->horizon; h++) {
		put_seconds(out, time_of(o, h));
		str_printf(out, ",%.9g", o->mean[h]);
		for (int32_t l = 0; l < o->level_count; l++)
			str_printf(out, ",%.9g,%.9g", o->lower[l * o->horizon + h],
				   o->upper[l * o->horizon + h]);
		str_puts(out, "\n");
	}
}

/* Not a number has no place in JSON: null. */
static void add_number(cJSON *o, const char *name, double v)
{
	if (isfinite(v))
		cJSON_AddNumberToObject(o, name, v);
	else
		cJSON_AddNullToObject(o, name);
}

static void add_time(cJSON *o, const char *name, int64_t ms)
{
	char buf[32];
	cJSON_AddStringToObject(o, name, time_format(ms, buf, sizeof(buf)));
}

static cJSON *step_json(const struct prospect *o, int32_t h)
{
	cJSON *step = cJSON_CreateObject();
	add_time(step, "time", time_of(o, h));
	add_number(step, "mean", o->mean[h]);
	cJSON *intervals = cJSON_AddArrayToObject(step, "intervals");
	for (int32_t l = 0; l < o->level_count; l++) {
		cJSON *interval = cJSON_CreateObject();
		add_number(interval, "level", o->levels[l]);
		add_number(interval, "lower", o->lower[l * o->horizon + h]);
		add_number(interval, "upper", o->upper[l * o->horizon + h]);
		cJSON_AddItemToArray(intervals, interval);
	}
	return step;
}

static cJSON *knot_json(const struct prospect *o, int32_t k)
{
	const struct path_report *r = o->report;
	cJSON *knot = cJSON_CreateObject();
	add_number(knot, "horizonSeconds", (double)(r->horizon[k] * o->step_ms) / 1000);
	add_number(knot, "loss", r->loss[k]);
	add_number(knot, "skill", r->skill[k]);
	add_number(knot, "coverage", r->coverage[k]);
	cJSON_AddStringToObject(knot, "baseline", path_model_name(r->baseline[k]));
	cJSON *models = cJSON_AddArrayToObject(knot, "models");
	for (int m = 0; m < PATH_MODEL_COUNT; m++) {
		cJSON *model = cJSON_CreateObject();
		cJSON_AddStringToObject(model, "name", path_model_name(m));
		add_number(model, "weight", r->score[k][m].weight);
		add_number(model, "loss", r->score[k][m].loss);
		add_number(model, "skill", r->score[k][m].skill);
		cJSON_AddItemToArray(models, model);
	}
	return knot;
}

void prospect_json(const struct prospect *o, struct str *out)
{
	cJSON *root AUTO(json_cleanup) = cJSON_CreateObject();
	cJSON_AddStringToObject(root, "series", o->name);
	add_number(root, "stepSeconds", (double)o->step_ms / 1000);
	add_time(root, "from", o->start_ms);
	add_time(root, "to", time_of(o, 0));
	add_number(root, "values", o->count - o->missing);
	add_number(root, "missing", o->missing);
	cJSON *seasons = cJSON_AddArrayToObject(root, "seasons");
	for (int32_t i = 0; i < o->season_count; i++) {
		cJSON *season = cJSON_CreateObject();
		add_number(season, "seconds", (double)o->seasons[i].period_ms / 1000);
		cJSON_AddStringToObject(season, "evidence", o->seasons[i].text);
		cJSON_AddItemToArray(seasons, season);
	}
	cJSON_AddStringToObject(root, "reason", o->report->reason);
	cJSON *knots = cJSON_AddArrayToObject(root, "knots");
	for (int32_t k = 0; k < o->report->knots; k++)
		cJSON_AddItemToArray(knots, knot_json(o, k));
	cJSON *steps = cJSON_AddArrayToObject(root, "forecast");
	for (int32_t h = 0; h < o->horizon; h++)
		cJSON_AddItemToArray(steps, step_json(o, h));
	char *text AUTO_FREE = cJSON_Print(root);
	str_puts(out, text);
	str_puts(out, "\n");
}

void prospect_svg(const struct prospect *o, struct str *out)
{
	struct plot plot = plot_of(o);
	plot_svg(&plot, out);
}
