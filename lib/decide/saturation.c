#include "decide/saturation.h"

#include <string.h>

/* Throttled pods use a little less than their limit: periods are cut, samples are late.
 */
#define AT_LIMIT 0.95

static bool any_limit(const struct decide_input *in, int32_t index)
{
	for (int32_t i = 0; i < in->pod_count; i++)
		if (in->pods[i].limit_m[index] > 0)
			return true;
	return false;
}

bool saturation_of(const struct decide_input *in, int32_t index,
		   struct saturation *ret_saturation)
{
	const struct policy_metric *m = &in->policy->metrics[index];
	const struct metric_values *values = &in->values[index];
	struct saturation s = {0};
	if ((m->type != METRIC_RESOURCE && m->type != METRIC_CONTAINER_RESOURCE) ||
	    strcmp(m->name, "cpu") != 0 || values->unknown || !any_limit(in, index))
		return false;
	for (int32_t i = 0; i < in->pod_count; i++) {
		const struct pod *pod = &in->pods[i];
		const struct pod_value *v = pod_values_find(values, pod->key);
		if (!v || pod->deleted || pod->phase == POD_FAILED)
			continue;
		s.pods++;
		s.seen += (double)v->value_m / 1000;
		s.at_limit +=
			pod->limit_m[index] > 0 &&
			(double)v->value_m >= AT_LIMIT * (double)pod->limit_m[index];
	}
	*ret_saturation = s;
	return s.at_limit > 0 && 2 * s.at_limit >= s.pods;
}
