/* What the API server can do: Foretop goes on by itself afterwards, and writes nothing
 * from what it does not know any more. */
#include "integration/bed.h"

#include <signal.h>
#include <stdlib.h>
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

/* A policy that comes now is seen, decided on and carried out. */
static void new_policy_is_served(void)
{
	bed_demand(b, "cart", 700);
	bed_policy(b, "cart", "cart", "mode: Scale\n");
	wait_until(b, bed_scaled(b, "cart") == 1, "a new policy is served");
	ck_assert_int_eq(bed_scaled_to(b, "cart", 0), 7);
}

START_TEST(after_a_restart_of_the_server_it_goes_on)
{
	bed_lead(b, "mode: Scale\n");
	kubeapi_restart(b->kube, 700);
	bed_demand(b, "checkout", 730);
	wait_until(b, bed_scaled(b, "checkout") == 1, "replicas are written");
	ck_assert_int_eq(bed_scaled_to(b, "checkout", 0), 8);
	new_policy_is_served();
	ck_assert_int_eq(bed_logged(&b->first, "\"Began to lead\""), 1);
}
END_TEST

START_TEST(cut_and_ended_watches_come_back)
{
	bed_lead(b, "mode: Scale\n");
	ck_assert_uint_gt(kubeapi_watches(b->kube), 0);
	kubeapi_cut_watches(b->kube);
	bed_set_replicas(b, "checkout", 6); /* unseen, unless they come back */
	bed_demand(b, "checkout", 900);
	wait_until(b, bed_events(b, "checkout", "ScaledUp", "6 to 9") == 1,
		   "it decides from what it has missed");
	kubeapi_end_watches(b->kube);
	new_policy_is_served();
}
END_TEST

START_TEST(what_a_compaction_hid_is_found_by_a_new_list)
{
	bed_lead(b, "mode: Scale\n");
	/* The policy goes while nobody watches, and the history of it too. */
	kubeapi_cut_watches(b->kube);
	kubeapi_delete(b->kube, KUBEAPI_CONFIGMAPS, "shop", "checkout");
	new_policy_is_served();
	kubeapi_cut_watches(b->kube);
	kubeapi_delete(b->kube, KUBEAPI_CONFIGMAPS, "shop", "cart");
	bed_set_replicas(b, "checkout", 3);
	kubeapi_compact(b->kube);
	bed_policy(b, "later", "checkout", "mode: Scale\n");
	wait_until(b, bed_scaled(b, "checkout") == 1, "a new policy is served");
	ck_assert_int_eq(bed_scaled_to(b, "checkout", 0), 4);
	wait_until(b,
		   isnan(bed_metric_sum(b, &b->first,
					"foretop_decisions_total{target_namespace="
					"\"shop\",policy=\"cart\",")),
		   "the policy that went is forgotten");
	/* An admin can see that it was a 410, and which watches it met. */
	ck_assert_double_gt(bed_metric(b, &b->first,
				       "foretop_watch_expired_total{resource="
				       "\"policies\"}"),
			    0);
	ck_assert_double_gt(bed_metric(b, &b->first,
				       "foretop_watch_expired_total{resource="
				       "\"targets\"}"),
			    0);
	ck_assert_int_ge(bed_logged(&b->first, "\"Lists policies anew\""), 1);
}
END_TEST

START_TEST(where_websockets_are_refused_it_watches_over_http)
{
	kubeapi_allow_websocket(b->kube, false);
	bed_lead(b, "mode: Scale\n");
	bed_demand(b, "checkout", 730);
	wait_until(b, bed_scaled(b, "checkout") == 1, "replicas are written");
	new_policy_is_served();
	ck_assert_int_ge(bed_logged(&b->first, "watching over HTTP"), 1);
}
END_TEST

START_TEST(websockets_refused_at_run_time_are_replaced_by_http)
{
	bed_lead(b, "mode: Scale\n");
	ck_assert_int_eq(bed_logged(&b->first, "watching over HTTP"), 0);
	kubeapi_allow_websocket(b->kube, false);
	kubeapi_cut_watches(b->kube);
	new_policy_is_served();
	ck_assert_int_ge(bed_logged(&b->first, "watching over HTTP"), 1);
}
END_TEST

START_TEST(a_server_without_watch_lists_is_listed_in_pages)
{
	kubeapi_allow_watchlist(b->kube, false);
	bed_lead(b, "mode: Scale\n");
	new_policy_is_served();
}
END_TEST

START_TEST(reads_forbidden_for_a_while_are_tried_again)
{
	kubeapi_fail_reads(b->kube, 100000, 403, KUBEAPI_RESOURCES);
	bed_policy(b, "checkout", "checkout", "mode: Scale\n");
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, bed_logged(&b->first, "forbidden") >= 1, "the log names the cause");
	ck_assert_int_eq(bed_get(b, &b->first, "/readyz", NULL), 503);
	kubeapi_fail_reads(b->kube, 0, 0, KUBEAPI_RESOURCES);
	wait_until(b, bed_condition(b, "checkout", "MetricsAvailable", "True", NULL),
		   "a first decision");
	ck_assert_int_eq(bed_get(b, &b->first, "/readyz", NULL), 200);
	bed_demand(b, "checkout", 730);
	wait_until(b, bed_scaled(b, "checkout") == 1, "replicas are written");
}
END_TEST

START_TEST(writes_forbidden_for_a_while_are_decided_afresh)
{
	bed_lead(b, "mode: Scale\n");
	kubeapi_fail_writes(b->kube, 1000, 403, KUBEAPI_DEPLOYMENTS);
	bed_demand(b, "checkout", 730);
	wait_until(b, bed_condition(b, "checkout", "AbleToScale", "False", "forbidden"),
		   "the status names the cause");
	wait_until(b, bed_events(b, "checkout", "ScaleFailed", "forbidden") == 1,
		   "one Event names the cause");
	int tried = bed_writes(b, KUBEAPI_DEPLOYMENTS, 403);
	bed_cycles(b, "checkout", 2);
	ck_assert_int_gt(bed_writes(b, KUBEAPI_DEPLOYMENTS, 403), tried);
	ck_assert_int_eq(bed_events(b, "checkout", "ScaleFailed", NULL), 1);
	bed_demand(b, "checkout", 590);
	wait_until(b, bed_status_int(b, "checkout", "desiredReplicas") == 6,
		   "it is decided with the new demand");
	kubeapi_fail_writes(b->kube, 0, 0, KUBEAPI_DEPLOYMENTS);
	wait_until(b, bed_scaled(b, "checkout") == 1, "replicas are written");
	ck_assert_int_eq(bed_scaled_to(b, "checkout", 0), 6); /* not the 8 that failed */
	wait_until(b, bed_condition(b, "checkout", "AbleToScale", "True", NULL),
		   "the status is well again");
}
END_TEST

/* How long it waited for an answer, by its own word in the status; -1: it says nothing of
 * the kind. */
static int64_t waited_ms(const char *policy)
{
	static const char says[] = "time-out after ";
	cJSON *status AUTO(json_cleanup) = bed_status(b, policy);
	char *text AUTO_FREE = status ? cJSON_PrintUnformatted(status) : NULL;
	const char *at = text ? strstr(text, says) : NULL;
	return at ? strtoll(at + sizeof(says) - 1, NULL, 10) : -1;
}

/* Without the flag a request waits for ten seconds. */
START_TEST(a_write_that_is_never_answered_is_given_up_as_the_flag_says)
{
	static const char *const flags[] = {"--request-timeout", "1500ms", NULL};
	const struct fault hang = {.server = FAULT_KUBE,
				   .kind = FAULT_HANG,
				   .on = FAULT_WRITES,
				   .times = 1,
				   .of = "deployments"};
	bed_policy(b, "checkout", "checkout", "mode: Scale\n");
	bed_start(b, &b->first, "foretop-0", flags);
	wait_until(b, bed_condition(b, "checkout", "MetricsAvailable", "True", NULL),
		   "a first decision");
	kubeapi_bend(b->kube, &hang);
	bed_demand(b, "checkout", 730);
	wait_until(b, waited_ms("checkout") >= 0, "the status says what it waited for");
	ck_assert_int_ge(waited_ms("checkout"), 1500);
	ck_assert_int_lt(waited_ms("checkout"), 10000);
	wait_until(b, bed_scaled(b, "checkout") == 1, "replicas are written");
	ck_assert_int_eq(bed_scaled_to(b, "checkout", 0), 8);
}
END_TEST

START_TEST(a_leader_that_cannot_renew_ends_and_writes_nothing_after)
{
	bed_short_lease(b);
	bed_lead(b, "mode: Scale\n");
	b->first.may_end = true;
	kubeapi_fail_writes(b->kube, 100000, 503, KUBEAPI_LEASES);
	wait_until(b, !b->first.pid, "it ends before its Lease is over");
	ck_assert_int_eq(b->first.exit_code, 1);
	ck_assert_int_ge(bed_logged(&b->first, "could not be renewed"), 1);
	ck_assert_int_ge(bed_logged(&b->first, "Lost the lead"), 1);
	kubeapi_fail_writes(b->kube, 0, 0, KUBEAPI_LEASES);
	ck_assert(bed_leads(b, "foretop-0"));
	bed_demand(b, "checkout", 730);
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, bed_scaled(b, "checkout") == 1, "the next process goes on");
}
END_TEST

int main(void)
{
	TCase *tc = bed_lane("watches", setup, teardown);
	tcase_add_test(tc, cut_and_ended_watches_come_back);
	tcase_add_test(tc, what_a_compaction_hid_is_found_by_a_new_list);
	tcase_add_test(tc, after_a_restart_of_the_server_it_goes_on);
	tc = bed_lane("other servers", setup, teardown);
	tcase_add_test(tc, where_websockets_are_refused_it_watches_over_http);
	tcase_add_test(tc, websockets_refused_at_run_time_are_replaced_by_http);
	tc = bed_lane("refusals", setup, teardown);
	tcase_add_test(tc, reads_forbidden_for_a_while_are_tried_again);
	tcase_add_test(tc, writes_forbidden_for_a_while_are_decided_afresh);
	tcase_add_test(tc, a_write_that_is_never_answered_is_given_up_as_the_flag_says);
	tc = bed_lane("an older server, a lost Lease", setup, teardown);
	tcase_add_test(tc, a_server_without_watch_lists_is_listed_in_pages);
	tcase_add_test(tc, a_leader_that_cannot_renew_ends_and_writes_nothing_after);
	return bed_run();
}
