/* What policies act on: their targets and the targets' pods, each watched per namespace
 * that has policies. */
#include "loop/scope_inside.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Policies of a namespace come in a burst at the start: one list of pods serves them all.
 */
#define PODS_DELAY_MS 50

struct scope *scope_new(struct loop *l)
{
	struct scope *s = xcalloc(1, sizeof(*s));
	s->loop = l;
	return s;
}

static void free_target(struct target *t)
{
	kube_selector_free(t->selector);
	free(t->selector_text);
	free(t->name);
	free(t->uid);
	free(t);
}

static void free_shelf(struct shelf *shelf)
{
	kube_watch_free(shelf->watch);
	poller_free(shelf->poller);
	while (shelf->targets) {
		struct target *next = shelf->targets->next;
		free_target(shelf->targets);
		shelf->targets = next;
	}
	for (size_t i = 0; i < shelf->wanted_count; i++)
		free(shelf->wanted[i]);
	free(shelf->wanted);
	free(shelf->kind);
	free(shelf);
}

static void free_area(struct area *a)
{
	timer_cancel(&a->restart);
	kube_watch_free(a->pods);
	kube_pod_fini(&a->pod);
	while (a->shelves) {
		struct shelf *next = a->shelves->next;
		free_shelf(a->shelves);
		a->shelves = next;
	}
	free(a->ns);
	free(a);
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
	while (s->reads) {
		kube_cancel(s->reads->call);
		end_read(s->reads);
	}
	while (s->areas) {
		struct area *next = s->areas->next;
		free_area(s->areas);
		s->areas = next;
	}
	free(s);
}

/* --- pods --- */

static void send_pod(struct shelf *shelf, struct target *t, const struct pod_info *info,
		     const char *name)
{
	struct event event = {.type = info ? EVENT_POD : EVENT_POD_GONE};
	event.u.pod.ref = (struct target_ref){shelf->area->ns, shelf->kind, t->name};
	event.u.pod.info = info;
	event.u.pod.name = name;
	if (info)
		engine_make_room(shelf->area->scope->loop->engine, &event.u.pod.ref);
	loop_step(shelf->area->scope->loop, &event);
}

static void on_pod(void *arg, enum kube_change change, const cJSON *object)
{
	struct area *a = arg;
	struct err err;
	const char *name = json_str(object, "metadata.name", "");
	bool gone = change == KUBE_DELETED;
	if (!gone && kube_pod_read(object, &a->pod, &err) < 0) {
		log_error("Could not read a pod", KV_TEXT("pod", name),
			  KV_TEXT("err", err.msg));
		return;
	}
	for (struct shelf *shelf = a->shelves; shelf; shelf = shelf->next)
		for (struct target *t = shelf->targets; t; t = t->next) {
			if (!t->wanted)
				continue;
			bool match =
				!gone && kube_selector_match(t->selector, a->pod.labels);
			if (match)
				send_pod(shelf, t, &a->pod.info, name);
			else if (change != KUBE_ADDED)
				send_pod(shelf, t, NULL, name);
		}
}

static void tell_all(struct area *a, enum event_type type)
{
	for (struct shelf *shelf = a->shelves; shelf; shelf = shelf->next)
		for (struct target *t = shelf->targets; t; t = t->next) {
			if (!t->wanted)
				continue;
			struct event event = {.type = type};
			event.u.pod.ref =
				(struct target_ref){a->ns, shelf->kind, t->name};
			loop_step(a->scope->loop, &event);
		}
}

static void on_pods_synced(void *arg)
{
	tell_all(arg, EVENT_PODS_SYNCED);
}

static void on_watch_state(const struct area *a, const char *resource, const char *text,
			   const struct err *err)
{
	const char *ns = a->ns;
	if (err && a->scope->loop->telemetry)
		telemetry_watch_broke(a->scope->loop->telemetry, resource);
	if (err)
		log_error("A watch is interrupted", KV_TEXT("namespace", ns),
			  KV_TEXT("resource", resource), KV_TEXT("err", err->msg),
			  KV_TEXT("next", text));
	else
		log_debug("A watch stands", KV_TEXT("namespace", ns),
			  KV_TEXT("resource", resource), KV_TEXT("how", text));
}

static void on_pods_state(void *arg, const char *text, const struct err *err)
{
	on_watch_state(arg, "pods", text, err);
}

/* Lists all pods again for the targets that are wanted now: the watch itself gives
 * nothing twice. */
static void restart_pods(void *arg)
{
	struct area *a = arg;
	for (struct shelf *shelf = a->shelves; shelf; shelf = shelf->next)
		if (shelf->watch && !shelf->synced)
			return; /* its sync comes here again */
	kube_watch_free(a->pods);
	tell_all(a, EVENT_PODS_RESET);
	char *path AUTO_FREE = kube_collection_path("v1", "pods", a->ns);
	struct kube_watch_options options = {
		.path = path,
		.on_object = on_pod,
		.on_synced = on_pods_synced,
		.on_state = on_pods_state,
		.arg = a,
	};
	struct err err;
	a->pods = kube_watch_new(a->scope->loop->kube, &options, &err);
	if (!a->pods)
		log_error("Could not watch pods", KV_TEXT("namespace", a->ns),
			  KV_TEXT("err", err.msg));
}

static void restart_pods_soon(struct area *a)
{
	timer_set(a->scope->loop->config.reactor, &a->restart, PODS_DELAY_MS,
		  restart_pods, a);
}

/* --- targets --- */

static bool is_wanted(const struct shelf *shelf, const char *name)
{
	for (size_t i = 0; i < shelf->wanted_count; i++)
		if (!strcmp(shelf->wanted[i], name))
			return true;
	return false;
}

struct target *shelf_find(const struct shelf *shelf, const char *name)
{
	for (struct target *t = shelf->targets; t; t = t->next)
		if (!strcmp(t->name, name))
			return t;
	return NULL;
}

/* t NULL: it is not there, or `why` it cannot be read. */
static void send_target(struct shelf *shelf, const char *name, const struct target *t,
			const char *why)
{
	struct event event = {.type = t ? EVENT_TARGET : EVENT_TARGET_GONE};
	event.u.target.ref = (struct target_ref){shelf->area->ns, shelf->kind, name};
	event.u.target.why = why;
	if (t)
		event.u.target.info = (struct target_info){
			.replicas = t->replicas,
			.status_replicas = t->status_replicas,
			.resource_version = t->version,
			.uid = t->uid,
			.scaler = t->scaler,
			.scaled_ms = t->scaled_ms,
			.selector_error = t->selector_error[0] ? t->selector_error : NULL,
			.has_rollout = !shelf->poller,
			.rolling = t->rolling,
			.unavailable = t->unavailable,
		};
	loop_step(shelf->area->scope->loop, &event);
}

void shelf_drop(struct shelf *shelf, const char *name, const char *why)
{
	struct target **at = &shelf->targets;
	while (*at && strcmp((*at)->name, name) != 0)
		at = &(*at)->next;
	struct target *t = *at;
	if (t)
		*at = t->next;
	if (is_wanted(shelf, name))
		send_target(shelf, name, NULL, why);
	if (t)
		free_target(t);
}

/* The manager that every write of ours names. */
static enum scaler scaler_of(const struct kube_workload *w)
{
	if (!w->scaler[0])
		return SCALER_UNKNOWN;
	return !strcmp(w->scaler, KUBE_FIELD_MANAGER) ? SCALER_US : SCALER_OTHERS;
}

void shelf_put(struct shelf *shelf, struct target *seen)
{
	struct target *t = shelf_find(shelf, seen->name);
	if (!t) {
		t = xcalloc(1, sizeof(*t));
		t->name = xstrdup(seen->name);
		t->next = shelf->targets;
		shelf->targets = t;
	}
	bool other = !t->selector_text || strcmp(seen->selector_text, t->selector_text);
	struct target now = *seen;
	now.next = t->next;
	now.name = t->name;
	now.uid = xstrdup(seen->uid);
	now.selector_text = xstrdup(seen->selector_text);
	now.selector = other ? TAKE(seen->selector) : t->selector;
	now.wanted = is_wanted(shelf, t->name);
	free(t->uid);
	free(t->selector_text);
	if (other)
		kube_selector_free(t->selector);
	*t = now;
	if (!t->wanted)
		return;
	send_target(shelf, t->name, t, NULL);
	if (other && (shelf->synced || shelf->poller))
		restart_pods_soon(shelf->area);
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

static void on_target(void *arg, enum kube_change change, const cJSON *object)
{
	struct shelf *shelf = arg;
	if (change == KUBE_DELETED) {
		shelf_drop(shelf, json_str(object, "metadata.name", ""), NULL);
		return;
	}
	struct kube_workload w = {0};
	struct err err;
	if (kube_workload_read(object, shelf->kind, &w, &err) < 0)
		log_error("Could not read a workload", KV_TEXT("kind", shelf->kind),
			  KV_TEXT("err", err.msg));
	else
		put_workload(shelf, &w);
	kube_workload_fini(&w);
}

static void on_targets_synced(void *arg)
{
	struct shelf *shelf = arg;
	shelf->synced = true;
	for (size_t i = 0; i < shelf->wanted_count; i++)
		if (!shelf_find(shelf, shelf->wanted[i]))
			send_target(shelf, shelf->wanted[i], NULL, NULL);
	restart_pods_soon(shelf->area);
}

static void on_targets_state(void *arg, const char *text, const struct err *err)
{
	on_watch_state(((struct shelf *)arg)->area, "targets", text, err);
}

static struct area *area_of(struct scope *s, const char *ns)
{
	for (struct area *a = s->areas; a; a = a->next)
		if (!strcmp(a->ns, ns))
			return a;
	struct area *a = xcalloc(1, sizeof(*a));
	a->scope = s;
	a->ns = xstrdup(ns);
	a->next = s->areas;
	s->areas = a;
	return a;
}

static struct shelf *find_shelf(const struct area *a, const struct policy *policy)
{
	for (struct shelf *shelf = a->shelves; shelf; shelf = shelf->next)
		if (!strcmp(shelf->kind, policy->target.group_kind))
			return shelf;
	return NULL;
}

static void watch_shelf(struct shelf *shelf)
{
	char *path AUTO_FREE = kube_collection_path(
		shelf->resource.group_version, shelf->resource.plural, shelf->area->ns);
	struct kube_watch_options options = {
		.path = path,
		.on_object = on_target,
		.on_synced = on_targets_synced,
		.on_state = on_targets_state,
		.arg = shelf,
	};
	struct err err;
	shelf->watch = kube_watch_new(shelf->area->scope->loop->kube, &options, &err);
	if (!shelf->watch)
		log_error("Could not watch targets",
			  KV_TEXT("namespace", shelf->area->ns), KV_TEXT("err", err.msg));
}

static struct shelf *new_shelf(struct area *a, const struct policy *policy)
{
	struct shelf *shelf = xcalloc(1, sizeof(*shelf));
	shelf->area = a;
	shelf->kind = xstrdup(policy->target.group_kind);
	shelf->next = a->shelves;
	a->shelves = shelf;
	if (!kube_resource_of_kind(policy->target.api_version, policy->target.kind,
				   &shelf->resource))
		shelf->poller = poller_new(shelf, &policy->target);
	return shelf;
}

void scope_want(struct scope *s, const struct policy *policy)
{
	struct area *a = area_of(s, policy->ns);
	struct shelf *shelf = find_shelf(a, policy);
	if (!shelf)
		shelf = new_shelf(a, policy);
	if (!is_wanted(shelf, policy->target.name)) {
		shelf->wanted = xrealloc(shelf->wanted, (shelf->wanted_count + 1) *
								sizeof(shelf->wanted[0]));
		shelf->wanted[shelf->wanted_count++] = xstrdup(policy->target.name);
	}
	if (shelf->poller)
		poller_want(shelf->poller, policy->target.name);
	if (!shelf->watch && !shelf->poller) {
		watch_shelf(shelf);
		return;
	}
	struct target *t = shelf_find(shelf, policy->target.name);
	if (t)
		t->wanted = true;
	if (t || shelf->synced)
		send_target(shelf, policy->target.name, t, NULL);
	if (t || !shelf->poller)
		restart_pods_soon(a);
}

bool scope_resource(const struct scope *s, const struct policy *policy,
		    struct kube_resource *ret_resource)
{
	const struct area *a = s->areas;
	while (a && strcmp(a->ns, policy->ns) != 0)
		a = a->next;
	const struct shelf *shelf = a ? find_shelf(a, policy) : NULL;
	if (!shelf || !shelf->resource.known)
		return false;
	*ret_resource = shelf->resource;
	return true;
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
				     policy->target.name};
	struct target_read *r = xcalloc(1, sizeof(*r));
	r->scope = s;
	r->next = s->reads;
	s->reads = r;
	r->ns = xstrdup(policy->ns);
	r->kind = xstrdup(policy->target.group_kind);
	r->name = xstrdup(policy->target.name);
	r->call = kube_scale_get(s->loop->kube, &target, on_read, r);
}
