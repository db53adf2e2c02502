#include "sim/exporter.h"

#include "prom/prom.h"
#include "sim/cluster.h"
#include "sim/served.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define REQUESTS_WINDOW_MS MS_PER_MIN
/* Prometheus' lookback: so long after the present the last value is still found. */
#define LOOKBACK_MS    (5 * MS_PER_MIN)
#define QUERY_LIMIT    65536
#define NAMESPACES_MAX 128

/* What an expression is about; one for each registration. */
struct exported {
	struct exporter *exporter;
	struct exported *next;
	struct workload *workload; /* NULL: all of ns */
	char *ns;                  /* several: "a|b" */
	enum prom_resource resource;
};

struct exporter {
	struct promapi *api;
	struct world *world;
	const struct clock *clock;
	struct exported *exported;
};

static promapi_eval *look_up(void *arg, const char *expression, void **ret_arg);

struct exporter *exporter_new(struct promapi *api, struct world *world,
			      const struct clock *clock)
{
	struct exporter *e = xcalloc(1, sizeof(*e));
	*e = (struct exporter){.api = api, .world = world, .clock = clock};
	promapi_otherwise(api, look_up, e);
	return e;
}

void exporter_free(struct exporter *e)
{
	if (!e)
		return;
	for (struct exported *x = e->exported, *next; x; x = next) {
		next = x->next;
		free(x->ns);
		free(x);
	}
	free(e);
}

/* Nobody is told the future. False: there is nothing any more. */
static bool clamp(const struct exported *x, int64_t *at_ms)
{
	int64_t now_ms = clock_now_ms(x->exporter->clock);
	if (*at_ms > now_ms + LOOKBACK_MS)
		return false;
	if (*at_ms > now_ms)
		*at_ms = now_ms;
	/* Scrapes are the world's: it must have lived through them. */
	world_advance(x->exporter->world, now_ms);
	return true;
}

static void add_total(struct promapi_rows *rows, double value)
{
	if (!isnan(value))
		promapi_rows_add(rows, NULL, 0, value);
}

/* --- requests --- */

static void requests(void *arg, int64_t at_ms, struct promapi_rows *rows)
{
	const struct exported *x = arg;
	if (clamp(x, &at_ms))
		add_total(rows,
			  workload_requests_rate(x->workload, REQUESTS_WINDOW_MS, at_ms));
}

/* Ready pods share the load evenly. */
static void requests_by_pod(void *arg, int64_t at_ms, struct promapi_rows *rows)
{
	const struct exported *x = arg;
	const struct workload *w = x->workload;
	if (!clamp(x, &at_ms))
		return;
	double rate = workload_requests_rate(w, REQUESTS_WINDOW_MS, at_ms);
	for (int32_t i = 0; i < w->pod_count; i++) {
		char name[SHOWN_POD_NAME_SIZE];
		if (!world_pod_ready(&w->pods[i], at_ms))
			continue;
		const struct promapi_label label = {
			"pod", shown_pod_name(w, w->pods[i].serial, name, sizeof(name))};
		promapi_rows_add(rows, &label, 1, rate / w->ready_count);
	}
}

/* --- CPU and memory --- */

static void add_usage(struct promapi_rows *rows, const struct workload *w,
		      const struct world_pod *p, int64_t scraped_ms, double value)
{
	char name[SHOWN_POD_NAME_SIZE], time[32];
	snprintf(time, sizeof(time), "%.3f", (double)scraped_ms / MS_PER_S);
	const struct promapi_label labels[] = {
		{"namespace", w->config.ns},
		{"pod", shown_pod_name(w, p->serial, name, sizeof(name))},
		{"container", SHOWN_CONTAINER},
		{"time", time},
	};
	promapi_rows_add(rows, labels, ARRAY_LEN(labels), value);
}

/* Is it one of the names in "a|b"? */
static bool is_among(const char *names, const char *name)
{
	size_t len = strlen(name);
	for (const char *at = names; at; at = strchr(at, '|')) {
		at += *at == '|';
		if (!strncmp(at, name, len) && (at[len] == '|' || !at[len]))
			return true;
	}
	return false;
}

/* Every container of the namespaces: its usage, and the time of its newest scrape. */
static void usage(void *arg, int64_t at_ms, struct promapi_rows *rows)
{
	const struct exported *x = arg;
	struct world *world = x->exporter->world;
	if (!clamp(x, &at_ms))
		return;
	for (int32_t i = 0; i < world->count; i++) {
		const struct workload *w = &world->workloads[i];
		if (!is_among(x->ns, w->config.ns))
			continue;
		int64_t scraped_ms = workload_scraped_ms(w, at_ms);
		const struct cpu_window window =
			workload_cpu_window(w, PROM_RATE_WINDOW_MS, at_ms);
		for (int32_t j = 0; j < w->pod_count; j++) {
			const struct world_pod *p = &w->pods[j];
			if (p->created_ms > scraped_ms)
				continue; /* no scrape has seen it */
			double value = x->resource == PROM_CPU
					       ? workload_pod_cpu(w, p, &window)
					       : workload_pod_memory(w, p);
			if (!isnan(value))
				add_usage(rows, w, p, scraped_ms, value);
		}
	}
}

static void total_cpu(void *arg, int64_t at_ms, struct promapi_rows *rows)
{
	const struct exported *x = arg;
	if (clamp(x, &at_ms))
		add_total(rows,
			  workload_cpu_rate(x->workload, PROM_RATE_WINDOW_MS, at_ms));
}

/* Known for the present only. */
static void total_memory(void *arg, int64_t at_ms, struct promapi_rows *rows)
{
	const struct exported *x = arg;
	const struct workload *w = x->workload;
	double sum = 0;
	if (!clamp(x, &at_ms) || at_ms < w->now_ms - LOOKBACK_MS)
		return;
	for (int32_t i = 0; i < w->pod_count; i++)
		sum += workload_pod_memory(w, &w->pods[i]);
	add_total(rows, sum);
}

/* --- registration --- */

static struct exported *remember(struct exporter *e, const struct exported *about)
{
	struct exported *x = xmalloc(sizeof(*x));
	*x = *about;
	x->exporter = e;
	x->ns = xstrdup(about->ns);
	x->next = e->exported;
	e->exported = x;
	return x;
}

static void export(struct exporter *e, const char *expression, promapi_eval *eval,
		   const struct exported *about)
{
	promapi_register(e->api, expression, eval, remember(e, about));
}

/* Is it the built-in query for these namespaces, "a|b"? */
static bool is_usage_of(const char *expression, enum prom_resource resource,
			const char *container, const char *names)
{
	char *list AUTO_FREE = xstrdup(names), *rest = list, *name;
	const char *each[NAMESPACES_MAX];
	struct prom_pods pods = {.namespaces = each, .container = container};
	while (pods.namespace_count < ARRAY_LEN(each) && (name = strsep(&rest, "|")))
		each[pods.namespace_count++] = name;
	struct str text AUTO(str_fini);
	str_init(&text, QUERY_LIMIT);
	return prom_usage_query(resource, &pods, &text) == 0 &&
	       !strcmp(str_text(&text), expression);
}

/* The built-in queries of several namespaces in one, in whatever mixture. */
static promapi_eval *look_up(void *arg, const char *expression, void **ret_arg)
{
	static const char *const containers[] = {NULL, SHOWN_CONTAINER};
	static const char begin[] = "namespace=~\"";
	const char *list = strstr(expression, begin);
	if (!list)
		return NULL;
	list += sizeof(begin) - 1;
	char *names AUTO_FREE = xstrndup(list, strcspn(list, "\""));
	struct exported about = {.ns = names};
	for (size_t i = 0; i < 2 * ARRAY_LEN(containers); i++) {
		about.resource = i % 2 ? PROM_MEMORY : PROM_CPU;
		if (!is_usage_of(expression, about.resource, containers[i / 2], names))
			continue;
		export(arg, expression, usage, &about);
		*ret_arg = ((struct exporter *)arg)->exported;
		return usage;
	}
	return NULL;
}

/* The built-in queries of a resource, with and without a container. */
static void export_resource(struct exporter *e, struct exported *about,
			    enum prom_resource resource)
{
	static const char *const containers[] = {NULL, SHOWN_CONTAINER};
	const char *ns = about->ns;
	about->resource = resource;
	for (size_t i = 0; i < ARRAY_LEN(containers); i++) {
		const struct prom_pods pods = {.namespaces = &ns,
					       .namespace_count = 1,
					       .container = containers[i]};
		const struct prom_workload whole = {.ns = ns,
						    .kind = "Deployment",
						    .name = about->workload->config.name,
						    .container = containers[i]};
		struct str text AUTO(str_fini);
		str_init(&text, QUERY_LIMIT);
		prom_usage_query(resource, &pods, &text);
		export(e, str_text(&text), usage, about);
		str_clear(&text);
		prom_workload_query(resource, &whole, &text);
		export(e, str_text(&text),
		       resource == PROM_CPU ? total_cpu : total_memory, about);
	}
}

void exporter_add(struct exporter *e, struct workload *w, const char *demand)
{
	char ns[256];
	snprintf(ns, sizeof(ns), "%s", w->config.ns);
	struct exported about = {.workload = w, .ns = ns};
	char *by_pod AUTO_FREE = served_pods_query(w->config.ns, w->config.name);
	char *sum AUTO_FREE = xasprintf("sum(%s)", by_pod);
	export(e, demand, requests, &about);
	export(e, by_pod, requests_by_pod, &about);
	export(e, sum, requests, &about);
	export_resource(e, &about, PROM_CPU);
	export_resource(e, &about, PROM_MEMORY);
}
