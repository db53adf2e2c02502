/* The shop of `foretop demo`: three Deployments, their policies, and what happens to
 * them. */
#include "demo.h"

#include <stdlib.h>
#include <string.h>

#define HISTORY_DAYS  14
#define PEAK          2400.0
#define LEAD_MS       (150 * MS_PER_S)
#define LEAD_JITTER   (60 * MS_PER_S)
#define WORLD_STEP_MS (5 * MS_PER_S)
/* First hours of the world: history is read, nothing is counted. */
#define WARM_UP_MS (2 * MS_PER_H)
/* A release whose image is larger. */
#define LEAD_AFTER_MS (3 * LEAD_MS)

static const struct {
	const char *name;
	int target;
	/* Under a forecast: the load planned for, and the reactive rule as its net. */
	int forecast, net;
} cases[WORKLOADS] = {
	[FORETOP] = {"checkout", 70, 95, 110},
	[HPA_70] = {"checkout-hpa70", 70, 0, 0},
	[HPA_90] = {"checkout-hpa90", 90, 0, 0},
};

static const struct {
	const char *name, *story, *moral;
	int64_t begin_ms, end_ms; /* of what happens, from midnight; 0: nothing */
} scenarios[] = {
	[SCENARIO_MORNING] =
		{"morning",
		 "An ordinary day: at 08:00 the load grows fourfold within half an hour, "
		 "as on the days before.",
		 "Headroom is what the HPA's rule pays instead of foresight.", 0, 0},
	[SCENARIO_SPIKE] =
		{"spike",
		 "At 15:10 a crowd comes that nobody could foresee: twice the load "
		 "within "
		 "three minutes, for half an hour.",
		 "What serves a crowd until new pods are Ready is the headroom that is "
		 "paid for: three tenths of every\npod at 70 %, a twentieth at 95 %. No "
		 "forecast stands in for it where nothing announced the crowd; a\nlower "
		 "forecast.target pays for more of it, or a target of 70 % without a "
		 "forecast.",
		 15 * MS_PER_H + 10 * MS_PER_MIN, 0},
	[SCENARIO_OUTAGE] =
		{"outage",
		 "Prometheus answers with errors from 07:50 to 08:50, while the load "
		 "grows fourfold. Unknown is hold;\nthe first policy says onMetricsLoss: "
		 "FollowForecast, so its forecast may go on raising.",
		 "While metrics are unknown nobody lowers anything, and only a forecast "
		 "can still raise.",
		 7 * MS_PER_H + 50 * MS_PER_MIN, 8 * MS_PER_H + 50 * MS_PER_MIN},
	[SCENARIO_DEPLOY] =
		{"deploy",
		 "From 06:00 on new pods need three times as long to become Ready: a "
		 "release with a larger image. The lead\ntime is measured from the pods.",
		 "The forecast looks as much further ahead as the new pods need.",
		 6 * MS_PER_H, 0},
};

int scenario_parse(const char *text, enum scenario *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(scenarios); i++) {
		if (strcmp(scenarios[i].name, text) != 0)
			continue;
		*ret = (enum scenario)i;
		return 0;
	}
	return -1;
}

const char *scenario_names(void)
{
	return "morning, spike, outage, deploy";
}

const char *scenario_story(enum scenario s)
{
	return scenarios[s].story;
}

const char *scenario_moral(enum scenario s)
{
	return scenarios[s].moral;
}

const char *demo_case_name(int i)
{
	return cases[i].name;
}

struct workload *demo_workload(const struct demo *d, int i)
{
	return world_find(served_world(d->served), "shop", cases[i].name);
}

static char *policy_text_of(const struct demo *d, int i)
{
	char *query AUTO_FREE = served_requests_query("shop", cases[i].name);
	char *targets AUTO_FREE =
		xasprintf("  forecast: {target: \"%d\", reactiveTarget: \"%d\"}\n",
			  (int)(cases[i].forecast * CAPACITY / 100),
			  (int)(cases[i].net * CAPACITY / 100));
	bool follows = cases[i].forecast && d->scenario == SCENARIO_OUTAGE;
	return xasprintf(
		"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: %s}\n"
		"mode: Scale\n"
		"minReplicas: 2\n"
		"maxReplicas: 60\n"
		"metrics:\n"
		"- type: External\n"
		"  external:\n"
		"    metric: {name: requests}\n"
		"    target: {type: AverageValue, averageValue: \"%d\"}\n"
		"  query: %s\n"
		"%s"
		"forecast: {mode: %s, leadTime: %ds}\n"
		"%s",
		cases[i].name, (int)(cases[i].target * CAPACITY / 100), query,
		cases[i].forecast ? targets : "", cases[i].forecast ? "Auto" : "Disabled",
		(int)((LEAD_MS + LEAD_JITTER) / MS_PER_S),
		follows ? "onMetricsLoss: FollowForecast\nmetricsLossLimit: 2h\n" : "");
}

/* --- what happens --- */

static void end_event(void *arg)
{
	struct demo *d = arg;
	promapi_fault(served_prom(d->served), PROMAPI_OK);
}

static void begin_event(void *arg)
{
	struct demo *d = arg;
	if (d->scenario == SCENARIO_OUTAGE)
		promapi_fault(served_prom(d->served), PROMAPI_ERROR);
	for (int i = 0; i < WORKLOADS && d->scenario == SCENARIO_DEPLOY; i++)
		demo_workload(d, i)->config.lead_ms = LEAD_AFTER_MS;
}

static void plan_event(struct demo *d)
{
	int64_t begin_ms = scenarios[d->scenario].begin_ms,
		end_ms = scenarios[d->scenario].end_ms;
	if (begin_ms)
		timer_set(d->reactor, &d->begin,
			  clock_delay_ms(&d->clock, d->start_ms + begin_ms), begin_event,
			  d);
	if (end_ms)
		timer_set(d->reactor, &d->end,
			  clock_delay_ms(&d->clock, d->start_ms + end_ms), end_event, d);
}

/* --- the world --- */

static struct trace *make_demand(const struct demo *d)
{
	struct shop_config shop = {
		.start_ms = d->start_ms - HISTORY_DAYS * DAY_MS - DAY_MS,
		.step_ms = MS_PER_MIN,
		.count = (HISTORY_DAYS + 3) * 1440,
		.peak = PEAK,
		.noise = 0.03,
		.seed = d->seed,
	};
	if (d->scenario == SCENARIO_SPIKE)
		shop.burst = (struct shop_burst){
			.at_ms = d->start_ms + scenarios[SCENARIO_SPIKE].begin_ms,
			.rise_ms = 3 * MS_PER_MIN,
			.hold_ms = 30 * MS_PER_MIN,
			.fall_ms = 20 * MS_PER_MIN,
			.factor = 2,
		};
	return trace_shop(&shop);
}

static void describe_workloads(const struct demo *d, char *const *policies,
			       struct served_workload *workloads)
{
	for (int i = 0; i < WORKLOADS; i++)
		workloads[i] = (struct served_workload){
			.workload = {.ns = "shop",
				     .name = cases[i].name,
				     .demand = d->demand,
				     .capacity = CAPACITY,
				     .lead_ms = LEAD_MS,
				     .lead_jitter_ms = LEAD_JITTER,
				     .replicas = 8,
				     .cpu_full = 1,
				     .cpu_request = 1,
				     .seed = d->seed + 1},
			.policy = policies[i],
		};
}

int demo_world_start(struct demo *d, struct err *err)
{
	/* A Monday; the trace begins two weeks before it. */
	if (time_parse("2026-01-19T00:00:00Z", &d->start_ms, err) < 0)
		return -1;
	d->demand = make_demand(d);
	char *policies[WORKLOADS];
	struct served_workload workloads[WORKLOADS];
	for (int i = 0; i < WORKLOADS; i++)
		policies[i] = policy_text_of(d, i);
	describe_workloads(d, policies, workloads);
	clock_init_scaled(&d->clock, d->start_ms - WARM_UP_MS,
			  DAY_MS / (d->seconds * 1000.0));
	struct served_config config = {
		.clock = &d->clock,
		.step_ms = WORLD_STEP_MS,
		.tls = true,
		.workloads = workloads,
		.count = WORKLOADS,
	};
	d->served = served_new(d->reactor, &config, err);
	for (int i = 0; i < WORKLOADS; i++)
		free(policies[i]);
	if (!d->served)
		return -1;
	plan_event(d);
	return 0;
}

void demo_world_stop(struct demo *d)
{
	timer_cancel(&d->begin);
	timer_cancel(&d->end);
	served_free(d->served);
	trace_free(d->demand);
}
