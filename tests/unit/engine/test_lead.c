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
	tcase_add_test(t, without_samples_the_lead_time_is_two_minutes);
	tcase_add_test(t, twenty_samples_beat_the_configured_lead_time);
	tcase_add_test(t, the_lead_time_is_the_95th_percentile);
	tcase_add_loop_test(t, the_window_covers_the_lead_time_and_the_delays, 0,
			    ARRAY_LEN(windows));
	suite_add_tcase(s, t);
	return run_suite(s);
}
