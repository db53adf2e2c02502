#include "decide/tally.h"

#include "decide/classify.h"

#include <string.h>

/* What stays the same from pod to pod. */
struct round {
	const struct decide_input *in;
	const struct metric_values *values;
	int32_t index;
	bool whole_pod; /* values are sums over containers, and each has to report */
	bool cpu;
	int32_t missing_pct;
};

static struct round round_of(const struct decide_input *in, int32_t index,
			     const struct metric_target *target)
{
	const struct policy_metric *m = &in->policy->metrics[index];
	bool resource =
		m->type == METRIC_RESOURCE || m->type == METRIC_CONTAINER_RESOURCE;
	return (struct round){
		.in = in,
		.values = &in->values[index],
		.index = index,
		.whole_pod = m->type == METRIC_RESOURCE,
		.cpu = resource && strcmp(m->name, "cpu") == 0,
		.missing_pct = max_int32(100, target->utilization_pct),
	};
}

static bool covers_pod(const struct round *r, const struct pod *pod,
		       const struct pod_value *v)
{
	return !r->whole_pod || v->containers == 0 || v->containers >= pod->containers;
}

static void add_share(struct share *share, int64_t request_m)
{
	share->pods++;
	share->request_m += request_m;
}

static void tally_pod(const struct round *r, const struct pod *pod, struct tally *t)
{
	const struct pod_value *found = pod_values_find(r->values, pod->key);
	const struct pod_value *value = found && covers_pod(r, pod, found) ? found : NULL;
	int64_t known_m = pod->request_m[r->index];
	int64_t request_m = known_m > 0 ? known_m : 0;
	enum pod_class class =
		pod_classify(pod, value, r->cpu, r->in->config, r->in->now_ms);

	if (found && class != POD_COUNTS) {
		t->values--;
		t->values_m -= found->value_m;
	}
	switch (class) {
	case POD_COUNTS:
		add_share(&t->counted, request_m);
		t->usage_m += value->value_m;
		break;
	case POD_UNREADY:
		add_share(&t->unready, request_m);
		break;
	case POD_MISSING:
		add_share(&t->missing, request_m);
		t->missing_limit_m += (wide)request_m * r->missing_pct / 100;
		break;
	case POD_IGNORED:
		break;
	}
}

int tally_pods(const struct decide_input *in, int32_t index,
	       const struct metric_target *target, struct tally *ret_tally,
	       struct err *err)
{
	struct round r = round_of(in, index, target);
	struct tally t = {.values = r.values->count};

	if (in->pod_count == 0)
		return err_set(err, ERR_RETRY,
			       "no pods returned by selector while calculating replica "
			       "count");
	for (int32_t i = 0; i < r.values->count; i++)
		t.values_m += r.values->pods[i].value_m;
	for (int32_t i = 0; i < in->pod_count; i++)
		tally_pod(&r, &in->pods[i], &t);
	if (t.counted.pods == 0)
		return err_set(err, ERR_RETRY,
			       "did not receive metrics for targeted pods (pods might be "
			       "unready)");
	*ret_tally = t;
	return 0;
}

static int request_error(const struct policy_metric *m, int32_t index,
			 const struct pod *pod, struct err *err)
{
	switch ((enum request_problem)pod->request_m[index]) {
	case REQUEST_NO_CONTAINER:
		return err_set(err, ERR_RETRY, "container %s not found in Pod %s",
			       m->container, pod->name);
	case REQUEST_NO_POD_LEVEL:
		return err_set(err, ERR_RETRY,
			       "missing pod-level request for %s in Pod %s", m->name,
			       pod->name);
	case REQUEST_MISSING:
	case REQUEST_UNUSED:
		break;
	}
	if (pod->lacking_for & (1u << index))
		return err_set(err, ERR_RETRY,
			       "missing request for %s in container %s of Pod %s",
			       m->name, pod->lacking, pod->name);
	return err_set(err, ERR_RETRY, "missing request for %s in a container of Pod %s",
		       m->name, pod->name);
}

int tally_check_requests(const struct decide_input *in, int32_t index, struct err *err)
{
	for (int32_t i = 0; i < in->pod_count; i++)
		if (in->pods[i].request_m[index] < 0)
			return request_error(&in->policy->metrics[index], index,
					     &in->pods[i], err);
	return 0;
}
