/* What must hold in every world, with everything that Foretop adds: random worlds with
 * forecasts, releases and holds, each decision checked.
 * usage: test_worlds [SEED [COUNT]]: these worlds instead of the usual ones. A failure
 * says which. */
#include "unit/decide/worlds.h"

#define CYCLES  24
#define BATCHES 8
#define STEADY  240 /* cycles of 15 s: an hour, twice as long as any rule's period */

static uint64_t first_seed = 1;
static int64_t worlds = 12000;

/* libcheck notes each assertion in a file: only those that fail are worth it here. */
#define holds(w, ok, what)                                                               \
	do {                                                                             \
		if (!(ok))                                                               \
			ck_abort_msg("seed %llu: " what ": %s; again: test_worlds %llu", \
				     (unsigned long long)(w)->seed, (w)->d.reason,       \
				     (unsigned long long)(w)->seed);                     \
	} while (0)

static void forecasts_roll(struct world *w)
{
	for (int m = 0; m < w->hpa.metric_count; m++) {
		double size = world_below(w, 20) * rng_uniform(&w->rng);
		double upper = size * (double)w->hpa.metrics[m].target_value / 1000;
		w->policy.metrics[m].forecast = world_chance(w, 90);
		w->forecasts[m] = (struct forecast_proposal){
			.usable = world_chance(w, 80),
			.mean = upper * 0.8,
			.upper = world_chance(w, 95) ? upper : (double)NAN,
			.release = world_chance(w, 80) ? upper * 0.9 : (double)NAN,
			.quantile = 0.95,
			.window_ms = 3 * MS_PER_MIN,
			.model = "any",
		};
	}
}

static struct hold_reasons reasons;

static struct decide_input input(struct world *w)
{
	struct decide_input in = world_input(w);
	in.forecasts = w->forecasts;
	in.release_allowed = world_chance(w, 40);
	in.follow_forecast_on_loss = world_chance(w, 50);
	reasons.count = 0;
	if (world_chance(w, 10))
		hold_reasons_add(&reasons, "SomeoneAsked", world_chance(w, 70),
				 world_chance(w, 30), "someone asked");
	in.holds = world_chance(w, 50) ? &reasons : NULL;
	return in;
}

static bool unknown_metric(const struct world *w)
{
	for (int m = 0; m < w->hpa.metric_count; m++)
		if (!w->d.metrics[m].known)
			return true;
	return false;
}

static void check_bounds(const struct world *w)
{
	int32_t min = w->hpa.min, max = w->hpa.max, desired = w->d.desired;
	if (desired != w->d.current)
		holds(w, desired >= min && desired <= max, "out of bounds");
	holds(w, desired >= 0, "a negative size");
	if (w->d.current > max)
		holds(w, desired == max, "a size above the maximum stays");
}

/* What is computed: a size outside of the bounds is corrected whatever is known. */
static void check_holds(const struct world *w, const struct decide_input *in)
{
	int32_t from = w->d.current, to = w->d.desired;
	bool inside = from <= w->hpa.max && from >= w->hpa.min;
	bool lowers = inside && to < from, raises = inside && to > from;
	bool no_down = in->holds && in->holds->count && in->holds->items[0].down;
	bool no_up = in->holds && in->holds->count && in->holds->items[0].up;
	holds(w, !lowers || !unknown_metric(w), "lowered on what is not known");
	holds(w, !lowers || !no_down, "lowered although it was to hold");
	holds(w, !raises || !no_up, "raised although it was to hold");
}

static void check_repeats(struct world *w, const struct decide_input *in,
			  const struct decide_memory *before)
{
	static struct decide_memory memory;
	static struct decision again;
	memory = *before;
	static struct metric_decision decided[POLICY_METRICS_MAX];
	memset(&again, 0xa5, sizeof(again));
	memset(decided, 0xa5, sizeof(decided));
	again.metrics = decided;
	again.metric_count = POLICY_METRICS_MAX;
	again.words = NULL; /* is decided alike without */
	decide(in, &memory, &again);
	holds(w, again.desired == w->d.desired && !strcmp(again.reason, w->d.reason),
	      "the same input gave another decision");
	holds(w,
	      memory.log_count == w->memory.log_count &&
		      !memcmp(memory.log, w->memory.log,
			      sizeof(memory.log[0]) * (size_t)memory.log_count),
	      "the same input left another memory");
}

/* Past sizes by their time, to look up what stood at a rule's start. */
struct history {
	int64_t at[CYCLES * 2];
	int32_t replicas[CYCLES * 2];
	int count;
};

static int32_t size_at(const struct history *h, int64_t at)
{
	int32_t size = h->replicas[0];
	for (int i = 0; i < h->count && h->at[i] <= at; i++)
		size = h->replicas[i];
	return size;
}

static bool rule_allows(const struct hpa_rule *rule, const struct history *h, int64_t now,
			int32_t to, bool up)
{
	int32_t base = size_at(h, now - rule->period);
	double share = rule->percent ? base * (rule->value / 100.0) : rule->value;
	/* A part of a pod is one. */
	return up ? to < base + share + 1 + 1e-6 : to > base - share - 1 - 1e-6;
}

/* Seen from the outside: the size at the start of a rule's period, and the size now. */
static void check_rates(const struct world *w, const struct history *h)
{
	int32_t from = w->d.current, to = w->d.desired;
	bool up = to > from;
	const struct hpa_rules *rules = up ? &w->hpa.up : &w->hpa.down;
	bool corrected = from > w->hpa.max || from < w->hpa.min;
	if (!w->hpa.has_behavior || to == from || corrected)
		return;
	holds(w, rules->select != HPA_DISABLED, "a disabled direction");
	int allowing = 0;
	for (int i = 0; i < rules->count; i++)
		allowing += rule_allows(&rules->rules[i], h, w->hpa.now, to, up);
	holds(w, rules->select == HPA_MIN ? allowing == rules->count : allowing > 0,
	      "faster than the rules allow");
}

/* The HPA may forget a change that only the other direction's longer rules still ask for
 * (reference: storeScaleEvent reuses slots), so both have the same periods here. */
static void same_periods(struct world *w)
{
	int64_t longest = 0;
	for (int i = 0; i < w->hpa.up.count; i++)
		if (w->hpa.up.rules[i].period > longest)
			longest = w->hpa.up.rules[i].period;
	for (int i = 0; i < w->hpa.down.count; i++)
		w->hpa.down.rules[i].period = longest;
	world_policy_give(w);
}

static void live(struct world *w, uint64_t seed)
{
	struct history h = {0};
	world_open(w, seed);
	same_periods(w);
	h.at[0] = w->hpa.now;
	h.replicas[h.count++] = w->hpa.spec_replicas;
	for (int cycle = 0; cycle < CYCLES; cycle++) {
		static struct decide_memory before;
		forecasts_roll(w);
		struct decide_input in = input(w);
		before = w->memory;
		decide(&in, &w->memory, &w->d);
		check_bounds(w);
		check_holds(w, &in);
		check_rates(w, &h);
		check_repeats(w, &in, &before);
		world_write(w);
		h.at[h.count] = w->hpa.now;
		h.replicas[h.count++] = w->hpa.spec_replicas;
		world_turn(w);
	}
}

START_TEST(whatever_the_world_is_like_the_promises_hold)
{
	static struct world w;
	int64_t from = worlds * _i / BATCHES, to = worlds * (_i + 1) / BATCHES;
	for (int64_t i = from; i < to; i++)
		live(&w, first_seed + (uint64_t)i);
}
END_TEST

/* One metric whose demand does not change; a pod serves at once. */
static void steady_open(struct world *w, uint64_t seed)
{
	world_open(w, seed);
	struct hpa *h = &w->hpa;
	h->metric_count = 1;
	h->min += h->min == 0;
	h->max = HPA_PODS;
	h->spec_replicas = h->min + world_below(w, HPA_PODS + 1 - h->min);
	h->tolerance = w->config.tolerance = 0.1;
	h->up.has_tolerance = h->down.has_tolerance = false;
	h->metrics[0].container = 0;
	h->metrics[0].broken = false;
	h->metrics[0].foreign = 0;
	world_policy_give(w);
}

static void steady_turn(struct world *w, double demand)
{
	struct hpa *h = &w->hpa;
	struct hpa_metric *m = &h->metrics[0];
	bool one_value = m->source == HPA_OBJECT || m->source == HPA_EXTERNAL;
	double whole = demand * (double)m->target_value;
	h->now += 15;
	h->status_replicas = h->pod_count = h->spec_replicas;
	m->total = (int64_t)(m->target == HPA_VALUE ? whole / h->spec_replicas : whole);
	for (int p = 0; !one_value && p < h->pod_count; p++) {
		h->pods[p] = (struct hpa_pod){.phase = HPA_RUNNING,
					      .ready = HPA_READY,
					      .start = h->now - 4000,
					      .ready_since = h->now - 3900,
					      .containers = 1,
					      .request = {1000, 1000}};
		double value = whole / h->pod_count;
		if (m->target == HPA_UTILIZATION)
			value = value / 100 * 1000;
		m->samples[p] =
			(struct hpa_sample){{(int64_t)value, (int64_t)value}, h->now, 60};
	}
	for (int p = 0; p < h->pod_count; p++)
		if (one_value)
			h->pods[p] = (struct hpa_pod){.phase = HPA_RUNNING,
						      .ready = HPA_READY,
						      .containers = 1};
}

/* Slow rules may take long to get there. One turn is the HPA's own: on the way up parts
 * of a pod are a pod, and values are cut once there; a second would be the begin of a
 * swing. */
static void live_steadily(struct world *w)
{
	double demand = 12 * rng_uniform(&w->rng);
	int direction = 0, turns = 0;
	for (int cycle = 0; cycle < STEADY; cycle++) {
		steady_turn(w, demand);
		struct decide_input in = world_input(w);
		decide(&in, &w->memory, &w->d);
		int now = (w->d.desired > w->d.current) - (w->d.desired < w->d.current);
		turns += now * direction < 0;
		holds(w, turns < 2, "swings under constant load");
		direction = now ? now : direction;
		world_write(w);
	}
}

START_TEST(constant_load_comes_to_rest)
{
	static struct world w;
	int64_t count = worlds / 10 + 1;
	int64_t from = count * _i / BATCHES, to = count * (_i + 1) / BATCHES;
	for (int64_t i = from; i < to; i++) {
		steady_open(&w, first_seed + (uint64_t)i);
		live_steadily(&w);
	}
}
END_TEST

int main(int argc, char **argv)
{
	if (argc > 1)
		first_seed = strtoull(argv[1], NULL, 10), worlds = 1;
	if (argc > 2)
		worlds = strtoll(argv[2], NULL, 10);
	Suite *s = suite_create("worlds");
	TCase *t = tcase_create("worlds");
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, whatever_the_world_is_like_the_promises_hold, 0, BATCHES);
	tcase_add_loop_test(t, constant_load_comes_to_rest, 0, BATCHES);
	suite_add_tcase(s, t);
	return run_suite(s);
}
