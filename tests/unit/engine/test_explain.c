#include "unit/engine/rig.h"

#define TWO                                                                              \
	HEAD("checkout")                                                                 \
	"metrics:\n" EXTERNAL CPU NO_FORECAST "guards: [{name: errors, query: q, "       \
	"above: 1, action: Hold}]\n"

/* The part of the status object that tells of the newest decision; the caller's. */
static cJSON *told(const struct rig *r)
{
	cJSON *o = status_to_json(rig_status(r), r->now_ms);
	cJSON *last = cJSON_DetachItemFromObject(o, "lastDecision");
	cJSON_Delete(o);
	return last;
}

static const char *clamp_type(const cJSON *last, int i)
{
	return json_str(cJSON_GetArrayItem(json_at(last, "clamps"), i), "type", "");
}

START_TEST(winner_proposals_and_hold_are_told)
{
	struct rig r;
	rig_open(&r, NULL);
	rig_start(&r, TWO, 10);
	rig_guard(&r, 7);
	rig_value(&r, 0.5); /* cpu: no row of a pod, so unknown */
	struct query_ref first = r.asked;
	first.metric = 0;
	r.asked = first;
	rig_value(&r, 1500);
	cJSON *last = told(&r);
	ck_assert_str_eq(json_str(last, "winner.metric", ""), "requests");
	ck_assert_str_eq(json_str(last, "winner.by", ""), "reactive");
	ck_assert_int_eq(json_int(last, "winner.replicas", 0), 15);
	const cJSON *proposals = json_at(last, "proposals");
	ck_assert_int_eq(cJSON_GetArraySize(proposals), 2);
	ck_assert_int_eq(json_int(cJSON_GetArrayItem(proposals, 0), "reactive", 0), 15);
	ck_assert_ptr_null(json_at(cJSON_GetArrayItem(proposals, 0), "forecast"));
	ck_assert_str_eq(json_str(cJSON_GetArrayItem(proposals, 1), "unknown", ""),
			 "the query returned series without a pod label");
	ck_assert_str_eq(clamp_type(last, 0), "GuardTripped");
	ck_assert_int_eq(
		json_int(cJSON_GetArrayItem(json_at(last, "clamps"), 0), "insteadOf", 0),
		15);
	cJSON_Delete(last);
	rig_close(&r);
}
END_TEST

START_TEST(stabilization_and_limits_are_told)
{
	struct rig r;
	rig_open(&r, NULL);
	rig_start(&r, REACTIVE, 3);
	rig_value(&r, 300);
	rig_cycle(&r, 100);
	cJSON *last = told(&r);
	const cJSON *clamp = cJSON_GetArrayItem(json_at(last, "clamps"), 0);
	ck_assert_str_eq(clamp_type(last, 0), "ScaleDownStabilized");
	ck_assert_int_eq(json_int(clamp, "replicas", 0), 3);
	ck_assert_str_eq(json_str(clamp, "until", ""), "2026-03-02T08:05:00Z");
	cJSON_Delete(last);
	rig_cycle(&r, 9000);
	last = told(&r);
	ck_assert_str_eq(clamp_type(last, 0), "ScaleUpLimit");
	ck_assert_int_eq(json_int(last, "winner.replicas", 0), 90);
	cJSON_Delete(last);
	rig_close(&r);
}
END_TEST

START_TEST(what_was_not_decided_is_told_too)
{
	struct rig r;
	rig_open(&r, NULL);
	rig_start(&r, REACTIVE, 3);
	cJSON *last = told(&r);
	ck_assert_ptr_null(json_at(last, "clamps")); /* no decision yet */
	cJSON_Delete(last);
	rig_fail(&r, "connection refused");
	last = told(&r);
	ck_assert_ptr_null(json_at(last, "winner"));
	ck_assert_str_eq(clamp_type(last, 0), "MetricsUnknown");
	ck_assert_int_eq(cJSON_GetArraySize(json_at(last, "proposals")), 1);
	cJSON_Delete(last);
	rig_target_event(&r, EVENT_TARGET_GONE, "checkout", 0, NULL, NULL);
	rig_next(&r);
	last = told(&r);
	ck_assert_str_eq(clamp_type(last, 0), "TargetUnknown");
	ck_assert_int_eq(cJSON_GetArraySize(json_at(last, "proposals")), 0);
	cJSON_Delete(last);
	rig_close(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("explain");
	TCase *t = tcase_create("explain");
	tcase_add_test(t, winner_proposals_and_hold_are_told);
	tcase_add_test(t, stabilization_and_limits_are_told);
	tcase_add_test(t, what_was_not_decided_is_told_too);
	suite_add_tcase(s, t);
	return run_suite(s);
}
