#include "kube/proxy.h"

#include "unit/harness.h"

#include <stdlib.h>
#include <string.h>

/* Cases of Go's golang.org/x/net/http/httpproxy, which kubectl asks. */
static const struct {
	const char *list, *host;
	int port;
	bool exempt;
} exemptions[] = {
	{NULL, "api.example", 443, false},
	{"", "api.example", 443, false},
	{" , ,", "api.example", 443, false},
	{"*", "api.example", 443, true},
	{"other, * ,x", "10.0.0.1", 443, true},
	{"example", "api.example", 443, true},
	{"example", "example", 443, true},
	{"example", "notexample", 443, false},
	{"example", "example.org", 443, false},
	{"API.Example", "api.example", 443, true},
	{".example", "api.example", 443, true},
	{".example", "example", 443, false},
	{"*.example", "a.b.example", 443, true},
	{"*.example", "example", 443, false},
	{"api.example:443", "api.example", 443, true},
	{"api.example:6443", "api.example", 443, false},
	{"x, api.example:6443", "api.example", 6443, true},
	{"10.0.0.1", "10.0.0.1", 443, true},
	{"10.0.0.1", "10.0.0.10", 443, false},
	{"10.0.0.1:6443", "10.0.0.1", 443, false},
	{"10.0.0.1:443", "10.0.0.1", 443, true},
	{"10.0.0.0/8", "10.255.0.1", 443, true},
	{"10.0.0.0/8", "11.0.0.1", 443, false},
	{"10.96.0.0/12", "10.111.0.1", 443, true},
	{"10.96.0.0/12", "10.112.0.1", 443, false},
	{"0.0.0.0/0", "8.8.8.8", 443, true},
	{"10.0.0.0/33", "10.0.0.1", 443, false},
	{"10.0.0.0/", "10.0.0.1", 443, false},
	{"/8", "10.0.0.1", 443, false},
	{"fd00::/8", "fd00::1", 443, true},
	{"fd00::1", "fd00::1", 443, true},
	{"fd00::1", "FD00:0::1", 443, true},
	{"[fd00::1]", "fd00::1", 443, true},
	{"[fd00::1]:443", "fd00::1", 443, true},
	{"[fd00::1]:444", "fd00::1", 443, false},
	{"fe00::/8", "fd00::1", 443, false},
	{"10.0.0.0/8", "10.example", 443, false},
	{".0.0.1", "10.0.0.1", 443, false},
	{":443", "api.example", 443, false},
	{".svc,.cluster.local", "kubernetes.default.svc", 443, true},
};

START_TEST(who_is_exempt_is_read_as_by_kubectl)
{
	ck_assert_msg(proxy_exempts(exemptions[_i].list, exemptions[_i].host,
				    exemptions[_i].port) == exemptions[_i].exempt,
		      "\"%s\" and %s:%d", exemptions[_i].list, exemptions[_i].host,
		      exemptions[_i].port);
}
END_TEST

static const char *const variables[] = {"HTTPS_PROXY", "https_proxy", "HTTP_PROXY",
					"http_proxy",  "NO_PROXY",    "no_proxy"};

static void clear_environment(void)
{
	for (size_t i = 0; i < ARRAY_LEN(variables); i++)
		unsetenv(variables[i]);
}

static const struct {
	const char *set[4]; /* name, value, name, value */
	bool tls;
	const char *host, *url;
} environments[] = {
	{{NULL}, true, "api.example", NULL},
	{{"HTTPS_PROXY", "http://p:3128"}, true, "api.example", "http://p:3128/"},
	{{"https_proxy", "http://p:3128"}, true, "api.example", "http://p:3128/"},
	{{"HTTPS_PROXY", "", "https_proxy", "p:1"}, true, "api.example", "http://p:1/"},
	{{"HTTPS_PROXY", "a:1", "https_proxy", "b:2"}, true, "h", "http://a:1/"},
	{{"HTTPS_PROXY", "http://p:3128"}, false, "api.example", NULL},
	{{"HTTP_PROXY", "http://p:3128"}, false, "api.example", "http://p:3128/"},
	{{"HTTP_PROXY", "http://p:3128"}, true, "api.example", NULL},
	{{"HTTPS_PROXY", "http://p"}, true, "api.example", "http://p:80/"},
	{{"HTTPS_PROXY", "http://p:1"}, true, "localhost", NULL},
	{{"HTTPS_PROXY", "http://p:1"}, true, "127.0.0.53", NULL},
	{{"HTTPS_PROXY", "http://p:1"}, true, "::1", NULL},
	{{"HTTPS_PROXY", "p:1", "NO_PROXY", "10.0.0.0/8"}, true, "10.0.0.1", NULL},
	{{"HTTPS_PROXY", "p:1", "no_proxy", ".svc"},
	 true,
	 "kubernetes.default.svc",
	 NULL},
	{{"HTTPS_PROXY", "p:1", "NO_PROXY", ".svc"}, true, "10.0.0.1", "http://p:1/"},
};

START_TEST(the_environment_is_read_as_by_kubectl)
{
	struct err err = {0};
	char *url = NULL;
	clear_environment();
	for (int i = 0; i < 4 && environments[_i].set[i]; i += 2)
		setenv(environments[_i].set[i], environments[_i].set[i + 1], 1);
	ck_assert_int_eq(proxy_of_environment(environments[_i].tls, environments[_i].host,
					      443, &url, &err),
			 0);
	if (environments[_i].url)
		ck_assert_str_eq(url, environments[_i].url);
	else
		ck_assert_ptr_null(url);
	free(url);
}
END_TEST

START_TEST(an_environment_that_names_no_proxy_is_told_without_its_password)
{
	struct err err = {0};
	char *url = NULL;
	clear_environment();
	setenv("HTTPS_PROXY", "ftp://me:SECRET@p:1", 1);
	ck_assert_int_eq(proxy_of_environment(true, "api.example", 443, &url, &err), -1);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(err.msg, "HTTPS_PROXY: a proxy's URL expected"));
	ck_assert_ptr_null(strstr(err.msg, "SECRET"));
	/* Who does not need it is not told either. */
	ck_assert_int_eq(proxy_of_environment(true, "127.0.0.1", 443, &url, &err), 0);
}
END_TEST

static const struct {
	const char *text, *url;
} urls[] = {
	{"p:3128", "http://p:3128/"},
	{"http://p", "http://p:80/"},
	{"https://p", "https://p:443/"},
	{"https://p:8443", "https://p:8443/"},
	{"socks5://p", "socks5h://p:1080/"},
	{"socks5h://p:9", "socks5h://p:9/"},
	{"http://me:word@p:1", "http://me:word@p:1/"},
	{"http://[fd00::1]:3128", "http://[fd00::1]:3128/"},
	{"socks4://p", NULL},
	{"http://", NULL},
	{"http://p:x", NULL},
	{"", NULL},
};

START_TEST(a_proxy_means_to_curl_what_it_means_to_kubectl)
{
	struct err err = {0};
	char *url = NULL;
	int result = proxy_normalize(urls[_i].text, &url, &err);
	ck_assert_int_eq(result, urls[_i].url ? 0 : -1);
	if (urls[_i].url)
		ck_assert_str_eq(url, urls[_i].url);
	else
		ck_assert_int_eq(err.code, ERR_INVALID);
	free(url);
}
END_TEST

START_TEST(a_proxy_is_taken_apart)
{
	struct proxy p;
	ck_assert_int_eq(proxy_read("http://me:p%40ss@[fd00::1]:3128/", &p), 0);
	ck_assert_str_eq(p.host, "fd00::1");
	ck_assert_int_eq(p.port, 3128);
	ck_assert_str_eq(p.login, "me:p@ss");
	proxy_fini(&p);
	ck_assert_int_eq(proxy_read("http://p:80/", &p), 0);
	ck_assert_ptr_null(p.login);
	proxy_fini(&p);
	proxy_fini(&p);
	ck_assert_int_eq(proxy_read("https://p:1", &p), -1);
	ck_assert_int_eq(proxy_read("socks5h://p:1", &p), -1);
	ck_assert_int_eq(proxy_read(NULL, &p), -1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube proxy");
	TCase *t = tcase_create("proxy");
	tcase_add_loop_test(t, who_is_exempt_is_read_as_by_kubectl, 0,
			    ARRAY_LEN(exemptions));
	tcase_add_loop_test(t, the_environment_is_read_as_by_kubectl, 0,
			    ARRAY_LEN(environments));
	tcase_add_test(t,
		       an_environment_that_names_no_proxy_is_told_without_its_password);
	tcase_add_loop_test(t, a_proxy_means_to_curl_what_it_means_to_kubectl, 0,
			    ARRAY_LEN(urls));
	tcase_add_test(t, a_proxy_is_taken_apart);
	suite_add_tcase(s, t);
	return run_suite(s);
}
