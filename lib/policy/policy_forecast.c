#include "policy/parts.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW_MAX  (120 * MS_PER_MIN) /* the longest rung of the ladder of windows */
#define SEASON_MIN  MS_PER_H
#define WEEK        (7 * MS_PER_DAY)
#define HISTORY_MIN MS_PER_DAY
#define HISTORY_MAX (35 * MS_PER_DAY)
#define STEP_MIN    MS_PER_MIN
#define STEP_MAX    MS_PER_H
/* Below nine tenths of the load a service is down, not short. */
#define OBJECTIVE_OVER 0.9
/* Far above what a forecast could sensibly ask for: in effect no cap. */
#define OVER_REACTIVE_MAX 100

const struct choice policy_forecast_modes[] = {
	{"Auto", FORECAST_AUTO},
	{"Disabled", FORECAST_DISABLED},
	{"Always", FORECAST_ALWAYS},
	{NULL, 0},
};

const struct choice policy_models[] = {
	{"HoltWinters", MODEL_HOLT_WINTERS},
	{"LinearRegression", MODEL_LINEAR_REGRESSION},
	{NULL, 0},
};

void policy_default_forecast(struct policy *p)
{
	p->forecast = (struct policy_forecast){
		.mode = FORECAST_AUTO,
		.models = MODEL_HOLT_WINTERS | MODEL_LINEAR_REGRESSION,
		.history_ms = 14 * MS_PER_DAY,
		.quantile = 0.95,
		.seasons_auto = true,
		.time_zone = xstrdup("UTC"),
		.excludes = xcalloc(POLICY_EXCLUDES_MAX, sizeof(p->forecast.excludes[0])),
		.max_over_reactive = 2,
		.release = true,
	};
}

/* "Off" is what people write, and YAML 1.1 makes false of it. */
static void read_mode(const struct place *at, const struct field *f, void *object)
{
	struct policy_forecast *forecast = object;
	bool on = true;
	int mode;
	(void)f;
	if (at->node->kind == YAML_SCALAR && (strcmp(at->node->text, "Off") == 0 ||
					      (yaml_bool(at->node, &on) == 0 && !on)))
		forecast->mode = FORECAST_DISABLED;
	else if (choice_read(at, policy_forecast_modes, &mode))
		forecast->mode = (enum forecast_mode)mode;
}

static void read_models(const struct place *at, const struct field *f, void *object)
{
	struct policy_forecast *forecast = object;
	unsigned models = 0;
	(void)f;
	if (!list_check(at))
		return;
	if (at->node->count == 0)
		place_problem(at, "Required value: at least one of \"HoltWinters\", "
				  "\"LinearRegression\"");
	for (size_t i = 0; i < at->node->count; i++) {
		struct place item = place_item(at, i);
		int model;
		if (!choice_read(&item, policy_models, &model))
			continue;
		if (models & (unsigned)model)
			place_problem(&item, "Duplicate value: \"%s\"", item.node->text);
		models |= (unsigned)model;
	}
	forecast->models = models;
}

static void read_season_list(const struct place *at, struct policy_forecast *forecast)
{
	if (!list_limit(at, POLICY_SEASONS_MAX))
		return;
	forecast->seasons_auto = false;
	for (size_t i = 0; i < at->node->count; i++) {
		struct place item = place_item(at, i);
		int64_t season = 0;
		field_duration(&item,
			       &(struct field){.min = SEASON_MIN, .max = HISTORY_MAX / 2},
			       &season);
		for (int32_t j = 0; season && j < forecast->season_count; j++)
			if (forecast->seasons_ms[j] == season)
				place_problem(&item, "Duplicate value: \"%s\"",
					      item.node->text);
		if (season && season != MS_PER_DAY && season != WEEK)
			place_problem(&item,
				      "Unsupported value: \"%s\": supported values: "
				      "\"1d\", \"7d\"",
				      item.node->text);
		if (season)
			forecast->seasons_ms[forecast->season_count++] = season;
	}
}

static void read_seasons(const struct place *at, const struct field *f, void *object)
{
	(void)f;
	if (at->node->kind == YAML_LIST)
		read_season_list(at, object);
	else if (at->node->kind != YAML_SCALAR || strcmp(at->node->text, "Auto") != 0)
		place_wrong_type(at, "Auto or a list of durations, like [1d, 7d]");
}

static void read_quantile(const struct place *at, const struct field *f, void *object)
{
	struct policy_forecast *forecast = object;
	double quantile;
	(void)f;
	if (!number_read(at, "a number from 0.5 to 0.999", &quantile))
		return;
	if (quantile < 0.5 || quantile > 0.999)
		place_invalid(at, "must be from 0.5 to 0.999");
	else
		forecast->quantile = quantile;
}

/* "99.8%" as the double next to 0.998, which 99.8 / 100 need not be. */
static bool read_share(const struct place *at, double *ret_share)
{
	static const char want[] = "a share of the load, like 99.8% or 0.998";
	if (!scalar_check(at, want))
		return false;
	const char *text = at->node->text;
	size_t digits = strcspn(text, "%");
	if (!text[digits])
		return number_read(at, want, ret_share);
	AUTO_FREE char *shifted = xasprintf("%.*se-2", (int)digits, text);
	if (!text[digits + 1] && text[0] != '0' && !strpbrk(text, "eE") &&
	    number_parse(shifted, ret_share))
		return true;
	place_wrong_type(at, want);
	return false;
}

static void read_objective(const struct place *at, const struct field *f, void *object)
{
	struct policy_forecast *forecast = object;
	double share;
	(void)f;
	if (!read_share(at, &share))
		return;
	if (share <= OBJECTIVE_OVER || share >= 1)
		place_invalid(at, "must be more than 90% and less than 100%");
	else
		forecast->objective = share;
}

static void read_step(const struct place *at, const struct field *f, void *object)
{
	struct policy_forecast *forecast = object;
	int64_t step = 0;
	field_duration_or_auto(at, f, &step);
	if (step && MS_PER_H % step != 0)
		place_invalid(at, "must divide an hour, like 1m, 5m or 15m");
	else if (step && step != MS_PER_MIN)
		place_problem(at,
			      "Unsupported value: \"%s\": supported values: \"Auto\", "
			      "\"1m\": models know minutes only",
			      at->node->text);
	else
		forecast->step_ms = step;
}

static void read_exclude(const struct place *at, struct time_range *range)
{
	static const struct field fields[] = {
		{.name = "from",
		 .read = field_time,
		 .offset = offsetof(struct time_range, from_ms)},
		{.name = "to",
		 .read = field_time,
		 .offset = offsetof(struct time_range, to_ms)},
	};
	struct place to = place_field(at, "to");
	*range = (struct time_range){INT64_MIN, INT64_MAX};
	fields_read(at, fields, ARRAY_LEN(fields), range);
	place_require(at, "from", "a time like 2026-11-27T00:00:00Z");
	place_require(at, "to", "a time like 2026-11-27T00:00:00Z");
	if (range->from_ms >= range->to_ms)
		place_invalid(&to, "must be after `from`");
}

static void read_excludes(const struct place *at, const struct field *f, void *object)
{
	struct policy_forecast *forecast = object;
	(void)f;
	if (!list_limit(at, POLICY_EXCLUDES_MAX))
		return;
	for (size_t i = 0; i < at->node->count; i++) {
		struct place item = place_item(at, i);
		read_exclude(&item, &forecast->excludes[forecast->exclude_count++]);
	}
}

static const struct field forecast_fields[] = {
	{.name = "mode", .read = read_mode},
	{.name = "models", .read = read_models},
	{.name = "horizon",
	 .read = field_duration_or_auto,
	 .offset = offsetof(struct policy_forecast, horizon_ms),
	 .min = MS_PER_MIN,
	 .max = WINDOW_MAX},
	{.name = "leadTime",
	 .read = field_duration_or_auto,
	 .offset = offsetof(struct policy_forecast, lead_time_ms),
	 .min = MS_PER_S,
	 .max = WINDOW_MAX},
	{.name = "history",
	 .read = field_duration,
	 .offset = offsetof(struct policy_forecast, history_ms),
	 .min = HISTORY_MIN,
	 .max = HISTORY_MAX},
	{.name = "seasons", .read = read_seasons},
	{.name = "quantile", .read = read_quantile},
	{.name = "objective", .read = read_objective},
	{.name = "step", .read = read_step, .min = STEP_MIN, .max = STEP_MAX},
	{.name = "timeZone",
	 .read = policy_read_zone,
	 .offset = offsetof(struct policy_forecast, time_zone)},
	{.name = "exclude", .read = read_excludes},
	{.name = "maxOverReactive",
	 .read = field_number,
	 .offset = offsetof(struct policy_forecast, max_over_reactive),
	 .min = 1,
	 .max = OVER_REACTIVE_MAX},
	{.name = "release",
	 .read = field_bool,
	 .offset = offsetof(struct policy_forecast, release)},
};

/* A season that was seen only once is no season, and the model of the week looks at the
 * same time yesterday too. */
static void check_seasons(const struct place *at, const struct policy_forecast *forecast)
{
	struct place seasons = place_field(at, "seasons");
	if (forecast->season_count == 1 && forecast->seasons_ms[0] == WEEK)
		place_problem(&seasons, "a week needs the day beside it: [1d, 7d]");
	for (int32_t i = 0; i < forecast->season_count; i++) {
		char season[48], history[48];
		if (forecast->seasons_ms[i] > forecast->history_ms / 2)
			place_problem(&seasons,
				      "a season of %s in a history of %s: must be at "
				      "most half of it",
				      duration_format(forecast->seasons_ms[i], season,
						      sizeof(season)),
				      duration_format(forecast->history_ms, history,
						      sizeof(history)));
	}
}

/* The quantile decides, or the share of the load does. */
static void check_aim(const struct place *at)
{
	struct place objective = place_field(at, "objective");
	if (objective.node && place_has(at, "quantile"))
		place_problem(&objective,
			      "Forbidden: may not set both a quantile and an objective");
}

void policy_read_forecast(const struct place *at, const struct field *f, void *object)
{
	struct policy *p = object;
	(void)f;
	p->forecast.written = true;
	fields_read(at, forecast_fields, ARRAY_LEN(forecast_fields), &p->forecast);
	p->forecast.time_zone_line = policy_zone_line(at);
	check_seasons(at, &p->forecast);
	check_aim(at);
}

void policy_set_zone(struct policy *p, const struct zone *zone)
{
	free(p->forecast.zone);
	p->forecast.zone = NULL;
	if (!zone->count)
		return;
	p->forecast.zone = xmalloc(sizeof(*zone));
	*p->forecast.zone = *zone;
}

void policy_forecast_fini(struct policy_forecast *f)
{
	free(f->time_zone);
	free(f->zone);
	free(f->excludes);
	*f = (struct policy_forecast){0};
}

const char *forecast_mode_name(enum forecast_mode mode)
{
	return choice_name(policy_forecast_modes, (int)mode);
}
