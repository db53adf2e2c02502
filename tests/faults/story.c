#include "faults/story.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Faults begin within this time; the first decisions are made by then. */
#define CALM_MS   MS_PER_MIN
#define FAULTY_MS (10 * MS_PER_MIN)
/* A watch that a server has forgotten is noticed when its time is over, at the latest
 * after 10 minutes and a half; twice in a row, and time to follow. */
#define QUIET_MS (25 * MS_PER_MIN)
/* Then nothing is written any more. */
#define REST_MS (5 * MS_PER_MIN)
/* A write may be carried out so long after its decision: a cycle waits for its answers,
 * the status object is written before, requests take up to their time-outs. */
#define LATE_MS    (75 * MS_PER_S)
#define WRITES_MAX 4096

#define LATER_UNITS 80.0
#define LATER_MAX   15
#define TOLERANCE   0.1

static int64_t between(struct rng *rng, int64_t low, int64_t high)
{
	return low + (int64_t)(rng_uniform(rng) * (double)(high - low + 1));
}

void story_draw(struct story *s, uint64_t seed)
{
	struct rng rng;
	rng_init(&rng, seed);
	*s = (struct story){.seed = seed};
	int plateaus = (int)between(&rng, 2, 10);
	for (int i = 0; i < plateaus; i++)
		s->plan[i] = (struct plateau){
			i ? s->plan[i - 1].from_ms + between(&rng, 30, 90) * FAULTY_MS /
							     (60 * plateaus)
			  : 0,
			(double)between(&rng, 0, 240) * 10};
	s->fault_count = (int)between(&rng, 1, 8);
	faults_draw(&rng, FAULTY_MS, true, s->faults, s->fault_count);
	for (int i = 0; i < s->fault_count; i++)
		s->faults[i].at_ms += CALM_MS;
	s->with_forecast = between(&rng, 0, 9) == 9;
	s->stage = (struct stage_config){
		.seed = seed,
		.actors = between(&rng, 0, 9) < 3 ? 2 : 1,
		.stabilization_ms = between(&rng, 0, 20) * 15 * MS_PER_S,
		.plan = s->plan,
		.plan_count = plateaus,
		.policy = s->with_forecast ? "" : "forecast: {mode: Disabled}\n",
		.watch_lists = between(&rng, 0, 2) > 0,
	};
	s->stage.shards = between(&rng, 0, 3) ? 1 : (int32_t)between(&rng, 2, 5);
}

/* --- playing --- */

struct play {
	const struct story *story;
	struct stage stage;
	struct verdict *verdict;
	int64_t changed_ms; /* when the policy changed; 0: not yet */
	int turn;           /* whose turn it is to suffer */
};

static void on_around(void *arg, const struct fault *f)
{
	struct play *p = arg;
	struct actor *a = &p->stage.actors[p->turn++ % p->stage.config.actors];
	if (f->kind == FAULT_KILL)
		stage_kill(a, f->ms);
	else
		stage_jump(a, f->ms);
}

/* --- judging --- */

static int32_t need_at(const struct play *p, int64_t at_ms)
{
	bool later = p->changed_ms && at_ms >= p->changed_ms;
	double units = later ? LATER_UNITS : STAGE_UNITS;
	int32_t max = later ? LATER_MAX : STAGE_MAX;
	int32_t need = (int32_t)ceil(stage_demand(&p->stage, at_ms) / units);
	return need < STAGE_MIN ? STAGE_MIN : need > max ? max : need;
}

/* Is this many what the HPA's rules come to rest at? */
static bool fits(const struct play *p, int32_t replicas, int64_t at_ms)
{
	double ratio = stage_demand(&p->stage, at_ms) / (LATER_UNITS * replicas);
	return replicas == need_at(p, at_ms) ||
	       (replicas >= STAGE_MIN && replicas <= LATER_MAX &&
		fabs(ratio - 1) <= TOLERANCE + 1e-9);
}

/* While Prometheus shows an old state nobody can know better. */
static int64_t known_since(const struct story *s, int64_t at_ms)
{
	int64_t since_ms = at_ms - LATE_MS;
	for (int i = 0; i < s->fault_count; i++) {
		const struct fault *f = &s->faults[i];
		bool shows = f->kind == FAULT_STALE && f->at_ms <= at_ms &&
			     f->at_ms + f->ms >= since_ms;
		if (shows && f->at_ms - MS_PER_S < since_ms)
			since_ms = f->at_ms - MS_PER_S;
	}
	return since_ms;
}

static bool justified(const struct play *p, const struct stage_write *w)
{
	for (int64_t at_ms = known_since(p->story, w->at_ms); at_ms <= w->at_ms;
	     at_ms += MS_PER_S / 2)
		if (need_at(p, at_ms) <= w->to)
			return true;
	return need_at(p, w->at_ms) <= w->to;
}

static void judge_writes(struct play *p, const struct stage_write *writes, int count)
{
	struct verdict *v = p->verdict;
	for (int i = 0; i < count; i++) {
		const struct stage_write *w = &writes[i];
		bool later = p->changed_ms && w->at_ms > p->changed_ms + LATE_MS;
		bool out = w->to < STAGE_MIN || w->to > (later ? LATER_MAX : STAGE_MAX);
		bool wrong = w->to < w->from && !justified(p, w);
		v->out_of_bounds += out;
		v->wrong_downs += wrong;
		if (out || wrong)
			str_printf(&v->text, "%.1f s: %s: %d to %d, needed %d\n",
				   (double)w->at_ms / 1000,
				   out ? "out of bounds" : "wrong scale-down",
				   (int)w->from, (int)w->to, (int)need_at(p, w->at_ms));
	}
}

static void judge_end(struct play *p, const struct stage_write *writes, int count)
{
	struct verdict *v = p->verdict;
	int64_t now_ms = stage_now(&p->stage);
	int32_t need = need_at(p, now_ms), replicas = stage_replicas(&p->stage);
	/* A forecast may ask for more. */
	bool enough = fits(p, replicas, now_ms) ||
		      (p->story->with_forecast && replicas >= need);
	v->not_recovered = !enough || !stage_leads(&p->stage);
	v->restless = !p->story->with_forecast && count > 0 && count < WRITES_MAX &&
		      writes[count - 1].at_ms > now_ms - REST_MS;
	if (v->not_recovered)
		str_printf(&v->text, "at the end: %d replicas, %d needed, %s\n",
			   (int)replicas, (int)need,
			   stage_leads(&p->stage) ? "somebody leads" : "nobody leads");
	if (v->restless)
		str_printf(&v->text, "a write within the last %d s\n",
			   (int)(REST_MS / MS_PER_S));
}

void story_play(const struct story *s, struct verdict *ret_verdict)
{
	struct play p = {.story = s, .verdict = ret_verdict};
	*ret_verdict = (struct verdict){0};
	str_init(&ret_verdict->text, 65536);
	struct stage_config config = s->stage;
	config.plan = s->plan;
	stage_open(&p.stage, &config);
	const struct script_config script_config = {.reactor = p.stage.reactor,
						    .served = p.stage.served,
						    .clock = &p.stage.clock,
						    .faults = s->faults,
						    .count = s->fault_count,
						    .around = on_around,
						    .arg = &p};
	struct script *script = script_new(&script_config);
	int64_t over_ms = script_end_ms(script) - p.stage.start_ms;
	if (over_ms < CALM_MS + FAULTY_MS)
		over_ms = CALM_MS + FAULTY_MS;
	stage_run(&p.stage, over_ms);
	/* Clocks are put right, and what was missed would show now: the policy changes.
	 */
	for (int i = 0; i < config.actors; i++)
		stage_jump(&p.stage.actors[i], -p.stage.actors[i].jump_ms);
	p.changed_ms = stage_now(&p.stage);
	stage_put_policy(&p.stage, LATER_UNITS, LATER_MAX);
	stage_run(&p.stage, QUIET_MS);
	struct stage_write *writes AUTO_FREE = xcalloc(WRITES_MAX, sizeof(*writes));
	int count = stage_writes(&p.stage, writes, WRITES_MAX);
	ret_verdict->writes = count;
	for (int i = 0; i < config.actors; i++)
		ret_verdict->starts += p.stage.actors[i].starts;
	judge_writes(&p, writes, count < WRITES_MAX ? count : WRITES_MAX);
	judge_end(&p, writes, count);
	script_free(script);
	stage_close(&p.stage);
}

bool verdict_good(const struct verdict *v)
{
	return !v->wrong_downs && !v->out_of_bounds && !v->not_recovered && !v->restless;
}

void verdict_fini(struct verdict *v)
{
	str_fini(&v->text);
}

void story_describe(const struct story *s, struct str *out)
{
	str_printf(out,
		   "# seed %llu: %d process%s, %d shard%s, stabilization %d s, %s%s\n# "
		   "demand",
		   (unsigned long long)s->seed, s->stage.actors,
		   s->stage.actors > 1 ? "es" : "", (int)s->stage.shards,
		   s->stage.shards > 1 ? "s" : "",
		   (int)(s->stage.stabilization_ms / MS_PER_S),
		   s->stage.watch_lists ? "watch lists" : "paged lists",
		   s->with_forecast ? ", with a forecast" : "");
	for (int i = 0; i < s->stage.plan_count; i++)
		str_printf(out, " %ds:%g", (int)(s->plan[i].from_ms / MS_PER_S),
			   s->plan[i].demand);
	str_puts(out, "\n");
	for (int i = 0; i < s->fault_count; i++) {
		fault_format(&s->faults[i], out);
		str_puts(out, "\n");
	}
}
