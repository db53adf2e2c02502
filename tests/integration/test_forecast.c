/* `foretop forecast` as a user calls it: tables and queries in, forecasts out, and what
 * it says of bad input. */
#include "integration/bed.h"

#include <string.h>

#define START_S   1760000400 /* a full hour */
#define HOURS     (21 * 24)
#define AT_S      (START_S + 14 * 24 * 3600)
#define ROWS_MAX  64
#define PERIOD_H  24
#define MEAN      100.0
#define AMPLITUDE 60.0

static struct bed *b;
static char table[BED_PATH + 16];

static double load_at(int64_t unix_s)
{
	return MEAN + AMPLITUDE * sin(2 * M_PI * (double)unix_s / 3600 / PERIOD_H);
}

/* A day's wave by the hour with a little seeded noise, and a second column. */
static void write_table(int hours, const char *last_line)
{
	struct str text AUTO(str_fini);
	struct rng rng;
	str_init(&text, 1 << 20);
	rng_init(&rng, 7);
	str_puts(&text, "unix_seconds,web,flat\n");
	for (int h = 0; h < hours; h++) {
		int64_t t = START_S + 3600LL * h;
		str_printf(&text, "%lld,%.6f,5\n", (long long)t,
			   load_at(t) + rng_normal(&rng));
	}
	str_puts(&text, last_line);
	bed_write_file(table, str_text(&text));
}

/* Twenty-four days of noise, with a day's wave on some of them. */
static void write_wave(int from_day, int to_day)
{
	struct str text AUTO(str_fini);
	struct rng rng;
	str_init(&text, 1 << 20);
	rng_init(&rng, 11);
	str_puts(&text, "unix_seconds,web\n");
	for (int h = 0; h < 24 * 24; h++) {
		int64_t t = START_S + 3600LL * h;
		bool wave = h >= from_day * 24 && h < to_day * 24;
		str_printf(&text, "%lld,%.6f\n", (long long)t,
			   (wave ? load_at(t) : MEAN) + 10 * rng_normal(&rng));
	}
	bed_write_file(table, str_text(&text));
}

static void setup(void)
{
	const char *const names[] = {"cart"};
	b = bed_open(names, 1);
	snprintf(table, sizeof(table), "%s/load.csv", b->folder);
	write_table(HOURS, "");
}

static void teardown(void)
{
	bed_close(b);
}

#define CALL(...) bed_command(b, "forecast", (const char *const[]){__VA_ARGS__, NULL})

struct row {
	double unix_s, mean, lower, upper;
};

static int read_rows(const char *csv, struct row *ret_rows)
{
	int n = 0;
	ck_assert_msg(strncmp(csv, "unix_seconds,mean,lower,upper\n", 30) == 0, "%s",
		      csv);
	for (csv = strchr(csv, '\n') + 1; *csv; csv = strchr(csv, '\n') + 1, n++) {
		struct row *r = &ret_rows[n];
		ck_assert_int_lt(n, ROWS_MAX);
		ck_assert_int_eq(sscanf(csv, "%lf,%lf,%lf,%lf\n", &r->unix_s, &r->mean,
					&r->lower, &r->upper),
				 4);
	}
	return n;
}

START_TEST(a_table_is_forecast_hour_by_hour)
{
	struct row rows[ROWS_MAX];
	ck_assert_int_eq(CALL("--input", table, "--column", "web", "--horizon", "24h",
			      "-o", "csv"),
			 0);
	char *csv AUTO_FREE = bed_output(b);
	ck_assert_int_eq(read_rows(csv, rows), 24);
	for (int i = 0; i < 24; i++) {
		int64_t t = START_S + 3600LL * (HOURS + i);
		ck_near(rows[i].unix_s, (double)t, 0);
		/* the noise has a deviation of 1 */
		ck_near(rows[i].mean, load_at(t), 4);
		ck_assert(rows[i].lower < rows[i].mean && rows[i].mean < rows[i].upper);
		ck_assert(rows[i].upper - rows[i].lower < 2 * AMPLITUDE);
	}
}
END_TEST

START_TEST(nothing_behind_at_changes_a_forecast)
{
	char at[32];
	snprintf(at, sizeof(at), "%d", AT_S);
	ck_assert_int_eq(
		CALL("--input", table, "--column", "web", "--at", at, "-o", "csv"), 0);
	char *whole AUTO_FREE = bed_output(b);
	write_table(14 * 24 + 1, "");
	ck_assert_int_eq(CALL("--input", table, "--column", "web", "-o", "csv"), 0);
	char *cut AUTO_FREE = bed_output(b);
	ck_assert(strlen(cut) > 500);
	ck_assert_str_eq(whole, cut);
}
END_TEST

START_TEST(the_table_says_what_the_forecast_rests_on)
{
	ck_assert_int_eq(
		CALL("--input", table, "--column", "web", "--levels", "0.8,0.95"), 0);
	char *text AUTO_FREE = bed_output(b);
	static const char *const parts[] = {"web\n",
					    "season: 24 h, explains",
					    "504 values every 1h over 21d",
					    "LOWER 80%",
					    "LOWER 95%",
					    "linear regression",
					    "better than the best baseline",
					    "# history"};
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		ck_assert_msg(strstr(text, parts[i]) != NULL, "no \"%s\" in\n%s",
			      parts[i], text);
}
END_TEST

START_TEST(json_and_svg_are_whole_documents)
{
	struct err err = {0};
	ck_assert_int_eq(CALL("--input", table, "--column", "web", "-o", "json"), 0);
	char *text AUTO_FREE = bed_output(b);
	cJSON *json AUTO(json_cleanup) = json_parse(text, strlen(text) - 1, &err);
	ck_assert_msg(json != NULL, "%s", err.msg);
	ck_assert_int_eq(cJSON_GetArraySize(json_at(json, "forecast")), 24);
	ck_assert_int_eq(json_int(json, "stepSeconds", 0), 3600);
	ck_assert_int_gt(cJSON_GetArraySize(json_at(json, "knots")), 2);
	ck_assert_int_eq(CALL("--input", table, "--column", "web", "-o", "svg"), 0);
	char *svg AUTO_FREE = bed_output(b);
	ck_assert(strncmp(svg, "<svg ", 5) == 0);
	ck_assert_str_eq(svg + strlen(svg) - 7, "</svg>\n");
}
END_TEST

START_TEST(a_backtest_writes_what_would_have_been_said)
{
	char last[64];
	ck_assert_int_eq(CALL("--input", table, "--column", "web", "--backtest",
			      "--origins", "3", "--horizon", "4h", "-o", "csv"),
			 0);
	char *csv AUTO_FREE = bed_output(b);
	int rows = 0;
	for (const char *c = csv; *c; c++)
		rows += *c == '\n';
	ck_assert_int_eq(rows, 1 + 3 * 4);
	ck_assert(strncmp(csv, "origin,unix_seconds,horizon_s,mean,lower,upper\n", 47) ==
		  0);
	/* the last origin leaves just the horizon behind it */
	snprintf(last, sizeof(last), "\n%lld,%lld,3600,",
		 (long long)START_S + 3600LL * (HOURS - 5),
		 (long long)START_S + 3600LL * (HOURS - 4));
	ck_assert_msg(strstr(csv, last) != NULL, "no %s in\n%s", last, csv);
	ck_assert_int_eq(CALL("--input", table, "--column", "web", "--backtest"), 0);
	char *text AUTO_FREE = bed_output(b);
	ck_assert(strstr(text, "20 forecasts from earlier moments") != NULL);
}
END_TEST

/* The rows of one origin, as a forecast of that moment writes them. */
static void take_origin(const char *csv, int64_t origin_s, struct str *out)
{
	long long from, to, horizon_s;
	int at;
	str_puts(out, "unix_seconds,mean,lower,upper\n");
	for (csv = strchr(csv, '\n') + 1; *csv; csv = strchr(csv, '\n') + 1) {
		ck_assert_int_eq(
			sscanf(csv, "%lld,%lld,%lld,%n", &from, &to, &horizon_s, &at), 3);
		if (from == origin_s)
			str_printf(out, "%lld,%.*s", to,
				   (int)(strchr(csv, '\n') + 1 - csv - at), csv + at);
	}
}

/* The wave is not known at the first of them, in the middle. */
START_TEST(a_backtest_knows_no_season_of_later_days)
{
	static const int hours[] = {12 * 24 - 1, 24 * 24 - 5};
	write_wave(12, 24);
	ck_assert_int_eq(CALL("--input", table, "--backtest", "--origins", "2",
			      "--horizon", "4h", "-o", "csv"),
			 0);
	char *csv AUTO_FREE = bed_output(b);
	for (size_t i = 0; i < ARRAY_LEN(hours); i++) {
		struct str rows AUTO(str_fini);
		char at[32];
		int64_t origin_s = START_S + 3600LL * hours[i];
		str_init(&rows, 1 << 16);
		take_origin(csv, origin_s, &rows);
		snprintf(at, sizeof(at), "%lld", (long long)origin_s);
		ck_assert_int_eq(CALL("--input", table, "--at", at, "--horizon", "4h",
				      "-o", "csv"),
				 0);
		char *then AUTO_FREE = bed_output(b);
		ck_assert_str_eq(str_text(&rows), then);
	}
}
END_TEST

static void assert_season(const char *text)
{
	ck_assert_int_eq(CALL("--input", table), 0);
	char *out AUTO_FREE = bed_output(b);
	ck_assert_msg(strstr(out, text) != NULL, "no \"%s\" in\n%s", text, out);
}

START_TEST(a_season_is_one_that_holds_at_the_end)
{
	write_wave(0, 24);
	assert_season("season: 24 h");
	write_wave(12, 24);
	assert_season("season: 24 h");
	write_wave(0, 16);
	assert_season("season: none");
}
END_TEST

START_TEST(a_query_is_forecast_too)
{
	bed_demand(b, "cart", 430);
	char *sources AUTO_FREE = bed_source(b, "default", promapi_url(b->prom));
	bed_write_config(b, sources, NULL);
	char *query AUTO_FREE = served_requests_query("shop", "cart");
	ck_assert_int_eq(CALL("--query", query, "--config", b->config, "--history", "2d",
			      "--horizon", "30m", "-o", "csv"),
			 0);
	char *csv AUTO_FREE = bed_output(b);
	struct row rows[ROWS_MAX];
	ck_assert_int_eq(read_rows(csv, rows), 30);
	ck_near(rows[0].mean, 430, 1);
}
END_TEST

START_TEST(bad_input_is_refused_with_its_place)
{
	static const struct {
		const char *flags[6];
		int exit_code;
		const char *says;
	} rows[] = {
		{{"--input", "{TABLE}", "--column", "web"},
		 1,
		 "load.csv:506:12: not a value: \"4x\""},
		{{"--input", "{TABLE}", "--column", "db"},
		 1,
		 "load.csv:1:1: no column \"db\" in the header line"},
		{{"--input", "/nowhere.csv"}, 1, "/nowhere.csv: No such file"},
		{{"--input", "{TABLE}", "--levels", "95"},
		 2,
		 "--levels: \"95\": allowed are shares between 0 and 1"},
		{{"--input", "{TABLE}", "--step", "soon"}, 2, "--step: "},
		{{"--input", "{TABLE}", "--column", "flat", "--horizon", "900d"},
		 1,
		 "--horizon 900d: allowed are 1 to 10080 steps of 1h"},
		{{"--input", "{TABLE}", "--query", "up"}, 2, "one is needed: a policy"},
		{{"--query", "up"}, 2, "--query needs --prometheus-url or --config"},
		{{"--query", "up", "--prometheus-url", "http://127.0.0.1:1"},
		 1,
		 "refused"},
		{{"--verbose"}, 2, "unknown flag --verbose"},
	};
	write_table(HOURS, _i < 2 ? "1761820000,4x,5\n" : "");
	const char *flags[7] = {NULL};
	for (int i = 0; i < 6 && rows[_i].flags[i]; i++)
		flags[i] =
			strcmp(rows[_i].flags[i], "{TABLE}") ? rows[_i].flags[i] : table;
	int code = bed_command(b, "forecast", flags);
	char *log AUTO_FREE = bed_text(b->first.log);
	char *out AUTO_FREE = bed_text(b->first.out);
	ck_assert_msg(strstr(log, rows[_i].says) != NULL, "no \"%s\" in\n%s",
		      rows[_i].says, log);
	ck_assert_int_eq(code, rows[_i].exit_code);
	ck_assert_str_eq(out, "");
}
END_TEST

int main(void)
{
	TCase *tc = bed_lane("forecasts", setup, teardown);
	tcase_add_test(tc, a_table_is_forecast_hour_by_hour);
	tcase_add_test(tc, nothing_behind_at_changes_a_forecast);
	tcase_add_test(tc, the_table_says_what_the_forecast_rests_on);
	tcase_add_test(tc, json_and_svg_are_whole_documents);
	tcase_add_test(tc, a_backtest_writes_what_would_have_been_said);
	tcase_add_test(tc, a_backtest_knows_no_season_of_later_days);
	tcase_add_test(tc, a_season_is_one_that_holds_at_the_end);
	tcase_add_test(tc, a_query_is_forecast_too);
	tc = bed_lane("bad input", setup, teardown);
	tcase_add_loop_test(tc, bad_input_is_refused_with_its_place, 0, 10);
	return bed_run();
}
