#include "policy/parts.h"

#define RESPECT_DEFAULT                                                                  \
	(10 * MS_PER_MIN) /* time to look, and to write it down for good */
#define RESPECT_MAX (24 * MS_PER_H)

static void read_rollout(const struct place *at, const struct field *f, void *object)
{
	struct policy_holds *holds = object;
	holds->scale_down_rollout_written = true;
	field_bool(at, f, &holds->scale_down_during_rollout);
}

static void read_manual(const struct place *at, const struct field *f, void *object)
{
	struct policy_holds *holds = object;
	holds->respect_manual_scale_written = true;
	field_duration(at, f, &holds->respect_manual_scale_ms);
}

static const struct field holds_fields[] = {
	{.name = "scaleDownDuringRollout", .read = read_rollout},
	{.name = "respectManualScale", .read = read_manual, .max = RESPECT_MAX},
};

void policy_read_holds(const struct place *at, const struct field *f, void *object)
{
	struct policy *p = object;
	(void)f;
	fields_read(at, holds_fields, ARRAY_LEN(holds_fields), &p->holds);
}

bool policy_forecasting(const struct policy *p)
{
	return p->forecast.written && p->forecast.mode != FORECAST_DISABLED;
}

void policy_default_holds(struct policy *p)
{
	bool on = policy_forecasting(p);
	if (!p->holds.scale_down_rollout_written)
		p->holds.scale_down_during_rollout = !on;
	if (!p->holds.respect_manual_scale_written)
		p->holds.respect_manual_scale_ms = on ? RESPECT_DEFAULT : 0;
}
