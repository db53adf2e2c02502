#include "unit/engine/rig.h"

static struct lead_samples samples;

static void note_many(int32_t count, int64_t ms)
{
	for (int32_t i = 0; i < count; i++)
		lead_note(&samples, 0, ms);
}

static struct prepared *slot_with(struct rig *r, const char *text, int32_t count,
				  int64_t ms)
{
	rig_policy(r, "checkout", text);
	samples = (struct lead_samples){0};
	note_many(count, ms);
	rig_slot(r)->record.lead = samples;
	return rig_slot(r);
}

START_TEST(the_oldest_sample_makes_room)
{
	samples = (struct lead_samples){0};
	lead_note(&samples, 0, 1);
	note_many(LEAD_SAMPLES_MAX - 1, 2);
	ck_assert_int_eq(samples.ms[0], 1);
	lead_note(&samples, 0, 3);
	ck_assert_int_eq(samples.count, LEAD_SAMPLES_MAX);
	ck_assert_int_eq(samples.ms[0], 2);
	ck_assert_int_eq(samples.ms[LEAD_SAMPLES_MAX - 1], 3);
}
END_TEST

START_TEST(implausible_samples_are_not_noted)
{
	samples = (struct lead_samples){0};
	lead_note(&samples, 0, -1);
	lead_note(&samples, 0, MS_PER_H + 1);
	ck_assert_int_eq(samples.count, 0);
	lead_note(&samples, 0, 0);
	lead_note(&samples, 0, MS_PER_H);
	ck_assert_int_eq(samples.count, 2);
}
END_TEST

/* Kaplan and Meier: what is not known to have become Ready cannot make the P95 shorter.
 */
START_TEST(pods_that_never_became_ready_count_as_longer)
{
	static const struct {
		int32_t ready, never; /* 100 s each, and 300 s */
		int32_t slow;         /* Ready after 400 s */
		int64_t lead_ms;
	} cases[] = {
		{40, 0, 0, 100000},  {40, 2, 0, 100000}, {40, 3, 0, 300000},
		{38, 0, 2, 100000},  {37, 0, 3, 400000}, {38, 1, 2, 400000},
		{20, 20, 4, 400000},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct rig r;
		enum lead_source source;
		rig_open(&r, NULL);
		struct prepared *s = slot_with(&r, REACTIVE, cases[i].ready, 100000);
		struct lead_samples *l = &s->record.lead;
		for (int32_t k = 0; k < cases[i].never; k++)
			lead_note_never(l, 300000);
		for (int32_t k = 0; k < cases[i].slow; k++)
			lead_note(l, 0, 400000);
		ck_assert_msg(lead_time_ms(s, &source) == cases[i].lead_ms,
			      "case %zu: %lld", i, (long long)lead_time_ms(s, &source));
		lead_publish(s);
		ck_assert_int_eq(rig_status(&r)->lead_samples,
				 cases[i].ready + cases[i].slow);
		rig_close(&r);
	}
}
END_TEST

START_TEST(where_ages_are_equal_those_that_became_ready_come_first)
{
	struct rig r;
	enum lead_source source;
	rig_open(&r, NULL);
	struct prepared *s = slot_with(&r, REACTIVE, 0, 0);
	for (int32_t i = 0; i < 3; i++)
		lead_note_never(&s->record.lead, 5000);
	for (int32_t i = 0; i < 57; i++)
		lead_note(&s->record.lead, 0, 5000);
	lead_note_never(&s->record.lead, 900000);
	lead_note_never(&s->record.lead, 0);
	lead_note_never(&s->record.lead, MS_PER_H + 1);
	ck_assert_int_eq(s->record.lead.count, 61);
	ck_assert_int_eq(lead_time_ms(s, &source), 900000);
	s->record.lead.count--;
	ck_assert_int_eq(lead_time_ms(s, &source), 5000);
	rig_close(&r);
}
END_TEST

START_TEST(a_pod_that_went_in_its_start_is_noted_if_it_took_long)
{
	struct rig r;
	rig_open(&r, NULL);
	rig_start(&r, REACTIVE, 3);
	struct pod_info starting = {.phase = POD_PENDING,
				    .ready = READY_FALSE,
				    .created_ms = r.now_ms,
				    .start_ms = POD_TIME_NONE,
				    .ready_since_ms = POD_TIME_NONE};
	rig_pod(&r, "quick", &starting);
	rig_pod(&r, "long", &starting);
	const struct lead_samples *l = &rig_slot(&r)->record.lead;
	int32_t before = l->count;
	r.now_ms += 120 * MS_PER_S;
	rig_pod_gone(&r, "quick");
	ck_assert_int_eq(l->count, before);
	r.now_ms += 1;
	rig_pod_gone(&r, "long");
	ck_assert_int_eq(l->count, before + 1);
	ck_assert_int_eq(l->ms[before], -120001);
	/* One that was Ready does not count again. */
	rig_pod_gone(&r, "p0");
	ck_assert_int_eq(l->count, before + 1);
	rig_close(&r);
}
END_TEST

START_TEST(without_samples_the_lead_time_is_two_minutes)
{
	struct rig r;
	enum lead_source source;
	rig_open(&r, NULL);
	struct prepared *s = slot_with(&r, REACTIVE, 19, 5000);
	ck_assert_int_eq(lead_time_ms(s, &source), 120 * MS_PER_S);
	ck_assert_int_eq(source, LEAD_DEFAULT);
	rig_close(&r);
}
END_TEST

START_TEST(twenty_samples_beat_the_configured_lead_time)
{
	struct rig r;
	enum lead_source source;
	rig_open(&r, NULL);
	const char *text =
		HEAD("checkout") "metrics:\n" EXTERNAL "forecast: {leadTime: 45s}\n";
	struct prepared *s = slot_with(&r, text, 19, 5000);
	ck_assert_int_eq(lead_time_ms(s, &source), 45 * MS_PER_S);
	ck_assert_int_eq(source, LEAD_CONFIGURED);
	lead_note(&s->record.lead, 0, 5000);
	ck_assert_int_eq(lead_time_ms(s, &source), 5 * MS_PER_S);
	ck_assert_int_eq(source, LEAD_MEASURED);
	rig_close(&r);
}
END_TEST

START_TEST(the_lead_time_is_the_95th_percentile)
{
	struct rig r;
	enum lead_source source;
	rig_open(&r, NULL);
	struct prepared *s = slot_with(&r, REACTIVE, 0, 0);
	/* 40 samples in falling order: the 38th smallest. */
	for (int32_t i = 40; i > 0; i--)
		lead_note(&s->record.lead, 0, i * 1000);
	ck_assert_int_eq(lead_time_ms(s, &source), 38000);
	rig_close(&r);
}
END_TEST

/* Window for a lead time: with 85 s of delays (a minute, 10 s to settle, 15 s of cycle)
 * on top. */
static const struct {
	int64_t lead_s;
	int32_t before, window_min;
} windows[] = {
	{0, 0, 2},
	{35, 0, 2},
	{36, 0, 3},
	{95, 0, 3},
	{120, 0, 5},
	{300, 0, 8},
	{3600, 0, 120},
	{100000, 0, 120},
	/* up at once, down only when a fifth more would fit */
	{120, 3, 5},
	{95, 5, 5},
	{60, 5, 3},
	{66, 5, 5},
	{0, 120, 2},
};

START_TEST(the_window_covers_the_lead_time_and_the_delays)
{
	struct engine_config c;
	engine_config_default(&c);
	ck_assert_int_eq(
		lead_window_min(&c, windows[_i].lead_s * MS_PER_S, windows[_i].before),
		windows[_i].window_min);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lead");
	TCase *t = tcase_create("lead");
	tcase_add_test(t, the_oldest_sample_makes_room);
	tcase_add_test(t, implausible_samples_are_not_noted);
	tcase_add_test(t, pods_that_never_became_ready_count_as_longer);
	tcase_add_test(t, where_ages_are_equal_those_that_became_ready_come_first);
	tcase_add_test(t, a_pod_that_went_in_its_start_is_noted_if_it_took_long);
	tcase_add_test(t, without_samples_the_lead_time_is_two_minutes);
	tcase_add_test(t, twenty_samples_beat_the_configured_lead_time);
	tcase_add_test(t, the_lead_time_is_the_95th_percentile);
	tcase_add_loop_test(t, the_window_covers_the_lead_time_and_the_delays, 0,
			    ARRAY_LEN(windows));
	suite_add_tcase(s, t);
	return run_suite(s);
}
