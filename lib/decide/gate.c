#include "decide/gate.h"

#include <math.h>

/* Costs lose half of their weight in two days: less forgets what a night or a Sunday is
 * like before the next one comes, more keeps a broken forecast for days. */
#define HALF_LIFE_MIN 2880.0

/* Open: clearly cheaper. Shut: no longer cheaper at all, as no price is worth a risk
 * without a gain. The hundredth between them takes an hour of costs twice as high, so
 * that the gate does not flap with single minutes. */
#define OPEN_BELOW 0.99
#define SHUT_ABOVE 1.00

/* The forecast's quantile is a share of the load, and misses come with the load: what
 * covers 0.95 of it covers about 0.97 of the minutes (on request traces 0.95 of the
 * minutes were 0.90 to 0.93 of the load). A price of 1 / (1 - q) is that of a quantile by
 * minutes; at it the gate shuts forecasts that serve better than they were asked to. */
#define MISSES_WITH_LOAD 1.5

void gate_heed(struct gate *g, const struct shadow_costs *costs, double quantile,
	       int64_t end_ms)
{
	double kappa = MISSES_WITH_LOAD / (1 - quantile), keep = exp2(-1 / HALF_LIFE_MIN);
	if (!costs->forecast && g->evidence_min == 0)
		return;
	g->evidence_min += costs->forecast;
	g->weight = keep * g->weight + 1;
	g->ours = keep * g->ours + costs->ours.pods + kappa * costs->ours.unserved;
	g->reactive = keep * g->reactive + costs->reactive.pods +
		      kappa * costs->reactive.unserved;
	bool open = g->open ? g->ours <= SHUT_ABOVE * g->reactive
			    : g->evidence_min >= GATE_EVIDENCE_MIN &&
				      g->ours < OPEN_BELOW * g->reactive;
	if (open != g->open)
		g->since_ms = end_ms;
	g->open = open;
}

double gate_cost_ours(const struct gate *g)
{
	return g->ours / g->weight; /* 0 / 0 is NaN */
}

double gate_cost_reactive(const struct gate *g)
{
	return g->reactive / g->weight;
}

bool gate_proved(const struct gate *g)
{
	return g->open && g->evidence_min >= GATE_PROOF_MIN;
}
