/* Front header of prom: queries to a Prometheus-compatible HTTP API. Each source is one
 * server with its own connections and limits. Whatever is not a complete answer is
 * unknown, with a text for the admin; nothing is ever read as zero. */
#ifndef FORETOP_PROM_PROM_H
#define FORETOP_PROM_PROM_H

#include "http/http.h"
#include "prom/builtin.h"
#include "prom/decode.h"
#include "prom/range.h"

enum prom_method {
	PROM_POST_OR_GET = 0, /* POST; GET from the first 405 or 403 on that GET cures */
	PROM_POST,
	PROM_GET,
};

struct prom_parameter {
	const char *name, *value;
};

/* Settings of one source; strings are copied. http.base_url is the URL before "/api/v1",
 * path prefix included ("https://mimir/prometheus"). Defaults of the http part here:
 * timeout_ms 10000, max_in_flight 4. */
struct prom_source_config {
	const char *name; /* as policies name it: stands in every error text */
	struct http_client_config http;
	enum prom_method method;
	/* Sent with every query: partial_response, namespace, extra_label, ... */
	const struct prom_parameter *parameters;
	size_t parameter_count;
	int64_t points_per_query; /* samples of a series in one range query; 0: 11000 */
	/* 0: 50000 series, 200000 samples. These are what the JSON tree of one answer can
	 * hold in its 64 MiB: about 1.2 KiB a row of an instant query, 270 bytes a
	 * sample. History takes 1,440 samples a day (a minute's step). */
	struct prom_limits limits;
};

struct prom_source;
struct prom_query; /* one caller's wish for one answer */

/* NULL with *err = ERR_INVALID when a setting is wrong. */
struct prom_source *prom_source_new(struct reactor *r, const struct prom_source_config *c,
				    struct err *err);
/* Drops all queries without calling back. Accepts NULL. Before reactor_free. */
void prom_source_free(struct prom_source *s);
void prom_source_cleanup(struct prom_source **s);
const char *prom_source_name(const struct prom_source *s);

/* What a query brought; borrowed and gone when the callback returns. */
struct prom_answer {
	enum prom_outcome outcome;
	struct err err; /* set unless PROM_OK: "source default: status 422: execution:
			   ..." */
	/* The server answered, but refused or gave more than a limit: a query for less
	 * may be answered. */
	bool smaller_may_work;
	int64_t elapsed_ms;               /* in requests, waiting in queues apart */
	const struct prom_result *result; /* NULL unless PROM_OK: at least one series */
};
typedef void prom_done(void *arg, const struct prom_answer *answer);

/* The moment at which the server evaluates, by its own clock. */
#define PROM_NOW INT64_C(0)

/* Asks for the value of `promql` at time_ms, or PROM_NOW: then the samples' times tell
 * how far the two clocks are apart, where a time of ours would only come back. An equal
 * query that is not answered yet is shared, of the present only one of the last 500 ms.
 * `done` is called once, from the loop, never from within this call; it may ask, cancel
 * and free the source. A failed connection, 429, 502, 503 and 504 are tried once more.
 * Everything that goes wrong comes through `done`. */
struct prom_query *prom_query(struct prom_source *s, const char *promql, int64_t time_ms,
			      prom_done *done, void *arg);

/* Asks for a range: both ends moved inwards to multiples of the step, cut into as many
 * requests as the server's limit of points wants, one after the other and behind all
 * instant queries, joined in order. `done` is called once, at the end; one failed part
 * fails the whole; PROM_EMPTY only when every part was empty. */
struct prom_query *prom_query_range(struct prom_source *s, const char *promql,
				    const struct prom_range *range, prom_done *done,
				    void *arg);

/* No callback comes after it; from any callback but the query's own. The request goes on
 * while others share it. Accepts NULL. */
void prom_cancel(struct prom_query *q);

/* Is a sample of t_ms good enough to act on at now_ms? 0, or -1 with *err = ERR_RETRY:
 * "newest sample is 12m old, more than 5m" or "newest sample lies 3m in the future". */
int prom_check_age(int64_t t_ms, int64_t now_ms, int64_t max_age_ms, struct err *err);
/* The newest sample of a result with a value that is not NaN, INT64_MIN when there is
 * none. */
int64_t prom_newest_ms(const struct prom_result *result);

#endif
