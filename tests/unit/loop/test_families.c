/* The table of metrics against the conventions of exporters, and docs/metrics.md against
 * the table. Runs in the folder of docs/; UPDATE_DOCS=1 writes the page's part anew. */
#include "loop/loop.h"
#include "unit/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE "docs/metrics.md"
#define BEGIN                                                                            \
	"<!-- begin: the table of the code, written by UPDATE_DOCS=1 make unit-loop "    \
	"-->\n"
#define END "<!-- end -->\n"

static const struct metric_family *families;
static int count;

static void setup(void)
{
	families = loop_families(&count);
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);
	return n >= m && strcmp(text + n - m, end) == 0;
}

START_TEST(names_and_labels_follow_the_conventions)
{
	/* Labels that scraping adds or that many a cluster's rules use. */
	static const char *const taken[] = {
		"namespace", "pod",    "job",  "instance", "service",  "type",
		"cluster",   "region", "zone", "endpoint", "container"};
	static const char *const prefixes[] = {"foretop_",         "process_",
					       "rest_client_",     "workqueue_",
					       "leader_election_", "controller_runtime_"};
	for (int i = 0; i < count; i++) {
		const struct metric_family *f = &families[i];
		bool known = false;
		for (size_t p = 0; p < ARRAY_LEN(prefixes); p++)
			known |= strncmp(f->name, prefixes[p], strlen(prefixes[p])) == 0;
		ck_assert_msg(known, "%s", f->name);
		ck_assert_msg(ends_with(f->help, "."), "%s: a sentence", f->name);
		if (f->kind == FAMILY_HISTOGRAM)
			ck_assert_msg(ends_with(f->name, "_seconds"), "%s", f->name);
		for (int l = 0; l < METRIC_LABELS_MAX && f->labels[l]; l++) {
			for (size_t t = 0; t < ARRAY_LEN(taken); t++)
				ck_assert_msg(strcmp(f->labels[l], taken[t]) != 0,
					      "%s has the label %s", f->name, taken[t]);
		}
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(f->name, families[j].name);
	}
}
END_TEST

static void row(const struct metric_family *f, struct str *out)
{
	static const char *const kinds[] = {
		[FAMILY_GAUGE] = "gauge",
		[FAMILY_COUNTER] = "counter",
		[FAMILY_HISTOGRAM] = "histogram",
	};
	str_printf(out, "| `%s` | %s | ", f->name, kinds[f->kind]);
	for (int l = 0; l < METRIC_LABELS_MAX && f->labels[l]; l++)
		str_printf(out, "%s%s", l ? ", " : "", f->labels[l]);
	str_puts(out, " | ");
	for (const char *c = f->help; *c; c++) /* Markdown takes <x> for HTML */
		str_printf(out, *c == '<' ? "\\%c" : "%c", *c);
	str_puts(out, " |\n");
}

/* What the page must say. The caller frees it. */
static char *table(void)
{
	struct str out;
	str_init(&out, 1 << 20);
	str_puts(&out, "| metric | type | labels | what it says |\n|---|---|---|---|\n");
	for (int i = 0; i < count; i++)
		row(&families[i], &out);
	return str_take(&out);
}

START_TEST(the_page_of_metrics_is_up_to_date)
{
	char *page AUTO_FREE = NULL, *wanted AUTO_FREE = table();
	struct err err = {0};
	ck_assert_msg(file_read(PAGE, 1 << 20, &page, NULL, &err) == 0, "%s", err.msg);
	char *begin = strstr(page, BEGIN), *end = strstr(page, "\n" END);
	ck_assert_msg(begin && end > begin, "the marks of the table in " PAGE);
	begin += strlen(BEGIN);
	end++;
	if (strlen(wanted) == (size_t)(end - begin) &&
	    strncmp(begin, wanted, (size_t)(end - begin)) == 0)
		return;
	ck_assert_msg(getenv("UPDATE_DOCS"),
		      PAGE " is stale: run UPDATE_DOCS=1 make unit-loop");
	FILE *f = fopen(PAGE, "w");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "%.*s%s%s", (int)(begin - page), page, wanted, end);
	ck_assert_int_eq(fclose(f), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("families");
	TCase *tc = tcase_create("families");
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, names_and_labels_follow_the_conventions);
	tcase_add_test(tc, the_page_of_metrics_is_up_to_date);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
