/* From demand to replicas: what is written, and what is not. */
#include "integration/bed.h"

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

static void decided_once(const char *policy)
{
	wait_until(b, bed_condition(b, policy, "MetricsAvailable", "True", NULL),
		   "a first decision");
}

START_TEST(more_demand_brings_more_replicas_a_status_and_an_event)
{
	bed_policy(b, "checkout", "checkout", "mode: Scale\n");
	bed_start(b, &b->first, "foretop-0", NULL);
	decided_once("checkout");
	ck_assert_int_eq(bed_scaled(b, "checkout"), 0);
	bed_demand(b, "checkout", 730);
	wait_until(b, bed_scaled(b, "checkout") == 1, "replicas are written");
	ck_assert_int_eq(bed_scaled_to(b, "checkout", 0), 8);
	wait_until(b, bed_events(b, "checkout", "ScaledUp", "-> 4 to 8") == 1,
		   "an Event says why");
	wait_until(b, bed_status_int(b, "checkout", "currentReplicas") == 8,
		   "the status knows of it");
	ck_assert(bed_condition(b, "checkout", "Ready", "True", NULL));
	ck_assert(bed_condition(b, "checkout", "AbleToScale", "True", NULL));
	bed_cycles(b, "checkout", 2);
	ck_assert_int_eq(bed_scaled(b, "checkout"), 1);
}
END_TEST

START_TEST(less_demand_is_recorded_before_it_is_written)
{
	bed_policy(b, "checkout", "checkout", "mode: Scale\n");
	bed_start(b, &b->first, "foretop-0", NULL);
	decided_once("checkout");
	kubeapi_fail_writes(b->kube, 1000, 403, KUBEAPI_CONFIGMAPS);
	bed_demand(b, "checkout", 150);
	wait_until(b, bed_events(b, "checkout", "ScaleFailed", "4 to 2") == 1,
		   "an Event says that the record could not be saved");
	bed_cycles(b, "checkout", 2);
	ck_assert_int_eq(bed_writes(b, KUBEAPI_DEPLOYMENTS, 0), 0);
	kubeapi_fail_writes(b->kube, 0, 0, KUBEAPI_CONFIGMAPS);
	wait_until(b, bed_scaled(b, "checkout") == 1, "replicas are written");
	ck_assert_int_eq(bed_scaled_to(b, "checkout", 0), 2);
	wait_until(b, bed_events(b, "checkout", "ScaledDown", "4 to 2") == 1,
		   "an Event says why");
}
END_TEST

START_TEST(recommend_reports_and_writes_no_replicas)
{
	bed_policy(b, "checkout", "checkout", "");
	bed_start(b, &b->first, "foretop-0", NULL);
	bed_demand(b, "checkout", 730);
	wait_until(b, bed_status_int(b, "checkout", "desiredReplicas") == 8,
		   "the status recommends");
	bed_cycles(b, "checkout", 3);
	ck_assert_int_eq(bed_status_int(b, "checkout", "currentReplicas"), 4);
	ck_assert_int_eq(bed_writes(b, KUBEAPI_DEPLOYMENTS, 0), 0);
}
END_TEST

START_TEST(a_dry_run_writes_nothing_at_all)
{
	static const char *const flags[] = {"--dry-run", NULL};
	char *policies AUTO_FREE = NULL;
	bed_policy(b, "checkout", "checkout", "mode: Scale\n");
	bed_policy(b, "broken", "cart", "mode: Sacle\n");
	bed_start(b, &b->first, "foretop-0", flags);
	bed_demand(b, "checkout", 730);
	bed_cycles(b, "checkout", 3);
	promapi_fault(b->prom, PROMAPI_ERROR);
	bed_cycles(b, "checkout", 2);
	ck_assert_int_eq(bed_get_page(b, &b->first, "/api/v1/policies", &policies), 200);
	ck_assert_ptr_nonnull(strstr(policies, "opening storage failed"));
	ck_assert_int_ge(bed_logged(&b->first, "4 to 8"), 1);
	ck_assert_int_eq(bed_writes(b, KUBEAPI_RESOURCES, 0), 0);
}
END_TEST

START_TEST(once_prints_every_policy_and_ends_with_0)
{
	static const char *const flags[] = {"--once", "--dry-run", NULL};
	bed_policy(b, "checkout", "checkout", "mode: Scale\n");
	bed_policy(b, "cart", "cart", "mode: Sacle\n");
	bed_demand(b, "checkout", 730);
	bed_start(b, &b->first, NULL, flags);
	ck_assert_int_eq(bed_wait_end(b, &b->first), 0);
	char *table AUTO_FREE = bed_text(b->first.out);
	ck_assert_msg(strstr(table, "NAMESPACE   POLICY") == table, "%s", table);
	ck_assert_msg(strstr(table, "\nshop        checkout   Scale") &&
			      strstr(table, "4 to 8"),
		      "%s", table);
	ck_assert_msg(strstr(table, "\nshop        cart ") &&
			      strstr(table, "line 10: mode: "),
		      "%s", table);
	ck_assert_int_eq(bed_writes(b, KUBEAPI_RESOURCES, 0), 0);
}
END_TEST

START_TEST(once_without_dry_run_ends_after_its_writes)
{
	static const char *const flags[] = {"--once", NULL};
	bed_policy(b, "checkout", "checkout", "mode: Scale\n");
	bed_policy(b, "cart", "cart", "mode: Scale\n");
	bed_demand(b, "checkout", 730);
	bed_demand(b, "cart", 550);
	bed_start(b, &b->first, NULL, flags);
	ck_assert_int_eq(bed_wait_end(b, &b->first), 0);
	ck_assert_int_eq(bed_replicas(b, "checkout"), 8);
	ck_assert_int_eq(bed_replicas(b, "cart"), 6);
	ck_assert_int_eq(bed_status_int(b, "checkout", "currentReplicas"), 8);
	ck_assert_int_eq(bed_status_int(b, "cart", "currentReplicas"), 6);
	ck_assert_int_eq(bed_events(b, "checkout", "ScaledUp", NULL), 1);
	ck_assert_int_eq(bed_events(b, "cart", "ScaledUp", NULL), 1);
	ck_assert(bed_leads(b, ""));
}
END_TEST

/* The watch lags: foretop decides with what somebody else has changed since. */
START_TEST(a_conflict_reads_again_then_decides_again)
{
	bed_policy(b, "checkout", "checkout", "mode: Scale\n");
	bed_policy(b, "cart", "cart", "mode: Scale\n");
	bed_start(b, &b->first, "foretop-0", NULL);
	decided_once("checkout");
	decided_once("cart");
	kubeapi_silence_watches(b->kube, true);
	bed_set_replicas(b, "checkout", 6);
	bed_set_replicas(b, "cart", 8);
	bed_demand(b, "checkout", 730);
	bed_demand(b, "cart", 730);
	wait_until(b, bed_writes(b, KUBEAPI_DEPLOYMENTS, 409) == 2, "two conflicts");
	wait_until(b, bed_scaled(b, "checkout") == 1, "it is decided again");
	ck_assert_int_eq(bed_scaled_to(b, "checkout", 0), 8);
	wait_until(b, bed_events(b, "checkout", "ScaledUp", "6 to 8") == 1,
		   "the Event tells the fresh number");
	bed_cycles(b, "cart", 2);
	ck_assert_int_eq(bed_scaled(b, "checkout"), 1);
	ck_assert_int_eq(bed_scaled(b, "cart"), 0); /* it had the right size by then */
	ck_assert_int_eq(bed_writes(b, KUBEAPI_DEPLOYMENTS, 409), 2);
	kubeapi_silence_watches(b->kube, false);
}
END_TEST

/* The transport may have sent it twice; its preconditions let one through. */
START_TEST(a_write_whose_answer_is_lost_is_carried_out_once)
{
	bed_policy(b, "checkout", "checkout", "mode: Scale\n");
	bed_start(b, &b->first, "foretop-0", NULL);
	decided_once("checkout");
	kubeapi_lose_answers(b->kube, 1, KUBEAPI_DEPLOYMENTS);
	bed_demand(b, "checkout", 730);
	wait_until(b, bed_scaled(b, "checkout") == 1, "replicas are written");
	bed_cycles(b, "checkout", 3);
	ck_assert_int_eq(bed_scaled(b, "checkout"), 1);
	ck_assert_int_eq(bed_logged(&b->first, "\"Scales\""), 1);
	wait_until(b, bed_status_int(b, "checkout", "currentReplicas") == 8,
		   "the status knows of it");
}
END_TEST

static const char cpu_policy[] =
	"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: checkout}\n"
	"mode: Scale\n"
	"maxReplicas: 20\n"
	"metrics:\n"
	"- type: Resource\n"
	"  resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}\n"
	"forecast: {mode: Disabled}\n";

/* Four pods at their limit of one core each, which they request: 100 % against 70 %. */
START_TEST(pods_busier_than_the_target_are_joined_by_more)
{
	bed_policy_text(b, "checkout", cpu_policy);
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, bed_scaled(b, "checkout") == 1, "replicas are written");
	ck_assert_int_eq(bed_scaled_to(b, "checkout", 0), 6);
	wait_until(b,
		   bed_condition(b, "checkout", "MetricsAvailable", "True", NULL) &&
			   bed_events(b, "checkout", "ScaledUp", "cpu") == 1,
		   "the Event names the metric");
}
END_TEST

static const char memory_policy[] =
	"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: checkout}\n"
	"mode: Scale\n"
	"maxReplicas: 20\n"
	"metrics:\n"
	"- type: Resource\n"
	"  resource: {name: memory, target: {type: Utilization, averageUtilization: "
	"70}}\n";

START_TEST(pods_that_request_nothing_are_left_alone_and_named)
{
	const struct workload *w =
		world_find(served_world(b->served), "shop", "checkout");
	wait_until(b, workload_scraped_ms(w, wall_ms()) > w->pods[0].created_ms,
		   "Prometheus has seen the pods");
	bed_policy_text(b, "checkout", memory_policy);
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b,
		   bed_condition(b, "checkout", "ScalingActive", "False",
				 "missing request for memory"),
		   "the status says what is missing");
	bed_cycles(b, "checkout", 1);
	ck_assert_int_eq(bed_writes(b, KUBEAPI_DEPLOYMENTS, 0), 0);
}
END_TEST

/* --- a forecast --- */

static int64_t ramp_ms; /* of the day, when demand triples */

static double daily(int64_t at_ms)
{
	int64_t since = ((at_ms - ramp_ms) % MS_PER_DAY + MS_PER_DAY) % MS_PER_DAY;
	int64_t minute = at_ms / MS_PER_MIN;
	double noise = (double)(hash_bytes(&minute, sizeof(minute)) % 1000) / 1000 - 0.5;
	return (since < 6 * MS_PER_H ? 900 : 300) * (1 + 0.02 * noise);
}

static void say_daily(void *arg, int64_t at_ms, struct promapi_rows *rows)
{
	(void)arg;
	promapi_rows_add(rows, NULL, 0, daily(at_ms));
}

START_TEST(a_forecast_from_history_raises_replicas_before_the_demand_does)
{
	ramp_ms = wall_ms() + 3 * MS_PER_MIN;
	char *query AUTO_FREE = served_requests_query("shop", "checkout");
	promapi_register(b->prom, query, say_daily, NULL);
	bed_policy(b, "checkout", "checkout",
		   "mode: Scale\nforecast: {mode: Auto, leadTime: 3m, quantile: 0.99}\n");
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, bed_scaled(b, "checkout") >= 1, "replicas are written");
	ck_assert_int_eq(bed_scaled_to(b, "checkout", 0), 8); /* at most twice at once */
	ck_assert_int_lt(wall_ms(), ramp_ms);
	wait_until(b, bed_events(b, "checkout", "ScaledUp", "forecast") >= 1,
		   "the Event names the forecast");
	wait_until(b, bed_condition(b, "checkout", "ForecastTrusted", "True", NULL),
		   "the status trusts the forecast");
	ck_assert_int_le(bed_status_int(b, "checkout", "reactiveReplicas"), 4);
	ck_assert_int_ge(bed_status_int(b, "checkout", "predictedReplicas"), 9);
}
END_TEST

int main(void)
{
	TCase *tc = bed_lane("replicas", setup, teardown);
	tcase_add_test(tc, more_demand_brings_more_replicas_a_status_and_an_event);
	tcase_add_test(tc, less_demand_is_recorded_before_it_is_written);
	tcase_add_test(tc, pods_busier_than_the_target_are_joined_by_more);
	tcase_add_test(tc, pods_that_request_nothing_are_left_alone_and_named);
	tcase_add_test(tc,
		       a_forecast_from_history_raises_replicas_before_the_demand_does);
	tc = bed_lane("no writes", setup, teardown);
	tcase_add_test(tc, recommend_reports_and_writes_no_replicas);
	tcase_add_test(tc, a_dry_run_writes_nothing_at_all);
	tcase_add_test(tc, once_prints_every_policy_and_ends_with_0);
	tcase_add_test(tc, once_without_dry_run_ends_after_its_writes);
	tc = bed_lane("conflicts", setup, teardown);
	tcase_add_test(tc, a_conflict_reads_again_then_decides_again);
	tcase_add_test(tc, a_write_whose_answer_is_lost_is_carried_out_once);
	return bed_run();
}
