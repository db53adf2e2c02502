/* Private to sim: an expression's answer as Prometheus' JSON. Pure. */
#ifndef FORETOP_SIM_PROMEVAL_H
#define FORETOP_SIM_PROMEVAL_H

#include "sim/promapi.h"

/* How answers are bent by faults. */
struct promeval_bend {
	bool nan;          /* every value */
	int64_t stamp_ms;  /* added to every stamp */
	int64_t frozen_ms; /* nothing newer is known; INT64_MAX: all is */
};

struct promeval {
	promapi_eval *eval; /* NULL: unknown expression, nothing is found */
	void *arg;
	struct promeval_bend bend;
};

/* Append {"resultType":"vector","result":[...]}: 0, or -1 when `out` is full. */
int promeval_vector(const struct promeval *e, int64_t at_ms, struct str *out);
/* ... "matrix": at start_ms, start_ms + step_ms, ... up to end_ms. */
int promeval_matrix(const struct promeval *e, int64_t start_ms, int64_t end_ms,
		    int64_t step_ms, struct str *out);

#endif
