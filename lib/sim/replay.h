/* A policy rehearsed: the engine as it is, on one simulated workload, in process. What it
 * asks is answered at once from what has been up to then, never from the future; what it
 * writes is done at once. Reads the system's time zones, for a policy that names some. */
#ifndef FORETOP_SIM_REPLAY_H
#define FORETOP_SIM_REPLAY_H

#include "engine/engine.h"
#include "sim/workload.h"

/* What stands from a moment on, after a decision, or after demand or Ready pods changed
 * between two decisions, until the next such moment. */
struct replay_row {
	int64_t at_ms;
	double demand;             /* units per second */
	int32_t ready, pods;       /* after the decision */
	int32_t desired, reactive; /* of the newest one; DECIDE_NO_REPLICAS */
	double forecast, upper;    /* of the largest demand within the window: expected,
				      and its quantile; NaN: there is none */
	bool decided;              /* at this very moment */
	const char *reason;        /* of the newest decision; borrowed for the call */
};
typedef void replay_heed(void *arg, const struct replay_row *row);

struct replay_config {
	/* ns and name are the policy's target; `replicas` stand at the start, Ready for
	 * long. */
	struct workload_config workload;
	int64_t sync_ms; /* between decisions, at whole multiples; 0: 15 s */
	bool terse;      /* decisions without their texts, in half the time */
	const struct forecast_maker *maker; /* borrowed; NULL: as in `run` */
	replay_heed *heed;                  /* NULL: nobody listens */
	void *arg;
};

/* How decisions came about; since the start or replay_reset. */
struct replay_tally {
	int64_t decisions;
	int64_t trusted;     /* a forecast was allowed to propose */
	int64_t by_forecast; /* and its proposal won */
};

struct replay;

/* Starts at now_ms, which must lie inside of the demand: what is before it is history.
 * policy: ownership passes, also on failure. NULL with *err = ERR_INVALID: a time zone
 * that the system does not know. */
struct replay *replay_new(const struct replay_config *config, struct policy *policy,
			  int64_t now_ms, struct err *err);
/* Accepts NULL. */
void replay_free(struct replay *r);
void replay_cleanup(struct replay **r);

/* Lives and decides up to to_ms, a decision that is due then included. */
void replay_advance(struct replay *r, int64_t to_ms);
/* Lets the rest of the time pass without a decision at its end. */
void replay_end(struct replay *r, int64_t to_ms);
/* Counts from here on. */
void replay_reset(struct replay *r);

const struct workload *replay_workload(const struct replay *r);
const struct replay_tally *replay_tally(const struct replay *r);
const struct policy_status *replay_status(const struct replay *r);

/* The text of a policy as it can be rehearsed: `policy.yaml` itself or a ConfigMap that
 * holds it under that key. Of its metrics the first is left whose demand pods share and
 * does not depend on how many they are (not memory, not a Value target); it is in force
 * in mode Scale, not paused. What is different from the text is appended to *ret_notes,
 * one line each. NULL with *err = ERR_INVALID that names the line. The caller owns it. */
struct policy *replay_policy(const char *text, size_t len, struct str *ret_notes,
			     struct err *err);

/* The same text as it was written, with all its metrics. The caller owns it. */
struct policy *replay_policy_whole(const char *text, size_t len, struct err *err);

#endif
