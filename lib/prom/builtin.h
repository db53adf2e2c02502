/* The queries that Resource and ContainerResource metrics bring along: CPU and memory of
 * containers from cAdvisor's series, owners from kube-state-metrics. */
#ifndef FORETOP_PROM_BUILTIN_H
#define FORETOP_PROM_BUILTIN_H

#include "prom/decode.h"

/* Over this much time CPU usage is averaged unless another window is given: four scrapes
 * at 30 s, so that one lost scrape leaves a value. */
#define PROM_RATE_WINDOW_MS (2 * MS_PER_MIN)

enum prom_resource { PROM_CPU, PROM_MEMORY };

/* "cpu", "memory": 0 and *ret_resource, or -1 for a name without a built-in query. */
int prom_resource_parse(const char *name, enum prom_resource *ret_resource);

/* Whose containers. Lists hold plain names, quoted here. */
struct prom_pods {
	const char *const *namespaces; /* >= 1 */
	size_t namespace_count;
	const char *const *pods; /* 0: all pods of the namespaces */
	size_t pod_count;
	const char *container; /* NULL: every container */
	int64_t window_ms;     /* of a rate; 0: PROM_RATE_WINDOW_MS */
};

/* An instant query for the usage of every container (cores, or bytes) and the time of its
 * newest sample: answer with prom_usages. 0, or -1 when the text passes out's limit. */
int prom_usage_query(enum prom_resource resource, const struct prom_pods *pods,
		     struct str *out);

struct prom_usage {
	const char *ns, *pod, *container;
	uint64_t key; /* hash_text of the pod's name */
	/* v: cores or bytes, NaN when the series has no value; t_ms: of the newest raw
	 * sample behind it, INT64_MIN when the answer does not tell. */
	struct sample sample;
};
/* The rows of such an answer, ordered by namespace, key and container, one a container.
 * The array is the caller's (free), its strings are the result's. *ret_count may be 0. */
struct prom_usage *prom_usages(const struct prom_result *result, size_t *ret_count);

struct prom_workload {
	const char *ns;
	const char *kind; /* "Deployment", "StatefulSet", "ReplicaSet", or another kind */
	const char *name;
	const char *container; /* NULL: every container */
	int64_t window_ms;     /* of a rate; 0: PROM_RATE_WINDOW_MS */
};
/* A query for one series: the usage of all pods of a workload (cores, or bytes), also in
 * the past: pods are found by kube_pod_owner, a Deployment's through the ReplicaSets of
 * kube_replicaset_owner, never by a pattern of names. A kind that is not known is taken
 * to own pods, ReplicaSets or both. 0, or -1 when the text passes out's limit. */
int prom_workload_query(enum prom_resource resource, const struct prom_workload *workload,
			struct str *out);

/* Appends text as a PromQL string in double quotes. prom_quote_regex: as one that matches
 * exactly this text when used behind =~. 0, or -1 when out's limit is passed. */
int prom_quote(struct str *out, const char *text);
int prom_quote_regex(struct str *out, const char *text);

#endif
