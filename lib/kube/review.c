#include "kube/review.h"

#include <stdlib.h>
#include <string.h>

struct kube_review {
	struct kube *kube;
	struct kube_call *call;
	kube_reviewed done;
	void *arg;
	char *user; /* NULL until the token was reviewed */
};

static void finish(struct kube_review *r, enum kube_review_verdict verdict,
		   const struct err *err)
{
	r->done(r->arg, verdict, r->user ? r->user : "", err);
	free(r->user);
	free(r);
}

static cJSON *review_object(const char *group, const char *kind, cJSON **ret_spec)
{
	char *version AUTO_FREE = xasprintf("%s/v1", group);
	cJSON *o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "apiVersion", version);
	cJSON_AddStringToObject(o, "kind", kind);
	*ret_spec = cJSON_AddObjectToObject(o, "spec");
	return o;
}

static struct kube_call *post(struct kube *k, const char *path, const cJSON *body,
			      kube_done done, void *arg)
{
	const struct kube_request request = {
		.method = KUBE_POST, .path = path, .body = body};
	return kube_send(k, &request, done, arg);
}

static void on_access(void *arg, const struct kube_reply *reply)
{
	struct kube_review *r = arg;
	r->call = NULL;
	if (reply->err.code != ERR_NONE)
		finish(r, KUBE_REVIEW_FAILED, &reply->err);
	else if (json_bool(reply->object, "status.allowed", false))
		finish(r, KUBE_REVIEW_ALLOWED, &reply->err);
	else
		finish(r, KUBE_REVIEW_FORBIDDEN, &reply->err);
}

/* What the token's review said of its user goes into the question word for word. */
static void copy_field(cJSON *spec, const cJSON *user, const char *from, const char *to)
{
	const cJSON *field = json_at(user, from);
	if (field)
		cJSON_AddItemToObject(spec, to, cJSON_Duplicate(field, true));
}

static void ask_access(struct kube_review *r, const cJSON *user)
{
	cJSON *spec;
	cJSON *body AUTO(json_cleanup) =
		review_object("authorization.k8s.io", "SubjectAccessReview", &spec);
	copy_field(spec, user, "username", "user");
	copy_field(spec, user, "uid", "uid");
	copy_field(spec, user, "groups", "groups");
	copy_field(spec, user, "extra", "extra");
	cJSON *what = cJSON_AddObjectToObject(spec, "nonResourceAttributes");
	cJSON_AddStringToObject(what, "path", KUBE_REVIEW_PATH);
	cJSON_AddStringToObject(what, "verb", "get");
	r->call = post(r->kube, "/apis/authorization.k8s.io/v1/subjectaccessreviews",
		       body, on_access, r);
}

static void on_token(void *arg, const struct kube_reply *reply)
{
	struct kube_review *r = arg;
	const cJSON *user = json_at(reply->object, "status.user");
	const char *name = json_str(user, "username", "");
	r->call = NULL;
	if (reply->err.code != ERR_NONE) {
		finish(r, KUBE_REVIEW_FAILED, &reply->err);
	} else if (!json_bool(reply->object, "status.authenticated", false) || !*name) {
		finish(r, KUBE_REVIEW_UNKNOWN, &reply->err);
	} else {
		r->user = xstrdup(name);
		ask_access(r, user);
	}
}

struct kube_review *kube_review_start(struct kube *k, const char *token,
				      kube_reviewed done, void *arg)
{
	struct kube_review *r = xcalloc(1, sizeof(*r));
	cJSON *spec;
	cJSON *body AUTO(json_cleanup) =
		review_object("authentication.k8s.io", "TokenReview", &spec);
	cJSON_AddStringToObject(spec, "token", token);
	r->kube = k;
	r->done = done;
	r->arg = arg;
	r->call =
		post(k, "/apis/authentication.k8s.io/v1/tokenreviews", body, on_token, r);
	return r;
}

void kube_review_cancel(struct kube_review *r)
{
	if (!r)
		return;
	kube_cancel(r->call);
	free(r->user);
	free(r);
}
