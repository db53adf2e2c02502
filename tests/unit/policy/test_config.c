#include "unit/policy/problems.h"

START_TEST(an_empty_file_means_the_defaults)
{
	struct controller_config c;
	parse_config("", &c);
	ck_assert_int_eq(c.source_count, 0);
	ck_assert_int_eq(c.sync_period_ms, 15000);
	ck_assert_int_eq(c.max_policies, 10000);
	ck_assert_double_eq(c.hpa.tolerance, 0.1);
	ck_assert_int_eq(c.hpa.downscale_stabilization_ms, 300000);
	ck_assert_int_eq(c.hpa.cpu_initialization_ms, 300000);
	ck_assert_int_eq(c.hpa.initial_readiness_delay_ms, 30000);
	ck_assert(c.election.enabled);
	ck_assert_str_eq(c.election.lease_name, "foretop");
	ck_assert_ptr_null(c.election.lease_namespace);
	ck_assert_int_eq(c.election.lease_duration_ms, 15000);
	ck_assert_int_eq(c.election.renew_deadline_ms, 10000);
	ck_assert_int_eq(c.election.retry_period_ms, 2000);
	ck_assert_int_eq(c.election.shards, 1);
	ck_assert_ptr_null(c.status_namespace);
	ck_assert_str_eq(c.listen, ":8080");
	ck_assert_str_eq(c.page.listen, "127.0.0.1:8081");
	ck_assert(!c.page.token_review && !c.page.cert_file && !c.page.hosts.count);
	config_free(&c);
	config_free(&c);
	config_free(NULL);
}
END_TEST

static const char full[] =
	"sources:\n"
	"- name: default\n"
	"  url: https://mimir.monitoring:8443/prometheus/\n"
	"  bearerTokenFile: /var/run/token\n"
	"  caFile: /etc/ca.pem\n"
	"  certFile: /etc/cert.pem\n"
	"  keyFile: /etc/key.pem\n"
	"  headers: {X-Scope-OrgID: team-a, X-Other: \"b \\u00e9\"}\n"
	"  queryParameters: {partial_response: \"false\", namespace: shop}\n"
	"  timeout: 5s\n"
	"  maxResponseBytes: 64Mi\n"
	"  method: GET\n"
	"  namespaces: [shop, web]\n"
	"- name: plain.example\n"
	"  url: http://[::1]:9090\n"
	"  username: reader\n"
	"  passwordFile: /etc/password\n"
	"  insecureSkipVerify: true\n"
	"syncPeriod: 30s\n"
	"maxPolicies: 12\n"
	"hpa: {tolerance: 0.05, downscaleStabilization: 10m, cpuInitializationPeriod: "
	"2m, "
	"initialReadinessDelay: 0}\n"
	"namespaces: {serve: [shop, kube-system], refuse: [bank]}\n"
	"leaderElection: {enabled: false, leaseName: a.b, leaseNamespace: ops, "
	"leaseDuration: 60s, renewDeadline: 40s, retryPeriod: 5s, shards: 16}\n"
	"statusNamespace: foretop\n"
	"listen: 127.0.0.1:0\n"
	"page: {listen: ':8443', hosts: [foretop.example, f.b], certFile: /etc/page.pem, "
	"keyFile: /etc/page.key, tokenReview: true}\n";

START_TEST(a_full_file_is_read)
{
	struct controller_config c;
	parse_config(full, &c);
	ck_assert_int_eq(c.source_count, 2);
	const struct config_source *s = &c.sources[0];
	ck_assert_str_eq(s->name, "default");
	ck_assert_str_eq(s->url, "https://mimir.monitoring:8443/prometheus");
	ck_assert_str_eq(s->bearer_token_file, "/var/run/token");
	ck_assert_str_eq(s->ca_file, "/etc/ca.pem");
	ck_assert_str_eq(s->cert_file, "/etc/cert.pem");
	ck_assert_str_eq(s->key_file, "/etc/key.pem");
	ck_assert_int_eq(s->headers.count, 2);
	ck_assert_str_eq(s->headers.pairs[0].name, "X-Scope-OrgID");
	ck_assert_str_eq(s->headers.pairs[0].value, "team-a");
	ck_assert_str_eq(s->headers.pairs[1].value, "b \u00e9");
	ck_assert_int_eq(s->query_parameters.count, 2);
	ck_assert_str_eq(s->query_parameters.pairs[0].name, "partial_response");
	ck_assert_int_eq(s->timeout_ms, 5000);
	ck_assert_int_eq(s->max_response_bytes, 64 << 20);
	ck_assert_int_eq(s->method, SOURCE_GET);
	ck_assert_int_eq(s->namespaces.count, 2);
	s = &c.sources[1];
	ck_assert_str_eq(s->url, "http://[::1]:9090");
	ck_assert_str_eq(s->username, "reader");
	ck_assert_str_eq(s->password_file, "/etc/password");
	ck_assert(s->insecure_skip_verify);
	ck_assert_int_eq(s->method, SOURCE_POST_OR_GET);
	ck_assert_int_eq(s->timeout_ms, 10000);
	ck_assert_int_eq(s->max_response_bytes, 8 << 20);
	ck_assert_int_eq(c.sync_period_ms, 30000);
	ck_assert_int_eq(c.max_policies, 12);
	ck_assert_double_eq(c.hpa.tolerance, 0.05);
	ck_assert_int_eq(c.hpa.downscale_stabilization_ms, 600000);
	ck_assert_int_eq(c.hpa.cpu_initialization_ms, 120000);
	ck_assert_int_eq(c.hpa.initial_readiness_delay_ms, 0);
	ck_assert(!c.election.enabled);
	ck_assert_str_eq(c.election.lease_name, "a.b");
	ck_assert_str_eq(c.election.lease_namespace, "ops");
	ck_assert_int_eq(c.election.lease_duration_ms, 60000);
	ck_assert_int_eq(c.election.renew_deadline_ms, 40000);
	ck_assert_int_eq(c.election.retry_period_ms, 5000);
	ck_assert_int_eq(c.election.shards, 16);
	ck_assert_str_eq(c.status_namespace, "foretop");
	ck_assert_str_eq(c.listen, "127.0.0.1:0");
	ck_assert_str_eq(c.page.listen, ":8443");
	ck_assert_int_eq(c.page.hosts.count, 2);
	ck_assert_str_eq(c.page.hosts.names[1], "f.b");
	ck_assert_str_eq(c.page.cert_file, "/etc/page.pem");
	ck_assert_str_eq(c.page.key_file, "/etc/page.key");
	ck_assert(c.page.token_review);
	config_free(&c);
}
END_TEST

#define NAME_48  "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuv"
#define NAME_245 NAME_48 "." NAME_48 "." NAME_48 "." NAME_48 "." NAME_48 "w"

static const struct {
	const char *text;
	const char *want;
} refusals[] = {
	{"[]", "line 1: got a list: want a map of fields"},
	{"source: []", "line 1: unknown field \"source\": did you mean \"sources\"?"},
	{"syncPeriod: 15", "line 1: syncPeriod: \"15\" is not a duration: want parts "
			   "with the units w, d, h, "
			   "m, s and ms, like 90s, 1h30m or 14d"},
	{"syncPeriod: 500ms",
	 "line 1: syncPeriod: Invalid value: \"500ms\": must be from 1s to 1h"},
	{"maxPolicies: 0",
	 "line 1: maxPolicies: Invalid value: 0: must be from 1 to 100000"},
	{"syncPeriod: {s: 3}",
	 "line 1: syncPeriod: got a map: want a duration like 90s, 1h30m or 14d"},
	{"hpa: {tolerance: -0.1}", "line 1: hpa.tolerance: Invalid value: \"-0.1\": must "
				   "be greater than or equal to 0"},
	{"hpa: {tolerance: 1e400}",
	 "line 1: hpa.tolerance: Invalid value: \"1e400\": is too large"},
	{"hpa: {downscaleStabilization: 61m}",
	 "line 1: hpa.downscaleStabilization: Invalid value: \"61m\": must be from 0s to "
	 "1h"},
	{"namespaces: [a]", "line 1: namespaces: got a list: want a map of fields"},
	{"namespaces: {serve: a}", "line 1: namespaces.serve: got \"a\": want a list"},
	{"namespaces: {serve: [a, B]}",
	 "line 1: namespaces.serve[1]: Invalid value: \"B\": must be 1 to 63 of a-z, 0-9 "
	 "and '-', with a "
	 "letter or digit at both ends"},
	{"namespaces: {serve: [a, a]}",
	 "line 1: namespaces.serve[1]: Duplicate value: \"a\""},
	{"namespaces: {serve: [a, b], refuse: [b]}",
	 "line 1: namespaces: \"b\" is in both serve and refuse: allowed: one of them"},
	{"statusNamespace: -a", "line 1: statusNamespace: Invalid value: \"-a\": must be "
				"1 to 63 of a-z, 0-9 and '-', with a letter "
				"or digit at both ends"},
	{"listen: 8080",
	 "line 1: listen: Invalid value: \"8080\": must be ADDRESS:PORT, :PORT or empty"},
	{"listen: ':65536'", "line 1: listen: Invalid value: \":65536\": must be "
			     "ADDRESS:PORT, :PORT or empty"},
	{"listen: '[::1]80'", "line 1: listen: Invalid value: \"[::1]80\": must be "
			      "ADDRESS:PORT, :PORT or empty"},
	{"listen: '1]:80'", "line 1: listen: Invalid value: \"1]:80\": must be "
			    "ADDRESS:PORT, :PORT or empty"},
	{"listen: '::1:80'", "line 1: listen: Invalid value: \"::1:80\": must be "
			     "ADDRESS:PORT, :PORT or empty"},
	{"listen: 'localhost:80'", "line 1: listen: Invalid value: \"localhost:80\": "
				   "must be ADDRESS:PORT, :PORT or empty"},
	{"page: {listen: ':8081'}",
	 "line 1: page: listen: :8081 is not a loopback address: want "
	 "tokenReview: true, certFile and keyFile as well (or 127.0.0.1:PORT, and "
	 "kubectl port-forward)"},
	{"page: {listen: '0.0.0.0:8081', tokenReview: true}",
	 "line 1: page: listen: 0.0.0.0:8081 is not a loopback address: want "
	 "tokenReview: true, certFile and keyFile as well (or 127.0.0.1:PORT, and "
	 "kubectl port-forward)"},
	{"page: {listen: '[::]:8081', certFile: a, keyFile: b}",
	 "line 1: page: listen: [::]:8081 is not a loopback address: want "
	 "tokenReview: true, certFile and keyFile as well (or 127.0.0.1:PORT, and "
	 "kubectl port-forward)"},
	{"page: {certFile: a}", "line 1: page: certFile and keyFile: allowed: both or "
				"none"},
	{"page: {listen: 8081}", "line 1: page.listen: Invalid value: \"8081\": must be "
				 "ADDRESS:PORT, :PORT or empty"},
	{"page: {hosts: [a/b]}",
	 "line 1: page.hosts[0]: Invalid value: \"a/b\": must be at most 253 of a-z, "
	 "0-9, '-' and '.', with a letter or digit at both ends of each part"},
	{"page: {host: a}",
	 "line 1: page: unknown field \"host\": did you mean \"hosts\"?"},
	{"leaderElection: {leaseDuration: 10s}",
	 "line 1: leaderElection.leaseDuration: must be greater than renewDeadline"},
	{"leaderElection: {leaseDuration: 15500ms}",
	 "line 1: leaderElection.leaseDuration: must be whole seconds"},
	{"leaderElection: {renewDeadline: 2400ms}",
	 "line 1: leaderElection.renewDeadline: must be greater than 1.2 times "
	 "retryPeriod"},
	{"leaderElection: {leaseName: A_b}",
	 "line 1: leaderElection.leaseName: Invalid value: \"A_b\": must be at most 253 "
	 "of a-z, 0-9, '-' and "
	 "'.', with a letter or digit at both ends of each part"},
	{"leaderElection: {shards: 0}",
	 "line 1: leaderElection.shards: Invalid value: 0: must be from 1 to 16"},
	{"leaderElection: {shards: 17}",
	 "line 1: leaderElection.shards: Invalid value: 17: must be from 1 to 16"},
	{"leaderElection: {shards: 2.5}",
	 "line 1: leaderElection.shards: got \"2.5\": want a whole number"},
	{"leaderElection: {shards: 2, leaseName: " NAME_245 "}",
	 "line 1: leaderElection.leaseName: must have at most 244 characters with more "
	 "than one shard: the number is put behind it"},
	{"leaderElection: {enabled: 1}",
	 "line 1: leaderElection.enabled: got \"1\": want true or false"},
};

START_TEST(wrong_files_are_refused_with_line_path_and_what_is_allowed)
{
	check_one_problem(refusals[_i].text, refusals[_i].want);
}
END_TEST

START_TEST(the_command_line_sets_or_replaces_the_default_source)
{
	struct controller_config c;
	struct err err = {0};
	parse_config("sources: [{name: other, url: 'http://o', timeout: 3s}]", &c);
	ck_assert_ptr_null(config_find_source(&c, "default"));
	ck_assert_int_eq(config_set_url(&c, "http://one:9090/", &err), 0);
	ck_assert_int_eq(c.source_count, 2);
	ck_assert_str_eq(config_find_source(&c, "default")->url, "http://one:9090");
	ck_assert_int_eq(config_find_source(&c, "default")->timeout_ms, 10000);
	ck_assert_int_eq(config_set_url(&c, "http://two", &err), 0);
	ck_assert_int_eq(c.source_count, 2);
	ck_assert_str_eq(config_find_source(&c, "default")->url, "http://two");
	ck_assert_str_eq(config_find_source(&c, "other")->url, "http://o");
	config_free(&c);
}
END_TEST

START_TEST(the_command_line_sets_the_address_of_the_page)
{
	struct controller_config c;
	struct err err = {0};
	parse_config("", &c);
	ck_assert_int_eq(config_set_page(&c, "[::1]:9000", &err), 0);
	ck_assert_str_eq(c.page.listen, "[::1]:9000");
	ck_assert_int_eq(config_set_page(&c, "localhost:1", &err), -1);
	ck_assert_str_eq(err.msg, "localhost:1: must be ADDRESS:PORT, :PORT or empty");
	ck_assert_int_eq(config_set_page(&c, ":9000", &err), -1);
	ck_assert_ptr_nonnull(strstr(err.msg, ":9000 is not a loopback address"));
	ck_assert_int_eq(config_set_page(&c, "", &err), 0);
	config_free(&c);
}
END_TEST

static const char *const addresses[] = {
	"", ":1", ":65535", "127.0.0.1:0", "10.0.0.1:65535", "[::1]:8080", "[fe80::1]:0"};

START_TEST(addresses_to_listen_on_are_read_as_written)
{
	struct controller_config c;
	AUTO_FREE char *text = xasprintf("listen: '%s'", addresses[_i]);
	parse_config(text, &c);
	ck_assert_str_eq(c.listen, addresses[_i]);
	config_free(&c);
}
END_TEST

START_TEST(namespaces_are_served_unless_refused)
{
	struct controller_config c;
	parse_config("namespaces: {refuse: [bank]}", &c);
	ck_assert(config_serves(&c, "shop"));
	ck_assert(!config_serves(&c, "bank"));
	ck_assert(!config_serves(&c, "kube-system"));
	config_free(&c);
	parse_config("namespaces: {serve: [kube-system]}", &c);
	ck_assert(config_serves(&c, "kube-system"));
	ck_assert(!config_serves(&c, "shop"));
	config_free(&c);
}
END_TEST

START_TEST(random_damage_is_survived)
{
	static const char spice[] = "{}[]:,-\"'#&*!|>%@`~ \n\t09eK\x80\xff";
	struct rng r;
	rng_init(&r, 9);
	int accepted = 0;
	for (int i = 0; i < 4000; i++) {
		char text[sizeof(full)];
		memcpy(text, full, sizeof(full));
		for (uint64_t n = 0; n < 1 + rng_next(&r) % 3; n++)
			text[rng_next(&r) % (sizeof(full) - 1)] =
				spice[rng_next(&r) % (sizeof(spice) - 1)];
		struct controller_config c;
		struct err err = {0};
		if (config_parse(text, sizeof(full) - 1, &c, &err) == 0) {
			accepted++;
			config_free(&c);
		} else {
			ck_assert_msg(strncmp(err.msg, "line ", 5) == 0, "%s", err.msg);
		}
	}
	ck_assert_int_gt(accepted, 100);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config");
	TCase *tcase = tcase_create("config");
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, an_empty_file_means_the_defaults);
	tcase_add_test(tcase, a_full_file_is_read);
	tcase_add_loop_test(tcase,
			    wrong_files_are_refused_with_line_path_and_what_is_allowed, 0,
			    ARRAY_LEN(refusals));
	tcase_add_test(tcase, the_command_line_sets_or_replaces_the_default_source);
	tcase_add_test(tcase, the_command_line_sets_the_address_of_the_page);
	tcase_add_loop_test(tcase, addresses_to_listen_on_are_read_as_written, 0,
			    ARRAY_LEN(addresses));
	tcase_add_test(tcase, namespaces_are_served_unless_refused);
	tcase_add_test(tcase, random_damage_is_survived);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
