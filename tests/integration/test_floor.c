/* Beside an HPA: mode Floor raises its minReplicas and gives it back, mode Scale stays
 * away from it; `foretop pause`, `resume` and `release`. */
#include "integration/bed.h"

#include <signal.h>
#include <string.h>

#define NS "shop"

/* As quick as it can be: no stabilization, and the forecast is followed at once. */
#define FLOOR                                                                            \
	"forecast: {mode: Always, history: 2d, leadTime: 60s}\n"                         \
	"behavior: {scaleDown: {stabilizationWindowSeconds: 0}}\nmode: Floor\n"

static struct bed *b;

static void setup(void)
{
	b = bed_open_shop();
	kubeapi_serve(b->kube, KUBEAPI_SCALEDOBJECTS, false);
}

static void teardown(void)
{
	bed_close(b);
}

/* The ScaledObject of this name with the HPA that KEDA makes of it; no kind of target. */
static void put_keda(const char *name, const char *annotations, int min)
{
	static const char hpa[] =
		"{\"metadata\":{\"namespace\":\"" NS
		"\",\"name\":\"keda-hpa-%s\",\"ownerReferences\":[{\"kind\":"
		"\"ScaledObject\","
		"\"name\":\"%s\",\"controller\":true}]},\"spec\":{\"minReplicas\":2,"
		"\"maxReplicas\":9,\"scaleTargetRef\":{\"apiVersion\":\"apps/v1\","
		"\"kind\":\"Deployment\",\"name\":\"%s\"}}}";
	char *json AUTO_FREE =
		xasprintf("{\"metadata\":{\"namespace\":\"" NS
			  "\",\"name\":\"%s\",\"annotations\":{%s}},\"spec\":{"
			  "\"minReplicaCount\":%d,"
			  "\"maxReplicaCount\":9,\"scaleTargetRef\":{\"name\":\"%s\"}}}",
			  name, annotations, min, name);
	char *made AUTO_FREE = xasprintf(hpa, name, name, name);
	struct err err;
	kubeapi_serve(b->kube, KUBEAPI_SCALEDOBJECTS, true);
	ck_assert_msg(kubeapi_put(b->kube, KUBEAPI_SCALEDOBJECTS, json, &err) == 0 &&
			      kubeapi_put(b->kube, KUBEAPI_HPAS, made, &err) == 0,
		      "%s", err.msg);
}

static int64_t keda_min_of(const char *name)
{
	cJSON *so AUTO(json_cleanup) =
		kubeapi_get(b->kube, KUBEAPI_SCALEDOBJECTS, NS, name);
	return json_int(so, "spec.minReplicaCount", -1);
}

static bool is_keda_unmarked(const char *name)
{
	cJSON *so AUTO(json_cleanup) =
		kubeapi_get(b->kube, KUBEAPI_SCALEDOBJECTS, NS, name);
	return cJSON_GetArraySize(json_at(so, "metadata.annotations")) == 0;
}

static void put_hpa(const char *name, const char *annotations, int min)
{
	char *json AUTO_FREE = xasprintf(
		"{\"metadata\":{\"namespace\":\"" NS
		"\",\"name\":\"%s\",\"annotations\":{%s}},\"spec\":{\"minReplicas\":%d,"
		"\"maxReplicas\":9,\"scaleTargetRef\":{\"apiVersion\":\"apps/v1\","
		"\"kind\":\"Deployment\",\"name\":\"%s\"}}}",
		name, annotations, min, name);
	struct err err;
	ck_assert_msg(kubeapi_put(b->kube, KUBEAPI_HPAS, json, &err) == 0, "%s", err.msg);
}

static int64_t min_of(const char *name)
{
	cJSON *hpa AUTO(json_cleanup) = kubeapi_get(b->kube, KUBEAPI_HPAS, NS, name);
	return json_int(hpa, "spec.minReplicas", -1);
}

/* An annotation's text; "" without it. */
static const char *note(const char *name, const char *key)
{
	static char text[64];
	cJSON *hpa AUTO(json_cleanup) = kubeapi_get(b->kube, KUBEAPI_HPAS, NS, name);
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(
		json_at(hpa, "metadata.annotations"), key);
	snprintf(text, sizeof(text), "%s", item ? item->valuestring : "");
	return text;
}

static bool is_unmarked(const char *name)
{
	return !*note(name, "foretop.io/original-min-replicas") &&
	       !*note(name, "foretop.io/floor") &&
	       !*note(name, "foretop.io/floor-expires");
}

/* Calls another command of foretop beside the controller; the exit code. */
static int call(const char *const *words)
{
	const char *args[16] = {0};
	int n = 0;
	for (; *words && n < 12; words++)
		args[n++] = *words;
	args[n++] = "--kubeconfig";
	args[n++] = b->kubeconfig;
	remove(b->second.log);
	remove(b->second.out);
	bed_call(b, &b->second, args);
	return bed_wait_end(b, &b->second);
}
#define CALL(...) call((const char *const[]){__VA_ARGS__, NULL})
#define MINE      "--foretop-namespace", BED_STATUS_NS

static void said(const char *text)
{
	char *out AUTO_FREE = bed_text(b->second.out);
	char *log AUTO_FREE = bed_text(b->second.log);
	ck_assert_msg(strstr(out, text) || strstr(log, text), "\"%s\" is not in: %s%s",
		      text, out, log);
}

/* Four pods carry 400; the demand of 730 asks for eight, the HPA's own minimum is two. */
static void raise_floor(void)
{
	put_hpa("checkout", "", 2);
	bed_policy(b, "checkout", "checkout", FLOOR);
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, bed_condition(b, "checkout", "ForecastTrusted", "True", NULL),
		   "a forecast");
	bed_demand(b, "checkout", 730);
	wait_until(b, min_of("checkout") == 8, "the minimum is raised");
}

START_TEST(floor_raises_the_minimum_and_lowers_it_again)
{
	raise_floor();
	ck_assert_str_eq(note("checkout", "foretop.io/original-min-replicas"), "2");
	ck_assert_str_eq(note("checkout", "foretop.io/floor"), "8");
	ck_assert(*note("checkout", "foretop.io/floor-expires"));
	wait_until(b, bed_events(b, "checkout", "FloorRaised", "to 8") == 1,
		   "an Event says why");
	wait_until(b, bed_status_int(b, "checkout", "floor.minReplicas") == 8,
		   "the status knows of it");
	bed_policy(b, "checkout", "checkout",
		   "forecast: {mode: Disabled}\n"
		   "behavior: {scaleDown: {stabilizationWindowSeconds: 0}}\n"
		   "mode: Floor\n");
	wait_until(b, min_of("checkout") == 2, "without a forecast it is given back");
	ck_assert(is_unmarked("checkout"));
	ck_assert_int_eq(bed_writes(b, KUBEAPI_DEPLOYMENTS, 0), 0);
}
END_TEST

static void raise_keda_floor(void)
{
	put_keda("checkout", "", 2);
	bed_policy(b, "checkout", "checkout", FLOOR);
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, bed_condition(b, "checkout", "ForecastTrusted", "True", NULL),
		   "a forecast");
	bed_demand(b, "checkout", 730);
	wait_until(b, keda_min_of("checkout") == 8, "the minimum is raised");
}

START_TEST(a_scaled_object_is_raised_and_its_hpa_left_alone)
{
	raise_keda_floor();
	wait_until(b,
		   bed_events(b, "checkout", "FloorRaised",
			      "minReplicaCount of ScaledObject checkout") >= 1,
		   "an Event says why");
	/* The policy goes while nobody runs: the next process sweeps. */
	b->first.may_end = true;
	bed_signal(&b->first, SIGKILL);
	bed_wait_end(b, &b->first);
	b->first.may_end = false;
	ck_assert_int_eq(keda_min_of("checkout"), 8);
	kubeapi_delete(b->kube, KUBEAPI_CONFIGMAPS, NS, "checkout");
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, keda_min_of("checkout") == 2, "the orphan is swept");
	ck_assert(is_keda_unmarked("checkout"));
	ck_assert_int_eq(min_of("keda-hpa-checkout"), 2);
	ck_assert_int_eq(bed_writes(b, KUBEAPI_HPAS, 0), 0);
	ck_assert_int_eq(bed_writes(b, KUBEAPI_DEPLOYMENTS, 0), 0);
}
END_TEST

START_TEST(a_policy_that_goes_leaves_no_floor)
{
	raise_floor();
	if (_i)
		kubeapi_delete(b->kube, KUBEAPI_CONFIGMAPS, NS, "checkout");
	else
		bed_policy(b, "checkout", "checkout", "mode: Recommend\n");
	wait_until(b, min_of("checkout") == 2, "it is given back");
	ck_assert(is_unmarked("checkout"));
}
END_TEST

static void kill_it(void)
{
	b->first.may_end = true;
	bed_signal(&b->first, SIGKILL);
	bed_wait_end(b, &b->first);
	b->first.may_end = false;
}

START_TEST(a_floor_survives_a_kill_and_its_policy_does_not)
{
	raise_floor();
	kill_it();
	ck_assert_int_eq(min_of("checkout"), 8);
	bed_start(b, &b->first, "foretop-0", NULL);
	int before = bed_decisions(b, "checkout");
	wait_until(b, bed_decisions(b, "checkout") > before + 2, "decisions go on");
	ck_assert_int_eq(min_of("checkout"), 8);
	kill_it();
	/* The next process finds no policy for it, in no namespace that it watches. */
	kubeapi_delete(b->kube, KUBEAPI_CONFIGMAPS, NS, "checkout");
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, min_of("checkout") == 2, "the orphan is swept");
	ck_assert(is_unmarked("checkout"));
}
END_TEST

START_TEST(an_orphan_is_found_with_rights_in_named_namespaces_only)
{
	static const char *const named[] = {"mall", NS, BED_STATUS_NS, BED_LEASE_NS};
	bed_write_config(b, NULL, "namespaces: {serve: [mall, " NS "]}\n");
	kubeapi_confine(b->kube, named, 4);
	raise_floor();
	kill_it();
	kubeapi_delete(b->kube, KUBEAPI_CONFIGMAPS, NS, "checkout");
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, min_of("checkout") == 2, "the orphan is swept");
	ck_assert(is_unmarked("checkout"));
	ck_assert_int_eq(bed_logged(&b->first, "forbidden"), 0);
}
END_TEST

START_TEST(release_gives_back_what_a_killed_process_left)
{
	raise_floor();
	kill_it();
	ck_assert_int_eq(CALL("release", "-A", "--dry-run"), 0);
	said("horizontalpodautoscaler.autoscaling/checkout released in shop: "
	     "minReplicas 8 to 2 (dry run)");
	ck_assert_int_eq(CALL("release", "-A", "--dry-run=server"), 0);
	said("(server dry run)");
	ck_assert_int_eq(min_of("checkout"), 8);
	ck_assert_int_eq(CALL("release", "shop/nothing"), 1);
	said("not found");
	ck_assert_int_eq(CALL("release", "shop/checkout"), 0);
	said("minReplicas 8 to 2\n");
	ck_assert_int_eq(min_of("checkout"), 2);
	ck_assert(is_unmarked("checkout"));
	ck_assert_int_eq(CALL("release", "shop/checkout"), 0);
	said("unchanged");
	ck_assert_int_eq(CALL("release", "-n", "shop"), 0);
	said("No raised minReplicas found.");
	ck_assert_int_eq(CALL("release", "-A", "shop/checkout"), 2);
}
END_TEST

/* Whoever set another minimum since keeps it; a conflict is tried again. */
START_TEST(release_leaves_the_minimum_of_others)
{
	put_hpa("checkout",
		"\"foretop.io/original-min-replicas\":\"2\",\"foretop.io/floor\":\"8\"",
		3);
	put_hpa("cart",
		"\"foretop.io/original-min-replicas\":\"2\",\"foretop.io/floor\":\"8\"",
		8);
	kubeapi_fail_writes(b->kube, 1, 409, KUBEAPI_HPAS);
	ck_assert_int_eq(CALL("release", "-A"), 0);
	ck_assert_int_eq(min_of("checkout"), 3);
	ck_assert_int_eq(min_of("cart"), 2);
	ck_assert(is_unmarked("checkout") && is_unmarked("cart"));
}
END_TEST

START_TEST(release_knows_scaled_objects_too)
{
	static const char mark[] =
		"\"foretop.io/original-min-replicas\":\"0\",\"foretop.io/floor\":\"8\"";
	put_keda("checkout", mark, 8);
	put_keda("cart", mark, 8);
	ck_assert_int_eq(CALL("release", "shop/nothing"), 1);
	said("not found");
	ck_assert_int_eq(CALL("release", "shop/checkout"), 0);
	said("scaledobject.keda.sh/checkout released in shop: minReplicaCount 8 to 0");
	ck_assert_int_eq(keda_min_of("checkout"), 0);
	ck_assert_int_eq(keda_min_of("cart"), 8);
	ck_assert_int_eq(CALL("release", "-A"), 0);
	ck_assert_int_eq(keda_min_of("cart"), 0);
	ck_assert(is_keda_unmarked("checkout") && is_keda_unmarked("cart"));
	ck_assert_int_eq(CALL("release", "-A"), 0);
	said("No raised minReplicas found.");
}
END_TEST

START_TEST(scale_stays_away_from_a_scaled_object)
{
	put_keda("checkout", "", 2);
	kubeapi_delete(b->kube, KUBEAPI_HPAS, NS, "keda-hpa-checkout");
	bed_policy(b, "checkout", "checkout", "mode: Scale\n");
	bed_demand(b, "checkout", 730);
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b,
		   bed_condition(b, "checkout", "Conflict", "True",
				 "ScaledObject checkout scales it too"),
		   "the conflict is told");
	ck_assert_int_eq(bed_scaled(b, "checkout"), 0);
	kubeapi_delete(b->kube, KUBEAPI_SCALEDOBJECTS, NS, "checkout");
	wait_until(b, bed_scaled(b, "checkout") == 1, "it goes on");
}
END_TEST

/* Without the right to look at ScaledObjects, their HPAs tell of them. */
START_TEST(without_the_right_a_scaled_object_is_seen_by_its_hpa)
{
	put_keda("checkout", "", 2);
	kubeapi_fail_reads(b->kube, 100000, 403, KUBEAPI_SCALEDOBJECTS);
	bed_policy(b, "checkout", "checkout", FLOOR);
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b,
		   bed_condition(b, "checkout", "AbleToScale", "False",
				 "ScaledObject checkout sets minReplicas"),
		   "the condition");
}
END_TEST

START_TEST(once_ends_though_some_policies_rest)
{
	static const char *const flags[] = {"--once", "--dry-run", NULL};
	bed_policy(b, "checkout", "checkout", FLOOR);
	bed_policy(b, "cart", "cart", "mode: Scale\n");
	put_hpa("cart", "", 2);
	bed_start(b, &b->first, NULL, flags);
	ck_assert_int_eq(bed_wait_end(b, &b->first), 0);
	char *table AUTO_FREE = bed_text(b->first.out);
	ck_assert_msg(strstr(table, "needs a HorizontalPodAutoscaler") &&
			      strstr(table, "HorizontalPodAutoscaler cart scales it too"),
		      "%s", table);
}
END_TEST

START_TEST(floor_without_an_hpa_says_what_is_missing)
{
	bed_policy(b, "checkout", "checkout", FLOOR);
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b,
		   bed_condition(b, "checkout", "AbleToScale", "False",
				 "needs a HorizontalPodAutoscaler"),
		   "the condition");
	wait_until(b, bed_events(b, "checkout", "NoAutoscaler", NULL) == 1, "an Event");
}
END_TEST

START_TEST(without_the_rights_floor_says_so_and_scale_goes_on)
{
	put_hpa("checkout", "", 2);
	kubeapi_fail_reads(b->kube, 100000, 403, KUBEAPI_HPAS);
	bed_policy(b, "checkout", "checkout", FLOOR);
	bed_policy(b, "cart", "cart", "mode: Scale\n");
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, bed_condition(b, "checkout", "AbleToScale", "False", "forbidden"),
		   "the condition");
	bed_demand(b, "cart", 730);
	wait_until(b, bed_scaled(b, "cart") == 1, "replicas are written");
}
END_TEST

START_TEST(scale_stays_away_from_an_hpa_until_it_goes)
{
	put_hpa("checkout", "", 2);
	bed_policy(b, "checkout", "checkout", "mode: Scale\n");
	bed_demand(b, "checkout", 730);
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b,
		   bed_condition(b, "checkout", "Conflict", "True",
				 "HorizontalPodAutoscaler checkout scales it too"),
		   "the conflict is told");
	wait_until(b, bed_events(b, "checkout", "TargetConflict", NULL) == 1, "an Event");
	ck_assert_int_eq(bed_scaled(b, "checkout"), 0);
	kubeapi_delete(b->kube, KUBEAPI_HPAS, NS, "checkout");
	wait_until(b, bed_scaled(b, "checkout") == 1, "it goes on");
	ck_assert_int_eq(bed_scaled_to(b, "checkout", 0), 8);
	wait_until(b, bed_condition(b, "checkout", "Conflict", "False", NULL),
		   "the conflict is over");
}
END_TEST

START_TEST(a_pause_survives_a_restart_and_a_resume_ends_it)
{
	bed_policy(b, "checkout", "checkout", "mode: Scale\n");
	bed_policy(b, "cart", "cart", "mode: Scale\n");
	ck_assert_int_eq(CALL("pause", "shop/nothing", MINE), 1);
	said("policy \"nothing\" not found in namespace shop");
	ck_assert_int_eq(CALL("pause", "shop/checkout", "--for", "2h", "--dry-run", MINE),
			 0);
	said("(dry run)");
	ck_assert_int_eq(CALL("pause", "shop/checkout", "--for", "2h", MINE), 0);
	said("policy/checkout paused until ");
	bed_demand(b, "checkout", 730);
	bed_demand(b, "cart", 730);
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, bed_reason(b, "checkout", "by foretop pause -> hold 4"),
		   "the reason");
	wait_until(b, bed_scaled(b, "cart") == 1, "the other one goes on");
	ck_assert(bed_condition(b, "checkout", "Paused", "True", "by foretop pause"));
	ck_assert_int_eq(bed_scaled(b, "checkout"), 0);
	ck_assert_int_eq(CALL("resume", "-n", "shop", "checkout", MINE), 0);
	said("policy/checkout resumed");
	wait_until(b, bed_scaled(b, "checkout") == 1, "decisions go on");
}
END_TEST

START_TEST(all_are_paused_at_once_and_a_floor_is_given_back)
{
	raise_floor();
	bed_policy(b, "cart", "cart", "mode: Scale\n");
	ck_assert_int_eq(CALL("pause", "-A", MINE), 0);
	said("all policies paused until foretop resume");
	wait_until(b, min_of("checkout") == 2, "the HPA has its own minimum");
	wait_until(b, bed_reason(b, "cart", "paused until foretop resume"), "the reason");
	bed_demand(b, "cart", 730);
	ck_assert_int_eq(CALL("resume", "shop/cart", MINE), 1);
	said("policy/cart stays paused, as all policies are");
	ck_assert_int_eq(CALL("resume", "-A", MINE), 0);
	said("all policies resumed");
	wait_until(b, bed_scaled(b, "cart") >= 1, "decisions go on");
	wait_until(b, min_of("checkout") == 8, "and floors are raised");
	ck_assert_int_eq(CALL("pause", MINE), 2);
	ck_assert_int_eq(CALL("pause", "-A", "--for", "soon", MINE), 2);
}
END_TEST

/* HPAs that were written, whatever came of it, since the audit had `from` entries. */
static int floors_written(size_t from)
{
	int n = 0;
	for (size_t i = from; i < kubeapi_audit_count(b->kube); i++)
		n += kubeapi_audit(b->kube, i)->resource == KUBEAPI_HPAS &&
		     kubeapi_audit(b->kube, i)->status == 200;
	return n;
}

static bool on_pause_read(void *arg, enum seen_phase phase, const struct request *q)
{
	bool *seen = arg;
	*seen |= phase == SEEN_ANSWERED && q->method == METHOD_GET &&
		 strstr(q->path, "/foretop-pause");
	return false;
}

/* `foretop pause -A` and `foretop release -A` in one moment, with a whole cycle until the
 * controller looks for a pause: an uninstall does nearly that. */
START_TEST(what_was_released_after_a_pause_is_not_raised_again)
{
	static const char pause[] =
		"{\"metadata\":{\"namespace\":\"" BED_STATUS_NS "\",\"name\":"
		"\"foretop-pause\"},\"data\":{%s}}";
	char *all AUTO_FREE = xasprintf(pause, "\"all\":\"forever\"");
	char *none AUTO_FREE = xasprintf(pause, "");
	bool seen = false;
	struct err err;
	raise_floor();
	for (int i = 0; i < 3; i++) {
		seen = false;
		kubeapi_on_request(b->kube, on_pause_read, &seen);
		wait_until(b, seen, "it has looked for a pause");
		kubeapi_on_request(b->kube, NULL, NULL);
		size_t from = kubeapi_audit_count(b->kube);
		kubeapi_put(b->kube, KUBEAPI_CONFIGMAPS, all, &err);
		put_hpa("checkout", "", 2);
		wait_until(b, bed_condition(b, "checkout", "Paused", "True", NULL),
			   "the pause is obeyed");
		ck_assert_int_eq(min_of("checkout"), 2);
		ck_assert_int_eq(floors_written(from), 0);
		kubeapi_put(b->kube, KUBEAPI_CONFIGMAPS, none, &err);
		wait_until(b, min_of("checkout") == 8, "it is raised again");
	}
	ck_assert_int_eq(bed_events(b, "checkout", "FloorFailed", NULL), 0);
}
END_TEST

START_TEST(a_raise_waits_until_it_is_known_what_is_paused)
{
	raise_floor();
	kubeapi_deny(b->kube, "get", "configmaps");
	put_hpa("checkout", "", 2);
	wait_until(b,
		   bed_events(b, "checkout", "FloorFailed",
			      "could not read what is paused") >= 1,
		   "an Event says why");
	ck_assert_int_eq(min_of("checkout"), 2);
	kubeapi_deny(b->kube, NULL, NULL);
	wait_until(b, min_of("checkout") == 8, "the minimum is raised");
}
END_TEST

START_TEST(a_pause_ends_by_itself)
{
	bed_lead(b, "mode: Scale\n");
	ck_assert_int_eq(CALL("pause", "-A", "--for", "8s", MINE), 0);
	wait_until(b, bed_reason(b, "checkout", "by foretop pause"), "it is obeyed");
	bed_demand(b, "checkout", 730);
	wait_until(b, bed_scaled(b, "checkout") == 1, "decisions go on");
}
END_TEST

int main(void)
{
	TCase *t = bed_lane("floor", setup, teardown);
	tcase_add_test(t, floor_raises_the_minimum_and_lowers_it_again);
	tcase_add_test(t, a_scaled_object_is_raised_and_its_hpa_left_alone);
	tcase_add_loop_test(t, a_policy_that_goes_leaves_no_floor, 0, 2);
	tcase_add_test(t, a_floor_survives_a_kill_and_its_policy_does_not);
	tcase_add_test(t, an_orphan_is_found_with_rights_in_named_namespaces_only);
	t = bed_lane("release", setup, teardown);
	tcase_add_test(t, release_gives_back_what_a_killed_process_left);
	tcase_add_test(t, release_leaves_the_minimum_of_others);
	tcase_add_test(t, release_knows_scaled_objects_too);
	tcase_add_test(t, scale_stays_away_from_a_scaled_object);
	tcase_add_test(t, without_the_right_a_scaled_object_is_seen_by_its_hpa);
	tcase_add_test(t, once_ends_though_some_policies_rest);
	tcase_add_test(t, floor_without_an_hpa_says_what_is_missing);
	tcase_add_test(t, without_the_rights_floor_says_so_and_scale_goes_on);
	tcase_add_test(t, scale_stays_away_from_an_hpa_until_it_goes);
	t = bed_lane("pause", setup, teardown);
	tcase_add_test(t, a_pause_survives_a_restart_and_a_resume_ends_it);
	tcase_add_test(t, all_are_paused_at_once_and_a_floor_is_given_back);
	tcase_add_test(t, what_was_released_after_a_pause_is_not_raised_again);
	tcase_add_test(t, a_raise_waits_until_it_is_known_what_is_paused);
	tcase_add_test(t, a_pause_ends_by_itself);
	return bed_run();
}
