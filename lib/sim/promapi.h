/* A Prometheus HTTP API on loopback that answers known expressions: /api/v1/query and
 * /api/v1/query_range by GET and POST, with Prometheus' envelope, errors and limits. */
#ifndef FORETOP_SIM_PROMAPI_H
#define FORETOP_SIM_PROMAPI_H

#include "serve/serve.h"
#include "sim/fault.h"
#include "sim/seen.h"
#include "sim/squatter.h"

struct promapi;

/* The answer of an expression at one time: rows with labels. */
struct promapi_label {
	const char *name, *value;
};
struct promapi_rows;
/* Adds a row; labels are copied. NaN is a value (Prometheus writes "NaN"); a row that is
 * not added is not there. time_ms: evaluation time unless the series is meant to be
 * stale. */
void promapi_rows_add(struct promapi_rows *rows, const struct promapi_label *labels,
		      int count, double value);

/* Computes an expression at a time. */
typedef void promapi_eval(void *arg, int64_t at_ms, struct promapi_rows *rows);

enum promapi_fault {
	PROMAPI_OK,
	PROMAPI_DOWN,     /* connections are refused */
	PROMAPI_HTML,     /* 200 with a proxy's HTML page */
	PROMAPI_EMPTY,    /* success without rows */
	PROMAPI_NAN,      /* every value is NaN */
	PROMAPI_STALE,    /* rows, but the world stands still since the fault began */
	PROMAPI_FUTURE,   /* stamps an hour ahead */
	PROMAPI_WARNINGS, /* right rows and a warning (partial data) */
	PROMAPI_ERROR,    /* 500 with Prometheus' error envelope */
	PROMAPI_BUSY,     /* 503, plain text, Retry-After */
	PROMAPI_SLOW,     /* answers only after slow_ms */
	PROMAPI_CUT,      /* the connection breaks in the middle of the body */
	PROMAPI_DENIED,   /* 401 */
};

struct promapi_config {
	const char *listen;             /* as httpd's */
	const char *cert_pem, *key_pem; /* NULL: no TLS */
	const char *bearer_token;       /* wanted in Authorization; NULL: none */
	const struct clock *clock;      /* engine time; borrowed */
	int64_t slow_ms;                /* real time; 0: 3 s */
};

/* NULL with *err as httpd_new. */
struct promapi *promapi_new(struct reactor *r, const struct promapi_config *config,
			    struct err *err);
void promapi_free(struct promapi *p);
const char *promapi_url(const struct promapi *p);

/* Answers `expression`, compared without regard to white space. A later registration of
 * the same expression replaces the earlier one. `arg` is borrowed. */
void promapi_register(struct promapi *p, const char *expression, promapi_eval *eval,
		      void *arg);
/* Who is asked for expressions that are not registered: sets *ret_arg and returns what
 * computes it, or NULL when it is unknown to it too. NULL: nobody. */
typedef promapi_eval *promapi_lookup(void *arg, const char *expression, void **ret_arg);
void promapi_otherwise(struct promapi *p, promapi_lookup *lookup, void *arg);
/* Unknown expressions are answered with an empty result, as of series that do not exist,
 * and kept: the last one, or NULL. Borrowed. */
const char *promapi_unknown(const struct promapi *p);

/* Not from a callback of this server: from a timer or from outside the loop. */
void promapi_fault(struct promapi *p, enum promapi_fault fault);
/* As one fault of requests says, from now on. */
void promapi_bend(struct promapi *p, const struct fault *fault);
/* How many requests such faults have struck so far. */
int promapi_struck(const struct promapi *p);
/* Like PROMAPI_DOWN, with somebody else on its port; any other fault ends it. */
void promapi_leave(struct promapi *p, enum squatter_kind squatter);
/* Who is told of every request; NULL: nobody. */
void promapi_on_request(struct promapi *p, request_seen *seen, void *arg);
uint64_t promapi_requests(const struct promapi *p);

#endif
