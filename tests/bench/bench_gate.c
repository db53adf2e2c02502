/* What the gate costs and saves: virtual deployments that follow the reactive rule at the
 * target, the forecast always, and the forecast only while the gate is open (mode Auto),
 * on the same load. The load is a simulated shop's, or that of traces given as arguments
 * (CSV of `unix_seconds,value`, a minute a line). */
#include "decide/decide.h"
#include "forecast/forecast.h"
#include "sim/sim.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define CAPACITY  100.0 /* of a pod; targets are percents of it */
#define PEAK_PODS 60.0  /* at the trace's largest minute */
#define DELAY_MS  (25 * MS_PER_S)
#define FILE_MAX  (16 << 20)

/* Percents of what a pod carries. */
static const struct targets {
	const char *name;
	double target, forecast, reactive;
} all_targets[] = {
	{"target 90, no other", 90, 90, 90},
	{"target 70, no other", 70, 70, 70},
	{"target 70, forecast 95, net 110", 70, 95, 110},
};
static const int32_t leads_s[] = {60, 180, 600};
static const int32_t windows[] = {3, 5, 13};

struct sums {
	double pods, unserved, demand;
	int64_t minutes;
};

struct replay {
	struct policy policy;
	struct decide_config config;
	const struct targets *targets;
	int64_t delay_ms;
	double scale;
	struct shadow both, gated;
	struct gate gate;
	struct sums reactive, ours, automatic;
	int64_t open_min;
};

static void add(struct sums *s, const struct shadow_cost *c, double demand)
{
	s->pods += c->pods;
	s->unserved += c->unserved;
	s->demand += demand;
	s->minutes++;
}

static void heed(void *context, const struct forecast_minute *said)
{
	struct replay *r = context;
	bool open = r->gate.open;
	struct shadow_metric x = {
		.demand = said->value * r->scale,
		.upper = said->upper * r->scale,
		.release = said->release * r->scale,
		.target = r->targets->target,
		.forecast_target = r->targets->forecast,
		.reactive_target = r->targets->reactive,
	};
	struct shadow_minute m = {.policy = &r->policy,
				  .config = &r->config,
				  .end_ms = said->end_ms,
				  .delay_ms = r->delay_ms,
				  .quantile = r->policy.forecast.quantile,
				  .metrics = &x,
				  .count = 1};
	struct shadow_costs costs, gated;
	bool known = shadow_live(&r->both, &m, &costs);
	if (known)
		gate_heed(&r->gate, &costs, r->policy.forecast.quantile, m.end_ms);
	if (!open)
		x.upper = x.release = NAN;
	shadow_live(&r->gated, &m, &gated);
	if (!known)
		return;
	double carried = fmax(r->targets->forecast, 1.1 * r->targets->target);
	r->open_min += open;
	add(&r->reactive, &costs.reactive, x.demand / carried);
	add(&r->ours, &costs.ours, x.demand / carried);
	add(&r->automatic, &gated.ours, x.demand / carried);
}

static void print_row(const char *name, const struct sums *s, const struct sums *base)
{
	printf("    %-10s pods %7.3f (%+6.2f %%)  unserved %7.4f %%", name,
	       s->pods / (double)s->minutes, 100 * (s->pods / base->pods - 1),
	       100 * s->unserved / s->demand);
}

static void replay(const struct trace *t, const struct targets *targets, int lead)
{
	static struct replay r;
	r = (struct replay){.targets = targets,
			    .delay_ms = leads_s[lead] * MS_PER_S + DELAY_MS};
	static struct policy_metric metric;
	r.policy = (struct policy){.min_replicas = 1,
				   .max_replicas = 200,
				   .metrics = &metric,
				   .metric_count = 1};
	r.policy.forecast.quantile = 0.95;
	r.policy.forecast.release = true;
	decide_config_default(&r.config);
	double most = 0;
	for (size_t i = 0; i < t->count; i++)
		most = fmax(most, t->values[i]);
	r.scale = PEAK_PODS * CAPACITY / most;
	struct forecast_config config = {.window_min = windows[lead],
					 .release_min = 2,
					 .quantile = 0.95,
					 .use_linear = true,
					 .use_holt_winters = true,
					 .heed = heed,
					 .heed_context = &r};
	AUTO_FREE void *memory = xmalloc(forecaster_size());
	struct forecaster *f = forecaster_init(memory, &config);
	for (size_t i = 0; i < t->count; i++) {
		forecaster_add(f, t->start_ms + (int64_t)i * MS_PER_MIN, t->values[i]);
		while (forecaster_work(f))
			;
	}
	printf("  %s, lead %d s: gate open %.0f %% of the time, costs %.2f against "
	       "%.2f\n",
	       targets->name, leads_s[lead],
	       100 * (double)r.open_min / (double)r.reactive.minutes,
	       gate_cost_ours(&r.gate), gate_cost_reactive(&r.gate));
	print_row("reactive", &r.reactive, &r.reactive);
	puts("");
	print_row("Always", &r.ours, &r.reactive);
	puts("");
	print_row("Auto", &r.automatic, &r.reactive);
	puts("");
}

static void replay_all(const char *name, const struct trace *t)
{
	printf("%s\n", name);
	for (size_t i = 0; i < ARRAY_LEN(all_targets); i++)
		for (int lead = 0; lead < (int)ARRAY_LEN(leads_s); lead++)
			replay(t, &all_targets[i], lead);
}

static struct trace *read_trace(const char *path, struct err *err)
{
	AUTO_FREE char *text = xmalloc(FILE_MAX);
	FILE *file = fopen(path, "r");
	if (!file)
		return err_set(err, ERR_INVALID, "%s cannot be opened", path), NULL;
	size_t len = fread(text, 1, FILE_MAX, file);
	fclose(file);
	return trace_parse(path, text, len, NULL, err);
}

int main(int argc, char **argv)
{
	struct err err;
	if (argc < 2) {
		struct shop_config shop = {.start_ms = 20000 * MS_PER_DAY,
					   .step_ms = MS_PER_MIN,
					   .count = 14 * 1440,
					   .peak = 2400,
					   .noise = 0.03,
					   .seed = 1};
		struct trace *t = trace_shop(&shop);
		replay_all("a simulated shop, two weeks", t);
		trace_free(t);
	}
	for (int i = 1; i < argc; i++) {
		struct trace *t = read_trace(argv[i], &err);
		if (!t) {
			fprintf(stderr, "bench_gate: %s\n", err.msg);
			return EXIT_FAILURE;
		}
		replay_all(argv[i], t);
		trace_free(t);
	}
	return EXIT_SUCCESS;
}
