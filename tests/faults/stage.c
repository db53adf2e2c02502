#include "faults/stage.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS   "shop"
#define NAME "checkout"
/* kubelet's first back-off of a container that ended by itself. */
#define LOST_RESTART_MS (10 * MS_PER_S)
/* Prometheus finds a value for so long behind its last sample. */
#define LOOKBACK_MS (5 * MS_PER_MIN)

int64_t stage_now(const struct stage *s)
{
	return clock_now_ms(&s->clock) - s->start_ms;
}

void stage_run(struct stage *s, int64_t ms)
{
	virtual_run(s->reactor, ms);
}

/* --- demand --- */

double stage_demand(const struct stage *s, int64_t at_ms)
{
	double demand = s->plan[0].demand;
	for (int i = 0; i < s->config.plan_count && s->plan[i].from_ms <= at_ms; i++)
		demand = s->plan[i].demand;
	return demand;
}

int32_t stage_need(const struct stage *s, int64_t at_ms)
{
	int32_t need = (int32_t)ceil(stage_demand(s, at_ms) / STAGE_UNITS);
	return need < STAGE_MIN ? STAGE_MIN : need > STAGE_MAX ? STAGE_MAX : need;
}

static void say_demand(void *arg, int64_t at_ms, struct promapi_rows *rows)
{
	const struct stage *s = arg;
	int64_t now_ms = clock_now_ms(&s->clock);
	if (at_ms > now_ms + LOOKBACK_MS)
		return;
	int64_t known_ms = at_ms < now_ms ? at_ms : now_ms;
	promapi_rows_add(rows, NULL, 0, stage_demand(s, known_ms - s->start_ms));
}

/* --- processes --- */

static void start_again(void *arg);

/* The process must not outlive the loss of its lead by an instant; it is taken down from
 * outside of its own callback. */
static void on_lost(void *arg)
{
	struct actor *a = arg;
	timer_set(a->stage->reactor, &a->again, 0, start_again, a);
}

static void start(struct actor *a)
{
	struct stage *s = a->stage;
	struct err err = {0};
	const struct loop_config config = {
		.reactor = s->reactor,
		.clock = &a->clock,
		.kube = &a->kube,
		.controller = &a->config,
		.instance = a->identity,
		.on_lost = on_lost,
		.arg = a,
	};
	a->starts++;
	virtual_set_side(SIDE_CLIENT);
	a->loop = loop_new(&config, &err);
	virtual_set_side(SIDE_NONE);
	if (a->loop)
		return;
	fprintf(stderr, "a process does not start: %s\n", err.msg);
	abort();
}

static void start_again(void *arg)
{
	struct actor *a = arg;
	if (a->loop) { /* it lost the lead */
		stage_kill(a, LOST_RESTART_MS);
		return;
	}
	start(a);
}

void stage_kill(struct actor *a, int64_t after_ms)
{
	loop_free(TAKE(a->loop));
	timer_set(a->stage->reactor, &a->again, after_ms, start_again, a);
}

void stage_jump(struct actor *a, int64_t ms)
{
	a->jump_ms += ms;
	a->clock.origin_ms += ms;
	virtual_set_wall(a->jump_ms);
}

bool stage_leads(const struct stage *s)
{
	for (int i = 0; i < s->config.actors; i++)
		if (s->actors[i].loop && loop_leading(s->actors[i].loop))
			return true;
	return false;
}

static void open_actor(struct stage *s, int i)
{
	struct actor *a = &s->actors[i];
	struct err err = {0};
	char *kubeconfig AUTO_FREE = served_kubeconfig(s->served);
	a->stage = s;
	snprintf(a->identity, sizeof(a->identity), "foretop-%d", i);
	a->clock = s->clock;
	config_defaults(&a->config);
	a->config.sync_period_ms = STAGE_SYNC_MS;
	a->config.hpa.downscale_stabilization_ms = s->config.stabilization_ms;
	if (s->config.shards)
		a->config.election.shards = s->config.shards;
	if (config_set_url(&a->config, served_prom_url(s->served), &err) < 0 ||
	    kube_config_parse(kubeconfig, ".", NULL, &a->kube, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		abort();
	}
	start(a);
}

/* --- the cluster --- */

void stage_put_policy(struct stage *s, double units, int32_t max)
{
	char *query AUTO_FREE = served_requests_query(NS, NAME);
	char *text AUTO_FREE = xasprintf(
		"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: " NAME
		"}\n"
		"mode: Scale\n"
		"minReplicas: %d\n"
		"maxReplicas: %d\n"
		"metrics:\n"
		"- type: External\n"
		"  external:\n"
		"    metric: {name: requests}\n"
		"    target: {type: AverageValue, averageValue: \"%g\"}\n"
		"  query: %s\n"
		"%s",
		STAGE_MIN, (int)max, units, query, s->config.policy);
	struct err err = {0};
	if (served_put_policy(s->served, NS, NAME, text, &err) == 0)
		return;
	fprintf(stderr, "%s\n", err.msg);
	abort();
}

static void open_cluster(struct stage *s)
{
	double *load = xcalloc(1, sizeof(*load));
	load[0] = s->plan[0].demand;
	s->traffic = trace_new(s->start_ms - MS_PER_H, MS_PER_MIN, load, 1);
	const struct served_workload workload = {
		.workload = {.ns = NS,
			     .name = NAME,
			     .demand = s->traffic,
			     .capacity = STAGE_UNITS,
			     .lead_ms = 20 * MS_PER_S,
			     .replicas = stage_need(s, 0),
			     .cpu_full = 1,
			     .cpu_request = 1,
			     .seed = s->config.seed},
	};
	const struct served_config config = {
		.clock = &s->clock, .step_ms = 2000, .workloads = &workload, .count = 1};
	struct err err = {0};
	virtual_set_side(SIDE_SERVER);
	s->served = served_new(s->reactor, &config, &err);
	s->kube = served_kube(s->served);
	kubeapi_allow_watchlist(s->kube, s->config.watch_lists);
	char *query AUTO_FREE = served_requests_query(NS, NAME);
	promapi_register(served_prom(s->served), query, say_demand, s);
	virtual_set_side(SIDE_NONE);
}

void stage_open(struct stage *s, const struct stage_config *config)
{
	struct err err;
	*s = (struct stage){.config = *config};
	for (int i = 0; i < config->plan_count; i++)
		s->plan[i] = config->plan[i];
	json_init(); /* as main() does */
	virtual_reset(config->seed);
	s->reactor = reactor_new(&err);
	s->start_ms = wall_ms();
	clock_init_scaled(&s->clock, s->start_ms, 1);
	open_cluster(s);
	stage_put_policy(s, STAGE_UNITS, STAGE_MAX);
	for (int i = 0; i < config->actors; i++)
		open_actor(s, i);
}

void stage_close(struct stage *s)
{
	for (int i = 0; i < s->config.actors; i++) {
		struct actor *a = &s->actors[i];
		loop_free(a->loop);
		timer_cancel(&a->again);
		kube_config_fini(&a->kube);
		config_free(&a->config);
	}
	served_free(s->served);
	trace_free(s->traffic);
	reactor_free(s->reactor);
}

int32_t stage_replicas(const struct stage *s)
{
	cJSON *d AUTO(json_cleanup) = kubeapi_get(s->kube, KUBEAPI_DEPLOYMENTS, NS, NAME);
	return d ? (int32_t)json_int(d, "spec.replicas", -1) : -1;
}

int stage_writes(const struct stage *s, struct stage_write *ret_writes, int max)
{
	int count = 0;
	for (size_t i = 0; i < kubeapi_audit_count(s->kube); i++) {
		const struct audit_entry *e = kubeapi_audit(s->kube, i);
		if (e->resource != KUBEAPI_DEPLOYMENTS ||
		    strcmp(e->subresource, "scale") || e->status != 200)
			continue;
		if (count < max)
			ret_writes[count] = (struct stage_write){
				e->engine_ms - s->start_ms, e->from, e->to};
		count++;
	}
	return count;
}
