/* Leader election as a state machine: client-go's algorithm (leaderelection.go). Pure:
 * time and answers come in, what to do next comes out. */
#ifndef FORETOP_KUBE_LEASE_STATE_H
#define FORETOP_KUBE_LEASE_STATE_H

#include "base/base.h"
#include "kube/version.h"

#include <stdbool.h>

#define LEASE_HOLDER_SIZE 256
#define LEASE_TIME_SIZE   48

/* The spec of a Lease object. Times are text: they are compared and handed on, never
 * computed with, because they are another machine's clock. */
struct lease_record {
	char holder[LEASE_HOLDER_SIZE]; /* "": free */
	int32_t duration_s;
	char acquire_time[LEASE_TIME_SIZE], renew_time[LEASE_TIME_SIZE];
	int32_t transitions;
	char version[KUBE_VERSION_SIZE]; /* resourceVersion of the object */
};

/* What may be taken of what is not ours. */
enum lease_appetite {
	LEASE_TAKE_ANY,     /* what client-go takes: free, or run out */
	LEASE_TAKE_RUN_OUT, /* what its holder let run out, and what nobody has taken
			       though it has been free for as long as a lease lasts */
	LEASE_TAKE_NONE,
};

struct lease_times {
	int64_t duration_ms, renew_ms, retry_ms;
};

enum lease_action {
	LEASE_WAIT,   /* delay_ms, then lease_state_wake */
	LEASE_GET,    /* read it; then lease_state_answer, like the next two */
	LEASE_CREATE, /* POST record */
	LEASE_UPDATE, /* PUT record, with its version as the precondition */
	LEASE_DONE,   /* released, nothing follows */
};

struct lease_order {
	enum lease_action action;
	int64_t delay_ms;
	struct lease_record record;
};

enum lease_result { LEASE_OK, LEASE_MISSING, LEASE_CONFLICT, LEASE_FAILED };

struct lease_state {
	char identity[LEASE_HOLDER_SIZE];
	struct lease_times times;
	struct lease_record seen; /* as last read or written */
	bool has_seen;
	int64_t seen_ms; /* when it last differed from before, by the local clock */
	bool must_read;  /* a write's fate is unknown: read before the next one */
	bool leading;
	int64_t renewed_ms;           /* when the last successful write was sent */
	int64_t sent_ms;              /* when the write under way was sent */
	enum lease_action pending;    /* LEASE_WAIT: nothing is under way */
	int tries;                    /* requests since the last wait */
	enum lease_appetite appetite; /* may be set before each event; at first: any */
	bool free;                    /* as last seen: without a holder, or missing */
	int64_t free_ms;              /* since when, by the local clock */
	bool shared; /* others may hold it in the same name: may be set after the init */
	bool releasing;
	/* Others do hold it just now: a release leaves it to them, renewed. May be set
	 * before lease_state_release and before each answer after it. */
	bool stays;
	bool let_go; /* the write that lets go of it is under way */
	struct rng rng;
};

/* 0, or -1 with *err = ERR_INVALID: duration > renew > 1.2 * retry > 0, as client-go
 * asks.
 */
int lease_state_init(struct lease_state *s, const char *identity,
		     const struct lease_times *times, uint64_t seed, struct err *err);

/* now_ms: a clock that never steps and goes on in suspend; wall_ms goes into the record.
 * The first call starts; later ones follow LEASE_WAIT. */
void lease_state_wake(struct lease_state *s, int64_t now_ms, int64_t wall_ms,
		      struct lease_order *ret_order);
/* The answer to the order before. record: of LEASE_OK, as the server returned it. */
void lease_state_answer(struct lease_state *s, enum lease_result result,
			const struct lease_record *record, int64_t now_ms,
			int64_t wall_ms, struct lease_order *ret_order);
/* Gives the lead away. *ret_order is the next thing to do; LEASE_WAIT with a delay of 0
 * means that the answer under way comes first. */
void lease_state_release(struct lease_state *s, int64_t now_ms, int64_t wall_ms,
			 struct lease_order *ret_order);

/* We lead and may write. */
bool lease_state_valid(const struct lease_state *s, int64_t now_ms);
/* When the lead runs out unless it is renewed; only while leading. */
int64_t lease_state_expires_ms(const struct lease_state *s);
/* Gives up a lead that ran out. */
void lease_state_expire(struct lease_state *s, int64_t now_ms);

#endif
