/* The process: its end, its successors, its own face, its configuration. */
#include "integration/bed.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Nothing is waited out, such as the ten seconds that a request may take; a machine with
 * much to do is. LeakSanitizer looks around at the end. */
#define END_MS (BED_SANITIZED ? 20000 : 8000)

static struct bed *b;

static void setup(void)
{
	b = bed_open_shop();
}

static void teardown(void)
{
	bed_close(b);
}

static void kill_hard(struct child *c)
{
	bed_signal(c, SIGKILL);
	ck_assert_int_eq(bed_wait_end(b, c), 128 + SIGKILL);
}

/* --- the end --- */

START_TEST(sigterm_releases_the_lease_and_ends_with_0_at_once)
{
	bed_lead(b, "mode: Scale\n");
	ck_assert(bed_leads(b, "foretop-0"));
	int64_t asked_ms = monotonic_ms();
	bed_signal(&b->first, SIGTERM);
	ck_assert_int_eq(bed_wait_end(b, &b->first), 0);
	ck_assert_int_lt(monotonic_ms() - asked_ms, END_MS);
	ck_assert(bed_leads(b, ""));
	ck_assert_int_eq(bed_logged(&b->first, "\"Ends\" signal=\"Terminated\""), 1);
	/* The next one need not wait. */
	bed_demand(b, "checkout", 730);
	bed_start(b, &b->first, "foretop-1", NULL);
	wait_until(b, bed_scaled(b, "checkout") == 1, "the next process goes on");
}
END_TEST

/* Does this machine write cores at all? */
static bool cores_are_written(void)
{
	int status = 0;
	pid_t pid = fork();
	if (pid == 0) {
		if (chdir(b->folder) < 0)
			_exit(1);
		signal(SIGABRT, SIG_DFL);
		abort();
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) && WCOREDUMP(status);
}

START_TEST(a_crash_leaves_no_core_with_secrets_in_it)
{
	const struct rlimit any = {RLIM_INFINITY, RLIM_INFINITY};
	if (BED_SANITIZED || setrlimit(RLIMIT_CORE, &any) < 0 || !cores_are_written()) {
		puts("skipped: no cores are written here");
		return;
	}
	bed_lead(b, "mode: Scale\n");
	b->first.may_end = true;
	bed_signal(&b->first, SIGSEGV);
	ck_assert_int_eq(bed_wait_end(b, &b->first), 128 + SIGSEGV);
	ck_assert(!b->first.dumped);
}
END_TEST

START_TEST(sigterm_ends_it_even_when_no_server_answers)
{
	bed_lead(b, "mode: Scale\n");
	promapi_fault(b->prom, PROMAPI_SLOW);
	bed_cycles(b, "checkout", 1);
	kubeapi_restart(b->kube, BED_WAIT_MS);
	int64_t asked_ms = monotonic_ms();
	bed_signal(&b->first, SIGTERM);
	ck_assert_int_eq(bed_wait_end(b, &b->first), 0);
	ck_assert_int_lt(monotonic_ms() - asked_ms, END_MS);
}
END_TEST

/* --- successors --- */

/* How many recommendations the record holds that were made before this. */
static int recommendations_before(int64_t at_ms)
{
	cJSON *status AUTO(json_cleanup) = bed_status(b, "checkout");
	const cJSON *pair;
	int count = 0;
	cJSON_ArrayForEach (pair, json_at(status, "record.recommendations"))
		count += cJSON_GetArrayItem(pair, 0)->valuedouble < (double)at_ms;
	return count;
}

/* A peak is inside the stabilization window when the process is killed and the target is
 * raised further by hand: one that had forgotten would keep the higher number. */
START_TEST(after_kill_9_the_same_name_leads_at_once_and_remembers)
{
	bed_write_config(b, NULL, NULL);
	bed_lead(b, "mode: Scale\n"
		    "behavior: {scaleDown: {stabilizationWindowSeconds: 300}}\n");
	bed_demand(b, "checkout", 730);
	wait_until(b, bed_scaled(b, "checkout") == 1, "replicas are written");
	wait_until(b, bed_status_int(b, "checkout", "currentReplicas") == 8,
		   "the record is saved");
	bed_demand(b, "checkout", 150);
	bed_cycles(b, "checkout", 2);
	kill_hard(&b->first);
	int64_t killed_ms = wall_ms();
	ck_assert_int_ge(recommendations_before(killed_ms), 1);
	ck_assert(bed_leads(b, "foretop-0"));
	bed_set_replicas(b, "checkout", 12);
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, bed_logged(&b->first, "\"Began to lead\"") == 2, "it leads again");
	ck_assert_int_eq(bed_logged(&b->first, "\"Stands by\""), 0);
	wait_until(b, bed_scaled(b, "checkout") == 2, "it goes on");
	bed_cycles(b, "checkout", 3);
	for (int i = 1; i < bed_scaled(b, "checkout"); i++)
		ck_assert_int_eq(bed_scaled_to(b, "checkout", i), 8);
	ck_assert_int_eq(bed_replicas(b, "checkout"), 8);
	ck_assert_int_ge(recommendations_before(killed_ms), 1);
}
END_TEST

static void start_standby(void)
{
	bed_start(b, &b->second, "foretop-1", NULL);
	wait_until(b, bed_logged(&b->second, "\"Stands by\" leader=\"foretop-0\"") == 1,
		   "the second stands by");
	wait_until(b, bed_get(b, &b->second, "/readyz", NULL) == 200,
		   "the second is Ready");
}

START_TEST(a_standby_takes_over_after_kill_9_of_the_leader)
{
	char *leading = "leader_election_master_status{name=\"foretop\"}";
	char *text AUTO_FREE = NULL;
	bed_short_lease(b);
	bed_lead(b, "mode: Scale\n");
	start_standby();
	ck_assert_double_eq(bed_metric(b, &b->first, leading), 1);
	ck_assert_double_eq(bed_metric(b, &b->second, leading), 0);
	ck_assert_int_eq(bed_get(b, &b->second, "/metrics", &text), 200);
	ck_assert_ptr_null(strstr(text, "policy=\""));
	bed_cycles(b, "checkout", 2);
	kill_hard(&b->first);
	bed_demand(b, "checkout", 730);
	wait_until(b, bed_scaled(b, "checkout") == 1, "the second scales");
	ck_assert(bed_leads(b, "foretop-1"));
	ck_assert_double_eq(bed_metric(b, &b->second, leading), 1);
}
END_TEST

START_TEST(a_leader_that_was_frozen_wakes_up_and_writes_nothing)
{
	bed_short_lease(b);
	bed_lead(b, "mode: Scale\n");
	start_standby();
	bed_signal(&b->first, SIGSTOP);
	wait_until(b, bed_leads(b, "foretop-1"), "the second leads");
	b->first.may_end = true;
	kubeapi_fail_writes(b->kube, 1000, 503, KUBEAPI_DEPLOYMENTS); /* the second's */
	bed_demand(b, "checkout", 730);
	wait_until(b, bed_writes(b, KUBEAPI_DEPLOYMENTS, 503) >= 1, "the second tries");
	bed_signal(&b->first, SIGCONT);
	wait_until(b, !b->first.pid, "the first ends");
	ck_assert_int_eq(b->first.exit_code, 1);
	ck_assert_int_eq(bed_logged(&b->first, "\"Scales\""), 0);
	kubeapi_fail_writes(b->kube, 0, 0, KUBEAPI_DEPLOYMENTS);
	wait_until(b, bed_scaled(b, "checkout") == 1, "the second scales");
}
END_TEST

/* --- its own face --- */

/* A sample's name is its family's, but for a histogram's three endings. */
static bool is_of(const char *name, size_t len, const char *family)
{
	static const char *const endings[] = {"", "_bucket", "_sum", "_count"};
	size_t own = strlen(family);
	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (len == own + strlen(endings[i]) && !strncmp(name, family, own) &&
		    !strncmp(name + own, endings[i], len - own))
			return true;
	return false;
}

/* Every sample belongs to a family that was named with HELP and TYPE; values are numbers.
 * Returns the number of samples. */
static int check_exposition(const char *text)
{
	char family[128] = "";
	bool help = false, type = false;
	int samples = 0;
	size_t len = strlen(text);
	ck_assert(len > 0 && text[len - 1] == '\n');
	for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
		char name[128], word[16];
		if (sscanf(line, "# %15s %127s", word, name) == 2) {
			bool again = !strcmp(name, family);
			help = !strcmp(word, "HELP") || (again && help);
			type = !strcmp(word, "TYPE") || (again && type);
			snprintf(family, sizeof(family), "%s", name);
			continue;
		}
		char *end;
		size_t word_len = strcspn(line, "{ ");
		const char *value = line + strcspn(line, " \n");
		if (line[word_len] == '{')
			value = strstr(line, "} ") + 1;
		ck_assert_msg(help && type && is_of(line, word_len, family),
			      "no HELP and TYPE of %.80s", line);
		strtod(value, &end);
		ck_assert_msg(end > value && *end == '\n', "no number: %.80s", line);
		samples++;
	}
	return samples;
}

START_TEST(its_face_tells_metrics_health_and_policies)
{
	char *metrics AUTO_FREE = NULL, *policies AUTO_FREE = NULL,
		      *live AUTO_FREE = NULL;
	bed_lead(b, "mode: Scale\n");
	bed_demand(b, "checkout", 730);
	wait_until(b, bed_scaled(b, "checkout") == 1, "replicas are written");
	ck_assert_int_eq(bed_get(b, &b->first, "/livez", &live), 200);
	ck_assert_int_eq(bed_get(b, &b->first, "/readyz", NULL), 200);
	ck_assert_int_eq(bed_get(b, &b->first, "/nothing", NULL), 404);
	ck_assert_int_eq(bed_get(b, &b->first, "/metrics", &metrics), 200);
	ck_assert_int_gt(check_exposition(metrics), 20);
	ck_assert_double_eq(bed_metric(b, &b->first, "foretop_policies"), 1);
	ck_assert_double_eq(bed_metric(b, &b->first,
				       "foretop_metric_demand{target_namespace=\"shop\","
				       "policy=\"checkout\",target_name=\"checkout\","
				       "metric=\"requests\"}"),
			    730);
	wait_until(b,
		   bed_metric(b, &b->first,
			      "foretop_scale_writes_total{target_namespace=\"shop\","
			      "policy=\"checkout\",target_name=\"checkout\","
			      "direction=\"up\",reason=\"reactive\"}") == 1,
		   "the write is counted");
	ck_assert_int_eq(bed_get_page(b, &b->first, "/api/v1/policies", &policies), 200);
	cJSON *list AUTO(json_cleanup) = json_parse(policies, strlen(policies), NULL);
	const cJSON *policy = cJSON_GetArrayItem(json_at(list, "policies"), 0);
	ck_assert_str_eq(json_str(policy, "policy", ""), "checkout");
	ck_assert_int_eq(json_int(policy, "desiredReplicas", 0), 8);
}
END_TEST

/* Sums of client-go's and of our own metrics against what the servers saw. */
START_TEST(requests_are_counted_by_code_and_source)
{
	const struct child *c = &b->first;
	bed_lead(b, "mode: Scale\n");
	bed_demand(b, "checkout", 730);
	wait_until(b, bed_scaled(b, "checkout") == 1, "replicas are written");
	/* The server has seen the write before its answer is here. */
	wait_until(b,
		   bed_metric_sum(b, c,
				  "rest_client_requests_total{code=\"200\","
				  "method=\"PUT\"") >= 1,
		   "the write is counted");
	ck_assert_double_ge(
		bed_metric_sum(b, c, "rest_client_request_duration_seconds_count{"), 3);
	ck_assert_double_ge(bed_metric_sum(b, c,
					   "foretop_prometheus_requests_total{"
					   "source=\"default\",code=\"200\""),
			    1);
	ck_assert_double_ge(bed_metric_sum(b, c, "foretop_queries_total{"), 1);
	ck_assert_double_eq(bed_metric_sum(b, c, "foretop_query_failures_total{"), 0);
	ck_assert_double_eq(bed_metric_sum(b, c, "foretop_write_errors_total{"), 0);
	ck_assert_double_ge(bed_metric(b, c, "foretop_step_duration_seconds_count"), 1);
	ck_assert_double_ge(bed_metric(b, c, "foretop_tick_lateness_seconds_count"), 1);
	promapi_fault(b->prom, PROMAPI_ERROR);
	wait_until(b,
		   bed_metric(b, c,
			      "foretop_query_failures_total{source=\"default\","
			      "kind=\"current\",cause=\"failed\"}") >= 1,
		   "a failure is counted");
	wait_until(b,
		   bed_metric_sum(b, c,
				  "foretop_prometheus_requests_total{"
				  "source=\"default\",code=\"500\"") >= 1,
		   "its code too");
	wait_until(b,
		   bed_metric(b, c,
			      "controller_runtime_reconcile_errors_total{"
			      "controller=\"foretop\"}") >= 1,
		   "an error of a decision");
	promapi_fault(b->prom, PROMAPI_DOWN);
	wait_until(b,
		   bed_metric_sum(b, c,
				  "foretop_prometheus_requests_total{"
				  "source=\"default\",code=\"<error>\"") >= 1,
		   "no answer is counted");
}
END_TEST

/* The old target's labels end with it. */
START_TEST(a_policy_that_changes_leaves_no_series_behind)
{
	const struct child *c = &b->first;
	bed_lead(b, "mode: Recommend\n");
	const char *old = "foretop_policy_info{target_namespace=\"shop\","
			  "policy=\"checkout\",target_name=\"checkout\",";
	ck_assert_double_eq(bed_metric_sum(b, c, old), 1);
	bed_policy(b, "checkout", "cart", "mode: Recommend\n");
	wait_until(b,
		   bed_metric_sum(b, c,
				  "foretop_policy_info{target_namespace=\"shop\","
				  "policy=\"checkout\",target_name=\"cart\",") == 1,
		   "the new target");
	ck_assert(isnan(bed_metric_sum(b, c, old)));
}
END_TEST

/* --- its configuration --- */

START_TEST(a_changed_configuration_is_taken_over_a_broken_one_is_not)
{
	struct err err;
	bed_lead(b, "mode: Scale\n");
	/* Prometheus moves to another port. */
	const struct promapi_config config = {.listen = "127.0.0.1:0",
					      .clock = &b->clock};
	struct promapi *moved = promapi_new(b->reactor, &config, &err);
	ck_assert_ptr_nonnull(moved);
	bed_answer(b, moved, "checkout");
	promapi_fault(b->prom, PROMAPI_DOWN);
	wait_until(b, bed_condition(b, "checkout", "MetricsAvailable", "False", NULL),
		   "the old one is gone");
	bed_write_config(b, "- {name: default, url: \"http://127.0.0.1:1/\", prot: 1}\n",
			 NULL);
	ck_assert_double_eq(
		bed_metric(b, &b->first, "foretop_config_last_reload_successful"), 1);
	bed_signal(&b->first, SIGHUP);
	wait_until(b, bed_logged(&b->first, "Kept the configuration in force") == 1,
		   "a broken one is refused");
	ck_assert_int_eq(bed_logged(&b->first, "line 2: sources[0]: unknown field"), 1);
	ck_assert_double_eq(
		bed_metric(b, &b->first, "foretop_config_last_reload_successful"), 0);
	char *source AUTO_FREE =
		xasprintf("- {name: default, url: \"%s\"}\n", promapi_url(moved));
	bed_write_config(b, source, NULL);
	bed_demand(b, "checkout", 730);
	wait_until(b, bed_logged(&b->first, "Took over the configuration") == 1,
		   "the changed file is noticed");
	wait_until(b, bed_scaled(b, "checkout") == 1, "replicas are written");
	ck_assert_uint_gt(promapi_requests(moved), 0);
	promapi_free(moved);
}
END_TEST

/* What is wrong with how it was called: {CONFIG} and {KUBE} stand for good files. */
static const struct {
	const char *flags[6];
	int exit_code;
	const char *says;
} calls[] = {
	{{"--dryrun"}, 2, "foretop run: unknown flag --dryrun"},
	{{"--config"}, 2, "--config needs a value"},
	{{"--v", "much"}, 2, "--v: \"much\": allowed: 0 to 10"},
	{{"--log-format", "xml"}, 2, "--log-format: \"xml\": allowed: text, json"},
	{{"now"}, 2, "now"},
	{{"--config", "/nowhere/foretop.yaml"}, 1, "/nowhere/foretop.yaml"},
	{{"--config", "{BROKEN}"}, 1, "line 1: sources[0]"},
	{{"--kubeconfig", "{KUBE}"}, 1, "no Prometheus is named"},
	{{"--kubeconfig", "{KUBE}", "--prometheus-url", "prometheus:9090"},
	 1,
	 "--prometheus-url"},
	{{"--config", "{CONFIG}", "--kubeconfig", "/nowhere/config"},
	 1,
	 "/nowhere/config"},
	{{"--config", "{CONFIG}", "--kubeconfig", "{BROKEN}"}, 1, "broken.yaml"},
	{{"--config", "{CONFIG}", "--kubeconfig", "{KUBE}", "--context", "mars"},
	 1,
	 "mars"},
	{{"--config", "{CONFIG}"}, 1, "finding the API server"},
};

static const char *filled(const char *flag, const char *broken)
{
	if (flag && !strcmp(flag, "{CONFIG}"))
		return b->config;
	if (flag && !strcmp(flag, "{KUBE}"))
		return b->kubeconfig;
	return flag && !strcmp(flag, "{BROKEN}") ? broken : flag;
}

START_TEST(a_wrong_call_ends_with_one_clear_line)
{
	char *broken AUTO_FREE = xasprintf("%s/broken.yaml", b->folder);
	bed_write_file(broken, "sources: [{name: default, ulr: \"http://prom\"}]\n");
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		const char *flags[ARRAY_LEN(calls[0].flags) + 1] = {NULL};
		for (size_t k = 0; k < ARRAY_LEN(calls[0].flags); k++)
			flags[k] = filled(calls[i].flags[k], broken);
		remove(b->first.log);
		bed_start_bare(b, &b->first, flags);
		int code = bed_wait_end(b, &b->first);
		char *log AUTO_FREE = bed_text(b->first.log);
		ck_assert_msg(code == calls[i].exit_code, "call %zu: exit code %d\n%s", i,
			      code, log);
		ck_assert_msg(strstr(log, calls[i].says) != NULL,
			      "call %zu does not say \"%s\" but\n%s", i, calls[i].says,
			      log);
		/* A call that is none is told where to read on. */
		char *hint = strstr(log, "\nSee foretop run --help\n");
		if (hint && code == 2)
			hint[1] = '\0';
		ck_assert_msg(strchr(log, '\n') == log + strlen(log) - 1,
			      "call %zu says more than a line:\n%s", i, log);
	}
}
END_TEST

/* --- a large namespace --- */

#define OTHER_PODS 10000

static void put_other_pods(void)
{
	char padding[2000];
	memset(padding, 'x', sizeof(padding) - 1);
	padding[sizeof(padding) - 1] = '\0';
	for (int i = 0; i < OTHER_PODS; i++) {
		char *text AUTO_FREE = xasprintf(
			"{\"metadata\":{\"namespace\":\"shop\",\"name\":\"other-%d\","
			"\"labels\":{\"app\":\"other-%d\"},\"annotations\":{\"notes\":"
			"\"%s\"}},\"spec\":{\"containers\":[{\"name\":\"app\"}]},"
			"\"status\":{\"phase\":\"Running\"}}",
			i, i % 100, padding);
		ck_assert_int_eq(kubeapi_put(b->kube, KUBEAPI_PODS, text, NULL), 0);
	}
}

/* A line of /proc/PID/status, in KiB. */
static long memory_kib(const struct child *c, const char *line)
{
	char path[64], *at;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)c->pid);
	char *text AUTO_FREE = bed_text(path);
	at = strstr(text, line);
	ck_assert_ptr_nonnull(at);
	return strtol(at + strlen(line), NULL, 10);
}

START_TEST(ten_thousand_pods_of_others_do_not_fill_its_memory)
{
	put_other_pods();
	bed_lead(b, "mode: Scale\n");
	/* Everything is listed once more. */
	kubeapi_cut_watches(b->kube);
	kubeapi_compact(b->kube);
	bed_demand(b, "cart", 730);
	bed_policy(b, "cart", "cart", "mode: Scale\n");
	wait_until(b, bed_scaled(b, "cart") == 1, "a new policy is served");
	printf("10,000 pods in the namespace: VmHWM %ld KiB, VmRSS %ld KiB, RssAnon %ld "
	       "KiB\n",
	       memory_kib(&b->first, "VmHWM:"), memory_kib(&b->first, "VmRSS:"),
	       memory_kib(&b->first, "RssAnon:"));
	if (!BED_SANITIZED)
		ck_assert_int_lt(memory_kib(&b->first, "VmHWM:"), 64 * 1024);
}
END_TEST

int main(void)
{
	TCase *tc = bed_lane("the end and the next", setup, teardown);
	tcase_add_test(tc, sigterm_releases_the_lease_and_ends_with_0_at_once);
	tcase_add_test(tc, a_crash_leaves_no_core_with_secrets_in_it);
	tcase_add_test(tc, sigterm_ends_it_even_when_no_server_answers);
	tcase_add_test(tc, after_kill_9_the_same_name_leads_at_once_and_remembers);
	tc = bed_lane("standby", setup, teardown);
	tcase_add_test(tc, a_standby_takes_over_after_kill_9_of_the_leader);
	tcase_add_test(tc, a_leader_that_was_frozen_wakes_up_and_writes_nothing);
	tc = bed_lane("face and files", setup, teardown);
	tcase_add_test(tc, its_face_tells_metrics_health_and_policies);
	tcase_add_test(tc, requests_are_counted_by_code_and_source);
	tcase_add_test(tc, a_policy_that_changes_leaves_no_series_behind);
	tcase_add_test(tc, a_changed_configuration_is_taken_over_a_broken_one_is_not);
	tcase_add_test(tc, a_wrong_call_ends_with_one_clear_line);
	tc = bed_lane("a large namespace", setup, teardown);
	tcase_add_test(tc, ten_thousand_pods_of_others_do_not_fill_its_memory);
	return bed_run();
}
