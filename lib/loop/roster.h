/* Which replicas live, as they say it of themselves in an annotation that all of them
 * write: each raises a count of its own. By the local clock, since a count changed: other
 * machines' times are not looked at. Pure. */
#ifndef FORETOP_LOOP_ROSTER_H
#define FORETOP_LOOP_ROSTER_H

#include "base/base.h"

#include <stdbool.h>

/* More replicas than these are not counted: there are 16 shards at most. */
#define ROSTER_MAX           32
#define ROSTER_IDENTITY_SIZE 256

struct roster_member {
	char identity[ROSTER_IDENTITY_SIZE];
	int64_t count;
	int64_t seen_ms; /* when the count was last another */
};

struct roster {
	char self[ROSTER_IDENTITY_SIZE];
	int64_t count;     /* own */
	int64_t living_ms; /* a replica lives for so long behind a change of its count */
	struct roster_member others[ROSTER_MAX];
	int32_t other_count;
};

void roster_init(struct roster *r, const char *self, int64_t living_ms);
/* text: of the annotation; NULL, or what is no such text: nobody else is there. */
void roster_read(struct roster *r, const char *text, int64_t now_ms);
/* The text for the annotation: those that may live, and with `with_self` this one, its
 * count raised. The caller frees. */
char *roster_write(struct roster *r, bool with_self, int64_t now_ms);
/* Does the i-th of the others live? */
bool roster_lives(const struct roster *r, int32_t i, int64_t now_ms);
/* How many others live. */
int32_t roster_others(const struct roster *r, int64_t now_ms);

#endif
