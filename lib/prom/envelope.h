/* What stands around the result in an answer: status, error, warnings. Inside prom only.
 */
#ifndef FORETOP_PROM_ENVELOPE_H
#define FORETOP_PROM_ENVELOPE_H

#include "prom/decode.h"
#include "prom/tree.h"

struct envelope {
	struct arena memory;     /* of the whole document */
	const char *result_type; /* "" when it is not given */
	const cJSON *result;
};
/* Accepts zeroed. */
void envelope_fini(struct envelope *e);

/* Reads the whole document. PROM_OK when it says "success" and brings complete data:
 * *ret_envelope is the caller's then (envelope_fini). Else *err says why not. */
enum prom_outcome envelope_read(const struct prom_body *body,
				struct envelope *ret_envelope, struct err *err);

#endif
