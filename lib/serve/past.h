/* The last twelve hours of each policy for the page and the API: what Prometheus and the
 * status object do not tell in one piece. A ring per policy, which begins empty with the
 * process. Of thousands of policies fewer hours are kept, so that all of it stays within
 * PASTS_BYTES. Private to serve. */
#ifndef FORETOP_SERVE_PAST_H
#define FORETOP_SERVE_PAST_H

#include "engine/engine.h"

/* A point stands for two minutes: its largest demand, its fewest Ready pods, and for the
 * rest what was said last. */
#define PAST_STEP_MS (2 * MS_PER_MIN)
#define PAST_POINTS  360
#define PASTS_BYTES  (16 << 20) /* of all together, from 1,665 policies on */
/* Two hours: what 10,000 policies have. */
#define PAST_POINTS_MIN 60

struct past_point {
	uint32_t step;     /* time / PAST_STEP_MS */
	float demand;      /* units of the metric; NaN unknown */
	float mean, upper; /* as forecast then, of the window that followed; NaN */
	int32_t current, desired, ready; /* DECIDE_NO_REPLICAS: unknown */
};

struct past {
	char *key; /* policy and metric: a ring of another one is of no use */
	/* The status that was added last, which has that key, and its metric. */
	uint64_t serial;
	int32_t metric;
	int32_t first, count;
	int32_t cap; /* in [PAST_POINTS_MIN, PAST_POINTS] */
	struct past_point points[];
};

/* One for each place of a list of policies. Zeroed: none. */
struct pasts {
	struct past **items; /* NULL: nothing was seen at this place */
	int32_t count;
};
/* Accepts zeroed. */
void pasts_fini(struct pasts *p);

/* What is known of the policy at place i, now; nothing before its first decision. */
void pasts_add(struct pasts *p, int32_t i, const struct policy_status *s, int64_t now_ms);
/* The past of this policy at place i, or NULL when there is none. Borrowed. */
const struct past *pasts_find(const struct pasts *p, int32_t i,
			      const struct policy_status *s);

/* i in [0, count), oldest first. */
const struct past_point *past_at(const struct past *p, int32_t i);
int64_t past_point_ms(const struct past_point *p);

/* The metric whose demand is kept: the first that is forecast, else the first; -1 when
 * there is no policy. */
int32_t past_metric(const struct policy_status *s);

#endif
