/* Tables of wrong policies and the one line that each must get. */
#ifndef FORETOP_TESTS_POLICY_REFUSALS_H
#define FORETOP_TESTS_POLICY_REFUSALS_H

#include "policy/policy.h"
#include "unit/harness.h"

#include <string.h>

/* Two lines that make a whole policy: what a test adds starts in line 3. */
#define HEAD                                                                             \
	"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: "                 \
	"web}\nmaxReplicas: 10\n"

struct refusal {
	const char *text; /* after HEAD, or a whole text when it starts with '!' */
	const char *want; /* the only line */
};

static inline char *whole_text(const char *text)
{
	return *text == '!' ? xstrdup(text + 1) : xasprintf("%s%s", HEAD, text);
}

/* Exactly this one problem: one mistake must not be reported twice. */
static inline void check_refusal(const struct refusal *r)
{
	AUTO_FREE char *text = whole_text(r->text);
	AUTO_FREE char *want = xasprintf("%s\n", r->want);
	struct err err = {0};
	struct str lines;
	str_init(&lines, 1 << 16);
	int count = policy_check(text, strlen(text), &lines);
	ck_assert_msg(strcmp(str_text(&lines), want) == 0,
		      "for\n%s\n%d problems:\n%swant:\n%s", text, count, str_text(&lines),
		      want);
	ck_assert_int_eq(count, 1);
	str_fini(&lines);
	ck_assert_ptr_null(policy_parse("shop", "web", text, strlen(text), &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert(strncmp(err.msg, r->want, sizeof(err.msg) - 1) == 0);
}

/* HEAD and `text`, which must be a good policy. The caller frees it. */
static inline struct policy *must_accept(const char *text)
{
	AUTO_FREE char *whole = whole_text(text);
	struct err err = {0};
	struct policy *p = policy_parse("shop", "web", whole, strlen(whole), &err);
	ck_assert_msg(p != NULL, "%s\nrefused: %s", whole, err.msg);
	return p;
}

#endif
