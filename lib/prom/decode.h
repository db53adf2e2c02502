/* The answer of a Prometheus-compatible query API, from JSON text to samples. Pure: no
 * clock, no socket. */
#ifndef FORETOP_PROM_DECODE_H
#define FORETOP_PROM_DECODE_H

#include "base/base.h"
#include "series/series.h"

struct prom_label {
	const char *name, *value;
};

/* One time series. namespace, pod and container are its labels of that name, "" when it
 * has none. */
struct prom_series {
	const char *ns, *pod, *container;
	const struct prom_label *labels; /* in the order of the answer, __name__ too */
	size_t label_count;
	const struct sample *samples; /* oldest first; what is not finite is NaN */
	size_t sample_count;          /* >= 1; exactly 1 in a vector or scalar */
};

/* Year 9999: seconds beyond it are no time. */
#define PROM_SECONDS_MAX 253402300799.0

enum prom_type { PROM_VECTOR, PROM_MATRIX, PROM_SCALAR };

struct prom_result {
	enum prom_type type;
	const struct prom_series *series;
	size_t series_count;
	void *memory; /* owns everything above */
};
/* Accepts NULL and zeroed. */
void prom_result_fini(struct prom_result *r);

/* The label's value, "" when the series has none; the first of two with one name. */
const char *prom_label(const struct prom_series *s, const char *name);
/* `{pod="a", container="b"}`, cut to fit: for messages. Returns buf. */
char *prom_series_text(const struct prom_series *s, char *buf, size_t size);

/* Why there is no value, as the reaction to it differs. */
enum prom_outcome {
	PROM_OK = 0,
	PROM_EMPTY,   /* the query was answered with no series */
	PROM_PARTIAL, /* warnings, or isPartial: data is missing */
	PROM_REFUSED, /* the query is wrong, or its result of a kind that is no number */
	PROM_FAILED,  /* overload, a proxy's page, broken or too large an answer */
};
const char *prom_outcome_name(enum prom_outcome outcome);

struct prom_limits {
	size_t max_series, max_samples; /* in one answer; more is PROM_FAILED */
};

/* The parts of an HTTP answer that count. All borrowed. */
struct prom_body {
	int status;
	const char *content_type; /* never NULL */
	const char *text;         /* `len` bytes, any bytes */
	size_t len;
};

/* Decodes one answer. scratch: emptied memory that is kept from answer to answer, empty
 * again afterwards; NULL: none is. PROM_OK with *ret_result set (prom_result_fini), or
 * another outcome with *err set (ERR_INVALID when the query must be changed, else
 * ERR_RETRY) and *ret_result untouched. Warnings may stand at the top or in `data`
 * (Thanos); "PromQL info" texts are no warnings. Two members of one name and a NUL in a
 * string are PROM_FAILED, and so is an answer whose JSON tree would take more than 64
 * MiB. */
enum prom_outcome prom_decode(const struct prom_body *body,
			      const struct prom_limits *limits, struct arena *scratch,
			      struct prom_result *ret_result, struct err *err);

/* Joins the chunks of one range, in order of time, into one result: samples of the same
 * label set follow each other; a sample that is not newer than the one before it is
 * dropped. *ret_result is the caller's; the chunks stay theirs. 0, or -1 with ERR_RETRY
 * when a limit is passed. */
int prom_stitch(const struct prom_result *chunks, size_t count,
		const struct prom_limits *limits, struct prom_result *ret_result,
		struct err *err);

#endif
