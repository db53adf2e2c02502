#include "sim/contest.h"

#include <math.h>
#include <stdio.h>

/* Between two reports of progress, in time of the world. */
#define STRIDE_MS   (6 * MS_PER_H)
#define NOTES_LIMIT 65536
#define SYNC_MS     (15 * MS_PER_S)

const char *contestant_name(enum contestant who)
{
	static const char *const names[] = {
		[CONTEST_POLICY] = "foretop",
		[CONTEST_OFF] = "foretop, forecasting off",
		[CONTEST_HPA] = "HPA's rules at the target",
		[CONTEST_FIXED] = "fixed size",
		[CONTEST_PERFECT] = "perfect forecast",
	};
	return names[who];
}

const char *contestant_key(enum contestant who)
{
	static const char *const keys[] = {
		[CONTEST_POLICY] = "foretop",  [CONTEST_OFF] = "forecastOff",
		[CONTEST_HPA] = "hpa",         [CONTEST_FIXED] = "fixed",
		[CONTEST_PERFECT] = "perfect",
	};
	return keys[who];
}

struct policy *contest_policy(const struct contest_config *config, struct err *err)
{
	struct str notes AUTO(str_fini);
	str_init(&notes, NOTES_LIMIT); /* which the caller has heard */
	return replay_policy(config->policy, config->policy_len, &notes, err);
}

int64_t contest_world_start(const struct contest_config *config)
{
	int64_t first_ms = config->workload.demand->start_ms;
	int64_t start_ms = config->start_ms - CONTEST_WARM_MS;
	if (start_ms < first_ms)
		start_ms = first_ms;
	/* Everybody decides at the same moments. */
	return (start_ms + SYNC_MS - 1) / SYNC_MS * SYNC_MS;
}

static int32_t bounded(const struct policy *p, double replicas)
{
	replicas = fmax(replicas, fmax(p->min_replicas, 1));
	return (int32_t)fmin(replicas, p->max_replicas);
}

int32_t contest_first_size(const struct contest_config *config, const struct policy *p)
{
	const struct workload_config *w = &config->workload;
	double demand = trace_at(w->demand, contest_world_start(config));
	return bounded(p, ceil(demand / (0.7 * w->capacity)));
}

/* --- the engine's --- */

struct listener {
	const struct contest_config *config;
	bool counting;
};

static void heed(void *arg, const struct replay_row *row)
{
	const struct listener *l = arg;
	if (l->counting)
		l->config->heed(l->config->arg, row);
}

static void report(const struct contest_config *config, int64_t at_ms)
{
	int64_t from_ms = contest_world_start(config);
	if (config->progress)
		config->progress(config->progress_arg,
				 (double)(at_ms - from_ms) /
					 (double)(config->end_ms - from_ms));
}

static void sum_up(const struct replay *r, struct contest_result *ret)
{
	const struct policy_status *s = replay_status(r);
	const struct status_condition *trust = &s->conditions[PC_FORECAST_TRUSTED];
	ret->tally = *replay_tally(r);
	ret->lead_ms = s->lead_ms;
	ret->lead_source = s->lead_source;
	ret->window_min = s->metrics[0].forecast_on ? s->metrics[0].window_min : 0;
	snprintf(ret->trust, sizeof(ret->trust), "%s", trust->message);
}

static int run_engine(const struct contest_config *config, enum contestant who,
		      struct contest_result *ret, struct err *err)
{
	bool ours = who == CONTEST_POLICY;
	struct listener listener = {.config = config};
	struct replay_config c = {.workload = config->workload,
				  .terse = !ours,
				  .heed = ours && config->heed ? heed : NULL,
				  .arg = &listener};
	struct policy *policy = contest_policy(config, err);
	if (!policy)
		return -1;
	if (!ours)
		policy_disable_forecast(policy);
	c.workload.replicas = contest_first_size(config, policy);
	struct replay *r AUTO(replay_cleanup) =
		replay_new(&c, policy, contest_world_start(config), err);
	if (!r)
		return -1;
	replay_advance(r, config->start_ms - 1);
	listener.counting = true;
	replay_advance(r, config->start_ms);
	replay_reset(r);
	for (int64_t at = config->start_ms + STRIDE_MS; at < config->end_ms;
	     at += STRIDE_MS) {
		replay_advance(r, at);
		if (ours)
			report(config, at);
	}
	replay_end(r, config->end_ms);
	ret->outcomes[who] = replay_workload(r)->outcome;
	if (ours)
		sum_up(r, ret);
	return 0;
}

/* --- the others --- */

static const enum rival_kind kinds[CONTEST_COUNT] = {
	[CONTEST_HPA] = RIVAL_HPA,
	[CONTEST_FIXED] = RIVAL_FIXED,
	[CONTEST_PERFECT] = RIVAL_PERFECT,
};

static int run_rival(const struct contest_config *config, enum contestant who,
		     struct contest_result *ret, struct err *err)
{
	struct policy *policy AUTO(policy_cleanup) = contest_policy(config, err);
	if (!policy)
		return -1;
	struct rival_config c = {.kind = kinds[who],
				 .workload = config->workload,
				 .policy = policy,
				 .terse = true,
				 .until_ms = config->end_ms};
	struct rival r;
	bool fixed = who == CONTEST_FIXED;
	c.workload.ns = policy->ns;
	c.workload.name = policy->target.name;
	c.workload.replicas = contest_first_size(config, policy);
	rival_init(&r, &c, fixed ? config->start_ms : contest_world_start(config));
	rival_advance(&r, config->start_ms);
	workload_reset_outcome(&r.workload);
	rival_advance(&r, config->end_ms - 1);
	workload_advance(&r.workload, config->end_ms);
	ret->outcomes[who] = r.workload.outcome;
	if (fixed)
		ret->fixed_size = r.workload.replicas;
	rival_fini(&r);
	return 0;
}

int contest_run(const struct contest_config *config, struct contest_result *ret_result,
		struct err *err)
{
	struct contest_result result = {0};
	if (run_engine(config, CONTEST_POLICY, &result, err) < 0 ||
	    run_engine(config, CONTEST_OFF, &result, err) < 0)
		return -1;
	for (int who = CONTEST_HPA; who < CONTEST_COUNT; who++)
		if (run_rival(config, (enum contestant)who, &result, err) < 0)
			return -1;
	*ret_result = result;
	return 0;
}
