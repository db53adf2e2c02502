#include "sim/sweep.h"

#include "sim/tape.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

static const double quantiles[] = SWEEP_QUANTILES;
static const double forecast_targets[] = SWEEP_FORECAST_TARGETS;
static const double reactive_targets[] = SWEEP_REACTIVE_TARGETS;

/* Of the days of the first half, for cross-validation. */
#define FOLDS 4
#define WITH_FORECAST                                                                    \
	(ARRAY_LEN(quantiles) * ARRAY_LEN(forecast_targets) *                            \
	 ARRAY_LEN(reactive_targets) * 2)
#define POINTS (SWEEP_HPA_COUNT + 1 + WITH_FORECAST)

/* --- settings --- */

static double load_of(const struct metric_target *t, const struct workload_config *w)
{
	if (t->type == TARGET_UTILIZATION)
		return t->utilization_pct / 100.0 * w->cpu_request;
	return (double)t->value_m / 1000;
}

double sweep_own_target(const struct policy *policy,
			const struct workload_config *workload)
{
	return load_of(&policy->metrics[0].target, workload) / workload->capacity;
}

static void set_target(struct metric_target *t, double share, double capacity)
{
	/* What a pod requests is what it serves, in the rehearsal's units. */
	if (t->type == TARGET_UTILIZATION)
		t->utilization_pct = (int32_t)llround(100 * share);
	else
		t->value_m = llround(1000 * share * capacity);
}

void sweep_apply(const struct sweep_setting *setting, double capacity,
		 struct policy *policy)
{
	struct policy_metric *m = &policy->metrics[0];
	set_target(&m->target, setting->target, capacity);
	if (!setting->forecast) {
		policy_disable_forecast(policy);
		return;
	}
	set_target(&m->forecast_target, setting->forecast_target, capacity);
	set_target(&m->reactive_target, setting->reactive_target, capacity);
	policy->forecast.quantile = setting->quantile;
	policy->forecast.objective = 0;
	policy->forecast.release = setting->release;
	policy->forecast.mode = FORECAST_AUTO;
	policy->forecast.written = true;
}

static void lay_grid(struct sweep *s, double own, bool reactive_only)
{
	int32_t n = 0;
	for (int i = 0; i < SWEEP_HPA_COUNT; i++)
		s->points[n++].setting.target = SWEEP_HPA_FIRST + i * SWEEP_HPA_STEP;
	s->own = n;
	s->points[n++].setting.target = own;
	s->count = n;
	if (reactive_only)
		return;
	for (size_t f = 0; f < ARRAY_LEN(forecast_targets); f++)
		for (size_t r = 0; r < ARRAY_LEN(reactive_targets); r++)
			for (int release = 1; release >= 0; release--)
				for (size_t q = 0; q < ARRAY_LEN(quantiles); q++)
					s->points[n++].setting = (struct sweep_setting){
						.target = own,
						.forecast = true,
						.forecast_target = forecast_targets[f],
						.reactive_target = reactive_targets[r],
						.quantile = quantiles[q],
						.release = release};
	s->count = n;
}

/* --- what counts --- */

static void add_days(struct sweep *s, int64_t from_ms, int64_t to_ms,
		     enum sweep_half half, int64_t anchor_ms)
{
	while (from_ms < to_ms) {
		int64_t into =
			((from_ms - anchor_ms) % MS_PER_DAY + MS_PER_DAY) % MS_PER_DAY;
		int64_t end_ms = from_ms + MS_PER_DAY - into;
		if (end_ms > to_ms)
			end_ms = to_ms;
		s->days = xrealloc(s->days,
				   ((size_t)s->day_count + 1) * sizeof(s->days[0]));
		s->days[s->day_count++] = (struct sweep_day){from_ms, end_ms, half};
		from_ms = end_ms;
	}
}

static void add_up(struct outcome *to, const struct outcome *o)
{
	to->pod_h += o->pod_h;
	to->demand_units += o->demand_units;
	to->unserved_units += o->unserved_units;
	to->short_min += o->short_min;
	to->elapsed_h += o->elapsed_h;
	to->actions += o->actions;
	if (o->largest_step > to->largest_step)
		to->largest_step = o->largest_step;
}

static void note_day(const struct sweep *s, int32_t day, const struct outcome *o,
		     struct sweep_point *point)
{
	point->days[day] = *o;
	add_up(&point->halves[s->days[day].half], o);
}

/* --- the runs --- */

struct running {
	struct contest_config contest; /* of all that counts */
	const struct sweep_config *config;
	struct sweep *sweep;
	const struct tapes *tapes; /* the lane's own */
	bool ungated;
};

/* What is done in one go: points that share their forecasts, which are made once then,
 * and some of those that need none. */
#define LANES ARRAY_LEN(quantiles)
struct lanes {
	const struct running *run;
	atomic_int done; /* points of all lanes */
	struct lane {
		int code;
		struct err err;
		int32_t tapes;
	} lanes[LANES];
};

static struct policy *policy_of(const struct running *run, const struct sweep_point *p,
				struct err *err)
{
	struct policy *policy = contest_policy(&run->contest, err);
	if (!policy)
		return NULL;
	sweep_apply(&p->setting, run->contest.workload.capacity, policy);
	if (run->ungated && p->setting.forecast)
		policy->forecast.mode = FORECAST_ALWAYS;
	return policy;
}

/* Up to the end of each day; what was decided at a border belongs to the next. */
static int run_engine(const struct running *run, struct sweep_point *point,
		      struct err *err)
{
	const struct sweep *s = run->sweep;
	struct policy *policy = policy_of(run, point, err);
	struct replay_config c = {.workload = run->contest.workload,
				  .terse = true,
				  .maker = tapes_maker(run->tapes)};
	if (!policy)
		return -1;
	c.workload.replicas = contest_first_size(&run->contest, policy);
	struct replay *r AUTO(replay_cleanup) =
		replay_new(&c, policy, contest_world_start(&run->contest), err);
	if (!r)
		return -1;
	replay_advance(r, run->contest.start_ms);
	for (int32_t d = 0; d < s->day_count; d++) {
		replay_reset(r);
		replay_end(r, s->days[d].to_ms);
		note_day(s, d, &replay_workload(r)->outcome, point);
	}
	return 0;
}

static int run_rival(const struct running *run, enum rival_kind kind,
		     struct sweep_point *point, struct err *err)
{
	const struct sweep *s = run->sweep;
	struct policy *policy AUTO(policy_cleanup) = policy_of(run, point, err);
	if (!policy)
		return -1;
	struct rival_config c = {.kind = kind,
				 .workload = run->contest.workload,
				 .policy = policy,
				 .terse = true,
				 .until_ms = run->contest.end_ms};
	struct rival r;
	c.workload.ns = policy->ns;
	c.workload.name = policy->target.name;
	c.workload.replicas = contest_first_size(&run->contest, policy);
	rival_init(&r, &c, contest_world_start(&run->contest));
	rival_advance(&r, run->contest.start_ms);
	for (int32_t d = 0; d < s->day_count; d++) {
		workload_reset_outcome(&r.workload);
		rival_advance(&r, s->days[d].to_ms - 1);
		workload_advance(&r.workload, s->days[d].to_ms);
		note_day(s, d, &r.workload.outcome, point);
	}
	rival_fini(&r);
	return 0;
}

static int run_perfect(const struct running *run, struct err *err)
{
	struct sweep *s = run->sweep;
	s->perfect.setting.target = s->points[s->own].setting.target;
	s->perfect.days = xcalloc((size_t)s->day_count, sizeof(struct outcome));
	return run_rival(run, RIVAL_PERFECT, &s->perfect, err);
}

static size_t lane_of(const struct sweep *s, int32_t point)
{
	const struct sweep_setting *setting = &s->points[point].setting;
	size_t q = 0;
	if (!setting->forecast)
		return (size_t)point % LANES;
	while (quantiles[q] != setting->quantile)
		q++;
	return q;
}

static int run_point(const struct running *run, int32_t i, struct err *err)
{
	struct sweep *s = run->sweep;
	struct sweep_point *p = &s->points[i];
	p->days = xcalloc((size_t)s->day_count, sizeof(struct outcome));
	return p->setting.forecast ? run_engine(run, p, err)
				   : run_rival(run, RIVAL_HPA, p, err);
}

static void report(struct lanes *all)
{
	const struct sweep_config *config = all->run->config;
	int done = atomic_fetch_add(&all->done, 1) + 1;
	if (config->progress)
		config->progress(config->progress_arg,
				 (double)done / all->run->sweep->count);
}

static void run_lane(void *arg, int32_t index)
{
	struct lanes *all = arg;
	struct lane *lane = &all->lanes[index];
	struct tapes *tapes AUTO(tapes_cleanup) = tapes_new();
	struct running run = *all->run;
	run.tapes = tapes;
	for (int32_t i = 0; i < run.sweep->count && lane->code == 0; i++) {
		if (lane_of(run.sweep, i) != (size_t)index)
			continue;
		lane->code = run_point(&run, i, &lane->err);
		report(all);
	}
	lane->tapes = tapes_count(tapes);
}

static void one_by_one(void (*job)(void *arg, int32_t i), void *arg, int32_t count)
{
	for (int32_t i = 0; i < count; i++)
		job(arg, i);
}

static int run_all(const struct running *run, struct err *err)
{
	struct lanes all = {.run = run};
	if (run_perfect(run, err) < 0)
		return -1;
	(run->config->spread ? run->config->spread : one_by_one)(run_lane, &all, LANES);
	for (size_t i = 0; i < LANES; i++) {
		run->sweep->tapes += all.lanes[i].tapes;
		if (all.lanes[i].code == 0)
			continue;
		*err = all.lanes[i].err;
		return -1;
	}
	return 0;
}

int sweep_run(const struct sweep_config *config, struct sweep *ret_sweep, struct err *err)
{
	struct sweep s = {.capacity = config->workload.capacity};
	const struct running run = {
		.contest = {.policy = config->policy,
			    .policy_len = config->policy_len,
			    .workload = config->workload,
			    .start_ms = config->first_ms,
			    .end_ms = config->end_ms},
		.config = config,
		.sweep = &s,
		.ungated = config->ungated,
	};
	struct policy *policy AUTO(policy_cleanup) = contest_policy(&run.contest, err);
	if (!policy)
		return -1;
	s.points = xcalloc(POINTS, sizeof(s.points[0]));
	lay_grid(&s, sweep_own_target(policy, &config->workload), config->reactive_only);
	add_days(&s, config->first_ms, config->start_ms, SWEEP_FIRST, config->start_ms);
	add_days(&s, config->start_ms, config->end_ms, SWEEP_SECOND, config->start_ms);
	int code = run_all(&run, err);
	if (code < 0)
		sweep_fini(&s);
	else
		*ret_sweep = s;
	return code;
}

void sweep_fini(struct sweep *s)
{
	for (int32_t i = 0; i < s->count; i++)
		free(s->points[i].days);
	free(s->points);
	free(s->perfect.days);
	free(s->days);
	*s = (struct sweep){0};
}

/* --- what they say --- */

double sweep_pods(const struct sweep *s, const struct outcome *o)
{
	double useful_h = o->demand_units / s->capacity / 3600;
	return useful_h > 0 ? o->pod_h / useful_h : NAN;
}

struct front sweep_front(const struct sweep *s, enum sweep_half half, bool with_forecast)
{
	struct front f = {0};
	for (int32_t i = 0; i < s->count; i++) {
		const struct outcome *o = &s->points[i].halves[half];
		if (s->points[i].setting.forecast == with_forecast)
			front_add(&f, outcome_unserved_ratio(o), sweep_pods(s, o), i);
	}
	front_sort(&f);
	return f;
}

/* Days of the first half: of those of one fold all or none. */
struct pick {
	int32_t folds, fold; /* every folds-th day from `fold` on; folds 0: all days */
	bool held;           /* the days of the fold, else the others */
};

static struct outcome over(const struct sweep *s, const struct sweep_point *p,
			   const struct pick *pick)
{
	struct outcome sum = {0};
	for (int32_t d = 0; d < s->day_count; d++)
		if (s->days[d].half == SWEEP_FIRST &&
		    (!pick->folds || (d % pick->folds == pick->fold) == pick->held))
			add_up(&sum, &p->days[d]);
	return sum;
}

static int32_t cheapest(const struct sweep *s, double unserved, bool with_forecast,
			const struct pick *pick)
{
	int32_t best = -1;
	double least_pod_h = 0;
	for (int32_t i = 0; i < s->count; i++) {
		const struct sweep_point *p = &s->points[i];
		const struct outcome o = over(s, p, pick);
		if (p->setting.forecast != with_forecast ||
		    outcome_unserved_ratio(&o) > unserved)
			continue;
		if (best < 0 || o.pod_h < least_pod_h) {
			best = i;
			least_pod_h = o.pod_h;
		}
	}
	return best;
}

/* On two thirds of the days of the first half, days in part included. */
static bool saves_often(const struct sweep *s, const struct sweep_point *with,
			const struct sweep_point *without)
{
	int32_t all = 0, cheaper = 0;
	for (int32_t d = 0; d < s->day_count; d++) {
		if (s->days[d].half != SWEEP_FIRST)
			continue;
		all++;
		cheaper += with->days[d].pod_h < without->days[d].pod_h;
	}
	return 3 * cheaper >= 2 * all;
}

static int32_t days_of_first_half(const struct sweep *s)
{
	int32_t n = 0;
	for (int32_t d = 0; d < s->day_count; d++)
		n += s->days[d].half == SWEEP_FIRST;
	return n;
}

/* Cross-validation: settings that are chosen without a fold of days, on the days of that
 * fold, against the front without forecasts at the service that they reached there. True
 * where there are too few days to tell. */
static bool saves_on_other_days(const struct sweep *s, double unserved)
{
	struct outcome sum = {0};
	int32_t days = days_of_first_half(s), folds = days < FOLDS ? days : FOLDS;
	if (folds < 2)
		return true;
	for (int32_t f = 0; f < folds; f++) {
		const struct pick others = {folds, f, false}, held = {folds, f, true};
		int32_t chosen = cheapest(s, unserved, true, &others);
		if (chosen < 0)
			return false;
		const struct outcome o = over(s, &s->points[chosen], &held);
		add_up(&sum, &o);
	}
	struct front front = sweep_front(s, SWEEP_FIRST, false);
	double without = front_pods(&front, outcome_unserved_ratio(&sum));
	front_fini(&front);
	/* NaN: no target serves so well. */
	return isnan(without) || sweep_pods(s, &sum) <= (1 - SWEEP_WORTH_IT) * without;
}

int32_t sweep_choose(const struct sweep *s, double unserved)
{
	const struct pick all = {0};
	int32_t without = cheapest(s, unserved, false, &all),
		with = cheapest(s, unserved, true, &all);
	if (with < 0 || without < 0)
		return with < 0 ? without : with;
	const struct sweep_point *w = &s->points[with], *o = &s->points[without];
	double saved = 1 - w->halves[SWEEP_FIRST].pod_h / o->halves[SWEEP_FIRST].pod_h;
	return saved >= SWEEP_WORTH_IT && saves_often(s, w, o) &&
			       saves_on_other_days(s, unserved)
		       ? with
		       : without;
}
