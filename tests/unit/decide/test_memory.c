#include "unit/decide/rig.h"

#include "decide/normalize.h"

/* What the window would say now: the largest (down) and the smallest (up) entry in it. */
static void extremes(const struct decide_memory *m, int64_t now_ms, int64_t window_ms,
		     int32_t *ret_max, int32_t *ret_min)
{
	*ret_max = INT32_MIN;
	*ret_min = INT32_MAX;
	for (int32_t i = 0; i < m->log_count; i++) {
		if (m->log[i].at_ms <= now_ms - window_ms)
			continue;
		if (m->log[i].replicas > *ret_max)
			*ret_max = m->log[i].replicas;
		if (m->log[i].replicas < *ret_min)
			*ret_min = m->log[i].replicas;
	}
}

/* A reference without any bound, 5 s apart for two hours. */
#define STEPS 1440
struct reference {
	struct recommendation all[STEPS];
	int32_t count;
};

static void reference_extremes(const struct reference *r, int64_t now_ms,
			       int64_t window_ms, int32_t *ret_max, int32_t *ret_min)
{
	*ret_max = INT32_MIN;
	*ret_min = INT32_MAX;
	for (int32_t i = 0; i < r->count; i++) {
		if (r->all[i].at_ms <= now_ms - window_ms)
			continue;
		if (r->all[i].replicas > *ret_max)
			*ret_max = r->all[i].replicas;
		if (r->all[i].replicas < *ret_min)
			*ret_min = r->all[i].replicas;
	}
}

START_TEST(full_log_forgets_nothing_that_could_still_be_chosen)
{
	static struct reference ref;
	struct decide_memory m = {.seeded = true};
	struct rng rng;
	rng_init(&rng, 11);
	ref.count = 0;
	for (int32_t i = 0; i < STEPS; i++) {
		int64_t now_ms = RIG_NOW_MS + i * 5 * MS_PER_S;
		int32_t size = 5 + (int32_t)(rng_uniform(&rng) * 40);
		ref.all[ref.count++] = (struct recommendation){now_ms, size};
		decide_memory_remember(&m, -1, size, now_ms);
		ck_assert_int_le(m.log_count, RECOMMENDATIONS_MAX);
		for (int64_t window_ms = 15000; window_ms <= 3600000; window_ms *= 2) {
			int32_t want_max, want_min, got_max, got_min;
			reference_extremes(&ref, now_ms, window_ms, &want_max, &want_min);
			extremes(&m, now_ms, window_ms, &got_max, &got_min);
			ck_assert_int_eq(got_max, want_max);
			ck_assert_int_eq(got_min, want_min);
		}
	}
}
END_TEST

START_TEST(log_of_a_falling_load_holds_longer_never_shorter)
{
	static struct reference ref;
	struct decide_memory m = {.seeded = true};
	ref.count = 0;
	for (int32_t i = 0; i < STEPS; i++) {
		int64_t now_ms = RIG_NOW_MS + i * 5 * MS_PER_S;
		int32_t size = 20000 - 10 * i; /* nothing is ever superseded */
		ref.all[ref.count++] = (struct recommendation){now_ms, size};
		decide_memory_remember(&m, -1, size, now_ms);
		ck_assert_int_le(m.log_count, RECOMMENDATIONS_MAX);
		int32_t want, got, unused;
		reference_extremes(&ref, now_ms, 3600000, &want, &unused);
		extremes(&m, now_ms, 3600000, &got, &unused);
		ck_assert_int_ge(got, want);
		/* and not by more than a minute of recommendations */
		ck_assert_int_le(got, want + 130);
	}
}
END_TEST

START_TEST(clock_that_is_set_back_again_and_again_overruns_nothing)
{
	struct decide_memory m = {.seeded = true};
	for (int32_t i = 0; i < 100; i++) {
		for (int32_t k = 0; k < 90; k++) {
			int64_t now_ms = RIG_NOW_MS + (k - 7 * i) * MS_PER_MIN;
			decide_memory_remember(&m, -1, 10000 - 90 * i - k, now_ms);
			ck_assert_int_le(m.log_count, RECOMMENDATIONS_MAX);
			scale_events_add(&m.up, 1, now_ms, 1800000);
			ck_assert_int_le(m.up.count, SCALE_EVENTS_MAX);
		}
	}
}
END_TEST

START_TEST(place_of_an_old_entry_is_used_again)
{
	struct decide_memory m = {0};
	decide_memory_remember(&m, -1, 3, 1000);
	decide_memory_remember(&m, -1, 4, 2000);
	decide_memory_remember(&m, 0, 5, 3000);
	ck_assert_int_eq(m.log_count, 2);
	ck_assert_int_eq(m.log[0].replicas, 5);
	ck_assert_int_eq(m.log[0].at_ms, 3000);
	ck_assert_int_eq(m.log[1].replicas, 4);
}
END_TEST

START_TEST(lowering_touches_only_what_is_higher)
{
	struct decide_memory m = {0};
	decide_memory_remember(&m, -1, 9, 1000);
	decide_memory_remember(&m, -1, 4, 2000);
	decide_memory_lower(&m, 6);
	ck_assert_int_eq(m.log[0].replicas, 6);
	ck_assert_int_eq(m.log[1].replicas, 4);
}
END_TEST

START_TEST(events_count_strictly_inside_the_period)
{
	struct scale_events e = {0};
	scale_events_add(&e, 3, 100000, 60000);
	scale_events_add(&e, 5, 130000, 60000);
	ck_assert_int_eq(scale_events_sum(&e, 159999, 60000), 8);
	ck_assert_int_eq(scale_events_sum(&e, 160000, 60000), 5);
	ck_assert_int_eq(scale_events_sum(&e, 190000, 60000), 0);
}
END_TEST

START_TEST(outdated_event_gives_its_place)
{
	struct scale_events e = {0};
	scale_events_add(&e, 3, 100000, 60000);
	scale_events_add(&e, 5, 130000, 60000);
	scale_events_add(&e, 7, 160000, 60000); /* 60 s is not yet outdated */
	ck_assert_int_eq(e.count, 3);
	scale_events_add(&e, 9, 160001, 60000);
	ck_assert_int_eq(e.count, 3);
	ck_assert_int_eq(e.items[0].change, 9);
	ck_assert(!e.items[0].outdated);
}
END_TEST

START_TEST(full_list_of_events_keeps_the_sum)
{
	struct scale_events e = {0};
	for (int i = 0; i < 3 * SCALE_EVENTS_MAX; i++) {
		scale_events_add(&e, 1, RIG_NOW_MS + i * 5 * MS_PER_S, 1800000);
		ck_assert_int_le(e.count, SCALE_EVENTS_MAX);
		ck_assert_int_eq(
			scale_events_sum(&e, RIG_NOW_MS + i * 5 * MS_PER_S, 1800000),
			i + 1);
	}
	/* Over any period the sum is right to what happens within a minute. */
	int64_t now_ms = RIG_NOW_MS + (3 * SCALE_EVENTS_MAX - 1) * 5 * MS_PER_S;
	for (int64_t period_s = 60; period_s < 900; period_s += 60)
		ck_near(scale_events_sum(&e, now_ms, period_s * MS_PER_S), period_s / 5,
			8);
}
END_TEST

START_TEST(events_out_of_order_are_merged_by_their_minutes)
{
	struct scale_events e = {0};
	/* Pairs of one minute stand far apart in the list. */
	for (int i = 0; i < SCALE_EVENTS_MAX; i++) {
		int64_t at_ms = RIG_NOW_MS - (i % 2 ? 20 : 10) * MS_PER_MIN + i * 1000;
		e.items[e.count++] = (struct scale_event){.at_ms = at_ms, .change = 1};
	}
	scale_events_add(&e, 5, RIG_NOW_MS, 1800000);
	ck_assert_int_le(e.count, 6);
	ck_assert_int_eq(scale_events_sum(&e, RIG_NOW_MS, 1800000), SCALE_EVENTS_MAX + 5);
	ck_assert_int_eq(scale_events_sum(&e, RIG_NOW_MS, 15 * MS_PER_MIN),
			 SCALE_EVENTS_MAX / 2 + 5);
}
END_TEST

START_TEST(recommendations_of_one_moment_supersede_each_other)
{
	struct decide_memory m = {0}, record;
	decide_memory_remember(&m, -1, 5, RIG_NOW_MS);
	decide_memory_remember(&m, -1, 5, RIG_NOW_MS);
	decide_memory_remember(&m, -1, 5, RIG_NOW_MS);
	decide_memory_export(&m, RIG_NOW_MS, &record);
	ck_assert_int_eq(record.log_count, 1);
	ck_assert_int_eq(record.log[0].replicas, 5);
}
END_TEST

START_TEST(longest_period_is_that_of_any_rule)
{
	struct scaling_rules r = {
		.rules = {{RULE_PODS, 1, 60}, {RULE_PODS, 1, 1800}, {RULE_PODS, 1, 15}},
		.count = 3};
	ck_assert_int_eq(scaling_rules_longest_ms(&r), 1800000);
	r.count = 0;
	ck_assert_int_eq(scaling_rules_longest_ms(&r), 0);
}
END_TEST

START_TEST(record_decides_like_the_original_and_is_small)
{
	static struct decide_memory m, copy;
	struct decide_memory record;
	struct rng rng;
	rng_init(&rng, 3);
	m = (struct decide_memory){
		.seeded = true, .scaled_to_zero = true, .last_scale_ms = 77};
	for (int32_t i = 0; i < 120; i++)
		decide_memory_remember(&m, -1, 10 + (int32_t)(rng_uniform(&rng) * 5),
				       RIG_NOW_MS - (3595 - i * 30) * MS_PER_S);
	scale_events_add(&m.up, 4, RIG_NOW_MS - MS_PER_S, 60000);
	scale_events_add(&m.down, 2, RIG_NOW_MS - MS_PER_S, 60000);
	decide_memory_export(&m, RIG_NOW_MS, &record);
	ck_assert_int_le(record.log_count, 10);
	decide_memory_import(&copy, &record, RIG_NOW_MS + 15000);
	ck_assert(copy.seeded && copy.scaled_to_zero);
	ck_assert_int_eq(copy.last_scale_ms, 77);
	ck_assert_int_eq(copy.up.items[0].change, 4);
	ck_assert_int_eq(copy.down.items[0].change, 2);
	for (int64_t window_ms = 1000; window_ms <= 3600000; window_ms += 1000) {
		int32_t a, b, c, d;
		extremes(&m, RIG_NOW_MS, window_ms, &a, &b);
		extremes(&copy, RIG_NOW_MS, window_ms, &c, &d);
		ck_assert_int_eq(a, c);
		ck_assert_int_eq(b, d);
	}
}
END_TEST

START_TEST(damaged_record_does_no_harm)
{
	static struct decide_memory record, m;
	memset(&record, 0x7f, sizeof(record));
	record.seeded = record.scaled_to_zero = true;
	decide_memory_import(&m, &record, RIG_NOW_MS);
	ck_assert_int_eq(m.log_count, 0);
	ck_assert_int_eq(m.up.count, 0);
	ck_assert_int_eq(m.down.count, 0);
	ck_assert_int_eq(m.last_scale_ms, 0);
	ck_assert(!m.seeded);

	record = (struct decide_memory){
		.seeded = true, .log_count = 4, .up = {.count = -3}};
	record.log[0] = (struct recommendation){RIG_NOW_MS + 61 * MS_PER_S, 50};
	record.log[1] = (struct recommendation){RIG_NOW_MS - 10 * MS_PER_S, -4};
	record.log[2] = (struct recommendation){RIG_NOW_MS - 3601 * MS_PER_S, 70};
	record.log[3] = (struct recommendation){RIG_NOW_MS - 20 * MS_PER_S, 8};
	decide_memory_import(&m, &record, RIG_NOW_MS);
	ck_assert_int_eq(m.log_count, 1);
	ck_assert_int_eq(m.log[0].replicas, 8);
	ck_assert_int_eq(m.up.count, 0);
	ck_assert(m.seeded);
}
END_TEST

START_TEST(after_a_gap_the_present_size_is_remembered_first)
{
	struct rig r;
	struct decide_memory record;
	rig_init(&r, 8);
	rig_external(&r, "a", 100, 200);
	rig_remember(&r, 2, 0);
	decide_memory_export(&r.memory, RIG_NOW_MS, &record);
	r.in.now_ms += 290 * MS_PER_S;
	decide_memory_import(&r.memory, &record, r.in.now_ms);
	ck_assert_int_eq(rig_decide(&r), 2);

	r.in.now_ms = RIG_NOW_MS + 301 * MS_PER_S;
	decide_memory_import(&r.memory, &record, r.in.now_ms);
	ck_assert_int_eq(rig_decide(&r), 8);
	ck_assert_int_eq(r.d.stabilization, STABILIZED_DOWN);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("memory");
	TCase *t = tcase_create("memory");
	tcase_add_test(t, full_log_forgets_nothing_that_could_still_be_chosen);
	tcase_add_test(t, log_of_a_falling_load_holds_longer_never_shorter);
	tcase_add_test(t, clock_that_is_set_back_again_and_again_overruns_nothing);
	tcase_add_test(t, place_of_an_old_entry_is_used_again);
	tcase_add_test(t, lowering_touches_only_what_is_higher);
	tcase_add_test(t, events_count_strictly_inside_the_period);
	tcase_add_test(t, outdated_event_gives_its_place);
	tcase_add_test(t, full_list_of_events_keeps_the_sum);
	tcase_add_test(t, events_out_of_order_are_merged_by_their_minutes);
	tcase_add_test(t, recommendations_of_one_moment_supersede_each_other);
	tcase_add_test(t, longest_period_is_that_of_any_rule);
	tcase_add_test(t, record_decides_like_the_original_and_is_small);
	tcase_add_test(t, damaged_record_does_no_harm);
	tcase_add_test(t, after_a_gap_the_present_size_is_remembered_first);
	suite_add_tcase(s, t);
	return run_suite(s);
}
