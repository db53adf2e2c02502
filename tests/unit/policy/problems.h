/* Controller configurations: right ones, and wrong ones with the one line that each must
 * get. */
#ifndef FORETOP_TESTS_POLICY_PROBLEMS_H
#define FORETOP_TESTS_POLICY_PROBLEMS_H

#include "policy/policy.h"
#include "unit/harness.h"

#include <string.h>

static inline void parse_config(const char *text, struct controller_config *c)
{
	struct err err = {0};
	ck_assert_msg(config_parse(text, strlen(text), c, &err) == 0, "%s", err.msg);
}

/* Exactly this one problem, and nothing written. */
static inline void check_one_problem(const char *text, const char *want)
{
	struct controller_config c;
	struct err err = {0};
	struct str lines;
	AUTO_FREE char *line = xasprintf("%s\n", want);
	str_init(&lines, 1 << 16);
	int count = config_check(text, strlen(text), &lines);
	ck_assert_msg(strcmp(str_text(&lines), line) == 0,
		      "for\n%s\n%d problems:\n%swant:\n%s", text, count, str_text(&lines),
		      line);
	str_fini(&lines);
	memset(&c, 0x55, sizeof(c));
	struct controller_config untouched = c;
	ck_assert_int_eq(config_parse(text, strlen(text), &c, &err), -1);
	ck_assert_str_eq(err.msg, want);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_mem_eq(&c, &untouched, sizeof(c));
}

#endif
