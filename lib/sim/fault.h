/* Faults of the served simulation, one by one or as a script: what a server does to a
 * request, to the events of a watch, or as a whole, and what happens around it. A script
 * is plain data: it is written by hand in a test, or drawn from a seed, and it prints as
 * text that reads back. */
#ifndef FORETOP_SIM_FAULT_H
#define FORETOP_SIM_FAULT_H

#include "base/base.h"

#include <stdbool.h>

enum fault_server { FAULT_KUBE, FAULT_PROM, FAULT_WORLD };

enum fault_kind {
	/* --- requests: strike `times` of them, after `skip` others --- */
	FAULT_STATUS,  /* not carried out, answered with `code` */
	FAULT_DROP,    /* not carried out, the connection breaks */
	FAULT_HANG,    /* not carried out, never answered: a half-open connection */
	FAULT_DELAY,   /* carried out `ms` later */
	FAULT_LOSE,    /* carried out, the connection breaks before the answer */
	FAULT_SWALLOW, /* carried out, never answered */
	FAULT_CUT,     /* carried out, the answer breaks off in its middle */
	FAULT_DRIP,    /* carried out, the answer comes in small pieces over `ms` */
	FAULT_GARBAGE, /* carried out, the answer is no JSON */
	FAULT_WRONG,   /* carried out, the answer is JSON of another kind */
	FAULT_HUGE,    /* carried out, the answer is larger than any client takes */

	/* --- events of watches (Kubernetes): strike `times` of them, after `skip` --- */
	FAULT_TWICE,  /* is sent two times */
	FAULT_SWAP,   /* comes behind the one that follows it, or a second later */
	FAULT_PIECES, /* comes as a message in fragments */
	FAULT_BREAK,  /* the connection ends in its middle */
	FAULT_NOISE,  /* is no JSON */
	FAULT_BIG,    /* is larger than any client takes */
	FAULT_EXPIRE, /* the watch ends with a 410 instead */

	/* --- the server as a whole, for `ms` --- */
	FAULT_DOWN,    /* connections are refused, those that stand break */
	FAULT_FALSE,   /* another server, without its key, has taken its port */
	FAULT_DEAF,    /* its port takes connections and says nothing */
	FAULT_BABBLE,  /* its port answers with what is no TLS and no HTTP */
	FAULT_SILENT,  /* (Kubernetes) watches stand, answer pings and say nothing */
	FAULT_LAG,     /* (Kubernetes) watches, and reads that allow it, see the state of
			  the moment at which this began */
	FAULT_EMPTY,   /* (Prometheus) no rows */
	FAULT_NAN,     /* (Prometheus) NaN in every row */
	FAULT_STALE,   /* (Prometheus) rows from the moment at which this began */
	FAULT_FUTURE,  /* (Prometheus) rows stamped an hour ahead */
	FAULT_WARNING, /* (Prometheus) rows that may be incomplete, and a warning */
	FAULT_HTML,    /* (Prometheus) a proxy's page with status 200 */

	/* --- at once --- */
	FAULT_CUT_ALL, /* (Kubernetes) all watches break */
	FAULT_END_ALL, /* (Kubernetes) all watches end as they should */
	FAULT_COMPACT, /* (Kubernetes) history is forgotten: 410 for who is behind */
	FAULT_RESTART, /* (Kubernetes) as FAULT_DOWN, and history is forgotten */

	/* --- around the servers: whoever runs the script acts on them --- */
	FAULT_CLOCK, /* the controller's clock jumps by `ms` */
	FAULT_KILL,  /* the controller is killed, and started again `ms` later */

	FAULT_KINDS,
};

/* Which requests are struck. */
enum fault_on { FAULT_ANY, FAULT_READS, FAULT_WRITES, FAULT_WATCHES };

struct fault {
	int64_t at_ms; /* from the start of the script, engine time */
	enum fault_server server;
	enum fault_kind kind;
	enum fault_on on;
	int skip, times; /* times 0: once */
	int64_t ms;      /* engine time; of a clock's jump also negative */
	int code;        /* HTTP status of FAULT_STATUS */
	char of[32];     /* plural of a resource; "": all */
};

/* "40s kube lose on=writes of=deployments skip=1 times=2": when, which server (kube, prom
 * or world), what, and what else is not 0. Durations are Prometheus' ("1m30s"), for=
 * gives `ms`. */
int fault_parse(const char *line, struct fault *ret_fault, struct err *err);
/* Appends the line without a line break; 0, or -1 when it passes the limit. */
int fault_format(const struct fault *f, struct str *out);

/* One fault per line; blank lines and lines that begin with # are skipped. At most max of
 * them; how many, or -1 with *err, which names the line. */
int faults_parse(const char *text, struct fault *ret_faults, int max, struct err *err);

/* Draws `count` faults with times in [0, span_ms), in the order of time. The same
 * generator state, the same faults. Never FAULT_KILL of a world without `kills`. */
void faults_draw(struct rng *rng, int64_t span_ms, bool kills, struct fault *ret_faults,
		 int count);

/* Is it one that strikes requests, or events? */
bool fault_is_of_requests(enum fault_kind kind);
bool fault_is_of_events(enum fault_kind kind);

#endif
