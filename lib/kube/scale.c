#include "kube/scale.h"

#include "kube/discovery.h"
#include "kube/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct context {
	kube_scaled done;
	void *arg;
};

static int read_count(const cJSON *object, const char *path, int32_t *ret_count,
		      struct err *err)
{
	const cJSON *field = json_at(object, path);
	int64_t value = field ? json_int(object, path, -1) : 0;
	if (value < 0 || value > INT32_MAX)
		return err_set(err, ERR_INVALID, "%s of the scale is no size", path);
	*ret_count = (int32_t)value;
	return 0;
}

int kube_scale_read(const cJSON *object, struct kube_scale *ret_scale, struct err *err)
{
	struct kube_scale scale = {.selector = json_str(object, "status.selector", "")};
	const char *version = json_str(object, "metadata.resourceVersion", "");
	const char *uid = json_str(object, "metadata.uid", "");
	if (strcmp(json_str(object, "kind", ""), "Scale") != 0)
		return err_set(err, ERR_INVALID, "the answer is no Scale");
	if (!*version || strlen(version) >= sizeof(scale.version) || !*uid ||
	    strlen(uid) >= sizeof(scale.uid))
		return err_set(err, ERR_INVALID,
			       "a Scale without resourceVersion or uid");
	if (read_count(object, "spec.replicas", &scale.replicas, err) < 0 ||
	    read_count(object, "status.replicas", &scale.status_replicas, err) < 0)
		return -1;
	strcpy(scale.version, version);
	strcpy(scale.uid, uid);
	*ret_scale = scale;
	return 0;
}

static void on_reply(void *arg, const struct kube_reply *reply)
{
	struct context *context = arg;
	struct kube_reply copy = *reply;
	struct kube_scale scale;
	bool good = reply->err.code == ERR_NONE &&
		    kube_scale_read(reply->object, &scale, &copy.err) == 0;
	context->done(context->arg, good ? &scale : NULL, &copy);
}

static char *path_of(const struct kube_target *target)
{
	char *collection AUTO_FREE =
		kube_collection_path(target->group_version, target->plural, target->ns);
	char *name AUTO_FREE = kube_escape(target->name);
	return xasprintf("%s/%s/scale", collection, name);
}

static struct kube_call *ask(struct kube *k, const struct kube_request *request,
			     kube_scaled done, void *arg)
{
	struct context *context = xmalloc(sizeof(*context));
	*context = (struct context){done, arg};
	return session_send(k, request, on_reply, context);
}

struct kube_call *kube_scale_get(struct kube *k, const struct kube_target *target,
				 kube_scaled done, void *arg)
{
	char *path AUTO_FREE = path_of(target);
	struct kube_request request = {.method = KUBE_GET, .path = path};
	return ask(k, &request, done, arg);
}

struct kube_call *kube_scale_put(struct kube *k, const struct kube_target *target,
				 const struct kube_scale *scale, bool dry_run,
				 kube_scaled done, void *arg)
{
	char *path AUTO_FREE = path_of(target);
	cJSON *body AUTO(json_cleanup) = cJSON_CreateObject();
	cJSON_AddStringToObject(body, "apiVersion", "autoscaling/v1");
	cJSON_AddStringToObject(body, "kind", "Scale");
	cJSON *metadata = cJSON_AddObjectToObject(body, "metadata");
	cJSON_AddStringToObject(metadata, "name", target->name);
	cJSON_AddStringToObject(metadata, "namespace", target->ns);
	cJSON_AddStringToObject(metadata, "resourceVersion", scale->version);
	cJSON_AddStringToObject(metadata, "uid", scale->uid);
	cJSON *spec = cJSON_AddObjectToObject(body, "spec");
	cJSON_AddNumberToObject(spec, "replicas", scale->replicas);
	struct kube_request request = {
		.method = KUBE_PUT,
		.path = path,
		.query = dry_run ? FIELD_MANAGER "&dryRun=All" : FIELD_MANAGER,
		.body = body,
		.permit = target->permit,
	};
	return ask(k, &request, done, arg);
}
