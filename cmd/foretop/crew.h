/* Several threads, for what is long and falls into parts. */
#ifndef FORETOP_CREW_H
#define FORETOP_CREW_H

#include <stdint.h>

/* Does job(arg, i) for each i in [0, count), the lowest first, with as many threads as
 * this process has processors, the caller's among them, and returns when all are done.
 * Where no thread can be had the caller does it alone. Jobs must bear each other. */
void crew_spread(void (*job)(void *arg, int32_t i), void *arg, int32_t count);

#endif
