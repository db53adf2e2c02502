#include "io/clock.h"

#include <math.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t monotonic_ms(void)
{
	return read_ms(CLOCK_BOOTTIME);
}

int64_t monotonic_us(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t wall_ms(void)
{
	return read_ms(CLOCK_REALTIME);
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
	double real = (double)(monotonic_ms() - c->started_ms);
	return c->origin_ms + (int64_t)(real * c->speed);
}

int64_t clock_delay_ms(const struct clock *c, int64_t at_ms)
{
	int64_t wait = at_ms - clock_now_ms(c);
	return wait <= 0 ? 0 : (int64_t)ceil((double)wait / c->speed);
}
