#include "decide/classify.h"

/* CPU of a pod that starts up says nothing about load. In its first minutes a pod counts
 * only once a full window of its metric lies after it became ready; later only pods that
 * have never been ready are left out, told by having gone unready right after the start.
 */
static bool cpu_unready(const struct pod *pod, const struct pod_value *value,
			const struct decide_config *config, int64_t now_ms)
{
	if (pod->ready == READY_NONE || pod->start_ms == POD_TIME_NONE)
		return true;
	int64_t since_ms = pod->ready_since_ms == POD_TIME_NONE ? 0 : pod->ready_since_ms;
	if (pod->start_ms + config->cpu_initialization_ms > now_ms)
		return pod->ready == READY_FALSE ||
		       value->time_ms < since_ms + value->window_ms;
	return pod->ready == READY_FALSE &&
	       pod->start_ms + config->initial_readiness_delay_ms > since_ms;
}

enum pod_class pod_classify(const struct pod *pod, const struct pod_value *value,
			    bool cpu, const struct decide_config *config, int64_t now_ms)
{
	if (pod->deleted || pod->phase == POD_FAILED)
		return POD_IGNORED;
	if (pod->phase == POD_PENDING)
		return POD_UNREADY;
	if (!value)
		return POD_MISSING;
	if (cpu && cpu_unready(pod, value, config, now_ms))
		return POD_UNREADY;
	return POD_COUNTS;
}

bool pod_serves(const struct pod *pod)
{
	return pod->phase == POD_RUNNING && pod->ready == READY_TRUE;
}
