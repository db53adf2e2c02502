#include "decide/decision.h"

#include "unit/harness.h"

#include <string.h>

START_TEST(a_cleared_decision_keeps_the_size_and_its_memory)
{
	struct metric_decision metrics[3];
	struct decision d;
	memset(&d, 0x5a, sizeof(d));
	memset(metrics, 0x5a, sizeof(metrics));
	struct hpa_words words;
	memset(&words, 0x5a, sizeof(words));
	d.metrics = metrics;
	d.metric_count = 2;
	d.words = &words;
	decision_clear(&d, 7);
	ck_assert_int_eq(d.current, 7);
	ck_assert_int_eq(d.desired, 7);
	ck_assert_int_eq(d.wanted, DECIDE_NO_REPLICAS);
	ck_assert_int_eq(d.cap_base, DECIDE_NO_REPLICAS);
	ck_assert_int_eq(d.winner, -1);
	ck_assert_str_eq(d.reason, "");
	ck_assert_ptr_eq(d.metrics, metrics);
	ck_assert_int_eq(d.metric_count, 2);
	ck_assert_ptr_eq(d.words, &words);
	ck_assert_int_eq(words.conditions[CONDITION_ABLE_TO_SCALE].status,
			 CONDITION_KEEP);
	ck_assert_str_eq(words.rescale, "");
	ck_assert(!metrics[0].known && !metrics[1].known);
	ck_assert_int_eq(metrics[1].reactive, 0);
	ck_assert_int_eq(metrics[2].reactive, 0x5a5a5a5a); /* not its own */
}
END_TEST

/* {to, from} metrics */
static const int32_t counts[][2] = {{1, 3}, {3, 1}, {2, 2}, {0, 2}};

START_TEST(a_copy_has_the_metrics_that_it_has_room_for)
{
	struct metric_decision given[3] = {
		{.reactive = 1}, {.reactive = 2}, {.reactive = 3}};
	struct metric_decision room[4];
	int32_t count = counts[_i][0], of = counts[_i][1];
	struct hpa_words words, others;
	struct decision from = {.desired = 9,
				.reason = "because",
				.metrics = given,
				.metric_count = of,
				.words = &others};
	struct decision to = {.metrics = room, .metric_count = count, .words = &words};
	memset(room, 0x5a, sizeof(room));
	decision_copy(&to, &from);
	ck_assert_int_eq(to.desired, 9);
	ck_assert_str_eq(to.reason, "because");
	ck_assert_ptr_eq(to.metrics, room);
	ck_assert_int_eq(to.metric_count, count);
	ck_assert_ptr_eq(to.words, &words);
	for (int32_t i = 0; i < count; i++)
		ck_assert_int_eq(room[i].reactive, i < of ? i + 1 : 0);
	ck_assert_int_eq(room[count].reactive, 0x5a5a5a5a);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("decision");
	TCase *t = tcase_create("decision");
	tcase_add_test(t, a_cleared_decision_keeps_the_size_and_its_memory);
	tcase_add_loop_test(t, a_copy_has_the_metrics_that_it_has_room_for, 0,
			    ARRAY_LEN(counts));
	suite_add_tcase(s, t);
	return run_suite(s);
}
