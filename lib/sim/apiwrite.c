#include "sim/apiserver.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* One request that writes, on its way. */
struct write {
	struct kubeapi *api;
	const struct request *request;
	const struct apitarget *target;
	cJSON *body;               /* as the client sent it; NULL: none */
	struct apiobject *current; /* held; NULL: there is none */
	cJSON *tree;               /* of current */
	char name[256];            /* of the object */
	struct apistatus status;   /* code 0 until something is wrong */
	char *answer;
	int answer_code;
	int32_t from, to; /* replicas; -1: not about them */
};

static void write_fini(struct write *w)
{
	cJSON_Delete(w->body);
	cJSON_Delete(w->tree);
	apiobject_release(w->current);
	free(w->answer);
}

static int fail(struct write *w, int code, const char *why)
{
	char qualified[128];
	apiresource_qualified(w->target->resource, qualified, sizeof(qualified));
	apistatus_set(&w->status, code, "%s \"%s\" %s", qualified, w->name, why);
	return apistatus_about(&w->status, w->target->resource, w->name);
}

static int fail_text(struct write *w, int code, const char *text)
{
	return apistatus_set(&w->status, code, "%s", text);
}

/* --- what came in --- */

static bool content_type_is(const struct request *q, const char *type)
{
	return strncmp(q->content_type, type, strlen(type)) == 0;
}

static int read_body(struct write *w)
{
	const struct request *q = w->request;
	bool patch = q->method == METHOD_PATCH;
	struct err err;
	if (q->body_len == 0 && q->method == METHOD_DELETE)
		return 0;
	if (patch && !content_type_is(q, "application/merge-patch+json") &&
	    !content_type_is(q, "application/strategic-merge-patch+json"))
		return fail_text(w, 415, "only merge patches are understood here");
	if (!patch && *q->content_type && !content_type_is(q, "application/json"))
		return fail_text(w, 415, "only application/json is understood here");
	w->body = json_parse(q->body, q->body_len, &err);
	if (!w->body)
		return apistatus_set(&w->status, 400,
				     "couldn't get version/kind; json parse error: %s",
				     err.msg);
	return cJSON_IsObject(w->body) ? 0 : fail_text(w, 400, "an object is expected");
}

static int find_current(struct write *w)
{
	const struct apitarget *t = w->target;
	struct apiobject *o = apistore_get(w->api->store, t->resource, t->ns, w->name);
	if (!o)
		return fail(w, 404, "not found");
	w->current = apiobject_hold(o);
	w->tree = apiobject_tree(o);
	if (apiresource_of(t->resource)->scalable)
		w->from = apiscale_replicas(w->tree);
	return 0;
}

/* Version and uid in the metadata that a client sends are conditions. */
static int check_preconditions(struct write *w, const cJSON *meta)
{
	char version[24];
	const char *wanted = json_str(meta, "resourceVersion", "");
	const char *uid = json_str(meta, "uid", "");
	const char *have = json_str(w->tree, "metadata.uid", "");
	snprintf(version, sizeof(version), "%" PRIu64, w->current->version);
	char qualified[128];
	apiresource_qualified(w->target->resource, qualified, sizeof(qualified));
	if (*uid && strcmp(uid, have) != 0) {
		apistatus_set(&w->status, 409,
			      "Operation cannot be fulfilled on %s \"%s\": Precondition "
			      "failed: UID in precondition: %s, UID in object meta: %s",
			      qualified, w->name, uid, have);
		return apistatus_about(&w->status, w->target->resource, w->name);
	}
	if (!*wanted || strcmp(wanted, version) == 0)
		return 0;
	apistatus_set(&w->status, 409,
		      "Operation cannot be fulfilled on %s \"%s\": the object has been "
		      "modified; please apply your changes to the latest version and try "
		      "again",
		      qualified, w->name);
	return apistatus_about(&w->status, w->target->resource, w->name);
}

/* Kind and namespace of the body, when it has them, must be those of the path. */
static int check_body(struct write *w)
{
	const struct apitarget *t = w->target;
	bool scale = strcmp(t->subresource, "scale") == 0;
	const char *kind = scale ? "Scale" : apiresource_of(t->resource)->kind;
	const char *given = json_str(w->body, "kind", kind);
	const char *ns = json_str(w->body, "metadata.namespace", t->ns);
	if (strcmp(given, kind) != 0)
		return apistatus_set(&w->status, 400,
				     "%s in version cannot be handled as a %s", given,
				     kind);
	if (*ns && strcmp(ns, t->ns) != 0)
		return fail_text(
			w, 400,
			"the namespace of the provided object does not match the "
			"namespace sent on the request");
	return 0;
}

/* What events.k8s.io/v1 wants of a new Event. */
static int check_event(struct write *w)
{
	static const char *const needed[] = {"eventTime",
					     "reportingController",
					     "reportingInstance",
					     "action",
					     "reason",
					     "type"};
	for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
		if (*json_str(w->body, needed[i], ""))
			continue;
		return apistatus_set(&w->status, 422,
				     "Event \"%s\" is invalid: %s: "
				     "Required value",
				     w->name, needed[i]);
	}
	if (strlen(json_str(w->body, "note", "")) > 1024)
		return fail(w, 422, "is invalid: note: can have at most 1024 bytes");
	if (strlen(json_str(w->body, "reportingInstance", "")) > 128)
		return fail(w, 422,
			    "is invalid: reportingInstance: can have at most 128 bytes");
	return 0;
}

/* --- what goes out --- */

static bool is_dry_run(const struct write *w)
{
	return strcmp(request_arg(w->request, "dryRun", ""), "All") == 0;
}

static int answer_tree(struct write *w, int code, const cJSON *tree)
{
	w->answer_code = code;
	w->answer = json_text(tree);
	return 0;
}

/* Stores the tree and answers with what was stored, or with its Scale. */
static int store(struct write *w, int code, const cJSON *tree)
{
	const struct apitarget *t = w->target;
	bool scale = strcmp(t->subresource, "scale") == 0;
	cJSON *stored AUTO(json_cleanup) = NULL;
	if (!is_dry_run(w)) {
		struct apiobject *o = apistore_put(w->api->store, t->resource, tree,
						   clock_now_ms(w->api->config.clock));
		apiobject_hold(o);
		stored = apiobject_tree(o);
		apiobject_release(o);
		tree = stored;
	}
	if (apiresource_of(t->resource)->scalable)
		w->to = apiscale_replicas(tree);
	if (!scale)
		return answer_tree(w, code, tree);
	cJSON *answer AUTO(json_cleanup) = apiscale_of(tree);
	return answer_tree(w, code, answer);
}

/* --- the verbs --- */

/* RFC 7396. */
static void merge(cJSON *target, const cJSON *patch)
{
	const cJSON *item;
	cJSON_ArrayForEach (item, patch) {
		cJSON *have = cJSON_GetObjectItemCaseSensitive(target, item->string);
		if (cJSON_IsNull(item)) {
			cJSON_DeleteItemFromObjectCaseSensitive(target, item->string);
		} else if (cJSON_IsObject(item)) {
			if (!cJSON_IsObject(have)) {
				cJSON_DeleteItemFromObjectCaseSensitive(target,
									item->string);
				have = cJSON_AddObjectToObject(target, item->string);
			}
			merge(have, item);
		} else {
			cJSON_DeleteItemFromObjectCaseSensitive(target, item->string);
			cJSON_AddItemToObject(target, item->string,
					      cJSON_Duplicate(item, true));
		}
	}
}

static cJSON *metadata_of(cJSON *tree)
{
	cJSON *meta = cJSON_GetObjectItemCaseSensitive(tree, "metadata");
	return cJSON_IsObject(meta) ? meta : cJSON_AddObjectToObject(tree, "metadata");
}

static void set_text(cJSON *o, const char *key, const char *text)
{
	cJSON_DeleteItemFromObjectCaseSensitive(o, key);
	if (*text)
		cJSON_AddStringToObject(o, key, text);
}

static int create(struct write *w)
{
	const struct apitarget *t = w->target;
	snprintf(w->name, sizeof(w->name), "%s", json_str(w->body, "metadata.name", ""));
	if (!*w->name && *json_str(w->body, "metadata.generateName", ""))
		snprintf(w->name, sizeof(w->name), "%.200s%05" PRIx64,
			 json_str(w->body, "metadata.generateName", ""),
			 hash_bytes(&w->api->audit_count, sizeof(size_t)) & 0xfffff);
	if (*t->name || *t->subresource)
		return fail_text(w, 405,
				 "the server does not allow this method on the "
				 "requested resource");
	if (!*w->name)
		return fail_text(w, 422, "name or generateName is required");
	if (check_body(w) < 0 || (t->resource == KUBEAPI_EVENTS && check_event(w) < 0))
		return -1;
	if (apistore_get(w->api->store, t->resource, t->ns, w->name)) {
		fail(w, 409, "already exists");
		w->status.reason = "AlreadyExists";
		return -1;
	}
	cJSON *meta = metadata_of(w->body);
	set_text(meta, "name", w->name);
	set_text(meta, "namespace", t->ns);
	return store(w, 201, w->body);
}

static void move_item(cJSON *to, cJSON *from, const char *key)
{
	cJSON_DeleteItemFromObjectCaseSensitive(to, key);
	cJSON *item = cJSON_DetachItemFromObjectCaseSensitive(from, key);
	if (item)
		cJSON_AddItemToObject(to, key, item);
}

static int replace_scale(struct write *w)
{
	int64_t replicas = json_int(w->body, "spec.replicas", 0);
	if (replicas < 0 || replicas > INT32_MAX)
		return fail(w, 422,
			    "is invalid: spec.replicas: Invalid value: must be greater "
			    "than or equal to 0");
	cJSON *spec = cJSON_GetObjectItemCaseSensitive(w->tree, "spec");
	cJSON_DeleteItemFromObjectCaseSensitive(spec, "replicas");
	cJSON_AddNumberToObject(spec, "replicas", (double)replicas);
	if (replicas != w->from)
		apiscale_own(w->tree, request_arg(w->request, "fieldManager", "unknown"),
			     clock_now_ms(w->api->config.clock));
	return store(w, 200, w->tree);
}

/* w->body is the object as the client wants it. */
static int replace(struct write *w)
{
	const struct apitarget *t = w->target;
	const struct apiresource *r = apiresource_of(t->resource);
	cJSON *meta = metadata_of(w->body);
	if (check_body(w) < 0 || check_preconditions(w, meta) < 0)
		return -1;
	if (strcmp(json_str(meta, "name", w->name), w->name) != 0)
		return fail_text(w, 400,
				 "the name of the object does not match the name on the "
				 "URL");
	if (r->needs_version && !*json_str(meta, "resourceVersion", ""))
		return fail(w, 422,
			    "is invalid: metadata.resourceVersion: Invalid value: 0x0: "
			    "must be specified for an update");
	if (strcmp(t->subresource, "scale") == 0)
		return replace_scale(w);
	if (strcmp(t->subresource, "status") == 0) {
		move_item(w->tree, w->body, "status");
		return store(w, 200, w->tree);
	}
	set_text(meta, "name", w->name);
	set_text(meta, "namespace", t->ns);
	if (r->has_status)
		move_item(w->body, w->tree, "status");
	return store(w, 200, w->body);
}

/* The patch becomes the whole object; the version in it stays a condition. */
static int patch(struct write *w)
{
	bool scale = strcmp(w->target->subresource, "scale") == 0;
	char *version AUTO_FREE =
		xstrdup(json_str(w->body, "metadata.resourceVersion", ""));
	cJSON *whole = scale ? apiscale_of(w->tree) : cJSON_Duplicate(w->tree, true);
	merge(whole, w->body);
	cJSON_Delete(w->body);
	w->body = whole;
	if (*version)
		set_text(metadata_of(whole), "resourceVersion", version);
	return replace(w);
}

static int delete_object(struct write *w)
{
	if (check_preconditions(w, json_at(w->body, "preconditions")) < 0)
		return -1;
	if (!is_dry_run(w))
		apistore_delete(w->api->store, w->target->resource, w->target->ns,
				w->name);
	struct apistatus done = {.code = 200};
	apistatus_about(&done, w->target->resource, w->name);
	w->answer_code = 200;
	w->answer = apistatus_text(&done);
	return 0;
}

static int perform(struct write *w)
{
	if (apifault_strikes(&w->api->writes, w->target->resource)) {
		apifault_status(&w->api->writes, w->target, "update", &w->status);
		return -1;
	}
	if (read_body(w) < 0)
		return -1;
	if (w->request->method == METHOD_POST)
		return create(w);
	if (!*w->name)
		return fail_text(w, 405,
				 "the server does not allow this method on the "
				 "requested resource");
	if (find_current(w) < 0)
		return -1;
	switch (w->request->method) {
	case METHOD_PUT:
		return replace(w);
	case METHOD_PATCH:
		return patch(w);
	case METHOD_DELETE:
		return delete_object(w);
	case METHOD_GET:
	case METHOD_HEAD:
	case METHOD_POST:
	case METHOD_OPTIONS:
		break;
	}
	return fail_text(w, 405, "the server does not allow this method");
}

/* --- the record --- */

static void audit(struct write *w, int code)
{
	struct kubeapi *k = w->api;
	if (k->audit_count == AUDIT_MAX) {
		k->audit_count = AUDIT_MAX / 2;
		memmove(k->audit, k->audit + AUDIT_MAX / 2,
			k->audit_count * sizeof(*k->audit));
	}
	if (k->audit_count == k->audit_cap) {
		k->audit_cap = k->audit_cap ? k->audit_cap * 2 : 64;
		k->audit = xrealloc(k->audit, k->audit_cap * sizeof(*k->audit));
	}
	struct audit_entry *e = &k->audit[k->audit_count++];
	*e = (struct audit_entry){
		.engine_ms = clock_now_ms(k->config.clock),
		.real_ms = monotonic_ms(),
		.method = w->request->method,
		.resource = w->target->resource,
		.status = code,
		.from = w->from,
		.to = w->to,
	};
	snprintf(e->ns, sizeof(e->ns), "%s", w->target->ns);
	snprintf(e->name, sizeof(e->name), "%.127s", w->name);
	snprintf(e->subresource, sizeof(e->subresource), "%s", w->target->subresource);
	snprintf(e->user_agent, sizeof(e->user_agent), "%.63s", w->request->user_agent);
	snprintf(e->resource_version, sizeof(e->resource_version), "%" PRIu64,
		 apistore_version(k->store));
}

/* Tells the world that somebody wants another size. */
static void tell_scaled(struct write *w)
{
	const struct kubeapi_config *config = &w->api->config;
	if (w->from >= 0 && w->to >= 0 && w->from != w->to && config->scaled &&
	    !is_dry_run(w))
		config->scaled(config->arg, w->target->resource, w->target->ns, w->name,
			       w->to);
}

void apiwrite_answer(struct kubeapi *k, struct exchange *x, const struct apitarget *t)
{
	struct write w AUTO(write_fini) = {.api = k,
					   .request = exchange_request(x),
					   .target = t,
					   .from = -1,
					   .to = -1};
	snprintf(w.name, sizeof(w.name), "%s", t->name);
	if (perform(&w) < 0) {
		audit(&w, w.status.code);
		apistatus_reply(&w.status, &k->bends, x);
		return;
	}
	audit(&w, w.answer_code);
	tell_scaled(&w);
	if (apifault_strikes(&k->lost, t->resource))
		exchange_abort(x);
	else
		bends_reply_text(&k->bends, x, w.answer_code, API_JSON, w.answer);
}

void apiread_answer(struct kubeapi *k, struct exchange *x, const struct apitarget *t)
{
	struct apiobject *o = apistore_get(k->store, t->resource, t->ns, t->name);
	struct apistatus status;
	if (!o) {
		char qualified[128];
		apiresource_qualified(t->resource, qualified, sizeof(qualified));
		apistatus_set(&status, 404, "%s \"%s\" not found", qualified, t->name);
		apistatus_about(&status, t->resource, t->name);
		apistatus_reply(&status, &k->bends, x);
	} else if (strcmp(t->subresource, "scale") == 0) {
		cJSON *tree AUTO(json_cleanup) = apiobject_tree(o);
		cJSON *scale AUTO(json_cleanup) = apiscale_of(tree);
		char *text AUTO_FREE = json_text(scale);
		bends_reply_text(&k->bends, x, 200, API_JSON, text);
	} else {
		bends_reply(&k->bends, x, 200, API_JSON, o->text, o->len);
	}
}
