/* Turns lists and watch events into changes: what a consumer has not been told yet. Pure.
 */
#ifndef FORETOP_KUBE_MIRROR_H
#define FORETOP_KUBE_MIRROR_H

#include "kube/store.h"

enum mirror_change { MIRROR_ADDED, MIRROR_MODIFIED, MIRROR_DELETED };

struct mirror {
	struct store store;
	bool distrust; /* equal versions may hide a change: the server's history was reset
			*/
	void (*on_change)(void *arg, enum mirror_change change, const cJSON *object);
	void *arg;
};

void mirror_init(struct mirror *m, size_t limit,
		 void (*on_change)(void *arg, enum mirror_change change,
				   const cJSON *object),
		 void *arg);
void mirror_fini(struct mirror *m);

/* A complete state begins: objects not put before mirror_complete are gone then. May be
 * called again to start over. */
void mirror_begin(struct mirror *m);
void mirror_complete(struct mirror *m);
/* An object as it is now. 0, or -1 with *err = ERR_RETRY when it has no name or uid, or
 * there are too many. */
int mirror_put(struct mirror *m, const cJSON *object, struct err *err);
/* An object that is gone, in its last state. One that is not known, or known with another
 * uid, is ignored. */
void mirror_delete(struct mirror *m, const cJSON *object);

#endif
