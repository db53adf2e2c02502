#include "kube/config.h"

#include "unit/harness.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char home[] = "/tmp/foretop-config-XXXXXX";

static void write_file(const char *name, const char *text)
{
	char *path AUTO_FREE = xasprintf("%s/%s", home, name);
	FILE *out = fopen(path, "w");
	ck_assert_ptr_nonnull(out);
	fputs(text, out);
	fclose(out);
}

/* A home with ~/.kube/config of the cluster "home", an own kubeconfig "other", and a
 * service account in "pod". */
static void setup(void)
{
	static const char config[] =
		"{current-context: x, contexts: [{name: x, context: {cluster: c}}, "
		"{name: "
		"y, context: {cluster: c, namespace: why}}], clusters: [{name: c, "
		"cluster: {server: 'https://%s', certificate-authority: ca}}]}";
	ck_assert_ptr_nonnull(mkdtemp(home));
	char *kube AUTO_FREE = xasprintf("%s/.kube", home);
	char *pod AUTO_FREE = xasprintf("%s/pod", home);
	mkdir(kube, 0700);
	mkdir(pod, 0700);
	char *at_home AUTO_FREE = xasprintf(config, "home");
	char *other AUTO_FREE = xasprintf(config, "other");
	write_file(".kube/config", at_home);
	write_file("other", other);
	write_file("pod/token", "t");
	write_file("pod/namespace", "foretop-system\n");
	setenv("HOME", home, 1);
	unsetenv("KUBECONFIG");
	unsetenv("KUBERNETES_SERVICE_HOST");
	unsetenv("KUBERNETES_SERVICE_PORT");
}

static void teardown(void)
{
	static const char *const names[] = {"pod/token",    "pod/namespace", "pod",
					    ".kube/config", ".kube",         "other"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char *path AUTO_FREE = xasprintf("%s/%s", home, names[i]);
		remove(path);
	}
	rmdir(home);
}

static struct kube_config load(const struct kube_config_options *options)
{
	struct kube_config c = {0};
	struct err err = {0};
	ck_assert_msg(kube_config_load(options, &c, &err) == 0, "%s", err.msg);
	return c;
}

static char *fails(const struct kube_config_options *options, enum err_code code)
{
	struct kube_config c = {0};
	struct err err = {0};
	ck_assert_int_eq(kube_config_load(options, &c, &err), -1);
	ck_assert_int_eq(err.code, code);
	return xstrdup(err.msg);
}

START_TEST(a_named_file_comes_first)
{
	char *path AUTO_FREE = xasprintf("%s/other", home);
	setenv("KUBECONFIG", "/nowhere", 1);
	struct kube_config_options options = {.kubeconfig = path, .context = "y"};
	struct kube_config c = load(&options);
	char *ca AUTO_FREE = xasprintf("%s/ca", home);
	ck_assert_str_eq(c.host, "other");
	ck_assert_str_eq(c.ca_file, ca);
	ck_assert_str_eq(c.namespace_, "why");
	kube_config_fini(&c);
	options.kubeconfig = "/nowhere";
	char *message AUTO_FREE = fails(&options, ERR_RETRY);
	ck_assert_ptr_nonnull(strstr(message, "/nowhere: No such file"));
}
END_TEST

START_TEST(then_the_files_of_the_environment_that_exist)
{
	char *list AUTO_FREE = xasprintf("/nowhere::%s/other", home);
	setenv("KUBECONFIG", list, 1);
	struct kube_config_options options = {0};
	struct kube_config c = load(&options);
	ck_assert_str_eq(c.host, "other");
	kube_config_fini(&c);
	setenv("KUBECONFIG", "/nowhere:/nor/here", 1);
	char *message AUTO_FREE = fails(&options, ERR_RETRY);
	ck_assert_ptr_nonnull(strstr(message, "/nowhere:/nor/here"));
}
END_TEST

START_TEST(then_the_file_at_home)
{
	struct kube_config_options options = {.server = "http://127.0.0.1:8001/p/"};
	struct kube_config c = load(&(struct kube_config_options){0});
	ck_assert_str_eq(c.host, "home");
	kube_config_fini(&c);
	c = load(&options);
	ck_assert_str_eq(c.server, "http://127.0.0.1:8001/p");
	ck_assert_str_eq(c.host, "127.0.0.1");
	ck_assert_str_eq(c.path, "/p");
	ck_assert_int_eq(c.port, 8001);
	ck_assert(!c.tls);
	kube_config_fini(&c);
	options.server = "ftp://h";
	char *message AUTO_FREE = fails(&options, ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(message, "https:// or http:// expected"));
}
END_TEST

START_TEST(then_the_service_account_of_the_pod)
{
	char *pod AUTO_FREE = xasprintf("%s/pod", home);
	struct kube_config_options options = {.service_account_dir = pod};
	setenv("HOME", "/nowhere", 1);
	setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
	setenv("KUBERNETES_SERVICE_PORT", "443", 1);
	struct kube_config c = load(&options);
	char *token AUTO_FREE = xasprintf("%s/token", pod);
	char *ca AUTO_FREE = xasprintf("%s/ca.crt", pod);
	ck_assert_str_eq(c.server, "https://[fd00::1]:443");
	ck_assert_str_eq(c.host, "fd00::1");
	ck_assert_str_eq(c.token_file, token);
	ck_assert_str_eq(c.ca_file, ca);
	ck_assert_str_eq(c.namespace_, "foretop-system");
	ck_assert_str_eq(c.source, "in-cluster");
	kube_config_fini(&c);
	options.context = "x";
	char *message AUTO_FREE = fails(&options, ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(message, "there is no kubeconfig"));
}
END_TEST

START_TEST(the_environment_names_a_proxy_where_the_file_does_not)
{
	struct kube_config_options options = {.server = "https://api.example:6443"};
	setenv("HTTPS_PROXY", "http://proxy:3128", 1);
	setenv("NO_PROXY", "10.0.0.0/8", 1);
	struct kube_config c = load(&options);
	ck_assert_str_eq(c.proxy_url, "http://proxy:3128/");
	kube_config_fini(&c);
	options.server = "https://10.1.2.3:6443";
	c = load(&options);
	ck_assert_ptr_null(c.proxy_url);
	kube_config_fini(&c);
	setenv("HTTPS_PROXY", "nonsense://", 1);
	options.server = "https://api.example:6443";
	char *message AUTO_FREE = fails(&options, ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(message, "HTTPS_PROXY: a proxy's URL expected"));
	unsetenv("HTTPS_PROXY");
	unsetenv("NO_PROXY");
}
END_TEST

START_TEST(whom_to_impersonate_may_come_from_the_caller)
{
	char dev[] = "dev", *groups[] = {dev, NULL};
	struct kube_config_options options = {.as = "jane", .as_groups = groups};
	struct kube_config c = load(&options);
	ck_assert_str_eq(c.as.user, "jane");
	ck_assert_str_eq(c.as.groups[0], "dev");
	ck_assert_ptr_null(c.as.uid);
	kube_config_fini(&c);
	options = (struct kube_config_options){.as_uid = "1"};
	char *message AUTO_FREE = fails(&options, ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(message, "as-uid without as"));
}
END_TEST

START_TEST(nothing_at_all_is_said_in_full)
{
	setenv("HOME", "/nowhere", 1);
	struct kube_config_options options = {.service_account_dir = "/nowhere"};
	setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1", 1);
	setenv("KUBERNETES_SERVICE_PORT", "443", 1);
	char *message AUTO_FREE = fails(&options, ERR_RETRY);
	ck_assert_ptr_nonnull(strstr(message, "no way to an API server"));
	options.server = "http://h";
	struct kube_config c = load(&options);
	ck_assert_str_eq(c.host, "h");
	kube_config_fini(&c);
}
END_TEST

START_TEST(a_copy_is_independent)
{
	struct kube_config a = {0}, b;
	struct err err = {0};
	ck_assert_int_eq(kube_config_for_server("https://h/", &a, &err), 0);
	kube_config_copy(&a, &b);
	ck_assert_str_eq(b.server, "https://h:443");
	ck_assert_ptr_ne(a.server, b.server);
	ck_assert_ptr_null(b.token);
	kube_config_fini(&a);
	ck_assert_str_eq(b.namespace_, "default");
	kube_config_fini(&b);
	kube_config_fini(&b);
	kube_config_fini(NULL);
}
END_TEST

START_TEST(one_text_is_read_by_itself)
{
	struct kube_config c = {0};
	struct err err = {0};
	ck_assert_int_eq(kube_config_parse("{contexts: [{name: x, context: {cluster: "
					   "c}}], clusters: [{name: c, cluster: {server: "
					   "'h:1'}}]}",
					   "/d", "x", &c, &err),
			 0);
	ck_assert_str_eq(c.server, "http://h:1"); /* as client-go without any TLS field */
	kube_config_fini(&c);
	ck_assert_int_eq(kube_config_for_server("", &c, &err), -1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube config");
	TCase *t = tcase_create("config");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_named_file_comes_first);
	tcase_add_test(t, then_the_files_of_the_environment_that_exist);
	tcase_add_test(t, then_the_file_at_home);
	tcase_add_test(t, then_the_service_account_of_the_pod);
	tcase_add_test(t, the_environment_names_a_proxy_where_the_file_does_not);
	tcase_add_test(t, whom_to_impersonate_may_come_from_the_caller);
	tcase_add_test(t, nothing_at_all_is_said_in_full);
	tcase_add_test(t, a_copy_is_independent);
	tcase_add_test(t, one_text_is_read_by_itself);
	suite_add_tcase(s, t);
	return run_suite(s);
}
