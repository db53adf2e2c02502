#include "rights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct right {
	const char *verbs[4];
	const char *group, *resource, *subresource;
	unsigned modes; /* bits of enum policy_mode */
};

#define MODE(m)   (1u << (m))
#define EVERY     (MODE(MODE_RECOMMEND) | MODE(MODE_SCALE) | MODE(MODE_FLOOR))
#define MAX_KNOWN 256

struct rights {
	struct cluster *cluster;
	const char *account, *foretop_ns;
	/* "verb group resource subresource namespace": allowed or not. */
	cJSON *known;
};

struct rights *rights_new(struct cluster *c, const char *account, const char *foretop_ns)
{
	struct rights *r = xcalloc(1, sizeof(*r));
	*r = (struct rights){.cluster = c,
			     .account = account,
			     .foretop_ns = foretop_ns,
			     .known = cJSON_CreateObject()};
	return r;
}

void rights_free(struct rights *r)
{
	if (!r)
		return;
	cJSON_Delete(r->known);
	free(r);
}

static void add_account(cJSON *spec, const char *account)
{
	const char *slash = strchr(account, '/');
	char *ns AUTO_FREE = xstrndup(account, (size_t)(slash - account));
	char *user AUTO_FREE = xasprintf("system:serviceaccount:%s:%s", ns, slash + 1);
	char *group AUTO_FREE = xasprintf("system:serviceaccounts:%s", ns);
	cJSON_AddStringToObject(spec, "user", user);
	cJSON *groups = cJSON_AddArrayToObject(spec, "groups");
	cJSON_AddItemToArray(groups, cJSON_CreateString("system:serviceaccounts"));
	cJSON_AddItemToArray(groups, cJSON_CreateString(group));
	cJSON_AddItemToArray(groups, cJSON_CreateString("system:authenticated"));
}

static cJSON *review_of(const struct rights *r, const struct right *right,
			const char *verb, const char *ns)
{
	cJSON *review = cJSON_CreateObject();
	cJSON_AddStringToObject(review, "apiVersion", "authorization.k8s.io/v1");
	cJSON_AddStringToObject(review, "kind",
				r->account ? "SubjectAccessReview"
					   : "SelfSubjectAccessReview");
	cJSON *spec = cJSON_AddObjectToObject(review, "spec");
	cJSON *of = cJSON_AddObjectToObject(spec, "resourceAttributes");
	cJSON_AddStringToObject(of, "namespace", ns);
	cJSON_AddStringToObject(of, "verb", verb);
	cJSON_AddStringToObject(of, "group", right->group);
	cJSON_AddStringToObject(of, "resource", right->resource);
	if (right->subresource)
		cJSON_AddStringToObject(of, "subresource", right->subresource);
	if (r->account)
		add_account(spec, r->account);
	return review;
}

/* 1 allowed, 0 not, -1 after a finding. */
static int ask(struct rights *r, const struct right *right, const char *verb,
	       const char *ns, struct findings *f)
{
	cJSON *review AUTO(json_cleanup) = review_of(r, right, verb, ns);
	char *path AUTO_FREE = xasprintf("/apis/authorization.k8s.io/v1/%s",
					 r->account ? "subjectaccessreviews"
						    : "selfsubjectaccessreviews");
	const struct kube_request request = {
		.method = KUBE_POST, .path = path, .body = review};
	struct cluster_answer a = {.cluster = r->cluster};
	kube_send(r->cluster->kube, &request, cluster_take, &a);
	if (cluster_wait(&a) < 0) {
		finding_error(f, "rights: %s", a.err.msg);
		return -1;
	}
	bool allowed = json_bool(a.object, "status.allowed", false);
	cluster_answer_fini(&a);
	return allowed;
}

static int may(struct rights *r, const struct right *right, const char *verb,
	       const char *ns, struct findings *f)
{
	char *key AUTO_FREE =
		xasprintf("%s %s %s %s %s", verb, right->group, right->resource,
			  right->subresource ? right->subresource : "", ns);
	const cJSON *known = cJSON_GetObjectItemCaseSensitive(r->known, key);
	if (known)
		return cJSON_IsTrue(known);
	int allowed = ask(r, right, verb, ns, f);
	if (allowed >= 0)
		cJSON_AddBoolToObject(r->known, key, allowed);
	return allowed;
}

/* Counts those that are there; what lacks is a finding. -1: the server was not of a mind
 * to tell. */
static int check(struct rights *r, const struct right *right, const char *ns,
		 struct findings *f)
{
	int count = 0;
	struct str missing AUTO(str_fini);
	str_init(&missing, 256);
	for (size_t i = 0; i < ARRAY_LEN(right->verbs) && right->verbs[i]; i++) {
		int allowed = may(r, right, right->verbs[i], ns, f);
		if (allowed < 0)
			return -1;
		count += allowed;
		if (!allowed)
			str_printf(&missing, "%s%s", missing.len ? ", " : "",
				   right->verbs[i]);
	}
	if (missing.len)
		finding_error(f, "rights: %s may not %s %s%s%s%s%s in namespace %s",
			      r->account ? r->account : "you", str_text(&missing),
			      right->resource, right->subresource ? "/" : "",
			      right->subresource ? right->subresource : "",
			      *right->group ? "." : "", right->group, ns);
	return count;
}

void rights_check(struct rights *r, const struct policy *policy,
		  const struct kube_resource *target, struct findings *f)
{
	char *group AUTO_FREE =
		xstrndup(target->group_version, strcspn(target->group_version, "/"));
	const char *of = strchr(target->group_version, '/') ? group : "";
	/* Kinds beyond apps are not watched: their scale is read. */
	bool watched = !strcmp(of, "apps");
	const struct right here[] = {
		{{"list", "watch"}, "", "configmaps", NULL, EVERY},
		{{"list", "watch"}, "", "pods", NULL, EVERY},
		{{"list", "watch"}, of, target->plural, NULL, watched ? EVERY : 0},
		{{"get"},
		 of,
		 target->plural,
		 "scale",
		 watched ? 0 : EVERY & ~MODE(MODE_SCALE)},
		{{"create", "patch"}, "events.k8s.io", "events", NULL, EVERY},
		{{"get", "update"}, of, target->plural, "scale", MODE(MODE_SCALE)},
		{{"list", "watch"},
		 "autoscaling",
		 "horizontalpodautoscalers",
		 NULL,
		 MODE(MODE_SCALE)},
		{{"get", "list", "watch", "patch"},
		 "autoscaling",
		 "horizontalpodautoscalers",
		 NULL,
		 MODE(MODE_FLOOR)},
	};
	static const struct right own[] = {
		{{"get", "create", "update"}, "", "configmaps", NULL, EVERY},
		{{"get", "create", "update"},
		 "coordination.k8s.io",
		 "leases",
		 NULL,
		 EVERY},
	};
	int count = 0, errors = f->errors, got = 0;
	for (size_t i = 0; got >= 0 && i < ARRAY_LEN(here); i++) {
		if (here[i].modes & MODE(policy->mode))
			count += got = check(r, &here[i], policy->ns, f);
	}
	for (size_t i = 0; got >= 0 && i < ARRAY_LEN(own); i++)
		count += got = check(r, &own[i], r->foretop_ns, f);
	if (f->errors == errors)
		finding_ok(f, "rights: all %d for mode %s", count,
			   policy_mode_name(policy->mode));
}
