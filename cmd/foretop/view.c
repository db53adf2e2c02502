#include "view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- one --- */

static const char *data_of(const cJSON *object, const char *key)
{
	const cJSON *text =
		cJSON_GetObjectItemCaseSensitive(json_at(object, "data"), key);
	return cJSON_IsString(text) ? text->valuestring : NULL;
}

void view_init(struct view *v, cJSON *object)
{
	*v = (struct view){
		.ns = xstrdup(json_str(object, "metadata.namespace", "")),
		.name = xstrdup(json_str(object, "metadata.name", "")),
		.object = object,
	};
	AUTO(yaml_node_cleanup) struct yaml_node *tree = NULL;
	const char *text = data_of(object, VIEW_POLICY_KEY);
	if (!text)
		err_set(&v->broken, ERR_INVALID, "it has no data." VIEW_POLICY_KEY);
	else if (yaml_parse(text, strlen(text), &tree, &v->broken) == 0)
		v->spec = yaml_to_json(tree);
}

void view_take_status(struct view *v, const cJSON *object)
{
	const char *text = data_of(object, VIEW_STATUS_KEY);
	cJSON_Delete(v->status);
	v->status = text ? json_parse(text, strlen(text), NULL) : NULL;
}

void view_fini(struct view *v)
{
	free(v->ns);
	free(v->name);
	cJSON_Delete(v->object);
	cJSON_Delete(v->spec);
	cJSON_Delete(v->status);
	*v = (struct view){0};
}

int32_t view_replicas(const struct view *v, const char *path)
{
	return (int32_t)json_int(v->status, path, -1);
}

const cJSON *view_condition(const struct view *v, const char *type)
{
	const cJSON *condition;
	cJSON_ArrayForEach (condition, json_at(v->status, "conditions"))
		if (!strcmp(json_str(condition, "type", ""), type))
			return condition;
	return NULL;
}

bool view_is(const struct view *v, const char *condition, const char *status)
{
	return !strcmp(json_str(view_condition(v, condition), "status", ""), status);
}

int64_t view_time(const cJSON *tree, const char *path)
{
	int64_t ms;
	return time_parse(json_str(tree, path, ""), &ms, NULL) == 0 ? ms : 0;
}

/* What an admin must know first. */
const char *view_state(const struct view *v)
{
	if (!v->status)
		return "Waiting";
	if (view_is(v, "Ready", "False"))
		return "Invalid";
	if (view_is(v, "Paused", "True"))
		return "Paused";
	if (view_is(v, "Conflict", "True"))
		return "Conflict";
	if (view_is(v, "MetricsAvailable", "False") ||
	    view_replicas(v, "currentReplicas") < 0)
		return "Unknown";
	if (view_is(v, "Held", "True"))
		return "Held";
	return view_is(v, "ForecastTrusted", "True") ? "Predictive" : "Reactive";
}

static void copy_metadata(const cJSON *object, cJSON *tree)
{
	static const char *const kept[] = {
		"name",  "namespace", "uid", "resourceVersion", "creationTimestamp",
		"labels"};
	const cJSON *from = json_at(object, "metadata");
	cJSON *meta = cJSON_AddObjectToObject(tree, "metadata");
	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		const cJSON *item = cJSON_GetObjectItemCaseSensitive(from, kept[i]);
		if (item)
			cJSON_AddItemToObject(meta, kept[i], cJSON_Duplicate(item, true));
	}
}

/* The record is the controller's own memory. */
cJSON *view_tree(const struct view *v)
{
	cJSON *tree = cJSON_CreateObject();
	cJSON_AddStringToObject(tree, "apiVersion", "foretop.io/v1");
	cJSON_AddStringToObject(tree, "kind", "Policy");
	copy_metadata(v->object, tree);
	if (v->spec)
		cJSON_AddItemToObject(tree, "spec", cJSON_Duplicate(v->spec, true));
	if (v->status) {
		cJSON *status = cJSON_Duplicate(v->status, true);
		cJSON_DeleteItemFromObjectCaseSensitive(status, "record");
		cJSON_AddItemToObject(tree, "status", status);
	}
	return tree;
}

/* --- many --- */

char *view_selector(const char *selector)
{
	return selector ? xasprintf(VIEW_POLICY_LABEL ",%s", selector)
			: xstrdup(VIEW_POLICY_LABEL);
}

static int by_name(const void *pa, const void *pb)
{
	const struct view *a = pa, *b = pb;
	int order = strcmp(a->ns, b->ns);
	return order ? order : strcmp(a->name, b->name);
}

static void add(struct views *v, cJSON *object)
{
	v->items = xrealloc(v->items, (v->count + 1) * sizeof(v->items[0]));
	view_init(&v->items[v->count++], object);
}

static int read_named(struct cluster *c, const struct cluster_flags *f, struct views *v,
		      struct err *err)
{
	for (int i = 0; i < f->name_count; i++) {
		char *ns AUTO_FREE = NULL;
		const char *name = cluster_name(c, f, f->names[i], &ns);
		char *path AUTO_FREE = cluster_path("v1", "configmaps", ns, name);
		long status;
		cJSON *object = cluster_get(c, path, &status, err);
		if (!object && status == 404)
			return err_set(err, ERR_INVALID,
				       "policy \"%s\" not found in namespace %s", name,
				       ns);
		if (!object)
			return -1;
		const cJSON *labels = json_at(object, "metadata.labels");
		bool labelled =
			cJSON_GetObjectItemCaseSensitive(labels, VIEW_POLICY_LABEL);
		add(v, object);
		if (!labelled)
			return err_set(
				err, ERR_INVALID,
				"ConfigMap \"%s\" in namespace %s is no policy: it "
				"has no label " VIEW_POLICY_LABEL,
				name, ns);
	}
	return 0;
}

static int read_all(struct cluster *c, const struct cluster_flags *f,
		    const char *selector, struct views *v, struct err *err)
{
	const char *ns = f->all ? NULL : cluster_namespace(c, f);
	char *path AUTO_FREE = kube_collection_path("v1", "configmaps", ns);
	char *labels AUTO_FREE = view_selector(selector);
	cJSON *list AUTO(json_cleanup) = cluster_list(c, path, labels, NULL, err);
	if (!list)
		return -1;
	while (list->child)
		add(v, cJSON_DetachItemViaPointer(list, list->child));
	if (v->count)
		qsort(v->items, v->count, sizeof(v->items[0]), by_name);
	return 0;
}

static void read_status(struct cluster *c, const char *foretop_ns, struct views *v,
			struct view *one)
{
	char *name AUTO_FREE = kube_pause_key(one->ns, one->name);
	char *path AUTO_FREE = cluster_path("v1", "configmaps", foretop_ns, name);
	long status;
	struct err err = {0};
	cJSON *object AUTO(json_cleanup) = cluster_get(c, path, &status, &err);
	if (object)
		view_take_status(one, object);
	else if (status != 404)
		v->status_err = err;
}

/* A policy's status object, found by its name. */
struct status_ref {
	const char *name;
	const cJSON *object;
};

static int by_status_name(const void *pa, const void *pb)
{
	const struct status_ref *a = pa, *b = pb;
	return strcmp(a->name, b->name);
}

static void read_statuses(struct cluster *c, const char *foretop_ns, struct views *v)
{
	char *path AUTO_FREE = kube_collection_path("v1", "configmaps", foretop_ns);
	cJSON *list AUTO(json_cleanup) =
		cluster_list(c, path, KUBE_STATUS_LABEL "=v1", NULL, &v->status_err);
	size_t count = list ? (size_t)cJSON_GetArraySize(list) : 0, n = 0;
	AUTO_FREE struct status_ref *refs = xcalloc(count, sizeof(refs[0]));
	const cJSON *object;
	cJSON_ArrayForEach (object, list)
		refs[n++] = (struct status_ref){json_str(object, "metadata.name", ""),
						object};
	qsort(refs, count, sizeof(refs[0]), by_status_name);
	for (size_t i = 0; i < v->count; i++) {
		char *key AUTO_FREE = kube_pause_key(v->items[i].ns, v->items[i].name);
		const struct status_ref want = {.name = key};
		const struct status_ref *found =
			bsearch(&want, refs, count, sizeof(refs[0]), by_status_name);
		if (found)
			view_take_status(&v->items[i], found->object);
	}
}

int views_read(struct cluster *c, const struct cluster_flags *f, const char *selector,
	       struct views *ret_views, struct err *err)
{
	struct views v = {0};
	int code = f->name_count ? read_named(c, f, &v, err)
				 : read_all(c, f, selector, &v, err);
	if (code < 0) {
		views_fini(&v);
		return -1;
	}
	if (!f->name_count && v.count)
		read_statuses(c, f->foretop_ns, &v);
	for (int i = 0; i < f->name_count; i++)
		read_status(c, f->foretop_ns, &v, &v.items[i]);
	*ret_views = v;
	return 0;
}

void views_fini(struct views *v)
{
	for (size_t i = 0; i < v->count; i++)
		view_fini(&v->items[i]);
	free(v->items);
	*v = (struct views){0};
}
