/* People who scale by hand: a change of spec.replicas that was not ours is left as it is
 * for a while. */
#include "engine/slot.h"

#include <string.h>

/* Ours is what we wrote, or were about to write when the answer was lost or the process
 * killed; or what the object itself says is ours. */
static bool is_ours(const struct size_record *z, const struct target_info *info)
{
	if (info->scaler != SCALER_UNKNOWN)
		return info->scaler == SCALER_US;
	return info->replicas == z->meant;
}

void manual_see(struct engine *e, struct prepared *s, const struct target_info *info,
		int64_t now_ms)
{
	struct size_record *z = &s->record.size;
	int32_t before = z->known_replicas;
	if (z->known && info->replicas == before)
		return;
	bool others = z->known && !is_ours(z, info);
	z->known = true;
	z->known_replicas = z->meant = info->replicas;
	s->changed |= others;
	if (!others || !slot_active(s) || !write_allowed(e, s) ||
	    s->policy->holds.respect_manual_scale_ms <= 0)
		return;
	z->manual_ms = now_ms;
	z->manual_from = before;
	z->manual_to = info->replicas;
	char until[16];
	emit_event(e, s, false, "ManualScale",
		   "others set replicas from %d to %d -> respected until %s", before,
		   info->replicas,
		   clock_text(now_ms + s->policy->holds.respect_manual_scale_ms, until));
}

void manual_mean(struct prepared *s, int32_t replicas)
{
	s->record.size.meant = replicas;
}

void manual_wrote(struct prepared *s, int32_t replicas)
{
	struct size_record *z = &s->record.size;
	z->known = true;
	z->known_replicas = z->meant = replicas;
}

void manual_hold(const struct engine *e, const struct prepared *s, int64_t now_ms,
		 struct hold_reasons *holds)
{
	const struct size_record *z = &s->record.size;
	int64_t until_ms = z->manual_ms + s->policy->holds.respect_manual_scale_ms;
	char at[16], until[16];
	if (!z->manual_ms || now_ms >= until_ms || !write_allowed(e, s))
		return;
	hold_reasons_add(holds, "ManualScale", true, true,
			 "others set replicas from %d to %d at %s, respected until %s",
			 z->manual_from, z->manual_to, clock_text(z->manual_ms, at),
			 clock_text(until_ms, until))
		->until_ms = until_ms;
}
