/* TokenReview and SubjectAccessReview: whose a bearer token is, and whether they may get
 * the nonResourceURL of the page. Nothing is stored, as in the real one. */
#include "sim/apiserver.h"

#include <stdio.h>
#include <string.h>

void kubeapi_allow_reader(struct kubeapi *k, const char *token, const char *user,
			  bool allowed)
{
	struct apireader *r = &k->readers[k->reader_count++ % APIREADERS];
	snprintf(r->token, sizeof(r->token), "%s", token);
	snprintf(r->user, sizeof(r->user), "%s", user);
	r->allowed = allowed;
}

static const struct apireader *by_token(const struct kubeapi *k, const char *token)
{
	for (size_t i = 0; i < APIREADERS && *token; i++)
		if (!strcmp(k->readers[i].token, token))
			return &k->readers[i];
	return NULL;
}

static const struct apireader *by_user(const struct kubeapi *k, const char *user)
{
	for (size_t i = 0; i < APIREADERS && *user; i++)
		if (!strcmp(k->readers[i].user, user))
			return &k->readers[i];
	return NULL;
}

static void answer(struct kubeapi *k, struct exchange *x, cJSON *status)
{
	cJSON *o AUTO(json_cleanup) = cJSON_CreateObject();
	cJSON_AddItemToObject(o, "status", status);
	char *text AUTO_FREE = json_text(o);
	bends_reply_text(&k->bends, x, 201, API_JSON, text);
}

static void review_token(struct kubeapi *k, struct exchange *x, const cJSON *body)
{
	const struct apireader *r = by_token(k, json_str(body, "spec.token", ""));
	cJSON *status = cJSON_CreateObject();
	cJSON_AddBoolToObject(status, "authenticated", r != NULL);
	if (r) {
		cJSON *user = cJSON_AddObjectToObject(status, "user");
		cJSON_AddStringToObject(user, "username", r->user);
	}
	answer(k, x, status);
}

static void review_access(struct kubeapi *k, struct exchange *x, const cJSON *body)
{
	const struct apireader *r = by_user(k, json_str(body, "spec.user", ""));
	bool asks = !strcmp(json_str(body, "spec.nonResourceAttributes.path", ""),
			    "/foretop") &&
		    !strcmp(json_str(body, "spec.nonResourceAttributes.verb", ""), "get");
	cJSON *status = cJSON_CreateObject();
	cJSON_AddBoolToObject(status, "allowed", asks && r && r->allowed);
	answer(k, x, status);
}

bool apireader_answer(struct kubeapi *k, struct exchange *x)
{
	const struct request *q = exchange_request(x);
	bool token = !strcmp(q->path, "/apis/authentication.k8s.io/v1/tokenreviews"),
	     access = !strcmp(q->path,
			      "/apis/authorization.k8s.io/v1/subjectaccessreviews");
	if (q->method != METHOD_POST || (!token && !access))
		return false;
	cJSON *body AUTO(json_cleanup) = json_parse(q->body, q->body_len, NULL);
	if (access && !json_at(body, "spec.nonResourceAttributes"))
		return false;
	if (token)
		review_token(k, x, body);
	else
		review_access(k, x, body);
	return true;
}
