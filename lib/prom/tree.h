/* JSON trees of answers that nobody vouches for. Inside prom only. */
#ifndef FORETOP_PROM_TREE_H
#define FORETOP_PROM_TREE_H

#include "prom/decode.h"

#include <cjson/cJSON.h>

/* The most memory that the tree of one answer may take. The tree of an instant query is 7
 * times its text, of a range 8 to 13 times (a day of minutes of one series: 0.3 MB), of
 * the worst text 40 times ("[0,0,0"). The rows of a namespace with 10,000 pods (3 MB of
 * text) fit. */
#define TREE_MIB   64
#define TREE_BYTES ((size_t)TREE_MIB << 20)

/* The tree of the whole text, in `memory`, which is empty before, and which it limits.
 * NULL with *err = ERR_RETRY when the text is no JSON, when its tree would pass
 * TREE_BYTES, and when a string holds a NUL: cJSON would cut it there, and one label
 * could pass for another. */
const cJSON *tree_parse(struct arena *memory, const struct prom_body *body,
			struct err *err);

struct tree_member {
	const char *name;
	const cJSON *value; /* borrowed from the tree; NULL: there is none */
};
/* Finds members by their names, letter case included. What is no object has none. False
 * when one stands there twice, as nobody says which of them counts; members beside the
 * wanted ones do not matter. */
bool tree_pick(const cJSON *object, struct tree_member *members, size_t count);

#endif
