/* Two kinds of time: the engine's, which a demo may speed up, and the real one for
 * time-outs and leases. */
#ifndef FORETOP_IO_CLOCK_H
#define FORETOP_IO_CLOCK_H

#include <stdint.h>

struct clock {
	int64_t origin_ms;  /* engine time at the start; unused at speed 1 */
	int64_t started_ms; /* monotonic time at the start */
	double speed;       /* engine seconds per real second, > 0 */
};

/* The system's wall clock (it follows steps of the system time). */
void clock_init_real(struct clock *c);
/* Starts at origin_ms and runs `speed` times as fast as real time. */
void clock_init_scaled(struct clock *c, int64_t origin_ms, double speed);

/* Engine time, milliseconds since the epoch. */
int64_t clock_now_ms(const struct clock *c);
/* How long to wait in real milliseconds until engine time `at_ms`; 0 when it has come,
 * never negative. */
int64_t clock_delay_ms(const struct clock *c, int64_t at_ms);

/* Real milliseconds that never step back and go on while the machine sleeps
 * (CLOCK_BOOTTIME): for leases. */
int64_t monotonic_ms(void);
/* Real microseconds that never step back: for how long something took. */
int64_t monotonic_us(void);
/* Real wall clock time, milliseconds since the epoch. */
int64_t wall_ms(void);

#endif
