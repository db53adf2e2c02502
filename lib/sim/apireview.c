#include "sim/apireview.h"

#include <stdio.h>
#include <string.h>

#define REVIEWS "/apis/authorization.k8s.io/v1/"

void apirules_deny(struct apirules *r, const char *verb, const char *resource)
{
	if (!verb) {
		r->count = 0;
		return;
	}
	if (r->count == APIRULES_MAX)
		return;
	struct apirule *rule = &r->denied[r->count++];
	snprintf(rule->verb, sizeof(rule->verb), "%s", verb);
	snprintf(rule->resource, sizeof(rule->resource), "%s", resource);
}

void apirules_confine(struct apirules *r, const char *const *namespaces, int count)
{
	r->namespace_count = 0;
	for (int i = 0; i < count && i < APIRULES_NAMESPACES; i++)
		snprintf(r->namespaces[r->namespace_count++], sizeof(r->namespaces[0]),
			 "%s", namespaces[i]);
}

static bool is_within(const struct apirules *r, const char *ns)
{
	for (int i = 0; i < r->namespace_count; i++)
		if (!strcmp(r->namespaces[i], ns))
			return true;
	return r->namespace_count == 0;
}

bool apirules_allow(const struct apirules *r, const char *verb, const char *resource,
		    const char *ns)
{
	if (!is_within(r, ns))
		return false;
	for (int i = 0; i < r->count; i++)
		if (!strcmp(r->denied[i].resource, resource) &&
		    (!strcmp(r->denied[i].verb, verb) || !strcmp(r->denied[i].verb, "*")))
			return false;
	return true;
}

/* "deployments/scale" */
static void resource_name(char *buf, size_t size, const char *plural,
			  const char *subresource)
{
	snprintf(buf, size, "%s%s%s", plural, *subresource ? "/" : "", subresource);
}

static const char *verb_of(const struct request *q, const struct apitarget *t)
{
	switch (q->method) {
	case METHOD_POST:
		return "create";
	case METHOD_PUT:
		return "update";
	case METHOD_PATCH:
		return "patch";
	case METHOD_DELETE:
		return "delete";
	default:
		return *t->name ? "get" : apitarget_is_watch(q) ? "watch" : "list";
	}
}

const char *apirules_forbid(const struct apirules *r, const struct request *q,
			    const struct apitarget *t)
{
	char resource[96];
	const char *verb = verb_of(q, t);
	resource_name(resource, sizeof(resource), apiresource_of(t->resource)->plural,
		      t->subresource);
	return apirules_allow(r, verb, resource, t->ns) ? NULL : verb;
}

static void answer(const struct apirules *r, struct bends *bends, struct exchange *x,
		   cJSON *review)
{
	char resource[96];
	const cJSON *of = json_at(review, "spec.resourceAttributes");
	resource_name(resource, sizeof(resource), json_str(of, "resource", ""),
		      json_str(of, "subresource", ""));
	bool allowed = apirules_allow(r, json_str(of, "verb", ""), resource,
				      json_str(of, "namespace", ""));
	cJSON *status = cJSON_AddObjectToObject(review, "status");
	cJSON_AddBoolToObject(status, "allowed", allowed);
	if (!allowed)
		cJSON_AddStringToObject(status, "reason", "no RBAC rule allows it");
	char *text AUTO_FREE = json_text(review);
	bends_reply_text(bends, x, 201, "application/json", text);
}

bool apireview_answer(const struct apirules *r, struct bends *bends, struct exchange *x)
{
	const struct request *q = exchange_request(x);
	struct apistatus status;
	struct err err;
	if (q->method != METHOD_POST ||
	    (strcmp(q->path, REVIEWS "selfsubjectaccessreviews") &&
	     strcmp(q->path, REVIEWS "subjectaccessreviews")))
		return false;
	cJSON *review AUTO(json_cleanup) = json_parse(q->body, q->body_len, &err);
	if (json_at(review, "spec.resourceAttributes")) {
		answer(r, bends, x, review);
		return true;
	}
	apistatus_set(&status, 400, "no review: %s",
		      review ? "spec.resourceAttributes is missing" : err.msg);
	apistatus_reply(&status, bends, x);
	return true;
}
