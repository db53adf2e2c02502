#include "fleet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHURN_MS 50 /* changes of pods come in handfuls */
/* The usage of pods that are younger than five minutes does not count. */
#define AGE_MS (20 * MS_PER_MIN)

/* --- Prometheus --- */

static bool among(const char *names, const char *name)
{
	size_t len = strlen(name);
	const char *at = strstr(names, name);
	while (at && ((at > names && at[-1] != '|') || (at[len] && at[len] != '|')))
		at = strstr(at + 1, name);
	return at != NULL;
}

static void usage_row(struct promapi_rows *rows, const char *ns, const char *pod,
		      const char *time, double value)
{
	const struct promapi_label labels[] = {{"namespace", ns},
					       {"pod", pod},
					       {"container", SHOWN_CONTAINER},
					       {"time", time}};
	promapi_rows_add(rows, labels, ARRAY_LEN(labels), value);
}

/* How much more than usual, as a query is told of it. */
static double raised(struct fleet *f, int i)
{
	struct fleet_raise *r = &f->rows[i].raise;
	if (r->raised && !r->answered_ms)
		r->answered_ms = monotonic_ms();
	return r->raised ? 1.5 : 1;
}

/* What the target asks for, so that nothing changes. */
static void usage(void *arg, int64_t at_ms, struct promapi_rows *rows)
{
	struct fleet *f = arg;
	char time[32];
	snprintf(time, sizeof(time), "%.3f", (double)at_ms / MS_PER_S);
	for (int i = 0; i < f->config.count; i++) {
		const struct workload *w = &f->workloads[i];
		if (i % FLEET_PER_NAMESPACE == 0 && !among(f->wanted, w->config.ns)) {
			i += FLEET_PER_NAMESPACE - 1;
			continue;
		}
		double value = 0.7 * raised(f, i);
		for (int32_t k = 0; k < w->pod_count; k++) {
			char pod[SHOWN_POD_NAME_SIZE];
			shown_pod_name(w, w->pods[k].serial, pod, sizeof(pod));
			usage_row(rows, w->config.ns, pod, time, value);
		}
	}
}

/* Of one policy: a day that stays within the tolerance. */
static void own(void *arg, int64_t at_ms, struct promapi_rows *rows)
{
	struct fleet_row *row = arg;
	struct fleet *f = row->fleet;
	double day = (double)(at_ms % MS_PER_DAY) / MS_PER_DAY * 2 * M_PI;
	double swing = f->config.query == FLEET_FORECAST ? 0.05 * sin(day) : 0;
	promapi_rows_add(rows, NULL, 0,
			 100.0 * f->config.pods * (1 + swing) *
				 raised(f, (int)(row - f->rows)));
}

static promapi_eval *look_up(void *arg, const char *expression, void **ret_arg)
{
	struct fleet *f = arg;
	int i;
	if (sscanf(expression, "demand{policy=\"service-%d\"}", &i) == 1) {
		*ret_arg = &f->rows[i];
		return i >= 0 && i < f->config.count ? own : NULL;
	}
	*ret_arg = f;
	const char *list = strstr(expression, "namespace=");
	list = list ? strchr(list, '"') : NULL;
	if (!list)
		return NULL;
	snprintf(f->wanted, sizeof(f->wanted), "%.*s", (int)strcspn(list + 1, "\""),
		 list + 1);
	return usage;
}

static bool count_range(void *arg, enum seen_phase phase, const struct request *q)
{
	struct fleet *f = arg;
	f->ranges += phase == SEEN_ARRIVED && strstr(q->path, "query_range");
	return false;
}

void fleet_raise(struct fleet *f, int count)
{
	int step = f->config.count / count ? f->config.count / count : 1;
	for (int i = 0; i < f->config.count; i += step)
		f->rows[i].raise.raised = true;
}

/* --- Kubernetes --- */

static void on_scaled(void *arg, enum kubeapi_resource resource, const char *ns,
		      const char *name, int32_t replicas)
{
	struct fleet *f = arg;
	int i;
	(void)resource;
	(void)ns;
	(void)replicas;
	if (sscanf(name, "service-%d", &i) == 1 && !f->rows[i].raise.written_ms)
		f->rows[i].raise.written_ms = monotonic_ms();
}

/* The caller frees it. */
static char *metric_text(const struct fleet *f, int i)
{
	if (f->config.query == FLEET_BUILT_IN)
		return xasprintf(
			"- type: Resource\n  resource: {name: cpu, target: {type: "
			"Utilization, averageUtilization: 70}}\n# %s\n",
			f->rows[i].name);
	return xasprintf("- type: External\n  external: {metric: {name: demand}, target: "
			 "{type: AverageValue, averageValue: \"100\"}}\n"
			 "  query: demand{policy=\"%s\"}\n",
			 f->rows[i].name);
}

/* The caller frees it. */
static char *text_of(const struct fleet *f, int i)
{
	char *metric AUTO_FREE = metric_text(f, i);
	char *forecast AUTO_FREE = f->config.query == FLEET_FORECAST
					   ? xasprintf("{history: %dd}", f->config.days)
					   : xstrdup("{mode: Disabled}");
	return xasprintf("scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: "
			 "%s}\nmode: Scale\nmaxReplicas: %d\nforecast: %s\nmetrics:\n%s",
			 f->rows[i].name, 3 * f->config.pods, forecast, metric);
}

static void put_policy(struct fleet *f, int i)
{
	char *text AUTO_FREE = text_of(f, i);
	cJSON *o AUTO(json_cleanup) = cJSON_CreateObject();
	cJSON *meta = cJSON_AddObjectToObject(o, "metadata");
	cJSON_AddStringToObject(meta, "name", f->rows[i].name);
	cJSON_AddStringToObject(meta, "namespace", f->workloads[i].config.ns);
	cJSON *labels = cJSON_AddObjectToObject(meta, "labels");
	cJSON_AddStringToObject(labels, "foretop.io/policy", "v1");
	cJSON *data = cJSON_AddObjectToObject(o, "data");
	cJSON_AddStringToObject(data, "policy.yaml", text);
	kubeapi_put_tree(f->kube, KUBEAPI_CONFIGMAPS, o, NULL);
}

static void fill(struct fleet *f)
{
	size_t count = (size_t)f->config.count;
	f->workloads = xcalloc(count, sizeof(*f->workloads));
	f->shown = xcalloc(count, sizeof(*f->shown));
	f->rows = xcalloc(count, sizeof(*f->rows));
	f->namespaces = xcalloc(count / FLEET_PER_NAMESPACE + 1, sizeof(char *));
	for (int i = 0; i < f->config.count; i++) {
		char **ns = &f->namespaces[i / FLEET_PER_NAMESPACE];
		if (!*ns)
			*ns = xasprintf("team-%05d", i / FLEET_PER_NAMESPACE);
		f->rows[i] = (struct fleet_row){
			.fleet = f,
			.name = xasprintf("service-%d", i),
		};
		const struct workload_config config = {.ns = *ns,
						       .name = f->rows[i].name,
						       .demand = f->demand,
						       .capacity = 100,
						       .replicas = f->config.pods,
						       .cpu_full = 1,
						       .cpu_request = 1};
		int64_t now_ms = clock_now_ms(&f->clock);
		workload_init(&f->workloads[i], &config, now_ms - AGE_MS);
		workload_advance(&f->workloads[i], now_ms);
		shown_workload_init(&f->shown[i], f->kube, &f->workloads[i]);
		put_policy(f, i);
	}
}

/* A pod's label changes, as something about pods always does. */
static void change_pod(struct fleet *f, uint64_t n)
{
	uint64_t step = n * 7919;
	const struct workload *w = &f->workloads[step % (uint64_t)f->config.count];
	char name[SHOWN_POD_NAME_SIZE], value[32];
	if (!w->pod_count)
		return;
	shown_pod_name(w, w->pods[n % (uint64_t)w->pod_count].serial, name, sizeof(name));
	cJSON *o AUTO(json_cleanup) =
		kubeapi_get(f->kube, KUBEAPI_PODS, w->config.ns, name);
	cJSON *labels = (cJSON *)(uintptr_t)json_at(o, "metadata.labels");
	if (!labels)
		return;
	snprintf(value, sizeof(value), "%llu", (unsigned long long)n);
	cJSON_DeleteItemFromObjectCaseSensitive(labels, "turn");
	cJSON_AddStringToObject(labels, "turn", value);
	kubeapi_put_tree(f->kube, KUBEAPI_PODS, o, NULL);
}

static void on_churn(void *arg)
{
	struct fleet *f = arg;
	int64_t since_ms = monotonic_ms() - f->churn_began_ms;
	uint64_t due = (uint64_t)(since_ms * f->config.churn_per_s / MS_PER_S);
	while (f->changes < due)
		change_pod(f, f->changes++);
	timer_set(f->reactor, &f->churn, CHURN_MS, on_churn, f);
}

void fleet_churn(struct fleet *f)
{
	f->churn_began_ms = monotonic_ms();
	if (f->config.churn_per_s > 0)
		timer_set(f->reactor, &f->churn, CHURN_MS, on_churn, f);
}

/* --- all of it --- */

struct fleet *fleet_new(const struct fleet_config *config)
{
	struct err err = {0};
	struct fleet *f = xcalloc(1, sizeof(*f));
	double *value = xcalloc(1, sizeof(*value)); /* goes to the trace */
	*value = 100.0 * config->pods;
	f->config = *config;
	strcpy(f->folder, "/tmp/foretop-fleet.XXXXXX");
	if (!mkdtemp(f->folder))
		fleet_die("cannot make a folder");
	clock_init_real(&f->clock);
	f->reactor = reactor_new(&err);
	const struct kubeapi_config kube = {.listen = "127.0.0.1:0",
					    .clock = &f->clock,
					    .scaled = on_scaled,
					    .arg = f};
	const struct promapi_config prom = {.listen = "127.0.0.1:0", .clock = &f->clock};
	f->kube = f->reactor ? kubeapi_new(f->reactor, &kube, &err) : NULL;
	f->prom = f->kube ? promapi_new(f->reactor, &prom, &err) : NULL;
	if (!f->prom)
		fleet_die(err.msg);
	promapi_otherwise(f->prom, look_up, f);
	promapi_on_request(f->prom, count_range, f);
	f->demand = trace_new(wall_ms() - MS_PER_DAY, MS_PER_DAY, value, 1);
	fill(f);
	return f;
}

void fleet_free(struct fleet *f)
{
	timer_cancel(&f->churn);
	timer_cancel(&f->slice);
	kubeapi_free(f->kube);
	promapi_free(f->prom);
	reactor_free(f->reactor);
	trace_free(f->demand);
	for (int i = 0; i < f->config.count; i++) {
		shown_workload_fini(&f->shown[i]);
		workload_fini(&f->workloads[i]);
		free(f->rows[i].name);
	}
	for (int i = 0; i <= f->config.count / FLEET_PER_NAMESPACE; i++)
		free(f->namespaces[i]);
	free(f->namespaces);
	free(f->workloads);
	free(f->shown);
	free(f->rows);
	free(f);
}
