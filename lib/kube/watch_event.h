/* One line of a watch: {"type": "MODIFIED", "object": {...}}. Pure. */
#ifndef FORETOP_KUBE_WATCH_EVENT_H
#define FORETOP_KUBE_WATCH_EVENT_H

#include "base/base.h"

enum watch_event_type {
	WATCH_ADDED,
	WATCH_MODIFIED,
	WATCH_DELETED,
	WATCH_BOOKMARK,
	WATCH_ERROR,
	WATCH_UNKNOWN, /* of a newer server: ignored */
};

struct watch_event {
	enum watch_event_type type;
	struct arena memory; /* of the tree (watch_event_fini) */
	const cJSON *tree;
	const cJSON *object; /* inside tree */
	bool initial_end;    /* BOOKMARK: all that existed has been sent (KEP-3157) */
};

/* 0, or -1 with *err = ERR_RETRY when it is no such JSON, or an object without name, uid
 * or resourceVersion, or with one that is too long. */
int watch_event_parse(const char *text, size_t len, struct watch_event *ret_event,
		      struct err *err);
void watch_event_fini(struct watch_event *e);

#endif
