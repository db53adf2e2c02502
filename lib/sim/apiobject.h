/* Private to sim: one version of one API object, shared by the store, its history and the
 * lists that are being read in pages. */
#ifndef FORETOP_SIM_APIOBJECT_H
#define FORETOP_SIM_APIOBJECT_H

#include "sim/kubeapi.h"

/* What the API server knows of each resource. */
struct apiresource {
	const char *plural, *kind, *list_kind;
	const char *group;   /* "" for the core */
	const char *version; /* of the group */
	bool namespaced, scalable, has_status;
	bool needs_version; /* PUT without a resourceVersion is refused */
};
const struct apiresource *apiresource_of(enum kubeapi_resource resource);
/* "v1", "apps/v1": written to buf, which is returned. */
const char *apiresource_group_version(enum kubeapi_resource resource, char *buf,
				      size_t size);
/* "deployments.apps", as error texts name it. */
const char *apiresource_qualified(enum kubeapi_resource resource, char *buf, size_t size);

struct apilabel {
	char *key, *value;
};

struct apiobject {
	int references;
	enum kubeapi_resource resource;
	uint64_t version;
	char *ns, *name; /* ns "" for cluster-wide resources */
	struct apilabel *labels;
	int label_count;
	char *text; /* JSON, kind and apiVersion first */
	size_t len;
	size_t item; /* where, in `text`, the object goes on behind kind and apiVersion:
			an item of a list is "{" and the text from here on */
};

/* From a tree whose metadata is complete; the caller holds the one reference. */
struct apiobject *apiobject_new(enum kubeapi_resource resource, uint64_t version,
				const cJSON *tree);
struct apiobject *apiobject_hold(struct apiobject *o);
/* Accepts NULL. */
void apiobject_release(struct apiobject *o);
/* A tree of its own for the caller. */
cJSON *apiobject_tree(const struct apiobject *o);
/* NULL: there is no such label. */
const char *apiobject_label(const struct apiobject *o, const char *key);

#endif
