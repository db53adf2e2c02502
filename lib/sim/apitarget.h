/* Private to sim: what a request's path and parameters ask for. */
#ifndef FORETOP_SIM_APITARGET_H
#define FORETOP_SIM_APITARGET_H

#include "sim/apiselector.h"
#include "sim/apistatus.h"

struct apitarget {
	enum kubeapi_resource resource;
	char ns[64];          /* "": all, or a cluster-wide resource */
	char name[256];       /* "": the collection */
	char subresource[16]; /* "", "scale", "status" */
};
/* "/apis/apps/v1/namespaces/shop/deployments/checkout/scale". 0, or -1 with a 404. */
int apitarget_parse(const char *path, struct apitarget *ret_target,
		    struct apistatus *ret_status);

/* True for watch=true and watch=1. */
bool apitarget_is_watch(const struct request *q);

/* The parameters of a list or a watch. */
struct apiquery {
	struct apiselector select;
	bool has_version; /* a resourceVersion other than "" was given */
	uint64_t version;
	bool exact;          /* resourceVersionMatch=Exact */
	bool initial_events; /* sendInitialEvents=true */
	bool bookmarks;
	int64_t timeout_s; /* 0: none given */
	size_t limit;      /* 0: none */
	const char *token; /* continue; borrowed from the request; "": none */
};
/* 0, or -1 with *ret_status. */
int apiquery_parse(const struct apitarget *t, const struct request *q,
		   struct apiquery *ret_query, struct apistatus *ret_status);
/* Accepts NULL and zeroed. */
void apiquery_fini(struct apiquery *q);

#endif
