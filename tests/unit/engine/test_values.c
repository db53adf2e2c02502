#include "unit/engine/rig.h"

static struct rig r;

static void open_external(void)
{
	rig_open(&r, NULL);
	rig_start(&r, REACTIVE, 3);
}

static void open_cpu(void)
{
	rig_open(&r, NULL);
	rig_start(&r, HEAD("checkout") "metrics:\n" CPU NO_FORECAST, 2);
}

static void close_rig(void)
{
	rig_close(&r);
}

static const struct metric_values *values(void)
{
	return &rig_slot(&r)->metrics[0].values;
}

/* Answers of one or two series that say nothing, and why. */
static const struct {
	double value;
	int64_t age_ms;
	int count;
	const char *why;
} useless[] = {
	{1, 0, 0, "the query returned no series"},
	{1, 0, 2, "the query returned 2 series, one is needed"},
	{NAN, 0, 1, "the value is not a number"},
	{INFINITY, 0, 1, "the value is not a number"},
	{1, 150001, 1, "the sample is 2m30s1ms old"},
	{1, -150001, 1, "the sample is 2m30s1ms in the future"},
	{1, MONDAY, 1, "old"}, /* no time at all */
};

START_TEST(a_useless_answer_is_unknown_and_says_why)
{
	struct value_row row = {.value = useless[_i].value,
				.time_ms = r.now_ms - useless[_i].age_ms};
	struct value_row rows[] = {row, row};
	rig_rows(&r, rows, useless[_i].count);
	ck_assert_ptr_nonnull(values()->unknown);
	ck_assert_msg(strstr(values()->unknown, useless[_i].why) != NULL, "%s",
		      values()->unknown);
	ck_assert(!rig_status(&r)->metrics[0].known);
	ck_assert(isnan(rig_status(&r)->metrics[0].current));
	ck_assert_int_eq(rig_status(&r)->desired, 3);
}
END_TEST

START_TEST(a_time_that_is_no_time_does_not_overflow)
{
	struct value_row row = {.value = 1, .time_ms = INT64_MIN};
	rig_rows(&r, &row, 1);
	ck_assert_ptr_nonnull(values()->unknown);
	rig_until_asked(&r);
	row.time_ms = INT64_MAX;
	rig_rows(&r, &row, 1);
	ck_assert_ptr_nonnull(values()->unknown);
}
END_TEST

START_TEST(a_sample_may_be_a_little_old)
{
	struct value_row row = {.value = 1, .time_ms = r.now_ms - 150 * MS_PER_S};
	rig_rows(&r, &row, 1);
	ck_assert_ptr_null(values()->unknown);
}
END_TEST

static const struct {
	double value;
	int64_t milli;
} milli[] = {
	{0.1, 100},    {0.1000001, 101},    {0.30000000000000004, 300},
	{0, 0},        {-0.0015, -1},       {1e300, INT64_MAX},
	{450, 450000}, {-1e300, INT64_MIN}, {5e15, INT64_C(5000000000000000000)},
};

START_TEST(values_are_rounded_up_to_milli_but_not_by_noise)
{
	rig_value(&r, milli[_i].value);
	ck_assert_int_eq(values()->total_m, milli[_i].milli);
}
END_TEST

START_TEST(the_first_answer_of_a_cycle_counts)
{
	rig_value(&r, 300);
	rig_value(&r, 900);
	ck_assert_int_eq(values()->total_m, 300000);
	rig_fail(&r, "late");
	ck_assert_ptr_null(values()->unknown);
}
END_TEST

START_TEST(an_answer_of_an_old_cycle_is_not_decided_on)
{
	struct query_ref old = r.asked;
	rig_until_asked(&r);
	struct query_ref fresh = r.asked;
	r.asked = old;
	rig_value(&r, 900);
	ck_assert_int_eq(r.did->count, 0);
	r.asked = fresh;
	rig_value(&r, 310);
	ck_assert_int_eq(values()->total_m, 310000);
}
END_TEST

START_TEST(an_answer_for_a_metric_that_is_not_there_is_ignored)
{
	r.asked.metric = 7;
	rig_value(&r, 900);
	r.asked.metric = UINT32_MAX;
	rig_value(&r, 900);
	r.asked.slot = 12345;
	rig_value(&r, 900);
	ck_assert_int_eq(r.did->count, 0);
}
END_TEST

START_TEST(containers_add_up_and_other_pods_do_not_count)
{
	struct value_row rows[] = {
		{"p0", "main", 0.2, r.now_ms, 0},
		{"p0", "sidecar", 0.1, r.now_ms - 1000, 0},
		{"p1", "main", 0.4, r.now_ms, 0},
		{"stranger", "main", 9, r.now_ms, 0},
		{NULL, NULL, 9, r.now_ms, 0},
	};
	rig_rows(&r, rows, 5);
	ck_assert_int_eq(values()->count, 2);
	const struct pod_value *p0 = pod_values_find(values(), hash_text("p0"));
	ck_assert_int_eq(p0->value_m, 300);
	ck_assert_int_eq(p0->containers, 2);
	ck_assert_int_eq(p0->time_ms, r.now_ms - 1000);
	ck_near(rig_status(&r)->metrics[0].current, 0.7, 1e-9);
}
END_TEST

START_TEST(a_sample_from_before_the_pods_start_does_not_count)
{
	struct pod_info young = {.phase = POD_RUNNING,
				 .ready = READY_TRUE,
				 .created_ms = r.now_ms - 5000,
				 .start_ms = r.now_ms - 5000,
				 .ready_since_ms = r.now_ms - 1000};
	rig_pod(&r, "p0", &young);
	struct value_row rows[] = {{"p0", NULL, 3, r.now_ms - 5001, 0},
				   {"p1", NULL, 0.5, r.now_ms, 0}};
	rig_rows(&r, rows, 2);
	ck_assert_int_eq(values()->count, 1);
	ck_assert_ptr_null(pod_values_find(values(), hash_text("p0")));
}
END_TEST

/* Per-pod answers that say nothing. */
static const struct {
	const char *pod;
	double value;
	int64_t age_ms;
	int count;
	const char *why;
} useless_pods[] = {
	{"p0", 1, 0, 0, "the query returned no series"},
	{"stranger", 1, 0, 1, "the query returned no series of the target's pods"},
	{NULL, 1, 0, 1, "the query returned series without a pod label"},
	{"p0", NAN, 0, 1, "the value is not a number"},
	{"p0", 1, 200000, 1, "the sample is 3m20s old"},
};

START_TEST(useless_answers_per_pod_say_why)
{
	struct value_row row = {useless_pods[_i].pod, NULL, useless_pods[_i].value,
				r.now_ms - useless_pods[_i].age_ms, 0};
	rig_rows(&r, &row, useless_pods[_i].count);
	ck_assert_str_eq(values()->unknown, useless_pods[_i].why);
}
END_TEST

START_TEST(one_container_is_asked_for)
{
	rig_policy(&r, "checkout",
		   HEAD("checkout") "metrics:\n- type: ContainerResource\n"
				    "  containerResource: {name: cpu, container: main, "
				    "target: {type: Utilization, averageUtilization: "
				    "50}}\n" NO_FORECAST);
	rig_pods(&r, 2);
	rig_until_asked(&r);
	struct value_row rows[] = {{"p0", "main", 0.2, r.now_ms, 0},
				   {"p0", "sidecar", 5, r.now_ms, 0},
				   {"p1", NULL, 5, r.now_ms, 0}};
	rig_rows(&r, rows, 3);
	ck_assert_int_eq(values()->count, 1);
	ck_assert_int_eq(values()->pods[0].value_m, 200);
	ck_assert_int_eq(values()->pods[0].containers, 0);
}
END_TEST

static int by_key(const void *left, const void *right)
{
	const struct value_row *a = left, *b = right;
	return a->key < b->key ? -1 : a->key > b->key;
}

/* As an answer that serves many policies. */
static void rows_by_key(struct value_row *rows, int32_t count)
{
	for (int32_t i = 0; i < count; i++)
		rows[i].key = hash_text(rows[i].pod);
	qsort(rows, (size_t)count, sizeof(*rows), by_key);
	struct event event = {.type = EVENT_VALUES};
	event.u.values.query = r.asked;
	event.u.values.rows = rows;
	event.u.values.count = count;
	event.u.values.by_key = true;
	rig_step(&r, &event);
}

START_TEST(rows_in_order_say_the_same_as_others)
{
	struct value_row rows[40];
	char names[ARRAY_LEN(rows)][16];
	for (int32_t i = 0; i < (int32_t)ARRAY_LEN(rows); i++) {
		snprintf(names[i], sizeof(names[i]), "other-%d", i);
		rows[i] = (struct value_row){names[i], "main", 9, r.now_ms, 0};
	}
	rows[7] = (struct value_row){"p0", "main", 0.2, r.now_ms, 0};
	rows[23] = (struct value_row){"p0", "sidecar", 0.1, r.now_ms - 1000, 0};
	rows[24] = (struct value_row){"p1", "main", 0.4, r.now_ms, 0};
	rows_by_key(rows, ARRAY_LEN(rows));
	ck_assert_int_eq(values()->count, 2);
	ck_assert_int_eq(pod_values_find(values(), hash_text("p0"))->value_m, 300);
	ck_assert_int_eq(pod_values_find(values(), hash_text("p0"))->containers, 2);
	ck_assert_int_eq(pod_values_find(values(), hash_text("p1"))->value_m, 400);
	ck_near(rig_status(&r)->metrics[0].current, 0.7, 1e-9);
}
END_TEST

START_TEST(rows_in_order_of_other_pods_are_no_value)
{
	struct value_row rows[] = {{"x", "main", 9, r.now_ms, 0},
				   {"y", "main", 9, r.now_ms, 0}};
	rows_by_key(rows, ARRAY_LEN(rows));
	ck_assert_str_eq(values()->unknown,
			 "the query returned no series of the target's pods");
}
END_TEST

START_TEST(a_row_in_order_that_is_no_value_says_why)
{
	struct value_row rows[] = {{"p0", "main", NAN, r.now_ms, 0},
				   {"y", "main", 9, r.now_ms, 0}};
	rows_by_key(rows, ARRAY_LEN(rows));
	ck_assert_str_eq(values()->unknown, "the value is not a number");
}
END_TEST

START_TEST(more_rows_than_there_is_room_for_are_left_out)
{
	int32_t max = r.e->values_max;
	struct value_row *rows = xcalloc((size_t)max + 10, sizeof(*rows));
	for (int32_t i = 0; i < max + 10; i++)
		rows[i] = (struct value_row){"p0", "c", 0.001, r.now_ms, 0};
	rig_rows(&r, rows, max + 10);
	ck_assert_int_eq(values()->count, 1);
	ck_assert_int_eq(values()->pods[0].containers, max);
	free(rows);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("values");
	TCase *t = tcase_create("totals");
	tcase_add_checked_fixture(t, open_external, close_rig);
	tcase_add_loop_test(t, a_useless_answer_is_unknown_and_says_why, 0,
			    ARRAY_LEN(useless));
	tcase_add_test(t, a_time_that_is_no_time_does_not_overflow);
	tcase_add_test(t, a_sample_may_be_a_little_old);
	tcase_add_loop_test(t, values_are_rounded_up_to_milli_but_not_by_noise, 0,
			    ARRAY_LEN(milli));
	tcase_add_test(t, the_first_answer_of_a_cycle_counts);
	tcase_add_test(t, an_answer_of_an_old_cycle_is_not_decided_on);
	tcase_add_test(t, an_answer_for_a_metric_that_is_not_there_is_ignored);
	suite_add_tcase(s, t);
	t = tcase_create("pods");
	tcase_add_checked_fixture(t, open_cpu, close_rig);
	tcase_add_test(t, containers_add_up_and_other_pods_do_not_count);
	tcase_add_test(t, rows_in_order_say_the_same_as_others);
	tcase_add_test(t, rows_in_order_of_other_pods_are_no_value);
	tcase_add_test(t, a_row_in_order_that_is_no_value_says_why);
	tcase_add_test(t, a_sample_from_before_the_pods_start_does_not_count);
	tcase_add_loop_test(t, useless_answers_per_pod_say_why, 0,
			    ARRAY_LEN(useless_pods));
	tcase_add_test(t, one_container_is_asked_for);
	tcase_add_test(t, more_rows_than_there_is_room_for_are_left_out);
	suite_add_tcase(s, t);
	return run_suite(s);
}
