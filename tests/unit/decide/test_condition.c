#include "unit/decide/rig.h"

#include "decide/condition.h"

START_TEST(names_are_those_of_the_api)
{
	ck_assert_str_eq(condition_type_name(CONDITION_ABLE_TO_SCALE), "AbleToScale");
	ck_assert_str_eq(condition_type_name(CONDITION_SCALING_ACTIVE), "ScalingActive");
	ck_assert_str_eq(condition_type_name(CONDITION_SCALING_LIMITED),
			 "ScalingLimited");
	ck_assert_str_eq(condition_type_name(CONDITION_SCALED_TO_ZERO), "ScaledToZero");
	ck_assert_str_eq(limit_reason(LIMIT_NONE), "DesiredWithinRange");
	ck_assert_str_eq(limit_reason(LIMIT_TOO_FEW), "TooFewReplicas");
	ck_assert_str_eq(limit_reason(LIMIT_TOO_MANY), "TooManyReplicas");
	ck_assert_str_eq(limit_reason(LIMIT_SCALE_UP_RATE), "ScaleUpLimit");
	ck_assert_str_eq(limit_reason(LIMIT_SCALE_DOWN_RATE), "ScaleDownLimit");
}
END_TEST

START_TEST(limits_are_told_by_status_reason_and_message)
{
	static const char *const messages[] = {
		[LIMIT_NONE] = "the desired count is within the acceptable range",
		[LIMIT_TOO_FEW] = "the desired replica count is less than the minimum "
				  "replica count",
		[LIMIT_TOO_MANY] = "the desired replica count is more than the maximum "
				   "replica count",
		[LIMIT_SCALE_UP_RATE] = "the desired replica count is increasing faster "
					"than the maximum scale rate",
		[LIMIT_SCALE_DOWN_RATE] = "the desired replica count is decreasing "
					  "faster than the maximum scale rate",
	};
	for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
		struct hpa_words words = {0};
		struct decision d = {.limit = (enum limit)i, .words = &words};
		condition_set_limit(&d);
		struct condition *c = &words.conditions[CONDITION_SCALING_LIMITED];
		ck_assert_int_eq(c->status, i ? CONDITION_TRUE : CONDITION_FALSE);
		ck_assert_str_eq(c->reason, limit_reason((enum limit)i));
		ck_assert_str_eq(c->message, messages[i]);
	}
}
END_TEST

START_TEST(stabilization_is_told_by_reason)
{
	static const char *const reasons[] = {
		[STABILIZED_NOT] = "ReadyForNewScale",
		[STABILIZED_DOWN] = "ScaleDownStabilized",
		[STABILIZED_UP] = "ScaleUpStabilized",
	};
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
		struct hpa_words words = {0};
		struct decision d = {.stabilization = (enum stabilization)i,
				     .words = &words};
		condition_set_stabilization(&d);
		ck_assert_int_eq(words.conditions[CONDITION_ABLE_TO_SCALE].status,
				 CONDITION_TRUE);
		ck_assert_str_eq(words.conditions[CONDITION_ABLE_TO_SCALE].reason,
				 reasons[i]);
	}
}
END_TEST

START_TEST(long_messages_are_cut)
{
	struct hpa_words words = {0};
	struct decision d = {.words = &words};
	char text[1000];
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	condition_set(&d, CONDITION_SCALING_ACTIVE, false, "R", "%s", text);
	ck_assert_uint_eq(strlen(words.conditions[CONDITION_SCALING_ACTIVE].message),
			  sizeof(words.conditions[0].message) - 1);
	ck_assert_int_eq(words.conditions[CONDITION_SCALING_LIMITED].status,
			 CONDITION_KEEP);
}
END_TEST

START_TEST(zero_is_told_by_status_and_reason)
{
	struct hpa_words words = {0};
	struct decision d = {.words = &words};
	struct condition *c = &words.conditions[CONDITION_SCALED_TO_ZERO];
	condition_set_zero(&d, true);
	ck_assert_int_eq(c->status, CONDITION_TRUE);
	ck_assert_str_eq(c->reason, "ScaledToZero");
	condition_set_zero(&d, false);
	ck_assert_int_eq(c->status, CONDITION_FALSE);
	ck_assert_str_eq(c->reason, "NotScaledToZero");
}
END_TEST

static const struct {
	enum metric_type type;
	enum target_type target;
	const char *title, *failure;
} metrics[] = {
	{METRIC_RESOURCE, TARGET_UTILIZATION,
	 "m resource utilization (percentage of request)", "FailedGetResourceMetric"},
	{METRIC_RESOURCE, TARGET_AVERAGE_VALUE, "m resource", "FailedGetResourceMetric"},
	{METRIC_CONTAINER_RESOURCE, TARGET_UTILIZATION,
	 "m container resource utilization (percentage of request)",
	 "FailedGetContainerResourceMetric"},
	{METRIC_CONTAINER_RESOURCE, TARGET_AVERAGE_VALUE, "m container resource",
	 "FailedGetContainerResourceMetric"},
	{METRIC_PODS, TARGET_AVERAGE_VALUE, "pods metric m", "FailedGetPodsMetric"},
	{METRIC_OBJECT, TARGET_VALUE, "object metric m", "FailedGetObjectMetric"},
	{METRIC_OBJECT, TARGET_AVERAGE_VALUE, "external metric m",
	 "FailedGetObjectMetric"},
	{METRIC_EXTERNAL, TARGET_VALUE, "external metric m", "FailedGetExternalMetric"},
	{(enum metric_type)99, TARGET_VALUE, "m", "InvalidMetricSourceType"},
};

START_TEST(metrics_have_the_names_of_the_hpa)
{
	struct policy_metric m = {
		.type = metrics[_i].type,
		.name = "m",
		.target.type = metrics[_i].target,
	};
	char buf[128];
	ck_assert_str_eq(metric_title(&m, buf, sizeof(buf)), metrics[_i].title);
	ck_assert_str_eq(metric_failure(&m), metrics[_i].failure);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("condition");
	TCase *t = tcase_create("condition");
	tcase_add_test(t, names_are_those_of_the_api);
	tcase_add_test(t, limits_are_told_by_status_reason_and_message);
	tcase_add_test(t, stabilization_is_told_by_reason);
	tcase_add_test(t, long_messages_are_cut);
	tcase_add_test(t, zero_is_told_by_status_and_reason);
	tcase_add_loop_test(t, metrics_have_the_names_of_the_hpa, 0,
			    (int)ARRAY_LEN(metrics));
	suite_add_tcase(s, t);
	return run_suite(s);
}
