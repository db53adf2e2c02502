/* Where a value stands in a text that a person wrote, and the problems found there: one
 * line each, with the line number and the path. Private to policy. */
#ifndef FORETOP_POLICY_PLACE_H
#define FORETOP_POLICY_PLACE_H

#include "base/base.h"

#include <stdbool.h>

#define PROBLEMS_BYTES_MAX                                                               \
	16384 /* of all lines of a text; what comes after is only counted */

struct problems {
	struct str lines; /* "line 7: metrics[0].type: ..." and a line feed each */
	int count;
	bool quiet; /* values of the wrong type are not quoted: they may be secrets */
};

/* Lives on the stack of the function that reads the value; so does its parent, one call
 * up. */
struct place {
	const struct place *parent; /* NULL: the whole text */
	const struct yaml_node
		*node;   /* the value; NULL: absent. Borrowed from the tree */
	const char *key; /* in a map; NULL in a list and for the whole text */
	size_t index;    /* in a list */
	struct problems *problems;
};

#define PLACE_TEXT_MAX (1 << 20) /* bytes: what fits into a ConfigMap */

/* The tree of a text in YAML. The caller frees it (yaml_node_free). NULL with *err when
 * it is none, or longer than PLACE_TEXT_MAX. */
struct yaml_node *place_tree(const char *text, size_t len, struct err *err);

void problems_init(struct problems *p);
void problems_fini(struct problems *p);
/* Notes a whole line that has its place in it already. */
void problems_add(struct problems *p, const char *line);
/* Sets *err (ERR_INVALID) to the first line and returns -1 when there is one, else 0. */
int problems_first(const struct problems *p, struct err *err);

struct place place_root(const struct yaml_node *node, struct problems *problems);
/* A field of the map at `at`, absent or not; a null counts as absent. */
struct place place_field(const struct place *at, const char *key);
/* An element of the list at `at`. */
struct place place_item(const struct place *at, size_t index);

/* Is this field given, and not null? */
bool place_has(const struct place *at, const char *key);

/* Notes "Required value: DETAIL" (or without a detail) unless the field is given and not
 * an empty text. Silent where the map itself is something else, which is a problem
 * already. Returns whether it is given. */
bool place_require(const struct place *at, const char *key, const char *detail);

/* Notes a problem here. The text says what is wrong and what is allowed, "A: B"; control
 * characters in it become spaces. */
void place_problem(const struct place *at, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The API's own form for a text that is not allowed: `Invalid value: "x": detail`. */
void place_invalid(const struct place *at, const char *detail);
/* "got "abc": want a list", "got a map: want a list", ... */
void place_wrong_type(const struct place *at, const char *want);

/* The scalar's text, cut to what fits into a message, whole characters only. Valid until
 * the end of the expression's block: buf holds it. */
#define PLACE_QUOTE_MAX 64
const char *place_quote(const char *text, char buf[PLACE_QUOTE_MAX + 4]);

#endif
