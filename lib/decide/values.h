/* What the queries returned, per metric of a policy, for one cycle. */
#ifndef FORETOP_DECIDE_VALUES_H
#define FORETOP_DECIDE_VALUES_H

#include <stdint.h>

/* One pod's value. Samples of single containers are entries with the same key until
 * pod_values_merge adds them up. */
struct pod_value {
	uint64_t key;       /* hash_text of the pod's name */
	int64_t value_m;    /* milli-units, rounded up */
	int64_t time_ms;    /* of the sample */
	int32_t window_ms;  /* the rate's range; 60 s for metrics without one */
	int32_t containers; /* how many containers the value covers; 0: the pod as a
			       whole, however many there are */
};

/* Per pod (Resource, ContainerResource, Pods) or as one total (Object, External). All of
 * it borrowed for the call. */
struct metric_values {
	const char *unknown; /* why there is no value, for people ("Prometheus: connection
				refused"); NULL: known */
	const struct pod_value
		*pods; /* sorted by key, one entry per pod (pod_values_merge) */
	int32_t count;
	int64_t total_m; /* milli-units */
};

/* Sorts by key and adds up entries of the same pod: values and containers are summed, the
 * oldest time and the widest window hold. In place, no allocation. Returns the number of
 * entries that are left. */
int32_t pod_values_merge(struct pod_value *values, int32_t count);

/* The entry of a pod, or NULL. `values` is sorted. */
const struct pod_value *pod_values_find(const struct metric_values *values, uint64_t key);

#endif
