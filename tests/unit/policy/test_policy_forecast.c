#include "unit/policy/refusals.h"

#define FORECAST(text) "forecast: {" text "}\n"

static const struct refusal refusals[] = {
	{"forecast: Auto\n", "line 3: forecast: got \"Auto\": want a map of fields"},
	{FORECAST("horizons: 1m"),
	 "line 3: forecast: unknown field \"horizons\": did you mean \"horizon\"?"},
	{FORECAST("mode: auto"), "line 3: forecast.mode: Unsupported value: \"auto\": "
				 "supported values: \"Auto\", \"Disabled\", "
				 "\"Always\""},
	{FORECAST("mode: On"), "line 3: forecast.mode: Unsupported value: \"On\": "
			       "supported values: \"Auto\", \"Disabled\", "
			       "\"Always\""},
	{FORECAST("mode: [Auto]"),
	 "line 3: forecast.mode: got a list: want \"Auto\", \"Disabled\", \"Always\""},
	{FORECAST("models: HoltWinters"),
	 "line 3: forecast.models: got \"HoltWinters\": want a list"},
	{FORECAST("models: []"), "line 3: forecast.models: Required value: at least one "
				 "of \"HoltWinters\", \"LinearRegression\""},
	{FORECAST("models: [Prophet]"), "line 3: forecast.models[0]: Unsupported value: "
					"\"Prophet\": supported values: \"HoltWinters\", "
					"\"LinearRegression\""},
	{FORECAST("models: [HoltWinters, HoltWinters]"),
	 "line 3: forecast.models[1]: Duplicate value: \"HoltWinters\""},
	{FORECAST("horizon: auto"),
	 "line 3: forecast.horizon: \"auto\" is not a duration: want parts with the "
	 "units w, d, h, m, s and ms, like 90s, 1h30m or 14d"},
	{FORECAST("horizon: 59s"),
	 "line 3: forecast.horizon: Invalid value: \"59s\": must be from 1m to 2h"},
	{FORECAST("horizon: 3h"),
	 "line 3: forecast.horizon: Invalid value: \"3h\": must be from 1m to 2h"},
	{FORECAST("horizon: [1m]"),
	 "line 3: forecast.horizon: got a list: want a duration like 90s, 1h30m or 14d"},
	{FORECAST("leadTime: 0"),
	 "line 3: forecast.leadTime: Invalid value: \"0\": must be from 1s to 2h"},
	{FORECAST("leadTime: 121m"),
	 "line 3: forecast.leadTime: Invalid value: \"121m\": must be from 1s to 2h"},
	{FORECAST("history: 23h"),
	 "line 3: forecast.history: Invalid value: \"23h\": must be from 1d to 35d"},
	{FORECAST("history: 36d"),
	 "line 3: forecast.history: Invalid value: \"36d\": must be from 1d to 35d"},
	{FORECAST("history: Auto"),
	 "line 3: forecast.history: \"Auto\" is not a duration: want parts with the "
	 "units w, d, h, m, s and ms, like 90s, 1h30m or 14d"},
	{FORECAST("seasons: 1d"), "line 3: forecast.seasons: got \"1d\": want Auto or a "
				  "list of durations, like [1d, 7d]"},
	{FORECAST("seasons: [day]"),
	 "line 3: forecast.seasons[0]: \"day\" is not a duration: want parts with "
	 "the units w, d, h, m, s and ms, like 90s, 1h30m or 14d"},
	{FORECAST("seasons: [30m]"), "line 3: forecast.seasons[0]: Invalid value: "
				     "\"30m\": must be from 1h to 17d12h"},
	{FORECAST("seasons: [1d, 24h]"),
	 "line 3: forecast.seasons[1]: Duplicate value: \"24h\""},
	{FORECAST("seasons: [1h, 2h, 3h, 4h, 5h]"),
	 "line 3: forecast.seasons: Too many: 5: must have at most 4 items"},
	{FORECAST("history: 10d, seasons: [1d, 7d]"),
	 "line 3: forecast.seasons: a season of 7d in a history of 10d: must be at most "
	 "half of it"},
	{FORECAST("quantile: 0.49"),
	 "line 3: forecast.quantile: Invalid value: \"0.49\": must be from 0.5 to 0.999"},
	{FORECAST("quantile: 1"),
	 "line 3: forecast.quantile: Invalid value: \"1\": must be from 0.5 to 0.999"},
	{FORECAST("quantile: 95%"),
	 "line 3: forecast.quantile: got \"95%\": want a number from 0.5 to 0.999"},
	{FORECAST("quantile: .nan"),
	 "line 3: forecast.quantile: got \".nan\": want a number from 0.5 to 0.999"},
	{FORECAST("quantile: 0.9.5"),
	 "line 3: forecast.quantile: got \"0.9.5\": want a number from 0.5 to 0.999"},
	{FORECAST("quantile: ''"),
	 "line 3: forecast.quantile: got the text \"\": want a number from 0.5 to 0.999"},
	{FORECAST("quantile: {}"),
	 "line 3: forecast.quantile: got a map: want a number from 0.5 to 0.999"},
	/* What this version lacks. */
	{FORECAST("step: 5m"), "line 3: forecast.step: \"5m\" is not supported by this "
			       "version: only \"Auto\" is"},
	{FORECAST("timeZone: Europe/Paris"),
	 "line 3: forecast.timeZone: \"Europe/Paris\" is not supported by this version: "
	 "only \"UTC\" is"},
	{FORECAST("exclude: [{from: x, to: y}]"),
	 "line 3: forecast.exclude: not supported by this version: remove it"},
	{FORECAST("objective: 99.8%"),
	 "line 3: forecast.objective: not supported by this version: use \"quantile\""},
};

START_TEST(wrong_forecasts_are_refused_with_line_path_and_what_is_allowed)
{
	check_refusal(&refusals[_i]);
}
END_TEST

static const char *const defaults[] = {
	"",
	"forecast: {}\n",
	"forecast: {mode: Auto, models: [LinearRegression, HoltWinters], horizon: Auto, "
	"leadTime: Auto, "
	"history: 2w, seasons: Auto, quantile: 0.95, step: Auto, timeZone: UTC, exclude: "
	"[]}\n",
};

START_TEST(the_defaults_are_those_of_the_header)
{
	AUTO(policy_cleanup) struct policy *p = must_accept(defaults[_i]);
	const struct policy_forecast *f = &p->forecast;
	ck_assert_int_eq(f->mode, FORECAST_AUTO);
	ck_assert_uint_eq(f->models, MODEL_HOLT_WINTERS | MODEL_LINEAR_REGRESSION);
	ck_assert_int_eq(f->horizon_ms, 0);
	ck_assert_int_eq(f->lead_time_ms, 0);
	ck_assert_int_eq(f->history_ms, 14 * MS_PER_DAY);
	ck_assert_double_eq(f->quantile, 0.95);
	ck_assert(f->seasons_auto);
	ck_assert_int_eq(f->season_count, 0);
}
END_TEST

static const struct {
	const char *text;
	enum forecast_mode want;
} modes[] = {
	{"Auto", FORECAST_AUTO},         {"Always", FORECAST_ALWAYS},
	{"Disabled", FORECAST_DISABLED}, {"Off", FORECAST_DISABLED},
	{"\"Off\"", FORECAST_DISABLED},  {"off", FORECAST_DISABLED},
	{"false", FORECAST_DISABLED},
};

START_TEST(off_is_disabled_whatever_yaml_makes_of_it)
{
	AUTO_FREE char *text = xasprintf("forecast: {mode: %s}\n", modes[_i].text);
	AUTO(policy_cleanup) struct policy *p = must_accept(text);
	ck_assert_int_eq(p->forecast.mode, modes[_i].want);
}
END_TEST

START_TEST(all_fields_are_read)
{
	AUTO(policy_cleanup)
	struct policy *p =
		must_accept("forecast:\n  models: [LinearRegression]\n  horizon: 5m\n"
			    "  leadTime: 45s\n  history: 21d\n  seasons: [12h, 1d, 7d]\n"
			    "  quantile: 0.99\n");
	const struct policy_forecast *f = &p->forecast;
	ck_assert_uint_eq(f->models, MODEL_LINEAR_REGRESSION);
	ck_assert_int_eq(f->horizon_ms, 5 * MS_PER_MIN);
	ck_assert_int_eq(f->lead_time_ms, 45 * MS_PER_S);
	ck_assert_int_eq(f->history_ms, 21 * MS_PER_DAY);
	ck_assert(!f->seasons_auto);
	ck_assert_int_eq(f->season_count, 3);
	ck_assert_int_eq(f->seasons_ms[0], 12 * MS_PER_H);
	ck_assert_int_eq(f->seasons_ms[2], 7 * MS_PER_DAY);
	ck_assert_double_eq(f->quantile, 0.99);
}
END_TEST

START_TEST(the_edges_of_all_ranges_are_allowed)
{
	policy_free(must_accept(
		"forecast: {horizon: 1m, leadTime: 1s, history: 1d, quantile: 0.5}\n"));
	policy_free(must_accept("forecast: {horizon: 2h, leadTime: 2h, history: 35d, "
				"quantile: 0.999}\n"));
	policy_free(must_accept("forecast: {seasons: [1h, 2h, 1d, 7d]}\n"));
	policy_free(must_accept("forecast: {history: 35d, seasons: [17d12h]}\n"));
}
END_TEST

START_TEST(no_seasons_can_be_asked_for)
{
	AUTO(policy_cleanup) struct policy *p = must_accept("forecast: {seasons: []}\n");
	ck_assert(!p->forecast.seasons_auto);
	ck_assert_int_eq(p->forecast.season_count, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy_forecast");
	TCase *tcase = tcase_create("policy_forecast");
	tcase_add_loop_test(
		tcase, wrong_forecasts_are_refused_with_line_path_and_what_is_allowed, 0,
		ARRAY_LEN(refusals));
	tcase_add_loop_test(tcase, the_defaults_are_those_of_the_header, 0,
			    ARRAY_LEN(defaults));
	tcase_add_loop_test(tcase, off_is_disabled_whatever_yaml_makes_of_it, 0,
			    ARRAY_LEN(modes));
	tcase_add_test(tcase, all_fields_are_read);
	tcase_add_test(tcase, the_edges_of_all_ranges_are_allowed);
	tcase_add_test(tcase, no_seasons_can_be_asked_for);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
