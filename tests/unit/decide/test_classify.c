#include "unit/decide/rig.h"

#include "decide/classify.h"

/* Times in seconds before now; production constants: 300 s of initialization, 30 s of
 * delay. */
static const struct {
	const char *name;
	enum pod_phase phase;
	enum pod_ready ready;
	bool deleted, has_value;
	int64_t started_s, ready_since_s, value_s;
	enum pod_class cpu, other;
} cases[] = {
	{"steady", POD_RUNNING, READY_TRUE, false, true, 9000, 8900, 0, POD_COUNTS,
	 POD_COUNTS},
	{"going", POD_RUNNING, READY_TRUE, true, true, 9000, 8900, 0, POD_IGNORED,
	 POD_IGNORED},
	{"failed", POD_FAILED, READY_FALSE, false, true, 9000, 8900, 0, POD_IGNORED,
	 POD_IGNORED},
	{"failed without a value", POD_FAILED, READY_FALSE, false, false, 9000, 8900, 0,
	 POD_IGNORED, POD_IGNORED},
	{"pending", POD_PENDING, READY_NONE, false, false, -1, 0, 0, POD_UNREADY,
	 POD_UNREADY},
	{"pending with a value", POD_PENDING, READY_NONE, false, true, -1, 0, 0,
	 POD_UNREADY, POD_UNREADY},
	{"no value", POD_RUNNING, READY_TRUE, false, false, 9000, 8900, 0, POD_MISSING,
	 POD_MISSING},
	{"unready without a value", POD_RUNNING, READY_FALSE, false, false, 10, 10, 0,
	 POD_MISSING, POD_MISSING},
	{"no Ready condition", POD_RUNNING, READY_NONE, false, true, 9000, 0, 0,
	 POD_UNREADY, POD_COUNTS},
	{"no start time", POD_RUNNING, READY_TRUE, false, true, -1, 8900, 0, POD_UNREADY,
	 POD_COUNTS},
	{"young, a full window since ready", POD_RUNNING, READY_TRUE, false, true, 200,
	 60, 0, POD_COUNTS, POD_COUNTS},
	{"young, window not full", POD_RUNNING, READY_TRUE, false, true, 200, 59, 0,
	 POD_UNREADY, POD_COUNTS},
	{"young, unready", POD_RUNNING, READY_FALSE, false, true, 200, 190, 0,
	 POD_UNREADY, POD_COUNTS},
	{"young, readiness unknown", POD_RUNNING, READY_UNKNOWN, false, true, 200, 190, 0,
	 POD_COUNTS, POD_COUNTS},
	{"at the end of initialization", POD_RUNNING, READY_TRUE, false, true, 300, 1, 0,
	 POD_COUNTS, POD_COUNTS},
	{"just before its end", POD_RUNNING, READY_TRUE, false, true, 299, 1, 0,
	 POD_UNREADY, POD_COUNTS},
	{"never ready", POD_RUNNING, READY_FALSE, false, true, 1000, 971, 0, POD_UNREADY,
	 POD_COUNTS},
	{"unready, but was ready", POD_RUNNING, READY_FALSE, false, true, 1000, 970, 0,
	 POD_COUNTS, POD_COUNTS},
	{"ended well", POD_SUCCEEDED, READY_TRUE, false, true, 9000, 8900, 0, POD_COUNTS,
	 POD_COUNTS},
};

START_TEST(pods_are_told_apart)
{
	struct decide_config config;
	decide_config_default(&config);
	struct pod pod = {
		.phase = (uint8_t)cases[_i].phase,
		.ready = (uint8_t)cases[_i].ready,
		.deleted = cases[_i].deleted,
		.start_ms = cases[_i].started_s < 0
				    ? POD_TIME_NONE
				    : RIG_NOW_MS - cases[_i].started_s * MS_PER_S,
		.ready_since_ms = RIG_NOW_MS - cases[_i].ready_since_s * MS_PER_S,
	};
	struct pod_value v = {.time_ms = RIG_NOW_MS - cases[_i].value_s * MS_PER_S,
			      .window_ms = 60000};
	const struct pod_value *value = cases[_i].has_value ? &v : NULL;
	ck_assert_msg(pod_classify(&pod, value, true, &config, RIG_NOW_MS) ==
			      cases[_i].cpu,
		      "%s, cpu", cases[_i].name);
	ck_assert_msg(pod_classify(&pod, value, false, &config, RIG_NOW_MS) ==
			      cases[_i].other,
		      "%s, other", cases[_i].name);
}
END_TEST

START_TEST(only_running_and_ready_pods_serve)
{
	struct pod pod = {.phase = POD_RUNNING, .ready = READY_TRUE};
	ck_assert(pod_serves(&pod));
	pod.ready = READY_UNKNOWN;
	ck_assert(!pod_serves(&pod));
	pod = (struct pod){.phase = POD_SUCCEEDED, .ready = READY_TRUE};
	ck_assert(!pod_serves(&pod));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("classify");
	TCase *t = tcase_create("classify");
	tcase_add_loop_test(t, pods_are_told_apart, 0, (int)ARRAY_LEN(cases));
	tcase_add_test(t, only_running_and_ready_pods_serve);
	suite_add_tcase(s, t);
	return run_suite(s);
}
