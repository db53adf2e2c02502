#include "kube/watch_event.h"

#include "kube/version.h"

#include <string.h>

#define INITIAL_END "k8s.io/initial-events-end"

static enum watch_event_type type_of(const char *name)
{
	static const char *const names[] = {
		[WATCH_ADDED] = "ADDED",     [WATCH_MODIFIED] = "MODIFIED",
		[WATCH_DELETED] = "DELETED", [WATCH_BOOKMARK] = "BOOKMARK",
		[WATCH_ERROR] = "ERROR",
	};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(names[i], name))
			return (enum watch_event_type)i;
	return WATCH_UNKNOWN;
}

static int check_identity(const struct watch_event *e, struct err *err)
{
	const char *version = json_str(e->object, "metadata.resourceVersion", "");
	if (!*version || strlen(version) >= KUBE_VERSION_SIZE)
		return err_set(err, ERR_RETRY, "watch event without resourceVersion");
	if (e->type == WATCH_BOOKMARK)
		return 0;
	const char *uid = json_str(e->object, "metadata.uid", "");
	if (!*json_str(e->object, "metadata.name", "") || !*uid ||
	    strlen(uid) >= KUBE_UID_SIZE)
		return err_set(err, ERR_RETRY, "watch event without name or uid");
	return 0;
}

int watch_event_parse(const char *text, size_t len, struct watch_event *ret_event,
		      struct err *err)
{
	struct watch_event e = {0};
	e.tree = json_parse_in(&e.memory, text, len, err);
	if (!e.tree) {
		watch_event_fini(&e);
		err->code = ERR_RETRY;
		return err_wrap(err, "watch event");
	}
	e.type = type_of(json_str(e.tree, "type", ""));
	e.object = json_at(e.tree, "object");
	if (e.type < WATCH_ERROR && check_identity(&e, err) < 0) {
		watch_event_fini(&e);
		return -1;
	}
	if (e.type == WATCH_BOOKMARK) {
		const cJSON *mark = cJSON_GetObjectItemCaseSensitive(
			json_at(e.object, "metadata.annotations"), INITIAL_END);
		e.initial_end =
			cJSON_IsString(mark) && !strcmp(mark->valuestring, "true");
	}
	*ret_event = e;
	return 0;
}

void watch_event_fini(struct watch_event *e)
{
	arena_fini(&e->memory);
	e->tree = NULL;
}
