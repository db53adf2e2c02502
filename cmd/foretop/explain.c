/* foretop explain: the last decision on a policy as a story with its numbers. */
#include "cmd.h"
#include "table.h"
#include "view.h"

#include "policy/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUT_LIMIT (1u << 20)
/* The controller writes at least every ten minutes. */
#define SILENCE_MS (12 * MS_PER_MIN)
#define INDENT     "  "

static const char help[] =
	"usage: foretop explain [NS/]POLICY... [flags]\n\n"
	"The last decision on a policy: what was seen, what each rule asked for, what "
	"stood "
	"in the\nway, and whether its forecast may be followed.\n\n" CLUSTER_FORETOP_HELP
		CLUSTER_FLAGS_HELP;

static const struct option options[] = {
	CLUSTER_OPTIONS,
	CLUSTER_FORETOP_OPTION,
	{"help", no_argument, NULL, 'h'},
	{0},
};

static int take(void *arg, int c, struct err *err)
{
	return cluster_flag(arg, c, err) < 0 ? -1 : 0;
}

/* "3m20s" */
static const char *ago(int64_t then_ms, char buf[24])
{
	return age_format(wall_ms() - then_ms, buf, 24);
}

/* --- what it is --- */

static void tell_policy(const struct view *v, struct str *out)
{
	const cJSON *target = json_at(v->spec, "scaleTargetRef");
	str_printf(out, "%s in namespace %s", v->name, v->ns);
	if (v->spec)
		str_printf(out, ": mode %s on %s %s, %d to ",
			   json_str(v->spec, "mode", "Recommend"),
			   json_str(target, "kind", "?"), json_str(target, "name", "?"),
			   (int)json_int(v->spec, "minReplicas", 1));
	if (v->spec && cJSON_IsNumber(json_at(v->spec, "maxReplicas")))
		str_printf(out, "%d pods", (int)json_int(v->spec, "maxReplicas", 0));
	else if (v->spec)
		str_puts(out, "? pods");
	str_puts(out, "\n");
}

/* The text that is there now, not the one in force. */
static void tell_refused(const struct view *v, struct str *out)
{
	if (v->broken.code != ERR_NONE)
		str_printf(out, "Its text cannot be read: %s\n", v->broken.msg);
	else if (view_is(v, "Ready", "False"))
		str_printf(out, "Its text is refused: %s\n",
			   json_str(view_condition(v, "Ready"), "message", ""));
	else
		return;
	str_puts(out, json_at(v->status, "currentReplicas")
			      ? "What follows is of the last version that was valid.\n"
			      : "No version of it was valid yet, so nothing is "
				"decided.\n");
}

static void tell_age(const struct view *v, struct str *out)
{
	int64_t written_ms = view_time(v->status, "writtenAt");
	char text[24];
	if (written_ms && wall_ms() - written_ms > SILENCE_MS)
		str_printf(out,
			   "Nothing was heard of the controller for %s: does foretop run "
			   "(kubectl get pods -A -l app.kubernetes.io/name=foretop)?\n",
			   ago(written_ms, text));
}

/* As of the newest status object, which who takes over writes first. */
static void tell_leader(const struct view *v, struct str *out)
{
	const char *holder = json_str(v->status, "holder", "");
	if (!*holder)
		return;
	str_printf(out, "Led by %s", holder);
	if (json_at(v->status, "shard"))
		str_printf(out, " (shard %d of %d)",
			   (int)json_int(v->status, "shard", -1),
			   (int)json_int(v->status, "shards", -1));
	str_puts(out, "\n");
}

/* --- the decision --- */

static void tell_decision(const struct view *v, struct str *out)
{
	int64_t decided_ms = view_time(v->status, "lastDecision.time");
	int32_t current = view_replicas(v, "currentReplicas"),
		desired = view_replicas(v, "desiredReplicas");
	char text[24];
	if (!decided_ms)
		return;
	str_printf(out, "\nDecided %s ago: ", ago(decided_ms, text));
	if (current < 0)
		str_puts(out, "the target's size is not known\n");
	else if (current == desired)
		str_printf(out, "%d stays %d\n", current, desired);
	else
		str_printf(out, "%d to %d\n", current, desired);
	str_printf(out, INDENT "%s\n", json_str(v->status, "lastDecision.reason", ""));
	if (!strcmp(json_str(v->spec, "mode", "Recommend"), "Recommend"))
		str_puts(out, INDENT "Mode Recommend: nothing is written.\n");
}

static const char *number(const cJSON *metric, const char *key, char *buf, size_t size)
{
	const cJSON *item = json_at(metric, key);
	bool binary = !strcmp(json_str(metric, "name", ""), "memory");
	return cJSON_IsNumber(item) ? number_format(item->valuedouble, binary, buf, size)
				    : NULL;
}

static void tell_forecast(const cJSON *m, struct str *out)
{
	char mean[32], upper[32], skill[32];
	const char *upper_text = number(m, "upper", upper, sizeof(upper));
	const char *reason = json_str(m, "forecastReason", "");
	if (!json_at(m, "forecastUsable"))
		return;
	if (!upper_text) {
		str_printf(out, INDENT INDENT "no forecast yet%s%s\n",
			   *reason ? ": " : "", reason);
		return;
	}
	str_printf(out,
		   INDENT INDENT "forecast: at most %s within %s, mean %s, by %s%s\n",
		   upper_text, json_str(m, "horizon", "?"),
		   number(m, "forecast", mean, sizeof(mean)), json_str(m, "model", "?"),
		   json_bool(m, "forecastUsable", false) ? "" : " (not usable now)");
	if (number(m, "skill", skill, sizeof(skill)))
		str_printf(out,
			   INDENT INDENT
			   "so far: skill %s over the best baseline, %.0f %% "
			   "of the peaks were inside\n",
			   skill, 100 * json_at(m, "coverage")->valuedouble);
	if (*reason)
		str_printf(out, INDENT INDENT "%s\n", reason);
}

static void tell_metrics(const struct view *v, struct str *out)
{
	const cJSON *m, *metrics = json_at(v->status, "metrics");
	char text[32];
	if (!cJSON_GetArraySize(metrics))
		return;
	str_puts(out, "\nSeen\n");
	cJSON_ArrayForEach (m, metrics) {
		const char *current = number(m, "current", text, sizeof(text));
		str_printf(out, INDENT "%s: %s\n", json_str(m, "name", "?"),
			   current ? current : "unknown");
		tell_forecast(m, out);
		const char *odd = json_str(m, "anomaly.text", "");
		if (*odd)
			str_printf(out, INDENT INDENT "anomaly: %s\n", odd);
	}
}

static void cell_replicas(struct table *t, const cJSON *proposal, const char *key)
{
	if (json_at(proposal, key))
		table_cellf(t, "%d", (int)json_int(proposal, key, -1));
	else
		table_cell(t, NULL);
}

static void tell_proposals(const struct view *v, struct str *out)
{
	const cJSON *p, *list = json_at(v->status, "lastDecision.proposals");
	const cJSON *winner = json_at(v->status, "lastDecision.winner");
	struct table t AUTO(table_fini) = {0};
	if (!cJSON_GetArraySize(list))
		return;
	table_init(&t, 5);
	static const char *const names[] = {"METRIC", "REACTIVE", "FORECAST", "RELEASE",
					    "NOTE"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		table_cell(&t, names[i]);
	cJSON_ArrayForEach (p, list) {
		const char *name = json_str(p, "metric", "?");
		const char *unknown = json_str(p, "unknown", "");
		table_cell(&t, name);
		cell_replicas(&t, p, "reactive");
		cell_replicas(&t, p, "forecast");
		cell_replicas(&t, p, "release");
		if (winner && !strcmp(name, json_str(winner, "metric", "")))
			table_cellf(&t, "wins by its %s",
				    strcmp(json_str(winner, "by", ""), "forecast")
					    ? "reactive rule"
					    : "forecast");
		else
			table_cell(&t, unknown);
	}
	str_puts(out,
		 "\nAsked for (the largest wins; down to RELEASE without waiting)\n");
	table_print(&t, INDENT, out);
}

/* What the words of `clamps` mean. */
static const char *clamp_text(const char *type)
{
	static const struct {
		const char *type, *text;
	} texts[] = {
		{"ScaleDownStabilized", "a higher size of the last minutes still counts"},
		{"ScaleUpStabilized", "a lower size of the last minutes still counts"},
		{"ReleasedByForecast", "the forecast ended the wait"},
		{"TooFewReplicas", "minReplicas"},
		{"TooManyReplicas", "maxReplicas"},
		{"ScaleUpLimit", "behavior.scaleUp allows no more at a time"},
		{"ScaleDownLimit", "behavior.scaleDown allows no more at a time"},
		{"MetricsUnknown", "a metric is unknown, so nothing is lowered"},
		{"ScalingDisabled", "the target stands at zero"},
		{"SelectorUnknown", "the target's pods cannot be told"},
		{"TargetUnknown", "the target cannot be read"},
	};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (!strcmp(texts[i].type, type))
			return texts[i].text;
	return "see condition Held";
}

static void tell_clamps(const struct view *v, struct str *out)
{
	const cJSON *c, *list = json_at(v->status, "lastDecision.clamps");
	if (!cJSON_GetArraySize(list))
		return;
	str_puts(out, "\nIn the way\n");
	cJSON_ArrayForEach (c, list) {
		const char *type = json_str(c, "type", "?");
		int64_t until_ms = view_time(c, "until");
		char text[24];
		str_printf(out, INDENT "%s: %s", type, clamp_text(type));
		if (json_at(c, "replicas"))
			str_printf(out, ", %d", (int)json_int(c, "replicas", -1));
		if (json_at(c, "insteadOf"))
			str_printf(out, ", instead of %d",
				   (int)json_int(c, "insteadOf", -1));
		if (until_ms > wall_ms())
			str_printf(out, ", for another %s",
				   age_format(until_ms - wall_ms(), text, sizeof(text)));
		str_puts(out, "\n");
	}
}

/* --- what it rests on --- */

static void tell_gate(const struct view *v, struct str *out)
{
	const cJSON *gate = json_at(v->status, "gate"),
		    *trust = view_condition(v, "ForecastTrusted");
	int64_t since_ms = view_time(gate, "since");
	char text[24];
	if (!gate)
		return;
	bool open = !strcmp(json_str(gate, "state", ""), "Open");
	str_printf(out, "\nForecast: %s", open ? "followed" : "not followed");
	if (since_ms)
		str_printf(out, " for %s", ago(since_ms, text));
	str_printf(out, ", %s of evidence\n" INDENT "%s\n",
		   json_str(gate, "evidence", "0s"), json_str(trust, "message", ""));
	if (json_bool(gate, "capped", false))
		str_puts(out, INDENT "It asked for more than it may before it has proved "
				     "itself (forecast.maxOverReactive).\n");
}

static void tell_pods(const struct view *v, struct str *out)
{
	const cJSON *lead = json_at(v->status, "leadTime");
	int64_t scaled_ms = view_time(v->status, "lastScaleTime");
	char text[24];
	str_printf(out, "\nPods: %d, %d of them Ready",
		   (int)json_int(v->status, "pods", 0),
		   (int)json_int(v->status, "readyPods", 0));
	if (scaled_ms)
		str_printf(out, "; last written %s ago", ago(scaled_ms, text));
	str_printf(out, "\n" INDENT "A new one needs %s (%s, %d seen)\n",
		   json_str(lead, "duration", "?"), json_str(lead, "source", "?"),
		   (int)json_int(lead, "samples", 0));
	if (json_at(v->status, "floor"))
		str_printf(out, INDENT "HPA %s: minReplicas %d, its own is %d\n",
			   json_str(v->status, "floor.autoscaler", "?"),
			   (int)json_int(v->status, "floor.minReplicas", -1),
			   (int)json_int(v->status, "floor.originalMinReplicas", -1));
}

/* Conditions that are not as they should be. */
static void tell_conditions(const struct view *v, struct str *out)
{
	static const struct {
		const char *type, *good;
	} all[] = {
		{"AbleToScale", "True"},     {"ScalingActive", "True"},
		{"ScalingLimited", "False"}, {"MetricsAvailable", "True"},
		{"Conflict", "False"},       {"Paused", "False"},
		{"Held", "False"},
	};
	bool headed = false;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const cJSON *c = view_condition(v, all[i].type);
		const char *status = json_str(c, "status", "Unknown");
		char text[24];
		if (!strcmp(status, all[i].good) || !strcmp(status, "Unknown"))
			continue;
		if (!headed)
			str_puts(out, "\nConditions\n");
		headed = true;
		str_printf(out, INDENT "%s is %s for %s (%s)%s%s\n", all[i].type, status,
			   ago(view_time(c, "lastTransitionTime"), text),
			   json_str(c, "reason", ""),
			   *json_str(c, "message", "") ? ": " : "",
			   json_str(c, "message", ""));
	}
}

static void tell(const struct view *v, struct str *out)
{
	tell_policy(v, out);
	if (!v->status) {
		str_puts(out, "Nothing is decided yet: no controller has written of it "
			      "(does foretop run, and is --foretop-namespace right?)\n");
		return;
	}
	tell_refused(v, out);
	tell_leader(v, out);
	tell_age(v, out);
	if (!json_at(v->status, "currentReplicas") &&
	    !view_time(v->status, "lastDecision.time"))
		return;
	tell_decision(v, out);
	tell_metrics(v, out);
	tell_proposals(v, out);
	tell_clamps(v, out);
	tell_gate(v, out);
	tell_pods(v, out);
	tell_conditions(v, out);
}

static int explain(struct cluster *c, const struct cluster_flags *f, struct err *err)
{
	struct views views AUTO(views_fini) = {0};
	struct str out AUTO(str_fini);
	str_init(&out, OUTPUT_LIMIT);
	if (cluster_open(c, f, err) < 0 || views_read(c, f, NULL, &views, err) < 0)
		return -1;
	if (views.status_err.code != ERR_NONE)
		return err_set(err, views.status_err.code, "what is decided: %s",
			       views.status_err.msg);
	for (size_t i = 0; i < views.count; i++) {
		str_puts(&out, i ? "\n" : "");
		tell(&views.items[i], &out);
	}
	fputs(str_text(&out), stdout);
	return 0;
}

int cmd_explain(int argc, char **argv)
{
	struct cluster_flags flags = {.foretop_ns = CLUSTER_FORETOP_NAMESPACE};
	const struct flag_table table = {.help = help,
					 .letters = ":h" CLUSTER_LETTERS,
					 .options = options,
					 .take = take,
					 .arg = &flags};
	struct cluster cluster = {0};
	struct err err = {0};
	int code = flags_read(&table, argc, argv);
	if (code < 0)
		code = cluster_take_names(&flags, argc, argv);
	if (code >= 0)
		return code;
	if (!flags.name_count)
		return flags_wrong(argv[0], "name a policy: [NS/]POLICY");
	code = EXIT_SUCCESS;
	if (explain(&cluster, &flags, &err) < 0) {
		fprintf(stderr, "foretop explain: %s\n", err.msg);
		code = EXIT_FAILURE;
	}
	cluster_close(&cluster);
	return code;
}
