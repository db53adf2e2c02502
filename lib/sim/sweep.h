/* Which settings would have served a load at the least cost: a policy over one published
 * grid of settings beside the HPA's rules over its target, all through the same load.
 * Settings are chosen on the first half of what counts and judged on the second, which
 * took no part in the choice. The forecasts of the load are made once for the whole
 * grid (sim/tape.h). */
#ifndef FORETOP_SIM_SWEEP_H
#define FORETOP_SIM_SWEEP_H

#include "sim/contest.h"
#include "sim/front.h"

/* Targets are shares of what a pod serves. */
struct sweep_setting {
	double target; /* of the reactive rule while no forecast is trusted */
	bool forecast; /* false: forecasting is off, and nothing else counts */
	double forecast_target, reactive_target, quantile;
	bool release;
};

/* The published grid: every combination of these beside the policy's own target. */
#define SWEEP_QUANTILES                                                                  \
	{                                                                                \
		0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995                              \
	}
#define SWEEP_FORECAST_TARGETS                                                           \
	{                                                                                \
		0.9, 1.0                                                                 \
	}
#define SWEEP_REACTIVE_TARGETS                                                           \
	{                                                                                \
		0.95, 1.2                                                                \
	}
/* The HPA's rules at targets of 40 to 98 % in steps of 2 %, and at the policy's own. */
#define SWEEP_HPA_FIRST 0.40
#define SWEEP_HPA_STEP  0.02
#define SWEEP_HPA_COUNT 30

enum sweep_half { SWEEP_FIRST, SWEEP_SECOND, SWEEP_HALVES };

struct sweep_point {
	struct sweep_setting setting;
	struct outcome halves[SWEEP_HALVES];
	struct outcome *days; /* one for each of the sweep's; owned */
};

/* A piece of what counts, a day unless it lies at an end. */
struct sweep_day {
	int64_t from_ms, to_ms;
	enum sweep_half half;
};

struct sweep_config {
	const char *policy; /* text as for replay_policy */
	size_t policy_len;
	struct workload_config workload; /* as for a contest */
	/* The first half is [first_ms, start_ms), the second [start_ms, end_ms). What is
	 * before first_ms is learned from. */
	int64_t first_ms, start_ms, end_ms;
	bool reactive_only; /* only the points without forecasts */
	/* Forecasts speak without the gate's leave (mode Always): what they are worth by
	 * themselves, for comparisons. */
	bool ungated;
	/* Hears how far it is, in [0, 1], now and then, from whichever thread has come so
	 * far; may be NULL. */
	void (*progress)(void *arg, double share);
	void *progress_arg;
	/* Does job(arg, i) for each i in [0, count), as many at a time and in whatever
	 * order it likes, and returns when all are done; the result is the same. Jobs
	 * write nothing that another one reads. NULL: one after another. */
	void (*spread)(void (*job)(void *arg, int32_t i), void *arg, int32_t count);
};

struct sweep {
	struct sweep_day *days; /* oldest first; owned */
	int32_t day_count;
	/* First forecasting off by target, SWEEP_HPA_COUNT of them, then the policy's own
	 * target (`own`), then with forecasts; owned. */
	struct sweep_point *points;
	int32_t count, own;
	struct sweep_point perfect;
	int32_t tapes; /* series of forecasts that were made */
	double capacity;
};

/* Deterministic. 0, or -1 with *err = ERR_INVALID. The caller frees the result. */
int sweep_run(const struct sweep_config *config, struct sweep *ret_sweep,
	      struct err *err);
/* Accepts zeroed. */
void sweep_fini(struct sweep *s);

/* Pods that were paid for each pod of useful work; NaN without load. */
double sweep_pods(const struct sweep *s, const struct outcome *o);
/* The front of a half: with_forecast: of the points with forecasts, else of those
 * without. The caller frees it. */
struct front sweep_front(const struct sweep *s, enum sweep_half half, bool with_forecast);
/* The cheapest point of the first half that left at most `unserved` of its load. A
 * forecast is taken only if it saves SWEEP_WORTH_IT of the pods of the best point
 * without, saves some on two thirds of the days (one day must not decide), and if
 * settings that are chosen on three quarters of the days save as much on the others (of
 * dozens of settings the best is partly luck); of equal ones the first. -1: none serves
 * so well. */
#define SWEEP_WORTH_IT 0.02
int32_t sweep_choose(const struct sweep *s, double unserved);

/* A policy's fields as a setting says. */
void sweep_apply(const struct sweep_setting *setting, double capacity,
		 struct policy *policy);
/* The policy's own target as a share of what a pod serves. */
double sweep_own_target(const struct policy *policy,
			const struct workload_config *workload);

#endif
