#include "serve/visitor.h"

#include "unit/harness.h"

#include <string.h>

static const struct {
	const char *host, *origin, *want; /* a word of the refusal; NULL: it may */
	bool tls;
} rows[] = {
	{"127.0.0.1:8081", "", NULL, false},
	{"localhost:9999", "", NULL, false},
	{"LOCALHOST", "", NULL, false},
	{"[::1]:8081", "", NULL, false},
	{"10.2.3.4", "", NULL, false},
	{"[fe80::1]", "", NULL, false},
	{"foretop.example", "", NULL, true},
	{"Foretop.Example:443", "", NULL, true},
	/* Names that anybody may point at us. */
	{"evil.example:8081", "", "not served", false},
	{"localhost.evil.example", "", "not served", false},
	{"127.0.0.1.evil.example:8081", "", "not served", false},
	{"foretop.example.evil", "", "not served", false},
	{"foretop.exampl", "", "not served", false},
	{"0x7f.1", "", "not served", false},
	{"[evil]", "", "not served", false},
	{"[127.0.0.1]", "", "not served", false},
	/* No Host at all. */
	{"", "", "needed", false},
	{":8081", "", "needed", false},
	{"localhost:80a", "", "needed", false},
	{"localhost:80:80", "", "needed", false},
	{"[::1", "", "needed", false},
	{"[::1]x", "", "needed", false},
	{"user@localhost", "", "not served", false},
	/* Scripts of others. */
	{"localhost:8081", "http://localhost:8081", NULL, false},
	{"localhost:8081", "HTTP://LOCALHOST:8081", NULL, false},
	{"localhost:8081", "https://localhost:8081", "origins", false},
	{"localhost:8081", "https://localhost:8081", NULL, true},
	{"localhost:8081", "http://localhost:8082", "origins", false},
	{"localhost:8081", "http://evil.example", "origins", false},
	{"localhost:8081", "null", "origins", false},
};

START_TEST(host_and_origin_tell_who_asks)
{
	char *hosts[] = {"b.example", "foretop.example"};
	const struct visitor_rules rules = {
		.hosts = hosts, .host_count = 2, .tls = rows[_i].tls};
	char *host AUTO_FREE = xstrdup(rows[_i].host),
		   *origin AUTO_FREE = xstrdup(rows[_i].origin);
	const struct request q = {.host = host, .origin = origin};
	const char *problem = visitor_problem(&q, &rules);
	if (!rows[_i].want)
		ck_assert_msg(!problem, "%s: %s", host, problem);
	else
		ck_assert_msg(problem && strstr(problem, rows[_i].want), "%s: %s", host,
			      problem ? problem : "let in");
}
END_TEST

START_TEST(a_name_that_is_too_long_is_none)
{
	char host[400];
	memset(host, 'a', sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	const struct request q = {.host = host, .origin = ""};
	ck_assert_ptr_nonnull(visitor_problem(&q, &(struct visitor_rules){0}));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("visitor");
	TCase *tc = tcase_create("headers");
	tcase_add_loop_test(tc, host_and_origin_tell_who_asks, 0, ARRAY_LEN(rows));
	tcase_add_test(tc, a_name_that_is_too_long_is_none);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
