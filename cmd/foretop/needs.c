#include "needs.h"

#include <string.h>

static const struct need needs[] = {
	{"", "configmaps", "", {"list", "watch"}, NEED_SERVED, NEED_ALWAYS},
	{"", "pods", "", {"list", "watch"}, NEED_SERVED, NEED_ALWAYS},
	{"apps", "deployments", "", {"list", "watch"}, NEED_SERVED, NEED_ALWAYS},
	{"apps", "statefulsets", "", {"list", "watch"}, NEED_SERVED, NEED_ALWAYS},
	{"apps", "replicasets", "", {"list", "watch"}, NEED_SERVED, NEED_ALWAYS},
	{"apps", "deployments", "scale", {"get", "update"}, NEED_SERVED, NEED_SCALE},
	{"apps", "statefulsets", "scale", {"get", "update"}, NEED_SERVED, NEED_SCALE},
	{"apps", "replicasets", "scale", {"get", "update"}, NEED_SERVED, NEED_SCALE},
	{"autoscaling",
	 "horizontalpodautoscalers",
	 "",
	 {"list", "watch"},
	 NEED_SERVED,
	 NEED_ALWAYS},
	{"autoscaling",
	 "horizontalpodautoscalers",
	 "",
	 {"get", "patch"},
	 NEED_SERVED,
	 NEED_FLOOR},
	{"events.k8s.io", "events", "", {"create", "patch"}, NEED_SERVED, NEED_WRITE},
	{"coordination.k8s.io",
	 "leases",
	 "",
	 {"get", "create", "update"},
	 NEED_LEASE,
	 NEED_WRITE},
	{"", "configmaps", "", {"get", "list"}, NEED_STATUS, NEED_ALWAYS},
	{"", "configmaps", "", {"create", "update"}, NEED_STATUS, NEED_WRITE},
};

int needs_count(void)
{
	return ARRAY_LEN(needs);
}

const struct need *needs_at(int index)
{
	return &needs[index];
}

bool needs_needed(const struct need *right, const struct needs_wish *wish)
{
	switch (right->use) {
	case NEED_ALWAYS:
		return true;
	case NEED_WRITE:
		return wish->write;
	case NEED_SCALE:
		return wish->write && wish->scale;
	case NEED_FLOOR:
		return wish->write && wish->floor;
	}
	return true;
}

int needs_namespaces(const struct need *right, const struct needs_scope *scope)
{
	return right->where == NEED_SERVED && scope->served->count ? scope->served->count
								   : 1;
}

const char *needs_namespace(const struct need *right, const struct needs_scope *scope,
			    int index)
{
	switch (right->where) {
	case NEED_SERVED:
		return scope->served->count ? scope->served->names[index] : "";
	case NEED_STATUS:
		return scope->status_ns;
	case NEED_LEASE:
		return scope->lease_ns;
	}
	return "";
}

cJSON *needs_review(const struct need *right, const char *verb, const char *ns)
{
	cJSON *body = cJSON_CreateObject();
	cJSON_AddStringToObject(body, "apiVersion", "authorization.k8s.io/v1");
	cJSON_AddStringToObject(body, "kind", "SelfSubjectAccessReview");
	cJSON *spec = cJSON_AddObjectToObject(body, "spec");
	cJSON *what = cJSON_AddObjectToObject(spec, "resourceAttributes");
	cJSON_AddStringToObject(what, "verb", verb);
	cJSON_AddStringToObject(what, "group", right->group);
	cJSON_AddStringToObject(what, "resource", right->resource);
	if (*right->subresource)
		cJSON_AddStringToObject(what, "subresource", right->subresource);
	if (*ns)
		cJSON_AddStringToObject(what, "namespace", ns);
	return body;
}

char *needs_text(const struct need *right, const char *verb, const char *ns)
{
	bool sub = *right->subresource != '\0';
	return xasprintf("%s %s%s%s%s%s in %s%s", verb, right->resource,
			 *right->group ? "." : "", right->group, sub ? "/" : "",
			 right->subresource, *ns ? "namespace " : "every namespace", ns);
}
