/* Reasons not to follow a computed size that the HPA does not know: guards, rollouts,
 * people who scale by hand, a breaker. A list of them goes into each decision; without
 * one, decisions are the HPA's. */
#ifndef FORETOP_DECIDE_HOLD_H
#define FORETOP_DECIDE_HOLD_H

#include <stdbool.h>
#include <stdint.h>

struct hold_reason {
	const char *name; /* CamelCase, a constant: "GuardTripped" */
	bool down, up;    /* what it keeps from being written */
	bool starting; /* of a process that has just begun: never told as a condition */
	bool quiet;    /* told only while a decision is held by it */
	int64_t until_ms; /* when it ends by itself; 0: that is not known */
	char text[192];   /* the fact, for people: "guard errors 0.08 > 0.05" */
};

/* Every guard of a policy, and one of each other kind. */
#define HOLD_REASONS_MAX 24

/* Zeroed is empty. The first that fits is the one that is named, so the most telling one
 * goes in first. */
struct hold_reasons {
	struct hold_reason items[HOLD_REASONS_MAX];
	int32_t count;
};

/* Appends a reason and returns it for `until_ms` and `starting` to be filled in; name is
 * borrowed, the text is cut where it does not fit. When the list is full, its last place
 * is used again. */
struct hold_reason *hold_reasons_add(struct hold_reasons *h, const char *name, bool down,
				     bool up, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* The first reason against going from one size to the other, or NULL; NULL is an empty
 * list. */
const struct hold_reason *hold_reasons_find(const struct hold_reasons *h, int32_t from,
					    int32_t to);

#endif
