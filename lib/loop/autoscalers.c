/* HorizontalPodAutoscalers beside us: in the way of mode Scale, the means of mode Floor.
 * Watched in namespaces with such policies only. And floors that no policy stands behind
 * any more: given back to their users. */
#include "loop/inside.h"

#include <stdlib.h>
#include <string.h>

/* How often floors without a policy are looked for. */
#define SWEEP_MS 5000
/* A policy that is renamed is gone for a moment: so many sweeps must find none. */
#define SWEEPS_ORPHANED 2

/* One HPA, trimmed. The texts of `hpa` are owned, in `texts`. */
struct rival {
	struct rival *next;
	struct kube_hpa hpa;
	char *texts[9];
	int orphaned; /* sweeps in a row that found no policy for its floor */
};

struct wanted {
	struct wanted *next;
	char *kind, *name;
};

/* One namespace. */
struct yard {
	struct yard *next;
	struct autoscalers *owner;
	char *ns;
	struct kube_watch *watch;
	struct rival *rivals;
	struct wanted *wanted;
	bool synced;
	char problem[256]; /* why the first list has not come; "" */
};

/* One floor that is being given back. */
struct release {
	struct release *next;
	struct autoscalers *owner;
	struct kube_call *call;
	char *ns, *name;
	int32_t from, to;
};

struct autoscalers {
	struct loop *loop;
	struct yard *yards;
	struct release *releases;
	struct kube_list *list; /* of the start, over all namespaces */
	bool listed;
	struct timer sweep;
};

struct autoscalers *autoscalers_new(struct loop *l)
{
	struct autoscalers *a = xcalloc(1, sizeof(*a));
	a->loop = l;
	return a;
}

static void free_rival(struct rival *r)
{
	for (size_t i = 0; i < ARRAY_LEN(r->texts); i++)
		free(r->texts[i]);
	free(r);
}

static void free_yard(struct yard *y)
{
	kube_watch_free(y->watch);
	for (struct rival *r = y->rivals, *next; r; r = next) {
		next = r->next;
		free_rival(r);
	}
	for (struct wanted *w = y->wanted, *next; w; w = next) {
		next = w->next;
		free(w->kind);
		free(w->name);
		free(w);
	}
	free(y->ns);
	free(y);
}

static void end_release(struct release *r)
{
	struct release **at = &r->owner->releases;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	free(r->ns);
	free(r->name);
	free(r);
}

void autoscalers_free(struct autoscalers *a)
{
	if (!a)
		return;
	timer_cancel(&a->sweep);
	kube_list_stop(a->list);
	while (a->releases) {
		kube_cancel(a->releases->call);
		end_release(a->releases);
	}
	while (a->yards) {
		struct yard *next = a->yards->next;
		free_yard(a->yards);
		a->yards = next;
	}
	free(a);
}

/* --- to the engine --- */

static bool targets(const struct kube_hpa *hpa, const char *kind, const char *name)
{
	return !hpa->deleted && !strcmp(hpa->target_kind, kind) &&
	       !strcmp(hpa->target_name, name);
}

/* The one in charge: the first by name, should there be several. */
static const struct kube_hpa *find_for(const struct yard *y, const char *kind,
				       const char *name)
{
	const struct kube_hpa *best = NULL;
	for (const struct rival *r = y->rivals; r; r = r->next)
		if (targets(&r->hpa, kind, name) &&
		    (!best || strcmp(r->hpa.name, best->name) < 0))
			best = &r->hpa;
	return best;
}

static void tell(struct yard *y, const char *kind, const char *name)
{
	const struct kube_hpa *hpa = find_for(y, kind, name);
	struct event event = {.type = EVENT_AUTOSCALER};
	struct autoscaler_info info;
	char *owner AUTO_FREE = NULL;
	event.u.autoscaler.ref = (struct target_ref){y->ns, kind, name};
	if (!y->synced && !y->problem[0])
		event.type = EVENT_AUTOSCALER_AWAITED;
	else if (!y->synced)
		event.u.autoscaler.problem = y->problem;
	if (hpa && y->synced) {
		owner = xasprintf("%s%s%s", hpa->owner_kind, *hpa->owner_kind ? " " : "",
				  hpa->owner_name);
		info = (struct autoscaler_info){
			.name = hpa->name,
			.uid = hpa->uid,
			.resource_version = hpa->version,
			.owner = owner,
			.min = hpa->min,
			.max = hpa->max,
			.original = hpa->original,
			.marked = hpa->marked,
			.expires_ms = hpa->expires_ms,
		};
		event.u.autoscaler.info = &info;
	}
	loop_step(y->owner->loop, &event);
}

static struct wanted *find_wanted(const struct yard *y, const char *kind,
				  const char *name)
{
	for (struct wanted *w = y->wanted; w; w = w->next)
		if (!strcmp(w->kind, kind) && !strcmp(w->name, name))
			return w;
	return NULL;
}

static void tell_all(struct yard *y)
{
	for (struct wanted *w = y->wanted; w; w = w->next)
		tell(y, w->kind, w->name);
}

/* --- the watch --- */

static const char *keep(struct rival *r, int i, const char *text)
{
	free(r->texts[i]);
	r->texts[i] = xstrdup(text);
	return r->texts[i];
}

static void copy(struct rival *r, const struct kube_hpa *from)
{
	struct kube_hpa hpa = *from;
	hpa.ns = keep(r, 0, from->ns);
	hpa.name = keep(r, 1, from->name);
	hpa.uid = keep(r, 2, from->uid);
	hpa.version = keep(r, 3, from->version);
	hpa.target_api_version = keep(r, 4, from->target_api_version);
	hpa.target_kind = keep(r, 5, from->target_kind);
	hpa.target_name = keep(r, 6, from->target_name);
	hpa.owner_kind = keep(r, 7, from->owner_kind);
	hpa.owner_name = keep(r, 8, from->owner_name);
	r->hpa = hpa;
	r->orphaned = 0;
}

static struct rival **place_of(struct yard *y, const char *name)
{
	struct rival **at = &y->rivals;
	while (*at && strcmp((*at)->hpa.name, name))
		at = &(*at)->next;
	return at;
}

/* Tells of a target whose HPA is another now, or the same in another state. */
static void tell_target(struct yard *y, const char *kind, const char *name)
{
	if (y->synced && find_wanted(y, kind, name))
		tell(y, kind, name);
}

static void drop(struct yard *y, const char *name)
{
	struct rival **at = place_of(y, name), *r = *at;
	if (!r)
		return;
	*at = r->next;
	tell_target(y, r->hpa.target_kind, r->hpa.target_name);
	free_rival(r);
}

static void put(struct yard *y, const struct kube_hpa *hpa)
{
	struct rival *r = *place_of(y, hpa->name);
	char *kind AUTO_FREE = NULL, *name AUTO_FREE = NULL;
	if (!r) {
		r = xcalloc(1, sizeof(*r));
		r->next = y->rivals;
		y->rivals = r;
	} else if (!targets(hpa, r->hpa.target_kind, r->hpa.target_name)) {
		kind = xstrdup(r->hpa.target_kind);
		name = xstrdup(r->hpa.target_name);
	}
	copy(r, hpa);
	if (kind)
		tell_target(y, kind, name);
	tell_target(y, hpa->target_kind, hpa->target_name);
}

static void on_object(void *arg, enum kube_change change, const cJSON *object)
{
	struct yard *y = arg;
	struct kube_hpa hpa;
	struct err err;
	if (change == KUBE_DELETED)
		drop(y, json_str(object, "metadata.name", ""));
	else if (kube_hpa_read(object, &hpa, &err) < 0)
		log_error("Could not read an HPA", KV_TEXT("namespace", y->ns),
			  KV_TEXT("err", err.msg));
	else
		put(y, &hpa);
}

static void on_synced(void *arg)
{
	struct yard *y = arg;
	if (y->synced)
		return;
	y->synced = true;
	tell_all(y);
}

/* Without the right to look, or on a server that has none, it will never be known; all
 * else passes, and is waited for. */
static bool is_refused(const struct err *err)
{
	return strstr(err->msg, ": 403 ") || strstr(err->msg, ": 404 ");
}

static void on_state(void *arg, const char *text, const struct err *err)
{
	struct yard *y = arg;
	if (!err)
		return;
	if (y->owner->loop->telemetry)
		telemetry_watch_broke(y->owner->loop->telemetry,
				      "horizontalpodautoscalers");
	log_error("The watch of HPAs is interrupted", KV_TEXT("namespace", y->ns),
		  KV_TEXT("err", err->msg), KV_TEXT("next", text));
	if (y->synced || !is_refused(err))
		return;
	snprintf(y->problem, sizeof(y->problem), "%s", err->msg);
	tell_all(y);
}

static void watch(struct yard *y)
{
	char *path AUTO_FREE =
		kube_collection_path(KUBE_HPA_GROUP_VERSION, KUBE_HPA_PLURAL, y->ns);
	struct kube_watch_options options = {
		.path = path,
		.on_object = on_object,
		.on_synced = on_synced,
		.on_state = on_state,
		.arg = y,
	};
	struct err err;
	y->watch = kube_watch_new(y->owner->loop->kube, &options, &err);
	if (!y->watch)
		log_error("Could not watch HPAs", KV_TEXT("namespace", y->ns),
			  KV_TEXT("err", err.msg));
}

static struct yard *yard_of(struct autoscalers *a, const char *ns)
{
	for (struct yard *y = a->yards; y; y = y->next)
		if (!strcmp(y->ns, ns))
			return y;
	struct yard *y = xcalloc(1, sizeof(*y));
	y->owner = a;
	y->ns = xstrdup(ns);
	y->next = a->yards;
	a->yards = y;
	watch(y);
	return y;
}

void autoscalers_want(struct autoscalers *a, const struct policy *policy)
{
	if (policy->mode == MODE_RECOMMEND)
		return;
	struct yard *y = yard_of(a, policy->ns);
	if (!find_wanted(y, policy->target.kind, policy->target.name)) {
		struct wanted *w = xcalloc(1, sizeof(*w));
		w->kind = xstrdup(policy->target.kind);
		w->name = xstrdup(policy->target.name);
		w->next = y->wanted;
		y->wanted = w;
	}
	tell(y, policy->target.kind, policy->target.name);
}

/* --- floors without a policy --- */

static void on_released(void *arg, const struct kube_reply *reply)
{
	struct release *r = arg;
	if (!reply->object)
		log_error("Could not give minReplicas back", KV_TEXT("namespace", r->ns),
			  KV_TEXT("horizontalPodAutoscaler", r->name),
			  KV_TEXT("err", reply->err.msg));
	end_release(r);
}

static bool is_under_way(const struct autoscalers *a, const struct kube_hpa *hpa)
{
	for (const struct release *r = a->releases; r; r = r->next)
		if (!strcmp(r->name, hpa->name) && !strcmp(r->ns, hpa->ns))
			return true;
	return false;
}

static void release(struct autoscalers *a, const struct kube_hpa *hpa)
{
	if (!loop_may_write(a->loop) || is_under_way(a, hpa))
		return;
	struct kube_hpa_change change;
	kube_hpa_release(hpa, &change);
	struct release *r = xcalloc(1, sizeof(*r));
	r->owner = a;
	r->ns = xstrdup(hpa->ns);
	r->name = xstrdup(hpa->name);
	r->from = hpa->min;
	r->to = hpa->original;
	r->next = a->releases;
	a->releases = r;
	log_info("Gives minReplicas back, no policy stands behind it",
		 KV_TEXT("namespace", r->ns), KV_TEXT("horizontalPodAutoscaler", r->name),
		 KV_NUM("from", r->from), KV_NUM("to", r->to));
	r->call = kube_hpa_change(a->loop->kube, &change, on_released, r);
}

/* Is a policy of mode Floor in force for its target? */
static bool has_policy(const struct autoscalers *a, const struct kube_hpa *hpa)
{
	const struct engine *e = a->loop->engine;
	for (int32_t i = 0; i < engine_policy_count(e); i++) {
		const struct policy_status *s = engine_policy_status(e, i);
		if (s && s->policy && s->policy->mode == MODE_FLOOR &&
		    s->conditions[PC_CONFLICT].status != STATUS_TRUE &&
		    !strcmp(s->ns, hpa->ns) &&
		    targets(hpa, s->policy->target.kind, s->policy->target.name))
			return true;
	}
	return false;
}

static bool serves(const struct autoscalers *a, const char *ns)
{
	const char *only = a->loop->config.only_namespace;
	return only ? !strcmp(only, ns) : config_serves(a->loop->config.controller, ns);
}

static void on_listed(void *arg, const cJSON *object)
{
	struct autoscalers *a = arg;
	struct kube_hpa hpa;
	if (kube_hpa_read(object, &hpa, NULL) == 0 && hpa.marked && serves(a, hpa.ns) &&
	    !has_policy(a, &hpa))
		release(a, &hpa);
}

static void on_list_restart(void *arg)
{
	(void)arg;
}

static void on_list_done(void *arg, const char *version, const struct kube_reply *reply)
{
	struct autoscalers *a = arg;
	(void)version;
	a->list = NULL;
	if (reply->err.code != ERR_NONE)
		log_info("Floors of a former time were not looked for",
			 KV_TEXT("err", reply->err.msg));
}

/* Namespaces that have no policy any more are not watched: once over all of them. */
static void list_all(struct autoscalers *a)
{
	char *path AUTO_FREE = kube_collection_path(
		KUBE_HPA_GROUP_VERSION, KUBE_HPA_PLURAL, a->loop->config.only_namespace);
	struct kube_list_options options = {
		.path = path,
		.on_object = on_listed,
		.on_restart = on_list_restart,
		.on_done = on_list_done,
		.arg = a,
	};
	a->listed = true;
	a->list = kube_list_start(a->loop->kube, &options);
}

static void sweep_yard(struct autoscalers *a, struct yard *y)
{
	for (struct rival *r = y->rivals; r; r = r->next) {
		bool orphan = r->hpa.marked && !has_policy(a, &r->hpa);
		r->orphaned = orphan ? r->orphaned + 1 : 0;
		if (r->orphaned >= SWEEPS_ORPHANED)
			release(a, &r->hpa);
	}
}

static void sweep(void *arg)
{
	struct autoscalers *a = arg;
	timer_set(a->loop->config.reactor, &a->sweep, SWEEP_MS, sweep, a);
	if (!loop_may_write(a->loop) || !book_synced(a->loop->book) ||
	    !book_fed(a->loop->book))
		return;
	if (!a->listed)
		list_all(a);
	for (struct yard *y = a->yards; y; y = y->next)
		if (y->synced)
			sweep_yard(a, y);
}

void autoscalers_sweep(struct autoscalers *a)
{
	timer_set(a->loop->config.reactor, &a->sweep, 0, sweep, a);
}
