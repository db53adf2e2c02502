/* Time zones by the system's database, through the C library. It knows one zone at a
 * time, so TZ is changed and put back: threads take turns in here, and nothing else in
 * the process may ask for local time or the environment meanwhile. */
#ifndef FORETOP_IO_TIMEZONE_H
#define FORETOP_IO_TIMEZONE_H

#include "base/base.h"

/* Reads the clock of a zone for times in [from_ms, to_ms], at most a century. UTC is
 * always known. 0, or -1 with *err = ERR_INVALID when the name is none or the database
 * ($TZDIR, else /usr/share/zoneinfo) lacks it, and when the clock is changed more than
 * ZONE_STEPS_MAX - 1 times. */
int timezone_load(const char *name, int64_t from_ms, int64_t to_ms, struct zone *ret_zone,
		  struct err *err);

#endif
