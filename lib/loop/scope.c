/* What policies act on: their targets, watched where policies are. */
#include "loop/scope_inside.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct scope *scope_new(struct loop *l)
{
	struct scope *s = xcalloc(1, sizeof(*s));
	s->loop = l;
	pods_open(s);
	return s;
}

static void free_target(struct target *t)
{
	pods_forget(t);
	kube_selector_free(t->selector);
	free(t->selector_text);
	free(t->name);
	free(t->uid);
	free(t);
}

static void free_shelf(struct shelf *shelf)
{
	poller_free(shelf->poller);
	for (size_t i = 0; i < shelf->wanted_count; i++)
		free(shelf->wanted[i]);
	free(shelf->wanted);
	free(shelf);
}

static void free_area(struct area *a)
{
	timer_cancel(&a->pods);
	for (struct target *t = a->targets, *next; t; t = next) {
		next = t->next;
		free_target(t);
	}
	while (a->shelves) {
		struct shelf *next = a->shelves->next;
		free_shelf(a->shelves);
		a->shelves = next;
	}
	free(a->ns);
	free(a);
}

static void free_kind(struct kind *kind)
{
	patrol_free(kind->patrol);
	free(kind->name);
	free(kind);
}

/* One target that is being read from the quorum. */
struct target_read {
	struct target_read *next;
	struct scope *scope;
	struct kube_call *call;
	char *ns, *kind, *name;
};

static void end_read(struct target_read *r)
{
	struct target_read **at = &r->scope->reads;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	free(r->ns);
	free(r->kind);
	free(r->name);
	free(r);
}

void scope_free(struct scope *s)
{
	if (!s)
		return;
	timer_cancel(&s->prune);
	pods_close(s);
	while (s->reads) {
		kube_cancel(s->reads->call);
		end_read(s->reads);
	}
	while (s->areas) {
		struct area *next = s->areas->next;
		free_area(s->areas);
		s->areas = next;
	}
	while (s->kinds) {
		struct kind *next = s->kinds->next;
		free_kind(s->kinds);
		s->kinds = next;
	}
	hash_table_fini(&s->by_name);
	hash_table_fini(&s->targets);
	pods_fini(s);
	free(s);
}

/* --- finding --- */

struct area *scope_area(const struct scope *s, const char *ns)
{
	struct hash_link *l = hash_table_find(&s->by_name, hash_text(ns));
	while (l && strcmp(((struct area *)l)->ns, ns) != 0)
		l = hash_table_next(l);
	return (struct area *)l;
}

static struct area *need_area(struct scope *s, const char *ns)
{
	struct area *a = scope_area(s, ns);
	if (a)
		return a;
	a = xcalloc(1, sizeof(*a));
	a->scope = s;
	a->ns = xstrdup(ns);
	a->next = s->areas;
	s->areas = a;
	hash_table_add(&s->by_name, &a->link, hash_text(ns));
	return a;
}

static struct shelf *find_shelf(const struct area *a, const char *kind)
{
	struct shelf *shelf = a->shelves;
	while (shelf && strcmp(shelf->kind, kind) != 0)
		shelf = shelf->next;
	return shelf;
}

static uint64_t target_hash(const struct shelf *shelf, const char *name)
{
	return (hash_text(shelf->area->ns) * 31 + hash_text(name)) * 31 +
	       hash_text(shelf->kind);
}

static struct target *find_target(const struct shelf *shelf, const char *name)
{
	struct hash_link *l =
		hash_table_find(&shelf->area->scope->targets, target_hash(shelf, name));
	for (; l; l = hash_table_next(l)) {
		struct target *t = (struct target *)l;
		if (t->shelf == shelf && !strcmp(t->name, name))
			return t;
	}
	return NULL;
}

struct target *shelf_find(const struct shelf *shelf, const char *name)
{
	struct target *t = find_target(shelf, name);
	return t && t->seen ? t : NULL;
}

static struct target *need_target(struct shelf *shelf, const char *name)
{
	struct target *t = find_target(shelf, name);
	struct area *a = shelf->area;
	if (t)
		return t;
	t = xcalloc(1, sizeof(*t));
	t->area = a;
	t->shelf = shelf;
	t->name = xstrdup(name);
	t->next = a->targets;
	a->targets = t;
	hash_table_add(&a->scope->targets, &t->link, target_hash(shelf, name));
	return t;
}

static void forget_target(struct target *t)
{
	struct target **at = &t->area->targets;
	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	hash_table_remove(&t->area->scope->targets, &t->link);
	free_target(t);
}

/* --- what the watches tell --- */

/* why: it cannot be read; NULL: it is there, or is not. */
static void send_target(const struct target *t, const char *why)
{
	struct event event = {.type = t->seen ? EVENT_TARGET : EVENT_TARGET_GONE};
	event.u.target.ref = (struct target_ref){t->area->ns, t->shelf->kind, t->name};
	event.u.target.why = why;
	if (t->seen)
		event.u.target.info = (struct target_info){
			.replicas = t->replicas,
			.status_replicas = t->status_replicas,
			.resource_version = t->version,
			.uid = t->uid,
			.scaler = t->scaler,
			.scaled_ms = t->scaled_ms,
			.selector_error = t->selector_error[0] ? t->selector_error : NULL,
			.has_rollout = !t->shelf->poller,
			.rolling = t->rolling,
			.unavailable = t->unavailable,
		};
	loop_step(t->area->scope->loop, &event);
}

static void lose_target(struct target *t, const char *why)
{
	if (!t->wanted) {
		forget_target(t);
		return;
	}
	t->seen = t->stale = false;
	send_target(t, why);
}

void shelf_drop(struct shelf *shelf, const char *name, const char *why)
{
	struct target *t = find_target(shelf, name);
	if (t)
		lose_target(t, why);
}

/* The manager that every write of ours names. */
static enum scaler scaler_of(const struct kube_workload *w)
{
	if (!w->scaler[0])
		return SCALER_UNKNOWN;
	return !strcmp(w->scaler, KUBE_FIELD_MANAGER) ? SCALER_US : SCALER_OTHERS;
}

/* Whether it selects others than before. */
static bool take_selector(struct target *t, struct target *seen)
{
	snprintf(t->selector_error, sizeof(t->selector_error), "%s",
		 seen->selector_error);
	if (t->selector_text && !strcmp(seen->selector_text, t->selector_text))
		return false;
	free(t->selector_text);
	t->selector_text = xstrdup(seen->selector_text);
	kube_selector_free(t->selector);
	t->selector = TAKE(seen->selector);
	return true;
}

void shelf_put(struct shelf *shelf, struct target *seen)
{
	struct target *t = need_target(shelf, seen->name);
	bool back = t->wanted && !t->seen;
	free(t->uid);
	t->uid = xstrdup(seen->uid);
	snprintf(t->version, sizeof(t->version), "%s", seen->version);
	t->seen = true;
	t->stale = false;
	t->replicas = seen->replicas;
	t->status_replicas = seen->status_replicas;
	t->rolling = seen->rolling;
	t->unavailable = seen->unavailable;
	t->scaler = seen->scaler;
	t->scaled_ms = seen->scaled_ms;
	bool other = take_selector(t, seen);
	if (!t->wanted)
		return;
	send_target(t, NULL);
	if (other)
		pods_follow(t);
	if (other || back)
		pods_tell(t);
}

static void put_workload(struct shelf *shelf, struct kube_workload *w)
{
	char *text AUTO_FREE =
		w->selector ? kube_selector_text(w->selector) : xstrdup("");
	struct target seen = {
		.name = (char *)w->name,
		.uid = (char *)w->uid,
		.replicas = w->replicas,
		.status_replicas = w->status_replicas,
		.rolling = w->rolling,
		.unavailable = w->replicas > w->available_replicas
				       ? w->replicas - w->available_replicas
				       : 0,
		.scaler = scaler_of(w),
		.scaled_ms = w->scaled_ms,
		.selector = w->selector,
		.selector_text = text,
	};
	snprintf(seen.version, sizeof(seen.version), "%s", w->version);
	if (!w->selector)
		snprintf(seen.selector_error, sizeof(seen.selector_error), "%.120s",
			 w->selector_err.msg);
	shelf_put(shelf, &seen);
	w->selector = seen.selector;
}

static struct shelf *need_shelf(struct area *a, const struct kind *kind)
{
	struct shelf *shelf = find_shelf(a, kind->name);
	if (shelf)
		return shelf;
	shelf = xcalloc(1, sizeof(*shelf));
	shelf->area = a;
	shelf->kind = kind->name;
	shelf->resource = kind->resource;
	shelf->patrol = kind->patrol;
	shelf->next = a->shelves;
	a->shelves = shelf;
	return shelf;
}

static void on_object(void *arg, const char *ns, enum kube_change change,
		      const cJSON *object)
{
	const struct kind *kind = arg;
	struct shelf *shelf = need_shelf(need_area(kind->scope, ns), kind);
	if (change == KUBE_DELETED) {
		shelf_drop(shelf, json_str(object, "metadata.name", ""), NULL);
		return;
	}
	struct kube_workload w = {0};
	struct err err;
	if (kube_workload_read(object, kind->name, &w, &err) < 0)
		log_error("Could not read a workload", KV_TEXT("kind", kind->name),
			  KV_TEXT("err", err.msg));
	else
		put_workload(shelf, &w);
	kube_workload_fini(&w);
}

static void on_begin(void *arg, const char *ns)
{
	const struct kind *kind = arg;
	struct shelf *shelf = need_shelf(need_area(kind->scope, ns), kind);
	shelf->synced = false;
	for (struct target *t = shelf->area->targets; t; t = t->next)
		t->stale |= t->shelf == shelf && t->seen;
}

/* What was not in the list is not there. */
static void drop_absent(const struct shelf *shelf)
{
	for (struct target *t = shelf->area->targets, *next; t; t = next) {
		next = t->next;
		if (t->shelf == shelf && (t->stale || !t->seen))
			lose_target(t, NULL);
	}
}

static void on_synced(void *arg, const char *ns)
{
	const struct kind *kind = arg;
	struct shelf *shelf = need_shelf(need_area(kind->scope, ns), kind);
	if (shelf->synced)
		return;
	shelf->synced = true;
	drop_absent(shelf);
	pods_start_soon(shelf->area);
}

/* --- what is wanted --- */

static struct kind *need_kind(struct scope *s, const struct policy_target *target)
{
	for (struct kind *kind = s->kinds; kind; kind = kind->next)
		if (!strcmp(kind->name, target->group_kind))
			return kind;
	struct kind *kind = xcalloc(1, sizeof(*kind));
	kind->scope = s;
	kind->name = xstrdup(target->group_kind);
	kind->next = s->kinds;
	s->kinds = kind;
	if (!kube_resource_of_kind(target->api_version, target->kind, &kind->resource))
		return kind;
	const struct patrol_options options = {
		.loop = s->loop,
		.name = "targets",
		.group_version = kind->resource.group_version,
		.plural = kind->resource.plural,
		.on_begin = on_begin,
		.on_object = on_object,
		.on_synced = on_synced,
		.arg = kind,
	};
	kind->patrol = patrol_new(&options);
	return kind;
}

static void want_polled(struct shelf *shelf, const struct policy_target *target,
			bool first)
{
	if (!shelf->poller)
		shelf->poller = poller_new(shelf, target);
	if (first)
		poller_add(shelf->poller, target->name);
	poller_want(shelf->poller, target->name);
}

void scope_want(struct scope *s, const struct policy *policy)
{
	struct area *a = need_area(s, policy->ns);
	struct shelf *shelf = need_shelf(a, need_kind(s, &policy->target));
	struct target *t = need_target(shelf, policy->target.name);
	bool first = !t->wanted;
	shelf->in_use = true;
	if (first && t->seen)
		pods_follow(t);
	t->wanted = true;
	if (shelf->patrol)
		patrol_want(shelf->patrol, a->ns);
	else
		want_polled(shelf, &policy->target, first);
	if ((t->seen && !t->stale) || shelf->synced)
		send_target(t, NULL);
	if (t->seen || shelf->patrol)
		pods_tell(t);
}

bool scope_resource(const struct scope *s, const struct policy *policy,
		    struct kube_resource *ret_resource)
{
	const struct area *a = scope_area(s, policy->ns);
	const struct shelf *shelf = a ? find_shelf(a, policy->target.group_kind) : NULL;
	if (!shelf || !shelf->resource.known)
		return false;
	*ret_resource = shelf->resource;
	return true;
}

/* --- what is not wanted any more --- */

static void let_go(struct target *t)
{
	pods_forget(t);
	t->wanted = false;
	if (t->shelf->poller)
		poller_drop(t->shelf->poller, t->name);
	if (!t->seen || t->shelf->poller)
		forget_target(t);
}

/* What stood on it is dropped: it is listed again when it is wanted again. A watch over
 * all namespaces goes on, and tells of it. */
static void leave_shelf(struct shelf *shelf)
{
	shelf->in_use = false;
	if (!shelf->patrol)
		return;
	patrol_leave(shelf->patrol, shelf->area->ns);
	if (patrol_is_wide(shelf->patrol))
		return;
	shelf->synced = false;
	for (struct target *t = shelf->area->targets, *next; t; t = next) {
		next = t->next;
		if (t->shelf == shelf)
			forget_target(t);
	}
}

static void prune_area(struct area *a)
{
	const struct engine *engine = a->scope->loop->engine;
	bool any = false;
	for (struct shelf *shelf = a->shelves; shelf; shelf = shelf->next) {
		bool in_use = false;
		for (struct target *t = a->targets, *next; t; t = next) {
			const struct target_ref ref = {a->ns, shelf->kind, t->name};
			next = t->next;
			if (t->shelf != shelf || !t->wanted)
				continue;
			if (engine_policy_in_force(engine, &ref))
				in_use = true;
			else
				let_go(t);
		}
		any |= in_use;
		if (shelf->in_use && !in_use)
			leave_shelf(shelf);
	}
	if (!any)
		pods_leave(a);
}

static void prune(void *arg)
{
	const struct scope *s = arg;
	for (struct area *a = s->areas; a; a = a->next)
		prune_area(a);
}

void scope_prune(struct scope *s)
{
	timer_set(s->loop->config.reactor, &s->prune, SCOPE_PRUNE_MS, prune, s);
}

void scope_distrust(struct scope *s)
{
	for (struct kind *kind = s->kinds; kind; kind = kind->next) {
		if (!kind->patrol)
			continue;
		/* Over all namespaces nobody says that one begins that is not wanted. */
		for (struct area *a = s->areas; patrol_is_wide(kind->patrol) && a;
		     a = a->next)
			on_begin(kind, a->ns);
		patrol_restart_all(kind->patrol);
	}
	pods_distrust(s);
}

void scope_hurry(struct scope *s)
{
	for (struct kind *kind = s->kinds; kind; kind = kind->next)
		if (kind->patrol)
			patrol_hurry(kind->patrol);
	pods_hurry(s);
}

/* --- single reads --- */

static void on_read(void *arg, const struct kube_scale *scale,
		    const struct kube_reply *reply)
{
	struct target_read *r = arg;
	struct loop *l = r->scope->loop;
	struct event event = {.type = scale ? EVENT_TARGET : EVENT_TARGET_GONE};
	event.u.target.ref = (struct target_ref){r->ns, r->kind, r->name};
	event.u.target.fresh = true;
	if (scale)
		event.u.target.info =
			(struct target_info){.replicas = scale->replicas,
					     .status_replicas = scale->status_replicas,
					     .resource_version = scale->version,
					     .uid = scale->uid};
	else if (reply->status != 404)
		event.type = EVENT_READ_FAILED;
	loop_step(l, &event);
	end_read(r);
}

void scope_read(struct scope *s, const struct policy *policy)
{
	struct kube_resource resource = {0};
	bool known = scope_resource(s, policy, &resource);
	assert(known); /* the engine has seen the target */
	(void)known;
	struct kube_target target = {resource.group_version, resource.plural, policy->ns,
				     policy->target.name, NULL};
	struct target_read *r = xcalloc(1, sizeof(*r));
	r->scope = s;
	r->next = s->reads;
	s->reads = r;
	r->ns = xstrdup(policy->ns);
	r->kind = xstrdup(policy->target.group_kind);
	r->name = xstrdup(policy->target.name);
	r->call = kube_scale_get(s->loop->kube, &target, on_read, r);
}
