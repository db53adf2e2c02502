/* One query on its way to a source, with everybody who waits for its answer. Inside prom
 * only. */
#ifndef FORETOP_PROM_JOB_H
#define FORETOP_PROM_JOB_H

#include "prom/prom.h"

#define JOB_BUCKETS 1024

struct prom_query {
	struct job *job;
	struct prom_query *next, **link; /* among those who wait for the same answer */
	prom_done *done;
	void *arg;
};

struct job {
	struct prom_source *source; /* NULL: freed while this job delivered */
	struct job *next, **link;   /* in a bucket of the source */
	struct prom_query *waiting, **last;
	bool delivering;

	/* What is asked: the key that equal queries share. */
	uint64_t hash;
	char *promql;
	struct prom_range range; /* step_ms 0: instant, at start_ms */

	struct prom_range rest; /* parts that were not asked for yet */
	struct prom_range part; /* the one that is on its way */
	struct http_exchange *exchange;
	struct timer timer;       /* a second try, or a failure that waits to be told */
	enum prom_outcome failed; /* what that timer tells, and why */
	struct err failure;
	int64_t begun_ms; /* monotonic */
	int tries;        /* of this part */
	bool as_get;      /* this part goes by GET to see whether that helps */
	struct prom_result *chunks;
	size_t chunk_count;
	int64_t elapsed_ms;
	bool smaller_may_work; /* as in prom_answer */
	struct rng rng;
};

struct prom_source {
	struct reactor *reactor;
	struct http_client *client;
	char *name;
	char *parameters; /* "&timeout=9.000&a=b", goes with every query */
	enum prom_method method;
	bool post_refused; /* PROM_POST_OR_GET found out that only GET works */
	int64_t points_per_query, timeout_ms;
	struct prom_limits limits;
	struct arena scratch; /* of the answer that is being decoded */
	struct job *buckets[JOB_BUCKETS];
	struct job *delivering; /* out of its bucket, calling back */
};

/* Begins to ask; never calls back from within. */
void job_start(struct job *j);
/* Tells everybody who waits and frees the job. */
void job_deliver(struct job *j, enum prom_outcome outcome, const struct err *err,
		 const struct prom_result *result);

#endif
