/* The HorizontalPodAutoscaler once more, plain and slow, to compare with: transcribed
 * from its rules (autoscaling/v2, v1.37), with nothing of lib/decide in it. Every
 * question is answered from the pods themselves, lists only grow. Times are seconds. */
#ifndef FORETOP_TESTS_DECIDE_HPA_H
#define FORETOP_TESTS_DECIDE_HPA_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#define HPA_PODS    12
#define HPA_FOREIGN 2
#define HPA_METRICS 3
#define HPA_RULES   3
#define HPA_PAST    256
#define HPA_NEVER   (-1) /* a time, a request or a value that is not there */

enum hpa_phase { HPA_UNKNOWN, HPA_PENDING, HPA_RUNNING, HPA_SUCCEEDED, HPA_FAILED };
enum hpa_ready { HPA_NO_CONDITION, HPA_READY, HPA_NOT_READY, HPA_READY_UNKNOWN };
enum hpa_source { HPA_RESOURCE, HPA_CONTAINER, HPA_PER_POD, HPA_OBJECT, HPA_EXTERNAL };
enum hpa_target { HPA_UTILIZATION, HPA_VALUE, HPA_AVERAGE };
enum hpa_select { HPA_MAX, HPA_MIN, HPA_DISABLED };

struct hpa_pod {
	enum hpa_phase phase;
	enum hpa_ready ready;
	bool deleted;
	int64_t start, ready_since;
	int containers;
	int64_t request[2]; /* by container */
};

struct hpa_sample {
	int64_t value[2]; /* by container, or the pod's first */
	int64_t time, window;
};

struct hpa_metric {
	enum hpa_source source;
	bool cpu;
	int container;
	enum hpa_target target;
	int64_t target_value; /* milli-units, or percent */
	bool broken;          /* its query failed */
	struct hpa_sample samples[HPA_PODS];
	int foreign; /* values of pods that are not listed */
	int64_t foreign_value[HPA_FOREIGN];
	int64_t total;
};

struct hpa_rule {
	bool percent;
	int32_t value;
	int64_t period;
};

struct hpa_rules {
	bool has_window, has_tolerance;
	int64_t window;
	double tolerance;
	enum hpa_select select;
	struct hpa_rule rules[HPA_RULES];
	int count;
};

struct hpa_past {
	int64_t at[HPA_PAST];
	int32_t value[HPA_PAST];
	int count;
};

struct hpa {
	/* The controller's flags. */
	double tolerance;
	int64_t downscale_window, cpu_initialization, readiness_delay;
	bool scale_to_zero_gate;
	/* The object. */
	int32_t min, max;
	bool has_behavior;
	struct hpa_rules up, down;
	struct hpa_metric metrics[HPA_METRICS];
	int metric_count;
	/* What it sees. */
	int64_t now;
	int32_t spec_replicas, status_replicas;
	struct hpa_pod pods[HPA_PODS];
	int pod_count;
	/* What it remembers. */
	struct hpa_past log, ups, downs;
	bool scaled_to_zero;
};

struct hpa_result {
	int32_t desired;
	bool failed, disabled;
	const char *able, *limited; /* reasons; NULL: not set */
};

static inline int32_t hpa_ceil(double v)
{
	double up = ceil(v);
	if (isnan(up) || up >= 2147483647.0)
		return INT32_MAX;
	return up <= -2147483648.0 ? INT32_MIN : (int32_t)up;
}

static inline bool hpa_within(const struct hpa *h, double ratio)
{
	double down = h->tolerance, up = h->tolerance;
	if (h->has_behavior && h->down.has_tolerance)
		down = h->down.tolerance;
	if (h->has_behavior && h->up.has_tolerance)
		up = h->up.tolerance;
	return (1.0 - down) <= ratio && ratio <= (1.0 + up);
}

/* The value of a pod, or HPA_NEVER. */
static inline int64_t hpa_value(const struct hpa *h, const struct hpa_metric *m, int p)
{
	if (m->source == HPA_PER_POD)
		return m->samples[p].value[0];
	if (m->source == HPA_CONTAINER)
		return m->container < h->pods[p].containers
			       ? m->samples[p].value[m->container]
			       : HPA_NEVER;
	int64_t sum = 0;
	for (int c = 0; c < h->pods[p].containers; c++) {
		if (m->samples[p].value[c] == HPA_NEVER)
			return HPA_NEVER;
		sum += m->samples[p].value[c];
	}
	return sum;
}

enum hpa_class { HPA_COUNTS, HPA_UNREADY, HPA_MISSING, HPA_IGNORED };

static inline enum hpa_class hpa_classify(const struct hpa *h, const struct hpa_metric *m,
					  int p)
{
	const struct hpa_pod *pod = &h->pods[p];
	const struct hpa_sample *s = &m->samples[p];
	if (pod->deleted || pod->phase == HPA_FAILED)
		return HPA_IGNORED;
	if (pod->phase == HPA_PENDING)
		return HPA_UNREADY;
	if (hpa_value(h, m, p) == HPA_NEVER)
		return HPA_MISSING;
	if (m->source == HPA_PER_POD || !m->cpu)
		return HPA_COUNTS;
	bool unready;
	if (pod->ready == HPA_NO_CONDITION || pod->start == HPA_NEVER)
		unready = true;
	else if (pod->start + h->cpu_initialization > h->now)
		unready = pod->ready == HPA_NOT_READY ||
			  s->time < pod->ready_since + s->window;
	else
		unready = pod->ready == HPA_NOT_READY &&
			  pod->start + h->readiness_delay > pod->ready_since;
	return unready ? HPA_UNREADY : HPA_COUNTS;
}

static inline int hpa_count(const struct hpa *h, const struct hpa_metric *m,
			    enum hpa_class class)
{
	int n = 0;
	for (int p = 0; p < h->pod_count; p++)
		n += hpa_classify(h, m, p) == class;
	return n;
}

/* HPA_NEVER: an error. */
static inline int64_t hpa_request(const struct hpa *h, const struct hpa_metric *m, int p)
{
	const struct hpa_pod *pod = &h->pods[p];
	if (m->source == HPA_CONTAINER)
		return m->container < pod->containers ? pod->request[m->container]
						      : HPA_NEVER;
	int64_t sum = 0;
	for (int c = 0; c < pod->containers; c++) {
		if (pod->request[c] == HPA_NEVER)
			return HPA_NEVER;
		sum += pod->request[c];
	}
	return sum;
}

/* The values with which a size is worked out: `listed` says which pods are in. */
struct hpa_values {
	bool listed[HPA_PODS];
	int64_t value[HPA_PODS];
	int count; /* with those of foreign pods */
};

static inline struct hpa_values hpa_first_values(const struct hpa *h,
						 const struct hpa_metric *m)
{
	struct hpa_values v = {.count = m->foreign};
	for (int p = 0; p < h->pod_count; p++) {
		v.listed[p] = hpa_classify(h, m, p) == HPA_COUNTS;
		v.value[p] = v.listed[p] ? hpa_value(h, m, p) : 0;
		v.count += v.listed[p];
	}
	return v;
}

static inline void hpa_put(struct hpa_values *v, int p, int64_t value)
{
	v->count += !v->listed[p];
	v->listed[p] = true;
	v->value[p] = value;
}

/* -1.0: no request, no ratio. */
static inline double hpa_ratio(const struct hpa *h, const struct hpa_metric *m,
			       const struct hpa_values *v)
{
	int64_t usage = 0, request = 0;
	for (int p = 0; p < h->pod_count; p++) {
		if (!v->listed[p])
			continue;
		usage += v->value[p];
		request += m->target == HPA_UTILIZATION ? hpa_request(h, m, p) : 0;
	}
	if (m->target == HPA_UTILIZATION)
		return request ? (double)(int32_t)(usage * 100 / request) /
					 (double)m->target_value
			       : -1.0;
	for (int f = 0; f < m->foreign; f++)
		usage += m->foreign_value[f];
	return (double)(usage / v->count) / (double)m->target_value;
}

/* Pods that are missing count against the direction; so do unready ones on the way up. */
static inline int32_t hpa_rebalance(const struct hpa *h, const struct hpa_metric *m,
				    struct hpa_values *v, double ratio, bool up_unready)
{
	for (int p = 0; p < h->pod_count; p++) {
		enum hpa_class class = hpa_classify(h, m, p);
		int64_t most = m->target_value > 100 ? m->target_value : 100;
		if (class == HPA_MISSING && ratio < 1.0)
			hpa_put(v, p,
				m->target == HPA_UTILIZATION
					? hpa_request(h, m, p) * most / 100
					: m->target_value);
		if (class == HPA_MISSING && ratio > 1.0)
			hpa_put(v, p, 0);
		if (class == HPA_UNREADY && up_unready)
			hpa_put(v, p, 0);
	}
	double second = hpa_ratio(h, m, v);
	int32_t current = h->spec_replicas;
	if (hpa_within(h, second) || (ratio < 1.0 && second > 1.0) ||
	    (ratio > 1.0 && second < 1.0))
		return current;
	int32_t size = hpa_ceil(second * v->count);
	if ((second < 1.0 && size > current) || (second > 1.0 && size < current))
		return current;
	return size;
}

/* false: an error. The one place where lib/decide differs on purpose: where no listed pod
 * has a value that counts, those of foreign pods say nothing. */
static inline bool hpa_per_pod(const struct hpa *h, const struct hpa_metric *m,
			       int32_t *ret_size)
{
	struct hpa_values v = hpa_first_values(h, m);
	int counted = hpa_count(h, m, HPA_COUNTS), missing = hpa_count(h, m, HPA_MISSING);
	bool utilization = m->target == HPA_UTILIZATION;
	if (h->pod_count == 0 || counted == 0)
		return false;
	for (int p = 0; utilization && p < h->pod_count; p++)
		if (hpa_request(h, m, p) == HPA_NEVER)
			return false;
	double ratio = hpa_ratio(h, m, &v);
	if (ratio == -1.0)
		return false;
	bool up_unready = hpa_count(h, m, HPA_UNREADY) > 0 && ratio > 1.0;
	if (up_unready || missing > 0)
		*ret_size = hpa_rebalance(h, m, &v, ratio, up_unready);
	else if (hpa_within(h, ratio))
		*ret_size = h->spec_replicas;
	else
		*ret_size = hpa_ceil(ratio * counted);
	return true;
}

static inline bool hpa_one_value(const struct hpa *h, const struct hpa_metric *m,
				 int32_t *ret_size)
{
	double usage = (double)m->total, target = (double)m->target_value;
	if (m->target == HPA_AVERAGE) {
		double base = h->status_replicas;
		*ret_size = hpa_within(h, usage / (target * base))
				    ? h->status_replicas
				    : hpa_ceil(usage / target);
		return true;
	}
	double ratio = usage / target;
	if (h->spec_replicas == 0) {
		*ret_size = hpa_ceil(ratio);
		return true;
	}
	if (hpa_within(h, ratio)) {
		*ret_size = h->spec_replicas;
		return true;
	}
	if (h->pod_count == 0)
		return false;
	int ready = 0;
	for (int p = 0; p < h->pod_count; p++)
		ready += h->pods[p].phase == HPA_RUNNING && h->pods[p].ready == HPA_READY;
	*ret_size = hpa_ceil(ratio * ready);
	return true;
}

static inline bool hpa_size(const struct hpa *h, const struct hpa_metric *m,
			    int32_t *ret_size)
{
	if (m->broken)
		return false;
	return m->source == HPA_OBJECT || m->source == HPA_EXTERNAL
		       ? hpa_one_value(h, m, ret_size)
		       : hpa_per_pod(h, m, ret_size);
}

/* In the last place that is older than `outdated` or at the end: what one direction's
 * rules no longer need may be lost although the other's still would. */
static inline void hpa_note(struct hpa_past *past, int64_t outdated, int64_t at,
			    int32_t value)
{
	int slot = past->count;
	for (int i = 0; i < past->count; i++)
		if (past->at[i] < outdated)
			slot = i;
	past->at[slot] = at;
	past->value[slot] = value;
	past->count += slot == past->count;
}

static inline int32_t hpa_limited(struct hpa_result *r, int32_t size, const char *reason)
{
	r->limited = reason;
	return size;
}

static inline int32_t hpa_legacy(struct hpa *h, int32_t desired, struct hpa_result *r)
{
	int32_t best = desired;
	for (int i = 0; i < h->log.count; i++)
		if (h->log.at[i] >= h->now - h->downscale_window &&
		    h->log.value[i] > best)
			best = h->log.value[i];
	hpa_note(&h->log, h->now - h->downscale_window, h->now, desired);
	r->able = best != desired ? "ScaleDownStabilized" : "ReadyForNewScale";
	int32_t limit = (int32_t)fmax(2.0 * h->spec_replicas, 4.0);
	int32_t allowed = h->max > limit ? limit : h->max;
	if (best < h->min)
		return hpa_limited(r, h->min, "TooFewReplicas");
	if (best > allowed)
		return hpa_limited(r, allowed,
				   h->max > limit ? "ScaleUpLimit" : "TooManyReplicas");
	return hpa_limited(r, best, "DesiredWithinRange");
}

static inline int32_t hpa_changed_since(const struct hpa_past *past, int64_t after)
{
	int32_t sum = 0;
	for (int i = 0; i < past->count; i++)
		if (past->at[i] > after)
			sum += past->value[i];
	return sum;
}

static inline int32_t hpa_rule_limit(const struct hpa *h, const struct hpa_rule *rule,
				     bool up)
{
	int64_t after = h->now - rule->period;
	int32_t base = h->spec_replicas - hpa_changed_since(&h->ups, after) +
		       hpa_changed_since(&h->downs, after);
	if (!rule->percent)
		return up ? base + rule->value : base - rule->value;
	if (up)
		return hpa_ceil(base * (1 + rule->value / 100.0));
	return (int32_t)trunc(base * (1 - rule->value / 100.0));
}

static inline int32_t hpa_rate_limit(const struct hpa *h, const struct hpa_rules *rules,
				     bool up)
{
	if (rules->select == HPA_DISABLED)
		return h->spec_replicas;
	int32_t limit = hpa_rule_limit(h, &rules->rules[0], up);
	for (int i = 1; i < rules->count; i++) {
		int32_t other = hpa_rule_limit(h, &rules->rules[i], up);
		bool larger = other > limit;
		/* Max is the biggest change: up the larger size, down the smaller one. */
		if ((rules->select == HPA_MAX) == up ? larger : other < limit)
			limit = other;
	}
	return limit;
}

static inline int32_t hpa_stabilized(struct hpa *h, int32_t desired, struct hpa_result *r)
{
	int64_t up_window = h->up.has_window ? h->up.window : 0;
	int64_t down_window = h->down.has_window ? h->down.window : h->downscale_window;
	int32_t low = desired, high = desired, size = h->spec_replicas;
	for (int i = 0; i < h->log.count; i++) {
		if (h->log.at[i] > h->now - up_window && h->log.value[i] < low)
			low = h->log.value[i];
		if (h->log.at[i] > h->now - down_window && h->log.value[i] > high)
			high = h->log.value[i];
	}
	if (size < low)
		size = low;
	if (size > high)
		size = high;
	int64_t longer = up_window > down_window ? up_window : down_window;
	hpa_note(&h->log, h->now - longer, h->now, desired);
	r->able = "ReadyForNewScale";
	if (size != desired)
		r->able = desired >= h->spec_replicas ? "ScaleUpStabilized"
						      : "ScaleDownStabilized";
	return size;
}

static inline int32_t hpa_behavior(struct hpa *h, int32_t desired, struct hpa_result *r)
{
	int32_t size = hpa_stabilized(h, desired, r), current = h->spec_replicas;
	if (size > current) {
		int32_t limit = hpa_rate_limit(h, &h->up, true);
		limit = limit < current ? current : limit;
		if (h->max > limit && size > limit)
			return hpa_limited(r, limit, "ScaleUpLimit");
		if (h->max <= limit && size > h->max)
			return hpa_limited(r, h->max, "TooManyReplicas");
	}
	if (size < current) {
		int32_t limit = hpa_rate_limit(h, &h->down, false);
		limit = limit > current ? current : limit;
		if (h->min < limit && size < limit)
			return hpa_limited(r, limit, "ScaleDownLimit");
		if (h->min >= limit && size < h->min)
			return hpa_limited(r, h->min, "TooFewReplicas");
	}
	return hpa_limited(r, size, "DesiredWithinRange");
}

/* The largest proposal; false: none, or one is unknown and the rest would shrink. */
static inline bool hpa_combine(const struct hpa *h, int32_t *ret_size)
{
	int32_t best = 0;
	int invalid = 0;
	for (int m = 0; m < h->metric_count; m++) {
		int32_t size = 0;
		if (!hpa_size(h, &h->metrics[m], &size))
			invalid++;
		else if (best == 0 || size > best)
			best = size;
	}
	if (invalid == h->metric_count || (invalid > 0 && best < h->spec_replicas))
		return false;
	*ret_size = best > 0 ? best : 0;
	return true;
}

static inline bool hpa_has_metric_at_zero(const struct hpa *h)
{
	for (int m = 0; m < h->metric_count; m++)
		if (h->metrics[m].source == HPA_OBJECT ||
		    h->metrics[m].source == HPA_EXTERNAL)
			return true;
	return false;
}

static inline struct hpa_result hpa_reconcile(struct hpa *h)
{
	int32_t current = h->spec_replicas, desired;
	struct hpa_result r = {.desired = current};
	bool zeroed = h->scale_to_zero_gate && h->scaled_to_zero;
	if (h->log.count == 0)
		hpa_note(&h->log, 0, h->now, current);
	if (current == 0 && !(zeroed && (h->min != 0 || hpa_has_metric_at_zero(h)))) {
		r.disabled = true;
		return r;
	}
	if (current != 0 && (current > h->max || current < h->min)) {
		r.desired = current > h->max ? h->max : h->min;
		return r;
	}
	r.failed = !hpa_combine(h, &desired);
	if (r.failed)
		return r;
	r.desired = h->has_behavior ? hpa_behavior(h, desired, &r)
				    : hpa_legacy(h, desired, &r);
	if (current == 0 && zeroed && r.desired < h->min)
		r.desired = h->min;
	return r;
}

static inline int64_t hpa_longest(const struct hpa_rules *r)
{
	int64_t longest = 0;
	for (int i = 0; i < r->count; i++)
		if (r->rules[i].period > longest)
			longest = r->rules[i].period;
	return longest;
}

/* The write went through. */
static inline void hpa_scaled(struct hpa *h, int32_t to)
{
	int32_t from = h->spec_replicas;
	if (h->has_behavior && to > from)
		hpa_note(&h->ups, h->now - hpa_longest(&h->up), h->now, to - from);
	if (h->has_behavior && to < from)
		hpa_note(&h->downs, h->now - hpa_longest(&h->down), h->now, from - to);
	h->scaled_to_zero = h->scale_to_zero_gate && from > 0 && to == 0 && h->min == 0 &&
			    hpa_has_metric_at_zero(h);
	h->spec_replicas = to;
}

#endif
