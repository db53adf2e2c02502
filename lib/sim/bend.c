#include "sim/bend.h"

#include <stdlib.h>
#include <string.h>

#define DRIP_PIECES 16
/* Above every client's limit on an answer: 32 MiB for the API server's. */
#define HUGE_BYTES (33u << 20)

/* A request that waits, hangs, or is answered in drips. */
struct bend_held {
	struct bends *bends;
	struct bend_held *next, **link;
	struct exchange *exchange;
	struct timer timer;
	void (*again)(struct exchange *x, void *arg);
	void *arg;
	char *body; /* of a drip */
	size_t len, sent;
	int64_t every_ms;
};

void bends_init(struct bends *b, struct reactor *r, const struct clock *clock)
{
	*b = (struct bends){.reactor = r, .clock = clock};
}

static void held_free(struct bend_held *h)
{
	timer_cancel(&h->timer);
	*h->link = h->next;
	if (h->next)
		h->next->link = h->link;
	free(h->body);
	free(h);
}

void bends_fini(struct bends *b)
{
	while (b->held)
		held_free(b->held);
}

void bends_arm(struct bends *b, const struct fault *f)
{
	if (b->count == BENDS_MAX)
		return;
	b->armed[b->count] = *f;
	if (!b->armed[b->count].times)
		b->armed[b->count].times = 1;
	b->count++;
}

static bool is_about(const struct fault *f, enum fault_on on, const char *of)
{
	return (f->on == FAULT_ANY || f->on == on) &&
	       (!f->of[0] || strcmp(f->of, of) == 0);
}

/* The first of the class that strikes; each one that is about it counts it. */
static bool strike(struct bends *b, bool (*class)(enum fault_kind), enum fault_on on,
		   const char *of, struct fault *ret)
{
	bool struck = false;
	for (int i = 0; i < b->count; i++) {
		struct fault *f = &b->armed[i];
		if (!class(f->kind) || !is_about(f, on, of))
			continue;
		if (f->skip > 0) {
			f->skip--;
			continue;
		}
		if (struck)
			continue;
		struck = true;
		b->struck++;
		*ret = *f;
		if (--f->times > 0)
			continue;
		memmove(f, f + 1, (size_t)(b->count - i - 1) * sizeof(*f));
		b->count--;
		i--;
	}
	return struck;
}

int bends_event(struct bends *b, const char *of)
{
	struct fault f;
	return strike(b, fault_is_of_events, FAULT_WATCHES, of, &f) ? (int)f.kind : -1;
}

/* --- held --- */

static void on_gone(struct exchange *x, void *arg)
{
	(void)x;
	held_free(arg);
}

static struct bend_held *hold(struct bends *b, struct exchange *x)
{
	struct bend_held *h = xcalloc(1, sizeof(*h));
	h->bends = b;
	h->exchange = x;
	h->next = b->held;
	h->link = &b->held;
	if (h->next)
		h->next->link = &h->next;
	b->held = h;
	exchange_on_gone(x, on_gone, h);
	return h;
}

static int64_t real_ms(const struct bends *b, int64_t engine_ms)
{
	return clock_delay_ms(b->clock, clock_now_ms(b->clock) + engine_ms);
}

static void delay_over(void *arg)
{
	struct bend_held *h = arg;
	struct exchange *x = h->exchange;
	void (*again)(struct exchange *, void *) = h->again;
	void *again_arg = h->arg;
	h->bends->bent = false;
	exchange_on_gone(x, NULL, NULL);
	held_free(h);
	again(x, again_arg);
}

static void drip(void *arg)
{
	struct bend_held *h = arg;
	size_t piece = (h->len + DRIP_PIECES - 1) / DRIP_PIECES, left = h->len - h->sent;
	size_t n = piece < left ? piece : left;
	struct exchange *x = h->exchange;
	if (n && exchange_send(x, h->body + h->sent, n) < 0)
		return; /* `gone` follows */
	h->sent += n;
	if (h->sent < h->len) {
		timer_set(h->bends->reactor, &h->timer, h->every_ms, drip, h);
		return;
	}
	exchange_on_gone(x, NULL, NULL);
	held_free(h);
	exchange_end(x);
}

/* --- a request comes in --- */

static bool seen(struct bends *b, enum seen_phase phase, const struct request *q)
{
	return b->seen && b->seen(b->seen_arg, phase, q);
}

enum bend_verdict bends_take(struct bends *b, struct exchange *x,
			     const struct bend_request *q,
			     void (*again)(struct exchange *x, void *arg), void *arg)
{
	struct bend_held *h;
	b->bent = false;
	if (seen(b, SEEN_ARRIVED, exchange_request(x))) {
		exchange_abort(x);
		return BEND_DEALT;
	}
	if (!strike(b, fault_is_of_requests, q->on, q->of, &b->now))
		return BEND_GO_ON;
	switch ((int)b->now.kind) { /* those of requests */
	case FAULT_STATUS:
		return BEND_REFUSE;
	case FAULT_DROP:
		exchange_abort(x);
		return BEND_DEALT;
	case FAULT_HANG:
		hold(b, x);
		return BEND_DEALT;
	case FAULT_DELAY:
		h = hold(b, x);
		h->again = again;
		h->arg = arg;
		timer_set(b->reactor, &h->timer, real_ms(b, b->now.ms), delay_over, h);
		return BEND_DEALT;
	default:
		b->bent = true;
		return BEND_GO_ON;
	}
}

int bends_upgrade(struct bends *b, const struct request *q, const char *of)
{
	if (seen(b, SEEN_ARRIVED, q))
		return 503;
	if (!strike(b, fault_is_of_requests, FAULT_WATCHES, of, &b->now))
		return 0;
	return b->now.kind == FAULT_STATUS ? b->now.code : 503;
}

/* --- its answer goes out --- */

static void cut_now(struct exchange *x, void *arg)
{
	(void)arg;
	exchange_abort(x);
}

static void nothing(struct exchange *x, void *arg)
{
	(void)x;
	(void)arg;
}

static void start_drip(struct bends *b, struct exchange *x, int status, const char *type,
		       const char *body, size_t len)
{
	struct bend_held *h = hold(b, x);
	h->body = xmalloc(len + 1);
	memcpy(h->body, body, len);
	h->len = len;
	h->every_ms = real_ms(b, b->now.ms) / DRIP_PIECES;
	exchange_stream(x, status, type, NULL);
	timer_set(b->reactor, &h->timer, h->every_ms, drip, h);
}

static void reply_huge(struct exchange *x, const char *type, const char *body, size_t len)
{
	char *all AUTO_FREE = xmalloc(len + HUGE_BYTES);
	memcpy(all, body, len);
	memset(all + len, ' ', HUGE_BYTES);
	exchange_reply(x, 200, type, all, len + HUGE_BYTES);
}

static void reply_bent(struct bends *b, struct exchange *x, int status, const char *type,
		       const char *body, size_t len)
{
	b->bent = false;
	switch ((int)b->now.kind) { /* those of requests that are carried out */
	case FAULT_LOSE:
		exchange_abort(x);
		return;
	case FAULT_SWALLOW:
		hold(b, x);
		return;
	case FAULT_CUT:
		exchange_on_gone(x, nothing, NULL);
		exchange_stream(x, status, type, cut_now);
		exchange_send(x, body, len / 2);
		return;
	case FAULT_DRIP:
		start_drip(b, x, status, type, body, len);
		return;
	case FAULT_GARBAGE:
		exchange_reply(x, 200, type, body, len / 2);
		return;
	case FAULT_WRONG:
		exchange_reply_text(
			x, 200, type,
			"{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/v1\","
			"\"metadata\":{\"resourceVersion\":\"1\"},\"rows\":[]}");
		return;
	case FAULT_HUGE:
		reply_huge(x, type, body, len);
		return;
	default:
		exchange_reply(x, status, type, body, len);
		return;
	}
}

void bends_reply(struct bends *b, struct exchange *x, int status,
		 const char *content_type, const char *body, size_t len)
{
	struct request q AUTO(request_fini) = {0};
	if (b->seen)
		request_copy(&q, exchange_request(x));
	if (seen(b, SEEN_DONE, &q)) {
		exchange_abort(x);
		return;
	}
	if (b->bent)
		reply_bent(b, x, status, content_type, body, len);
	else
		exchange_reply(x, status, content_type, body, len);
	seen(b, SEEN_ANSWERED, &q);
}

void bends_reply_text(struct bends *b, struct exchange *x, int status,
		      const char *content_type, const char *text)
{
	bends_reply(b, x, status, content_type, text, strlen(text));
}
