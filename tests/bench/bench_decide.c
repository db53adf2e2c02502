/* What a decision costs: engine steps with a fresh forecast at hand, values of one metric
 * and of three, with the pods looked at or not. Budget: 10 us a decision, nothing
 * allocated in a step. */
#include "engine/engine.h"

#include "unit/allocations.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define START_MS  INT64_C(1772438400000) /* 2026-03-02T08:00:00Z */
#define PODS_MAX  1000
#define DECISIONS 2000
#define ROUNDS    7

#define HEAD                                                                             \
	"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: checkout}\n"      \
	"mode: Scale\nminReplicas: 1\nmaxReplicas: 2000\n"                               \
	"forecast: {mode: Always, history: 2d, leadTime: 120s}\nmetrics:\n"
#define EXTERNAL(name)                                                                   \
	"- type: External\n"                                                             \
	"  external: {metric: {name: " name                                              \
	"}, target: {type: AverageValue, averageValue: \"100\"}}\n"                      \
	"  query: sum(rate(" name "[1m]))\n"
#define CPU                                                                              \
	"- type: Resource\n"                                                             \
	"  resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}\n"

struct bench {
	struct engine *engine;
	int64_t now_ms;
	int32_t pods;
	char names[PODS_MAX][24];
	struct value_row rows[PODS_MAX];
	/* Of the cycle at hand, and of the run. */
	double total_us;
	int64_t step_allocations;
	uint64_t decisions, forecasts;
};

/* Processor time: what others do on the machine meanwhile is not ours. */
static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

static double load_at(int64_t ms)
{
	double day = 2 * M_PI * (double)(ms % MS_PER_DAY) / (double)MS_PER_DAY;

	return 5000 - 3000 * cos(day) + (double)(ms / MS_PER_MIN % 7) * 10;
}

static void give(struct bench *b, struct event *event);

static void answer_history(struct bench *b, const struct action *asked)
{
	static struct sample samples[2 * 1440];
	struct event event = {.type = EVENT_HISTORY};
	int32_t n = 0;

	for (int64_t ms = asked->u.query.start_ms;
	     ms <= asked->u.query.end_ms && n < (int32_t)ARRAY_LEN(samples);
	     ms += MS_PER_MIN)
		samples[n++] = (struct sample){ms, load_at(ms)};
	event.u.history.query = asked->u.query.ref;
	event.u.history.samples = samples;
	event.u.history.count = n;
	give(b, &event);
}

static void answer_values(struct bench *b, const struct action *asked)
{
	const struct policy_metric *m =
		&asked->policy->metrics[asked->u.query.ref.metric];
	struct event event = {.type = EVENT_VALUES};
	bool total = m->type == METRIC_EXTERNAL;

	event.u.values.query = asked->u.query.ref;
	event.u.values.rows = b->rows;
	event.u.values.count = total ? 1 : b->pods;
	for (int32_t i = 0; i < event.u.values.count; i++)
		b->rows[i] = (struct value_row){
			.pod = total ? NULL : b->names[i],
			.container = total ? NULL : "main",
			.value = total ? load_at(b->now_ms) : 0.5,
			.time_ms = b->now_ms,
		};
	give(b, &event);
}

static void answer_write(struct bench *b, const struct action *asked)
{
	struct event event = {.type = asked->type == ACTION_SAVE ? EVENT_SAVED
								 : EVENT_SCALED};

	event.u.written.write =
		asked->type == ACTION_SAVE ? asked->u.save.ref : asked->u.scale.ref;
	event.u.written.resource_version = "11";
	give(b, &event);
}

static void answer(struct bench *b, const struct action *asked)
{
	bool query = asked->type == ACTION_QUERY;

	if (query && asked->u.query.ref.kind == QUERY_HISTORY)
		answer_history(b, asked);
	else if (query)
		answer_values(b, asked);
	else if (asked->type == ACTION_SCALE || asked->type == ACTION_SAVE)
		answer_write(b, asked);
}

/* The step's own time and allocations; what it asks for is answered after it. */
static void give(struct bench *b, struct event *event)
{
	struct action items[64];
	int64_t before = allocations;
	double start = now_us();

	event->now_ms = b->now_ms;
	const struct actions *did = engine_step(b->engine, event);
	b->total_us += now_us() - start;
	if (event->type != EVENT_POLICY_SET)
		b->step_allocations += allocations - before;
	int32_t n = did->count < (int32_t)ARRAY_LEN(items) ? did->count
							   : (int32_t)ARRAY_LEN(items);
	memcpy(items, did->items, (size_t)n * sizeof(items[0]));
	for (int32_t i = 0; i < n; i++)
		answer(b, &items[i]);
}

static void give_pods(struct bench *b)
{
	struct resource_request cpu = {"cpu", 1000};
	struct container_info container = {
		.name = "main", .requests = &cpu, .request_count = 1};
	struct event event = {.type = EVENT_POD};
	struct target_ref ref = {"shop", "Deployment", "checkout"};

	for (int32_t i = 0; i < b->pods; i++) {
		snprintf(b->names[i], sizeof(b->names[i]), "pod-%d", (int)i);
		struct pod_info info = {
			.name = b->names[i],
			.phase = POD_RUNNING,
			.ready = READY_TRUE,
			.created_ms = b->now_ms - MS_PER_H,
			.start_ms = b->now_ms - MS_PER_H,
			.ready_since_ms = b->now_ms - MS_PER_H,
			.containers = &container,
			.container_count = 1,
		};
		event.u.pod.ref = ref;
		event.u.pod.info = &info;
		give(b, &event);
	}
	event = (struct event){.type = EVENT_PODS_SYNCED};
	event.u.pod.ref = ref;
	give(b, &event);
}

static void give_policy(struct bench *b, const char *text)
{
	struct event event = {.type = EVENT_POLICY_SET};
	struct err err = {0};
	struct policy *p = policy_parse("shop", "checkout", text, strlen(text), &err);

	if (!p) {
		fprintf(stderr, "%s\n", err.msg);
		exit(1);
	}
	event.u.policy_set.prepared =
		engine_prepare(b->engine, "shop", "checkout", p, NULL, NULL);
	give(b, &event);
	event = (struct event){.type = EVENT_TARGET};
	event.u.target.ref = (struct target_ref){"shop", "Deployment", "checkout"};
	event.u.target.info = (struct target_info){.replicas = b->pods,
						   .status_replicas = b->pods,
						   .resource_version = "10",
						   .uid = "uid-1"};
	give(b, &event);
}

static void work(struct bench *b)
{
	while (engine_has_work(b->engine)) {
		struct event event = {.type = EVENT_WORK};
		give(b, &event);
	}
}

static void tick(struct bench *b)
{
	struct event event = {.type = EVENT_TICK};
	int64_t next_ms = engine_next_tick_ms(b->engine);

	if (next_ms > b->now_ms)
		b->now_ms = next_ms;
	give(b, &event);
}

/* Ticks and answers until so many decisions were made, in us each; the learning of new
 * minutes is done in between and not counted. */
static double decide_for(struct bench *b, uint64_t decisions)
{
	const struct policy_status *status = engine_policy_status(b->engine, 0);
	uint64_t first = status->decisions, before = first;
	double us = 0;

	b->forecasts = 0;
	while (status->decisions - first < decisions) {
		b->total_us = 0;
		tick(b);
		us += b->total_us;
		b->forecasts +=
			status->decisions > before && status->metrics[0].forecast_usable;
		before = status->decisions;
		work(b);
	}
	b->decisions = before - first;
	return us / (double)b->decisions;
}

static int measure(const char *name, const char *text, int32_t pods)
{
	static struct bench b;
	struct engine_config config;
	double best_us = INFINITY;

	engine_config_default(&config);
	b = (struct bench){
		.engine = engine_new(&config), .now_ms = START_MS, .pods = pods};
	give_policy(&b, text);
	give_pods(&b);
	decide_for(&b, 40);
	b.step_allocations = 0;
	for (int i = 0; i < ROUNDS; i++)
		best_us = fmin(best_us, decide_for(&b, DECISIONS / ROUNDS));
	printf("%-34s %4d pods: %6.2f us a decision, %3.0f %% with a forecast, "
	       "%lld allocations\n",
	       name, (int)pods, best_us,
	       100.0 * (double)b.forecasts / (double)b.decisions,
	       (long long)b.step_allocations);
	engine_free(b.engine);
	return b.step_allocations ? 1 : 0;
}

int main(void)
{
	int bad = measure("one external metric", HEAD EXTERNAL("requests"), 10);

	bad |= measure("cpu", HEAD CPU, 3);
	bad |= measure("cpu", HEAD CPU, 100);
	bad |= measure("cpu", HEAD CPU, PODS_MAX);
	bad |= measure("cpu and two external metrics",
		       HEAD CPU EXTERNAL("requests") EXTERNAL("jobs"), 10);
	return bad;
}
