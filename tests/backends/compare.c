/* Foretop's built-in queries, asked of two servers with the same samples through its own
 * client: the rows must be the same, their times equal, their values alike.
 * usage: compare REFERENCE OTHER UNIX_SECONDS TOLERANCE
 * TOLERANCE: of rates, as a share of the reference's. The samples are those of
 * tests/e2e/e2e/backends.py; exit code 1 when something differs. */
#include "prom/prom.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Counters of such pods are younger than the window of the rate. Prometheus takes them to
 * have stood still before, others do not: their values are larger. */
#define YOUNG "young"
/* Their pods end without a stale marker. Prometheus takes the last sample for five
 * minutes, others for a scrape or two; and its rate falls as the window empties. */
#define GONE "gone"
/* The past is compared up to so long ago: no young pods. */
#define SETTLED_MS (10 * MS_PER_MIN)

struct fact {
	char key[160]; /* namespace/pod/container; "" in the past */
	int64_t t_ms;
	double v;
};

struct facts {
	struct fact *items;
	size_t count;
	char why[256]; /* there are none */
};

static struct reactor *reactor;
static struct prom_source *sources[2];
static int differences;

/* --- answers --- */

static void add(struct facts *f, const struct fact *fact)
{
	f->items = xrealloc(f->items, (f->count + 1) * sizeof(*f->items));
	f->items[f->count++] = *fact;
}

/* Either way nothing else comes. False: there is no result. */
static bool has_result(struct facts *f, const struct prom_answer *answer)
{
	reactor_stop(reactor);
	if (answer->outcome == PROM_OK)
		return true;
	snprintf(f->why, sizeof(f->why), "%s", answer->err.msg);
	return false;
}

static void on_usages(void *arg, const struct prom_answer *answer)
{
	struct facts *f = arg;
	if (!has_result(f, answer))
		return;
	size_t count;
	struct prom_usage *rows AUTO_FREE = prom_usages(answer->result, &count);
	for (size_t i = 0; i < count; i++) {
		struct fact fact = {.t_ms = rows[i].sample.t_ms, .v = rows[i].sample.v};
		snprintf(fact.key, sizeof(fact.key), "%s/%s/%s", rows[i].ns, rows[i].pod,
			 rows[i].container);
		add(f, &fact);
	}
}

static void on_range(void *arg, const struct prom_answer *answer)
{
	struct facts *f = arg;
	if (!has_result(f, answer))
		return;
	const struct prom_series *s = answer->result->series;
	for (size_t i = 0; i < s->sample_count; i++) {
		struct fact fact = {.t_ms = s->samples[i].t_ms, .v = s->samples[i].v};
		add(f, &fact);
	}
	if (answer->result->series_count != 1)
		snprintf(f->why, sizeof(f->why), "%zu series",
			 answer->result->series_count);
}

/* --- comparison --- */

static bool alike(const struct fact *a, const struct fact *b, double tolerance)
{
	return fabs(a->v - b->v) <= tolerance * fabs(a->v);
}

/* Of what the reference has only a part of the window. */
static bool may_be_larger(const struct fact *fact, const struct facts *other, bool ends)
{
	int64_t last_ms = other->items[other->count - 1].t_ms;
	return strstr(fact->key, YOUNG) ||
	       (ends && fact->t_ms > last_ms - PROM_RATE_WINDOW_MS);
}

static void differ(const char *what, const char *how)
{
	differences++;
	printf("differs: %s: %s\n", what, how);
}

static void differ_in(const char *what, const struct fact *a, const struct fact *b)
{
	char *how AUTO_FREE = xasprintf("\"%s\" at %.3f: %.17g, \"%s\" at %.3f: %.17g",
					a->key, (double)a->t_ms / MS_PER_S, a->v, b->key,
					(double)b->t_ms / MS_PER_S, b->v);
	differ(what, how);
}

/* Where pods end, the second may end earlier. */
static void compare(const char *what, const struct facts f[2], double tolerance,
		    bool ends)
{
	double largest = 0;
	size_t count = f[0].count;
	if (f[0].why[0] || f[1].why[0] || !count) {
		char *how AUTO_FREE = xasprintf("\"%s\" and \"%s\"", f[0].why, f[1].why);
		differ(what, how);
		return;
	}
	if (ends && f[1].count < count)
		count = f[1].count;
	else if (f[1].count != count) {
		char *how AUTO_FREE = xasprintf("%zu and %zu values", count, f[1].count);
		differ(what, how);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		const struct fact *a = &f[0].items[i], *b = &f[1].items[i];
		bool larger = b->v > a->v && may_be_larger(a, &f[1], ends);
		if (strcmp(a->key, b->key) != 0 || a->t_ms != b->t_ms ||
		    !(larger || alike(a, b, tolerance))) {
			differ_in(what, a, b);
			return;
		}
		if (!larger)
			largest = fmax(largest, fabs(a->v - b->v) / fabs(a->v));
	}
	printf("same: %s: %zu and %zu values, at most %.2g %% apart\n", what, f[0].count,
	       f[1].count, 100 * largest);
}

/* --- questions --- */

static const char *const shop[] = {"shop"};
static const char *const both[] = {"shop", "b.c"};
static const char *const some[] = {"web-1", "b.c\"1"};

static const struct {
	const char *name;
	struct prom_pods pods;
} usages[] = {
	{"a namespace", {.namespaces = shop, .namespace_count = 1}},
	{"two namespaces", {.namespaces = both, .namespace_count = 2}},
	{"a container of two pods",
	 {.namespaces = both,
	  .namespace_count = 2,
	  .pods = some,
	  .pod_count = 2,
	  .container = "app"}},
};

static const struct prom_workload workloads[] = {
	{.ns = "shop", .kind = "Deployment", .name = "web"},
	{.ns = "shop", .kind = "Deployment", .name = "web", .container = "sidecar"},
	{.ns = "shop", .kind = "Deployment", .name = GONE},
	{.ns = "shop", .kind = "StatefulSet", .name = "db"},
	{.ns = "shop", .kind = "Rollout", .name = "canary"},
};

static const char *const names[] = {[PROM_CPU] = "CPU", [PROM_MEMORY] = "memory"};

/* Memory is told as it was sampled. */
static double tolerance_of(int resource, double of_rates)
{
	return resource == PROM_CPU ? of_rates : 1e-12;
}

static void end(struct facts f[2])
{
	free(f[0].items);
	free(f[1].items);
}

static void ask_usages(int resource, size_t i, int64_t at_ms, double of_rates)
{
	struct facts f[2] = {0};
	struct str text AUTO(str_fini);
	str_init(&text, 65536);
	if (prom_usage_query((enum prom_resource)resource, &usages[i].pods, &text) < 0)
		abort();
	for (int k = 0; k < 2; k++) {
		prom_query(sources[k], str_text(&text), at_ms, on_usages, &f[k]);
		reactor_run(reactor);
	}
	char *what AUTO_FREE = xasprintf("%s of %s at %lld", names[resource],
					 usages[i].name, (long long)(at_ms / MS_PER_S));
	compare(what, f, tolerance_of(resource, of_rates), false);
	end(f);
}

static void ask_history(int resource, const struct prom_workload *w, int64_t end_ms,
			double of_rates)
{
	const struct prom_range range = {end_ms - 5 * MS_PER_H, end_ms - SETTLED_MS,
					 MS_PER_MIN};
	struct facts f[2] = {0};
	struct str text AUTO(str_fini);
	str_init(&text, 65536);
	if (prom_workload_query((enum prom_resource)resource, w, &text) < 0)
		abort();
	for (int k = 0; k < 2; k++) {
		prom_query_range(sources[k], str_text(&text), &range, on_range, &f[k]);
		reactor_run(reactor);
	}
	char *what AUTO_FREE =
		xasprintf("%s of %s %s%s%s over 5 h", names[resource], w->kind, w->name,
			  w->container ? ", " : "", w->container ? w->container : "");
	compare(what, f, tolerance_of(resource, of_rates), !strcmp(w->name, GONE));
	end(f);
}

static struct prom_source *open_source(const char *name, const char *url)
{
	struct err err = {0};
	const struct prom_source_config config = {.name = name, .http.base_url = url};
	struct prom_source *s = prom_source_new(reactor, &config, &err);
	if (s)
		return s;
	fprintf(stderr, "%s\n", err.msg);
	exit(2);
}

int main(int argc, char **argv)
{
	static const int64_t ago_s[] = {0, 40, 3580, 10000};
	if (argc != 5) {
		fprintf(stderr,
			"usage: compare REFERENCE OTHER UNIX_SECONDS TOLERANCE\n");
		return 2;
	}
	int64_t now_ms = strtoll(argv[3], NULL, 10) * MS_PER_S;
	double of_rates = strtod(argv[4], NULL);
	struct err err = {0};
	reactor = reactor_new(&err);
	if (!reactor) {
		fprintf(stderr, "%s\n", err.msg);
		return 2;
	}
	sources[0] = open_source("reference", argv[1]);
	sources[1] = open_source("other", argv[2]);
	for (int resource = PROM_CPU; resource <= PROM_MEMORY; resource++) {
		for (size_t i = 0; i < ARRAY_LEN(usages); i++)
			for (size_t k = 0; k < ARRAY_LEN(ago_s); k++)
				ask_usages(resource, i, now_ms - ago_s[k] * MS_PER_S,
					   of_rates);
		for (size_t i = 0; i < ARRAY_LEN(workloads); i++)
			ask_history(resource, &workloads[i], now_ms, of_rates);
	}
	prom_source_free(sources[0]);
	prom_source_free(sources[1]);
	reactor_free(reactor);
	return differences ? EXIT_FAILURE : EXIT_SUCCESS;
}
