#include "policy/parts.h"

#include <stdlib.h>
#include <string.h>

#define DURATION_MIN MS_PER_MIN
#define DURATION_MAX (31 * MS_PER_DAY)
#define NO_BOUND     (-1)

void policy_read_zone(const struct place *at, const struct field *f, void *object)
{
	if (!scalar_check(at, "the name of a time zone, like Europe/Paris"))
		return;
	if (!zone_name_is_valid(at->node->text))
		place_invalid(at, "must be the name of a time zone, like Europe/Paris");
	else
		field_text(at, f, object);
}

int32_t policy_zone_line(const struct place *at)
{
	struct place zone = place_field(at, "timeZone");
	return zone.node ? zone.node->line : 0;
}

static void read_cron(const struct place *at, const struct field *f, void *object)
{
	struct policy_schedule *s = object;
	struct err err;
	if (!scalar_check(at, "a cron expression like \"0 8 * * 1-5\""))
		return;
	/* An empty one is an absent one. */
	if (*at->node->text && cron_parse(at->node->text, &s->cron, &err) < 0)
		place_problem(at, "%s", err.msg);
	else
		field_text(at, f, &s->cron_text);
}

static const struct field schedule_fields[] = {
	{.name = "cron", .read = read_cron},
	{.name = "timeZone",
	 .read = policy_read_zone,
	 .offset = offsetof(struct policy_schedule, time_zone)},
	{.name = "duration",
	 .read = field_duration,
	 .offset = offsetof(struct policy_schedule, duration_ms),
	 .min = DURATION_MIN,
	 .max = DURATION_MAX},
	{.name = "minReplicas",
	 .read = field_int32,
	 .offset = offsetof(struct policy_schedule, min_replicas),
	 .max = INT32_MAX,
	 .low = "must be greater than or equal to 0"},
	{.name = "maxReplicas",
	 .read = field_int32,
	 .offset = offsetof(struct policy_schedule, max_replicas),
	 .min = 1,
	 .max = INT32_MAX,
	 .low = "must be greater than 0"},
};

static void read_schedule(const struct place *at, struct policy_schedule *s)
{
	*s = (struct policy_schedule){
		.time_zone = xstrdup("UTC"),
		.min_replicas = NO_BOUND,
		.max_replicas = NO_BOUND,
	};
	fields_read(at, schedule_fields, ARRAY_LEN(schedule_fields), s);
	s->time_zone_line = policy_zone_line(at);
	place_require(at, "cron",
		      "minute, hour, day of the month, month, day of the week");
	place_require(at, "duration", "how long it holds, like 10h");
	if (at->node->kind == YAML_MAP && !place_has(at, "minReplicas") &&
	    !place_has(at, "maxReplicas"))
		place_problem(at, "Required value: must set minReplicas, maxReplicas or "
				  "both");
}

void policy_read_schedules(const struct place *at, const struct field *f, void *object)
{
	struct policy *p = object;
	(void)f;
	if (!list_limit(at, POLICY_SCHEDULES_MAX))
		return;
	for (size_t i = 0; i < at->node->count; i++) {
		struct place item = place_item(at, i);
		read_schedule(&item, &p->schedules[p->schedule_count++]);
	}
}

/* Only right numbers: what is wrong by itself has been said. */
static void check_bounds(const struct place *at, const struct policy_schedule *s,
			 const struct policy *p)
{
	struct place min = place_field(at, "minReplicas");
	struct place max = place_field(at, "maxReplicas");
	if (s->max_replicas != NO_BOUND && s->max_replicas < s->min_replicas)
		place_problem(&max,
			      "Invalid value: %d: must be greater than or equal to "
			      "`minReplicas`",
			      s->max_replicas);
	else if (s->max_replicas != NO_BOUND && s->max_replicas < p->min_replicas)
		place_problem(&max,
			      "Invalid value: %d: must be greater than or equal to the "
			      "policy's `minReplicas`, %d",
			      s->max_replicas, p->min_replicas);
	if (p->max_replicas >= 1 && s->min_replicas > p->max_replicas)
		place_problem(&min,
			      "Invalid value: %d: must be less than or equal to the "
			      "policy's `maxReplicas`, %d",
			      s->min_replicas, p->max_replicas);
}

void policy_check_schedules(const struct place *root, const struct policy *p)
{
	struct place list = place_field(root, "schedule");
	for (int32_t i = 0; i < p->schedule_count; i++) {
		struct place item = place_item(&list, (size_t)i);
		check_bounds(&item, &p->schedules[i], p);
	}
}

void policy_schedule_fini(struct policy_schedule *s)
{
	free(s->cron_text);
	free(s->time_zone);
	*s = (struct policy_schedule){0};
}
