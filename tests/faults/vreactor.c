/* lib/io's reactor and clock in virtual time. */
#include "faults/virtual.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define TIMERS_MAX 16384
#define BASE_US    INT64_C(1000000000) /* machines are never new */
/* What happens at once takes this long, so that no loop can stop the time. */
#define AT_ONCE_US 10

struct due {
	struct timer *timer;
	int64_t us;
	enum virtual_side side;
	uint64_t number; /* of two at the same time the one that was set first */
};

struct reactor {
	bool stop;
};

static int64_t now_us, wall_offset_ms;
static struct due dues[TIMERS_MAX];
static int due_count;
static uint64_t next_number;
static struct rng chance;
static enum virtual_side side;

void virtual_reset(uint64_t seed)
{
	now_us = BASE_US;
	wall_offset_ms = 0;
	due_count = 0;
	next_number = 0;
	rng_init(&chance, seed);
}

enum virtual_side virtual_side(void)
{
	return side;
}

void virtual_set_side(enum virtual_side to)
{
	side = to;
}

double virtual_chance(void)
{
	return rng_uniform(&chance);
}

void virtual_set_wall(int64_t offset_ms)
{
	wall_offset_ms = offset_ms;
}

/* In place of the C library's: seeds of back-offs and jitter. */
ssize_t getrandom(void *buf, size_t len, unsigned int flags)
{
	(void)flags;
	for (size_t i = 0; i < len; i++)
		((unsigned char *)buf)[i] = (unsigned char)(rng_next(&chance) >> 56);
	return (ssize_t)len;
}

/* --- clock.h --- */

int64_t monotonic_ms(void)
{
	return now_us / 1000;
}

int64_t monotonic_us(void)
{
	return now_us;
}

int64_t wall_ms(void)
{
	return INT64_C(1768780800000) + (now_us - BASE_US) / 1000 + wall_offset_ms;
}

void clock_init_real(struct clock *c)
{
	*c = (struct clock){.speed = 1.0};
}

void clock_init_scaled(struct clock *c, int64_t origin_ms, double speed)
{
	*c = (struct clock){
		.origin_ms = origin_ms, .started_ms = monotonic_ms(), .speed = speed};
}

int64_t clock_now_ms(const struct clock *c)
{
	if (!c->started_ms)
		return wall_ms();
	return c->origin_ms +
	       (int64_t)((double)(monotonic_ms() - c->started_ms) * c->speed);
}

int64_t clock_delay_ms(const struct clock *c, int64_t at_ms)
{
	int64_t wait = at_ms - clock_now_ms(c);
	return wait <= 0 ? 0 : (int64_t)((double)wait / c->speed + 0.999);
}

/* --- reactor.h --- */

struct reactor *reactor_new(struct err *err)
{
	(void)err;
	return xcalloc(1, sizeof(struct reactor));
}

void reactor_free(struct reactor *r)
{
	free(r);
}

void reactor_cleanup(struct reactor **r)
{
	reactor_free(*r);
}

void reactor_stop(struct reactor *r)
{
	r->stop = true;
}

struct lws_context *reactor_lws(struct reactor *r)
{
	(void)r;
	return NULL;
}

static int first_due(void)
{
	int first = -1;
	for (int i = 0; i < due_count; i++)
		if (first < 0 || dues[i].us < dues[first].us ||
		    (dues[i].us == dues[first].us && dues[i].number < dues[first].number))
			first = i;
	return first;
}

static void serve_until(struct reactor *r, int64_t end_us)
{
	r->stop = false;
	while (!r->stop) {
		int i = first_due();
		if (i < 0 || dues[i].us > end_us)
			return;
		struct timer *t = dues[i].timer;
		if (dues[i].us > now_us)
			now_us = dues[i].us;
		side = dues[i].side;
		dues[i] = dues[--due_count];
		t->fire(t->arg);
		side = SIDE_NONE;
	}
}

void reactor_run(struct reactor *r)
{
	serve_until(r, INT64_MAX);
}

void virtual_run(struct reactor *r, int64_t ms)
{
	int64_t end_us = now_us + ms * 1000;
	serve_until(r, end_us);
	if (!r->stop)
		now_us = end_us;
}

static int find_due(const struct timer *t)
{
	for (int i = 0; i < due_count; i++)
		if (dues[i].timer == t)
			return i;
	return -1;
}

void timer_set(struct reactor *r, struct timer *t, int64_t delay_ms, void (*fire)(void *),
	       void *arg)
{
	int i = find_due(t);
	if (i < 0)
		i = due_count++;
	if (due_count > TIMERS_MAX)
		abort();
	t->reactor = r;
	t->fire = fire;
	t->arg = arg;
	int64_t delay_us = delay_ms > 0 ? delay_ms * 1000 : AT_ONCE_US;
	dues[i] = (struct due){t, now_us + delay_us, side, next_number++};
}

void timer_cancel(struct timer *t)
{
	int i = t ? find_due(t) : -1;
	if (i >= 0)
		dues[i] = dues[--due_count];
}

/* Nobody has descriptors or transfers of curl here. */
int transfer_start(struct reactor *r, struct transfer *t, struct err *err)
{
	(void)r;
	(void)t;
	return err_set(err, ERR_FATAL, "there are no sockets in virtual time");
}

void transfer_stop(struct reactor *r, struct transfer *t)
{
	(void)r;
	(void)t;
}

int fd_watch_start(struct reactor *r, struct fd_watch *w, struct err *err)
{
	(void)r;
	(void)w;
	return err_set(err, ERR_FATAL, "there are no descriptors in virtual time");
}

void fd_watch_stop(struct reactor *r, struct fd_watch *w)
{
	(void)r;
	(void)w;
}
