#include "kube/watch_plan.h"

/* A watch that stood this long was of use: the pause after a failure starts small again.
 */
#define USEFUL_MS 10000
/* The server ends a watch whose client lags behind, again and again during a burst; then
 * the next one must follow at once, but not for ever. */
#define QUICK_MAX   10
#define QUICK_MS    100
#define EXPIRED_MS  500
#define REFUSED_MAX 3
#define CUT_MAX     3
#define SILENT_MAX  2
/* Bookmarks come once a minute: a watch without any event for longer is suspicious. */
#define SILENT_MS   150000
#define FALLBACK_MS 60000

void watch_plan_init(struct watch_plan *p, enum kube_transport wanted, int64_t first_ms,
		     uint64_t seed)
{
	*p = (struct watch_plan){.wanted = wanted, .must_list = true};
	int64_t max_ms = first_ms > BACKOFF_MAX_MS ? first_ms : BACKOFF_MAX_MS;
	backoff_init(&p->backoff, first_ms, max_ms, BACKOFF_RESET_MS);
	rng_init(&p->rng, seed);
}

static enum kube_transport transport_of(const struct watch_plan *p)
{
	if (p->wanted != KUBE_AUTO)
		return p->wanted;
	return p->over_http ? KUBE_HTTP : KUBE_WEBSOCKET;
}

/* Between ms and twice as long, so that many watches do not come at once. */
static int64_t jittered(struct watch_plan *p, int64_t ms)
{
	return ms + (int64_t)(rng_uniform(&p->rng) * (double)ms);
}

static void set_step(const struct watch_plan *p, bool watch_list, struct watch_next *next)
{
	next->transport = transport_of(p);
	if (!p->must_list)
		next->step = STEP_WATCH;
	else if (watch_list && !next->no_watch_list && p->cut < CUT_MAX &&
		 next->transport == KUBE_WEBSOCKET)
		next->step = STEP_WATCH_LIST;
	else
		next->step = STEP_LIST;
}

void watch_plan_list(struct watch_plan *p, bool watch_list, struct watch_next *ret_next)
{
	*ret_next = (struct watch_next){0};
	p->must_list = true;
	backoff_succeeded(&p->backoff);
	set_step(p, watch_list, ret_next);
}

void watch_plan_hurry(struct watch_plan *p, struct watch_next *next)
{
	backoff_succeeded(&p->backoff);
	if (!next->bidden)
		next->delay_ms = 0;
}

void watch_plan_synced(struct watch_plan *p)
{
	p->must_list = false;
	p->cut = 0;
}

static void back_to_websocket(struct watch_plan *p)
{
	if (!p->over_http)
		return;
	p->over_http = false;
	p->websocket_again_ms = 0;
	p->refused = 0;
}

void watch_plan_opened(struct watch_plan *p, int64_t now_ms)
{
	if (p->over_http)
		p->websocket_again_ms = now_ms + FALLBACK_MS;
	else
		p->refused = 0;
}

/* --- each kind of end; all set *next->delay_ms --- */

static void back_off(struct watch_plan *p, const struct watch_end *end, int64_t now_ms,
		     struct watch_next *next)
{
	int64_t after = end->status.retry_after_ms > 0 ? end->status.retry_after_ms : -1;
	next->delay_ms = backoff_failed(&p->backoff, now_ms, after, &p->rng);
	next->bidden = after > 0;
	next->failure = true;
}

static void list_soon(struct watch_plan *p, const struct watch_end *end, int64_t now_ms,
		      struct watch_next *next)
{
	p->must_list = true;
	if (++p->expired > 1)
		back_off(p, end, now_ms, next);
	else
		next->delay_ms = jittered(p, EXPIRED_MS);
}

static bool is_client_error(long status)
{
	return status >= 400 && status < 500 && status != 401 && status != 403 &&
	       status != 404 && status != 410 && status != 429;
}

/* A WebSocket did not open. HTTP is tried next: it may work where WebSockets do not, and
 * if it does not either, its answer carries the server's reason, which a refused
 * handshake does not. True when that shall happen at once. */
static bool websocket_failed(struct watch_plan *p, const struct watch_end *end)
{
	bool server = end->stream == STREAM_UNREACHED || end->status.status >= 500;
	p->refused++;
	if (server && p->refused < REFUSED_MAX)
		return false;
	p->over_http = true;
	return !server && p->wanted == KUBE_AUTO;
}

static void not_opened(struct watch_plan *p, const struct watch_end *end, int64_t now_ms,
		       struct watch_next *next)
{
	bool refused = end->stream == STREAM_REFUSED;
	if (refused && kube_status_is_expired(&end->status)) {
		list_soon(p, end, now_ms, next);
		return;
	}
	if (refused && end->initial && is_client_error(end->status.status)) {
		next->no_watch_list = true;
		return; /* the list will tell what else may be wrong */
	}
	if (refused && is_client_error(end->status.status))
		p->must_list = true; /* the resourceVersion may be what it dislikes */
	if (!refused || end->status.status != 429) {
		if (p->over_http) {
			back_to_websocket(p);
		} else if (websocket_failed(p, end)) {
			next->delay_ms = jittered(p, QUICK_MS);
			return;
		}
	}
	back_off(p, end, now_ms, next);
}

/* It was open, and ended by the server's or nobody's wish. */
static void closed(struct watch_plan *p, const struct watch_end *end, int64_t now_ms,
		   struct watch_next *next)
{
	bool useful = end->in_full || (end->stayed_ms >= USEFUL_MS && end->events > 0);
	if (end->initial) {
		p->cut++;
		back_off(p, end, now_ms, next);
		return;
	}
	p->silent = !end->events && end->stayed_ms >= SILENT_MS ? p->silent + 1 : 0;
	if (p->silent >= SILENT_MAX) {
		p->silent = 0;
		p->must_list = true;
	}
	if (useful) {
		backoff_succeeded(&p->backoff);
		p->quick = p->expired = 0;
		next->delay_ms = jittered(p, QUICK_MS);
	} else if (end->progressed && ++p->quick <= QUICK_MAX) {
		next->delay_ms = jittered(p, QUICK_MS);
	} else {
		back_off(p, end, now_ms, next);
	}
}

static void stream_ended(struct watch_plan *p, const struct watch_end *end,
			 int64_t now_ms, struct watch_next *next)
{
	switch (end->stream) {
	case STREAM_UNREACHED:
	case STREAM_REFUSED:
		not_opened(p, end, now_ms, next);
		return;
	case STREAM_CLOSED:
		closed(p, end, now_ms, next);
		return;
	case STREAM_TOO_LARGE:
		p->must_list = true;
		back_off(p, end, now_ms, next);
		return;
	}
}

static void error_event(struct watch_plan *p, const struct watch_end *end, int64_t now_ms,
			struct watch_next *next)
{
	if (kube_status_is_expired(&end->status)) {
		list_soon(p, end, now_ms, next);
		return;
	}
	if (end->initial && !kube_status_is_too_new(&end->status) &&
	    end->status.status != 429) {
		/* "a watch stream was requested ... RequestWatchProgress is disabled" */
		next->no_watch_list = true;
		back_off(p, end, now_ms, next);
		return;
	}
	if (end->status.status != 429)
		p->must_list = true;
	back_off(p, end, now_ms, next);
}

void watch_plan_ended(struct watch_plan *p, const struct watch_end *end, bool watch_list,
		      int64_t now_ms, struct watch_next *ret_next)
{
	struct watch_next next = {0};
	switch (end->kind) {
	case WATCH_LISTED:
		watch_plan_synced(p);
		break;
	case WATCH_LIST_FAILED:
		back_to_websocket(p);
		back_off(p, end, now_ms, &next);
		break;
	case WATCH_STREAM_ENDED:
		stream_ended(p, end, now_ms, &next);
		break;
	case WATCH_ERROR_EVENT:
		error_event(p, end, now_ms, &next);
		break;
	case WATCH_BAD_EVENT:
		p->must_list = true;
		back_off(p, end, now_ms, &next);
		break;
	case WATCH_SILENT:
		next.no_watch_list = end->initial;
		closed(p, end, now_ms, &next);
		next.failure = true;
		break;
	}
	if (p->websocket_again_ms && now_ms >= p->websocket_again_ms)
		back_to_websocket(p);
	set_step(p, watch_list, &next);
	*ret_next = next;
}
