/* Lines of a watch, put into a store as they come: an event that is taken has what makes
 * it one object's, and the store stays within its limit. */
#include "fuzz/fuzz.h"

#include "kube/kube.h"
#include "kube/status.h"
#include "kube/store.h"
#include "kube/watch_event.h"

#include <stdlib.h>
#include <string.h>

#define OBJECTS_MAX_HERE 3

static void put(struct store *store, const struct watch_event *e)
{
	struct store_key key = {json_str(e->object, "metadata.namespace", ""),
				json_str(e->object, "metadata.name", "")};
	const char *uid = json_str(e->object, "metadata.uid", "");
	const char *version = json_str(e->object, "metadata.resourceVersion", "");
	if (e->type == WATCH_DELETED) {
		store_remove(store, key);
		must(!store_has(store, key, uid), "%s is still there", key.name);
		return;
	}
	char *old_uid AUTO_FREE = NULL;
	size_t before = store->count;
	enum store_change change = store_put(store, key, uid, version, &old_uid);
	must((change == STORE_REPLACED) == (old_uid != NULL), "%d", (int)change);
	must(store->count == before + (change == STORE_ADDED), "%zu, then %zu", before,
	     store->count);
	must(store_has(store, key, uid) == (change != STORE_FULL), "%d", (int)change);
	must(store->count <= OBJECTS_MAX_HERE, "%zu objects", store->count);
}

static void gone(void *arg, struct store_key key, const char *uid, const char *version)
{
	size_t *count = arg;
	must(key.name && uid && version, "nameless");
	(*count)++;
}

static void check_event(struct store *store, const struct watch_event *e)
{
	struct kube_status status = {0};
	switch (e->type) {
	case WATCH_ADDED:
	case WATCH_MODIFIED:
	case WATCH_DELETED:
		must(*json_str(e->object, "metadata.name", "") &&
			     *json_str(e->object, "metadata.uid", "") &&
			     *json_str(e->object, "metadata.resourceVersion", ""),
		     "no identity");
		put(store, e);
		break;
	case WATCH_BOOKMARK:
		must(*json_str(e->object, "metadata.resourceVersion", ""), "no version");
		break;
	case WATCH_ERROR:
		kube_status_of_object("watch", e->object, &status);
		must_explain(&status.err);
		break;
	case WATCH_UNKNOWN:
		break;
	}
	must(!e->initial_end || e->type == WATCH_BOOKMARK, "type %d", (int)e->type);
}

static void check_line(struct store *store, const char *line, size_t len)
{
	struct watch_event e = {0};
	struct err err = {0};
	if (watch_event_parse(line, len, &e, &err) < 0) {
		must_explain(&err);
		must(err.code == ERR_RETRY && !e.tree, "code %d", (int)err.code);
		return;
	}
	check_event(store, &e);
	watch_event_fini(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *end = text + size;
	struct store store;
	store_init(&store, OBJECTS_MAX_HERE);
	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		stop = stop ? stop : end;
		check_line(&store, text, (size_t)(stop - text));
		text = stop + 1;
	}
	/* An empty list: nothing of it is left. */
	size_t count = store.count, removed = 0;
	store_list_begin(&store);
	store_list_end(&store, gone, &removed);
	must(removed == count && store.count == 0, "%zu of %zu", removed, count);
	store_fini(&store);
	return 0;
}
