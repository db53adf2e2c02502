/* Runs every file of test vectors in a directory against lib/decide.
 * usage: vectors [DIR]   (default: tests/vectors, from the root of the checkout)
 * Prints each failure and closes with "N passed, N failed". Exit code 0: all passed; 1:
 * some failed; 2: unreadable; 77: there are none. */
#include "vectors/runner.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA_PREFIX "hpa-vectors/"

static const struct {
	const char *schema; /* without prefix and version */
	const char *list;   /* of cases in the file */
	void (*run)(struct run *r);
} runners[] = {
	{"replica_calculator", "cases", run_replica_calculator},
	{"group_pods", "cases", run_group_pods},
	{"calculate_requests", "cases", run_calculate_requests},
	{"legacy_clamp", "cases", run_legacy_clamp},
	{"legacy_stabilize", "cases", run_legacy_stabilize},
	{"behavior_rate", "cases", run_behavior_rate},
	{"behavior_rate", "limit_cases", run_behavior_limit},
	{"behavior_stabilize", "cases", run_behavior_stabilize},
	{"scale_events", "cases", run_scale_events},
	{"derived_edges", "cases", run_derived_edges},
	{"reconcile", "cases", run_reconcile},
	{"sequence", "cases", run_sequence},
};

void run_fail(struct run *r, const char *fmt, ...)
{
	va_list args;
	r->bad = true;
	printf("FAIL %s | %s: ", exact_text(r->item, "test", "derived"),
	       exact_text(r->item, "name", "?"));
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

void run_check_int(struct run *r, const char *what, int64_t got, int64_t want)
{
	if (got != want)
		run_fail(r, "%s is %lld, want %lld", what, (long long)got,
			 (long long)want);
}

void run_check_text(struct run *r, const char *what, const char *got, const char *want)
{
	if (strcmp(got, want) != 0)
		run_fail(r, "%s is \"%s\", want \"%s\"", what, got, want);
}

static bool has_schema(const cJSON *file, const char *name)
{
	const char *schema = exact_text(file, "schema", "");
	size_t n = strlen(name);
	if (strncmp(schema, SCHEMA_PREFIX, strlen(SCHEMA_PREFIX)) != 0)
		return false;
	schema += strlen(SCHEMA_PREFIX);
	return strncmp(schema, name, n) == 0 && schema[n] == '/';
}

static int32_t run_list(struct run *r, const cJSON *list, void (*run)(struct run *))
{
	int32_t n = 0;
	cJSON_ArrayForEach (r->item, list) {
		r->bad = false;
		run(r);
		*(r->bad ? &r->failed : &r->passed) += 1;
		n++;
	}
	return n;
}

static void run_file(struct run *total, const char *path)
{
	cJSON *file = exact_read(path);
	struct run r = {.file = file};
	int32_t cases = 0;

	for (size_t i = 0; i < ARRAY_LEN(runners); i++)
		if (has_schema(file, runners[i].schema))
			cases += run_list(&r, exact_get(file, runners[i].list),
					  runners[i].run);
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	if (cases == 0)
		printf("%-28s says nothing about lib/decide\n", name);
	else
		printf("%-28s %d cases, %d failed\n", name, cases, r.failed);
	total->passed += r.passed;
	total->failed += r.failed;
	cJSON_Delete(file);
}

static int is_json(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');
	return dot && strcmp(dot, ".json") == 0;
}

int main(int argc, char **argv)
{
	struct run total = {0};
	struct dirent **names;

	if (argc > 2) {
		fprintf(stderr, "usage: vectors [DIR]\n");
		return 2;
	}
	const char *dir = argc == 2 ? argv[1] : "tests/vectors";
	int n = scandir(dir, &names, is_json, alphasort);
	if (n <= 0) {
		printf("skipped: no test vectors in %s\n", dir);
		return 77;
	}
	for (int i = 0; i < n; i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", dir, names[i]->d_name);
		run_file(&total, path);
		free(names[i]);
	}
	free(names);
	printf("%d passed, %d failed\n", total.passed, total.failed);
	if (total.passed + total.failed == 0) {
		printf("skipped: no test vectors about lib/decide in %s\n", dir);
		return 77;
	}
	return total.failed ? 1 : 0;
}
