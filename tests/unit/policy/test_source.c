#include "unit/policy/problems.h"

#define SOURCE "sources:\n- name: a\n  url: https://p\n" /* what follows is line 4 */

static const struct {
	const char *text;
	const char *want;
} refusals[] = {
	{"sources: {name: a}", "line 1: sources: got a map: want a list"},
	{"sources: [{url: https://p}]", "line 1: sources[0].name: Required value"},
	{"sources: [{name: a}]", "line 1: sources[0].url: Required value"},
	{SOURCE "- {name: a, url: https://q}",
	 "line 4: sources[1].name: Duplicate value: another source has this name"},
	{SOURCE "  bearertoken: x",
	 "line 4: sources[0]: unknown field \"bearertoken\": did you mean "
	 "\"bearerToken\"?"},
	{SOURCE "  password: x",
	 "line 4: sources[0].password: passwords stand in files only: use passwordFile"},
	{SOURCE "  bearerToken: x\n  bearerTokenFile: f",
	 "line 5: sources[0].bearerTokenFile: Forbidden: may not set both bearerToken "
	 "and bearerTokenFile"},
	{SOURCE "  bearerToken: x\n  username: u\n  passwordFile: f",
	 "line 4: sources[0].bearerToken: Forbidden: may not set both username and "
	 "bearerToken"},
	{SOURCE "  username: u",
	 "line 2: sources[0].passwordFile: Required value: username is given"},
	{SOURCE "  passwordFile: u",
	 "line 2: sources[0].username: Required value: passwordFile is given"},
	{SOURCE "  username: 'u:v'\n  passwordFile: f",
	 "line 4: sources[0].username: Invalid value: must not have a colon"},
	{SOURCE "  certFile: c",
	 "line 2: sources[0].keyFile: Required value: certFile is given"},
	{SOURCE "  caFile: c\n  insecureSkipVerify: true",
	 "line 4: sources[0].caFile: Forbidden: may not set both insecureSkipVerify and "
	 "caFile"},
	{"sources: [{name: a, url: 'http://p', caFile: f}]",
	 "line 1: sources[0].caFile: Forbidden: the url is not https"},
	{SOURCE "  headers: [a]",
	 "line 4: sources[0].headers: got a list: want a map of names and values"},
	{SOURCE "  headers: {a b: c}",
	 "line 4: sources[0].headers.a b: Forbidden: is no name of a header"},
	{SOURCE "  headers: {host: c}",
	 "line 4: sources[0].headers.host: Forbidden: is set by the client itself"},
	{SOURCE "  headers: {A: c, a: d}",
	 "line 4: sources[0].headers.a: Duplicate value: names differ in case only"},
	{SOURCE "  headers: {A: [c]}",
	 "line 4: sources[0].headers.A: got a list: want a text"},
	{SOURCE "  headers: {authorization: c}\n  bearerToken: x",
	 "line 4: sources[0].headers: Forbidden: Authorization comes from the "
	 "credentials given"},
	{SOURCE "  queryParameters: {step: 1m}",
	 "line 4: sources[0].queryParameters.step: Forbidden: is set by the client "
	 "itself"},
	{SOURCE "  queryParameters: {'': 1m}",
	 "line 4: sources[0].queryParameters.: Forbidden: must not be empty"},
	{SOURCE "  method: PUT", "line 4: sources[0].method: Unsupported value: \"PUT\": "
				 "supported values: \"GET\", \"POST\""},
	{SOURCE "  timeout: 6m",
	 "line 4: sources[0].timeout: Invalid value: \"6m\": must be from 100ms to 5m"},
	{SOURCE "  maxResponseBytes: 2Gi",
	 "line 4: sources[0].maxResponseBytes: Invalid value: must be a whole number of "
	 "bytes from 1Ki to 1Gi"},
	{SOURCE "  maxResponseBytes: 1024500m",
	 "line 4: sources[0].maxResponseBytes: Invalid value: must be a whole number of "
	 "bytes from 1Ki to 1Gi"},
	{SOURCE "  maxResponseBytes: 1023",
	 "line 4: sources[0].maxResponseBytes: Invalid value: must be a whole number of "
	 "bytes from 1Ki to 1Gi"},
	{SOURCE "  namespaces: [a/b]",
	 "line 4: sources[0].namespaces[0]: Invalid value: \"a/b\": must be 1 to 63 of "
	 "a-z, 0-9 and '-', with "
	 "a letter or digit at both ends"},
};

START_TEST(wrong_sources_are_refused_with_line_path_and_what_is_allowed)
{
	check_one_problem(refusals[_i].text, refusals[_i].want);
}
END_TEST

static const struct {
	const char *url;
	const char *want; /* NULL: right */
} urls[] = {
	{"http://p", NULL},
	{"https://p/", NULL},
	{"https://p.q:1", NULL},
	{"https://p.q:65535/a/b/", NULL},
	{"https://[2001:db8::1]", NULL},
	{"https://[2001:db8::1]:9090/x", NULL},
	{"p:9090", "must begin with http:// or https://"},
	{"HTTP://p", "must begin with http:// or https://"},
	{"ftp://p", "must begin with http:// or https://"},
	{"file:///etc/passwd", "must begin with http:// or https://"},
	{"https://", "must name a host, with a port from 1 to 65535 if any"},
	{"https:///x", "must name a host, with a port from 1 to 65535 if any"},
	{"https://:9090", "must name a host, with a port from 1 to 65535 if any"},
	{"https://p:", "must name a host, with a port from 1 to 65535 if any"},
	{"https://p:0", "must name a host, with a port from 1 to 65535 if any"},
	{"https://p:65536", "must name a host, with a port from 1 to 65535 if any"},
	{"https://p:99999999999999",
	 "must name a host, with a port from 1 to 65535 if any"},
	{"https://p:80:90", "must name a host, with a port from 1 to 65535 if any"},
	{"https://[::1", "must name a host, with a port from 1 to 65535 if any"},
	{"https://[]", "must name a host, with a port from 1 to 65535 if any"},
	{"https://[::1]x", "must name a host, with a port from 1 to 65535 if any"},
	{"https://a[::1]", "must name a host, with a port from 1 to 65535 if any"},
	{"https://u:s3cret@p",
	 "must not hold a user or a password: use username and passwordFile"},
	{"https://p?token=s3cret",
	 "must not have a query or a fragment: use queryParameters"},
	{"https://p/#x", "must not have a query or a fragment: use queryParameters"},
	{"https://p q", "must be ASCII without spaces, quotes and control characters"},
	{"https://p\u00e9",
	 "must be ASCII without spaces, quotes and control characters"},
	{"https://p/<x>", "must be ASCII without spaces, quotes and control characters"},
	{"https://p\n", "must be ASCII without spaces, quotes and control characters"},
	{"https://p/api/v1", "must be what stands before /api/v1"},
	{"https://p/x/api/v1/", "must be what stands before /api/v1"},
};

START_TEST(urls_are_checked_in_the_file_and_on_the_command_line)
{
	struct controller_config c;
	struct err err = {0};
	config_defaults(&c);
	int rc = config_set_url(&c, urls[_i].url, &err);
	if (!urls[_i].want) {
		ck_assert_msg(rc == 0, "%s: %s", urls[_i].url, err.msg);
		config_free(&c);
		return;
	}
	AUTO_FREE char *want = xasprintf("URL of Prometheus: %s", urls[_i].want);
	ck_assert_int_eq(rc, -1);
	ck_assert_str_eq(err.msg, want);
	ck_assert_int_eq(c.source_count, 0);
	config_free(&c);
	if (strchr(urls[_i].url, '\n'))
		return;
	AUTO_FREE char *text = xasprintf("sources: [{name: a, url: '%s'}]", urls[_i].url);
	AUTO_FREE char *line =
		xasprintf("line 1: sources[0].url: Invalid value: %s", urls[_i].want);
	check_one_problem(text, line);
}
END_TEST

/* Each of these has the word s3cret where somebody could put it. */
static const char *const leaks[] = {
	SOURCE "  bearerToken: [s3cret]",
	SOURCE "  bearerToken: \"s3cret\\n\"",
	SOURCE "  bearerToken: !s3cret",
	SOURCE "  bearerToken: *s3cret",
	SOURCE "  bearerToken: !!s3cret x",
	SOURCE "  bearerToken: s3cret\n  timeout: never",
	SOURCE "  headers: s3cret",
	SOURCE "  headers: \"Authorization: Bearer s3cret\"",
	SOURCE "  headers: {X-Key: \"s3cret\\r\\n\"}",
	SOURCE "  headers: {Host: s3cret}",
	SOURCE "  password: s3cret",
	SOURCE "  username: \"u:s3cret\"",
	"sources: https://u:s3cret@p",
	"sources: [https://u:s3cret@p]",
	"sources: [{name: a, url: https://u:s3cret@p}]",
	"sources: [{name: a, url: 's3cret'}]",
	"sources: [{name: a, url: ['s3cret']}]",
};

START_TEST(secrets_stand_in_no_message)
{
	struct controller_config c;
	struct err err = {0};
	struct str lines;
	str_init(&lines, 1 << 16);
	ck_assert_int_eq(config_parse(leaks[_i], strlen(leaks[_i]), &c, &err), -1);
	ck_assert_msg(!strstr(err.msg, "s3cret"), "%s", err.msg);
	config_check(leaks[_i], strlen(leaks[_i]), &lines);
	ck_assert_msg(!strstr(str_text(&lines), "s3cret"), "%s", str_text(&lines));
	str_fini(&lines);
}
END_TEST

START_TEST(names_of_tags_and_anchors_are_hidden)
{
	check_one_problem(SOURCE "  bearerToken: !s3cret\n",
			  "line 4 column 16: tag \"\" is not allowed here");
	check_one_problem(SOURCE "  bearerToken: *s3cret\n",
			  "line 4 column 16: no anchor named \"\" before it");
}
END_TEST

START_TEST(the_number_of_sources_is_limited)
{
	struct str text;
	struct controller_config c;
	struct err err = {0};
	str_init(&text, 1 << 16);
	str_puts(&text, "sources:\n");
	for (int i = 0; i < CONFIG_SOURCES_MAX; i++)
		str_printf(&text, "- {name: s%d, url: 'http://p'}\n", i);
	parse_config(str_text(&text), &c);
	ck_assert_int_eq(config_set_url(&c, "http://p", &err), -1);
	ck_assert_str_eq(err.msg, "more than 32 sources");
	config_free(&c);
	str_puts(&text, "- {name: one-more, url: 'http://p'}\n");
	check_one_problem(str_text(&text),
			  "line 1: sources: Too many: 33: must have at most 32 items");
	str_fini(&text);
}
END_TEST

START_TEST(a_source_may_be_for_some_namespaces_only)
{
	struct controller_config c;
	parse_config("sources: [{name: a, url: 'http://p'}, {name: b, url: 'http://p', "
		     "namespaces: [shop]}]",
		     &c);
	ck_assert(config_source_allows(config_find_source(&c, "a"), "any"));
	ck_assert(config_source_allows(config_find_source(&c, "b"), "shop"));
	ck_assert(!config_source_allows(config_find_source(&c, "b"), "bank"));
	config_free(&c);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("source");
	TCase *tcase = tcase_create("source");
	tcase_add_loop_test(tcase,
			    wrong_sources_are_refused_with_line_path_and_what_is_allowed,
			    0, ARRAY_LEN(refusals));
	tcase_add_loop_test(tcase, urls_are_checked_in_the_file_and_on_the_command_line,
			    0, ARRAY_LEN(urls));
	tcase_add_loop_test(tcase, secrets_stand_in_no_message, 0, ARRAY_LEN(leaks));
	tcase_add_test(tcase, names_of_tags_and_anchors_are_hidden);
	tcase_add_test(tcase, the_number_of_sources_is_limited);
	tcase_add_test(tcase, a_source_may_be_for_some_namespaces_only);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
