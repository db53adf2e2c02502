/* `foretop simulate` as a user calls it: a policy and a load in, a table, JSON and a run
 * out whose score anyone can compute again, and what it says of bad input. */
#include "integration/bed.h"

#include <string.h>
#include <sys/wait.h>

#define START_S 1768780800 /* 2026-01-19T00:00:00Z, a Monday */
#define MINUTES (3 * 1440)
#define POLICY  POLICY_UP_TO("60")
#define POLICY_UP_TO(max)                                                                \
	"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: cart}\n"          \
	"mode: Scale\nminReplicas: 1\nmaxReplicas: " max "\nmetrics:\n"                  \
	"- {type: External, external: {metric: {name: requests}, target: {type: "        \
	"AverageValue, averageValue: \"70\"}}, query: sum(requests), forecast: "         \
	"{target: \"95\", reactiveTarget: \"120\"}}\n"                                   \
	"forecast: {mode: Always, leadTime: 3m}\n"
#define CPU_POLICY                                                                       \
	"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: cart}\n"          \
	"maxReplicas: 60\nmetrics:\n- {type: Resource, resource: {name: cpu, target: "   \
	"{type: Utilization, averageUtilization: 70}}}\n"

static struct bed *b;
static char table[BED_PATH + 16], policy[BED_PATH + 16], run_file[BED_PATH + 16];
static char page[BED_PATH + 16];
static char huge[BED_PATH + 16]; /* a policy without a bound to speak of */

static void write_table(int minutes, const char *last_line)
{
	const struct shop_config config = {.start_ms = START_S * MS_PER_S,
					   .step_ms = MS_PER_MIN,
					   .count = MINUTES,
					   .peak = 1000,
					   .noise = 0.03,
					   .seed = 5};
	struct trace *shop AUTO(trace_cleanup) = trace_shop(&config);
	struct str text AUTO(str_fini);
	str_init(&text, 1 << 20);
	str_puts(&text, "unix_seconds,web,flat\n");
	for (int i = 0; i < minutes; i++)
		str_printf(&text, "%d,%.6f,0\n", START_S + 60 * i, shop->values[i]);
	str_puts(&text, last_line);
	bed_write_file(table, str_text(&text));
}

static void setup(void)
{
	const char *const names[] = {"cart"};
	b = bed_open(names, 1);
	snprintf(table, sizeof(table), "%s/load.csv", b->folder);
	snprintf(policy, sizeof(policy), "%s/policy.yaml", b->folder);
	snprintf(run_file, sizeof(run_file), "%s/run.csv", b->folder);
	snprintf(page, sizeof(page), "%s/page.html", b->folder);
	snprintf(huge, sizeof(huge), "%s/huge.yaml", b->folder);
	write_table(MINUTES, "");
	bed_write_file(policy, POLICY);
	bed_write_file(huge, POLICY_UP_TO("1000000"));
}

static void teardown(void)
{
	bed_close(b);
}

#define CALL(...) bed_command(b, "simulate", (const char *const[]){__VA_ARGS__, NULL})
#define USUAL     "-f", policy, "--trace", table, "--column", "web", "--capacity", "100"

static cJSON *json_output(void)
{
	struct err err = {0};
	char *text AUTO_FREE = bed_output(b);
	cJSON *json = json_parse(text, strlen(text) - 1, &err);
	ck_assert_msg(json != NULL, "%s", err.msg);
	return json;
}

static double number(const cJSON *json, const char *path)
{
	const cJSON *item = json_at(json, path);
	ck_assert_msg(cJSON_IsNumber(item), "no number %s", path);
	return item->valuedouble;
}

START_TEST(the_table_shows_all_who_ran_and_a_plain_sentence)
{
	static const char *const parts[] = {
		"web: 4320 steps of 1m from 2026-01-19T00:00:00Z to "
		"2026-01-22T00:00:00Z, 0 missing\n",
		"judged from 2026-01-20T12:00:00Z on: 1d12h\n",
		"a pod serves 100 and is Ready 3m after its creation; target 70, "
		"forecast.target 95, reactiveTarget 120\n",
		"POD-HOURS   UNSERVED  MINUTES SHORT   WRITES  LARGEST STEP\n",
		"\nforetop  ",
		"\nforetop, forecasting off  ",
		"\nHPA's rules at the target  ",
		"\nfixed size of 1",
		"\nperfect forecast  ",
		"within 5 min (lead time 3m, measured), was trusted in 100.0 %",
		"\nAgainst the HPA's rules at the policy's target: ",
	};
	ck_assert_int_eq(CALL(USUAL), 0);
	char *text AUTO_FREE = bed_output(b);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		ck_assert_msg(strstr(text, parts[i]) != NULL, "no \"%s\" in\n%s",
			      parts[i], text);
}
END_TEST

struct score {
	double pod_h, unserved, minutes;
	int actions, largest_step, decisions, fixed;
	double fixed_h;
};

/* By a program that has nothing of ours; false: there is no Python here. */
static bool score_run(struct score *ret)
{
	char *command AUTO_FREE = xasprintf(
		"python3 tests/peers/score_run.py '%s' 100 2>/dev/null", run_file);
	FILE *pipe = popen(command, "r");
	ck_assert(pipe != NULL);
	int fields =
		fscanf(pipe, "%lf %lf %lf %d %d %d %d %lf", &ret->pod_h, &ret->unserved,
		       &ret->minutes, &ret->actions, &ret->largest_step, &ret->decisions,
		       &ret->fixed, &ret->fixed_h);
	int code = pclose(pipe);
	if (WIFEXITED(code) && WEXITSTATUS(code) == 127) {
		printf("skipped: the_run_alone_gives_the_score_again: no python3\n");
		return false;
	}
	ck_assert_int_eq(fields, 8);
	return true;
}

START_TEST(the_run_alone_gives_the_score_again)
{
	static const char *const leads[] = {"180s", "100s"};
	ck_assert_int_eq(
		CALL(USUAL, "--out", run_file, "-o", "json", "--lead", leads[_i]), 0);
	cJSON *json AUTO(json_cleanup) = json_output();
	char *csv AUTO_FREE = bed_text(run_file);
	ck_assert(strncmp(csv,
			  "unix_seconds,demand,ready,pods,desired,reactive,forecast,"
			  "upper,reason\n1768910400,",
			  80) == 0);
	struct score s;
	if (score_run(&s)) {
		ck_near(number(json, "results.foretop.podHours"), s.pod_h, 1e-6);
		ck_near(number(json, "results.foretop.unservedRatio"), s.unserved, 1e-9);
		ck_near(number(json, "results.foretop.minutesShort"), s.minutes, 1e-5);
		ck_near(number(json, "results.foretop.writes"), s.actions, 0);
		ck_assert_int_gt(s.actions, 5);
		ck_near(number(json, "results.foretop.largestStep"), s.largest_step, 0);
		/* The one at the start is part of what stands there. */
		ck_near(number(json, "forecast.decisions"), s.decisions - 1, 0);
		ck_near(number(json, "results.fixed.replicas"), s.fixed, 0);
		ck_near(number(json, "results.fixed.podHours"), s.fixed_h, 1e-6);
	}
	/* No commas but those between the nine fields. */
	int commas = 0, lines = 0;
	for (const char *c = csv; *c; c++) {
		commas += *c == ',';
		lines += *c == '\n';
	}
	ck_assert_int_ge(lines, 36 * 240 + 1);
	ck_assert_int_eq(commas, 8 * lines);
}
END_TEST

START_TEST(the_same_input_gives_the_same_bytes)
{
	ck_assert_int_eq(CALL(USUAL, "--out", run_file), 0);
	char *text AUTO_FREE = bed_output(b), *run AUTO_FREE = bed_text(run_file);
	ck_assert_int_eq(CALL(USUAL, "--out", run_file), 0);
	char *text2 AUTO_FREE = bed_output(b), *run2 AUTO_FREE = bed_text(run_file);
	ck_assert_str_eq(text, text2);
	ck_assert_str_eq(run, run2);
}
END_TEST

START_TEST(peak_pods_scale_the_load_and_start_bounds_what_counts)
{
	ck_assert_int_eq(CALL(USUAL, "--peak-pods", "20", "--start",
			      "2026-01-21T00:00:00Z", "-o", "json"),
			 0);
	cJSON *json AUTO(json_cleanup) = json_output();
	ck_assert_str_eq(json_str(json, "start", ""), "2026-01-21T00:00:00Z");
	ck_near(number(json, "results.fixed.podHours"),
		24 * number(json, "results.fixed.replicas"), 1e-6);
	ck_near(number(json, "results.fixed.replicas"), 20, 2);
	ck_near(number(json, "capacity"), 100, 0);
	ck_near(number(json, "forecast.leadSeconds"), 180, 0);
	ck_assert(strlen(json_str(json, "verdict", "")) > 40);
}
END_TEST

START_TEST(a_cpu_policy_needs_a_capacity_and_runs_with_one)
{
	bed_write_file(policy, CPU_POLICY);
	ck_assert_int_eq(CALL("-f", policy, "--trace", table), 1);
	char *log AUTO_FREE = bed_text(b->first.log);
	ck_assert_msg(strstr(log, "--capacity is needed: metrics[0] (cpu)") != NULL, "%s",
		      log);
	ck_assert_int_eq(CALL(USUAL, "-o", "json"), 0);
	cJSON *json AUTO(json_cleanup) = json_output();
	ck_near(number(json, "target"), 70, 1e-9);
	ck_assert_str_eq(cJSON_GetArrayItem(json_at(json, "notes"), 0)->valuestring,
			 "mode Recommend is taken as Scale");
	ck_assert(number(json, "results.foretop.podHours") <
		  number(json, "results.fixed.podHours"));
}
END_TEST

START_TEST(a_load_beyond_the_policys_maximum_is_told)
{
	bed_write_file(policy, POLICY_UP_TO("5"));
	ck_assert_int_eq(CALL(USUAL), 0);
	char *text AUTO_FREE = bed_output(b);
	ck_assert_msg(strstr(text, "\nnote: the load's peak of 1") != NULL, "%s", text);
	ck_assert_msg(strstr(text, " pods, maxReplicas allows 5\n") != NULL, "%s", text);
}
END_TEST

START_TEST(what_a_load_and_a_plan_leave_doubtful_is_told)
{
	struct str odd AUTO(str_fini);
	str_init(&odd, 1 << 20);
	for (int m = 0; m < 600; m++)
		str_printf(&odd, "%d,%s\n", 1768780800 + 60 * m, m == 7 ? "-3" : "400");
	bed_write_file(table, str_text(&odd));
	ck_assert_int_eq(CALL("-f", policy, "--trace", table, "--capacity", "50"), 0);
	char *text AUTO_FREE = bed_output(b);
	ck_assert_msg(strstr(text,
			     "\nnote: 1 of 600 values are below 0 and taken as 0 (-3 at "
			     "2026-01-19T00:07:00Z)\n") != NULL,
		      "%s", text);
	ck_assert_msg(strstr(text, " is more than the 50 that a pod serves\n") != NULL,
		      "%s", text);
	ck_assert(strstr(text, "without --capacity") == NULL);
	ck_assert_int_eq(CALL("-f", policy, "--trace", table), 0);
	char *usual AUTO_FREE = bed_output(b);
	ck_assert_msg(strstr(usual, "\nnote: without --capacity a pod is taken") != NULL,
		      "%s", usual);
}
END_TEST

START_TEST(a_load_that_is_none_is_refused)
{
	static const struct {
		const char *value, *says;
	} rows[] = {
		{"", "load.csv: 600 values, and not one of them known"},
		{"NaN", "load.csv: 600 values, and not one of them known"},
		{"1e308",
		 "load.csv: 1e+308 at 2026-01-19T00:00:00Z: at most 1e+15 is allowed"},
		{NULL, "load.csv: one value alone: two are the least"},
	};
	struct str odd AUTO(str_fini);
	str_init(&odd, 1 << 20);
	for (int m = 0; m < (rows[_i].value ? 600 : 1); m++)
		str_printf(&odd, "%d,%s\n", 1768780800 + 60 * m,
			   rows[_i].value ? rows[_i].value : "4");
	bed_write_file(table, str_text(&odd));
	ck_assert_int_eq(CALL("-f", policy, "--trace", table), 1);
	char *log AUTO_FREE = bed_text(b->first.log);
	ck_assert_msg(strstr(log, rows[_i].says) != NULL, "%s", log);
}
END_TEST

START_TEST(a_query_is_replayed_too)
{
	bed_demand(b, "cart", 430);
	char *sources AUTO_FREE = bed_source(b, "default", promapi_url(b->prom));
	bed_write_config(b, sources, NULL);
	char *query AUTO_FREE = served_requests_query("shop", "cart");
	ck_assert_int_eq(CALL("-f", policy, "--query", query, "--config", b->config,
			      "--history", "8h", "-o", "json"),
			 0);
	cJSON *json AUTO(json_cleanup) = json_output();
	ck_near(number(json, "trace.stepSeconds"), 60, 0);
	ck_near(number(json, "trace.steps"), 481, 1);
	/* What a pod serves is the target: 430 / 70. */
	ck_near(number(json, "results.fixed.replicas"), 7, 0);
}
END_TEST

START_TEST(the_policys_own_query_is_asked_where_none_is_given)
{
	bed_demand(b, "cart", 430);
	char *sources AUTO_FREE = bed_source(b, "default", promapi_url(b->prom));
	char *query AUTO_FREE = served_requests_query("shop", "cart");
	char *text AUTO_FREE = xasprintf(
		"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: cart}\n"
		"maxReplicas: 60\nmetrics:\n- {type: External, external: {metric: "
		"{name: requests}, target: {type: AverageValue, averageValue: \"70\"}}, "
		"query: '%s'}\n",
		query);
	bed_write_config(b, sources, NULL);
	bed_write_file(policy, text);
	ck_assert_int_eq(CALL("-f", policy, "--config", b->config, "--history", "8h"), 0);
	char *out AUTO_FREE = bed_output(b);
	ck_assert_msg(strstr(out, query) == out, "%s", out);
	/* A load that never moves: */
	ck_assert_msg(strstr(out, "there is nothing to gain: as many pod-hours (0.000 % "
				  "of the load unserved, against 0.000 %). The forecast "
				  "plans for the HPA's own target") != NULL,
		      "%s", out);
}
END_TEST

/* What stands in the run up to a moment; the caller frees it. */
static char *lines_until(const char *file, int64_t unix_s)
{
	char *text = bed_text(file);
	char *from AUTO_FREE = xasprintf("\n%lld,", (long long)unix_s);
	char *at = strstr(text, from);
	ck_assert_msg(at != NULL, "no line of %lld", (long long)unix_s);
	at[1] = '\0';
	return text;
}

/* The same load until a moment, and quite another one after it: not one byte that was
 * written of the time before may differ. */
START_TEST(nothing_from_the_future_reaches_a_decision)
{
	const int64_t turn_s = START_S + (MINUTES - 300) * 60;
	ck_assert_int_eq(CALL(USUAL, "--out", run_file), 0);
	char *before AUTO_FREE = lines_until(run_file, turn_s);
	struct str text AUTO(str_fini);
	str_init(&text, 1 << 20);
	write_table(MINUTES - 300, "");
	char *head AUTO_FREE = bed_text(table);
	str_puts(&text, head);
	for (int i = MINUTES - 300; i < MINUTES; i++)
		str_printf(&text, "%d,%d,0\n", START_S + 60 * i, 200 * (i % 20));
	bed_write_file(table, str_text(&text));
	ck_assert_int_eq(CALL(USUAL, "--out", run_file), 0);
	char *again AUTO_FREE = lines_until(run_file, turn_s);
	ck_assert_int_gt(strlen(before), 100000);
	ck_assert_str_eq(before, again);
}
END_TEST

/* A sweep of three days; the sentence, the policy and the page hold together. */
START_TEST(a_sweep_recommends_with_evidence_or_says_that_nothing_is_to_gain)
{
	ck_assert_int_eq(CALL(USUAL, "--sweep", "--report", page, "--price-per-pod-hour",
			      "0.25", "-o", "json"),
			 0);
	cJSON *json AUTO(json_cleanup) = json_output();
	char *html AUTO_FREE = bed_text(page);
	const char *sentence = json_str(json, "sweep.recommendation", "");
	const cJSON *points = json_at(json, "sweep.points");
	ck_assert_int_eq(cJSON_GetArraySize(points), 95);
	double own = number(json, "sweep.own.secondHalf.podHours");
	double chosen = number(json, "sweep.chosen.secondHalf.podHours");
	ck_near(number(json, "sweep.savedRatio"), 1 - chosen / own, 1e-9);
	/* Judged on what is after the start, as the table is. */
	ck_near(own, number(json, "results.hpa.podHours"), 1e-6);
	ck_near(number(json, "sweep.perfect.secondHalf.podHours"),
		number(json, "results.perfect.podHours"), 1e-6);
	bool gains = json_bool(json, "sweep.gains", false);
	ck_assert_msg(strstr(sentence, gains ? "Recommended: "
					     : "There is nothing to gain") == sentence,
		      "%s", sentence);
	ck_assert(strstr(html, gains ? "Recommended" : "nothing to gain") != NULL);
	/* As well is said of what is: a trace more unserved is called that. */
	bool as_well = number(json, "sweep.chosen.secondHalf.unservedRatio") <=
		       number(json, "sweep.own.secondHalf.unservedRatio");
	ck_assert_msg(!gains || (strstr(sentence, "serves as well") != NULL) == as_well,
		      "%s", sentence);
	if (gains) {
		struct err err = {0};
		const char *text = json_str(json, "sweep.policy", "");
		struct policy *p AUTO(policy_cleanup) =
			policy_parse("shop", "cart", text, strlen(text), &err);
		ck_assert_msg(p != NULL, "%s", err.msg);
		bool forecast = json_bool(json, "sweep.chosen.forecast", false);
		const struct metric_target *t =
			forecast ? &p->metrics[0].forecast_target : &p->metrics[0].target;
		ck_near((double)t->value_m / 1000,
			100 * number(json, forecast ? "sweep.chosen.forecastTarget"
						    : "sweep.chosen.target"),
			1e-6);
		ck_assert_int_eq(p->forecast.mode,
				 forecast ? FORECAST_AUTO : FORECAST_DISABLED);
	}
}
END_TEST

START_TEST(a_sweep_of_a_load_that_never_moves_gains_nothing)
{
	struct str text AUTO(str_fini);
	str_init(&text, 1 << 20);
	for (int i = 0; i < MINUTES; i++)
		str_printf(&text, "%d,600\n", START_S + 60 * i);
	bed_write_file(table, str_text(&text));
	ck_assert_int_eq(
		CALL("-f", policy, "--trace", table, "--capacity", "70", "--sweep"), 0);
	char *out AUTO_FREE = bed_output(b);
	ck_assert_msg(strstr(out, "\nThere is nothing to gain: ") != NULL, "%s", out);
	ck_assert(strstr(out, "policy.yaml") == NULL);
}
END_TEST

/* One file that asks for nothing else, and speaks of this run. */
/* Nights that are long enough to be half of a table; an hour; and a table of nothing. */
START_TEST(a_sweep_of_too_little_recommends_nothing)
{
	static const struct {
		int minutes, from, to; /* with a load in between */
		const char *says;
	} rows[] = {
		{2880, 0, 0, "the first half has no load at all"},
		{2880, 1440, 2880, "the first half has no load at all"},
		{2880, 0, 1440, "the second half has no load at all"},
		{125, 0, 125,
		 "Too little for a recommendation: the second half holds no whole day"},
	};
	struct str load AUTO(str_fini);
	str_init(&load, 1 << 20);
	for (int m = 0; m < rows[_i].minutes; m++)
		str_printf(&load, "%d,%d\n", 1768780800 + 60 * m,
			   m >= rows[_i].from && m < rows[_i].to ? 300 + m % 60 : 0);
	bed_write_file(table, str_text(&load));
	ck_assert_int_eq(CALL("-f", policy, "--trace", table, "--capacity", "130",
			      "--sweep", "--report", page),
			 0);
	char *text AUTO_FREE = bed_output(b), *html AUTO_FREE = bed_text(page);
	ck_assert_msg(strstr(text, rows[_i].says) != NULL, "%s", text);
	ck_assert_msg(!strstr(text, "Recommended") && !strstr(text, " nan"), "%s", text);
	ck_assert(strstr(html, rows[_i].says) && !strstr(html, ">nan") &&
		  strstr(html, "</html>"));
}
END_TEST

START_TEST(the_page_needs_nothing_else)
{
	static const char *const absent[] = {"http://", "https://", "<script", "<link",
					     "@import", "url(",     "<img"};
	static const char *const parts[] = {
		"<!doctype html>",
		"prefers-color-scheme:dark",
		"<svg viewBox=",
		"role=\"img\" aria-label=\"Demand, Ready capacity and forecast",
		"Where it was short, and why",
		"<td>foretop</td>",
		"<th>cost</th><th>in 30 days</th>",
		"At 0.25 per pod-hour.",
	};
	ck_assert_int_eq(CALL(USUAL, "--report", page, "--price-per-pod-hour", "0.25"),
			 0);
	char *html AUTO_FREE = bed_text(page);
	for (size_t i = 0; i < ARRAY_LEN(absent); i++)
		ck_assert_msg(strstr(html, absent[i]) == NULL, "%s", absent[i]);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		ck_assert_msg(strstr(html, parts[i]) != NULL, "no %s", parts[i]);
	ck_assert(strstr(html, "nan") == NULL && strstr(html, "inf\"") == NULL);
	ck_assert(strstr(html, "Sweep: ") == NULL);
}
END_TEST

/* Times of shortage in a run with less than five minutes between them count as one. */
static int incidents_of(const char *csv, double capacity)
{
	int count = 0;
	double short_until = -1e18;
	bool was_short = false;
	for (const char *line = strchr(csv, '\n') + 1; *line;
	     line = strchr(line, '\n') + 1) {
		double at, demand, ready;
		ck_assert_int_eq(sscanf(line, "%lf,%lf,%lf", &at, &demand, &ready), 3);
		if (was_short)
			short_until = at;
		bool is_short = demand > ready * capacity;
		count += is_short && at - short_until >= 300;
		was_short = is_short;
	}
	return count;
}

START_TEST(the_page_tells_every_shortage_of_the_run)
{
	ck_assert_int_eq(
		CALL(USUAL, "--out", run_file, "--report", page, "--lead", "10m"), 0);
	char *csv AUTO_FREE = bed_text(run_file), *html AUTO_FREE = bed_text(page);
	int count = incidents_of(csv, 100), rows = 0;
	char *told AUTO_FREE =
		xasprintf(">%d time%s in all;", count, count == 1 ? "" : "s");
	ck_assert_int_gt(count, 0);
	ck_assert_msg(strstr(html, told) != NULL, "no %s", told);
	for (const char *at = html; (at = strstr(at, "Decision then: ")); at++)
		rows++;
	ck_assert_int_eq(rows, count < 12 ? count : 12);
}
END_TEST

START_TEST(several_lead_times_are_drawn_from)
{
	ck_assert_int_eq(CALL(USUAL, "--lead", "60s,120s,300s"), 0);
	char *out AUTO_FREE = bed_output(b);
	ck_assert_msg(strstr(out, "Ready 1m to 5m after its creation") != NULL, "%s",
		      out);
}
END_TEST

/* --- from the cluster --- */

#define FROM_CLUSTER "--kubeconfig", b->kubeconfig, "--trace", table, "--column", "web"

START_TEST(a_policy_of_the_cluster_is_replayed)
{
	bed_policy_text(b, "cart", POLICY);
	ck_assert_int_eq(CALL(FROM_CLUSTER, "--policy", "shop/cart", "--capacity", "100",
			      "-o", "json"),
			 0);
	cJSON *there AUTO(json_cleanup) = json_output();
	ck_assert_int_eq(CALL(USUAL, "-o", "json"), 0);
	cJSON *file AUTO(json_cleanup) = json_output();
	ck_near(number(there, "results.foretop.podHours"),
		number(file, "results.foretop.podHours"), 0);
	ck_assert_int_eq(CALL(FROM_CLUSTER, "--policy", "shop/none"), 1);
	char *log AUTO_FREE = bed_text(b->first.log);
	ck_assert_msg(strstr(log, "configmaps shop/none: ") != NULL, "%s", log);
}
END_TEST

static void put_hpa(const char *name, const char *metrics)
{
	struct err err;
	char *hpa AUTO_FREE = xasprintf(
		"{\"metadata\": {\"namespace\": \"shop\", \"name\": \"%s\"}, \"spec\": "
		"{\"scaleTargetRef\": {\"apiVersion\": \"apps/v1\", \"kind\": "
		"\"Deployment\", \"name\": \"cart\"}, \"maxReplicas\": 2000, "
		"\"metrics\": "
		"[%s]}}",
		name, metrics);
	ck_assert_msg(kubeapi_put(b->kube, KUBEAPI_HPAS, hpa, &err) == 0, "%s", err.msg);
}

START_TEST(an_hpa_of_the_cluster_is_moved)
{
	put_hpa("web",
		"{\"type\": \"Pods\", \"pods\": {\"metric\": {\"name\": \"rps\"}, "
		"\"target\": {\"type\": \"AverageValue\", \"averageValue\": \"70\"}}}");
	put_hpa("cpu", "{\"type\": \"Resource\", \"resource\": {\"name\": \"cpu\", "
		       "\"target\": {\"type\": \"Utilization\", "
		       "\"averageUtilization\": 60}}}");
	ck_assert_int_eq(CALL(FROM_CLUSTER, "--hpa", "shop/web", "--capacity", "100"), 0);
	char *out AUTO_FREE = bed_output(b);
	ck_assert_msg(strstr(out,
			     "note: metrics[0] (Pods): an HPA holds no query for it; "
			     "the load is what was given\n") != NULL,
		      "%s", out);
	ck_assert_msg(strstr(out, "target 70, forecast.target 70") != NULL, "%s", out);
	/* Pods of the cart request a core. */
	ck_assert_int_eq(
		CALL(FROM_CLUSTER, "--column", "flat", "--hpa", "shop/cpu", "-o", "json"),
		0);
	cJSON *json AUTO(json_cleanup) = json_output();
	ck_near(number(json, "capacity"), 1, 1e-9);
	ck_near(number(json, "target"), 0.6, 1e-9);
}
END_TEST

START_TEST(without_a_cluster_that_is_said)
{
	ck_assert_int_eq(CALL("--kubeconfig", "/nowhere/config", "--trace", table,
			      "--hpa", "shop/web"),
			 1);
	char *log AUTO_FREE = bed_text(b->first.log);
	ck_assert_msg(strstr(log, "finding the API server: ") != NULL, "%s", log);
	ck_assert_msg(strstr(log, "/nowhere/config") != NULL, "%s", log);
}
END_TEST

START_TEST(bad_input_is_refused_with_its_place)
{
	static const struct {
		const char *flags[8];
		int exit_code;
		const char *says;
	} rows[] = {
		{{"-f", "{POLICY}", "--trace", "{TABLE}"},
		 1,
		 "load.csv:4322:12: not a value: \"4x\""},
		{{"-f", "{POLICY}", "--trace", "{TABLE}", "--column", "db"},
		 1,
		 "load.csv:1:1: no column \"db\" in the header line"},
		{{"-f", "/nowhere.yaml", "--trace", "{TABLE}"},
		 1,
		 "/nowhere.yaml: No such file"},
		{{"-f", "{TABLE}", "--trace", "{TABLE}"}, 1, "load.csv: "},
		{{"-f", "{POLICY}", "--trace", "{TABLE}", "--lead", "30s"},
		 1,
		 "--lead 30s: shorter than the trace's step of 1m"},
		{{"-f", "{POLICY}", "--trace", "{TABLE}", "--start",
		  "2026-01-22"
		  "T00:00:00Z"},
		 1,
		 "--start: allowed: 2026-01-19T01:00:00Z to 2026-01-21T23:00:00Z"},
		{{"-f", "{POLICY}", "--trace", "{TABLE}", "--column", "flat",
		  "--peak-pods", "9"},
		 1,
		 "--peak-pods: the trace's 99.9th percentile is 0"},
		{{"-f", "{POLICY}", "--trace", "{TABLE}", "--out", "/nowhere/run.csv"},
		 1,
		 "--out /nowhere/run.csv: No such file"},
		{{"-f", "{POLICY}", "--trace", "{TABLE}", "--capacity", "0"},
		 2,
		 "--capacity: \"0\": allowed: a number above 0"},
		{{"-f", "{HUGE}", "--trace", "{TABLE}", "--capacity", "0.01"},
		 1,
		 "--capacity 0.01: the load's peak of "},
		{{"--trace", "{TABLE}"}, 2, "-f is needed: the policy"},
		{{"-f", "{POLICY}"}, 2, "a load is needed: --trace, "},
		{{"-f", "{POLICY}", "--trace", "{TABLE}", "--query", "up"},
		 2,
		 "--trace is all that is needed: no --query"},
		{{"-f", "{POLICY}", "--query", "up"},
		 2,
		 "--query needs --prometheus-url or --config"},
		{{"-f", "{POLICY}", "--trace", "{TABLE}", "-o", "yaml"},
		 2,
		 "--output: \"yaml\": allowed: table, json"},
		{{"-f", "{POLICY}", "--trace", "{TABLE}", "--hpa", "shop/web"},
		 2,
		 "-f, --policy and --hpa exclude each other"},
		{{"-f", "{POLICY}", "--trace", "{TABLE}", "--price-per-pod-hour", "1"},
		 2,
		 "--price-per-pod-hour belongs to --report"},
		{{"-f", "{POLICY}", "--trace", "{TABLE}", "--out", "-"},
		 2,
		 "--out -: must be a file, as standard output has the table"},
		{{"-f", "{POLICY}", "--trace", "{TABLE}", "--lead", "60s,"},
		 2,
		 "--lead: \"\" is not a duration"},
		{{"-f", "{POLICY}", "--trace", "{TABLE}", "--lead", "3m,30s"},
		 1,
		 "--lead 30s: shorter than the trace's step of 1m"},
		{{"-f", "{POLICY}", "--trace", "{TABLE}", "--report", "/nowhere/r.html"},
		 1,
		 "--report /nowhere/r.html: No such file"},
		{{"-f", "{POLICY}", "--swoop"}, 2, "unknown flag --swoop"},
		{{"-f", "{POLICY}", "--trace", "{TABLE}", "--history", "1d"},
		 2,
		 "--history belongs to a query, not to --trace"},
	};
	write_table(MINUTES, _i == 0 ? "1769040000,4x,5\n" : "");
	const char *flags[9] = {NULL};
	for (int i = 0; i < 8 && rows[_i].flags[i]; i++) {
		const char *flag = rows[_i].flags[i];
		flags[i] = !strcmp(flag, "{TABLE}")    ? table
			   : !strcmp(flag, "{POLICY}") ? policy
			   : !strcmp(flag, "{HUGE}")   ? huge
						       : flag;
	}
	int code = bed_command(b, "simulate", flags);
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
	TCase *tc = bed_lane("simulations", setup, teardown);
	tcase_add_test(tc, the_table_shows_all_who_ran_and_a_plain_sentence);
	tcase_add_loop_test(tc, the_run_alone_gives_the_score_again, 0, 2);
	tcase_add_test(tc, the_same_input_gives_the_same_bytes);
	tcase_add_test(tc, peak_pods_scale_the_load_and_start_bounds_what_counts);
	tcase_add_test(tc, a_cpu_policy_needs_a_capacity_and_runs_with_one);
	tcase_add_test(tc, a_load_beyond_the_policys_maximum_is_told);
	tcase_add_test(tc, what_a_load_and_a_plan_leave_doubtful_is_told);
	tcase_add_loop_test(tc, a_load_that_is_none_is_refused, 0, 4);
	tcase_add_test(tc, a_query_is_replayed_too);
	tcase_add_test(tc, the_policys_own_query_is_asked_where_none_is_given);
	tcase_add_test(tc, nothing_from_the_future_reaches_a_decision);
	tcase_add_test(tc, several_lead_times_are_drawn_from);
	tcase_add_test(tc, the_page_needs_nothing_else);
	tcase_add_test(tc, the_page_tells_every_shortage_of_the_run);
	tc = bed_lane("sweeps", setup, teardown);
	tcase_add_test(tc,
		       a_sweep_recommends_with_evidence_or_says_that_nothing_is_to_gain);
	tcase_add_test(tc, a_sweep_of_a_load_that_never_moves_gains_nothing);
	tcase_add_loop_test(tc, a_sweep_of_too_little_recommends_nothing, 0, 4);
	tc = bed_lane("clusters", setup, teardown);
	tcase_add_test(tc, a_policy_of_the_cluster_is_replayed);
	tcase_add_test(tc, an_hpa_of_the_cluster_is_moved);
	tcase_add_test(tc, without_a_cluster_that_is_said);
	tc = bed_lane("bad input", setup, teardown);
	tcase_add_loop_test(tc, bad_input_is_refused_with_its_place, 0, 22);
	return bed_run();
}
