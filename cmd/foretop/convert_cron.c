/* KEDA's cron triggers, which have a start and an end, as openings with a duration. */
#include "convert.h"

#include "policy/policy.h"

#include <stdlib.h>
#include <string.h>

/* How many openings are looked at, within how long. */
#define OPENINGS  60
#define LOOKED_MS (800 * MS_PER_DAY)
/* A schedule's own limits. */
#define DURATION_MIN_MS MS_PER_MIN
#define DURATION_MAX_MS (31 * MS_PER_DAY)

/* KEDA counts a moment as inside when the next end comes before the next start: an
 * opening lasts until the last end before the next start, and one that is followed by
 * another start first does not count. *ret_ms 0: it does not. False: no more ends. */
static bool opening_length(const struct cron *end, int64_t opens, int64_t next_start,
			   int64_t *ret_ms)
{
	int64_t at = opens, limit = next_start + DURATION_MAX_MS, closes = opens;
	if (!cron_next(end, at, limit, &at))
		return false;
	while (at < next_start) {
		closes = at;
		if (!cron_next(end, at, limit, &at))
			break;
	}
	*ret_ms = closes - opens;
	return true;
}

/* The same for every opening. 0, or -1 with *err. */
static int duration_of(const struct cron *start, const struct cron *end, int64_t *ret_ms,
		       struct err *err)
{
	int64_t at, next, duration = -1, length;
	/* A leap year lies in it: 1970 to 1972. */
	if (!cron_next(start, 0, LOOKED_MS, &at))
		return err_set(err, ERR_INVALID, "it never opens");
	for (int i = 0; i < OPENINGS && cron_next(start, at, LOOKED_MS, &next);
	     i++, at = next) {
		if (!opening_length(end, at, next, &length))
			continue;
		if (duration >= 0 && length != duration)
			return err_set(err, ERR_INVALID,
				       "its openings are not all of the same length");
		duration = length;
	}
	if (duration < DURATION_MIN_MS || duration > DURATION_MAX_MS)
		return err_set(err, ERR_INVALID,
			       "an opening must last from a minute to 31 days");
	*ret_ms = duration;
	return 0;
}

static const char *meta(const cJSON *trigger, const char *key)
{
	const cJSON *item =
		cJSON_GetObjectItemCaseSensitive(json_at(trigger, "metadata"), key);
	return cJSON_IsString(item) ? item->valuestring : "";
}

static int read_times(const cJSON *trigger, int64_t *ret_ms, struct err *err)
{
	struct cron start, end;
	if (cron_parse(meta(trigger, "start"), &start, err) < 0)
		return err_wrap(err, "start");
	if (cron_parse(meta(trigger, "end"), &end, err) < 0)
		return err_wrap(err, "end");
	return duration_of(&start, &end, ret_ms, err);
}

void convert_cron_trigger(const cJSON *trigger, int64_t max_replicas, const char *path,
			  struct conversion *c)
{
	struct err err = {0};
	int64_t duration = 0, want, wants;
	char text[48], *end = NULL;
	const char *replicas = meta(trigger, "desiredReplicas");
	want = strtoll(replicas, &end, 10);
	if (!*replicas || *end || want < 0) {
		conversion_note(c, "%s: desiredReplicas \"%s\" is no number: no schedule",
				path, replicas);
		return;
	}
	if (read_times(trigger, &duration, &err) < 0) {
		conversion_note(c,
				"%s: start \"%s\", end \"%s\": %s: write it into "
				"`schedule`",
				path, meta(trigger, "start"), meta(trigger, "end"),
				err.msg);
		return;
	}
	wants = want;
	if (want > max_replicas) {
		want = max_replicas;
		conversion_note(c, "%s: desiredReplicas %lld: maxReplicaCount %lld holds",
				path, (long long)wants, (long long)max_replicas);
	}
	cJSON *list = cJSON_GetObjectItemCaseSensitive(c->policy, "schedule");
	if (!list)
		list = cJSON_AddArrayToObject(c->policy, "schedule");
	cJSON *entry = cJSON_CreateObject();
	cJSON_AddStringToObject(entry, "cron", meta(trigger, "start"));
	if (*meta(trigger, "timezone"))
		cJSON_AddStringToObject(entry, "timeZone", meta(trigger, "timezone"));
	cJSON_AddStringToObject(entry, "duration",
				duration_format(duration, text, sizeof(text)));
	cJSON_AddNumberToObject(entry, "minReplicas", (double)want);
	cJSON_AddItemToArray(list, entry);
}
