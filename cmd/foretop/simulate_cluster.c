#include "simulate_cluster.h"

#include "sim/sim.h"

#include <stdlib.h>
#include <string.h>

/* Stands where an HPA's metric has no query of its own; nobody asks it. */
#define NO_QUERY "vector(0)"

/* --- an HPA as a policy --- */

static bool has_query_of_its_own(const cJSON *metric)
{
	const char *type = json_str(metric, "type", "");
	return !strcmp(type, "Resource") || !strcmp(type, "ContainerResource");
}

static void add_queries(cJSON *spec, const char *query, struct str *ret_notes)
{
	int i = 0;
	cJSON *metric;
	cJSON_ArrayForEach (metric, cJSON_GetObjectItemCaseSensitive(spec, "metrics")) {
		if (!has_query_of_its_own(metric)) {
			cJSON_AddStringToObject(metric, "query",
						query ? query : NO_QUERY);
			str_printf(ret_notes,
				   "metrics[%d] (%s): an HPA holds no query for it; the "
				   "load is what was given\n",
				   i, json_str(metric, "type", "?"));
		}
		i++;
	}
}

char *simulate_policy_of_hpa(const cJSON *hpa, const char *query, struct str *ret_notes,
			     struct err *err)
{
	const cJSON *spec = json_at(hpa, "spec");
	if (!cJSON_IsObject(spec)) {
		err_set(err, ERR_INVALID, "the object has no spec");
		return NULL;
	}
	cJSON *map AUTO(json_cleanup) = cJSON_CreateObject();
	cJSON *meta = cJSON_AddObjectToObject(map, "metadata");
	cJSON *labels = cJSON_AddObjectToObject(meta, "labels");
	cJSON *data = cJSON_AddObjectToObject(map, "data");
	cJSON *copy AUTO(json_cleanup) = cJSON_Duplicate(spec, true);
	add_queries(copy, query, ret_notes);
	char *inner AUTO_FREE = json_text(copy);
	cJSON_AddStringToObject(map, "kind", "ConfigMap");
	cJSON_AddStringToObject(meta, "name", json_str(hpa, "metadata.name", "hpa"));
	cJSON_AddStringToObject(meta, "namespace",
				json_str(hpa, "metadata.namespace", "default"));
	cJSON_AddStringToObject(labels, "foretop.io/policy", "v1");
	cJSON_AddStringToObject(data, "policy.yaml", inner);
	return json_text(map);
}

/* --- what a pod requests --- */

double simulate_requested_cpu(const cJSON *workload, const char *container)
{
	int64_t sum_m = 0;
	const cJSON *c;
	cJSON_ArrayForEach (c, json_at(workload, "spec.template.spec.containers")) {
		int64_t cpu_m;
		struct err err;
		if (container && strcmp(json_str(c, "name", ""), container))
			continue;
		const char *text = json_str(c, "resources.requests.cpu", "");
		if (quantity_parse(text, &cpu_m, &err) < 0)
			return 0;
		sum_m += cpu_m;
	}
	return (double)sum_m / 1000;
}

/* --- the cluster --- */

/* ret_object: owned by the caller. */
static int get(struct cluster *cluster, const char *path, const char *what,
	       cJSON **ret_object, struct err *err)
{
	struct cluster_answer a = {.cluster = cluster};
	const struct kube_request request = {.method = KUBE_GET, .path = path};
	kube_send(cluster->kube, &request, cluster_take, &a);
	if (cluster_wait(&a) < 0) {
		*err = a.err;
		return err_wrap(err, "%s", what);
	}
	*ret_object = TAKE(a.object);
	return 0;
}

static int get_named(struct cluster *cluster, const char *group_version,
		     const char *plural, const char *ns, const char *name,
		     cJSON **ret_object, struct err *err)
{
	char *collection AUTO_FREE = kube_collection_path(group_version, plural, ns);
	char *escaped AUTO_FREE = kube_escape(name);
	char *path AUTO_FREE = xasprintf("%s/%s", collection, escaped);
	char *what AUTO_FREE = xasprintf("%s %s/%s", plural, ns, name);
	return get(cluster, path, what, ret_object, err);
}

static char *policy_text_of(const struct simulate_flags *f, const cJSON *object,
			    struct str *ret_notes, struct err *err)
{
	if (f->cluster_policy) {
		char *text = json_text(object);
		/* Objects of a GET carry it, but nothing promises so. */
		if (!strcmp(json_str(object, "kind", ""), "ConfigMap"))
			return text;
		free(text);
		err_set(err, ERR_INVALID, "the answer is no ConfigMap");
		return NULL;
	}
	return simulate_policy_of_hpa(object, f->from.query, ret_notes, err);
}

/* Only a help where --capacity is not given: what is not found is a note. */
static double find_cpu(struct cluster *cluster, const char *ns,
		       const struct policy *policy, struct str *ret_notes)
{
	struct err err;
	struct kube_resource kind;
	cJSON *workload AUTO(json_cleanup) = NULL;
	const struct policy_metric *m = &policy->metrics[0];
	if (m->target.type != TARGET_UTILIZATION)
		return 0;
	if (!kube_resource_of_kind(policy->target.api_version, policy->target.kind,
				   &kind) ||
	    get_named(cluster, policy->target.api_version, kind.plural, ns,
		      policy->target.name, &workload, &err) < 0) {
		str_printf(ret_notes, "what a pod of %s %s requests could not be read\n",
			   policy->target.kind, policy->target.name);
		return 0;
	}
	double cores = simulate_requested_cpu(workload, m->container);
	if (cores > 0)
		str_printf(ret_notes,
			   "a pod is taken to serve what it requests, %.6g cores\n",
			   cores);
	else
		str_puts(ret_notes, "not every container says what CPU it requests\n");
	return cores;
}

static char *fetch(const struct simulate_flags *f, struct cluster *cluster,
		   struct str *ret_notes, double *ret_cpu_cores, struct err *err)
{
	char *ns AUTO_FREE = NULL;
	const char *what = f->hpa ? f->hpa : f->cluster_policy;
	const char *name = cluster_name(cluster, &f->cluster, what, &ns);
	struct str ignored AUTO(str_fini) = {0};
	cJSON *object AUTO(json_cleanup) = NULL;
	if (get_named(cluster, f->hpa ? KUBE_HPA_GROUP_VERSION : "v1",
		      f->hpa ? KUBE_HPA_PLURAL : "configmaps", ns, name, &object,
		      err) < 0)
		return NULL;
	char *text = policy_text_of(f, object, ret_notes, err);
	if (!text || f->capacity > 0 || f->peak_pods > 0)
		return text;
	str_init(&ignored, 65536);
	struct policy *policy AUTO(policy_cleanup) =
		replay_policy(text, strlen(text), &ignored, err);
	/* Who reads the text says what is wrong with it. */
	if (policy)
		*ret_cpu_cores = find_cpu(cluster, ns, policy, ret_notes);
	return text;
}

char *simulate_fetch(const struct simulate_flags *f, struct str *ret_notes,
		     double *ret_cpu_cores, struct err *err)
{
	struct cluster cluster;
	*ret_cpu_cores = 0;
	char *text = NULL;
	if (cluster_open(&cluster, &f->cluster, err) == 0)
		text = fetch(f, &cluster, ret_notes, ret_cpu_cores, err);
	cluster_close(&cluster);
	return text;
}
