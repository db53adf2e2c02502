#include "sim/kubeapi.h"

#include "sim/apiserver.h"

#include <stdlib.h>
#include <string.h>

#define BOOKMARK_MS 60000
#define BODY_LIMIT  (8u << 20)
#define QUEUE_LIMIT (64u << 20) /* for answers that are too large for any client */
#define UID_SEED    20260119

/* --- requests --- */

bool apifault_strikes(struct apifault *f, enum kubeapi_resource resource)
{
	if (f->left <= 0 || (f->resource != KUBEAPI_RESOURCES && f->resource != resource))
		return false;
	f->left--;
	return true;
}

void apifault_status(const struct apifault *f, const struct apitarget *t,
		     const char *verb, struct apistatus *ret_status)
{
	char qualified[128];
	apiresource_qualified(t->resource, qualified, sizeof(qualified));
	switch (f->status) {
	case 403:
		apistatus_set(
			ret_status, 403,
			"%s \"%s\" is forbidden: User "
			"\"system:serviceaccount:foretop:foretop\" cannot %s resource "
			"\"%s%s%s\" in API group \"%s\" in the namespace \"%s\"",
			qualified, t->name, verb, apiresource_of(t->resource)->plural,
			*t->subresource ? "/" : "", t->subresource,
			apiresource_of(t->resource)->group, t->ns);
		break;
	case 409:
		apistatus_set(
			ret_status, 409,
			"Operation cannot be fulfilled on %s \"%s\": the object has "
			"been modified; please apply your changes to the latest "
			"version and try again",
			qualified, t->name);
		break;
	default:
		apistatus_set(ret_status, f->status, "%s", apistatus_reason(f->status));
		break;
	}
	apistatus_about(ret_status, t->resource, t->name);
	if (f->status == 429 || f->status == 503)
		ret_status->retry_after_s = 1;
}

static bool authorized(const struct kubeapi *k, const struct request *q)
{
	return !k->token || strcmp(q->authorization, k->token) == 0;
}

/* A 410 of a watch comes in the stream: true then. Otherwise *ret_status is set. */
static bool read_fault(struct kubeapi *k, const struct apitarget *t, bool watch,
		       struct apistatus *ret_status)
{
	if (!apifault_strikes(&k->reads, t->resource))
		return false;
	if (watch && k->reads.status == 410)
		return true;
	apifault_status(&k->reads, t,
			watch      ? "watch"
			: *t->name ? "get"
				   : "list",
			ret_status);
	return false;
}

/* Faults of answers have nothing to say of one that has no end. */
static void start_watch(struct kubeapi *k, struct exchange *x, const struct apitarget *t,
			bool expired)
{
	k->bends.bent = false;
	apiwatch_start(k, t, NULL, x, expired);
}

static void answer_read(struct kubeapi *k, struct exchange *x, const struct apitarget *t)
{
	const struct request *q = exchange_request(x);
	struct apistatus status = {0};
	bool watch = apitarget_is_watch(q) && !*t->name;
	bool expired = read_fault(k, t, watch, &status);
	if (!status.code && watch)
		apiwatch_check(k, t, q, &status);
	if (status.code)
		apistatus_reply(&status, &k->bends, x);
	else if (watch)
		start_watch(k, x, t, expired);
	else if (*t->name)
		apiread_answer(k, x, t);
	else
		apilist_answer(k, x, t);
}

/* What is there without any objects. True when the path was one of them. */
static bool answer_plain(struct kubeapi *k, struct exchange *x)
{
	static const struct {
		const char *path, *type, *body;
	} plain[] = {
		{"/version", API_JSON,
		 "{\"major\":\"1\",\"minor\":\"37\",\"gitVersion\":\"v1.37.2\"}"},
		{"/livez", "text/plain", "ok"},
		{"/readyz", "text/plain", "ok"},
		{"/healthz", "text/plain", "ok"},
	};
	const char *path = exchange_request(x)->path;
	for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
		if (strcmp(path, plain[i].path) != 0)
			continue;
		bends_reply_text(&k->bends, x, 200, plain[i].type, plain[i].body);
		return true;
	}
	return false;
}

static bool is_read(const struct request *q)
{
	return q->method == METHOD_GET || q->method == METHOD_HEAD;
}

/* What a path is about, for those who choose requests; "": no resource. */
static const char *plural_of(const char *path)
{
	struct apistatus status;
	struct apitarget target;
	return apitarget_parse(path, &target, &status) < 0
		       ? ""
		       : apiresource_of(target.resource)->plural;
}

/* The Status of a request that a fault refuses. */
static void refused(const struct kubeapi *k, struct apistatus *ret_status)
{
	int code = k->bends.now.code;
	apistatus_set(ret_status, code, "the fault script says %d %s", code,
		      apistatus_reason(code));
	if (code == 429 || code == 503)
		ret_status->retry_after_s = 1;
}

static bool is_served(const struct kubeapi *k, enum kubeapi_resource resource)
{
	return !k->unserved[resource];
}

void kubeapi_serve(struct kubeapi *k, enum kubeapi_resource resource, bool serve)
{
	k->unserved[resource] = !serve;
}

static void add_discovered(cJSON *resources, const struct apiresource *r, bool scale)
{
	char name[128];
	cJSON *item = cJSON_CreateObject();
	snprintf(name, sizeof(name), "%s%s", r->plural, scale ? "/scale" : "");
	cJSON_AddStringToObject(item, "name", name);
	cJSON_AddStringToObject(item, "kind", scale ? "Scale" : r->kind);
	cJSON_AddBoolToObject(item, "namespaced", r->namespaced);
	cJSON_AddItemToArray(resources, item);
}

/* /api/v1, /apis/apps/v1: the resources of a group. True when the path was one. */
static bool answer_discovery(struct kubeapi *k, struct exchange *x)
{
	const char *path = exchange_request(x)->path;
	char group_version[64], group_path[80];
	cJSON *list AUTO(json_cleanup) = cJSON_CreateObject();
	cJSON *resources = cJSON_AddArrayToObject(list, "resources");
	for (int i = 0; i < KUBEAPI_RESOURCES; i++) {
		enum kubeapi_resource resource = (enum kubeapi_resource)i;
		const struct apiresource *r = apiresource_of(resource);
		apiresource_group_version(resource, group_version, sizeof(group_version));
		snprintf(group_path, sizeof(group_path), "%s%s",
			 *r->group ? "/apis/" : "/api/", group_version);
		if (strcmp(path, group_path) != 0 || !is_served(k, resource))
			continue;
		add_discovered(resources, r, false);
		if (r->scalable)
			add_discovered(resources, r, true);
	}
	if (cJSON_GetArraySize(resources) == 0)
		return false;
	cJSON_AddStringToObject(list, "kind", "APIResourceList");
	cJSON_AddStringToObject(list, "groupVersion", strchr(path + 1, '/') + 1);
	char *text AUTO_FREE = json_text(list);
	bends_reply_text(&k->bends, x, 200, API_JSON, text);
	return true;
}

/* By RBAC, as kubeapi_deny and kubeapi_confine set it. */
static bool forbidden(const struct kubeapi *k, const struct request *q,
		      const struct apitarget *t, struct apistatus *ret_status)
{
	const struct apifault fault = {.status = 403};
	const char *verb = apirules_forbid(&k->rules, q, t);
	if (verb)
		apifault_status(&fault, t, verb, ret_status);
	return verb != NULL;
}

static void carry_out(struct exchange *x, void *arg)
{
	struct kubeapi *k = arg;
	const struct request *q = exchange_request(x);
	bool read = is_read(q);
	struct apistatus status;
	struct apitarget target;
	if (!authorized(k, q)) {
		apistatus_set(&status, 401, "Unauthorized");
		apistatus_reply(&status, &k->bends, x);
	} else if (apireader_answer(k, x) ||
		   (read && (answer_plain(k, x) || answer_discovery(k, x)))) {
		return;
	} else if (apireview_answer(&k->rules, &k->bends, x)) {
		return;
	} else if (apitarget_parse(q->path, &target, &status) < 0 ||
		   forbidden(k, q, &target, &status)) {
		apistatus_reply(&status, &k->bends, x);
	} else if (!is_served(k, target.resource)) {
		apistatus_set(&status, 404,
			      "the server could not find the requested resource");
		apistatus_reply(&status, &k->bends, x);
	} else if (read) {
		answer_read(k, x, &target);
	} else {
		apiwrite_answer(k, x, &target);
	}
}

static void on_request(struct exchange *x, void *arg)
{
	struct kubeapi *k = arg;
	const struct request *q = exchange_request(x);
	bool watch = is_read(q) && apitarget_is_watch(q);
	const struct bend_request about = {
		.on = watch        ? FAULT_WATCHES
		      : is_read(q) ? FAULT_READS
				   : FAULT_WRITES,
		.of = plural_of(q->path),
	};
	struct apistatus status;
	switch (bends_take(&k->bends, x, &about, carry_out, k)) {
	case BEND_GO_ON:
		carry_out(x, k);
		return;
	case BEND_REFUSE:
		refused(k, &status);
		apistatus_reply(&status, &k->bends, x);
		return;
	case BEND_DEALT:
		return;
	}
}

/* --- WebSockets --- */

/* Errors before the upgrade are plain HTTP; the missing Origin is refused like x/net's
 * websocket does, before anything else. */
static int on_upgrade(const struct request *q, void *arg)
{
	struct kubeapi *k = arg;
	struct apistatus status = {0};
	struct apitarget target;
	if (!authorized(k, q))
		return 401;
	if (k->no_websocket || !strstr(q->origin, "://"))
		return 403;
	if (apitarget_parse(q->path, &target, &status) < 0)
		return status.code;
	if (!is_served(k, target.resource))
		return 404;
	if (!apitarget_is_watch(q))
		return 400;
	int bent = bends_upgrade(&k->bends, q, apiresource_of(target.resource)->plural);
	if (bent)
		return bent;
	struct apifault before = k->reads;
	if (read_fault(k, &target, true, &status))
		k->reads = before; /* strikes once it is open */
	if (!status.code && !forbidden(k, q, &target, &status))
		apiwatch_check(k, &target, q, &status);
	return status.code;
}

static void on_opened(struct websock *w, void *arg)
{
	struct kubeapi *k = arg;
	struct apistatus status = {0};
	struct apitarget target;
	if (apitarget_parse(websock_request(w)->path, &target, &status) < 0)
		return;
	bool expired = k->reads.status == 410 && read_fault(k, &target, true, &status);
	apiwatch_start(k, &target, w, NULL, expired);
}

static void on_drained(struct websock *w, void *arg)
{
	(void)arg;
	if (websock_data(w))
		apiwatch_drained(websock_data(w));
}

static void on_closed(struct websock *w, void *arg)
{
	(void)arg;
	if (websock_data(w))
		apiwatch_gone(websock_data(w));
}

/* --- the server --- */

static void on_changed(void *arg)
{
	apiwatch_pump_all(arg);
}

static void on_bookmark(void *arg)
{
	struct kubeapi *k = arg;
	int64_t period = k->config.bookmark_ms ? k->config.bookmark_ms : BOOKMARK_MS;
	apiwatch_bookmark_all(k);
	timer_set(k->reactor, &k->bookmark, period, on_bookmark, k);
}

struct kubeapi *kubeapi_new(struct reactor *r, const struct kubeapi_config *config,
			    struct err *err)
{
	struct kubeapi *k = xcalloc(1, sizeof(*k));
	k->config = *config;
	k->reactor = r;
	bends_init(&k->bends, r, config->clock);
	k->store = apistore_new(UID_SEED, on_changed, k);
	if (config->bearer_token)
		k->token = xasprintf("Bearer %s", config->bearer_token);
	const struct httpd_config server = {
		.listen = config->listen,
		.cert_pem = config->cert_pem,
		.key_pem = config->key_pem,
		.body_limit = BODY_LIMIT,
		.queue_limit = QUEUE_LIMIT,
		.handle = on_request,
		.upgrade = on_upgrade,
		.opened = on_opened,
		.drained = on_drained,
		.closed = on_closed,
		.arg = k,
	};
	k->httpd = httpd_new(r, &server, err);
	if (!k->httpd) {
		kubeapi_free(k);
		return NULL;
	}
	on_bookmark(k);
	return k;
}

void kubeapi_free(struct kubeapi *k)
{
	if (!k)
		return;
	timer_cancel(&k->bookmark);
	timer_cancel(&k->restart);
	squatter_free(k->squatter);
	httpd_free(k->httpd); /* ends the watches, lets go of what is held */
	bends_fini(&k->bends);
	apilist_forget(k);
	apistore_free(k->store);
	free(k->audit);
	free(k->token);
	free(k);
}

const char *kubeapi_url(const struct kubeapi *k)
{
	return httpd_url(k->httpd);
}

uint64_t kubeapi_version(const struct kubeapi *k)
{
	return apistore_version(k->store);
}

/* --- from inside --- */

/* Somebody, who is not the one that wrote the size before. */
#define SOMEBODY "kubectl"

static bool sizes_differ(struct kubeapi *k, enum kubeapi_resource resource,
			 const cJSON *meta, const cJSON *object)
{
	if (!apiresource_of(resource)->scalable)
		return false;
	struct apiobject *old =
		apistore_get(k->store, resource, json_str(meta, "namespace", ""),
			     json_str(meta, "name", ""));
	if (!old)
		return false;
	cJSON *tree AUTO(json_cleanup) = apiobject_tree(old);
	return apiscale_replicas(tree) != apiscale_replicas(object);
}

int kubeapi_put_at(struct kubeapi *k, enum kubeapi_resource resource, const cJSON *object,
		   int64_t at_ms, struct err *err)
{
	const cJSON *meta = json_at(object, "metadata");
	if (!*json_str(meta, "name", "") ||
	    (apiresource_of(resource)->namespaced && !*json_str(meta, "namespace", "")))
		return err_set(err, ERR_INVALID,
			       "an object needs metadata.name and metadata.namespace");
	if (!sizes_differ(k, resource, meta, object)) {
		apistore_put(k->store, resource, object, at_ms);
		return 0;
	}
	cJSON *owned AUTO(json_cleanup) = cJSON_Duplicate(object, true);
	apiscale_own(owned, SOMEBODY, at_ms);
	apistore_put(k->store, resource, owned, at_ms);
	return 0;
}

int kubeapi_put_tree(struct kubeapi *k, enum kubeapi_resource resource,
		     const cJSON *object, struct err *err)
{
	return kubeapi_put_at(k, resource, object, clock_now_ms(k->config.clock), err);
}

int kubeapi_put(struct kubeapi *k, enum kubeapi_resource resource, const char *json,
		struct err *err)
{
	cJSON *tree AUTO(json_cleanup) = json_parse(json, strlen(json), err);
	return tree ? kubeapi_put_tree(k, resource, tree, err) : -1;
}

bool kubeapi_delete(struct kubeapi *k, enum kubeapi_resource resource, const char *ns,
		    const char *name)
{
	return apistore_delete(k->store, resource, ns, name);
}

cJSON *kubeapi_get(struct kubeapi *k, enum kubeapi_resource resource, const char *ns,
		   const char *name)
{
	struct apiobject *o = apistore_get(k->store, resource, ns, name);
	return o ? apiobject_tree(o) : NULL;
}

size_t kubeapi_count(const struct kubeapi *k, enum kubeapi_resource resource)
{
	return apistore_count(k->store, resource);
}

size_t kubeapi_audit_count(const struct kubeapi *k)
{
	return k->audit_count;
}

const struct audit_entry *kubeapi_audit(const struct kubeapi *k, size_t i)
{
	return &k->audit[i];
}

size_t kubeapi_watches(const struct kubeapi *k)
{
	return k->watch_count;
}

uint64_t apiserver_view(const struct kubeapi *k)
{
	return k->lag_version ? k->lag_version : apistore_version(k->store);
}

/* --- faults --- */

void kubeapi_cut_watches(struct kubeapi *k)
{
	apiwatch_end_all(k, false);
}

void kubeapi_end_watches(struct kubeapi *k)
{
	apiwatch_end_all(k, true);
}

void kubeapi_compact(struct kubeapi *k)
{
	apistore_compact(k->store);
	apilist_forget(k);
}

void kubeapi_send_bookmarks(struct kubeapi *k)
{
	apiwatch_bookmark_all(k);
}

void kubeapi_fail_writes(struct kubeapi *k, int n, int status,
			 enum kubeapi_resource resource)
{
	k->writes = (struct apifault){n, status, resource};
}

void kubeapi_fail_reads(struct kubeapi *k, int n, int status,
			enum kubeapi_resource resource)
{
	k->reads = (struct apifault){n, status, resource};
}

void kubeapi_deny(struct kubeapi *k, const char *verb, const char *resource)
{
	apirules_deny(&k->rules, verb, resource);
}

void kubeapi_confine(struct kubeapi *k, const char *const *namespaces, int count)
{
	apirules_confine(&k->rules, namespaces, count);
}

void kubeapi_lose_answers(struct kubeapi *k, int n, enum kubeapi_resource resource)
{
	k->lost = (struct apifault){n, 0, resource};
}

void kubeapi_allow_watchlist(struct kubeapi *k, bool allow)
{
	k->no_watchlist = !allow;
}

void kubeapi_allow_websocket(struct kubeapi *k, bool allow)
{
	k->no_websocket = !allow;
}

void kubeapi_silence_watches(struct kubeapi *k, bool silent)
{
	k->silent = silent;
	if (!silent)
		apiwatch_pump_all(k);
}

void kubeapi_orphan_watches(struct kubeapi *k)
{
	apiwatch_orphan_all(k);
}

static void come_back(void *arg)
{
	struct kubeapi *k = arg;
	struct err err;
	squatter_free(TAKE(k->squatter));
	if (httpd_resume(k->httpd, &err) < 0)
		log_error("The simulated API server cannot listen again",
			  KV_TEXT("err", err.msg));
}

void kubeapi_leave(struct kubeapi *k, enum squatter_kind squatter, int64_t down_ms)
{
	httpd_suspend(k->httpd);
	squatter_free(k->squatter);
	k->squatter = squatter_new(k->reactor, squatter, httpd_address(k->httpd));
	timer_set(k->reactor, &k->restart, down_ms, come_back, k);
}

void kubeapi_bend(struct kubeapi *k, const struct fault *fault)
{
	bends_arm(&k->bends, fault);
}

int kubeapi_struck(const struct kubeapi *k)
{
	return k->bends.struck;
}

void kubeapi_lag(struct kubeapi *k, bool lags)
{
	bool lagged = k->lag_version != 0;
	if (lags && lagged)
		return; /* it stays where it is */
	k->lag_version = lags ? apistore_version(k->store) : 0;
	if (lagged)
		apiwatch_pump_all(k);
}

void kubeapi_on_request(struct kubeapi *k, request_seen *seen, void *arg)
{
	k->bends.seen = seen;
	k->bends.seen_arg = arg;
}

void kubeapi_restart(struct kubeapi *k, int64_t down_ms)
{
	kubeapi_leave(k, SQUATTER_NONE, down_ms);
	kubeapi_compact(k);
}
