#include "decide/predict.h"

#include "decide/numbers.h"

/* Quotients that are whole but for rounding must not cost a pod: 4.9 / 0.7
 * is 7.000000000000001. */
#define ROUNDING_RATIO 1e-9

/* Where a pod's own need takes more than four fifths of its target, a small error of it
 * would be a large one of what is left. */
#define LEFT_MIN_RATIO 0.2

/* Mean request of the pods that stay, units; NaN when none has one. */
static double mean_request(const struct decide_input *in, int32_t index)
{
	double sum_m = 0;
	int32_t count = 0;

	for (int32_t i = 0; i < in->pod_count; i++) {
		const struct pod *pod = &in->pods[i];
		if (pod->deleted || pod->phase == POD_FAILED ||
		    pod->request_m[index] <= 0)
			continue;
		sum_m += (double)pod->request_m[index];
		count++;
	}
	return sum_m / 1000 / count;
}

double decide_capacity(const struct decide_input *in, int32_t index,
		       const struct metric_target *target)
{
	switch (target->type) {
	case TARGET_UTILIZATION:
		return target->utilization_pct / 100.0 * mean_request(in, index);
	case TARGET_AVERAGE_VALUE:
		return (double)target->value_m / 1000;
	case TARGET_VALUE:
		break;
	}
	return NAN;
}

int32_t predict_pods(double demand, double capacity)
{
	return ceil_to_int32(demand / capacity * (1 - ROUNDING_RATIO));
}

/* What a pod carries of the demand that is forecast; NaN when that cannot be told, or
 * when its own need leaves too little for it. */
static double carried(const struct decide_input *in, int32_t index)
{
	const struct forecast_proposal *f = &in->forecasts[index];
	double whole =
		decide_capacity(in, index, &in->policy->metrics[index].forecast_target);
	if (!f->derived)
		return whole;
	double left = whole - f->per_pod;
	return left > LEFT_MIN_RATIO * whole ? left : NAN;
}

bool predict(const struct decide_input *in, int32_t index,
	     struct prediction *ret_prediction)
{
	const struct forecast_proposal *f = in->forecasts ? &in->forecasts[index] : NULL;
	if (!f || !f->usable || !(in->policy->metrics[index].forecast || f->derived) ||
	    in->policy->forecast.mode == FORECAST_DISABLED)
		return false;
	double capacity = carried(in, index);
	if (!(capacity > 0) || !isfinite(capacity) || !(f->upper >= 0) ||
	    !isfinite(f->upper))
		return false;
	*ret_prediction = (struct prediction){
		.replicas = predict_pods(f->upper, capacity),
		.release = f->release >= 0 ? predict_pods(f->release, capacity)
					   : DECIDE_NO_REPLICAS,
		.capacity = capacity,
	};
	return true;
}
