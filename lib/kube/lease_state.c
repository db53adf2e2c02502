#include "kube/lease_state.h"

#include <stdio.h>
#include <string.h>

/* client-go's JitterFactor: a follower waits between 1 and 2.2 retry periods. */
#define JITTER_FACTOR 1.2
/* Requests in one attempt: update, read, update; then wait. Where others renew it too,
 * conflicts are usual. */
#define TRIES_MAX        4
#define TRIES_MAX_SHARED 8

int lease_state_init(struct lease_state *s, const char *identity,
		     const struct lease_times *times, uint64_t seed, struct err *err)
{
	if (times->retry_ms <= 0 || times->duration_ms <= times->renew_ms ||
	    (double)times->renew_ms <= JITTER_FACTOR * (double)times->retry_ms)
		return err_set(err, ERR_INVALID,
			       "lease times: duration > renew deadline > 1.2 * retry "
			       "period expected, not %lld, %lld and %lld ms",
			       (long long)times->duration_ms, (long long)times->renew_ms,
			       (long long)times->retry_ms);
	if (!*identity || strlen(identity) >= sizeof(s->identity))
		return err_set(err, ERR_INVALID,
			       "lease identity: 1 to %zu characters expected",
			       sizeof(s->identity) - 1);
	*s = (struct lease_state){.times = *times, .pending = LEASE_WAIT};
	strcpy(s->identity, identity);
	rng_init(&s->rng, seed);
	return 0;
}

static bool is_ours(const struct lease_state *s)
{
	return !strcmp(s->seen.holder, s->identity);
}

/* By our clock: since we saw the record change, not since its own times. */
static bool seen_is_fresh(const struct lease_state *s, int64_t now_ms)
{
	int64_t duration = s->seen.duration_s > 0 ? s->seen.duration_s * MS_PER_S
						  : s->times.duration_ms;
	return s->has_seen && s->seen_ms + duration > now_ms;
}

/* --- orders --- */

static void order_wait(struct lease_state *s, struct lease_order *order)
{
	double factor = s->leading ? 1.0 : 1.0 + JITTER_FACTOR * rng_uniform(&s->rng);
	*order = (struct lease_order){
		.action = LEASE_WAIT,
		.delay_ms = (int64_t)((double)s->times.retry_ms * factor),
	};
	s->pending = LEASE_WAIT;
	s->tries = 0;
}

static void order(struct lease_state *s, enum lease_action action, int64_t now_ms,
		  struct lease_order *order)
{
	if (++s->tries > (s->shared ? TRIES_MAX_SHARED : TRIES_MAX)) {
		order_wait(s, order);
		return;
	}
	s->pending = action;
	s->sent_ms = now_ms;
	order->action = action;
	order->delay_ms = 0;
}

static void order_done(struct lease_state *s, struct lease_order *order)
{
	s->leading = false;
	s->pending = LEASE_WAIT;
	*order = (struct lease_order){.action = LEASE_DONE};
}

/* Acquires or renews: who holds it already keeps its time and number. */
static void order_write(struct lease_state *s, enum lease_action action, int64_t now_ms,
			int64_t wall_ms, struct lease_order *ret_order)
{
	struct lease_record *record = &ret_order->record;
	*record = (struct lease_record){
		.duration_s = (int32_t)((s->times.duration_ms + 999) / MS_PER_S),
	};
	strcpy(record->holder, s->identity);
	time_format_micro(wall_ms, record->renew_time, sizeof(record->renew_time));
	strcpy(record->acquire_time, record->renew_time);
	if (action == LEASE_UPDATE) {
		strcpy(record->version, s->seen.version);
		record->transitions = s->seen.transitions + (is_ours(s) ? 0 : 1);
		if (is_ours(s) && s->seen.acquire_time[0])
			strcpy(record->acquire_time, s->seen.acquire_time);
	}
	order(s, action, now_ms, ret_order);
}

/* client-go's release: free, and to be taken after a second. */
static void order_release(struct lease_state *s, int64_t now_ms, int64_t wall_ms,
			  struct lease_order *ret_order)
{
	s->let_go = true;
	if (s->stays) {
		order_write(s, LEASE_UPDATE, now_ms, wall_ms, ret_order);
		if (ret_order->action == LEASE_WAIT)
			order_done(s, ret_order);
		return;
	}
	struct lease_record *record = &ret_order->record;
	*record = (struct lease_record){
		.duration_s = 1,
		.transitions = s->seen.transitions,
	};
	strcpy(record->version, s->seen.version);
	time_format_micro(wall_ms, record->renew_time, sizeof(record->renew_time));
	strcpy(record->acquire_time, record->renew_time);
	order(s, LEASE_UPDATE, now_ms, ret_order);
	if (ret_order->action == LEASE_WAIT)
		order_done(s, ret_order);
}

/* --- what was read and written --- */

static bool same_record(const struct lease_record *a, const struct lease_record *b)
{
	return !strcmp(a->holder, b->holder) && a->duration_s == b->duration_s &&
	       !strcmp(a->acquire_time, b->acquire_time) &&
	       !strcmp(a->renew_time, b->renew_time) && a->transitions == b->transitions;
}

static void note(struct lease_state *s, const struct lease_record *record, int64_t now_ms)
{
	if (!s->has_seen || !same_record(&s->seen, record))
		s->seen_ms = now_ms;
	s->seen = *record;
	s->has_seen = true;
	s->must_read = false;
	if (!is_ours(s))
		s->leading = false;
}

static void note_free(struct lease_state *s, bool free, int64_t now_ms)
{
	if (free && !s->free)
		s->free_ms = now_ms;
	s->free = free;
}

/* Of a Lease that is not ours, and that nobody holds any more. */
static bool may_take(const struct lease_state *s, int64_t now_ms)
{
	switch (s->appetite) {
	case LEASE_TAKE_ANY:
		return true;
	case LEASE_TAKE_RUN_OUT:
		return !s->free || now_ms - s->free_ms >= s->times.duration_ms;
	case LEASE_TAKE_NONE:
		break;
	}
	return false;
}

static void read_answered(struct lease_state *s, enum lease_result result,
			  const struct lease_record *record, int64_t now_ms,
			  int64_t wall_ms, struct lease_order *ret_order)
{
	if (result == LEASE_MISSING) {
		s->has_seen = false;
		note_free(s, true, now_ms);
		if (may_take(s, now_ms))
			order_write(s, LEASE_CREATE, now_ms, wall_ms, ret_order);
		else
			order_wait(s, ret_order);
		return;
	}
	if (result != LEASE_OK) {
		order_wait(s, ret_order);
		return;
	}
	note(s, record, now_ms);
	note_free(s, !*s->seen.holder, now_ms);
	bool theirs = *s->seen.holder && !is_ours(s) && seen_is_fresh(s, now_ms);
	if (theirs || (!is_ours(s) && !may_take(s, now_ms)))
		order_wait(s, ret_order);
	else
		order_write(s, LEASE_UPDATE, now_ms, wall_ms, ret_order);
}

static void write_answered(struct lease_state *s, enum lease_result result,
			   const struct lease_record *record, int64_t now_ms,
			   struct lease_order *ret_order)
{
	bool update = s->pending == LEASE_UPDATE;
	if (result == LEASE_OK) {
		note(s, record, now_ms);
		s->seen_ms = now_ms;
		s->leading = is_ours(s);
		s->renewed_ms = s->sent_ms;
		order_wait(s, ret_order);
		return;
	}
	s->must_read = true;
	if (update && result != LEASE_FAILED)
		order(s, LEASE_GET, now_ms, ret_order);
	else
		order_wait(s, ret_order);
}

/* Whatever was under way when the release was asked for has been answered now. */
static void release_answered(struct lease_state *s, enum lease_action answered,
			     enum lease_result result, const struct lease_record *record,
			     int64_t now_ms, int64_t wall_ms,
			     struct lease_order *ret_order)
{
	if (result == LEASE_OK)
		note(s, record, now_ms);
	bool unsure = result == LEASE_CONFLICT ||
		      (result == LEASE_FAILED && answered != LEASE_GET);
	if (unsure)
		order(s, LEASE_GET, now_ms, ret_order);
	else if (result == LEASE_OK && is_ours(s) &&
		 !(s->let_go && answered == LEASE_UPDATE))
		order_release(s, now_ms, wall_ms, ret_order);
	else
		order_done(s, ret_order);
	if (ret_order->action == LEASE_WAIT)
		order_done(s, ret_order);
}

/* --- events --- */

void lease_state_wake(struct lease_state *s, int64_t now_ms, int64_t wall_ms,
		      struct lease_order *ret_order)
{
	*ret_order = (struct lease_order){0};
	if (s->has_seen && !s->must_read && is_ours(s) && seen_is_fresh(s, now_ms))
		order_write(s, LEASE_UPDATE, now_ms, wall_ms, ret_order);
	else
		order(s, LEASE_GET, now_ms, ret_order);
}

void lease_state_answer(struct lease_state *s, enum lease_result result,
			const struct lease_record *record, int64_t now_ms,
			int64_t wall_ms, struct lease_order *ret_order)
{
	enum lease_action answered = s->pending;
	*ret_order = (struct lease_order){0};
	if (s->releasing)
		release_answered(s, answered, result, record, now_ms, wall_ms, ret_order);
	else if (answered == LEASE_GET)
		read_answered(s, result, record, now_ms, wall_ms, ret_order);
	else
		write_answered(s, result, record, now_ms, ret_order);
}

void lease_state_release(struct lease_state *s, int64_t now_ms, int64_t wall_ms,
			 struct lease_order *ret_order)
{
	*ret_order = (struct lease_order){0};
	s->releasing = true;
	s->tries = 0;
	if (s->pending != LEASE_WAIT)
		return; /* its answer goes on */
	if (!s->has_seen || !is_ours(s))
		order_done(s, ret_order);
	else if (s->must_read)
		order(s, LEASE_GET, now_ms, ret_order);
	else
		order_release(s, now_ms, wall_ms, ret_order);
}

int64_t lease_state_expires_ms(const struct lease_state *s)
{
	return s->renewed_ms + s->times.renew_ms;
}

bool lease_state_valid(const struct lease_state *s, int64_t now_ms)
{
	return s->leading && !s->releasing && now_ms < lease_state_expires_ms(s);
}

void lease_state_expire(struct lease_state *s, int64_t now_ms)
{
	if (s->leading && now_ms >= lease_state_expires_ms(s))
		s->leading = false;
}
