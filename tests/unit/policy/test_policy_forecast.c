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
	{FORECAST("seasons: [1d, 12h]"),
	 "line 3: forecast.seasons[1]: Unsupported value: \"12h\": supported values: "
	 "\"1d\", \"7d\""},
	{FORECAST("seasons: [7d]"), "line 3: forecast.seasons: "
				    "a week needs the day beside it: [1d, 7d]"},
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
	{FORECAST("objective: 99.8"), "line 3: forecast.objective: Invalid value: "
				      "\"99.8\": must be more than 90% and less than "
				      "100%"},
	{FORECAST("objective: 100%"), "line 3: forecast.objective: Invalid value: "
				      "\"100%\": must be more than 90% and less than "
				      "100%"},
	{FORECAST("objective: 0.9"), "line 3: forecast.objective: Invalid value: "
				     "\"0.9\": must be more than 90% and less than 100%"},
	{FORECAST("objective: high"), "line 3: forecast.objective: got \"high\": want a "
				      "share of the load, like 99.8% or 0.998"},
	{FORECAST("objective: '%'"), "line 3: forecast.objective: got the text \"%\": "
				     "want a share of the load, like 99.8% or 0.998"},
	{FORECAST("objective: 9e1%"), "line 3: forecast.objective: got \"9e1%\": want a "
				      "share of the load, like 99.8% or 0.998"},
	{FORECAST("objective: 99%%"), "line 3: forecast.objective: got \"99%%\": want a "
				      "share of the load, like 99.8% or 0.998"},
	{FORECAST("objective: 9.9.8%"), "line 3: forecast.objective: got \"9.9.8%\": "
					"want a share of the load, like 99.8% or 0.998"},
	{FORECAST("objective: [99%]"), "line 3: forecast.objective: got a list: want a "
				       "share of the load, like 99.8% or 0.998"},
	{FORECAST("quantile: 0.95, objective: 99.8%"),
	 "line 3: forecast.objective: Forbidden: may not set both a quantile and an "
	 "objective"},
	{FORECAST("step: 59s"),
	 "line 3: forecast.step: Invalid value: \"59s\": must be from 1m to 1h"},
	{FORECAST("step: 61m"),
	 "line 3: forecast.step: Invalid value: \"61m\": must be from 1m to 1h"},
	{FORECAST("step: 7m"),
	 "line 3: forecast.step: Invalid value: \"7m\": must divide "
	 "an hour, like 1m, 5m or 15m"},
	{FORECAST("step: 5m"),
	 "line 3: forecast.step: Unsupported value: \"5m\": supported values: \"Auto\", "
	 "\"1m\": models know minutes only"},
	{FORECAST("step: auto"),
	 "line 3: forecast.step: \"auto\" is not a duration: want parts with the units "
	 "w, d, h, m, s and ms, like 90s, 1h30m or 14d"},
	{FORECAST("timeZone: 1"), "line 3: forecast.timeZone: Invalid value: \"1\": must "
				  "be the name of a time zone, like Europe/Paris"},
	{FORECAST("timeZone: ../etc/passwd"), "line 3: forecast.timeZone: Invalid value: "
					      "\"../etc/passwd\": must be the name of "
					      "a time zone, like Europe/Paris"},
	{FORECAST("timeZone: ''"), "line 3: forecast.timeZone: Invalid value: \"\": must "
				   "be the name of a time zone, like Europe/Paris"},
	{FORECAST("timeZone: {a: b}"), "line 3: forecast.timeZone: got a map: want the "
				       "name of a time zone, like Europe/Paris"},
	{FORECAST("exclude: {from: x}"),
	 "line 3: forecast.exclude: got a map: want a list"},
	{FORECAST("exclude: [today]"),
	 "line 3: forecast.exclude[0]: got \"today\": want a map of fields"},
	{FORECAST("exclude: [{from: 2026-11-27, to: 2026-11-28T00:00:00Z}]"),
	 "line 3: forecast.exclude[0].from: \"2026-11-27\" is not an RFC 3339 time: want "
	 "the form 2026-11-27T00:00:00Z"},
	{FORECAST("exclude: [{from: 2026-11-27T00:00:00Z}]"),
	 "line 3: forecast.exclude[0].to: Required value: a time like "
	 "2026-11-27T00:00:00Z"},
	{FORECAST("exclude: [{from: '', to: 2026-11-27T00:00:00Z}]"),
	 "line 3: forecast.exclude[0].from: Required value: a time like "
	 "2026-11-27T00:00:00Z"},
	{FORECAST("exclude: [{from: 2026-11-27T01:00:00+01:00, to: "
		  "2026-11-27T00:00:00Z}]"),
	 "line 3: forecast.exclude[0].to: Invalid value: \"2026-11-27T00:00:00Z\": must "
	 "be "
	 "after `from`"},
	{FORECAST("exclude: [{from: [1], to: 2026-11-27T00:00:00Z}]"),
	 "line 3: forecast.exclude[0].from: got a list: want a time like "
	 "2026-11-27T00:00:00Z"},
	{FORECAST("exclude: [{from: 2026-11-27T00:00:00Z, to: 2026-11-28T00:00:00Z, why: "
		  "sale}]"),
	 "line 3: forecast.exclude[0]: unknown field \"why\": allowed: from, to"},
	{FORECAST("maxOverReactive: 0.9"),
	 "line 3: forecast.maxOverReactive: Invalid value: \"0.9\": must be from 1 to "
	 "100"},
	{FORECAST("maxOverReactive: 101"),
	 "line 3: forecast.maxOverReactive: Invalid value: \"101\": must be from 1 to "
	 "100"},
	{FORECAST("maxOverReactive: 2x"),
	 "line 3: forecast.maxOverReactive: got \"2x\": want a number from 1 to 100"},
	{FORECAST("maxOverReactive: 0x2"),
	 "line 3: forecast.maxOverReactive: got \"0x2\": want a number from 1 to 100"},
	{FORECAST("maxOverReactive: 1e999"),
	 "line 3: forecast.maxOverReactive: got \"1e999\": want a number from 1 to 100"},
	{FORECAST("maxOverReactive: 010"),
	 "line 3: forecast.maxOverReactive: got \"010\": want a number from 1 to 100"},
	{FORECAST("release: 1"),
	 "line 3: forecast.release: got \"1\": want true or false"},
	{FORECAST("release: \"false\""),
	 "line 3: forecast.release: got the text \"false\": want true or false"},
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
	"[], maxOverReactive: 2, release: true}\n",
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
	ck_assert(f->objective == 0);
	ck_assert_int_eq(f->step_ms, 0);
	ck_assert_str_eq(f->time_zone, "UTC");
	ck_assert_int_eq(f->exclude_count, 0);
	ck_assert_double_eq(f->max_over_reactive, 2);
	ck_assert(f->release);
	ck_assert_int_eq(f->written, _i > 0);
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
			    "  leadTime: 45s\n  history: 21d\n  seasons: [7d, 24h]\n"
			    "  quantile: 0.99\n");
	const struct policy_forecast *f = &p->forecast;
	ck_assert_uint_eq(f->models, MODEL_LINEAR_REGRESSION);
	ck_assert_int_eq(f->horizon_ms, 5 * MS_PER_MIN);
	ck_assert_int_eq(f->lead_time_ms, 45 * MS_PER_S);
	ck_assert_int_eq(f->history_ms, 21 * MS_PER_DAY);
	ck_assert(!f->seasons_auto);
	ck_assert_int_eq(f->season_count, 2);
	ck_assert_int_eq(f->seasons_ms[0], 7 * MS_PER_DAY);
	ck_assert_int_eq(f->seasons_ms[1], MS_PER_DAY);
	ck_assert_double_eq(f->quantile, 0.99);
}
END_TEST

START_TEST(the_fields_of_a_calendar_are_read)
{
	AUTO(policy_cleanup)
	struct policy *p = must_accept(
		"forecast:\n  objective: 99.8%\n  step: 1m\n  timeZone: Europe/Paris\n"
		"  exclude:\n  - {from: 2026-11-27T00:00:00Z, to: 2026-11-28T00:00:00Z}\n"
		"  - from: \"2026-12-24T00:00:00.5+01:00\"\n"
		"    to: 2026-12-27T00:00:00+01:00\n"
		"  maxOverReactive: 1.5\n  release: false\n");
	const struct policy_forecast *f = &p->forecast;
	ck_assert(f->objective == 0.998); /* to the last bit */
	ck_assert_int_eq(f->step_ms, MS_PER_MIN);
	ck_assert_str_eq(f->time_zone, "Europe/Paris");
	ck_assert_int_eq(f->exclude_count, 2);
	ck_assert_int_eq(f->excludes[0].from_ms, INT64_C(1795737600000));
	ck_assert_int_eq(f->excludes[0].to_ms, INT64_C(1795824000000));
	ck_assert_int_eq(f->excludes[1].from_ms, INT64_C(1798066800500));
	ck_assert_double_eq(f->max_over_reactive, 1.5);
	ck_assert(!f->release);
	ck_assert(f->written);
}
END_TEST

static const struct {
	const char *text;
	double want;
} objectives[] = {
	{"0.998", 0.998},       {"\"99.9%\"", 0.999}, {"99.95%", 0.9995},
	{"90.0001%", 0.900001}, {"9.5e-1", 0.95},     {"'0.99'", 0.99},
};

START_TEST(an_objective_is_a_share_or_a_percentage)
{
	AUTO_FREE char *text =
		xasprintf("forecast: {objective: %s}\n", objectives[_i].text);
	AUTO(policy_cleanup) struct policy *p = must_accept(text);
	ck_assert(p->forecast.objective == objectives[_i].want);
	ck_assert_double_eq(p->forecast.quantile, 0.95);
}
END_TEST

START_TEST(excluded_windows_have_a_limit)
{
	struct str text;
	str_init(&text, 1 << 14);
	str_puts(&text, "forecast:\n  exclude:\n");
	for (int i = 0; i < POLICY_EXCLUDES_MAX; i++)
		str_puts(&text,
			 "  - {from: 2026-11-27T00:00:00Z, to: 2026-11-28T00:00:00Z}\n");
	AUTO(policy_cleanup) struct policy *p = must_accept(str_text(&text));
	ck_assert_int_eq(p->forecast.exclude_count, POLICY_EXCLUDES_MAX);
	str_puts(&text, "  - {from: 2026-11-27T00:00:00Z, to: 2026-11-28T00:00:00Z}\n");
	check_refusal(&(struct refusal){
		str_text(&text),
		"line 4: forecast.exclude: Too many: 33: must have at most 32 items"});
	str_fini(&text);
}
END_TEST

START_TEST(the_edges_of_all_ranges_are_allowed)
{
	policy_free(must_accept(
		"forecast: {horizon: 1m, leadTime: 1s, history: 1d, quantile: 0.5}\n"));
	policy_free(must_accept("forecast: {horizon: 2h, leadTime: 2h, history: 35d, "
				"quantile: 0.999}\n"));
	policy_free(must_accept("forecast: {step: 1m, maxOverReactive: 1}\n"));
	policy_free(must_accept("forecast: {step: 60s, maxOverReactive: 100}\n"));
	policy_free(must_accept("forecast: {seasons: [1d, 7d]}\n"));
	policy_free(must_accept("forecast: {history: 2d, seasons: [1d]}\n"));
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
	tcase_add_test(tcase, the_fields_of_a_calendar_are_read);
	tcase_add_loop_test(tcase, an_objective_is_a_share_or_a_percentage, 0,
			    ARRAY_LEN(objectives));
	tcase_add_test(tcase, excluded_windows_have_a_limit);
	tcase_add_test(tcase, no_seasons_can_be_asked_for);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
