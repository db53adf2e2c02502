/* How long a rehearsal and a sweep take, and what a sweep is worth on real loads.
 *
 *   sweep                 times, on two weeks of a simulated shop
 *   sweep DATA [NAME [LEAD_S]]
 *                         the table below, on the traces of the folder DATA (those whose
 *                         name contains NAME, at that lead time only; files that are not
 *                         there are said)
 *
 * The table: pods per pod of useful work and the load that was not served, of the HPA's
 * rules at 60 to 90 % and a perfect forecast; then the share of the gap
 * between the HPA and the perfect forecast that is closed where 99.5, 99.8 and 99.9 % of
 * the load are served. In hindsight: from both fronts, over all but the first week (or
 * half), forecasts without the gate's leave: what the gate steps back to is a choice of
 * its own. Honest: settings chosen on the first half, with the gate, beside the HPA's
 * target for that level there, and the HPA's front of the second half read at the service
 * that they reached there; 0 where no forecast is chosen, as then nothing but the HPA's
 * rules is in force.
 *
 * Listed, not counted: where no target of the HPA serves so well, so that there is
 * nothing to compare with, and where its gap to the perfect forecast is below 5 % of
 * that. */
#include "crew.h"
#include "sim/sim.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CAPACITY  100.0
#define PEAK_PODS 60.0
#define FILE_MAX  (64u << 20)
#define WARM_MS   (7 * MS_PER_DAY)
#define LEVELS    3
/* A gap below this share of the perfect forecast is not worth a ratio. */
#define GAP_LEAST 0.05

static const double levels[LEVELS] = {0.005, 0.002, 0.001};
static const int leads_s[] = {60, 180, 600};

static const struct source {
	const char *name, *file, *column;
} sources[] = {
	{"ClarkNet", "web/clarknet_http_requests_1min.csv", NULL},
	{"NASA", "web/nasa_http_requests_1min.csv", NULL},
#define MIXED "azure_vm_2017/mixed_50vms_cpu_5min_wide.csv"
	{"mixed vm1", MIXED, "vm1"},
	{"mixed vm3", MIXED, "vm3"},
	{"mixed vm5", MIXED, "vm5"},
	{"mixed vm7", MIXED, "vm7"},
	{"mixed vm9", MIXED, "vm9"},
#define PERIODIC "azure_vm_2017/periodic_39vms_cpu_5min_wide.csv"
	{"periodic vm1", PERIODIC, "vm1"},
	{"periodic vm3", PERIODIC, "vm3"},
	{"periodic vm5", PERIODIC, "vm5"},
	{"periodic vm7", PERIODIC, "vm7"},
	{"periodic vm9", PERIODIC, "vm9"},
	{"BitBrains 25", "cluster/bitbrains_rnd_2013-08_vm25_cpu_mhz_5min.csv", NULL},
	{"BitBrains 106", "cluster/bitbrains_rnd_2013-08_vm106_cpu_mhz_5min.csv", NULL},
	{"BitBrains 125", "cluster/bitbrains_rnd_2013-08_vm125_cpu_mhz_5min.csv", NULL},
};

/* --- input --- */

struct samples {
	struct sample *items;
	size_t count;
};

static int take(void *arg, const struct csv_row *row, struct err *err)
{
	struct samples *s = arg;
	(void)err;
	if ((s->count & (s->count - 1)) == 0)
		s->items = xrealloc(s->items,
				    (s->count ? 2 * s->count : 1) * sizeof(s->items[0]));
	s->items[s->count++] = (struct sample){row->t_ms, row->v};
	return 0;
}

static struct trace *load(const char *folder, const struct source *source)
{
	struct err err;
	struct samples s = {0};
	char *path AUTO_FREE = xasprintf("%s/%s", folder, source->file);
	char *text AUTO_FREE = xmalloc(FILE_MAX);
	FILE *file = fopen(path, "r");
	if (!file) {
		printf("skipped: %s: no file %s\n", source->name, path);
		return NULL;
	}
	struct csv_source csv = {.file = path,
				 .text = text,
				 .len = fread(text, 1, FILE_MAX, file),
				 .column = source->column};
	fclose(file);
	struct trace *t = NULL;
	if (csv_read(&csv, take, &s, &err) == 0)
		t = trace_of_samples(s.items, s.count, 0, &err);
	if (!t)
		printf("skipped: %s: %s\n", source->name, err.msg);
	else
		trace_scale(t, PEAK_PODS * CAPACITY / trace_percentile(t, 0.999));
	free(s.items);
	return t;
}

static char *policy_text_of(double target, int lead_s)
{
	return xasprintf("scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: "
			 "a}\nminReplicas: 2\nmaxReplicas: 1000\nmetrics:\n- type: "
			 "External\n  external: {metric: {name: load}, target: {type: "
			 "AverageValue, averageValue: \"%g\"}}\n  query: load\n"
			 "forecast: {leadTime: %ds}\n",
			 target * CAPACITY, lead_s);
}

/* --- one trace at one lead time --- */

struct cell {
	const struct trace *demand;
	int lead_s;
	int64_t first_ms, mid_ms, end_ms;
};

static int64_t round_to(int64_t ms)
{
	return (ms + 14999) / 15000 * 15000;
}

static struct cell cell_of(const struct trace *t, int lead_s)
{
	int64_t from = t->start_ms, span = trace_end_ms(t) - from;
	int64_t warm = span / 8 < WARM_MS ? span / 8 : WARM_MS;
	return (struct cell){.demand = t,
			     .lead_s = lead_s,
			     .first_ms = round_to(from + warm),
			     .mid_ms = round_to(from + span / 2),
			     .end_ms = round_to(from + span - 14999)};
}

enum how { REACTIVE, GATED, UNGATED };

static void sweep_text(const struct cell *c, const char *text, enum how how,
		       struct sweep *ret)
{
	struct err err;
	const struct sweep_config config = {
		.policy = text,
		.policy_len = strlen(text),
		.workload = {.demand = c->demand,
			     .capacity = CAPACITY,
			     .lead_ms = c->lead_s * MS_PER_S,
			     .cpu_full = CAPACITY,
			     .cpu_request = CAPACITY},
		.spread = crew_spread,
		.first_ms = c->first_ms,
		.start_ms = c->mid_ms,
		.end_ms = c->end_ms,
		.reactive_only = how == REACTIVE,
		.ungated = how == UNGATED,
	};
	if (sweep_run(&config, ret, &err) < 0) {
		fprintf(stderr, "sweep: %s\n", err.msg);
		exit(1);
	}
}

/* What counts in hindsight: all but a week, or half. */
static struct outcome late(const struct sweep *s, const struct cell *c,
			   const struct sweep_point *p)
{
	struct outcome sum = {0};
	int64_t from = c->demand->start_ms + WARM_MS;
	if (from > c->mid_ms)
		from = c->mid_ms;
	for (int32_t d = 0; d < s->day_count; d++) {
		if (s->days[d].from_ms < from)
			continue;
		sum.pod_h += p->days[d].pod_h;
		sum.demand_units += p->days[d].demand_units;
		sum.unserved_units += p->days[d].unserved_units;
	}
	return sum;
}

/* The reference recipe's terms: only the quantile is chosen. */
static bool by_quantile_alone(const struct sweep_setting *s)
{
	return s->forecast_target == 1 && s->reactive_target == 1.2 && s->release;
}

static void run(const struct cell *c, double target, enum how how, struct sweep *ret)
{
	char *text AUTO_FREE = policy_text_of(target, c->lead_s);
	sweep_text(c, text, how, ret);
}

enum which { HPA, OURS, QUANTILE };

static void add_late(struct front *f, const struct sweep *s, const struct cell *c,
		     enum which which)
{
	for (int32_t i = 0; i < s->count; i++) {
		const struct sweep_point *p = &s->points[i];
		struct outcome o = late(s, c, p);
		if (which == HPA ? !p->setting.forecast
		    : which == OURS
			    ? p->setting.forecast
			    : p->setting.forecast && by_quantile_alone(&p->setting))
			front_add(f, outcome_unserved_ratio(&o), sweep_pods(s, &o), i);
	}
}

/* The HPA's target that is chosen on the first half for a level. */
static double target_for(const struct sweep *s, double unserved)
{
	double best = SWEEP_HPA_FIRST;
	for (int32_t i = 0; i < SWEEP_HPA_COUNT; i++)
		if (outcome_unserved_ratio(&s->points[i].halves[SWEEP_FIRST]) <= unserved)
			best = s->points[i].setting.target;
	return best;
}

struct all {
	double hindsight[512], honest[512];
	int32_t hindsights, honests, listed;
};

static double share_closed(double hpa, double ours, double perfect)
{
	return (hpa - ours) / (hpa - perfect);
}

/* Why a gap is not counted; NULL: it is. */
static const char *why_not(double hpa, double perfect)
{
	if (isnan(hpa))
		return "the HPA never serves so well";
	return (hpa - perfect) / perfect >= GAP_LEAST ? NULL : "gap under 5 %";
}

/* By what was chosen, where it was not looked at. A target that is chosen in place of a
 * forecast is what a user of the HPA has: no gap is closed, none is opened. */
static double honest(const struct sweep *s, int32_t chosen, const char **ret_why_not)
{
	struct front hpa = sweep_front(s, SWEEP_SECOND, false);
	const struct outcome *o = &s->points[chosen].halves[SWEEP_SECOND];
	double perfect = sweep_pods(s, &s->perfect.halves[SWEEP_SECOND]);
	double reactive = front_pods(&hpa, outcome_unserved_ratio(o));
	front_fini(&hpa);
	*ret_why_not = why_not(reactive, perfect);
	if (!s->points[chosen].setting.forecast)
		return 0;
	return share_closed(reactive, sweep_pods(s, o), perfect);
}

static void put_setting(const struct sweep_point *p)
{
	const struct sweep_setting *s = &p->setting;
	if (!s->forecast)
		printf("HPA %.0f", 100 * s->target);
	else
		printf("T%.0f F%.0f R%.0f q%g%s", 100 * s->target,
		       100 * s->forecast_target, 100 * s->reactive_target, s->quantile,
		       s->release ? " rel" : "");
}

static void put_point(const struct sweep *s, const struct cell *c,
		      const struct sweep_point *p)
{
	struct outcome o = late(s, c, p);
	printf(" %6.3f/%-7.4f", sweep_pods(s, &o), 100 * outcome_unserved_ratio(&o));
}

static void put_hindsight(const struct cell *c, const struct sweep *s, int level,
			  const struct front *fronts, struct all *all)
{
	struct outcome oracle = late(s, c, &s->perfect);
	double perfect = sweep_pods(s, &oracle);
	double hpa = front_pods(&fronts[HPA], levels[level]);
	double ours = front_pods(&fronts[OURS], levels[level]);
	double alone = front_pods(&fronts[QUANTILE], levels[level]);
	const char *listed = why_not(hpa, perfect);
	if (!listed && isnan(ours))
		listed = "no setting serves so well";
	printf("  %.1f %%: HPA %.3f ours %.3f perfect %.3f: hindsight %.3f (quantile "
	       "alone %.3f)%s%s%s; ",
	       100 * (1 - levels[level]), hpa, ours, perfect,
	       share_closed(hpa, ours, perfect), share_closed(hpa, alone, perfect),
	       listed ? " not counted (" : "", listed ? listed : "", listed ? ")" : "");
	if (!listed)
		all->hindsight[all->hindsights++] = share_closed(hpa, ours, perfect);
}

static void put_honest(const struct sweep *s, int level, struct all *all)
{
	const char *listed;
	int32_t chosen = sweep_choose(s, levels[level]);
	if (chosen < 0) {
		printf("honest: nothing serves so well in the first half\n");
		all->listed++;
		return;
	}
	const struct outcome *o = &s->points[chosen].halves[SWEEP_SECOND];
	double closed = honest(s, chosen, &listed);
	printf("honest %.3f%s%s%s: ", closed, listed ? " not counted (" : "",
	       listed ? listed : "", listed ? ")" : "");
	put_setting(&s->points[chosen]);
	printf(" -> %.3f/%.4f\n", sweep_pods(s, o), 100 * outcome_unserved_ratio(o));
	if (listed)
		all->listed++;
	else
		all->honest[all->honests++] = closed;
}

/* HPA at 60 to 90, perfect. */
static void put_head(const char *name, const struct cell *c, const struct sweep *s)
{
	printf("%s, lead %d s, %.1f days:", name, c->lead_s,
	       (double)(trace_end_ms(c->demand) - c->demand->start_ms) / MS_PER_DAY);
	for (int i = 0; i < 4; i++)
		put_point(s, c, &s->points[10 + 5 * i]);
	put_point(s, c, &s->perfect);
	printf("\n");
}

/* Is there anything to compare with, at the lowest level at least? */
static bool hpa_serves(const struct sweep *s, const struct front *late_front)
{
	struct front second = sweep_front(s, SWEEP_SECOND, false);
	bool serves = !isnan(front_pods(late_front, levels[0])) ||
		      !isnan(front_pods(&second, levels[0]));
	front_fini(&second);
	return serves;
}

/* Whoever wants a level has the HPA's target for it, and the gate steps back to that. */
static void race_levels(const struct cell *c, const struct sweep *hpa,
			const struct sweep *ungated, const struct front *fronts,
			struct all *all)
{
	struct sweep sweep = {0};
	double target = 0;
	for (int l = 0; l < LEVELS; l++) {
		double wanted = target_for(hpa, levels[l]);
		if (wanted != target) {
			sweep_fini(&sweep);
			run(c, wanted, GATED, &sweep);
		}
		target = wanted;
		put_hindsight(c, ungated, l, fronts, all);
		put_honest(&sweep, l, all);
	}
	sweep_fini(&sweep);
}

static void race(const char *name, const struct trace *t, int lead_s, struct all *all)
{
	struct cell c = cell_of(t, lead_s);
	struct sweep hpa = {0}, ungated = {0};
	struct front fronts[3] = {0};
	run(&c, 0.7, REACTIVE, &hpa);
	add_late(&fronts[HPA], &hpa, &c, HPA);
	front_sort(&fronts[HPA]);
	if (hpa_serves(&hpa, &fronts[HPA])) {
		run(&c, target_for(&hpa, levels[1]), UNGATED, &ungated);
		for (int w = OURS; w <= QUANTILE; w++) {
			add_late(&fronts[w], &ungated, &c, (enum which)w);
			front_sort(&fronts[w]);
		}
		put_head(name, &c, &hpa);
		race_levels(&c, &hpa, &ungated, fronts, all);
	} else {
		put_head(name, &c, &hpa);
		printf("  not counted: the HPA serves 99.5 %% at no target\n");
		all->listed += LEVELS;
	}
	for (int w = HPA; w <= QUANTILE; w++)
		front_fini(&fronts[w]);
	sweep_fini(&hpa);
	sweep_fini(&ungated);
	fflush(stdout);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void sum_up(const char *what, double *values, int32_t count)
{
	if (count == 0)
		return;
	qsort(values, (size_t)count, sizeof(double), by_value);
	printf("%s: %d cells, median %.3f, least %.3f, most %.3f\n", what, count,
	       (values[(count - 1) / 2] + values[count / 2]) / 2, values[0],
	       values[count - 1]);
}

static void race_all(const char *folder, const char *part, int lead_s)
{
	static struct all all;
	printf("pods per useful work / %% unserved: HPA 60, 70, 80, 90 %%, perfect; "
	       "below, "
	       "of the second half: what was chosen on the first\n");
	for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
		if (part && !strstr(sources[i].name, part))
			continue;
		struct trace *t AUTO(trace_cleanup) = load(folder, &sources[i]);
		for (size_t l = 0; t && l < ARRAY_LEN(leads_s); l++)
			if (leads_s[l] * MS_PER_S >= t->step_ms &&
			    (lead_s == 0 || lead_s == leads_s[l]))
				race(sources[i].name, t, leads_s[l], &all);
	}
	sum_up("gap closed in hindsight", all.hindsight, all.hindsights);
	sum_up("gap closed, chosen on the first half, judged on the second", all.honest,
	       all.honests);
	printf("listed, not counted: %d\n", all.listed);
}

/* --- how long it takes --- */

static double seconds(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* By the clock on the wall, with all processors, as the command has it, and of CPU. */
static void time_sweep(const char *name, const struct cell *c, const char *text)
{
	struct sweep sweep = {0};
	double began = seconds(CLOCK_MONOTONIC);
	double used = seconds(CLOCK_PROCESS_CPUTIME_ID);
	sweep_text(c, text, GATED, &sweep);
	printf("a sweep of two weeks, %s, %d settings, %d series of forecasts: %.1f s "
	       "(budget 20 s), %.1f s of CPU\n",
	       name, sweep.count, sweep.tapes, seconds(CLOCK_MONOTONIC) - began,
	       seconds(CLOCK_PROCESS_CPUTIME_ID) - used);
	sweep_fini(&sweep);
}

static char *cpu_policy_text(int lead_s)
{
	return xasprintf("scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: "
			 "a}\nminReplicas: 2\nmaxReplicas: 1000\nmetrics:\n- type: "
			 "Resource\n  resource: {name: cpu, target: {type: Utilization, "
			 "averageUtilization: 70}}\nforecast: {leadTime: %ds}\n",
			 lead_s);
}

static void time_it(void)
{
	const struct shop_config shop = {.start_ms = INT64_C(1768780800000),
					 .step_ms = MS_PER_MIN,
					 .count = 14 * 1440,
					 .peak = PEAK_PODS * CAPACITY,
					 .noise = 0.05,
					 .seed = 1};
	struct trace *t AUTO(trace_cleanup) = trace_shop(&shop);
	struct cell c = cell_of(t, 180);
	char *text AUTO_FREE = policy_text_of(0.7, c.lead_s);
	const struct contest_config config = {
		.policy = text,
		.policy_len = strlen(text),
		.workload = {.demand = t, .capacity = CAPACITY, .lead_ms = 180000},
		.start_ms = t->start_ms + MS_PER_H,
		.end_ms = trace_end_ms(t),
	};
	struct contest_result result;
	struct err err;
	double begin = seconds(CLOCK_PROCESS_CPUTIME_ID);
	if (contest_run(&config, &result, &err) < 0)
		exit(1);
	printf("two weeks at 15 s, five contestants: %.2f s (budget 2 s)\n",
	       seconds(CLOCK_PROCESS_CPUTIME_ID) - begin);
	time_sweep("a total", &c, text);
	char *cpu AUTO_FREE = cpu_policy_text(c.lead_s);
	time_sweep("CPU of up to 60 pods", &c, cpu);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		race_all(argv[1], argc > 2 ? argv[2] : NULL,
			 argc > 3 ? atoi(argv[3]) : 0);
		return 0;
	}
	time_it();
	printf("skipped: the table on real traces: no folder of them was given\n");
	return 0;
}
