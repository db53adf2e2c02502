#include "unit/engine/rig.h"

static struct rig r;

static void open_rig(void)
{
	rig_open(&r, NULL);
}

static void close_rig(void)
{
	rig_close(&r);
}

static const cJSON *condition(const cJSON *status, const char *type)
{
	const cJSON *c;
	cJSON_ArrayForEach (c, json_at(status, "conditions"))
		if (!strcmp(json_str(c, "type", ""), type))
			return c;
	return NULL;
}

START_TEST(a_status_object_tells_the_whole_state)
{
	rig_start(&r, REACTIVE, 3);
	rig_value(&r, 500);
	rig_written(&r, EVENT_SCALED, "11");
	cJSON *o AUTO(json_cleanup) = status_to_json(rig_status(&r), r.now_ms);
	char hash[20];
	snprintf(hash, sizeof(hash), "%016llx",
		 (unsigned long long)rig_status(&r)->policy->hash);
	ck_assert_str_eq(json_str(o, "observedPolicyHash", ""), hash);
	ck_assert_str_eq(json_str(o, "namespace", ""), "shop");
	ck_assert_str_eq(json_str(o, "policy", ""), "checkout");
	ck_assert_str_eq(json_str(o, "mode", ""), "Scale");
	ck_assert_int_eq(json_int(o, "currentReplicas", -1), 5);
	ck_assert_int_eq(json_int(o, "desiredReplicas", -1), 5);
	ck_assert_int_eq(json_int(o, "reactiveReplicas", -1), 5);
	ck_assert_ptr_null(json_at(o, "predictedReplicas"));
	ck_assert_int_eq(json_int(o, "pods", -1), 3);
	ck_assert_int_eq(json_int(o, "readyPods", -1), 3);
	const cJSON *m = cJSON_GetArrayItem(json_at(o, "metrics"), 0);
	ck_assert_str_eq(json_str(m, "type", ""), "External");
	ck_assert_str_eq(json_str(m, "name", ""), "requests");
	ck_assert_int_eq(json_int(m, "current", -1), 500);
	ck_assert_ptr_null(json_at(m, "forecast"));
	ck_assert_str_eq(json_str(o, "leadTime.duration", ""), "2m");
	ck_assert_str_eq(json_str(o, "leadTime.source", ""), "default");
	ck_assert_int_eq(json_int(o, "leadTime.samples", -1), 3);
	ck_assert_str_eq(json_str(o, "lastDecision.reason", ""),
			 "requests 167 per pod, target 100 -> 3 to 5");
	ck_assert_str_eq(json_str(o, "lastDecision.time", ""), "2026-03-02T08:00:00Z");
	ck_assert_str_eq(json_str(o, "lastScaleTime", ""), "2026-03-02T08:00:00Z");
	ck_assert_str_eq(json_str(o, "record.targetUid", ""), "uid-1");
	ck_assert_int_eq(cJSON_GetArraySize(json_at(o, "conditions")), PC_COUNT);
}
END_TEST

START_TEST(conditions_have_the_shape_of_the_api)
{
	rig_start(&r, REACTIVE, 3);
	cJSON *early AUTO(json_cleanup) = status_summary(rig_status(&r));
	const cJSON *c = condition(early, "ScalingActive");
	ck_assert_str_eq(json_str(c, "status", ""), "Unknown");
	ck_assert_str_eq(json_str(c, "reason", ""), "NotDecidedYet");
	rig_fail(&r, "connection refused");
	cJSON *o AUTO(json_cleanup) = status_summary(rig_status(&r));
	c = condition(o, "MetricsAvailable");
	ck_assert_str_eq(json_str(c, "status", ""), "False");
	ck_assert_str_eq(json_str(c, "reason", ""), "MetricUnknown");
	ck_assert_str_eq(json_str(c, "message", ""), "requests: connection refused");
	ck_assert_str_eq(json_str(c, "lastTransitionTime", ""), "2026-03-02T08:00:00Z");
	for (int i = 0; i < PC_COUNT; i++)
		ck_assert_ptr_nonnull(
			condition(o, policy_condition_name((enum policy_condition)i)));
	/* For people: without the record. */
	ck_assert_ptr_null(json_at(o, "record"));
}
END_TEST

START_TEST(what_is_not_known_is_left_out_not_zero)
{
	rig_policy(&r, "checkout", REACTIVE);
	cJSON *o AUTO(json_cleanup) = status_to_json(rig_status(&r), r.now_ms);
	ck_assert_ptr_null(json_at(o, "currentReplicas"));
	ck_assert_ptr_null(json_at(o, "desiredReplicas"));
	ck_assert_ptr_null(json_at(o, "lastScaleTime"));
	ck_assert_ptr_null(json_at(o, "lastDecision.time"));
	const cJSON *m = cJSON_GetArrayItem(json_at(o, "metrics"), 0);
	ck_assert_ptr_null(json_at(m, "current"));
}
END_TEST

START_TEST(a_forecast_is_told_with_what_it_rests_on)
{
	rig_start(&r, FORECAST, 3);
	struct metric_status *m = &rig_slot(&r)->status.metrics[0];
	m->window_min = 5;
	m->forecast = (struct forecast){.state = FORECAST_READY,
					.mean = 80,
					.upper = 90,
					.skill = 0.25,
					.coverage = NAN,
					.model = FC_HOLT_WINTERS,
					.reason = "because"};
	cJSON *o AUTO(json_cleanup) = status_summary(rig_status(&r));
	const cJSON *j = cJSON_GetArrayItem(json_at(o, "metrics"), 0);
	ck_assert_int_eq(json_int(j, "forecast", -1), 80);
	ck_assert_int_eq(json_int(j, "upper", -1), 90);
	ck_assert_str_eq(json_str(j, "horizon", ""), "5m");
	ck_assert_str_eq(json_str(j, "model", ""), "Holt-Winters");
	ck_assert_str_eq(json_str(j, "forecastReason", ""), "because");
	ck_near(json_at(j, "skill")->valuedouble, 0.25, 1e-12);
	ck_assert_ptr_null(json_at(j, "coverage"));
	ck_assert_ptr_null(json_at(j, "anomaly"));
	m->forecast.state = FORECAST_WAITING;
	m->forecast.anomaly = (struct forecast_anomaly){.hold_until_ms = MONDAY,
							.text = "950 where 120"};
	cJSON *w AUTO(json_cleanup) = status_summary(rig_status(&r));
	j = cJSON_GetArrayItem(json_at(w, "metrics"), 0);
	ck_assert_ptr_null(json_at(j, "upper"));
	ck_assert_str_eq(json_str(j, "anomaly.text", ""), "950 where 120");
	ck_assert_str_eq(json_str(j, "anomaly.heldUntil", ""), "2026-03-02T08:00:00Z");
}
END_TEST

START_TEST(the_gate_is_told_with_both_costs)
{
	rig_start(&r, FORECAST, 3);
	rig_slot(&r)->gate = (struct gate){.ours = 21,
					   .reactive = 24.5,
					   .weight = 2,
					   .evidence_min = GATE_PROOF_MIN,
					   .open = true,
					   .since_ms = MONDAY};
	rig_value(&r, 300);
	cJSON *o AUTO(json_cleanup) = status_summary(rig_status(&r));
	ck_assert_str_eq(json_str(o, "gate.state", ""), "Open");
	ck_assert_str_eq(json_str(o, "gate.since", ""), "2026-03-02T08:00:00Z");
	ck_near(json_at(o, "gate.forecastCost")->valuedouble, 10.5, 1e-12);
	ck_near(json_at(o, "gate.reactiveCost")->valuedouble, 12.25, 1e-12);
	ck_assert_str_eq(json_str(o, "gate.evidence", ""), "3d");
	ck_assert(json_bool(o, "gate.proved", false));
	ck_assert(!json_bool(o, "gate.capped", true));
	rig_slot(&r)->gate = (struct gate){0};
	rig_cycle(&r, 300);
	cJSON *shut AUTO(json_cleanup) = status_summary(rig_status(&r));
	ck_assert_str_eq(json_str(shut, "gate.state", ""), "Shut");
	ck_assert_ptr_null(json_at(shut, "gate.forecastCost"));
	ck_assert_ptr_null(json_at(shut, "gate.since"));
	rig_policy(&r, "checkout", REACTIVE);
	cJSON *none AUTO(json_cleanup) = status_summary(rig_status(&r));
	ck_assert_ptr_null(json_at(none, "gate"));
}
END_TEST

START_TEST(the_version_in_force_can_be_read_back_from_the_record)
{
	rig_start(&r, REACTIVE, 3);
	struct err err = {0};
	cJSON *o AUTO(json_cleanup) = status_to_json(rig_status(&r), r.now_ms);
	const char *text = json_str(o, "record.policy", "");
	struct policy *p = policy_parse("shop", "checkout", text, strlen(text), &err);
	ck_assert_msg(p != NULL, "%s", err.msg);
	ck_assert_int_eq(p->max_replicas, 40);
	ck_assert_int_eq(p->forecast.mode, FORECAST_DISABLED);
	policy_free(p);
}
END_TEST

START_TEST(a_policy_that_was_never_valid_has_a_status)
{
	rig_set(&r, engine_prepare(r.e, "shop", "broken", NULL, "line 1: no", NULL));
	cJSON *o AUTO(json_cleanup) = status_to_json(rig_status(&r), r.now_ms);
	ck_assert_ptr_null(json_at(o, "observedPolicyHash"));
	ck_assert_ptr_null(json_at(o, "record.policy"));
	ck_assert_str_eq(json_str(condition(o, "Ready"), "message", ""), "line 1: no");
}
END_TEST

START_TEST(the_record_in_the_status_drops_what_can_never_matter_again)
{
	rig_start(&r, REACTIVE, 3);
	struct decide_memory *m = &rig_slot(&r)->record.memory;
	m->log_count = 1;
	m->log[0] = (struct recommendation){MONDAY - 2 * MS_PER_H, 9};
	cJSON *o AUTO(json_cleanup) = status_to_json(rig_status(&r), r.now_ms);
	ck_assert_int_eq(cJSON_GetArraySize(json_at(o, "record.recommendations")), 0);
	ck_assert_int_eq(m->log_count, 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("status");
	TCase *t = tcase_create("status");
	tcase_add_checked_fixture(t, open_rig, close_rig);
	tcase_add_test(t, a_status_object_tells_the_whole_state);
	tcase_add_test(t, conditions_have_the_shape_of_the_api);
	tcase_add_test(t, what_is_not_known_is_left_out_not_zero);
	tcase_add_test(t, a_forecast_is_told_with_what_it_rests_on);
	tcase_add_test(t, the_gate_is_told_with_both_costs);
	tcase_add_test(t, the_version_in_force_can_be_read_back_from_the_record);
	tcase_add_test(t, a_policy_that_was_never_valid_has_a_status);
	tcase_add_test(t, the_record_in_the_status_drops_what_can_never_matter_again);
	suite_add_tcase(s, t);
	return run_suite(s);
}
