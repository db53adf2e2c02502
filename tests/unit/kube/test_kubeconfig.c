#include "kube/kubeconfig.h"

#include "unit/harness.h"

#include <string.h>

#define HEAD "apiVersion: v1\nkind: Config\ncurrent-context: one\n"
#define CONTEXT                                                                          \
	"contexts:\n- name: one\n  context: {cluster: c, user: u, namespace: shop}\n"
/* "-----BEGIN X-----" */
#define PEM64 "LS0tLS1CRUdJTiBYLS0tLS0="

static int resolve(const char *text, const char *context, struct kube_config *c,
		   struct err *err)
{
	struct kubeconfig k = {0};
	int result = kubeconfig_add(&k, "file", "/home/me/.kube", text, err);
	if (result == 0)
		result = kubeconfig_resolve(&k, context, c, err);
	kubeconfig_fini(&k);
	return result;
}

static struct kube_config good(const char *cluster, const char *user)
{
	struct kube_config c = {0};
	struct err err = {0};
	char *text AUTO_FREE =
		xasprintf(HEAD CONTEXT "clusters:\n- name: c\n  cluster: %s\n"
				       "users:\n- name: u\n  user: %s\n",
			  cluster, user);
	ck_assert_msg(resolve(text, NULL, &c, &err) == 0, "%s", err.msg);
	return c;
}

START_TEST(files_are_named_relative_to_their_file)
{
	struct kube_config c =
		good("{server: 'https://h:6443', certificate-authority: "
		     "pki/ca.crt}",
		     "{client-certificate: /abs/c.crt, client-key: c.key}");
	ck_assert_str_eq(c.server, "https://h:6443");
	ck_assert_str_eq(c.host, "h");
	ck_assert_int_eq(c.port, 6443);
	ck_assert_str_eq(c.path, "");
	ck_assert(c.tls && !c.insecure);
	ck_assert_str_eq(c.ca_file, "/home/me/.kube/pki/ca.crt");
	ck_assert_str_eq(c.cert_file, "/abs/c.crt");
	ck_assert_str_eq(c.key_file, "/home/me/.kube/c.key");
	ck_assert_str_eq(c.namespace_, "shop");
	ck_assert_str_eq(c.source, "file, context one");
	kube_config_fini(&c);
}
END_TEST

START_TEST(data_wins_over_files_and_a_token_file_over_a_token)
{
	struct kube_config c =
		good("{server: 'https://h', certificate-authority: x, "
		     "certificate-authority-data: " PEM64 "}",
		     "{client-certificate: x, client-key: y, "
		     "client-certificate-data: " PEM64 ", client-key-data: " PEM64
		     ", token: abc, tokenFile: t}");
	ck_assert_str_eq(c.ca_pem, "-----BEGIN X-----");
	ck_assert_str_eq(c.cert_pem, "-----BEGIN X-----");
	ck_assert_str_eq(c.key_pem, "-----BEGIN X-----");
	ck_assert_ptr_null(c.ca_file);
	ck_assert_ptr_null(c.cert_file);
	ck_assert_ptr_null(c.key_file);
	ck_assert_str_eq(c.token_file, "/home/me/.kube/t");
	ck_assert_ptr_null(c.token);
	kube_config_fini(&c);
}
END_TEST

START_TEST(the_other_fields_are_read)
{
	struct kube_config c = good("{server: 'https://h', insecure-skip-tls-verify: "
				    "true, tls-server-name: api, proxy-url: "
				    "'socks5://p:1'}",
				    "{token: abc, as: jane, as-groups: [dev]}");
	ck_assert_str_eq(c.as.user, "jane");
	ck_assert_str_eq(c.as.groups[0], "dev");
	ck_assert(c.insecure);
	ck_assert_str_eq(c.tls_server_name, "api");
	ck_assert_str_eq(c.proxy_url, "socks5h://p:1/");
	ck_assert_str_eq(c.token, "abc");
	kube_config_fini(&c);
	c = good("{server: 'http://h'}", "{username: a, password: b}");
	ck_assert(!c.tls);
	ck_assert_int_eq(c.port, 80);
	ck_assert_str_eq(c.username, "a");
	ck_assert_str_eq(c.password, "b");
	kube_config_fini(&c);
}
END_TEST

START_TEST(json_is_read_too_and_nulls_are_absent)
{
	struct kube_config c = {0};
	struct err err = {0};
	ck_assert_int_eq(
		resolve("{\"current-context\":\"x\",\"contexts\":[{\"name\":\"x\","
			"\"context\":{\"cluster\":\"c\",\"user\":null}}],\"clusters\":[{"
			"\"name\":\"c\",\"cluster\":{\"server\":\"https://h\","
			"\"proxy-url\":null,\"certificate-authority\":\"\"}}]}",
			NULL, &c, &err),
		0);
	ck_assert_str_eq(c.namespace_, "default");
	ck_assert_ptr_null(c.ca_file);
	ck_assert_ptr_null(c.proxy_url);
	ck_assert_ptr_null(c.token);
	kube_config_fini(&c);
}
END_TEST

START_TEST(the_first_file_wins_for_each_entry)
{
	static const char first[] = "contexts:\n- {name: a, context: {cluster: c}}\n"
				    "clusters:\n- {name: c, cluster: {server: "
				    "'https://first', certificate-authority: ca}}\n";
	static const char second[] = "current-context: b\ncontexts:\n"
				     "- {name: a, context: {cluster: d}}\n"
				     "- {name: b, context: {cluster: c, user: u}}\n"
				     "clusters:\n- {name: c, cluster: {server: "
				     "'https://second'}}\n"
				     "users:\n- {name: u, user: {tokenFile: t}}\n";
	struct kubeconfig k = {0};
	struct kube_config c = {0};
	struct err err = {0};
	ck_assert_int_eq(kubeconfig_add(&k, "one", "/1", first, &err), 0);
	ck_assert_int_eq(kubeconfig_add(&k, "two", "/2", second, &err), 0);
	ck_assert_int_eq(kubeconfig_resolve(&k, NULL, &c, &err), 0);
	ck_assert_str_eq(c.host, "first");
	ck_assert_str_eq(c.ca_file, "/1/ca");
	ck_assert_str_eq(c.token_file, "/2/t");
	ck_assert_str_eq(c.source, "two, context b");
	kube_config_fini(&c);
	ck_assert_int_eq(kubeconfig_resolve(&k, "a", &c, &err), 0);
	ck_assert_ptr_null(c.token_file);
	kube_config_fini(&c);
	kubeconfig_fini(&k);
}
END_TEST

static const struct {
	const char *cluster, *user, *message;
} refused[] = {
	{"{}", "{}", "cluster \"c\": has no server"},
	{"{server: 'ftp://h'}", "{}", "https:// or http:// expected"},
	{"{server: 'https://u:p@h'}", "{}", "only host, port and path expected"},
	{"{server: 'https://h?x=y'}", "{}", "only host, port and path expected"},
	{"{server: 'https://h:99999'}", "{}", "is no URL"},
	{"{server: 'https://h', certificate-authority-data: '***'}", "{}",
	 "certificate-authority-data: not base64"},
	{"{server: 'https://h', certificate-authority-data: 'YWJj'}", "{}",
	 "certificate-authority-data: holds no PEM text"},
	{"{server: 'https://h', insecure-skip-tls-verify: perhaps}", "{}",
	 "insecure-skip-tls-verify: true or false expected"},
	{"{server: 'https://h', insecure-skip-tls-verify: true, certificate-authority: "
	 "x}",
	 "{}", "insecure-skip-tls-verify with a certificate-authority"},
	{"{server: 'https://h'}", "{client-certificate: x}",
	 "client-certificate without client-key"},
	{"{server: 'https://h'}", "{client-key: x}",
	 "client-key without client-certificate"},
	{"{server: 'https://h'}", "{exec: {command: aws, apiVersion: v1}}",
	 "user \"u\": exec: apiVersion \"v1\": client.authentication.k8s.io/v1 or"},
	{"{server: 'https://h'}",
	 "{token: SECRET, exec: {command: aws, apiVersion: "
	 "client.authentication.k8s.io/v1beta1}}",
	 "exec and token: only one way to log in expected"},
	{"{server: 'https://h'}", "{auth-provider: {name: gcp}}",
	 "auth-provider \"gcp\" was removed"},
	{"{server: 'https://h'}", "{as-groups: [x]}",
	 "user \"u\": as-groups without as: whom to impersonate is missing"},
	{"{server: 'https://h', proxy-url: 'ftp://a:SECRET@p'}", "{}",
	 "cluster \"c\": proxy-url: a proxy's URL expected"},
	{"{server: 'https://h'}", "{username: a, token: SECRET}",
	 "only one way to log in expected"},
};

START_TEST(what_cannot_be_used_is_refused_with_a_text)
{
	struct kube_config c = {0};
	struct err err = {0};
	char *text AUTO_FREE =
		xasprintf(HEAD CONTEXT "clusters:\n- name: c\n  cluster: %s\n"
				       "users:\n- name: u\n  user: %s\n",
			  refused[_i].cluster, refused[_i].user);
	ck_assert_int_eq(resolve(text, NULL, &c, &err), -1);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_msg(strstr(err.msg, refused[_i].message) != NULL, "%s", err.msg);
	ck_assert_ptr_null(strstr(err.msg, "SECRET"));
	ck_assert_msg(!strncmp(err.msg, "file: context \"one\": ", 21), "%s", err.msg);
}
END_TEST

static const struct {
	const char *text, *context, *message;
} incomplete[] = {
	{"[]", NULL, "file: no kubeconfig"},
	{"a: [", NULL, "file: "},
	{CONTEXT, NULL,
	 "no current-context is set: choose one with --context (there "
	 "are: one)"},
	{"", NULL, "(there are: none)"},
	{HEAD CONTEXT, "two", "context \"two\" does not exist (there are: one)"},
	{HEAD CONTEXT, NULL, "cluster \"c\" does not exist"},
	{HEAD "contexts: [{name: one, context: {user: u}}]", NULL, "names no cluster"},
	{HEAD CONTEXT "clusters: [{name: c, cluster: {server: 'https://h'}}]", NULL,
	 "user \"u\" does not exist"},
};

START_TEST(what_is_missing_is_named)
{
	struct kube_config c = {0};
	struct err err = {0};
	ck_assert_int_eq(resolve(incomplete[_i].text, incomplete[_i].context, &c, &err),
			 -1);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_msg(strstr(err.msg, incomplete[_i].message) != NULL, "%s", err.msg);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube kubeconfig");
	TCase *t = tcase_create("kubeconfig");
	tcase_add_test(t, files_are_named_relative_to_their_file);
	tcase_add_test(t, data_wins_over_files_and_a_token_file_over_a_token);
	tcase_add_test(t, the_other_fields_are_read);
	tcase_add_test(t, json_is_read_too_and_nulls_are_absent);
	tcase_add_test(t, the_first_file_wins_for_each_entry);
	tcase_add_loop_test(t, what_cannot_be_used_is_refused_with_a_text, 0,
			    ARRAY_LEN(refused));
	tcase_add_loop_test(t, what_is_missing_is_named, 0, ARRAY_LEN(incomplete));
	suite_add_tcase(s, t);
	return run_suite(s);
}
