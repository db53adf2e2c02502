#include "sim/tape.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A forecast without its texts. */
struct told {
	enum forecast_state state;
	int64_t made_for_ms;
	double last, mean, upper, release, skill, coverage;
	enum model model, baseline;
	int64_t learned_min;
	enum anomaly_kind kind;
	bool hold_down;
	int64_t hold_until_ms, odd_count;
};

/* One minute of a tape, and what was said once it was learned. */
struct entry {
	int64_t t_ms;
	double value;
	size_t heard; /* minutes that its listener had heard of by then, in all */
	struct told told;
};

/* What a configuration borrows. */
struct lent {
	struct zone zone;
	struct time_range excludes[FORECAST_EXCLUDES_MAX];
};

struct tape {
	struct forecast_config config; /* heed and its context are the tape's own */
	struct lent lent;
	struct forecaster *forecaster; /* in `memory` */
	void *memory;
	struct entry *entries;
	size_t count, cap;
	struct forecast_minute *heard;
	size_t heard_count, heard_cap;
};

/* What the engine takes for a forecaster. */
struct playback {
	struct tapes *tapes;
	struct forecast_config config; /* as it was asked for */
	struct lent lent;
	struct tape *tape; /* NULL before the first minute */
	forecast_heed *heed;
	void *heed_context;
	size_t given, done; /* entries: added, learned */
	/* Not NULL: it has gone its own way, and the tape is not looked at any more. */
	struct forecaster *own;
	void *memory; /* the engine's */
	bool muted;   /* `own` learns what was said already */
};

struct tapes {
	struct forecast_maker maker;
	struct tape **tapes;
	struct playback **playbacks;
	int32_t count, playback_count;
	int64_t strays;
};

/* --- recording --- */

static void record_heard(void *context, const struct forecast_minute *said)
{
	struct tape *t = context;
	if (t->heard_count == t->heard_cap) {
		t->heard_cap = t->heard_cap ? 2 * t->heard_cap : 4096;
		t->heard = xrealloc(t->heard, t->heard_cap * sizeof(t->heard[0]));
	}
	t->heard[t->heard_count++] = *said;
}

static struct told trim(const struct forecast *f)
{
	return (struct told){
		.state = f->state,
		.made_for_ms = f->made_for_ms,
		.last = f->last,
		.mean = f->mean,
		.upper = f->upper,
		.release = f->release,
		.skill = f->skill,
		.coverage = f->coverage,
		.model = f->model,
		.baseline = f->baseline,
		.learned_min = f->learned_min,
		.kind = f->anomaly.kind,
		.hold_down = f->anomaly.hold_down,
		.hold_until_ms = f->anomaly.hold_until_ms,
		.odd_count = f->anomaly.count,
	};
}

static void record(struct tape *t, int64_t t_ms, double value)
{
	struct forecast forecast;
	bool taken = forecaster_add(t->forecaster, t_ms, value);
	assert(taken);
	(void)taken;
	while (forecaster_work(t->forecaster))
		;
	forecaster_predict(t->forecaster, &forecast);
	if (t->count == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 4096;
		t->entries = xrealloc(t->entries, t->cap * sizeof(t->entries[0]));
	}
	t->entries[t->count++] = (struct entry){.t_ms = t_ms,
						.value = value,
						.heard = t->heard_count,
						.told = trim(&forecast)};
}

static bool same_zone(const struct zone *a, const struct zone *b)
{
	return a->count == b->count &&
	       !memcmp(a->steps, b->steps, (size_t)a->count * sizeof(a->steps[0]));
}

static bool same_config(const struct forecast_config *a, const struct forecast_config *b)
{
	return a->window_min == b->window_min && a->release_min == b->release_min &&
	       a->quantile == b->quantile && a->use_linear == b->use_linear &&
	       a->use_holt_winters == b->use_holt_winters && a->seasons == b->seasons &&
	       same_zone(a->zone, b->zone) && a->refit_minute == b->refit_minute &&
	       a->exclude_count == b->exclude_count &&
	       (a->exclude_count == 0 ||
		memcmp(a->excludes, b->excludes,
		       (size_t)a->exclude_count * sizeof(a->excludes[0])) == 0);
}

/* With what it borrows in `room`. */
static void copy_config(struct forecast_config *to, const struct forecast_config *from,
			struct lent *room)
{
	*to = *from;
	room->zone = from->zone ? *from->zone : (struct zone){0};
	to->zone = &room->zone;
	to->excludes = room->excludes;
	if (from->exclude_count > 0)
		memcpy(room->excludes, from->excludes,
		       (size_t)from->exclude_count * sizeof(room->excludes[0]));
}

static struct tape *tape_new(const struct forecast_config *config)
{
	struct tape *t = xcalloc(1, sizeof(*t));
	copy_config(&t->config, config, &t->lent);
	t->config.heed = record_heard;
	t->config.heed_context = t;
	t->memory = xmalloc(forecaster_size());
	t->forecaster = forecaster_init(t->memory, &t->config);
	return t;
}

static void tape_free(struct tape *t)
{
	free(t->memory);
	free(t->entries);
	free(t->heard);
	free(t);
}

/* One that begins with this minute; recorded from now on if there is none yet. */
static struct tape *find_tape(struct tapes *all, const struct forecast_config *config,
			      int64_t first_ms)
{
	for (int32_t i = 0; i < all->count; i++) {
		struct tape *t = all->tapes[i];
		if (same_config(&t->config, config) && t->count > 0 &&
		    t->entries[0].t_ms == first_ms)
			return t;
	}
	size_t room = (size_t)all->count + 1;
	all->tapes = xrealloc(all->tapes, room * sizeof(all->tapes[0]));
	all->tapes[all->count] = tape_new(config);
	return all->tapes[all->count++];
}

/* --- playing --- */

static struct playback *playback_of(struct forecaster *f)
{
	return (struct playback *)(void *)f;
}

static void pass_on(void *context, const struct forecast_minute *said)
{
	struct playback *p = context;
	if (!p->muted && p->heed)
		p->heed(p->heed_context, said);
}

/* Learns anew what it was told so far. */
static void stray(struct playback *p)
{
	struct forecast_config config = p->config;
	config.heed = pass_on;
	config.heed_context = p;
	p->own = forecaster_init(p->memory, &config);
	p->muted = true;
	for (size_t i = 0; i < p->done; i++) {
		const struct entry *e = &p->tape->entries[i];
		while (!forecaster_add(p->own, e->t_ms, e->value))
			forecaster_work(p->own);
	}
	while (forecaster_work(p->own))
		;
	p->muted = false;
	for (size_t i = p->done; i < p->given; i++)
		forecaster_add(p->own, p->tape->entries[i].t_ms,
			       p->tape->entries[i].value);
	p->tapes->strays++;
}

static bool same_value(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

static bool play_add(struct forecaster *f, int64_t t_ms, double v)
{
	struct playback *p = playback_of(f);
	if (p->own)
		return forecaster_add(p->own, t_ms, v);
	if (!p->tape)
		p->tape = find_tape(p->tapes, &p->config, t_ms);
	struct tape *t = p->tape;
	if (p->given - p->done == FORECAST_QUEUE)
		return false;
	if (p->given > 0 && t_ms <= t->entries[p->given - 1].t_ms)
		return true;
	if (p->given == t->count)
		record(t, t_ms, v);
	const struct entry *e = &t->entries[p->given];
	if (e->t_ms != t_ms || !same_value(e->value, v)) {
		stray(p);
		return forecaster_add(p->own, t_ms, v);
	}
	p->given++;
	return true;
}

static bool play_work(struct forecaster *f)
{
	struct playback *p = playback_of(f);
	if (p->own)
		return forecaster_work(p->own);
	const struct tape *t = p->tape;
	if (!t)
		return false;
	size_t from = p->done ? t->entries[p->done - 1].heard : 0;
	size_t to = p->given ? t->entries[p->given - 1].heard : 0;
	p->done = p->given;
	for (size_t i = from; i < to && p->heed; i++)
		p->heed(p->heed_context, &t->heard[i]);
	return false;
}

static void play_predict(const struct forecaster *f, struct forecast *ret)
{
	const struct playback *p = (const struct playback *)(const void *)f;
	if (p->own) {
		forecaster_predict(p->own, ret);
		return;
	}
	static const struct told nothing = {.state = FORECAST_WAITING,
					    .last = NAN,
					    .mean = NAN,
					    .upper = NAN,
					    .release = NAN,
					    .skill = NAN,
					    .coverage = NAN};
	const struct told *t = p->done ? &p->tape->entries[p->done - 1].told : &nothing;
	*ret = (struct forecast){
		.state = t->state,
		.made_for_ms = t->made_for_ms,
		.last = t->last,
		.mean = t->mean,
		.upper = t->upper,
		.release = t->release,
		.model = t->model,
		.baseline = t->baseline,
		.skill = t->skill,
		.coverage = t->coverage,
		.learned_min = t->learned_min,
		.anomaly = {.kind = t->kind,
			    .hold_down = t->hold_down,
			    .hold_until_ms = t->hold_until_ms,
			    .count = t->odd_count},
	};
}

/* Needs a forecaster that stands at this very minute. */
static void play_look_ahead(struct forecaster *f, int32_t minutes, void *scratch,
			    struct forecast *ret)
{
	struct playback *p = playback_of(f);
	if (!p->own)
		stray(p);
	forecaster_look_ahead(p->own, minutes, scratch, ret);
}

static struct forecaster *play_init(void *context, void *memory,
				    const struct forecast_config *config)
{
	struct tapes *all = context;
	struct playback *p = xcalloc(1, sizeof(*p));
	size_t room = (size_t)all->playback_count + 1;
	all->playbacks = xrealloc(all->playbacks, room * sizeof(all->playbacks[0]));
	all->playbacks[all->playback_count++] = p;
	*p = (struct playback){.tapes = all,
			       .heed = config->heed,
			       .heed_context = config->heed_context,
			       .memory = memory};
	copy_config(&p->config, config, &p->lent);
	return (struct forecaster *)(void *)p;
}

struct tapes *tapes_new(void)
{
	struct tapes *t = xcalloc(1, sizeof(*t));
	t->maker = (struct forecast_maker){
		.context = t,
		.init = play_init,
		.add = play_add,
		.work = play_work,
		.predict = play_predict,
		.look_ahead = play_look_ahead,
	};
	return t;
}

void tapes_free(struct tapes *t)
{
	if (!t)
		return;
	for (int32_t i = 0; i < t->count; i++)
		tape_free(t->tapes[i]);
	for (int32_t i = 0; i < t->playback_count; i++)
		free(t->playbacks[i]);
	free(t->tapes);
	free(t->playbacks);
	free(t);
}

void tapes_cleanup(struct tapes **t)
{
	tapes_free(*t);
}

const struct forecast_maker *tapes_maker(const struct tapes *t)
{
	return &t->maker;
}

int32_t tapes_count(const struct tapes *t)
{
	return t->count;
}

int64_t tapes_strays(const struct tapes *t)
{
	return t->strays;
}
