/* Whether the forecast has earned its place: what it would have cost against what the
 * reactive rule would have cost, of late (struct shadow). It bounds the price of being
 * wrong, which a comparison of forecast errors does not. */
#ifndef FORETOP_DECIDE_GATE_H
#define FORETOP_DECIDE_GATE_H

#include "decide/shadow.h"

/* Minutes with a forecast until the gate may open: a day, so that no forecast is judged
 * by a quiet night alone. */
#define GATE_EVIDENCE_MIN 1440
/* Until the forecast has proved itself (gate_proved): three days, by which the costs have
 * two thirds of all the weight that they will ever have. */
#define GATE_PROOF_MIN (3 * GATE_EVIDENCE_MIN)

/* A zeroed one is valid: shut, without evidence. */
struct gate {
	double ours, reactive; /* discounted sums of cost, pods */
	double weight;         /* discounted number of minutes */
	int64_t evidence_min;  /* minutes with a forecast so far */
	bool open;
	int64_t since_ms; /* of the newest change of `open`; 0: none yet */
};

/* A minute's costs. Costs count from the first forecast on. quantile: planned for, in
 * (0, 1): load that is not served weighs kappa = 1.5 / (1 - quantile) pods, which is
 * about what makes that quantile, a share of the load, the cheapest one to plan on
 * (newsvendor). With an objective it is the quantile that serves it: load is worth what
 * the objective makes of it. */
void gate_heed(struct gate *g, const struct shadow_costs *costs, double quantile,
	       int64_t end_ms);

/* Cost a minute of either, pods; NaN before the first forecast. */
double gate_cost_ours(const struct gate *g);
double gate_cost_reactive(const struct gate *g);

/* Open on so much evidence that the forecast may ask for what it likes. */
bool gate_proved(const struct gate *g);

#endif
