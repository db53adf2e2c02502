/* HorizontalPodAutoscalers and KEDA's ScaledObjects beside us: in the way of mode Scale,
 * the means of mode Floor. Watched in namespaces with such policies only, ScaledObjects
 * where the server knows them. And floors that no policy stands behind any more: given
 * back to their users. */
#include "loop/inside.h"

#include <stdlib.h>
#include <string.h>

/* How often floors without a policy are looked for. */
#define SWEEP_MS 5000
/* A policy that is renamed is gone for a moment: so many sweeps must find none. */
#define SWEEPS_ORPHANED 2

/* How often a server that could not say whether it knows ScaledObjects is asked again,
 * and one that did not know them: KEDA may be installed later. */
#define ASK_AGAIN_MS MS_PER_MIN
#define ASK_LATER_MS (10 * MS_PER_MIN)

/* One HPA or ScaledObject, trimmed. The texts of `hpa` are owned, in `texts`. */
struct rival {
	struct rival *next;
	struct kube_hpa hpa;
	char *texts[9];
	int orphaned; /* sweeps in a row that found no policy for its floor */
};

struct wanted {
	struct wanted *next;
	char *kind, *name; /* kind: group_kind of a policy_target */
	bool touched;      /* what scales it has changed */
};

/* What is watched in a namespace. */
struct sight {
	struct yard *yard;
	enum kube_scaler kind;
	struct kube_watch *watch; /* NULL: it is not looked at */
	bool synced;
	char problem[256]; /* why the first list has not come; "" */
};

/* One namespace. */
struct yard {
	struct yard *next;
	struct autoscalers *owner;
	char *ns;
	struct sight sights[KUBE_SCALERS];
	struct rival *rivals;
	struct wanted *wanted;
};

/* One floor that is being given back. */
struct release {
	struct release *next;
	struct autoscalers *owner;
	struct kube_call *call;
	enum kube_scaler kind;
	char *ns, *name;
	int32_t from, to;
};

/* The lists of the start: in each of the named namespaces, or over all. */
struct listing {
	struct autoscalers *owner;
	enum kube_scaler kind;
	struct kube_list *list; /* under way */
	int32_t begun;          /* so many */
};

/* Does the server know ScaledObjects? */
enum keda { KEDA_UNASKED, KEDA_ASKED, KEDA_UNKNOWN, KEDA_ABSENT, KEDA_SERVED };

struct autoscalers {
	struct loop *loop;
	struct yard *yards;
	struct release *releases;
	struct listing listings[KUBE_SCALERS];
	struct timer sweep;
	enum keda keda;
	struct kube_call *asking;
	struct timer ask;
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
	for (int i = 0; i < KUBE_SCALERS; i++)
		kube_watch_free(y->sights[i].watch);
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
	timer_cancel(&a->ask);
	kube_cancel(a->asking);
	for (int i = 0; i < KUBE_SCALERS; i++)
		kube_list_stop(a->listings[i].list);
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

static bool aims_at(const struct kube_hpa *hpa, const char *kind, const char *name)
{
	char *of AUTO_FREE = policy_group_kind(hpa->target_api_version, hpa->target_kind);
	return !strcmp(of, kind) && !strcmp(hpa->target_name, name);
}

/* A ScaledObject stands over the HPA that KEDA makes of it; of one kind the first by name
 * counts. */
static bool goes_before(const struct kube_hpa *a, const struct kube_hpa *b)
{
	return a->kind != b->kind ? a->kind == KUBE_SCALED_OBJECT
				  : strcmp(a->name, b->name) < 0;
}

/* The one in charge. */
static const struct kube_hpa *find_for(const struct yard *y, const char *kind,
				       const char *name)
{
	const struct kube_hpa *best = NULL;
	for (const struct rival *r = y->rivals; r; r = r->next)
		if (!r->hpa.deleted && (!best || goes_before(&r->hpa, best)) &&
		    aims_at(&r->hpa, kind, name))
			best = &r->hpa;
	return best;
}

/* Everything that can be in the way has been seen once. ScaledObjects that may not be
 * looked at, or of which the server cannot say whether it knows them, are not waited for:
 * the HPA that KEDA makes tells of them too. */
static bool is_synced(const struct yard *y)
{
	const struct sight *keda = &y->sights[KUBE_SCALED_OBJECT];
	enum keda standing = y->owner->keda;
	if (!y->sights[KUBE_HPA].synced || standing == KEDA_UNASKED ||
	    standing == KEDA_ASKED)
		return false;
	return !keda->watch || keda->synced || keda->problem[0];
}

static void tell(struct yard *y, const char *kind, const char *name)
{
	const struct kube_hpa *hpa = find_for(y, kind, name);
	struct event event = {.type = EVENT_AUTOSCALER};
	struct autoscaler_info info;
	char *owner AUTO_FREE = NULL;
	event.u.autoscaler.ref = (struct target_ref){y->ns, kind, name};
	const char *problem = y->sights[KUBE_HPA].problem;
	bool synced = is_synced(y);
	if (!synced && !problem[0])
		event.type = EVENT_AUTOSCALER_AWAITED;
	else if (!synced)
		event.u.autoscaler.problem = problem;
	if (hpa && synced) {
		owner = xasprintf("%s%s%s", hpa->owner_kind, *hpa->owner_kind ? " " : "",
				  hpa->owner_name);
		info = (struct autoscaler_info){
			.scaled_object = hpa->kind == KUBE_SCALED_OBJECT,
			.name = hpa->name,
			.uid = hpa->uid,
			.resource_version = hpa->version,
			.owner = hpa->kind == KUBE_HPA ? owner : "",
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

static struct rival **place_of(struct yard *y, enum kube_scaler kind, const char *name)
{
	struct rival **at = &y->rivals;
	while (*at && ((*at)->hpa.kind != kind || strcmp((*at)->hpa.name, name)))
		at = &(*at)->next;
	return at;
}

static void touch(struct yard *y, const struct kube_hpa *hpa)
{
	for (struct wanted *w = y->wanted; w; w = w->next)
		w->touched |= aims_at(hpa, w->kind, w->name);
}

/* Tells of targets whose HPA is another now, or the same in another state. */
static void tell_touched(struct yard *y)
{
	for (struct wanted *w = y->wanted; w; w = w->next) {
		if (w->touched && is_synced(y))
			tell(y, w->kind, w->name);
		w->touched = false;
	}
}

static void drop(struct yard *y, enum kube_scaler kind, const char *name)
{
	struct rival **at = place_of(y, kind, name), *r = *at;
	if (!r)
		return;
	*at = r->next;
	touch(y, &r->hpa);
	tell_touched(y);
	free_rival(r);
}

static void put(struct yard *y, const struct kube_hpa *hpa)
{
	struct rival *r = *place_of(y, hpa->kind, hpa->name);
	if (!r) {
		r = xcalloc(1, sizeof(*r));
		r->next = y->rivals;
		y->rivals = r;
	} else {
		touch(y, &r->hpa);
	}
	copy(r, hpa);
	touch(y, hpa);
	tell_touched(y);
}

static void on_object(void *arg, enum kube_change change, const cJSON *object)
{
	struct sight *sight = arg;
	struct kube_hpa hpa;
	struct err err;
	if (change == KUBE_DELETED)
		drop(sight->yard, sight->kind, json_str(object, "metadata.name", ""));
	else if (kube_hpa_read(object, sight->kind, &hpa, &err) < 0)
		log_error("Could not read an autoscaler",
			  KV_TEXT("kind", kube_scaler_kind(sight->kind)),
			  KV_TEXT("namespace", sight->yard->ns), KV_TEXT("err", err.msg));
	else
		put(sight->yard, &hpa);
}

static void on_synced(void *arg)
{
	struct sight *sight = arg;
	if (sight->synced)
		return;
	sight->synced = true;
	tell_all(sight->yard);
}

/* Without the right to look, or on a server that has none, it will never be known; all
 * else passes, and is waited for. */
static bool is_refused(const struct err *err)
{
	return strstr(err->msg, ": 403 ") || strstr(err->msg, ": 404 ");
}

static void on_state(void *arg, const char *text, const struct err *err)
{
	struct sight *sight = arg;
	if (!err)
		return;
	struct loop *l = sight->yard->owner->loop;
	if (l->telemetry)
		telemetry_watch_broke(l->telemetry, sight->kind == KUBE_HPA
							    ? KUBE_HPA_PLURAL
							    : KUBE_SCALED_OBJECT_PLURAL);
	log_error("The watch of autoscalers is interrupted",
		  KV_TEXT("kind", kube_scaler_kind(sight->kind)),
		  KV_TEXT("namespace", sight->yard->ns), KV_TEXT("err", err->msg),
		  KV_TEXT("next", text));
	if (sight->synced || !is_refused(err))
		return;
	snprintf(sight->problem, sizeof(sight->problem), "%s", err->msg);
	tell_all(sight->yard);
}

static void watch(struct yard *y, enum kube_scaler kind)
{
	struct sight *sight = &y->sights[kind];
	char *path AUTO_FREE = kube_scaler_path(kind, y->ns);
	struct kube_watch_options options = {
		.path = path,
		.on_object = on_object,
		.on_synced = on_synced,
		.on_state = on_state,
		.arg = sight,
	};
	struct err err;
	if (sight->watch)
		return;
	sight->yard = y;
	sight->kind = kind;
	sight->watch = kube_watch_new(y->owner->loop->kube, &options, &err);
	if (!sight->watch)
		log_error("Could not watch autoscalers",
			  KV_TEXT("kind", kube_scaler_kind(kind)),
			  KV_TEXT("namespace", y->ns), KV_TEXT("err", err.msg));
}

/* --- whether there is KEDA --- */

static void ask_keda(void *arg);

static void on_keda(void *arg, const struct kube_resource *resource,
		    const struct err *err)
{
	struct autoscalers *a = arg;
	bool before = a->keda == KEDA_ASKED;
	a->asking = NULL;
	if (err)
		log_error("Could not ask whether the server knows ScaledObjects",
			  KV_TEXT("err", err->msg));
	a->keda = err ? KEDA_UNKNOWN : resource->known ? KEDA_SERVED : KEDA_ABSENT;
	if (a->keda != KEDA_SERVED)
		timer_set(a->loop->config.reactor, &a->ask,
			  err ? ASK_AGAIN_MS : ASK_LATER_MS, ask_keda, a);
	for (struct yard *y = a->yards; y; y = y->next) {
		if (a->keda == KEDA_SERVED)
			watch(y, KUBE_SCALED_OBJECT);
		if (before)
			tell_all(y);
	}
}

static void ask_keda(void *arg)
{
	struct autoscalers *a = arg;
	if (a->keda == KEDA_UNASKED)
		a->keda = KEDA_ASKED;
	a->asking = kube_discover(a->loop->kube, KUBE_KEDA_GROUP_VERSION,
				  KUBE_SCALED_OBJECT_KIND, on_keda, a);
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
	if (a->keda == KEDA_UNASKED)
		ask_keda(a);
	watch(y, KUBE_HPA);
	if (a->keda == KEDA_SERVED)
		watch(y, KUBE_SCALED_OBJECT);
	return y;
}

void autoscalers_want(struct autoscalers *a, const struct policy *policy)
{
	if (policy->mode == MODE_RECOMMEND)
		return;
	struct yard *y = yard_of(a, policy->ns);
	if (!find_wanted(y, policy->target.group_kind, policy->target.name)) {
		struct wanted *w = xcalloc(1, sizeof(*w));
		w->kind = xstrdup(policy->target.group_kind);
		w->name = xstrdup(policy->target.name);
		w->next = y->wanted;
		y->wanted = w;
	}
	tell(y, policy->target.group_kind, policy->target.name);
}

/* --- floors without a policy --- */

static void on_released(void *arg, const struct kube_reply *reply)
{
	struct release *r = arg;
	if (!reply->object)
		log_error("Could not give a minimum back", KV_TEXT("namespace", r->ns),
			  KV_TEXT("kind", kube_scaler_kind(r->kind)),
			  KV_TEXT("autoscaler", r->name), KV_TEXT("err", reply->err.msg));
	end_release(r);
}

static bool is_under_way(const struct autoscalers *a, const struct kube_hpa *hpa)
{
	for (const struct release *r = a->releases; r; r = r->next)
		if (r->kind == hpa->kind && !strcmp(r->name, hpa->name) &&
		    !strcmp(r->ns, hpa->ns))
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
	r->kind = hpa->kind;
	r->ns = xstrdup(hpa->ns);
	r->name = xstrdup(hpa->name);
	r->from = hpa->min;
	r->to = hpa->original;
	r->next = a->releases;
	a->releases = r;
	log_info("Gives a minimum back, no policy stands behind it",
		 KV_TEXT("namespace", r->ns), KV_TEXT("kind", kube_scaler_kind(r->kind)),
		 KV_TEXT("autoscaler", r->name), KV_NUM("from", r->from),
		 KV_NUM("to", r->to));
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
		    !strcmp(s->ns, hpa->ns) && !hpa->deleted &&
		    aims_at(hpa, s->policy->target.group_kind, s->policy->target.name))
			return true;
	}
	return false;
}

static void on_listed(void *arg, const cJSON *object)
{
	const struct listing *l = arg;
	struct kube_hpa hpa;
	if (kube_hpa_read(object, l->kind, &hpa, NULL) == 0 && hpa.marked &&
	    loop_serves(l->owner->loop, hpa.ns) && !has_policy(l->owner, &hpa))
		release(l->owner, &hpa);
}

static void on_list_restart(void *arg)
{
	(void)arg;
}

static void list_next(struct autoscalers *a, enum kube_scaler kind);

static void on_list_done(void *arg, const char *version, const struct kube_reply *reply)
{
	struct listing *l = arg;
	(void)version;
	l->list = NULL;
	if (reply->err.code != ERR_NONE)
		log_info("Floors of a former time were not looked for",
			 KV_TEXT("kind", kube_scaler_kind(l->kind)),
			 KV_TEXT("err", reply->err.msg));
	list_next(l->owner, l->kind);
}

/* Namespaces that have no policy any more are not watched: once over all of them, one
 * list after the other. */
static void list_next(struct autoscalers *a, enum kube_scaler kind)
{
	const struct config_names named = loop_named(a->loop);
	struct listing *l = &a->listings[kind];
	l->owner = a;
	l->kind = kind;
	if (l->list || l->begun >= (named.count ? named.count : 1))
		return;
	char *path AUTO_FREE =
		kube_scaler_path(kind, named.count ? named.names[l->begun] : NULL);
	struct kube_list_options options = {
		.path = path,
		.on_object = on_listed,
		.on_restart = on_list_restart,
		.on_done = on_list_done,
		.arg = l,
	};
	l->begun++;
	l->list = kube_list_start(a->loop->kube, &options);
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
	list_next(a, KUBE_HPA);
	/* A floor on one may be all that is left of a policy. */
	if (a->keda == KEDA_UNASKED)
		ask_keda(a);
	if (a->keda == KEDA_SERVED)
		list_next(a, KUBE_SCALED_OBJECT);
	for (struct yard *y = a->yards; y; y = y->next)
		if (is_synced(y))
			sweep_yard(a, y);
}

void autoscalers_sweep(struct autoscalers *a)
{
	timer_set(a->loop->config.reactor, &a->sweep, 0, sweep, a);
}
