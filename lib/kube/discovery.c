#include "kube/discovery.h"

#include "kube/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct context {
	kube_discovered done;
	void *arg;
	char group_version[128], kind[128];
};

bool kube_resource_of_kind(const char *group_version, const char *kind,
			   struct kube_resource *ret_resource)
{
	static const struct {
		const char *kind, *plural;
	} apps[] = {
		{"Deployment", "deployments"},
		{"StatefulSet", "statefulsets"},
		{"ReplicaSet", "replicasets"},
	};
	if (strcmp(group_version, "apps/v1") != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(apps); i++) {
		if (strcmp(apps[i].kind, kind) != 0)
			continue;
		*ret_resource = (struct kube_resource){
			.group_version = "apps/v1",
			.namespaced = true,
			.scalable = true,
			.known = true,
		};
		snprintf(ret_resource->plural, sizeof(ret_resource->plural), "%s",
			 apps[i].plural);
		return true;
	}
	return false;
}

char *kube_group_path(const char *group_version)
{
	return xasprintf(strchr(group_version, '/') ? "/apis/%s" : "/api/%s",
			 group_version);
}

char *kube_collection_path(const char *group_version, const char *plural, const char *ns)
{
	char *group AUTO_FREE = kube_group_path(group_version);
	if (!ns)
		return xasprintf("%s/%s", group, plural);
	char *escaped AUTO_FREE = kube_escape(ns);
	return xasprintf("%s/namespaces/%s/%s", group, escaped, plural);
}

static const cJSON *find_kind(const cJSON *list, const char *kind)
{
	const cJSON *item;
	cJSON_ArrayForEach (item, list) {
		const char *name = json_str(item, "name", "");
		if (*name && !strchr(name, '/') &&
		    !strcmp(json_str(item, "kind", ""), kind))
			return item;
	}
	return NULL;
}

/* The scale subresource stands in the list as "PLURAL/scale". */
static bool has_scale(const cJSON *list, const char *plural)
{
	char *name AUTO_FREE = xasprintf("%s/scale", plural);
	const cJSON *item;
	cJSON_ArrayForEach (item, list)
		if (!strcmp(json_str(item, "name", ""), name))
			return true;
	return false;
}

void kube_resource_read(const cJSON *answer, const char *group_version, const char *kind,
			struct kube_resource *ret_resource)
{
	const cJSON *list = json_at(answer, "resources");
	const cJSON *item = find_kind(list, kind);
	struct kube_resource r = {.known = item != NULL};
	const char *plural = json_str(item, "name", "");
	snprintf(r.group_version, sizeof(r.group_version), "%s", group_version);
	snprintf(r.plural, sizeof(r.plural), "%s", plural);
	r.namespaced = json_bool(item, "namespaced", false);
	r.scalable = item && has_scale(list, plural);
	*ret_resource = r;
}

static void on_reply(void *arg, const struct kube_reply *reply)
{
	struct context *context = arg;
	struct kube_resource resource = {0};
	/* A group or version that is not served is 404: no such kind. */
	if (reply->err.code != ERR_NONE && reply->status != 404) {
		context->done(context->arg, NULL, &reply->err);
		return;
	}
	kube_resource_read(reply->object, context->group_version, context->kind,
			   &resource);
	context->done(context->arg, &resource, NULL);
}

struct kube_call *kube_discover(struct kube *k, const char *group_version,
				const char *kind, kube_discovered done, void *arg)
{
	struct context *context = xmalloc(sizeof(*context));
	*context = (struct context){.done = done, .arg = arg};
	snprintf(context->group_version, sizeof(context->group_version), "%s",
		 group_version);
	snprintf(context->kind, sizeof(context->kind), "%s", kind);
	char *path AUTO_FREE = kube_group_path(group_version);
	struct kube_request request = {.method = KUBE_GET, .path = path};
	return session_send(k, &request, on_reply, context);
}
