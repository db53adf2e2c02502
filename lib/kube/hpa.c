#include "kube/hpa.h"

#include "kube/discovery.h"
#include "kube/session.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *group_version, *plural, *kind, *min, *max;
	int32_t min_default, max_default; /* -1: required */
} scalers[KUBE_SCALERS] = {
	[KUBE_HPA] = {KUBE_HPA_GROUP_VERSION, KUBE_HPA_PLURAL, KUBE_HPA_KIND,
		      "minReplicas", "maxReplicas", 1, -1},
	[KUBE_SCALED_OBJECT] = {KUBE_KEDA_GROUP_VERSION, KUBE_SCALED_OBJECT_PLURAL,
				KUBE_SCALED_OBJECT_KIND, "minReplicaCount",
				"maxReplicaCount", 0, 100},
};

char *kube_scaler_path(enum kube_scaler kind, const char *ns)
{
	return kube_collection_path(scalers[kind].group_version, scalers[kind].plural,
				    ns);
}

const char *kube_scaler_kind(enum kube_scaler kind)
{
	return scalers[kind].kind;
}

const char *kube_scaler_minimum(enum kube_scaler kind)
{
	return scalers[kind].min;
}

/* Annotation keys have dots in them, so json_at cannot find them. */
static const char *annotation(const cJSON *object, const char *key)
{
	const cJSON *list = json_at(object, "metadata.annotations");
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(list, key);
	return cJSON_IsString(item) ? item->valuestring : NULL;
}

/* -1: there is none, or it is no number of replicas. */
static int32_t annotated_size(const cJSON *object, const char *key)
{
	const char *text = annotation(object, key);
	char *end = NULL;
	long long value = text && *text ? strtoll(text, &end, 10) : -1;
	return end && !*end && value >= 0 && value <= INT32_MAX ? (int32_t)value : -1;
}

static void read_mark(const cJSON *object, struct kube_hpa *hpa)
{
	int32_t original = annotated_size(object, KUBE_HPA_ORIGINAL);
	const char *expires = annotation(object, KUBE_HPA_EXPIRES);
	hpa->marked = expires || annotation(object, KUBE_HPA_ORIGINAL) ||
		      annotation(object, KUBE_HPA_FLOOR);
	hpa->original = hpa->min;
	/* Whoever wrote another minReplicas since has the last word. */
	if (original >= 0 && annotated_size(object, KUBE_HPA_FLOOR) == hpa->min)
		hpa->original = original;
	if (!expires || time_parse(expires, &hpa->expires_ms, NULL) < 0)
		hpa->expires_ms = 0;
}

static void read_owner(const cJSON *object, struct kube_hpa *hpa)
{
	const cJSON *owner, *list = json_at(object, "metadata.ownerReferences");
	hpa->owner_kind = hpa->owner_name = "";
	cJSON_ArrayForEach (owner, list) {
		if (!json_bool(owner, "controller", false))
			continue;
		hpa->owner_kind = json_str(owner, "kind", "");
		hpa->owner_name = json_str(owner, "name", "");
	}
}

/* A ScaledObject's target is a Deployment unless it says otherwise. */
static void read_target(const cJSON *object, struct kube_hpa *hpa)
{
	bool keda = hpa->kind == KUBE_SCALED_OBJECT;
	hpa->target_api_version =
		json_str(object, "spec.scaleTargetRef.apiVersion", keda ? "apps/v1" : "");
	hpa->target_kind =
		json_str(object, "spec.scaleTargetRef.kind", keda ? "Deployment" : "");
	hpa->target_name = json_str(object, "spec.scaleTargetRef.name", "");
}

/* False: it is no size. */
static bool read_size(const cJSON *object, const char *field, int32_t fallback,
		      int32_t *ret_size)
{
	const cJSON *spec = json_at(object, "spec");
	int64_t size = json_int(spec, field, fallback);
	*ret_size = (int32_t)size;
	return size >= 0 && size <= INT32_MAX;
}

int kube_hpa_read(const cJSON *object, enum kube_scaler kind, struct kube_hpa *ret_hpa,
		  struct err *err)
{
	const char *what = kind == KUBE_HPA ? "HPA" : scalers[kind].kind;
	struct kube_hpa hpa = {
		.kind = kind,
		.ns = json_str(object, "metadata.namespace", ""),
		.name = json_str(object, "metadata.name", ""),
		.uid = json_str(object, "metadata.uid", ""),
		.version = json_str(object, "metadata.resourceVersion", ""),
		.deleted = json_at(object, "metadata.deletionTimestamp") != NULL,
	};
	read_target(object, &hpa);
	if (!*hpa.name || !*hpa.uid || !*hpa.version)
		return err_set(err, ERR_INVALID,
			       "%s \"%s\" has no name, uid or resourceVersion", what,
			       hpa.name);
	if (strlen(hpa.version) >= KUBE_VERSION_SIZE || strlen(hpa.uid) >= KUBE_UID_SIZE)
		return err_set(err, ERR_INVALID, "%s %s: uid or version is too long",
			       what, hpa.name);
	if (!*hpa.target_kind || !*hpa.target_name)
		return err_set(err, ERR_INVALID, "%s %s has no scaleTargetRef", what,
			       hpa.name);
	if (!read_size(object, scalers[kind].min, scalers[kind].min_default, &hpa.min) ||
	    !read_size(object, scalers[kind].max, scalers[kind].max_default, &hpa.max))
		return err_set(err, ERR_INVALID, "%s %s: %s or %s is no size", what,
			       hpa.name, scalers[kind].min, scalers[kind].max);
	read_mark(object, &hpa);
	read_owner(object, &hpa);
	*ret_hpa = hpa;
	return 0;
}

static void set_or_remove(cJSON *annotations, const char *key, const char *text)
{
	cJSON_AddItemToObject(annotations, key,
			      text ? cJSON_CreateString(text) : cJSON_CreateNull());
}

static void mark(cJSON *annotations, const struct kube_hpa_change *change)
{
	char expires[32];
	char *original AUTO_FREE = xasprintf("%d", change->original);
	char *floor AUTO_FREE = xasprintf("%d", change->min);
	bool keep = change->original >= 0;
	set_or_remove(annotations, KUBE_HPA_ORIGINAL, keep ? original : NULL);
	set_or_remove(annotations, KUBE_HPA_FLOOR, keep ? floor : NULL);
	set_or_remove(annotations, KUBE_HPA_EXPIRES,
		      keep ? time_format(change->expires_ms, expires, sizeof(expires))
			   : NULL);
}

struct kube_call *kube_hpa_change(struct kube *k, const struct kube_hpa_change *change,
				  kube_done done, void *arg)
{
	char *collection AUTO_FREE = kube_scaler_path(change->kind, change->ns);
	char *name AUTO_FREE = kube_escape(change->name);
	char *path AUTO_FREE = xasprintf("%s/%s", collection, name);
	cJSON *body AUTO(json_cleanup) = cJSON_CreateObject();
	cJSON *metadata = cJSON_AddObjectToObject(body, "metadata");
	cJSON_AddStringToObject(metadata, "uid", change->uid);
	cJSON_AddStringToObject(metadata, "resourceVersion", change->version);
	mark(cJSON_AddObjectToObject(metadata, "annotations"), change);
	if (change->min >= 0)
		cJSON_AddNumberToObject(cJSON_AddObjectToObject(body, "spec"),
					scalers[change->kind].min, change->min);
	struct kube_request request = {
		.method = KUBE_PATCH,
		.path = path,
		.query = change->dry_run ? FIELD_MANAGER "&dryRun=All" : FIELD_MANAGER,
		.body = body,
		.permit = change->permit,
	};
	return kube_send(k, &request, done, arg);
}

void kube_hpa_release(const struct kube_hpa *hpa, struct kube_hpa_change *ret_change)
{
	*ret_change = (struct kube_hpa_change){
		.kind = hpa->kind,
		.ns = hpa->ns,
		.name = hpa->name,
		.uid = hpa->uid,
		.version = hpa->version,
		.min = hpa->original == hpa->min ? -1 : hpa->original,
		.original = -1,
	};
}
