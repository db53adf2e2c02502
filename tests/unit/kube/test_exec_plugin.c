#include "kube/exec_plugin.h"

#include "unit/harness.h"

#include <stdio.h>
#include <string.h>

#define V1 "client.authentication.k8s.io/v1"

static int read_plugin(const char *text, struct exec_plugin *p, struct err *err)
{
	struct yaml_node *root AUTO(yaml_node_cleanup) = NULL;
	ck_assert_int_eq(yaml_parse(text, strlen(text), &root, err), 0);
	return exec_plugin_read(root, "/home/me/.kube", p, err);
}

START_TEST(what_the_file_says_is_kept)
{
	struct exec_plugin p = {0}, copy = {0};
	struct err err = {0};
	ck_assert_msg(
		read_plugin("{apiVersion: " V1 ", command: bin/login, args: [token, "
			    "'-c', ''], env: [{name: A, value: b=c}, {name: EMPTY}], "
			    "interactiveMode: IfAvailable, provideClusterInfo: true, "
			    "installHint: see the wiki}",
			    &p, &err) == 0,
		"%s", err.msg);
	exec_plugin_copy(&p, &copy);
	exec_plugin_fini(&p);
	ck_assert_str_eq(copy.command, "/home/me/.kube/bin/login");
	ck_assert_str_eq(copy.args[0], "token");
	ck_assert_str_eq(copy.args[1], "-c");
	ck_assert_str_eq(copy.args[2], "");
	ck_assert_ptr_null(copy.args[3]);
	ck_assert_str_eq(copy.env[0], "A=b=c");
	ck_assert_str_eq(copy.env[1], "EMPTY=");
	ck_assert_ptr_null(copy.env[2]);
	ck_assert_str_eq(copy.api_version, V1);
	ck_assert_str_eq(copy.hint, "see the wiki");
	ck_assert(copy.wants_cluster);
	exec_plugin_fini(&copy);
	exec_plugin_fini(NULL);
}
END_TEST

START_TEST(a_bare_name_is_left_to_the_path)
{
	struct exec_plugin p = {0};
	ck_assert_int_eq(read_plugin("{apiVersion: " V1
				     "beta1, command: aws, args: null}",
				     &p, NULL),
			 0);
	ck_assert_str_eq(p.command, "aws");
	ck_assert_ptr_null(p.args[0]);
	ck_assert_ptr_null(p.hint);
	ck_assert(!p.wants_cluster);
	exec_plugin_fini(&p);
}
END_TEST

static const struct {
	const char *text, *message;
} refused[] = {
	{"{apiVersion: " V1 "}", "exec: line 1: has no command"},
	{"{command: aws}", "exec: line 1: has no apiVersion"},
	{"{command: aws, apiVersion: client.authentication.k8s.io/v1alpha1}",
	 "exec: apiVersion \"client.authentication.k8s.io/v1alpha1\": " V1 " or " V1
	 "beta1 expected"},
	{"{command: aws, apiVersion: " V1 "}",
	 "exec: interactiveMode is required with " V1},
	{"{command: aws, apiVersion: " V1 ", interactiveMode: Always}",
	 "exec: the plugin must ask a person"},
	{"{command: aws, apiVersion: " V1 ", interactiveMode: Perhaps}",
	 "exec: interactiveMode \"Perhaps\": Never, IfAvailable or Always expected"},
	{"{command: aws, apiVersion: " V1 ", interactiveMode: Never, args: x}",
	 "exec: line 1: args: a list expected"},
	{"{command: aws, apiVersion: " V1 ", interactiveMode: Never, args: [[x]]}",
	 "exec: line 1: args: texts expected"},
	{"{command: aws, apiVersion: " V1 ", interactiveMode: Never, env: [{value: x}]}",
	 "exec: line 1: env: a list of {name, value} expected"},
	{"{command: aws, apiVersion: " V1 ", interactiveMode: Never, "
	 "provideClusterInfo: perhaps}",
	 "exec: provideClusterInfo: true or false expected"},
	{"[]", "exec: line 1: a map expected"},
};

START_TEST(what_cannot_be_run_is_refused)
{
	struct exec_plugin p = {0};
	struct err err = {0};
	ck_assert_int_eq(read_plugin(refused[_i].text, &p, &err), -1);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_msg(strstr(err.msg, refused[_i].message) != NULL, "%s", err.msg);
	ck_assert_ptr_null(p.command);
}
END_TEST

START_TEST(the_plugin_is_told_its_version_and_the_cluster_on_request)
{
	char *bare AUTO_FREE = exec_info(V1, NULL);
	ck_assert_str_eq(bare, "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1
			       "\",\"spec\":{\"interactive\":false}}");
	struct exec_cluster cluster = {
		.server = "https://h:6443", .tls_server_name = "api", .ca_pem = "abc"};
	char *whole AUTO_FREE = exec_info(V1, &cluster);
	ck_assert_str_eq(whole, "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1
				"\",\"spec\":{\"cluster\":{\"server\":\"https://"
				"h:6443\",\"tls-server-name\":\"api\","
				"\"certificate-authority-data\":\"YWJj\"},"
				"\"interactive\":false}}");
}
END_TEST

static int parse(const char *status, struct exec_credential *c, struct err *err)
{
	char *text AUTO_FREE = xasprintf(
		"{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\",\"status\":%s}",
		status);
	return exec_credential_parse(text, strlen(text), V1, c, err);
}

START_TEST(a_token_or_a_certificate_comes_back)
{
	struct exec_credential c = {0};
	ck_assert_int_eq(parse("{\"token\":\"t\",\"expirationTimestamp\":\"2026-03-04T00:"
			       "00:01Z\"}",
			       &c, NULL),
			 0);
	ck_assert_str_eq(c.token, "t");
	ck_assert_ptr_null(c.cert_pem);
	ck_assert_int_eq(c.expires_ms, INT64_C(1772582401000));
	exec_credential_fini(&c);
	ck_assert_int_eq(
		parse("{\"clientCertificateData\":\"c\",\"clientKeyData\":\"k\"}", &c,
		      NULL),
		0);
	ck_assert_ptr_null(c.token);
	ck_assert_str_eq(c.cert_pem, "c");
	ck_assert_str_eq(c.key_pem, "k");
	ck_assert_int_eq(c.expires_ms, INT64_MAX);
	exec_credential_fini(&c);
	exec_credential_fini(NULL);
}
END_TEST

static const struct {
	const char *status, *message;
} useless[] = {
	{"{}", "status has neither a token nor a client certificate"},
	{"{\"token\":7}", "status has neither a token nor a client certificate"},
	{"{\"clientCertificateData\":\"SECRET\"}",
	 "status.clientCertificateData without status.clientKeyData"},
	{"{\"clientKeyData\":\"SECRET\"}",
	 "status.clientKeyData without status.clientCertificateData"},
	{"{\"token\":\"SECRET\\nX: y\"}", "status.token: one line expected"},
	{"{\"token\":\"SECRET\",\"expirationTimestamp\":\"tomorrow\"}",
	 "status.expirationTimestamp: a time like"},
};

START_TEST(a_useless_answer_is_told_without_what_it_holds)
{
	struct exec_credential c = {0};
	struct err err = {0};
	ck_assert_int_eq(parse(useless[_i].status, &c, &err), -1);
	ck_assert_int_eq(err.code, ERR_RETRY);
	ck_assert_msg(strstr(err.msg, useless[_i].message) != NULL, "%s", err.msg);
	ck_assert_ptr_null(strstr(err.msg, "SECRET"));
	ck_assert_ptr_null(c.token);
}
END_TEST

START_TEST(another_document_is_no_credential)
{
	static const char *const texts[] = {
		"", "please log in", "[]", "{\"kind\":\"Status\",\"apiVersion\":\"v1\"}",
		"{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1
		"beta1\",\"status\":{\"token\":\"t\"}}"};
	struct exec_credential c = {0};
	struct err err = {0};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const char *text = texts[i];
		ck_assert_int_eq(exec_credential_parse(text, strlen(text), V1, &c, &err),
				 -1);
		ck_assert_int_eq(err.code, ERR_RETRY);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("exec_plugin");
	TCase *t = tcase_create("exec_plugin");
	tcase_add_test(t, what_the_file_says_is_kept);
	tcase_add_test(t, a_bare_name_is_left_to_the_path);
	tcase_add_loop_test(t, what_cannot_be_run_is_refused, 0, ARRAY_LEN(refused));
	tcase_add_test(t, the_plugin_is_told_its_version_and_the_cluster_on_request);
	tcase_add_test(t, a_token_or_a_certificate_comes_back);
	tcase_add_loop_test(t, a_useless_answer_is_told_without_what_it_holds, 0,
			    ARRAY_LEN(useless));
	tcase_add_test(t, another_document_is_no_credential);
	suite_add_tcase(s, t);
	return run_suite(s);
}
