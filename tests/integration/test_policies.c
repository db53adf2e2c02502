/* Policies come, are broken, get into each other's way and go. */
#include "integration/bed.h"

#include <signal.h>
#include <string.h>

static struct bed *b;

static void setup(void)
{
	b = bed_open_shop();
}

static void teardown(void)
{
	bed_close(b);
}

/* --- broken ones --- */

static const char broken[] =
	"mode: Scale\n"
	"behavior: {scaleDown: {stabilizationWindowSeconds: 5000}}\n";
static const char place[] =
	"line 11: behavior.scaleDown.stabilizationWindowSeconds: Invalid value";

START_TEST(a_broken_policy_leaves_the_last_good_one_in_force)
{
	bed_lead(b, "mode: Scale\n");
	bed_policy(b, "checkout", "checkout", broken);
	wait_until(b, bed_events(b, "checkout", "PolicyInvalid", place) == 1,
		   "an Event names the place");
	wait_until(b, bed_condition(b, "checkout", "Ready", "False", place),
		   "the status names the place");
	bed_demand(b, "checkout", 730);
	wait_until(b, bed_scaled(b, "checkout") == 1, "the last good one decides");
	ck_assert_int_eq(bed_scaled_to(b, "checkout", 0), 8);
	bed_cycles(b, "checkout", 2);
	ck_assert_int_eq(bed_events(b, "checkout", "PolicyInvalid", NULL), 1);
	bed_policy(b, "checkout", "checkout", "mode: Recommend\n");
	wait_until(b, bed_condition(b, "checkout", "Ready", "True", NULL),
		   "the repaired one is taken over");
	bed_demand(b, "checkout", 100);
	bed_cycles(b, "checkout", 2);
	ck_assert_int_eq(bed_scaled(b, "checkout"), 1); /* it only recommends */
}
END_TEST

START_TEST(the_last_good_policy_survives_a_restart)
{
	bed_lead(b, "mode: Scale\n");
	bed_policy(b, "checkout", "checkout", broken);
	wait_until(b, bed_condition(b, "checkout", "Ready", "False", NULL),
		   "the status says that it is refused");
	bed_signal(&b->first, SIGTERM);
	ck_assert_int_eq(bed_wait_end(b, &b->first), 0);
	bed_demand(b, "checkout", 730);
	bed_start(b, &b->first, "foretop-1", NULL);
	wait_until(b, bed_scaled(b, "checkout") == 1, "the last good one decides");
	ck_assert_int_eq(bed_scaled_to(b, "checkout", 0), 8);
	wait_until(b, bed_condition(b, "checkout", "Ready", "False", place),
		   "the status still names the place");
}
END_TEST

START_TEST(a_policy_that_was_never_valid_is_named)
{
	bed_policy_text(b, "checkout", "mode: [Scale\n");
	bed_policy_text(b, "cart", "");
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, bed_events(b, "checkout", "PolicyInvalid", "line 2") == 1,
		   "an Event names the line");
	wait_until(b, bed_condition(b, "checkout", "Ready", "False", "line 2"),
		   "the status names the place");
	wait_until(b, bed_condition(b, "cart", "Ready", "False", NULL),
		   "an empty one is refused too");
	bed_policy(b, "checkout", "checkout", "mode: Scale\n");
	bed_demand(b, "checkout", 730);
	wait_until(b, bed_scaled(b, "checkout") == 1, "the repaired one decides");
}
END_TEST

START_TEST(a_time_zone_that_is_not_there_is_named)
{
	bed_policy(
		b, "checkout", "checkout",
		"mode: Scale\nschedule:\n- {cron: '@daily', duration: 1h, minReplicas: "
		"2, timeZone: Europe/Pariss}\n");
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b,
		   bed_condition(b, "checkout", "Ready", "False",
				 "line 12: schedule[0].timeZone: Invalid value: "
				 "\"Europe/Pariss\""),
		   "the status names the place");
	wait_until(b, bed_events(b, "checkout", "PolicyInvalid", "schedule[0]") == 1,
		   "an Event names it too");
}
END_TEST

/* --- schedules --- */

#define OPEN_NOW "cron: '* * * * *', timeZone: America/New_York, duration: 5m"

START_TEST(an_open_schedule_is_a_floor_and_a_ceiling)
{
	bed_policy(b, "checkout", "checkout",
		   "mode: Scale\nschedule: [{" OPEN_NOW ", minReplicas: 9}]\n");
	bed_policy(b, "cart", "cart",
		   "mode: Scale\nschedule: [{" OPEN_NOW ", maxReplicas: 6}]\n");
	bed_demand(b, "cart", 930);
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, bed_scaled(b, "checkout") == 1, "the floor raises");
	ck_assert_int_eq(bed_scaled_to(b, "checkout", 0), 9);
	wait_until(b, bed_scaled(b, "cart") == 1, "the load raises");
	ck_assert_int_eq(bed_scaled_to(b, "cart", 0), 6);
	/* Without its schedule the load alone decides. */
	bed_policy(b, "cart", "cart", "mode: Scale\n");
	wait_until(b, bed_scaled(b, "cart") == 2, "the ceiling is gone");
	ck_assert_int_eq(bed_scaled_to(b, "cart", 1), 10);
}
END_TEST

START_TEST(a_schedule_survives_a_broken_text_and_a_restart)
{
	bed_policy(b, "checkout", "checkout",
		   "mode: Scale\nschedule: [{" OPEN_NOW ", maxReplicas: 6}]\n");
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, bed_condition(b, "checkout", "MetricsAvailable", "True", NULL),
		   "a first decision");
	bed_policy(b, "checkout", "checkout", broken);
	wait_until(b, bed_condition(b, "checkout", "Ready", "False", NULL),
		   "the status says that it is refused");
	bed_signal(&b->first, SIGTERM);
	ck_assert_int_eq(bed_wait_end(b, &b->first), 0);
	bed_demand(b, "checkout", 930);
	bed_start(b, &b->first, "foretop-1", NULL);
	wait_until(b, bed_scaled(b, "checkout") == 1, "the last good one decides");
	ck_assert_int_eq(bed_scaled_to(b, "checkout", 0), 6);
}
END_TEST

START_TEST(a_schedule_and_a_guard_reach_the_decision)
{
	/* The world's Prometheus does not know the guard's metric: unknown holds. */
	bed_policy(b, "checkout", "checkout",
		   "mode: Scale\nschedule:\n- {cron: '* * * * *', duration: 1h, "
		   "minReplicas: 7, timeZone: Europe/Paris}\nguards:\n- {name: errors, "
		   "query: nobody_has_this, above: 1, action: HoldDown}\n");
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, bed_scaled(b, "checkout") == 1, "the floor is asked for");
	ck_assert_int_eq(bed_scaled_to(b, "checkout", 0), 7);
	wait_until(b,
		   bed_condition(b, "checkout", "Held", "True", "guard errors unknown"),
		   "the guard is asked for");
	wait_until(b, bed_events(b, "checkout", "GuardUnknown", NULL) == 1,
		   "an Event says so");
}
END_TEST

/* --- two for one target --- */

static void put_old_policy(const char *name)
{
	bed_policy(b, name, "checkout", "mode: Scale\n");
	cJSON *map AUTO(json_cleanup) =
		kubeapi_get(b->kube, KUBEAPI_CONFIGMAPS, "shop", name);
	kubeapi_delete(b->kube, KUBEAPI_CONFIGMAPS, "shop", name);
	cJSON *meta = cJSON_GetObjectItemCaseSensitive(map, "metadata");
	cJSON_DeleteItemFromObjectCaseSensitive(meta, "uid");
	cJSON_DeleteItemFromObjectCaseSensitive(meta, "creationTimestamp");
	kubeapi_put_at(b->kube, KUBEAPI_CONFIGMAPS, map, wall_ms() - MS_PER_H, NULL);
}

START_TEST(the_newer_of_two_waits_and_takes_over_when_the_older_goes)
{
	put_old_policy("web");
	bed_policy(b, "again", "checkout", "mode: Scale\n");
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, bed_condition(b, "again", "Conflict", "True", "web is older"),
		   "the newer one says so");
	wait_until(b, bed_condition(b, "web", "Conflict", "False", NULL),
		   "the older one is in force");
	wait_until(b, bed_events(b, NULL, "TargetConflict", "web is older") == 1,
		   "an Event says so");
	bed_demand(b, "checkout", 730);
	wait_until(b, bed_scaled(b, "checkout") == 1, "the older one decides");
	bed_cycles(b, "web", 2);
	ck_assert_int_eq(bed_scaled(b, "checkout"), 1); /* one decides, not both */
	ck_assert_int_eq(bed_decisions(b, "again"), 0);
	kubeapi_delete(b->kube, KUBEAPI_CONFIGMAPS, "shop", "web");
	wait_until(b, bed_condition(b, "again", "Conflict", "False", NULL),
		   "the newer one takes over");
	wait_until(b, bed_events(b, NULL, "TargetTakenOver", NULL) == 1,
		   "an Event says so");
	bed_demand(b, "checkout", 1130);
	wait_until(b, bed_scaled(b, "checkout") == 2, "it decides now");
	ck_assert_int_eq(bed_scaled_to(b, "checkout", 1), 12);
}
END_TEST

/* --- the end of one --- */

static bool has_series(const char *policy)
{
	char *text AUTO_FREE = NULL;
	char *label AUTO_FREE = xasprintf("policy=\"%s\"", policy);
	ck_assert_int_eq(bed_get(b, &b->first, "/metrics", &text), 200);
	return strstr(text, label) != NULL;
}

static void put_without_label(const char *name)
{
	cJSON *map AUTO(json_cleanup) =
		kubeapi_get(b->kube, KUBEAPI_CONFIGMAPS, "shop", name);
	cJSON *meta = cJSON_GetObjectItemCaseSensitive(map, "metadata");
	cJSON_DeleteItemFromObjectCaseSensitive(meta, "labels");
	kubeapi_put_tree(b->kube, KUBEAPI_CONFIGMAPS, map, NULL);
}

START_TEST(what_is_deleted_or_loses_its_label_is_left_alone)
{
	bed_lead(b, "mode: Scale\n");
	bed_policy(b, "cart", "cart", "mode: Scale\n");
	wait_until(b, bed_condition(b, "cart", "MetricsAvailable", "True", NULL),
		   "a first decision of the other");
	ck_assert(has_series("checkout") && has_series("cart"));
	kubeapi_delete(b->kube, KUBEAPI_CONFIGMAPS, "shop", "checkout");
	put_without_label("cart");
	wait_until(b, !has_series("checkout") && !has_series("cart"),
		   "their series are gone");
	ck_assert_double_eq(bed_metric(b, &b->first, "foretop_policies"), 0);
	uint64_t asked = promapi_requests(b->prom);
	bed_demand(b, "checkout", 730);
	bed_demand(b, "cart", 730);
	bed_policy(b, "other", "cart", "mode: Recommend\n");
	wait_until(b, bed_status_int(b, "other", "desiredReplicas") == 8,
		   "a later policy is decided on");
	bed_cycles(b, "other", 2);
	ck_assert_int_eq(bed_writes(b, KUBEAPI_DEPLOYMENTS, 0), 0);
	ck_assert_uint_le(promapi_requests(b->prom),
			  asked + (uint64_t)bed_decisions(b, "other") + 2);
}
END_TEST

START_TEST(a_missing_target_is_said_and_found_when_it_comes)
{
	cJSON *target AUTO(json_cleanup) =
		kubeapi_get(b->kube, KUBEAPI_DEPLOYMENTS, "shop", "checkout");
	kubeapi_delete(b->kube, KUBEAPI_DEPLOYMENTS, "shop", "checkout");
	bed_demand(b, "checkout", 730);
	bed_policy(b, "checkout", "checkout", "mode: Scale\n");
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, bed_condition(b, "checkout", "AbleToScale", "False", "not found"),
		   "the status says so");
	wait_until(b, bed_events(b, "checkout", "FailedGetScale", "not found") == 1,
		   "one Event says so");
	bed_cycles(b, "checkout", 2);
	ck_assert_int_eq(bed_events(b, "checkout", "FailedGetScale", NULL), 1);
	kubeapi_put_tree(b->kube, KUBEAPI_DEPLOYMENTS, target, NULL);
	wait_until(b, bed_scaled(b, "checkout") == 1, "replicas are written");
	ck_assert_int_eq(bed_scaled_to(b, "checkout", 0), 8);
	wait_until(b, bed_condition(b, "checkout", "AbleToScale", "True", NULL),
		   "the status is well");
	kubeapi_delete(b->kube, KUBEAPI_DEPLOYMENTS, "shop", "checkout");
	wait_until(b, bed_condition(b, "checkout", "AbleToScale", "False", "not found"),
		   "the status says that it has gone");
	wait_until(b,
		   bed_events(b, "checkout", NULL, "not found") == 2 ||
			   bed_logged(&b->first, "\"FailedGetScale\"") == 2,
		   "that is said too");
}
END_TEST

/* --- what a policy may ask, and who is served --- */

START_TEST(a_source_that_is_not_there_or_not_allowed_is_named)
{
	char *usual AUTO_FREE = bed_source(b, "default", served_prom_url(b->served));
	char *sources AUTO_FREE =
		xasprintf("%s- {name: bank, url: \"%s\", namespaces: [bank]}\n", usual,
			  served_prom_url(b->served));
	bed_write_config(b, sources, NULL);
	bed_demand(b, "checkout", 730);
	bed_demand(b, "cart", 730);
	bed_policy(b, "checkout", "checkout", "  source: mars\nmode: Scale\n");
	bed_policy(b, "cart", "cart", "  source: bank\nmode: Scale\n");
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b,
		   bed_condition(b, "checkout", "MetricsAvailable", "False",
				 "there is no source mars"),
		   "the status says that it is not there");
	wait_until(b,
		   bed_condition(b, "cart", "MetricsAvailable", "False",
				 "namespace shop may not use the source bank"),
		   "the status says that it is not allowed");
	ck_assert_int_eq(bed_writes(b, KUBEAPI_DEPLOYMENTS, 0), 0);
	ck_assert_uint_eq(promapi_requests(b->prom), 0);
}
END_TEST

static const struct {
	const char *config, *flags[3];
} others[] = {
	{"namespaces: {refuse: [shop]}\n", {NULL}},
	{"namespaces: {serve: [mall]}\n", {NULL}},
	{"", {"--namespace", "mall", NULL}},
};

START_TEST(policies_of_other_namespaces_are_not_served)
{
	struct err err;
	bed_policy(b, "checkout", "checkout", "mode: Scale\n");
	cJSON *map AUTO(json_cleanup) =
		kubeapi_get(b->kube, KUBEAPI_CONFIGMAPS, "shop", "checkout");
	const cJSON *data = json_at(map, "data");
	const char *text =
		cJSON_GetObjectItemCaseSensitive(data, "policy.yaml")->valuestring;
	ck_assert_int_eq(served_put_policy(b->served, "mall", "checkout", text, &err), 0);
	bed_demand(b, "checkout", 730);
	bed_write_config(b, NULL, others[_i].config);
	bed_start(b, &b->first, "foretop-0", others[_i].flags);
	wait_until(b, bed_events(b, "checkout", "FailedGetScale", "mall/checkout") == 1,
		   "the other namespace is served");
	ck_assert_double_eq(bed_metric(b, &b->first, "foretop_policies"), 1);
	ck_assert_int_eq(bed_writes(b, KUBEAPI_DEPLOYMENTS, 0), 0);
}
END_TEST

/* --- rights by Roles alone --- */

static void setup_two_namespaces(void)
{
	static const char *const names[] = {"checkout", "mall/cart"};
	b = bed_open(names, 2);
	bed_write_config(b, NULL, "namespaces: {serve: [shop, mall]}\n");
}

/* The policy as bed_policy makes it, in the namespace mall. */
static void put_in_mall(const char *name)
{
	struct err err;
	bed_policy(b, name, name, "mode: Scale\n");
	cJSON *map AUTO(json_cleanup) =
		kubeapi_get(b->kube, KUBEAPI_CONFIGMAPS, "shop", name);
	const char *text =
		cJSON_GetObjectItemCaseSensitive(json_at(map, "data"), "policy.yaml")
			->valuestring;
	kubeapi_delete(b->kube, KUBEAPI_CONFIGMAPS, "shop", name);
	ck_assert_msg(served_put_policy(b->served, "mall", name, text, &err) == 0, "%s",
		      err.msg);
}

static int64_t replicas_in_mall(const char *name)
{
	cJSON *d AUTO(json_cleanup) =
		kubeapi_get(b->kube, KUBEAPI_DEPLOYMENTS, "mall", name);
	return json_int(d, "spec.replicas", -1);
}

static bool is_ready(const char *text)
{
	char *body AUTO_FREE = NULL;
	long status = bed_get(b, &b->first, "/readyz", &body);
	return status == (text ? 503 : 200) && (!text || strstr(body, text));
}

START_TEST(named_namespaces_need_no_right_outside_of_them)
{
	static const char *const all[] = {"mall", BED_STATUS_NS, BED_LEASE_NS, "shop"};
	bed_policy(b, "checkout", "checkout", "mode: Scale\n");
	put_in_mall("cart");
	bed_demand(b, "checkout", 730);
	bed_demand(b, "cart", 930);
	/* In one of them it may do nothing at first. */
	kubeapi_confine(b->kube, all + 1, 3);
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, bed_replicas(b, "checkout") == 8, "the others go on");
	wait_until(b, is_ready("waiting for the policies of namespace mall"),
		   "/readyz names the one that is out of reach");
	ck_assert_int_eq(replicas_in_mall("cart"), 4);
	wait_until(b, bed_logged(&b->first, "in the namespace \\\"mall\\\"") > 0,
		   "the log names what is forbidden");
	kubeapi_confine(b->kube, all, 4);
	wait_until(b, replicas_in_mall("cart") == 10, "it is served when rights come");
	wait_until(b, is_ready(NULL), "it is ready then");
	ck_assert_int_eq(bed_logged(&b->first, "in the namespace \\\"\\\""), 0);
	kubeapi_delete(b->kube, KUBEAPI_CONFIGMAPS, "mall", "cart");
	wait_until(b, bed_metric(b, &b->first, "foretop_policies") == 1,
		   "a policy that goes is forgotten");
}
END_TEST

START_TEST(a_policy_too_many_gets_the_place_of_one_that_goes)
{
	bed_write_config(b, NULL, "maxPolicies: 1\n");
	bed_policy(b, "checkout", "checkout", "mode: Scale\n");
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, bed_decisions(b, "checkout") > 0, "a first decision");
	bed_policy(b, "cart", "cart", "mode: Scale\n");
	wait_until(b, bed_metric(b, &b->first, "foretop_policies_turned_away") == 1,
		   "the second one is turned away");
	ck_assert_double_eq(bed_metric(b, &b->first, "foretop_policies"), 1);
	ck_assert_int_gt(bed_logged(&b->first, "TooManyPolicies"), 0);
	kubeapi_delete(b->kube, KUBEAPI_CONFIGMAPS, "shop", "checkout");
	wait_until(b, bed_decisions(b, "cart") > 0, "it has the place of the first");
	ck_assert_double_eq(bed_metric(b, &b->first, "foretop_policies_turned_away"), 0);
}
END_TEST

int main(void)
{
	TCase *tc = bed_lane("broken policies", setup, teardown);
	tcase_add_test(tc, a_broken_policy_leaves_the_last_good_one_in_force);
	tcase_add_test(tc, the_last_good_policy_survives_a_restart);
	tcase_add_test(tc, a_policy_that_was_never_valid_is_named);
	tcase_add_test(tc, a_schedule_and_a_guard_reach_the_decision);
	tcase_add_test(tc, a_time_zone_that_is_not_there_is_named);
	tc = bed_lane("schedules", setup, teardown);
	tcase_add_test(tc, an_open_schedule_is_a_floor_and_a_ceiling);
	tcase_add_test(tc, a_schedule_survives_a_broken_text_and_a_restart);
	tc = bed_lane("policies and targets", setup, teardown);
	tcase_add_test(tc, the_newer_of_two_waits_and_takes_over_when_the_older_goes);
	tcase_add_test(tc, what_is_deleted_or_loses_its_label_is_left_alone);
	tcase_add_test(tc, a_missing_target_is_said_and_found_when_it_comes);
	tcase_add_test(tc, a_policy_too_many_gets_the_place_of_one_that_goes);
	tc = bed_lane("sources and namespaces", setup, teardown);
	tcase_add_test(tc, a_source_that_is_not_there_or_not_allowed_is_named);
	tcase_add_loop_test(tc, policies_of_other_namespaces_are_not_served, 0,
			    (int)ARRAY_LEN(others));
	tc = bed_lane("rights by Roles", setup_two_namespaces, teardown);
	tcase_add_test(tc, named_namespaces_need_no_right_outside_of_them);
	return bed_run();
}
