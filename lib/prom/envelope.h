/* What stands around the result in an answer: status, error, warnings. Inside prom only.
 */
#ifndef FORETOP_PROM_ENVELOPE_H
#define FORETOP_PROM_ENVELOPE_H

#include "prom/decode.h"
#include "prom/tree.h"

struct envelope {
	const char *result_type; /* "" when it is not given */
	const cJSON *result;
};

/* Reads the whole document, into `memory`, as tree_parse. PROM_OK when it says "success"
 * and brings complete data. Else *err says why not. */
enum prom_outcome envelope_read(const struct prom_body *body, struct arena *memory,
				struct envelope *ret_envelope, struct err *err);

#endif
