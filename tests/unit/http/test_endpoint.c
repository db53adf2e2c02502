#include "http/endpoint.h"

#include "unit/harness.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct endpoint e;
static char path[64];

static void setup(void)
{
	e = (struct endpoint){0};
	strcpy(path, "/tmp/foretop-endpoint-XXXXXX");
	close(mkstemp(path));
}

static void teardown(void)
{
	endpoint_fini(&e);
	unlink(path);
}

static void init(const struct http_client_config *config)
{
	struct err err = {0};
	ck_assert_msg(endpoint_init(&e, config, &err) == 0, "%s", err.msg);
}

static void init_url(const char *url)
{
	init(&(struct http_client_config){.base_url = url});
}

static void write_file(const char *text)
{
	FILE *f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static const char *line_of(const struct curl_slist *list, const char *start)
{
	for (; list; list = list->next)
		if (!strncmp(list->data, start, strlen(start)))
			return list->data;
	return "";
}

/* --- addresses --- */

static const struct {
	const char *base, *url, *authority;
	bool tls;
} urls[] = {
	{"http://prom", "http://prom:80", "prom:80", false},
	{"http://prom/", "http://prom:80", "prom:80", false},
	{"https://prom", "https://prom:443", "prom:443", true},
	{"https://prom:8443/a/b///", "https://prom:8443/a/b", "prom:8443", true},
	{"HTTP://prom:9090/A", "http://prom:9090/A", "prom:9090", false},
	{"http://[::1]:9090/x/", "http://[::1]:9090/x", "[::1]:9090", false},
	{"http://10.0.0.1:80/%7Ea", "http://10.0.0.1:80/%7Ea", "10.0.0.1:80", false},
};

START_TEST(paths_can_be_appended_to_a_url_and_ports_are_named)
{
	init_url(urls[_i].base);
	ck_assert_str_eq(e.url, urls[_i].url);
	ck_assert_str_eq(e.authority, urls[_i].authority);
	ck_assert_int_eq(e.tls, urls[_i].tls);
	ck_assert_ptr_null(e.connect_to);
	ck_assert_ptr_null(e.headers);
	ck_assert_str_eq(e.proxy, "");
}
END_TEST

static const struct {
	const char *base, *name, *to;
	const char *url, *host, *connect_to;
} names[] = {
	/* Clients leave a scheme's own port out of Host. */
	{"https://10.0.0.1:443/p", "api", NULL, "https://api:443/p", "Host: 10.0.0.1",
	 "::10.0.0.1:443"},
	{"https://10.0.0.1/p", "api", NULL, "https://api:443/p", "Host: 10.0.0.1",
	 "::10.0.0.1:443"},
	{"https://10.0.0.1:6443", "api", NULL, "https://api:6443", "Host: 10.0.0.1:6443",
	 "::10.0.0.1:6443"},
	{"http://10.0.0.1:443", "api", NULL, "http://api:443", "Host: 10.0.0.1:443",
	 "::10.0.0.1:443"},
	{"https://api:6443", NULL, "[::1]:7", "https://api:6443", "", "::[::1]:7"},
	{"https://10.0.0.1:6443", "api", "10.0.0.2:1", "https://api:6443",
	 "Host: 10.0.0.1:6443", "::10.0.0.2:1"},
};

START_TEST(another_name_or_address_leaves_host_alone)
{
	init(&(struct http_client_config){.base_url = names[_i].base,
					  .tls_server_name = names[_i].name,
					  .connect_to = names[_i].to});
	ck_assert_str_eq(e.url, names[_i].url);
	ck_assert_str_eq(line_of(e.headers, "Host:"), names[_i].host);
	ck_assert_str_eq(e.connect_to->data, names[_i].connect_to);
	ck_assert_ptr_null(e.connect_to->next);
}
END_TEST

START_TEST(limits_have_defaults_and_can_be_given)
{
	init(&(struct http_client_config){.base_url = "http://a", .timeout_ms = -5});
	ck_assert_int_eq(e.connect_timeout_ms, 3000);
	ck_assert_int_eq(e.timeout_ms, 5000);
	ck_assert_uint_eq(e.max_response_bytes, 8u << 20);
	endpoint_fini(&e);
	init(&(struct http_client_config){.base_url = "http://a",
					  .connect_timeout_ms = 1,
					  .timeout_ms = 2,
					  .max_response_bytes = 3});
	ck_assert_int_eq(e.connect_timeout_ms, 1);
	ck_assert_int_eq(e.timeout_ms, 2);
	ck_assert_uint_eq(e.max_response_bytes, 3);
}
END_TEST

/* --- headers --- */

static const struct {
	struct http_header header;
	bool clean;
} headers[] = {
	{{"X-Scope-OrgID", "team a|team b"}, true},
	{{"X", ""}, true},
	{{"X", "tab\there, and \xc3\xa9"}, true},
	{{"", "a"}, false},
	{{NULL, "a"}, false},
	{{"X", NULL}, false},
	{{"X:", "a"}, false},
	{{"X ", "a"}, false},
	{{"X\t", "a"}, false},
	{{"X\x7f", "a"}, false},
	{{"X\xc3\xa9", "a"}, false},
	{{"X", "a\nb"}, false},
	{{"X", "a\rb"}, false},
	{{"X", "\x01"}, false},
	{{"X", "\x7f"}, false},
};

START_TEST(nothing_is_smuggled_in_with_a_header)
{
	ck_assert_int_eq(header_is_clean(&headers[_i].header), headers[_i].clean);
}
END_TEST

START_TEST(a_header_without_a_value_is_sent_empty)
{
	static const struct http_header two[] = {{"A", "1"}, {"B", ""}};
	init(&(struct http_client_config){
		.base_url = "http://a", .headers = two, .header_count = 2});
	ck_assert_str_eq(e.headers->data, "A: 1");
	ck_assert_str_eq(e.headers->next->data, "B;"); /* curl's way to say so */
}
END_TEST

/* --- credentials --- */

static void refresh(void)
{
	struct err err = {0};
	ck_assert_msg(endpoint_refresh(&e, &err) == 0, "%s", err.msg);
}

START_TEST(a_name_and_a_password_are_coded_as_rfc_7617_has_it)
{
	static const struct {
		const char *name, *password, *value;
	} cases[] = {
		{"Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
		{"test", "123\xc2\xa3", "Basic dGVzdDoxMjPCow=="},
		{"a", "", "Basic YTo="},
		{"a", NULL, "Basic YTo="},
	};
	init(&(struct http_client_config){.base_url = "http://a",
					  .username = cases[_i].name,
					  .password = cases[_i].password});
	refresh();
	ck_assert_str_eq(e.authorization, cases[_i].value);
}
END_TEST

START_TEST(without_credentials_nothing_is_authorized)
{
	init_url("http://a");
	refresh();
	ck_assert_ptr_null(e.authorization);
}
END_TEST

START_TEST(only_what_is_of_tls_wants_new_connections)
{
	init(&(struct http_client_config){
		.base_url = "https://a", .token = "one", .ca_file = path});
	write_file("ca 1");
	refresh();
	uint64_t first = e.tls_generation;
	refresh();
	ck_assert_uint_eq(e.tls_generation, first);
	endpoint_set(&e, SECRET_TOKEN, "two");
	ck_assert_str_eq(e.authorization, "Bearer two");
	ck_assert_uint_eq(e.tls_generation, first);
	write_file("another ca");
	refresh();
	ck_assert_uint_gt(e.tls_generation, first);
	ck_assert_str_eq(e.authorization, "Bearer two");
	uint64_t second = e.tls_generation;
	endpoint_set(&e, SECRET_CERT, "cert");
	ck_assert_uint_gt(e.tls_generation, second);
	second = e.tls_generation;
	endpoint_set(&e, SECRET_CERT, "cert"); /* what is given is there already */
	ck_assert_uint_eq(e.tls_generation, second);
}
END_TEST

START_TEST(a_password_file_is_read_and_followed)
{
	init(&(struct http_client_config){
		.base_url = "http://a", .username = "a", .password_file = path});
	struct err err = {0};
	ck_assert_int_eq(endpoint_refresh(&e, &err), -1); /* it is empty */
	ck_assert_int_eq(err.code, ERR_RETRY);
	write_file("b\n");
	refresh();
	ck_assert_str_eq(e.authorization, "Basic YTpi");
	write_file("open sesame\n");
	refresh();
	ck_assert_str_eq(e.authorization, "Basic YTpvcGVuIHNlc2FtZQ==");
}
END_TEST

START_TEST(what_is_refused_leaves_nothing_behind)
{
	struct err err = {0};
	const struct http_client_config config = {
		.base_url = "http://a", .token = "secret", .proxy = "http://[x"};
	ck_assert_int_eq(endpoint_init(&e, &config, &err), -1);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_ptr_null(e.url);
	ck_assert_ptr_null(secret_text(&e.secrets[SECRET_TOKEN]));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("http endpoint");
	TCase *t = tcase_create("endpoint");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, paths_can_be_appended_to_a_url_and_ports_are_named, 0,
			    ARRAY_LEN(urls));
	tcase_add_loop_test(t, another_name_or_address_leaves_host_alone, 0,
			    ARRAY_LEN(names));
	tcase_add_test(t, limits_have_defaults_and_can_be_given);
	tcase_add_loop_test(t, nothing_is_smuggled_in_with_a_header, 0,
			    ARRAY_LEN(headers));
	tcase_add_test(t, a_header_without_a_value_is_sent_empty);
	tcase_add_loop_test(t, a_name_and_a_password_are_coded_as_rfc_7617_has_it, 0, 4);
	tcase_add_test(t, without_credentials_nothing_is_authorized);
	tcase_add_test(t, only_what_is_of_tls_wants_new_connections);
	tcase_add_test(t, a_password_file_is_read_and_followed);
	tcase_add_test(t, what_is_refused_leaves_nothing_behind);
	suite_add_tcase(s, t);
	return run_suite(s);
}
