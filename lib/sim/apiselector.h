/* Private to sim: which objects a list or a watch is about. */
#ifndef FORETOP_SIM_APISELECTOR_H
#define FORETOP_SIM_APISELECTOR_H

#include "sim/apiobject.h"

struct apirequirement;

struct apiselector {
	enum kubeapi_resource resource;
	char *ns;   /* "": all */
	char *name; /* of a fieldSelector metadata.name=...; NULL: all */
	struct apirequirement *requirements;
	int count;
};

/* label_selector: "a=b,c!=d,e in (f,g),h notin (i),j,!k"; field_selector: metadata.name=x
 * and metadata.namespace=x. Empty texts select all. 0, or -1 with ERR_INVALID. */
int apiselector_parse(struct apiselector *s, enum kubeapi_resource resource,
		      const char *ns, const char *label_selector,
		      const char *field_selector, struct err *err);
/* Accepts NULL and zeroed. */
void apiselector_fini(struct apiselector *s);
/* False for NULL. */
bool apiselector_matches(const struct apiselector *s, const struct apiobject *o);

#endif
