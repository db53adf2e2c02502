#include "decide/shadow_memory.h"

#include "decide/decide.h"
#include "decide/normalize.h"
#include "unit/harness.h"

#define NOW_MS (1000000 * MS_PER_MIN)

START_TEST(what_was_packed_comes_back)
{
	struct decide_memory m = {.log_count = 3}, back;
	m.log[0] = (struct recommendation){NOW_MS, 7};
	m.log[1] = (struct recommendation){NOW_MS - 254 * MS_PER_MIN, INT32_MAX};
	m.log[2] = (struct recommendation){NOW_MS - 60 * MS_PER_MIN, 0};
	m.up.count = 1;
	m.up.items[0] = (struct scale_event){.at_ms = NOW_MS - MS_PER_MIN, .change = 4};
	m.down.count = 1;
	m.down.items[0] =
		(struct scale_event){.at_ms = NOW_MS - 30 * MS_PER_MIN, .change = 9};
	struct shadow_log log;
	struct shadow_events events;
	shadow_memory_pack(&m, NOW_MS, &log, &events);
	shadow_memory_unpack(&log, &events, &back);
	ck_assert_mem_eq(&back, &m, sizeof(m));
}
END_TEST

START_TEST(what_is_older_than_an_age_can_tell_stays_too_old)
{
	struct decide_memory m = {.log_count = 1}, back;
	m.log[0] = (struct recommendation){NOW_MS - 5000 * MS_PER_MIN, 7};
	struct shadow_log log;
	for (int64_t now_ms = NOW_MS; now_ms < NOW_MS + 3 * MS_PER_MIN;
	     now_ms += MS_PER_MIN) {
		shadow_memory_pack(&m, now_ms, &log, NULL);
		shadow_memory_unpack(&log, NULL, &back);
		ck_assert_int_eq(back.log[0].at_ms, now_ms - 255 * MS_PER_MIN);
		ck_assert_int_eq(back.log[0].replicas, 7);
		m = back;
	}
}
END_TEST

START_TEST(a_zeroed_one_is_empty)
{
	struct decide_memory back, empty = {0};
	shadow_memory_unpack(&(struct shadow_log){0}, NULL, &back);
	ck_assert_mem_eq(&back, &empty, sizeof(empty));
	shadow_memory_unpack(&(struct shadow_log){0}, &(struct shadow_events){0}, &back);
	ck_assert_mem_eq(&back, &empty, sizeof(empty));
}
END_TEST

/* The largest memory there is fits, and is a third of the size. */
START_TEST(full_lists_fit)
{
	struct decide_memory m = {.log_count = RECOMMENDATIONS_MAX}, back;
	for (int32_t i = 0; i < RECOMMENDATIONS_MAX; i++)
		m.log[i] = (struct recommendation){NOW_MS - i * MS_PER_MIN, i};
	m.up.count = m.down.count = SCALE_EVENTS_MAX;
	for (int32_t i = 0; i < SCALE_EVENTS_MAX; i++)
		m.up.items[i] = m.down.items[i] = (struct scale_event){
			.at_ms = NOW_MS - i * MS_PER_MIN, .change = i};
	struct shadow_log log;
	struct shadow_events events;
	shadow_memory_pack(&m, NOW_MS, &log, &events);
	shadow_memory_unpack(&log, &events, &back);
	ck_assert_mem_eq(&back, &m, sizeof(m));
	ck_assert_uint_le(sizeof(log) + sizeof(events), sizeof(m) / 2);
}
END_TEST

static const struct {
	bool behavior;
	int32_t down_s, up_s;
} windows[] = {{false, 0, 0}, {true, 300, 0}, {true, 3600, 600}, {true, 0, 3600}};

static struct policy policy_with(int i)
{
	struct policy p = {
		.min_replicas = 1,
		.max_replicas = 1000,
		.has_behavior = windows[i].behavior,
		.up = {.has_stabilization = true,
		       .stabilization_s = windows[i].up_s,
		       .rules = {{RULE_PODS, 9, 120}, {RULE_PERCENT, 40, 900}},
		       .count = 2},
		.down = {.has_stabilization = true,
			 .stabilization_s = windows[i].down_s,
			 .rules = {{RULE_PODS, 5, 1800}, {RULE_PERCENT, 10, 60}},
			 .count = 2},
	};
	return p;
}

static int32_t step(const struct policy *p, const struct decide_config *config,
		    struct decide_memory *m, int32_t current, int32_t desired,
		    int64_t now_ms)
{
	struct normalization n = {
		.policy = p,
		.config = config,
		.now_ms = now_ms,
		.current = current,
		.desired = desired,
		.release = DECIDE_NO_REPLICAS,
	};
	normalize(&n, m);
	struct scale_change change = {current, n.replicas, now_ms, false};
	if (n.replicas != current)
		decide_scaled(m, p, config, &change, NULL);
	return n.replicas;
}

/* Two days of minutes with up to four decisions each, at random and with gaps longer than
 * an age can tell. */
START_TEST(decisions_from_packed_lists_are_those_from_a_memory)
{
	struct policy p = policy_with(_i);
	struct decide_config config;
	decide_config_default(&config);
	struct decide_memory whole = {0}, m;
	struct shadow_log log = {0};
	struct shadow_events events = {0};
	int32_t current = 10;
	uint64_t seed = 7;
	int64_t now_ms = NOW_MS;
	for (int minute = 0; minute < 2880; minute++) {
		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
		now_ms += (seed >> 40) % 700 ? MS_PER_MIN : 400 * MS_PER_MIN;
		int32_t desired = (int32_t)(seed >> 33) % 60 + 1;
		shadow_memory_unpack(&log, p.has_behavior ? &events : NULL, &m);
		for (uint64_t k = 0; k <= (seed >> 50) % 4; k++) {
			int32_t to = step(&p, &config, &whole, current, desired, now_ms);
			ck_assert_int_eq(step(&p, &config, &m, current, desired, now_ms),
					 to);
			current = to;
		}
		shadow_memory_pack(&m, now_ms, &log, p.has_behavior ? &events : NULL);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("decide/shadow_memory");
	TCase *t = tcase_create("pack");
	tcase_add_test(t, what_was_packed_comes_back);
	tcase_add_test(t, what_is_older_than_an_age_can_tell_stays_too_old);
	tcase_add_test(t, a_zeroed_one_is_empty);
	tcase_add_test(t, full_lists_fit);
	tcase_add_loop_test(t, decisions_from_packed_lists_are_those_from_a_memory, 0,
			    ARRAY_LEN(windows));
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return run_suite(suite());
}
