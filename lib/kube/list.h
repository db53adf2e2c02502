/* One consistent list of a collection, in pages, so that no JSON tree is larger than a
 * page. */
#ifndef FORETOP_KUBE_LIST_H
#define FORETOP_KUBE_LIST_H

#include "kube/client.h"

#define KUBE_PAGE_SIZE   250
#define KUBE_OBJECTS_MAX 200000

struct kube_list;

struct kube_list_options {
	const char *path;           /* of the collection; copied */
	const char *label_selector; /* not escaped; NULL: all; copied */
	const char *field_selector; /* not escaped; NULL: all; copied */
	/* An older list is a stale server's: it fails with reason "Outdated" before any
	 * object is given. NULL: any. Copied. */
	const char *min_version;
	size_t max_objects; /* more end the list with ERR_INVALID; 0: KUBE_OBJECTS_MAX */
	/* Each object of each page, borrowed for the call. Must not stop the list. */
	void (*on_object)(void *arg, const cJSON *object);
	/* The list starts over: forget the objects given so far. */
	void (*on_restart)(void *arg);
	/* Once. version: the list's resourceVersion, "" on error. reply->err.code
	 * ERR_NONE: complete. The list is gone. */
	void (*on_done)(void *arg, const char *version, const struct kube_reply *reply);
	void *arg;
};

/* Lists from the quorum, never the past, at most KUBE_PAGE_SIZE objects a page. Starts
 * over by itself, once without pages when its continue token expired, and with smaller
 * pages when an answer is too large. Never calls back from within. */
struct kube_list *kube_list_start(struct kube *k,
				  const struct kube_list_options *options);
/* Ends without calling back; frees. Accepts NULL; not after on_done. */
void kube_list_stop(struct kube_list *list);

#endif
