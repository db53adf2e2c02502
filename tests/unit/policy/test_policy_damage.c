/* A policy with every field, in which single values are exchanged: each wrong type is
 * found in its place, and nothing that anybody could write does harm. */
#include "unit/policy/refusals.h"

#include <stdio.h>

static const char whole[] =
	"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: checkout}\n"
	"mode: Floor\n"
	"minReplicas: 2\n"
	"maxReplicas: 40\n"
	"pause: false\n"
	"metrics:\n"
	"- type: Resource\n"
	"  resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}\n"
	"  historyQuery: q\n"
	"- type: ContainerResource\n"
	"  containerResource: {name: memory, container: app, target: {type: "
	"AverageValue, "
	"averageValue: 600Mi}}\n"
	"- type: Pods\n"
	"  pods: {metric: {name: p, selector: {matchLabels: {a: b}}}, target: {type: "
	"AverageValue, averageValue: 5}}\n"
	"  query: q\n"
	"- type: Object\n"
	"  object: {metric: {name: o}, describedObject: {kind: Ingress, name: i}, "
	"target: "
	"{type: Value, value: 5}}\n"
	"  query: q\n"
	"- type: External\n"
	"  external: {metric: {name: e}, target: {type: AverageValue, averageValue: 5}}\n"
	"  query: q\n"
	"  source: other\n"
	"  forecast: {target: 6, reactiveTarget: 7}\n"
	"behavior:\n"
	"  scaleUp: {stabilizationWindowSeconds: 5, selectPolicy: Min, tolerance: 0.1, "
	"policies: [{type: Pods, value: 3, periodSeconds: 60}]}\n"
	"  scaleDown: {stabilizationWindowSeconds: 60, selectPolicy: Max, tolerance: "
	"0.2, "
	"policies: [{type: Percent, value: 3, periodSeconds: 60}, {type: Pods, value: 1, "
	"periodSeconds: 5}]}\n"
	"forecast:\n"
	"  mode: Always\n"
	"  models: [HoltWinters, LinearRegression]\n"
	"  horizon: 5m\n"
	"  leadTime: 45s\n"
	"  history: 21d\n"
	"  step: 1m\n"
	"  seasons: [1d, 7d]\n"
	"  timeZone: Europe/Paris\n"
	"  objective: 99.8%\n"
	"  exclude: [{from: 2026-11-27T00:00:00Z, to: 2026-11-28T00:00:00Z}]\n"
	"  maxOverReactive: 3\n"
	"  release: false\n"
	"onMetricsLoss: FollowForecast\n"
	"metricsLossLimit: 20m\n"
	"schedule:\n"
	"- {cron: '0 8 * * 1-5', timeZone: Europe/Paris, duration: 10h, minReplicas: 8}\n"
	"- {cron: '@weekly', duration: 1d, maxReplicas: 30}\n"
	"guards:\n"
	"- {name: errors, query: q, source: other, above: 0.05, for: 2m, action: "
	"HoldDown}\n"
	"- {name: queue, query: q, below: 1, action: Hold}\n"
	"holds: {scaleDownDuringRollout: true, respectManualScale: 5m}\n";

/* --- one value exchanged --- */

struct edit {
	int target;        /* number of the node whose value is exchanged; -1: none */
	const char *value; /* in its place */
	/* where that was */
	int line;
	char path[128];
	enum yaml_kind kind;
};

struct writer {
	struct str text;
	struct edit *edits;
	int edit_count;
	int node, line;
};

static void write_node(struct writer *w, const struct yaml_node *node, const char *path,
		       int depth);

/* Each field and each item in a line of its own. */
static void write_items(struct writer *w, const struct yaml_node *node, const char *path,
			int depth)
{
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_node *item = &node->items[i];
		AUTO_FREE char *below =
			node->kind == YAML_LIST
				? xasprintf("%s[%zu]", path, i)
				: xasprintf("%s%s%s", path, *path ? "." : "", item->key);
		w->line++;
		str_printf(&w->text, "\n%*s", depth * 2, "");
		if (node->kind == YAML_LIST)
			str_puts(&w->text, "- ");
		else
			str_printf(&w->text, "%s: ", item->key);
		write_node(w, item, below, depth + 1);
	}
}

static void write_node(struct writer *w, const struct yaml_node *node, const char *path,
		       int depth)
{
	int number = w->node++;
	for (int i = 0; i < w->edit_count; i++) {
		struct edit *e = &w->edits[i];
		if (e->target != number)
			continue;
		e->line = w->line;
		e->kind = node->kind;
		snprintf(e->path, sizeof(e->path), "%s", path);
		str_puts(&w->text, e->value);
		return;
	}
	if (node->kind == YAML_SCALAR)
		str_printf(&w->text, node->quoted ? "'%s'" : "%s", node->text);
	else
		write_items(w, node, path, depth);
}

/* The policy with these edits; the caller frees it. Returns how many nodes there are. */
static int write_policy(struct edit *edits, int count, char **ret_text)
{
	struct err err = {0};
	AUTO(yaml_node_cleanup) struct yaml_node *root = NULL;
	ck_assert_msg(yaml_parse(whole, strlen(whole), &root, &err) == 0, "%s", err.msg);
	struct writer w = {.edits = edits, .edit_count = count, .line = 1};
	str_init(&w.text, 1 << 16);
	write_node(&w, root, "", 0);
	str_puts(&w.text, "\n");
	*ret_text = str_take(&w.text);
	return w.node;
}

static int node_count(void)
{
	AUTO_FREE char *text = NULL;
	return write_policy(NULL, 0, &text);
}

START_TEST(the_undamaged_policy_is_taken)
{
	struct err err = {0};
	AUTO_FREE char *text = NULL;
	ck_assert_int_gt(write_policy(NULL, 0, &text), 120);
	AUTO(policy_cleanup)
	struct policy *p = policy_parse("shop", "web", text, strlen(text), &err);
	ck_assert_msg(p != NULL, "%s\n%s", err.msg, text);
}
END_TEST

/* Is there a line "line N: PATH: ..." among the problems? */
static bool has_problem(const char *text, const char *prefix, int *ret_count)
{
	AUTO_FREE char *in_line = xasprintf("\n%s", prefix);
	struct str lines;
	str_init(&lines, 1 << 16);
	str_puts(&lines, "\n");
	*ret_count = policy_check(text, strlen(text), &lines);
	bool found = strstr(str_text(&lines), in_line) != NULL;
	str_fini(&lines);
	return found;
}

/* These are known and not used, whatever is in them. */
static bool is_ignored(const char *path)
{
	return strstr(path, "matchLabels.") != NULL;
}

START_TEST(every_wrong_type_is_found_in_its_place)
{
	static const char *const values[] = {
		[YAML_SCALAR] = "wrong-type", [YAML_LIST] = "[1]", [YAML_MAP] = "{a: 1}"};
	int nodes = node_count(), checked = 0;
	for (int i = 1; i < nodes; i++)
		for (int kind = 0; kind < 3; kind++) {
			AUTO_FREE char *text = NULL;
			struct edit e = {.target = i, .value = values[kind]};
			int count;
			write_policy(&e, 1, &text);
			if (e.kind == (enum yaml_kind)kind || is_ignored(e.path))
				continue;
			AUTO_FREE char *prefix =
				xasprintf("line %d: %s: got ", e.line, e.path);
			ck_assert_msg(has_problem(text, prefix, &count),
				      "no problem \"%s\" for\n%s", prefix, text);
			checked++;
		}
	ck_assert_int_gt(checked, 250);
}
END_TEST

/* Texts that are free. */
static bool is_free_text(const char *path)
{
	static const char *const ends[] = {"ame",    "kind",      "query", "historyQuery",
					   "source", "container", ".a"};
	/* Names of guards are labels; "wrong-type" is one. */
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		size_t len = strlen(path), end = strlen(ends[i]);
		if (len >= end && strcmp(path + len - end, ends[i]) == 0)
			return true;
	}
	return false;
}

START_TEST(every_wrong_word_is_found_in_its_place)
{
	int nodes = node_count(), checked = 0;
	for (int i = 1; i < nodes; i++) {
		AUTO_FREE char *text = NULL;
		struct edit e = {.target = i, .value = "wrong-%"};
		int count;
		write_policy(&e, 1, &text);
		if (e.kind != YAML_SCALAR || is_free_text(e.path))
			continue;
		AUTO_FREE char *prefix = xasprintf("line %d: %s: ", e.line, e.path);
		ck_assert_msg(has_problem(text, prefix, &count),
			      "no problem \"%s\" for\n%s", prefix, text);
		checked++;
	}
	ck_assert_int_gt(checked, 60);
}
END_TEST

/* An absent field, a null and "~" are one thing. */
START_TEST(null_is_an_absent_field_everywhere)
{
	int nodes = node_count();
	for (int i = 1; i < nodes; i++) {
		AUTO_FREE char *tilde = NULL, *word = NULL;
		struct edit a = {.target = i, .value = "~"};
		struct edit b = {.target = i, .value = "null"};
		struct str x, y;
		write_policy(&a, 1, &tilde);
		write_policy(&b, 1, &word);
		str_init(&x, 1 << 16);
		str_init(&y, 1 << 16);
		policy_check(tilde, strlen(tilde), &x);
		policy_check(word, strlen(word), &y);
		/* In a list it is a value, and quoted. */
		if (a.path[strlen(a.path) - 1] != ']')
			ck_assert_str_eq(str_text(&x), str_text(&y));
		str_fini(&x);
		str_fini(&y);
	}
}
END_TEST

/* --- many values exchanged --- */

static const char *const pool[] = {
	"0",          "1",           "-1",           "2147483647",
	"2147483648", "1e3",         "0.5",          ".5",
	"99.9%",      "1m",          "1h",           "31d",
	"0s",         "Auto",        "Off",          "false",
	"true",       "[]",          "{}",           "~",
	"\"\"",       "' '",         "[~]",          "[[]]",
	"'@daily'",   "'* * * * *'", "'0 0 30 2 *'", "UTC",
	"../UTC",     "Scale",       "Hold",         "Min",
	"600Mi",      "1e400",       "nan",          "2026-11-27T12:00:00Z",
	"'\xc3\xa9'", "\"\\u2028\"", "\"\\0\"",      "errors",
	"[1d, 1d]",   "[12h]",       "Value",        "9223372036854775807",
};

START_TEST(whatever_is_exchanged_is_refused_in_place_or_means_what_is_printed)
{
	struct rng r;
	int nodes = node_count(), taken = 0, refused = 0;
	rng_init(&r, 2026);
	for (int i = 0; i < 4000; i++) {
		struct edit edits[3];
		struct err err = {0};
		int count = 1 + (int)(rng_next(&r) % 3);
		for (int n = 0; n < count; n++)
			edits[n] = (struct edit){
				.target = (int)(rng_next(&r) % (uint64_t)nodes),
				.value = pool[rng_next(&r) % ARRAY_LEN(pool)]};
		AUTO_FREE char *text = NULL;
		write_policy(edits, count, &text);
		AUTO(policy_cleanup)
		struct policy *p = policy_parse("shop", "web", text, strlen(text), &err);
		if (!p) {
			ck_assert_msg(strncmp(err.msg, "line ", 5) == 0, "%s", err.msg);
			refused++;
			continue;
		}
		taken++;
		AUTO_FREE char *printed = policy_text(p);
		AUTO(policy_cleanup)
		struct policy *back =
			policy_parse("shop", "web", printed, strlen(printed), &err);
		ck_assert_msg(back != NULL, "%s\n%s\nfrom\n%s", err.msg, printed, text);
		AUTO_FREE char *again = policy_text(back);
		ck_assert_str_eq(printed, again);
	}
	ck_assert_int_gt(taken, 150);
	ck_assert_int_gt(refused, 1000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy_damage");
	TCase *tcase = tcase_create("policy_damage");
	tcase_set_timeout(tcase, 100);
	tcase_add_test(tcase, the_undamaged_policy_is_taken);
	tcase_add_test(tcase, every_wrong_type_is_found_in_its_place);
	tcase_add_test(tcase, every_wrong_word_is_found_in_its_place);
	tcase_add_test(tcase, null_is_an_absent_field_everywhere);
	tcase_add_test(
		tcase,
		whatever_is_exchanged_is_refused_in_place_or_means_what_is_printed);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
