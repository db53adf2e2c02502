#include "policy/parts.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW_MAX  (120 * MS_PER_MIN) /* the longest rung of the ladder of windows */
#define SEASON_MIN  MS_PER_H
#define HISTORY_MIN MS_PER_DAY
#define HISTORY_MAX (35 * MS_PER_DAY)

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
	if (at->node->count > POLICY_SEASONS_MAX) {
		place_problem(at, "Too many: %zu: must have at most %d items",
			      at->node->count, POLICY_SEASONS_MAX);
		return;
	}
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
	static const char want[] = "a number from 0.5 to 0.999";
	struct policy_forecast *forecast = object;
	(void)f;
	if (!scalar_check(at, want))
		return;
	char *end;
	const char *text = at->node->text;
	double quantile = strtod(text, &end);
	if (end == text || text[strspn(text, "0123456789.")] || *end)
		place_wrong_type(at, want);
	else if (quantile < 0.5 || quantile > 0.999)
		place_invalid(at, "must be from 0.5 to 0.999");
	else
		forecast->quantile = quantile;
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
	{.name = "step", .read = field_default_only, .table = "Auto"},
	{.name = "timeZone", .read = field_default_only, .table = "UTC"},
	{.name = "exclude", .read = field_empty_only},
	{.name = "objective", .low = "not supported by this version: use \"quantile\""},
};

/* A season that was seen only once is no season. */
static void check_seasons(const struct place *at, const struct policy_forecast *forecast)
{
	struct place seasons = place_field(at, "seasons");
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

void policy_read_forecast(const struct place *at, const struct field *f, void *object)
{
	struct policy *p = object;
	(void)f;
	fields_read(at, forecast_fields, ARRAY_LEN(forecast_fields), &p->forecast);
	check_seasons(at, &p->forecast);
}

const char *forecast_mode_name(enum forecast_mode mode)
{
	return choice_name(policy_forecast_modes, (int)mode);
}
