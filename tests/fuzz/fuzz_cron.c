/* Cron expressions: a schedule that is taken opens some day, and cron_next finds the
 * first minute that cron_matches knows. */
#include "fuzz/fuzz.h"

#include "policy/policy.h"

#include <stdlib.h>

/* February 29th on one weekday comes every 28 years, and every 40 over a 2100. */
#define RARELY_DAYS (41 * 366)
#define LOOK_MIN    (3 * 24 * 60) /* minute by minute */

static void check_masks(const struct cron *c)
{
	must(c->minutes && !(c->minutes >> 60), "%llx", (unsigned long long)c->minutes);
	must(c->hours && !(c->hours >> 24), "%x", c->hours);
	must(c->days && !(c->days & 1), "%x", c->days);
	must(c->months && !(c->months >> 13) && !(c->months & 1), "%x", c->months);
	must(c->weekdays && !(c->weekdays >> 7), "%x", c->weekdays);
}

static void check_next(const struct cron *c, int64_t wall_ms)
{
	int64_t limit = wall_ms + RARELY_DAYS * MS_PER_DAY, next = -1;
	must(cron_next(c, wall_ms, limit, &next), "never opens after %lld",
	     (long long)wall_ms);
	must(next > wall_ms && next < limit, "%lld after %lld", (long long)next,
	     (long long)wall_ms);
	must(next % MS_PER_MIN == 0 && cron_matches(c, next), "%lld", (long long)next);
	int64_t minute = wall_ms - wall_ms % MS_PER_MIN + MS_PER_MIN;
	for (int i = 0; i < LOOK_MIN && minute < next; i++, minute += MS_PER_MIN)
		must(!cron_matches(c, minute), "%lld comes before %lld",
		     (long long)minute, (long long)next);
	int64_t other = -1;
	must(!cron_next(c, wall_ms, next, &other) && other == -1, "limit %lld: %lld",
	     (long long)next, (long long)other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text AUTO_FREE = fuzz_text(data, size);
	struct cron c;
	struct err err = {0};
	if (cron_parse(text, &c, &err) < 0) {
		must_explain(&err);
		must(err.code == ERR_INVALID, "code %d", (int)err.code);
		return 0;
	}
	check_masks(&c);
	/* Somewhere between 1970 and 2100, the same for the same text. */
	int64_t days = (int64_t)(hash_text(text) % (130 * 365));
	check_next(&c, days * MS_PER_DAY);
	check_next(&c, days * MS_PER_DAY + (int64_t)(hash_text(text) % MS_PER_DAY));
	return 0;
}
