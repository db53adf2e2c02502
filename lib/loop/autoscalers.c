/* HorizontalPodAutoscalers and KEDA's ScaledObjects beside us: in the way of mode Scale,
 * the means of mode Floor. Watched in namespaces with such policies only, ScaledObjects
 * where the server knows them. */
#include "loop/autoscalers_inside.h"
#include "loop/shards.h"

#include <stdlib.h>
#include <string.h>

/* How often a server that could not say whether it knows ScaledObjects is asked again,
 * and one that did not know them: KEDA may be installed later. */
#define ASK_AGAIN_MS MS_PER_MIN
#define ASK_LATER_MS (10 * MS_PER_MIN)

static void open_view(struct autoscalers *a, enum kube_scaler kind);

struct autoscalers *autoscalers_new(struct loop *l)
{
	struct autoscalers *a = xcalloc(1, sizeof(*a));
	a->loop = l;
	for (int i = 0; i < KUBE_SCALERS; i++)
		open_view(a, i);
	return a;
}

static void free_rival(struct rival *r)
{
	for (size_t i = 0; i < ARRAY_LEN(r->texts); i++)
		free(r->texts[i]);
	free(r);
}

static void free_wanted(struct wanted *w)
{
	free(w->kind);
	free(w->name);
	free(w);
}

static void free_yard(struct yard *y)
{
	for (struct rival *r = y->rivals, *next; r; r = next) {
		next = r->next;
		free_rival(r);
	}
	for (struct wanted *w = y->wanted, *next; w; w = next) {
		next = w->next;
		free_wanted(w);
	}
	free(y->ns);
	free(y);
}

void autoscalers_free(struct autoscalers *a)
{
	if (!a)
		return;
	floors_close(a);
	timer_cancel(&a->ask);
	timer_cancel(&a->prune);
	kube_cancel(a->asking);
	for (int i = 0; i < KUBE_SCALERS; i++)
		patrol_free(a->views[i].patrol);
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
bool yard_is_synced(const struct yard *y)
{
	const struct sight *keda = &y->sights[KUBE_SCALED_OBJECT];
	enum keda standing = y->owner->keda;
	if (!y->sights[KUBE_HPA].synced || standing == KEDA_UNASKED ||
	    standing == KEDA_ASKED)
		return false;
	return !keda->watched || keda->synced || keda->problem[0];
}

static void tell(struct yard *y, const char *kind, const char *name)
{
	const struct kube_hpa *hpa = find_for(y, kind, name);
	struct event event = {.type = EVENT_AUTOSCALER};
	struct autoscaler_info info;
	char *owner AUTO_FREE = NULL;
	event.u.autoscaler.ref = (struct target_ref){y->ns, kind, name};
	const char *problem = y->sights[KUBE_HPA].problem;
	bool synced = yard_is_synced(y);
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
		if (w->touched && yard_is_synced(y))
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

static struct yard *find_yard(const struct autoscalers *a, const char *ns)
{
	struct yard *y = a->yards;
	while (y && strcmp(y->ns, ns) != 0)
		y = y->next;
	return y;
}

static struct yard *need_yard(struct autoscalers *a, const char *ns)
{
	struct yard *y = find_yard(a, ns);
	if (y)
		return y;
	y = xcalloc(1, sizeof(*y));
	y->owner = a;
	y->ns = xstrdup(ns);
	y->next = a->yards;
	a->yards = y;
	return y;
}

static void on_object(void *arg, const char *ns, enum kube_change change,
		      const cJSON *object)
{
	const struct view *view = arg;
	struct yard *y = need_yard(view->owner, ns);
	struct kube_hpa hpa;
	struct err err;
	if (change == KUBE_DELETED)
		drop(y, view->kind, json_str(object, "metadata.name", ""));
	else if (kube_hpa_read(object, view->kind, &hpa, &err) < 0)
		log_error("Could not read an autoscaler",
			  KV_TEXT("kind", kube_scaler_kind(view->kind)),
			  KV_TEXT("namespace", ns), KV_TEXT("err", err.msg));
	else
		put(y, &hpa);
}

static void on_begin(void *arg, const char *ns)
{
	const struct view *view = arg;
	struct yard *y = need_yard(view->owner, ns);
	y->sights[view->kind].synced = false;
	for (struct rival **at = &y->rivals, *r; (r = *at);) {
		if (r->hpa.kind != view->kind) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		free_rival(r);
	}
}

static void on_synced(void *arg, const char *ns)
{
	const struct view *view = arg;
	struct yard *y = need_yard(view->owner, ns);
	struct sight *sight = &y->sights[view->kind];
	if (sight->synced)
		return;
	sight->synced = true;
	tell_all(y);
}

/* Without the right to look, or on a server that has none, it will never be known; all
 * else passes, and is waited for. */
static bool is_refused(const struct err *err)
{
	return strstr(err->msg, ": 403 ") || strstr(err->msg, ": 404 ");
}

static void on_trouble(void *arg, const char *ns, const struct err *err)
{
	const struct view *view = arg;
	struct yard *y = need_yard(view->owner, ns);
	struct sight *sight = &y->sights[view->kind];
	if (!is_refused(err))
		return;
	snprintf(sight->problem, sizeof(sight->problem), "%s", err->msg);
	tell_all(y);
}

static void open_view(struct autoscalers *a, enum kube_scaler kind)
{
	struct view *view = &a->views[kind];
	*view = (struct view){.owner = a, .kind = kind};
	bool hpas = kind == KUBE_HPA;
	const struct patrol_options options = {
		.loop = a->loop,
		.name = hpas ? KUBE_HPA_PLURAL : KUBE_SCALED_OBJECT_PLURAL,
		.group_version = hpas ? KUBE_HPA_GROUP_VERSION : KUBE_KEDA_GROUP_VERSION,
		.plural = hpas ? KUBE_HPA_PLURAL : KUBE_SCALED_OBJECT_PLURAL,
		.on_begin = on_begin,
		.on_object = on_object,
		.on_synced = on_synced,
		.on_trouble = on_trouble,
		.arg = view,
	};
	view->patrol = patrol_new(&options);
}

static void watch(struct yard *y, enum kube_scaler kind)
{
	struct sight *sight = &y->sights[kind];
	if (!sight->watched)
		patrol_want(y->owner->views[kind].patrol, y->ns);
	sight->watched = true;
}

/* --- whether there is KEDA --- */

static void ask_again(void *arg);

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
			  err ? ASK_AGAIN_MS : ASK_LATER_MS, ask_again, a);
	for (struct yard *y = a->yards; y; y = y->next) {
		if (a->keda == KEDA_SERVED && y->wanted)
			watch(y, KUBE_SCALED_OBJECT);
		if (before)
			tell_all(y);
	}
}

static void ask_again(void *arg)
{
	struct autoscalers *a = arg;
	a->asking = kube_discover(a->loop->kube, KUBE_KEDA_GROUP_VERSION,
				  KUBE_SCALED_OBJECT_KIND, on_keda, a);
}

void autoscalers_ask_keda(struct autoscalers *a)
{
	if (a->keda != KEDA_UNASKED)
		return;
	a->keda = KEDA_ASKED;
	ask_again(a);
}

void autoscalers_want(struct autoscalers *a, const struct policy *policy)
{
	if (policy->mode == MODE_RECOMMEND)
		return;
	struct yard *y = need_yard(a, policy->ns);
	autoscalers_ask_keda(a);
	if (!find_wanted(y, policy->target.group_kind, policy->target.name)) {
		struct wanted *w = xcalloc(1, sizeof(*w));
		w->kind = xstrdup(policy->target.group_kind);
		w->name = xstrdup(policy->target.name);
		w->next = y->wanted;
		y->wanted = w;
	}
	watch(y, KUBE_HPA);
	if (a->keda == KEDA_SERVED)
		watch(y, KUBE_SCALED_OBJECT);
	tell(y, policy->target.group_kind, policy->target.name);
}

/* --- what is not wanted any more --- */

/* Floors on them are given back first. */
static bool has_floor(const struct yard *y)
{
	const struct shards *s = y->owner->loop->shards;
	for (const struct rival *r = y->rivals; r; r = r->next)
		if (r->hpa.marked &&
		    shards_mine(s, shards_of(s, y->ns, r->hpa.target_name)))
			return true;
	return false;
}

static void leave(struct yard *y)
{
	for (int i = 0; i < KUBE_SCALERS; i++) {
		struct view *view = &y->owner->views[i];
		patrol_leave(view->patrol, y->ns);
		y->sights[i].watched = false;
		/* A watch over all namespaces goes on, and does not tell again. */
		if (patrol_is_wide(view->patrol))
			continue;
		on_begin(view, y->ns);
		y->sights[i].problem[0] = '\0';
	}
}

static void prune_yard(struct yard *y)
{
	for (struct wanted **at = &y->wanted, *w; (w = *at);) {
		const struct target_ref ref = {y->ns, w->kind, w->name};
		if (engine_policy_in_force(y->owner->loop->engine, &ref)) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		free_wanted(w);
	}
}

static void prune(void *arg)
{
	struct autoscalers *a = arg;
	bool again = false;
	for (struct yard *y = a->yards; y; y = y->next) {
		prune_yard(y);
		if (y->wanted)
			continue;
		if (has_floor(y))
			again = true;
		else
			leave(y);
	}
	if (again)
		autoscalers_prune(a);
}

void autoscalers_prune(struct autoscalers *a)
{
	timer_set(a->loop->config.reactor, &a->prune, SCOPE_PRUNE_MS, prune, a);
}

void autoscalers_distrust(struct autoscalers *a)
{
	for (int i = 0; i < KUBE_SCALERS; i++) {
		struct view *view = &a->views[i];
		/* Over all namespaces nobody says that one begins that is not wanted. */
		for (struct yard *y = a->yards; patrol_is_wide(view->patrol) && y;
		     y = y->next)
			on_begin(view, y->ns);
		patrol_restart_all(view->patrol);
	}
}

void autoscalers_hurry(struct autoscalers *a)
{
	for (int i = 0; i < KUBE_SCALERS; i++)
		patrol_hurry(a->views[i].patrol);
}
