/* The table of all fields in docs/policy.md against what the parser knows and prints.
 * Runs in the folder of docs/. */
#include "unit/policy/refusals.h"

#include <stdio.h>

#define ROWS_MAX 128
#define NOBODY   "zzzzzzzzzzzz"

struct row {
	char field[96], fallback[96];
};
static struct row rows[ROWS_MAX];
static int row_count;

/* "| `field` | default | ..." */
static void read_table(void)
{
	char line[1024];
	FILE *f = fopen("docs/policy.md", "re");
	ck_assert_msg(f != NULL, "docs/policy.md is not in the working directory");
	bool inside = false;
	row_count = 0;
	while (fgets(line, sizeof(line), f)) {
		if (line[0] == '#')
			inside = !strcmp(line, "## Fields\n");
		struct row *row = &rows[row_count];
		if (!inside || sscanf(line, "| `%95[^`]` | %95[^|]|", row->field,
				      row->fallback) != 2)
			continue;
		row->fallback[strlen(row->fallback) - 1] = '\0';
		row_count++;
		ck_assert_int_lt(row_count, ROWS_MAX);
	}
	fclose(f);
	ck_assert_int_gt(row_count, 40);
}

static const struct row *find_row(const char *field)
{
	for (int i = 0; i < row_count; i++)
		if (strcmp(rows[i].field, field) == 0)
			return &rows[i];
	return NULL;
}

/* A row of its own, or rows of what is in it. */
static bool is_documented(const char *field)
{
	size_t len = strlen(field);
	for (int i = 0; i < row_count; i++)
		if (strncmp(rows[i].field, field, len) == 0 &&
		    strchr(".[", rows[i].field[len]))
			return true; /* also at its end */
	return false;
}

/* Maps of the policy, each with a text in which it has a field that nobody knows. */
static const struct {
	const char *map, *text;
} maps[] = {
	{"", NOBODY ": 1\n"},
	{"scaleTargetRef.", "!scaleTargetRef: {" NOBODY ": 1}\n"},
	{"metrics[].", "metrics: [{" NOBODY ": 1}]\n"},
	{"metrics[].forecast.",
	 "metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, "
	 "averageUtilization: 5}}, forecast: {" NOBODY ": 1}}]\n"},
	{"behavior.", "behavior: {" NOBODY ": 1}\n"},
	{"behavior.scaleUp.", "behavior: {scaleUp: {" NOBODY ": 1}}\n"},
	{"behavior.scaleDown.", "behavior: {scaleDown: {" NOBODY ": 1}}\n"},
	{"forecast.", "forecast: {" NOBODY ": 1}\n"},
	{"forecast.exclude[].", "forecast: {exclude: [{" NOBODY ": 1}]}\n"},
	{"schedule[].", "schedule: [{" NOBODY ": 1}]\n"},
	{"guards[].", "guards: [{" NOBODY ": 1}]\n"},
	{"holds.", "holds: {" NOBODY ": 1}\n"},
};

/* What the parser names as allowed there: "a, b, c". The caller frees it. */
static char *allowed_in(const char *text)
{
	static const char mark[] = "unknown field \"" NOBODY "\": allowed: ";
	AUTO_FREE char *whole = whole_text(text);
	struct str lines;
	str_init(&lines, 1 << 16);
	policy_check(whole, strlen(whole), &lines);
	const char *at = strstr(str_text(&lines), mark);
	ck_assert_msg(at != NULL, "for\n%s\n%s", text, str_text(&lines));
	at += strlen(mark);
	char *allowed = xstrndup(at, strcspn(at, "\n"));
	str_fini(&lines);
	return allowed;
}

START_TEST(every_field_that_is_allowed_has_a_row)
{
	read_table();
	AUTO_FREE char *allowed = allowed_in(maps[_i].text);
	for (char *name = strtok(allowed, ", "); name; name = strtok(NULL, ", ")) {
		AUTO_FREE char *field = xasprintf("%s%s", maps[_i].map, name);
		ck_assert_msg(is_documented(field), "%s has no row", field);
	}
}
END_TEST

static bool has_word(const char *list, const char *word)
{
	AUTO_FREE char *padded = xasprintf(", %s,", list);
	AUTO_FREE char *wanted = xasprintf(", %s,", word);
	return strstr(padded, wanted) != NULL;
}

START_TEST(every_row_is_a_field_that_is_allowed)
{
	read_table();
	for (int i = 0; i < row_count; i++) {
		const char *dot = strrchr(rows[i].field, '.');
		const char *name = dot ? dot + 1 : rows[i].field;
		size_t len = (size_t)(name - rows[i].field);
		bool found = false;
		for (size_t m = 0; m < ARRAY_LEN(maps); m++) {
			if (strlen(maps[m].map) != len ||
			    strncmp(maps[m].map, rows[i].field, len) != 0)
				continue;
			AUTO_FREE char *allowed = allowed_in(maps[m].text);
			found = found || has_word(allowed, name);
		}
		ck_assert_msg(found, "%s is no field", rows[i].field);
	}
}
END_TEST

/* Only what is required; the rest shall be printed with the defaults of the table.
 * Forecasting is asked for: the table says what holds without. */
static const char least[] =
	"!scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n"
	"maxReplicas: 10\n"
	"metrics:\n"
	"- type: External\n"
	"  external: {metric: {name: q}, target: {type: AverageValue, averageValue: 5}}\n"
	"  query: q\n"
	"  forecast: {target: 6, reactiveTarget: 7}\n"
	"behavior: {}\n"
	"forecast: {}\n";
static const char least_items[] =
	"!scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n"
	"maxReplicas: 10\n"
	"forecast: {exclude: [{from: 2026-01-01T00:00:00Z, to: 2026-01-02T00:00:00Z}]}\n"
	"schedule: [{cron: '@daily', duration: 1h, minReplicas: 1}]\n"
	"guards: [{name: g, query: q, above: 1, action: Hold}]\n";

static int compared;

static void compare(const struct yaml_node *node, const struct yaml_node *given,
		    const char *path);

static void compare_items(const struct yaml_node *node, const struct yaml_node *given,
			  const char *path)
{
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_node *item = &node->items[i];
		const struct yaml_node *same = NULL;
		bool list = node->kind == YAML_LIST;
		AUTO_FREE char *below =
			list ? xasprintf("%s[]", path)
			     : xasprintf("%s%s%s", path, *path ? "." : "", item->key);
		if (!list)
			same = yaml_get(given, item->key);
		else if (given && given->kind == YAML_LIST && i < given->count)
			same = &given->items[i];
		compare(item, same, below);
	}
}

/* Every value that was printed and not given is the default of its row. */
static void compare(const struct yaml_node *node, const struct yaml_node *given,
		    const char *path)
{
	const struct row *row = find_row(path);
	bool prose =
		row && (strchr(row->fallback, ' ') || !strcmp(row->fallback, "none"));
	if (given && given->kind == YAML_SCALAR)
		return;
	if (node->kind == YAML_SCALAR || !node->count) {
		ck_assert_msg(row != NULL, "%s has no row", path);
		ck_assert_str_eq(row->fallback,
				 node->kind == YAML_SCALAR ? node->text : "[]");
		compared++;
	} else if (!row || !prose) {
		if (strcmp(path, "forecast.models") != 0)
			compare_items(node, given, path);
	}
}

START_TEST(the_defaults_are_those_that_are_printed)
{
	const char *texts[] = {least, least_items};
	struct err err = {0};
	read_table();
	compared = 0;
	AUTO(policy_cleanup) struct policy *p = must_accept(texts[_i]);
	AUTO_FREE char *printed = policy_text(p);
	AUTO(yaml_node_cleanup) struct yaml_node *node = NULL;
	AUTO(yaml_node_cleanup) struct yaml_node *given = NULL;
	ck_assert_int_eq(yaml_parse(printed, strlen(printed), &node, &err), 0);
	ck_assert_int_eq(yaml_parse(texts[_i] + 1, strlen(texts[_i] + 1), &given, &err),
			 0);
	compare(node, given, "");
	ck_assert_int_gt(compared, 15);
}
END_TEST

/* Without what a row calls required the policy is refused, there. */
START_TEST(what_is_required_is_required)
{
	static const char *const texts[] = {
		"!{}",
		"!scaleTargetRef: {}\n",
		"metrics: [{}]\n",
		"forecast: {exclude: [{}]}\n",
		"schedule: [{}]\n",
		"guards: [{}]\n",
	};
	struct str lines;
	str_init(&lines, 1 << 16);
	read_table();
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		AUTO_FREE char *text = whole_text(texts[i]);
		policy_check(text, strlen(text), &lines);
	}
	for (int i = 0; i < row_count; i++) {
		if (strcmp(rows[i].fallback, "required") != 0)
			continue;
		struct str want;
		str_init(&want, 256);
		for (const char *c = rows[i].field; *c; c++)
			str_printf(&want, *c == '[' ? "[0" : "%c", *c);
		/* Empty, it is told apart from an unknown group. */
		str_puts(&want, strstr(rows[i].field, "apiVersion")
					? ": Invalid value: \"\""
					: ": Required value");
		ck_assert_msg(strstr(str_text(&lines), str_text(&want)) != NULL,
			      "%s\nnot in\n%s", str_text(&want), str_text(&lines));
		str_fini(&want);
	}
	str_fini(&lines);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reference");
	TCase *tcase = tcase_create("reference");
	tcase_add_loop_test(tcase, every_field_that_is_allowed_has_a_row, 0,
			    ARRAY_LEN(maps));
	tcase_add_test(tcase, every_row_is_a_field_that_is_allowed);
	tcase_add_loop_test(tcase, the_defaults_are_those_that_are_printed, 0, 2);
	tcase_add_test(tcase, what_is_required_is_required);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
