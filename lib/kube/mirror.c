#include "kube/mirror.h"

#include "kube/version.h"

#include <stdlib.h>
#include <string.h>

void mirror_init(struct mirror *m, size_t limit,
		 void (*on_change)(void *arg, enum mirror_change change,
				   const cJSON *object),
		 void *arg)
{
	*m = (struct mirror){.on_change = on_change, .arg = arg};
	store_init(&m->store, limit);
}

void mirror_fini(struct mirror *m)
{
	store_fini(&m->store);
}

/* All that is left of an object that went unseen. */
static void report_gone(struct mirror *m, struct store_key key, const char *uid,
			const char *version)
{
	cJSON *object AUTO(json_cleanup) = cJSON_CreateObject();
	cJSON *metadata = cJSON_AddObjectToObject(object, "metadata");
	if (*key.ns)
		cJSON_AddStringToObject(metadata, "namespace", key.ns);
	cJSON_AddStringToObject(metadata, "name", key.name);
	cJSON_AddStringToObject(metadata, "uid", uid);
	cJSON_AddStringToObject(metadata, "resourceVersion", version);
	cJSON *annotations = cJSON_AddObjectToObject(metadata, "annotations");
	cJSON_AddStringToObject(annotations, "foretop.io/last-state", "unknown");
	m->on_change(m->arg, MIRROR_DELETED, object);
}

static void on_gone(void *arg, struct store_key key, const char *uid, const char *version)
{
	report_gone(arg, key, uid, version);
}

void mirror_begin(struct mirror *m)
{
	store_list_begin(&m->store);
}

void mirror_complete(struct mirror *m)
{
	store_list_end(&m->store, on_gone, m);
	m->distrust = false;
}

static struct store_key key_of(const cJSON *object)
{
	return (struct store_key){json_str(object, "metadata.namespace", ""),
				  json_str(object, "metadata.name", "")};
}

int mirror_put(struct mirror *m, const cJSON *object, struct err *err)
{
	struct store_key key = key_of(object);
	const char *uid = json_str(object, "metadata.uid", "");
	const char *version = json_str(object, "metadata.resourceVersion", "");
	if (!*key.name || !*uid || !*version || strlen(uid) >= KUBE_UID_SIZE ||
	    strlen(version) >= KUBE_VERSION_SIZE)
		return err_set(err, ERR_RETRY,
			       "object without name, uid or resourceVersion");
	char *old_uid AUTO_FREE = NULL;
	switch (store_put(&m->store, key, uid, version, &old_uid)) {
	case STORE_SAME:
		if (m->distrust)
			m->on_change(m->arg, MIRROR_MODIFIED, object);
		break;
	case STORE_REPLACED:
		report_gone(m, key, old_uid, version);
		m->on_change(m->arg, MIRROR_ADDED, object);
		break;
	case STORE_ADDED:
		m->on_change(m->arg, MIRROR_ADDED, object);
		break;
	case STORE_MODIFIED:
		m->on_change(m->arg, MIRROR_MODIFIED, object);
		break;
	case STORE_FULL:
		return err_set(err, ERR_RETRY,
			       "more than %zu objects; narrow the selector",
			       m->store.limit);
	}
	return 0;
}

void mirror_delete(struct mirror *m, const cJSON *object)
{
	struct store_key key = key_of(object);
	if (!store_has(&m->store, key, json_str(object, "metadata.uid", "")))
		return;
	store_remove(&m->store, key);
	m->on_change(m->arg, MIRROR_DELETED, object);
}
