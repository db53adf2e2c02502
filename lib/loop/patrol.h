/* One collection watched where policies are: a namespace at a time, and over the whole
 * cluster once they are many. What comes is told by namespace either way. Private to
 * loop. */
#ifndef FORETOP_LOOP_PATROL_H
#define FORETOP_LOOP_PATROL_H

#include "loop/inside.h"

/* With more namespaces than this, one watch over all costs less than one of each. */
#define PATROL_NAMESPACES_MAX 50

struct patrol;

struct patrol_options {
	struct loop *loop;
	const char *name; /* of the resource, for log and telemetry; borrowed */
	const char *group_version, *plural; /* borrowed */
	/* All of the namespace's objects are about to be given as KUBE_ADDED: those that
	 * have not been by on_synced are gone. */
	void (*on_begin)(void *arg, const char *ns);
	/* Over the whole cluster also objects of namespaces that nobody wants. */
	void (*on_object)(void *arg, const char *ns, enum kube_change change,
			  const cJSON *object);
	/* After each complete list; of a namespace that is wanted while the whole cluster
	 * is watched already: what was given of it is all there is. */
	void (*on_synced)(void *arg, const char *ns);
	/* Its first list has not come yet, and why. May be NULL. */
	void (*on_trouble)(void *arg, const char *ns, const struct err *err);
	void *arg;
};

/* Watches nothing yet. */
struct patrol *patrol_new(const struct patrol_options *options);
/* Accepts NULL. */
void patrol_free(struct patrol *p);

/* Begins to watch a namespace, unless it does; together with others that are wanted in
 * the same turn of the loop. */
void patrol_want(struct patrol *p, const char *ns);
/* Its objects are being told, or have been. */
bool patrol_watches(const struct patrol *p, const char *ns);
/* One watch stands for all namespaces. */
bool patrol_is_wide(const struct patrol *p);
/* Nobody wants the namespace any more: its own watch ends, and what it told stands as it
 * was. Not from within its own callbacks. */
void patrol_leave(struct patrol *p, const char *ns);
/* Tells all of the namespace's objects again; over the whole cluster those of all. Not
 * from within its own callbacks. */
void patrol_restart(struct patrol *p, const char *ns);
/* The same for everything that is watched. */
void patrol_restart_all(struct patrol *p);
/* The server is back: watches that wait after a failure are tried now. */
void patrol_hurry(struct patrol *p);

#endif
