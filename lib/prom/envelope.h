/* What stands around the result in an answer: status, error, warnings. Inside prom only.
 */
#ifndef FORETOP_PROM_ENVELOPE_H
#define FORETOP_PROM_ENVELOPE_H

#include "prom/decode.h"
#include "prom/scan.h"

/* Texts with len 0 were absent. All borrowed from the body. */
struct envelope {
	struct scan_text status, error_type, error;
	struct scan_text message; /* of Grafana, of the Kubernetes API server */
	struct scan_text result_type;
	const char *result;       /* where the value of data.result begins, or NULL */
	struct scan_text warning; /* the first one */
	size_t warning_count;
	bool is_partial; /* VictoriaMetrics: storage nodes are missing */
};

/* Reads the whole document and checks its form. PROM_OK when it says "success" and brings
 * complete data; else *err says why not. */
enum prom_outcome envelope_read(const struct prom_body *body,
				struct envelope *ret_envelope, struct err *err);

#endif
