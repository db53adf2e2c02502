/* Private to sim: what callers may do, as SelfSubjectAccessReview and
 * SubjectAccessReview tell it. */
#ifndef FORETOP_SIM_APIREVIEW_H
#define FORETOP_SIM_APIREVIEW_H

#include "sim/apitarget.h"

/* What is forbidden; a verb "*" is every one. */
struct apirule {
	char verb[32];
	char resource[96]; /* "deployments/scale", "events" */
};
#define APIRULES_MAX        16
#define APIRULES_NAMESPACES 64

struct apirules {
	struct apirule denied[APIRULES_MAX];
	int count;
	char namespaces[APIRULES_NAMESPACES][64]; /* rights end here */
	int namespace_count;                      /* 0: they are given everywhere */
};

/* verb NULL: everything is allowed again. */
void apirules_deny(struct apirules *r, const char *verb, const char *resource);
/* count 0: rights are given everywhere again. */
void apirules_confine(struct apirules *r, const char *const *namespaces, int count);
/* ns "": in every namespace at once. */
bool apirules_allow(const struct apirules *r, const char *verb, const char *resource,
		    const char *ns);
/* The verb that the request would need and may not use; NULL: it may go on. */
const char *apirules_forbid(const struct apirules *r, const struct request *q,
			    const struct apitarget *t);
/* Answers POSTs to .../selfsubjectaccessreviews and .../subjectaccessreviews. True when
 * the path was one of them. */
bool apireview_answer(const struct apirules *r, struct bends *bends, struct exchange *x);

#endif
