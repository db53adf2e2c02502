/* How long new pods need to become Ready, measured, and the window that follows from it.
 */
#include "engine/slot.h"

#include <stdlib.h>
#include <string.h>

#define LEAD_DEFAULT_MS  (120 * MS_PER_S)
#define LEAD_SAMPLES_MIN 20 /* below, a P95 is the largest of too few */
#define LEAD_PLAUSIBLE_MS                                                                \
	MS_PER_H /* longer ones are pods that fell ill later, not starts */

/* How old the newest finished minute can be when it is acted on: 60 s until it ends, the
 * time until it is asked for, a cycle, and the cycle in which the write happens. */
#define DATA_AGE_MS(c) (MS_PER_MIN + (c)->settle_ms + (c)->sync_period_ms)

static const int32_t ladder[] = {1, 2, 3, 5, 8, 13, 20, 30, 60, 120};

static void append(struct lead_samples *l, int32_t ms)
{
	if (l->count == LEAD_SAMPLES_MAX) {
		memmove(l->ms, l->ms + 1, sizeof(l->ms) - sizeof(l->ms[0]));
		l->count--;
	}
	l->ms[l->count++] = ms;
}

void lead_note(struct lead_samples *l, int64_t created_ms, int64_t ready_ms)
{
	int64_t ms = ready_ms - created_ms;
	if (ms < 0 || ms > LEAD_PLAUSIBLE_MS)
		return;
	append(l, (int32_t)ms);
	if (ready_ms > l->newest_ms) {
		l->newest_ms = ready_ms;
		l->newest_count = 0;
	}
	l->newest_count += ready_ms == l->newest_ms;
}

void lead_note_never(struct lead_samples *l, int64_t age_ms)
{
	if (age_ms > 0 && age_ms <= LEAD_PLAUSIBLE_MS)
		append(l, (int32_t)-age_ms);
}

/* Samples that became Ready. */
static int32_t ready_count(const struct lead_samples *l)
{
	int32_t count = 0;
	for (int32_t i = 0; i < l->count; i++)
		count += l->ms[i] >= 0;
	return count;
}

/* By age; where they are equal, those that became Ready first. */
static bool goes_before(int32_t a, int32_t b)
{
	return abs(a) < abs(b) || (abs(a) == abs(b) && a > b);
}

/* 95th percentile after Kaplan and Meier (1958): a pod that never became Ready counts as
 * one that would have taken longer than it was there. Without such pods it is the nearest
 * rank. When fewer than 95 % are known to have become Ready: the longest age seen.
 * Insertion sort: qsort may allocate. */
static int64_t percentile_95(const struct lead_samples *l)
{
	int32_t sorted[LEAD_SAMPLES_MAX];
	double waiting = 1;
	for (int32_t i = 0; i < l->count; i++) {
		int32_t k = i;
		for (; k > 0 && goes_before(l->ms[i], sorted[k - 1]); k--)
			sorted[k] = sorted[k - 1];
		sorted[k] = l->ms[i];
	}
	for (int32_t i = 0; i < l->count; i++) {
		if (sorted[i] >= 0)
			waiting *= 1 - 1.0 / (l->count - i);
		if (waiting <= 0.05 + 1e-9)
			return sorted[i];
	}
	return abs(sorted[l->count - 1]);
}

int64_t lead_time_ms(const struct prepared *s, enum lead_source *ret_source)
{
	if (ready_count(&s->record.lead) >= LEAD_SAMPLES_MIN) {
		*ret_source = LEAD_MEASURED;
		return percentile_95(&s->record.lead);
	}
	if (s->policy && s->policy->forecast.lead_time_ms > 0) {
		*ret_source = LEAD_CONFIGURED;
		return s->policy->forecast.lead_time_ms;
	}
	*ret_source = LEAD_DEFAULT;
	return LEAD_DEFAULT_MS;
}

void lead_publish(struct prepared *s)
{
	s->status.lead_ms = lead_time_ms(s, &s->status.lead_source);
	s->status.lead_samples = ready_count(&s->record.lead);
}

static int32_t rung_for(double minutes)
{
	for (size_t i = 0; i < ARRAY_LEN(ladder); i++)
		if (ladder[i] >= minutes)
			return ladder[i];
	return ladder[ARRAY_LEN(ladder) - 1];
}

int64_t lead_delay_ms(const struct engine_config *c, int64_t lead_ms)
{
	return lead_ms + DATA_AGE_MS(c) - MS_PER_MIN;
}

int32_t lead_window_min(const struct engine_config *c, int64_t lead_ms, int32_t before)
{
	double need = (double)(lead_ms + DATA_AGE_MS(c)) / (double)MS_PER_MIN;
	int32_t rung = rung_for(need);
	/* A shorter window is taken only when a fifth more lead would fit it too: each
	 * change of the rung costs a new calibration. */
	if (rung < before && rung_for(need * 1.2) >= before)
		return before;
	return rung;
}
