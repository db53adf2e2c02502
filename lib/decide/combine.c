#include "decide/combine.h"

#include "decide/calculator.h"
#include "decide/condition.h"
#include "decide/numbers.h"
#include "decide/predict.h"
#include "decide/saturation.h"

#include <stdio.h>

/* First failure of the cycle, for the condition. */
struct failure {
	int32_t count;
	const char *reason;
	char text[256];
};

static void note_failure(struct failure *f, const struct policy_metric *m,
			 const struct err *err)
{
	if (f->count++ > 0)
		return;
	f->reason = metric_failure(m);
	snprintf(f->text, sizeof(f->text), "%s", err->msg);
}

static void offer(struct decision *d, int32_t metric, int32_t replicas, bool by_forecast)
{
	if (d->winner >= 0 && d->wanted != 0 && replicas <= d->wanted)
		return;
	d->wanted = replicas;
	d->winner = metric;
	d->by_forecast = by_forecast;
}

static void offer_reactive(const struct decide_input *in, int32_t i, struct decision *d,
			   struct failure *f)
{
	struct metric_decision *md = &d->metrics[i];
	const struct metric_values *values = &in->values[i];
	struct proposal p;
	struct err err;

	if (calculate(in, i, &md->target, &p, &err)) {
		note_failure(f, &in->policy->metrics[i], &err);
		md->failure = metric_failure(&in->policy->metrics[i]);
		snprintf(md->error, sizeof(md->error), "%.*s", (int)sizeof(md->error) - 1,
			 values->unknown ? values->unknown : err.msg);
		return;
	}
	md->known = true;
	md->reactive = p.replicas;
	md->utilization_pct = p.utilization_pct;
	md->value_m = p.value_m;
	md->pods_counted = p.pods_counted;
	md->pods_listed = p.pods_listed;
	d->reactive = max_int32(d->reactive, p.replicas);
	offer(d, i, p.replicas, false);
}

/* What a forecast is measured against before it has proved itself. */
static int32_t cap_base(const struct decide_input *in, const struct decision *d,
			bool unknown)
{
	int32_t base = max_int32(max_int32(d->reactive, in->policy->min_replicas), 1);
	return unknown ? max_int32(base, d->current) : base;
}

static int32_t capped(const struct decide_input *in, const struct decision *d,
		      int32_t replicas)
{
	if (d->cap_base == DECIDE_NO_REPLICAS)
		return replicas;
	return min_int32(replicas, double_to_int32(in->over_reactive_max * d->cap_base));
}

/* A forecast is one more proposal. For a metric that is unknown it may only raise, and
 * only where that is asked for. */
static void offer_forecast(const struct decide_input *in, int32_t i,
			   const struct prediction *p, struct decision *d)
{
	struct metric_decision *md = &d->metrics[i];
	int32_t replicas = capped(in, d, p->replicas);
	if (!md->known && !(in->follow_forecast_on_loss && replicas > d->current))
		return;
	md->forecast_used = true;
	md->predicted = replicas;
	md->capped = replicas < p->replicas;
	md->release = p->release;
	d->predicted = max_int32(d->predicted, replicas);
	offer(d, i, replicas, true);
}

/* Demand is only known from below: the forecast of it, learned from what was seen, is too
 * low. Reactive proposals stay the HPA's. */
static void lean(const struct decide_input *in, int32_t i, struct metric_decision *md,
		 struct prediction *p)
{
	struct saturation s;
	if (!md->known || !saturation_of(in, i, &s))
		return;
	md->at_limit = s.at_limit;
	md->seen = s.seen;
	if (!isnan(md->capacity))
		p->replicas =
			max_int32(p->replicas,
				  predict_pods(SATURATION_LEAN * s.seen, md->capacity));
}

/* All that is asked of the target now, units of the metric; NaN where that is not what is
 * forecast, or not known. */
static double demand_now(const struct decide_input *in, int32_t i)
{
	const struct metric_values *values = &in->values[i];
	enum metric_type type = in->policy->metrics[i].type;
	if (values->unknown || in->forecasts[i].derived)
		return NAN;
	if (type == METRIC_EXTERNAL || type == METRIC_OBJECT)
		return (double)values->total_m / 1000;
	double sum_m = 0;
	for (int32_t k = 0; k < values->count; k++)
		sum_m += (double)values->pods[k].value_m;
	return sum_m / 1000;
}

/* Where a forecast carries the risk, the reactive part is a safety net below it. A load
 * that the forecast does not know of has nobody but the net, which needs the headroom
 * then that the user gave it. */
static bool is_surpassed(const struct decide_input *in, int32_t i)
{
	const struct forecast_proposal *f = &in->forecasts[i];
	return predict_surpassed(demand_now(in, i), f->upper, f->quantile);
}

/* Reactive proposals first: forecasts may be measured against the best of them. */
static void offer_metrics(const struct decide_input *in, struct decision *d,
			  struct failure *f)
{
	struct prediction p[POLICY_METRICS_MAX];
	bool predicted[POLICY_METRICS_MAX];

	for (int32_t i = 0; i < in->policy->metric_count; i++) {
		const struct policy_metric *m = &in->policy->metrics[i];
		predicted[i] = predict(in, i, &p[i]);
		bool surpassed = predicted[i] && is_surpassed(in, i);
		d->metrics[i] = (struct metric_decision){
			.reactive = DECIDE_NO_REPLICAS,
			.predicted = DECIDE_NO_REPLICAS,
			.release = DECIDE_NO_REPLICAS,
			.surpassed = surpassed,
			.target = predicted[i] && !surpassed ? m->reactive_target
							     : m->target,
			.capacity = predicted[i] ? p[i].capacity : NAN,
		};
		offer_reactive(in, i, d, f);
		lean(in, i, &d->metrics[i], &p[i]);
	}
	d->cap_base = in->over_reactive_max > 0 ? cap_base(in, d, f->count > 0)
						: DECIDE_NO_REPLICAS;
	for (int32_t i = 0; i < in->policy->metric_count; i++)
		if (predicted[i])
			offer_forecast(in, i, &p[i], d);
}

static bool check_selector(const struct decide_input *in, struct decision *d)
{
	const char *error = in->scale.selector_error ? in->scale.selector_error : "";
	switch (in->scale.selector) {
	case SELECTOR_OK:
		return true;
	case SELECTOR_INVALID:
		condition_set(d, CONDITION_SCALING_ACTIVE, false, "InvalidSelector", "%s",
			      error);
		break;
	case SELECTOR_AMBIGUOUS:
		condition_set(d, CONDITION_SCALING_ACTIVE, false, "AmbiguousSelector",
			      "%s", error);
		break;
	}
	d->hold = HOLD_SELECTOR;
	return false;
}

/* The name that the HPA would give what won. */
static void set_active(const struct decide_input *in, struct decision *d)
{
	char title[128];
	if (in->config->terse) {
		condition_set(
			d, CONDITION_SCALING_ACTIVE, true, "ValidMetricFound",
			"the HPA was able to successfully calculate a replica count");
		return;
	}
	metric_title(&in->policy->metrics[d->winner], title, sizeof(title));
	condition_set(
		d, CONDITION_SCALING_ACTIVE, true, "ValidMetricFound",
		"the HPA was able to successfully calculate a replica count from %s%s",
		d->by_forecast ? "the forecast of " : "", title);
}

bool combine(const struct decide_input *in, struct decision *d)
{
	struct failure f = {0};

	if (!check_selector(in, d))
		return false;
	offer_metrics(in, d, &f);
	d->unknown_count = f.count;
	if (d->winner < 0 || (f.count > 0 && d->wanted < d->current)) {
		condition_set(d, CONDITION_SCALING_ACTIVE, false, f.reason,
			      "the HPA was unable to compute the replica count: %s",
			      f.text);
		d->hold = HOLD_UNKNOWN;
		return false;
	}
	d->wanted = max_int32(d->wanted, 0);
	set_active(in, d);
	return true;
}

int32_t combined_release(const struct decide_input *in, const struct decision *d)
{
	int32_t release = DECIDE_NO_REPLICAS;
	if (!in->release_allowed)
		return DECIDE_NO_REPLICAS;
	for (int32_t i = 0; i < in->policy->metric_count; i++) {
		const struct metric_decision *md = &d->metrics[i];
		if (!md->known || !md->forecast_used || md->release == DECIDE_NO_REPLICAS)
			return DECIDE_NO_REPLICAS;
		release = max_int32(release, md->release);
	}
	return release;
}
