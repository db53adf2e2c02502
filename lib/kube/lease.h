/* Leader election by a Lease object: client-go's algorithm, on a clock that never steps.
 */
#ifndef FORETOP_KUBE_LEASE_H
#define FORETOP_KUBE_LEASE_H

#include "kube/client.h"
#include "kube/lease_state.h"

struct kube_lease;

struct kube_lease_options {
	const char *ns, *name; /* of the Lease object; copied */
	const char *identity; /* unique among candidates; NULL: POD_NAME, else HOST_PID */
	int64_t duration_ms;  /* 0: 15 s */
	int64_t renew_deadline_ms; /* 0: 10 s */
	int64_t retry_ms;          /* 0: 2 s; duration > renew deadline > 1.2 * retry */
	void (*on_leading)(void *arg);
	/* Somebody else leads, or nobody does. holder: "" if nobody or unknown. Called on
	 * changes only, and at the loss of the own lead; why: of that, for people, else
	 * "". */
	void (*on_following)(void *arg, const char *holder, const char *why);
	/* Why the server does not let us; only when the text changes. May be NULL. */
	void (*on_trouble)(void *arg, const struct err *err);
	/* Renewed, after one or more tries had failed and before the lead was lost: the
	 * server is back. May be NULL. */
	void (*on_recovered)(void *arg);
	/* Before each write: what else the object is to say, in labels or annotations.
	 * object: the whole of it as it will be written. May be NULL. */
	void (*amend)(void *arg, cJSON *object);
	/* The object as it was read, or as the server stored it. May be NULL. */
	void (*on_seen)(void *arg, const cJSON *object);
	/* What may be taken just now; NULL: any. */
	enum lease_appetite (*appetite)(void *arg);
	/* With the object last seen: do others hold it in the same name, so that a
	 * release leaves it to them? NULL: never. */
	bool (*stays)(void *arg, const cJSON *object);
	void *arg;
};

/* Starts at once. NULL with *err = ERR_INVALID when the times contradict each other. */
struct kube_lease *
kube_lease_new(struct kube *k, const struct kube_lease_options *options, struct err *err);
/* Without releasing. Accepts NULL. */
void kube_lease_free(struct kube_lease *l);

/* To be asked right before each write: we lead, and the last renewal was sent less than
 * the renew deadline ago by a clock that goes on while the process is frozen. */
bool kube_lease_valid(const struct kube_lease *l);
const char *kube_lease_identity(const struct kube_lease *l);
/* Who holds it as last seen; "" unknown. Borrowed until the next callback. */
const char *kube_lease_holder(const struct kube_lease *l);

/* A write to take it is under way. */
bool kube_lease_reaching(const struct kube_lease *l);

/* Stops taking part and, if we lead, gives the lead away so that a follower needs not
 * wait for it to run out. `done` is called once, within bound_ms at the latest, never
 * from within. kube_lease_valid is false from now on: call it when all writes are done.
 */
void kube_lease_release(struct kube_lease *l, int64_t bound_ms, void (*done)(void *arg),
			void *arg);

#endif
