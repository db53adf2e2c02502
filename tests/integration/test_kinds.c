/* Targets that are no Deployment, StatefulSet or ReplicaSet: any kind that has a scale
 * subresource. Fleets are a custom resource of the simulated server. */
#include "integration/bed.h"

#include <string.h>

#define NS "shop"

static struct bed *b;

static void setup(void)
{
	b = bed_open_shop();
}

static void teardown(void)
{
	bed_close(b);
}

/* A Fleet whose pods are those of the Deployment of this name; app "": it does not say
 * which are its own. */
static void put_fleet(const char *name, const char *app, int replicas)
{
	char *labels AUTO_FREE = xasprintf("\"app\":\"%s\"", app);
	char *json AUTO_FREE =
		xasprintf("{\"metadata\":{\"namespace\":\"" NS
			  "\",\"name\":\"%s\"},\"spec\":{\"replicas\":%d,\"selector\":{"
			  "\"matchLabels\":{%s}}},\"status\":{\"replicas\":%d}}",
			  name, replicas, *app ? labels : "", replicas);
	struct err err;
	ck_assert_msg(kubeapi_put(b->kube, KUBEAPI_FLEETS, json, &err) == 0, "%s",
		      err.msg);
}

/* By the usage that a pod may have: what it asks for depends on the pods that are Ready.
 */
static void put_policy(const char *name, const char *api_version, const char *kind,
		       const char *target, const char *mode)
{
	char *query AUTO_FREE = served_requests_query(NS, target);
	char *text AUTO_FREE = xasprintf(
		"scaleTargetRef: {apiVersion: %s, kind: %s, name: %s}\n"
		"mode: %s\n"
		"minReplicas: 1\n"
		"maxReplicas: 50\n"
		"metrics:\n"
		"- type: External\n"
		"  external: {metric: {name: load}, target: {type: Value, value: "
		"\"100\"}}\n"
		"  query: %s\n"
		"forecast: {mode: Disabled}\n",
		api_version, kind, target, mode, query);
	bed_policy_text(b, name, text);
}

static void put_fleet_policy(void)
{
	put_policy("checkout", "sim.foretop.io/v1", "Fleet", "checkout", "Scale");
}

/* Writes of replicas of a Fleet that went through, and the newest of them. */
static int fleet_scaled(const char *name, int32_t *ret_to)
{
	int count = 0;
	for (size_t i = 0; i < kubeapi_audit_count(b->kube); i++) {
		const struct audit_entry *e = kubeapi_audit(b->kube, i);
		if (e->resource != KUBEAPI_FLEETS || strcmp(e->name, name) != 0 ||
		    strcmp(e->subresource, "scale") != 0 || e->status != 200 ||
		    e->to == e->from)
			continue;
		*ret_to = e->to;
		count++;
	}
	return count;
}

START_TEST(any_kind_with_a_scale_is_scaled_by_its_pods)
{
	int32_t to = -1;
	put_fleet("checkout", "checkout", 4);
	bed_demand(b, "checkout", 100);
	put_fleet_policy();
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, bed_condition(b, "checkout", "ScalingActive", "True", NULL),
		   "a first decision");
	ck_assert_int_eq(fleet_scaled("checkout", &to), 0);
	/* Twice the usage of the four Ready pods that status.selector finds. */
	bed_demand(b, "checkout", 200);
	wait_until(b, fleet_scaled("checkout", &to) == 1, "replicas are written");
	ck_assert_int_eq(to, 8);
	wait_until(b, bed_events(b, "checkout", "ScaledUp", "4 to 8") == 1,
		   "an Event says why");
	wait_until(b, bed_status_int(b, "checkout", "currentReplicas") == 8,
		   "the status knows of it");
	ck_assert_int_eq(bed_writes(b, KUBEAPI_DEPLOYMENTS, 0), 0);
}
END_TEST

START_TEST(what_others_write_is_seen_within_a_cycle)
{
	int32_t to = -1;
	put_fleet("checkout", "checkout", 4);
	bed_demand(b, "checkout", 100);
	put_fleet_policy();
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, bed_status_int(b, "checkout", "currentReplicas") == 4,
		   "a first decision");
	put_fleet("checkout", "checkout", 6);
	wait_until(b, bed_status_int(b, "checkout", "currentReplicas") == 6,
		   "the new size");
	kubeapi_delete(b->kube, KUBEAPI_FLEETS, NS, "checkout");
	wait_until(b,
		   bed_condition(b, "checkout", "AbleToScale", "False",
				 "Fleet shop/checkout not found"),
		   "its end");
	put_fleet("checkout", "checkout", 5);
	wait_until(b, bed_status_int(b, "checkout", "currentReplicas") == 5,
		   "another of its name");
	ck_assert_int_eq(fleet_scaled("checkout", &to), 0);
}
END_TEST

START_TEST(kinds_of_one_name_are_told_apart)
{
	int32_t to = -1;
	put_fleet("checkout", "checkout", 4);
	bed_demand(b, "checkout", 200);
	bed_demand(b, "cart", 100);
	put_fleet_policy();
	put_policy("other", "other.example.com/v1", "Fleet", "checkout", "Scale");
	put_policy("apps", "sim.foretop.io/v1", "Deployment", "checkout", "Scale");
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, fleet_scaled("checkout", &to) == 1, "the Fleet is scaled");
	wait_until(b,
		   bed_condition(b, "other", "AbleToScale", "False",
				 "no matches for kind \"Fleet\" in version "
				 "\"other.example.com/v1\""),
		   "nobody knows the other");
	wait_until(b,
		   bed_condition(b, "apps", "AbleToScale", "False",
				 "no matches for kind \"Deployment\""),
		   "nor that");
	ck_assert(!bed_condition(b, "other", "Conflict", "True", NULL));
	ck_assert_int_eq(bed_writes(b, KUBEAPI_DEPLOYMENTS, 0), 0);
}
END_TEST

START_TEST(a_kind_that_is_defined_later_is_scaled_then)
{
	int32_t to = -1;
	kubeapi_serve(b->kube, KUBEAPI_FLEETS, false);
	put_fleet("checkout", "checkout", 4);
	bed_demand(b, "checkout", 200);
	put_fleet_policy();
	put_policy("cart", "apps/v1", "Deployment", "cart", "Scale");
	bed_demand(b, "cart", 300);
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b,
		   bed_condition(b, "checkout", "AbleToScale", "False",
				 "no matches for kind \"Fleet\""),
		   "the kind is not there");
	/* Its neighbours do not wait for it. */
	wait_until(b, bed_scaled(b, "cart") >= 1, "the neighbour is scaled");
	kubeapi_serve(b->kube, KUBEAPI_FLEETS, true);
	wait_until(b, fleet_scaled("checkout", &to) == 1, "it is scaled then");
	ck_assert_int_eq(to, 8);
}
END_TEST

START_TEST(a_kind_without_a_scale_is_said)
{
	put_policy("checkout", "autoscaling/v2", "HorizontalPodAutoscaler", "checkout",
		   "Scale");
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b,
		   bed_condition(b, "checkout", "AbleToScale", "False",
				 "HorizontalPodAutoscaler of autoscaling/v2 has no scale "
				 "subresource"),
		   "why it cannot be scaled");
}
END_TEST

START_TEST(without_the_right_to_read_it_the_status_says_so)
{
	kubeapi_deny(b->kube, "get", "fleets/scale");
	put_fleet("checkout", "checkout", 4);
	put_fleet_policy();
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b,
		   bed_condition(b, "checkout", "AbleToScale", "False", "403 forbidden"),
		   "the right that is missing");
	bed_cycles(b, "checkout", 2);
	ck_assert_int_eq(bed_logged(&b->first, "Could not read a scale"), 1);
	kubeapi_deny(b->kube, NULL, NULL);
	wait_until(b, bed_condition(b, "checkout", "AbleToScale", "True", NULL),
		   "it goes on when it is given");
}
END_TEST

START_TEST(one_that_does_not_say_which_pods_are_its_own_is_left_alone)
{
	int32_t to = -1;
	put_fleet("checkout", "", 4);
	bed_demand(b, "checkout", 200);
	put_fleet_policy();
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b,
		   bed_condition(b, "checkout", "ScalingActive", "False",
				 "the HPA target's scale is missing a selector"),
		   "the HPA's own words");
	bed_cycles(b, "checkout", 2);
	ck_assert_int_eq(fleet_scaled("checkout", &to), 0);
	put_fleet("checkout", "checkout", 4);
	wait_until(b, fleet_scaled("checkout", &to) == 1, "now it says");
	ck_assert_int_eq(to, 8);
}
END_TEST

START_TEST(an_hpa_of_the_same_kind_is_in_the_way)
{
	static const char hpa[] =
		"{\"metadata\":{\"namespace\":\"" NS
		"\",\"name\":\"%s\"},\"spec\":{\"maxReplicas\":9,\"scaleTargetRef\":{"
		"\"apiVersion\":\"%s\",\"kind\":\"Fleet\",\"name\":\"checkout\"}}}";
	char *other AUTO_FREE = xasprintf(hpa, "other", "other.example.com/v1");
	char *same AUTO_FREE = xasprintf(hpa, "same", "sim.foretop.io/v1beta1");
	int32_t to = -1;
	put_fleet("checkout", "checkout", 4);
	bed_demand(b, "checkout", 200);
	kubeapi_put(b->kube, KUBEAPI_HPAS, other, NULL);
	put_fleet_policy();
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, fleet_scaled("checkout", &to) == 1,
		   "another group's HPA is not in the way");
	kubeapi_put(b->kube, KUBEAPI_HPAS, same, NULL);
	wait_until(b, bed_condition(b, "checkout", "Conflict", "True", "same"),
		   "one of its own is");
}
END_TEST

int main(void)
{
	TCase *tc = bed_lane("kinds", setup, teardown);
	tcase_add_test(tc, any_kind_with_a_scale_is_scaled_by_its_pods);
	tcase_add_test(tc, what_others_write_is_seen_within_a_cycle);
	tcase_add_test(tc, kinds_of_one_name_are_told_apart);
	tcase_add_test(tc, a_kind_that_is_defined_later_is_scaled_then);
	tc = bed_lane("refusals", setup, teardown);
	tcase_add_test(tc, a_kind_without_a_scale_is_said);
	tcase_add_test(tc, without_the_right_to_read_it_the_status_says_so);
	tcase_add_test(tc, one_that_does_not_say_which_pods_are_its_own_is_left_alone);
	tcase_add_test(tc, an_hpa_of_the_same_kind_is_in_the_way);
	return bed_run();
}
