#include "prom/builtin.h"

#include "prom/decimal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int prom_resource_parse(const char *name, enum prom_resource *ret_resource)
{
	static const char *const names[] = {[PROM_CPU] = "cpu", [PROM_MEMORY] = "memory"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!strcmp(name, names[i])) {
			*ret_resource = (enum prom_resource)i;
			return 0;
		}
	}
	return -1;
}

/* --- quoting --- */

/* The escapes of a Go string literal, which PromQL's double quotes take. */
static int put_escaped(struct str *out, char c)
{
	if (c == '"' || c == '\\') {
		const char pair[2] = {'\\', c};
		return str_add(out, pair, 2);
	}
	if ((unsigned char)c < ' ' || c == 0x7f)
		return str_printf(out, "\\x%02x", (unsigned char)c);
	return str_add(out, &c, 1);
}

/* RE2's meta characters get a backslash, which the literal then doubles. */
static int put_plain_regex(struct str *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("\\.+*?()|[]{}^$", *text) && put_escaped(out, '\\') < 0)
			return -1;
		if (put_escaped(out, *text) < 0)
			return -1;
	}
	return 0;
}

int prom_quote(struct str *out, const char *text)
{
	if (str_puts(out, "\"") < 0)
		return -1;
	for (; *text; text++)
		if (put_escaped(out, *text) < 0)
			return -1;
	return str_puts(out, "\"");
}

int prom_quote_regex(struct str *out, const char *text)
{
	if (str_puts(out, "\"") < 0 || put_plain_regex(out, text) < 0)
		return -1;
	return str_puts(out, "\"");
}

/* --- parts of queries; whatever does not fit marks `out` as cut --- */

/* namespace="a" or namespace=~"a|b" */
static void put_one_of(struct str *out, const char *label, const char *const *names,
		       size_t count)
{
	if (count == 1) {
		str_printf(out, "%s=", label);
		prom_quote(out, names[0]);
		return;
	}
	str_printf(out, "%s=~\"", label);
	for (size_t i = 0; i < count; i++) {
		str_puts(out, i ? "|" : "");
		put_plain_regex(out, names[i]);
	}
	str_puts(out, "\"");
}

static void put_equal(struct str *out, const char *label, const char *value)
{
	put_one_of(out, label, &value, 1);
}

/* cAdvisor also has series for whole pods (no container) and, on old runtimes, for the
 * sandbox (POD). */
static void put_selector(struct str *out, const char *metric, const struct prom_pods *p)
{
	str_printf(out, "%s{", metric);
	put_one_of(out, "namespace", p->namespaces, p->namespace_count);
	if (p->pod_count) {
		str_puts(out, ",");
		put_one_of(out, "pod", p->pods, p->pod_count);
	}
	str_puts(out, ",");
	if (p->container)
		put_equal(out, "container", p->container);
	else
		str_puts(out, "container!=\"\",container!=\"POD\"");
	str_puts(out, "}");
}

static const char *const metrics[] = {
	[PROM_CPU] = "container_cpu_usage_seconds_total",
	[PROM_MEMORY] = "container_memory_working_set_bytes",
};

static void put_window(struct str *out, int64_t window_ms)
{
	if (window_ms <= 0)
		window_ms = PROM_RATE_WINDOW_MS;
	if (window_ms % MS_PER_S)
		str_printf(out, "[%lldms]", (long long)window_ms);
	else
		str_printf(out, "[%llds]", (long long)(window_ms / MS_PER_S));
}

/* Usage by namespace, pod and container. The maximum takes one of several scrapes of the
 * same container (two Prometheus servers, two jobs) and, after a restart in place, one of
 * the old and the new container; old cAdvisors split CPU time by core, so that is summed.
 */
static void put_usage(struct str *out, enum prom_resource resource,
		      const struct prom_pods *p)
{
	switch (resource) {
	case PROM_CPU:
		str_puts(out, "sum by (namespace,pod,container) (max by "
			      "(namespace,pod,container,cpu) (rate(");
		put_selector(out, metrics[resource], p);
		put_window(out, p->window_ms);
		str_puts(out, ")))");
		return;
	case PROM_MEMORY:
		str_puts(out, "max by (namespace,pod,container) (");
		put_selector(out, metrics[resource], p);
		str_puts(out, ")");
		return;
	}
}

/* --- the present --- */

/* The label with the time of a value's newest sample, in seconds. */
#define TIME_LABEL "time"

/* One series a container says both: count_values turns the time into a label, and the
 * join carries it over. Times as series of their own would double the answer, whose
 * reading is most of what such a query costs us. */
int prom_usage_query(enum prom_resource resource, const struct prom_pods *pods,
		     struct str *out)
{
	put_usage(out, resource, pods);
	str_puts(out, " * on (namespace,pod,container) group_left (" TIME_LABEL ") "
		      "count_values by (namespace,pod,container) (\"" TIME_LABEL "\","
		      "max by (namespace,pod,container) (timestamp(");
	put_selector(out, metrics[resource], pods);
	str_puts(out, ")))");
	return out->cut ? -1 : 0;
}

/* Neighbours share their texts (decode.c). */
static int compare_texts(const char *a, const char *b)
{
	return a == b ? 0 : strcmp(a, b);
}

static int compare_rows(const void *left, const void *right)
{
	const struct prom_usage *a = left, *b = right;
	int order = compare_texts(a->ns, b->ns);
	if (order)
		return order;
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return compare_texts(a->container, b->container);
}

static int64_t time_of(const struct prom_series *s)
{
	double seconds;
	if (!decimal_parse(prom_label(s, TIME_LABEL), &seconds) ||
	    !(fabs(seconds) <= PROM_SECONDS_MAX))
		return INT64_MIN;
	return llround(seconds * MS_PER_S);
}

struct prom_usage *prom_usages(const struct prom_result *result, size_t *ret_count)
{
	size_t count = result->series_count;
	struct prom_usage *rows = xcalloc(count + 1, sizeof(*rows));
	for (size_t i = 0; i < count; i++) {
		const struct prom_series *s = &result->series[i];
		rows[i] = (struct prom_usage){
			.ns = s->ns,
			.pod = s->pod,
			.container = s->container,
			.key = hash_text(s->pod),
			.sample = {.t_ms = time_of(s),
				   .v = s->samples[s->sample_count - 1].v},
		};
	}
	qsort(rows, count, sizeof(*rows), compare_rows);
	*ret_count = count;
	return rows;
}

/* --- the past --- */

/* Pods whose controller is `kind`/`name`, as a vector of ones by namespace and pod. */
static void put_owned(struct str *out, const struct prom_workload *w)
{
	str_puts(out, "max by (namespace,pod) (kube_pod_owner{");
	put_equal(out, "namespace", w->ns);
	str_puts(out, ",");
	put_equal(out, "owner_kind", w->kind);
	str_puts(out, ",");
	put_equal(out, "owner_name", w->name);
	str_puts(out, "})");
}

/* The same for pods of ReplicaSets whose controller is `kind`/`name`. */
static void put_owned_through_replicasets(struct str *out, const struct prom_workload *w)
{
	str_puts(out, "max by (namespace,pod) (label_replace(kube_pod_owner{");
	put_equal(out, "namespace", w->ns);
	str_puts(out, ",owner_kind=\"ReplicaSet\"},\"replicaset\",\"$1\",\"owner_name\","
		      "\"(.+)\") * on (namespace,replicaset) group_left () max by "
		      "(namespace,replicaset) (kube_replicaset_owner{");
	put_equal(out, "namespace", w->ns);
	str_puts(out, ",");
	put_equal(out, "owner_kind", w->kind);
	str_puts(out, ",");
	put_equal(out, "owner_name", w->name);
	str_puts(out, "}))");
}

static bool owns_pods(const char *kind)
{
	return !strcmp(kind, "StatefulSet") || !strcmp(kind, "ReplicaSet") ||
	       !strcmp(kind, "ReplicationController");
}

int prom_workload_query(enum prom_resource resource, const struct prom_workload *w,
			struct str *out)
{
	const struct prom_pods pods = {
		.namespaces = &w->ns,
		.namespace_count = 1,
		.container = w->container,
		.window_ms = w->window_ms,
	};
	str_puts(out, "sum(sum by (namespace,pod) (");
	put_usage(out, resource, &pods);
	str_puts(out, ") * on (namespace,pod) (");
	if (owns_pods(w->kind)) {
		put_owned(out, w);
	} else {
		put_owned_through_replicasets(out, w);
		if (strcmp(w->kind, "Deployment") != 0) {
			str_puts(out, " or ");
			put_owned(out, w);
		}
	}
	str_puts(out, "))");
	return out->cut ? -1 : 0;
}
