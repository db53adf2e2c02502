#include "engine/counts.h"

enum cause decision_cause(const struct decision *d)
{
	switch (d->hold) {
	case HOLD_NONE:
		break;
	case HOLD_DOWN:
	case HOLD_UP:
		return CAUSE_HELD;
	case HOLD_UNKNOWN:
	case HOLD_SELECTOR:
	case HOLD_TARGET:
		return CAUSE_UNKNOWN;
	case HOLD_DISABLED:
		return CAUSE_DISABLED;
	}
	if (d->winner < 0)
		return CAUSE_BOUNDS;
	return d->by_forecast ? CAUSE_FORECAST : CAUSE_REACTIVE;
}

const char *cause_name(enum cause cause)
{
	static const char *const names[CAUSE_COUNT] = {
		[CAUSE_REACTIVE] = "reactive", [CAUSE_FORECAST] = "forecast",
		[CAUSE_BOUNDS] = "bounds",     [CAUSE_HELD] = "held",
		[CAUSE_UNKNOWN] = "unknown",   [CAUSE_DISABLED] = "disabled",
	};
	return names[cause];
}

const char *clamp_name(enum clamp clamp)
{
	switch (clamp) {
	case CLAMP_TOO_FEW:
		return limit_reason(LIMIT_TOO_FEW);
	case CLAMP_TOO_MANY:
		return limit_reason(LIMIT_TOO_MANY);
	case CLAMP_UP_RATE:
		return limit_reason(LIMIT_SCALE_UP_RATE);
	case CLAMP_DOWN_RATE:
		return limit_reason(LIMIT_SCALE_DOWN_RATE);
	case CLAMP_STABILIZED_DOWN:
		return "ScaleDownStabilized";
	case CLAMP_STABILIZED_UP:
		return "ScaleUpStabilized";
	case CLAMP_HELD:
		return "Held";
	case CLAMP_CAPPED:
		return "ForecastCapped";
	case CLAMP_COUNT:
		break;
	}
	return "";
}

static bool is_capped(const struct decision *d)
{
	for (int32_t m = 0; m < d->metric_count; m++)
		if (d->metrics[m].capped)
			return true;
	return false;
}

void counts_decided(struct counts *c, const struct decision *d)
{
	c->decided[decision_cause(d)]++;
	c->clamped[CLAMP_TOO_FEW] += d->limit == LIMIT_TOO_FEW;
	c->clamped[CLAMP_TOO_MANY] += d->limit == LIMIT_TOO_MANY;
	c->clamped[CLAMP_UP_RATE] += d->limit == LIMIT_SCALE_UP_RATE;
	c->clamped[CLAMP_DOWN_RATE] += d->limit == LIMIT_SCALE_DOWN_RATE;
	c->clamped[CLAMP_STABILIZED_DOWN] +=
		d->stabilization == STABILIZED_DOWN && !d->released;
	c->clamped[CLAMP_STABILIZED_UP] += d->stabilization == STABILIZED_UP;
	c->clamped[CLAMP_HELD] += d->hold == HOLD_DOWN || d->hold == HOLD_UP;
	c->clamped[CLAMP_CAPPED] += is_capped(d);
}

void counts_wrote(struct counts *c, const struct decision *d, bool raised)
{
	enum cause cause = decision_cause(d);
	if (raised)
		c->raised[cause]++;
	else
		c->lowered[cause]++;
}
