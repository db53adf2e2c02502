#include "base/zone.h"

#include <ctype.h>
#include <string.h>

#define NAME_BYTES_MAX 64

bool zone_name_is_valid(const char *name)
{
	size_t len = strlen(name);
	if (len < 1 || len > NAME_BYTES_MAX || !isalpha((unsigned char)name[0]) ||
	    name[len - 1] == '/' || strstr(name, "//"))
		return false;
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("+-_/", *p))
			return false;
	return true;
}

/* The step in force; with no steps UTC. */
static int32_t step_at(const struct zone *z, int64_t utc_ms)
{
	int32_t i = 0;
	while (i + 1 < z->count && z->steps[i + 1].from_ms <= utc_ms)
		i++;
	return i;
}

int64_t zone_offset(const struct zone *z, int64_t utc_ms)
{
	return z->steps[step_at(z, utc_ms)].offset_ms;
}

int64_t zone_wall(const struct zone *z, int64_t utc_ms)
{
	return utc_ms + zone_offset(z, utc_ms);
}

int64_t zone_utc(const struct zone *z, int64_t wall_ms)
{
	/* The first step whose clock has not passed this wall time when it ends: it shows
	 * it first, or would if it went on. */
	int32_t i = 0;
	while (i + 1 < z->count &&
	       wall_ms - z->steps[i].offset_ms >= z->steps[i + 1].from_ms &&
	       wall_ms - z->steps[i + 1].offset_ms >= z->steps[i + 1].from_ms)
		i++;
	return wall_ms - z->steps[i].offset_ms;
}

bool zone_last_utc(const struct zone *z, int64_t wall_ms, int64_t *ret_utc_ms)
{
	int32_t i = z->count > 0 ? z->count - 1 : 0;
	/* From the last step down: each ends where the one after it begins. */
	while (i > 0 && wall_ms - z->steps[i].offset_ms < z->steps[i].from_ms)
		i--;
	int64_t utc_ms = wall_ms - z->steps[i].offset_ms;
	if (i + 1 < z->count && utc_ms >= z->steps[i + 1].from_ms)
		return false;
	*ret_utc_ms = utc_ms;
	return true;
}
