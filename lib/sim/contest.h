/* The same load for all: a policy as it is, the policy with forecasting off, the HPA's
 * rules at the policy's target, a fixed size and a perfect forecast, each in a simulated
 * deployment of its own. */
#ifndef FORETOP_SIM_CONTEST_H
#define FORETOP_SIM_CONTEST_H

#include "sim/replay.h"
#include "sim/rival.h"

enum contestant {
	CONTEST_POLICY,
	CONTEST_OFF, /* the policy with forecasting off */
	CONTEST_HPA,
	CONTEST_FIXED,
	CONTEST_PERFECT,
	CONTEST_COUNT,
};
/* "foretop", "foretop, forecasting off", "HPA's rules", ... */
const char *contestant_name(enum contestant who);
/* "foretop", "forecastOff", "hpa", "fixed", "perfect": for programs. */
const char *contestant_key(enum contestant who);

/* Decisions before what counts: longer than any stabilization window, so that nobody's
 * first steps are judged. */
#define CONTEST_WARM_MS MS_PER_H

struct contest_config {
	const char *policy; /* text as for replay_policy */
	size_t policy_len;
	/* ns, name and replicas are found in the policy. */
	struct workload_config workload;
	int64_t start_ms, end_ms; /* what counts: within the demand, start before end */
	/* Hears what the policy does from start_ms on; NULL: nobody listens. */
	replay_heed *heed;
	void *arg;
	/* Hears how far it is, in [0, 1], now and then; may be NULL. */
	void (*progress)(void *arg, double share);
	void *progress_arg;
};

struct contest_result {
	struct outcome outcomes[CONTEST_COUNT];
	int32_t fixed_size;
	struct replay_tally tally; /* of CONTEST_POLICY */
	int64_t lead_ms;           /* that it reckons with at the end */
	enum lead_source lead_source;
	int32_t window_min; /* that it forecasts at the end; 0: none */
	char trust[256];    /* the condition ForecastTrusted at the end, for people */
};

/* Deterministic: the same input gives the same result. 0, or -1 with *err = ERR_INVALID.
 */
int contest_run(const struct contest_config *config, struct contest_result *ret_result,
		struct err *err);

/* How contestants begin, for those who hold one by themselves. The policy as it is
 * rehearsed; the caller frees it. */
struct policy *contest_policy(const struct contest_config *config, struct err *err);
/* When everybody starts, some time before what counts. */
int64_t contest_world_start(const struct contest_config *config);
/* With how many pods: as many as carry the load of that moment with the HPA's usual
 * headroom. */
int32_t contest_first_size(const struct contest_config *config, const struct policy *p);

#endif
