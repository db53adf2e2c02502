/* One consistent list of a collection, in pages, so that no JSON tree is larger than a
 * page. */
#ifndef FORETOP_KUBE_LIST_H
#define FORETOP_KUBE_LIST_H

#include "kube/client.h"

#define KUBE_PAGE_SIZE 250

struct kube_list;

struct kube_list_options {
	const char *path;           /* of the collection; copied */
	const char *label_selector; /* not escaped; NULL: all; copied */
	const char *field_selector;
	size_t max_objects; /* more end the list with ERR_INVALID; 0: 200,000 */
	/* Each object of each page, borrowed for the call. */
	void (*on_object)(void *arg, const cJSON *object);
	/* Once. version: the list's resourceVersion, "" on error. Lists read from the
	 * quorum, so they never show the past. reply->err.code ERR_NONE: complete. */
	void (*on_done)(void *arg, const char *version, const struct kube_reply *reply);
	void *arg;
};

/* Lists at most 250 objects a page. A list whose continue token expired starts over by
 * itself once without pages; on_restart tells it, so that objects already given are
 * forgotten. Never calls back from within. */
struct kube_list *kube_list_start(struct kube *k, const struct kube_list_options *options,
				  void (*on_restart)(void *arg));
/* Ends without calling back; frees. Accepts NULL. After on_done it is gone by itself. */
void kube_list_stop(struct kube_list *list);

#endif
