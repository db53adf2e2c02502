#include "kube/lease.h"

#include "unit/kube/api.h"

#include <poll.h>

#define PATH "/apis/coordination.k8s.io/v1/namespaces/sys/leases"

/* The Lease object of the server, and what it does to requests. */
static struct api api;
static cJSON *object;
static int version;
static int refuse_with; /* 0: serve */
static bool mute;       /* never answer */
static struct kube_lease *lease;
static struct str told;
static char why_lost[512]; /* the newest */
static const char *stop_at;
static int stop_at_version; /* 0: none */

static void stamp(void)
{
	char text[16];
	snprintf(text, sizeof(text), "%d", ++version);
	cJSON *metadata = cJSON_GetObjectItemCaseSensitive(object, "metadata");
	cJSON_DeleteItemFromObjectCaseSensitive(metadata, "resourceVersion");
	cJSON_AddStringToObject(metadata, "resourceVersion", text);
}

static void reply_object(const struct api_request *q)
{
	char *text AUTO_FREE = json_text(object);
	api_reply(q->peer, 200, "", text);
}

static void write_object(const struct api_request *q)
{
	cJSON *body = json_parse(q->body, strlen(q->body), NULL);
	ck_assert_ptr_nonnull(body);
	ck_assert_str_eq(json_str(body, "kind", ""), "Lease");
	cJSON_Delete(object);
	object = body;
	stamp();
	reply_object(q);
	if (version == stop_at_version)
		api_stop(&api);
}

static void handle(struct api *a, const struct api_request *q)
{
	(void)a;
	if (mute)
		return;
	cJSON *body AUTO(json_cleanup) = json_parse(q->body, strlen(q->body), NULL);
	if (refuse_with)
		api_refuse(q->peer, refuse_with, "X", "no");
	else if (!strcmp(q->method, "GET") && object)
		reply_object(q);
	else if (!strcmp(q->method, "GET") || (!strcmp(q->method, "PUT") && !object))
		api_refuse(q->peer, 404, "NotFound", "none");
	else if (!strcmp(q->method, "PUT") &&
		 strcmp(json_str(object, "metadata.resourceVersion", ""),
			json_str(body, "metadata.resourceVersion", "")) != 0)
		api_refuse(q->peer, 409, "Conflict", "modified");
	else
		write_object(q);
}

static void note(const char *text)
{
	str_puts(&told, text);
	if (stop_at && strstr(str_text(&told), stop_at))
		api_stop(&api);
}

static void on_leading(void *arg)
{
	ck_assert_ptr_eq(arg, &api);
	ck_assert(kube_lease_valid(lease));
	note("leading ");
}

static void on_following(void *arg, const char *holder, const char *why)
{
	(void)arg;
	snprintf(why_lost, sizeof(why_lost), "%s", why);
	ck_assert(!kube_lease_valid(lease));
	char *text AUTO_FREE = xasprintf("following(%s) ", holder);
	note(text);
}

static void on_trouble(void *arg, const struct err *err)
{
	(void)arg;
	char *text AUTO_FREE = xasprintf("trouble(%s) ", err->msg);
	note(text);
}

static void on_recovered(void *arg)
{
	ck_assert_ptr_eq(arg, &api);
	ck_assert(kube_lease_valid(lease));
	note("recovered ");
}

static void on_released(void *arg)
{
	ck_assert_ptr_eq(arg, &lease);
	note("released ");
}

static void setup(void)
{
	api_init(&api, handle, NULL);
	api_client(&api);
	str_init(&told, 65536);
	object = NULL;
	version = stop_at_version = 0;
	refuse_with = 0;
	mute = false;
}

static void teardown(void)
{
	kube_lease_free(lease);
	lease = NULL;
	api_fini(&api);
	cJSON_Delete(object);
	str_fini(&told);
}

static void start(const char *identity)
{
	struct kube_lease_options options = {
		.ns = "sys",
		.name = "foretop",
		.identity = identity,
		.duration_ms = 3000,
		.renew_deadline_ms = 1500,
		.retry_ms = 20,
		.on_leading = on_leading,
		.on_following = on_following,
		.on_trouble = on_trouble,
		.on_recovered = on_recovered,
		.arg = &api,
	};
	struct err err = {0};
	lease = kube_lease_new(api.kube, &options, &err);
	ck_assert_msg(lease != NULL, "%s", err.msg);
	ck_assert(!kube_lease_valid(lease));
}

static void run_until(const char *part)
{
	stop_at = part;
	if (!strstr(str_text(&told), part))
		api_run(&api);
}

static void set_holder(const char *holder)
{
	char *text AUTO_FREE = xasprintf(
		"{\"kind\":\"Lease\",\"metadata\":{\"name\":\"foretop\",\"labels\":{"
		"\"keep\":\"me\"},\"managedFields\":[]},\"spec\":{\"holderIdentity\":"
		"\"%s\",\"leaseDurationSeconds\":1,\"renewTime\":\"%d\","
		"\"leaseTransitions\":4}}",
		holder, version);
	cJSON_Delete(object);
	object = json_parse(text, strlen(text), NULL);
	stamp();
}

START_TEST(the_first_candidate_creates_the_lease)
{
	start("me");
	run_until("leading");
	ck_assert_str_eq(str_text(&told), "leading ");
	ck_assert_str_eq(kube_lease_holder(lease), "me");
	ck_assert_str_eq(kube_lease_identity(lease), "me");
	ck_assert_str_eq(str_text(&api.log), "GET " PATH "/foretop\n"
					     "POST " PATH "?fieldManager=foretop\n");
	ck_assert_str_eq(json_str(object, "spec.holderIdentity", ""), "me");
	ck_assert_int_eq(json_int(object, "spec.leaseDurationSeconds", 0), 3);
	ck_assert_uint_eq(strlen(json_str(object, "spec.renewTime", "")), 27);
}
END_TEST

START_TEST(a_follower_takes_over_and_keeps_what_is_not_its_own)
{
	set_holder("other");
	start("me");
	run_until("leading");
	ck_assert_str_eq(str_text(&told), "following(other) leading ");
	ck_assert_str_eq(json_str(object, "metadata.labels.keep", ""), "me");
	ck_assert_str_eq(
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
			json_at(object, "metadata.labels"), "app.kubernetes.io/part-of")),
		"foretop");
	ck_assert_ptr_null(json_at(object, "metadata.managedFields"));
	ck_assert_int_eq(json_int(object, "spec.leaseTransitions", 0), 5);
}
END_TEST

START_TEST(a_lead_that_another_took_is_given_up_at_once)
{
	start("me");
	run_until("leading");
	set_holder("other");
	run_until("following(other)");
	ck_assert_str_eq(str_text(&told), "leading following(other) ");
	ck_assert_str_eq(json_str(object, "spec.holderIdentity", ""), "other");
	ck_assert_str_eq(why_lost, "the Lease names another holder: \"other\"");
}
END_TEST

START_TEST(who_never_led_has_lost_nothing)
{
	set_holder("other");
	start("me");
	run_until("following(other)");
	ck_assert_str_eq(why_lost, "");
}
END_TEST

/* The process is stopped for longer than its lead lasts, while it waits. */
START_TEST(a_process_that_did_not_run_says_so_when_it_loses_the_lead)
{
	start("me");
	run_until("leading");
	poll(NULL, 0, 1700); /* frozen */
	run_until("following()");
	ck_assert_msg(strstr(why_lost, "this process did not get to run for") != NULL,
		      "%s", why_lost);
	ck_assert_int_eq(strncmp(why_lost, "not renewed for ", 16), 0);
}
END_TEST

START_TEST(a_lead_that_cannot_be_renewed_runs_out_and_comes_back)
{
	start("me");
	run_until("leading");
	mute = true;
	run_until("following()");
	ck_assert(!kube_lease_valid(lease));
	ck_assert_ptr_nonnull(strstr(str_text(&told), "trouble(PUT " PATH "/foretop: "));
	ck_assert_msg(strstr(why_lost, "1.5 s are allowed; PUT " PATH "/foretop: ") !=
			      NULL,
		      "%s", why_lost);
	mute = false;
	str_clear(&told);
	run_until("leading");
}
END_TEST

/* Once for all tries that failed, when a write has succeeded, which a read alone is not.
 */
START_TEST(a_lead_that_was_kept_through_failures_is_told_once)
{
	start("me");
	run_until("leading");
	for (int i = 0; i < 2; i++) {
		str_clear(&told);
		refuse_with = 503;
		run_until("trouble");
		refuse_with = 0;
		str_clear(&api.log);
		run_until("recovered");
		ck_assert_ptr_nonnull(strstr(str_text(&api.log), "PUT " PATH "/foretop"));
		ck_assert_ptr_null(strstr(str_text(&told), "leading"));
		stop_at = NULL;
		stop_at_version = version + 3;
		api_run(&api);
		ck_assert_ptr_null(
			strstr(strstr(str_text(&told), "recovered") + 1, "recovered"));
	}
}
END_TEST

START_TEST(a_lead_that_was_not_kept_is_none_that_recovers)
{
	refuse_with = 503;
	start("me");
	run_until("following()");
	refuse_with = 0;
	run_until("leading");
	refuse_with = 503;
	str_clear(&told);
	run_until("following()");
	refuse_with = 0;
	run_until("leading");
	ck_assert_ptr_null(strstr(str_text(&told), "recovered"));
}
END_TEST

START_TEST(a_refusal_is_told_once)
{
	refuse_with = 403;
	start("me");
	run_until("following()");
	ck_assert_str_eq(str_text(&told),
			 "trouble(GET " PATH "/foretop: 403 forbidden: no) following() ");
	refuse_with = 0;
	run_until("leading");
	ck_assert_ptr_null(strstr(strstr(str_text(&told), ")") + 1, "trouble"));
}
END_TEST

START_TEST(a_release_leaves_a_free_lease)
{
	start("me");
	run_until("leading");
	kube_lease_release(lease, 5000, on_released, &lease);
	ck_assert(!kube_lease_valid(lease));
	ck_assert_ptr_null(strstr(str_text(&told), "released"));
	run_until("released");
	ck_assert_str_eq(str_text(&told), "leading released ");
	ck_assert_str_eq(json_str(object, "spec.holderIdentity", "?"), "");
	ck_assert_int_eq(json_int(object, "spec.leaseDurationSeconds", 0), 1);
}
END_TEST

START_TEST(a_release_is_bounded_when_the_server_is_silent)
{
	start("me");
	run_until("leading");
	mute = true;
	kube_lease_release(lease, 30, on_released, &lease);
	run_until("released");
	ck_assert_str_eq(json_str(object, "spec.holderIdentity", ""), "me");
}
END_TEST

START_TEST(a_follower_releases_nothing)
{
	set_holder("other");
	start("me");
	run_until("following(other)");
	kube_lease_release(lease, 5000, on_released, &lease);
	run_until("released");
	ck_assert_str_eq(json_str(object, "spec.holderIdentity", ""), "other");
}
END_TEST

START_TEST(identities_come_from_the_pod_or_the_process)
{
	setenv("POD_NAME", "foretop-0", 1);
	start(NULL);
	ck_assert_str_eq(kube_lease_identity(lease), "foretop-0");
	kube_lease_free(lease);
	unsetenv("POD_NAME");
	start(NULL);
	char *end AUTO_FREE = xasprintf("_%d", (int)getpid());
	ck_assert_ptr_nonnull(strstr(kube_lease_identity(lease), end));
}
END_TEST

START_TEST(times_that_contradict_each_other_are_refused)
{
	struct err err = {0};
	struct kube_lease_options options = {
		.ns = "sys", .name = "x", .duration_ms = 1000, .renew_deadline_ms = 2000};
	ck_assert_ptr_null(kube_lease_new(api.kube, &options, &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube lease");
	TCase *t = tcase_create("lease");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, the_first_candidate_creates_the_lease);
	tcase_add_test(t, a_follower_takes_over_and_keeps_what_is_not_its_own);
	tcase_add_test(t, a_lead_that_another_took_is_given_up_at_once);
	tcase_add_test(t, who_never_led_has_lost_nothing);
	tcase_add_test(t, a_process_that_did_not_run_says_so_when_it_loses_the_lead);
	tcase_add_test(t, a_lead_that_cannot_be_renewed_runs_out_and_comes_back);
	tcase_add_test(t, a_lead_that_was_kept_through_failures_is_told_once);
	tcase_add_test(t, a_lead_that_was_not_kept_is_none_that_recovers);
	tcase_add_test(t, a_refusal_is_told_once);
	tcase_add_test(t, a_release_leaves_a_free_lease);
	tcase_add_test(t, a_release_is_bounded_when_the_server_is_silent);
	tcase_add_test(t, a_follower_releases_nothing);
	tcase_add_test(t, identities_come_from_the_pod_or_the_process);
	tcase_add_test(t, times_that_contradict_each_other_are_refused);
	suite_add_tcase(s, t);
	return run_suite(s);
}
