/* The clock on the wall of a time zone over some years, as plain data: io reads it from
 * the system's database, pure code reckons with it. Wall times are milliseconds since
 * 1970-01-01T00:00 on that clock, as if it had never been changed. */
#ifndef FORETOP_BASE_ZONE_H
#define FORETOP_BASE_ZONE_H

#include <stdbool.h>
#include <stdint.h>

/* Changes of the clock that are kept. A year has two in most zones and four in Morocco,
 * where Ramadan is apart. */
#define ZONE_STEPS_MAX 32

struct zone_step {
	int64_t from_ms;   /* UTC; the first step holds before it too */
	int64_t offset_ms; /* wall time - UTC, from then on; less than a day */
};

/* Zeroed it is UTC. */
struct zone {
	struct zone_step
		steps[ZONE_STEPS_MAX]; /* oldest first, further apart than any is long */
	int32_t count;
};

/* Could this be the name of a zone, "Europe/Paris"? Up to 64 bytes of letters, digits,
 * '+', '-', '_' and single slashes inside, a letter first; so never a path that leaves
 * its folder. Whether the zone exists is another question. */
bool zone_name_is_valid(const char *name);

/* wall time - UTC at a time in UTC. */
int64_t zone_offset(const struct zone *z, int64_t utc_ms);
int64_t zone_wall(const struct zone *z, int64_t utc_ms);

/* UTC of a wall time. What the clock shows twice counts when it is shown first; what it
 * skips counts as if it had not been changed yet, so 02:30 is 03:30 on the day on which
 * 02:00 to 03:00 is skipped. */
int64_t zone_utc(const struct zone *z, int64_t wall_ms);

/* The last time, in UTC, at which the clock shows this wall time: of what it shows twice
 * the second. False for what it skips. */
bool zone_last_utc(const struct zone *z, int64_t wall_ms, int64_t *ret_utc_ms);

#endif
