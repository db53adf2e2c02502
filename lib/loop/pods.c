/* The pods of targets. A watch tells of all pods in a namespace, or in the cluster; which
 * targets they belong to is found by a label that the targets' selectors ask for, and
 * which they belonged to before is remembered. A target that comes later lists its own
 * pods, while the watch goes on for the others. */
#include "loop/scope_inside.h"

#include <stdlib.h>
#include <string.h>

/* Policies of a namespace come in a burst at the start: one list of pods serves them all.
 */
#define PODS_DELAY_MS 50
/* More targets that wait for their pods than this are served by one list of all pods, in
 * their namespace, or in the cluster where that is watched. */
#define OWN_LISTS_MAX  10
#define OWN_LISTS_WIDE 100
#define RETRY_MS       2000
/* All pods of a cluster are listed again once nothing more was wanted for so long. */
#define RESTART_DELAY_MS 300
/* Pods of which the watch told while a list was under way: more, and it starts again. */
#define TOUCHED_MAX 4096
/* As many targets as a label may have to be good enough to find them by. */
#define SHARED_FEW 4

/* A label that a target's pods have. */
struct label {
	struct hash_link link; /* by namespace, key and value; first */
	struct target *target;
};

/* A pod that matches a target. */
struct member {
	struct hash_link link; /* by namespace and name of the pod; first */
	struct target *target;
	struct member *next, **at; /* in the target's list */
	bool matches;
};

struct pod_list {
	struct target *target;
	struct kube_list *list;
	uint64_t *touched; /* keys of pods that the watch knows better */
	size_t touched_count, touched_cap;
	bool overrun; /* they were too many */
};

static uint64_t mix(uint64_t a, uint64_t b)
{
	return (a ^ b >> 31) * 0x9e3779b97f4a7c15u + b;
}

static uint64_t label_key(const char *ns, const char *key, const char *value)
{
	return mix(mix(hash_text(ns), hash_text(key)), hash_text(value));
}

static uint64_t pod_key(const char *ns, const char *name)
{
	return mix(hash_text(ns), hash_text(name));
}

static void set_due(struct target *t, bool due)
{
	t->area->scope->pods_due += due - t->pods_due;
	t->pods_due = due;
}

/* --- whose pod it is --- */

static int count_sharing(const struct scope *s, uint64_t key)
{
	int n = 0;
	for (const struct hash_link *l = hash_table_find(&s->labels, key);
	     l && n <= SHARED_FEW; l = hash_table_next(l))
		n++;
	return n;
}

/* The label that the fewest others share, and SHARED_FEW is few. 0: it has none: it is
 * looked at with every pod of its namespace. */
static uint64_t choose_label(const struct target *t)
{
	const char *key, *value, *ns = t->area->ns;
	uint64_t best = mix(hash_text(ns), 0);
	int fewest = INT32_MAX;
	for (size_t i = 0; kube_selector_label(t->selector, i, &key, &value); i++) {
		uint64_t hash = label_key(ns, key, value);
		int n = count_sharing(t->area->scope, hash);
		if (n >= fewest)
			continue;
		fewest = n;
		best = hash;
	}
	return best;
}

static void drop_label(struct target *t)
{
	if (!t->label)
		return;
	hash_table_remove(&t->area->scope->labels, &t->label->link);
	free(TAKE(t->label));
}

void pods_follow(struct target *t)
{
	drop_label(t);
	t->label = xcalloc(1, sizeof(*t->label));
	t->label->target = t;
	hash_table_add(&t->area->scope->labels, &t->label->link, choose_label(t));
}

static void drop_member(struct member *m)
{
	hash_table_remove(&m->target->area->scope->members, &m->link);
	*m->at = m->next;
	if (m->next)
		m->next->at = m->at;
	free(m);
}

static void drop_members(struct target *t)
{
	while (t->members)
		drop_member(t->members);
}

static void end_list(struct target *t)
{
	if (!t->list)
		return;
	t->area->scope->lists--;
	kube_list_stop(t->list->list);
	free(t->list->touched);
	free(TAKE(t->list));
}

void pods_forget(struct target *t)
{
	end_list(t);
	drop_label(t);
	drop_members(t);
	set_due(t, false);
}

static struct member *member_of(const struct target *t, uint64_t key)
{
	struct hash_link *l = hash_table_find(&t->area->scope->members, key);
	while (l && ((struct member *)l)->target != t)
		l = hash_table_next(l);
	return (struct member *)l;
}

static void add_member(struct target *t, uint64_t key)
{
	struct member *m = member_of(t, key);
	if (!m) {
		m = xcalloc(1, sizeof(*m));
		m->target = t;
		m->next = t->members;
		m->at = &t->members;
		if (m->next)
			m->next->at = &m->next;
		t->members = m;
		hash_table_add(&t->area->scope->members, &m->link, key);
	}
	m->matches = true;
}

/* --- telling the engine --- */

static void tell(const struct target *t, enum event_type type)
{
	struct event event = {.type = type};
	event.u.pod.ref = (struct target_ref){t->area->ns, t->shelf->kind, t->name};
	loop_step(t->area->scope->loop, &event);
}

static void tell_pod(const struct target *t, const struct pod_info *info)
{
	struct loop *l = t->area->scope->loop;
	struct event event = {.type = EVENT_POD};
	event.u.pod.ref = (struct target_ref){t->area->ns, t->shelf->kind, t->name};
	event.u.pod.info = info;
	event.u.pod.name = info->name;
	engine_make_room(l->engine, &event.u.pod.ref);
	loop_step(l, &event);
}

static void tell_gone(const struct target *t, const char *name)
{
	struct event event = {.type = EVENT_POD_GONE};
	event.u.pod.ref = (struct target_ref){t->area->ns, t->shelf->kind, t->name};
	event.u.pod.name = name;
	loop_step(t->area->scope->loop, &event);
}

static bool read_pod(struct scope *s, const cJSON *object)
{
	struct err err;
	if (kube_pod_read(object, &s->pod, &err) == 0)
		return true;
	log_error("Could not read a pod",
		  KV_TEXT("pod", json_str(object, "metadata.name", "")),
		  KV_TEXT("err", err.msg));
	return false;
}

/* --- what the watch tells --- */

/* Those whose pod it is now, by one of its labels; by none when key is NULL. False: it
 * cannot be read. */
static bool match_by(const struct area *a, const cJSON *object, uint64_t hash,
		     uint64_t pod, bool *read)
{
	struct scope *s = a->scope;
	const cJSON *labels = json_at(object, "metadata.labels");
	for (struct hash_link *l = hash_table_find(&s->labels, hash); l;
	     l = hash_table_next(l)) {
		struct target *t = ((struct label *)l)->target;
		if (t->area != a || !kube_selector_match(t->selector, labels))
			continue;
		if (!*read && !read_pod(s, object))
			return false;
		*read = true;
		add_member(t, pod);
		tell_pod(t, &s->pod.info);
	}
	return true;
}

static bool match(const struct area *a, const cJSON *object, uint64_t pod)
{
	bool read = false;
	const cJSON *label;
	if (!match_by(a, object, mix(hash_text(a->ns), 0), pod, &read))
		return false;
	cJSON_ArrayForEach (label, json_at(object, "metadata.labels")) {
		const char *value = cJSON_IsString(label) ? label->valuestring : "";
		if (!match_by(a, object, label_key(a->ns, label->string, value), pod,
			      &read))
			return false;
	}
	return true;
}

static void note_touched(struct pod_list *l, uint64_t pod)
{
	if (l->touched_count == TOUCHED_MAX) {
		l->overrun = true;
		return;
	}
	if (l->touched_count == l->touched_cap) {
		l->touched_cap = l->touched_cap ? 2 * l->touched_cap : 16;
		l->touched = xrealloc(l->touched, l->touched_cap * sizeof(l->touched[0]));
	}
	l->touched[l->touched_count++] = pod;
}

/* The watch knows more of this pod than lists that were asked for before. */
static void touch(const struct area *a, uint64_t pod)
{
	if (!a->scope->lists)
		return;
	for (struct target *t = a->targets; t; t = t->next)
		if (t->list)
			note_touched(t->list, pod);
}

/* Those whose pod it was and is not any more. */
static void drop_unmatched(const struct scope *s, uint64_t pod, const char *name)
{
	for (struct hash_link *l = hash_table_find(&s->members, pod), *next; l;
	     l = next) {
		struct member *m = (struct member *)l;
		next = hash_table_next(l);
		if (m->matches)
			continue;
		tell_gone(m->target, name);
		drop_member(m);
	}
}

static void on_pod(void *arg, const char *ns, enum kube_change change,
		   const cJSON *object)
{
	struct scope *s = arg;
	const struct area *a = scope_area(s, ns);
	if (!a)
		return;
	const char *name = json_str(object, "metadata.name", "");
	uint64_t pod = pod_key(ns, name);
	for (struct hash_link *l = hash_table_find(&s->members, pod); l;
	     l = hash_table_next(l))
		((struct member *)l)->matches = false;
	touch(a, pod);
	if (change == KUBE_DELETED || match(a, object, pod))
		drop_unmatched(s, pod, name);
}

static void on_begin(void *arg, const char *ns)
{
	const struct area *a = scope_area(arg, ns);
	for (struct target *t = a ? a->targets : NULL; t; t = t->next) {
		if (!t->wanted)
			continue;
		end_list(t);
		drop_members(t);
		set_due(t, false);
		tell(t, EVENT_PODS_RESET);
	}
}

static void on_synced(void *arg, const char *ns)
{
	const struct area *a = scope_area(arg, ns);
	for (struct target *t = a ? a->targets : NULL; t; t = t->next)
		if (t->wanted && !t->list && !t->pods_due)
			tell(t, EVENT_PODS_SYNCED);
}

/* --- lists of single targets --- */

static bool was_touched(const struct pod_list *l, uint64_t pod)
{
	for (size_t i = 0; i < l->touched_count; i++)
		if (l->touched[i] == pod)
			return true;
	return false;
}

static void on_listed(void *arg, const cJSON *object)
{
	struct pod_list *l = arg;
	struct target *t = l->target;
	struct scope *s = t->area->scope;
	uint64_t pod = pod_key(t->area->ns, json_str(object, "metadata.name", ""));
	if (was_touched(l, pod) ||
	    !kube_selector_match(t->selector, json_at(object, "metadata.labels")) ||
	    !read_pod(s, object))
		return;
	add_member(t, pod);
	tell_pod(t, &s->pod.info);
}

/* What was told stands: the watch tells of what has changed since. */
static void on_list_restart(void *arg)
{
	(void)arg;
}

static void start_pods(void *arg);

static void on_list_done(void *arg, const char *version, const struct kube_reply *reply)
{
	struct pod_list *l = arg;
	struct target *t = l->target;
	bool complete = reply->err.code == ERR_NONE && !l->overrun;
	(void)version;
	l->list = NULL;
	end_list(t);
	if (complete) {
		tell(t, EVENT_PODS_SYNCED);
		return;
	}
	if (reply->err.code != ERR_NONE)
		log_error("Could not list the pods of a target",
			  KV_OBJECT("target", t->area->ns, t->name),
			  KV_TEXT("err", reply->err.msg));
	set_due(t, true);
	timer_set(t->area->scope->loop->config.reactor, &t->area->pods, RETRY_MS,
		  start_pods, t->area);
}

static void list_own(struct target *t)
{
	struct scope *s = t->area->scope;
	char *path AUTO_FREE = kube_collection_path("v1", "pods", t->area->ns);
	end_list(t);
	drop_members(t);
	set_due(t, false);
	tell(t, EVENT_PODS_RESET);
	if (!t->selector) {
		tell(t, EVENT_PODS_SYNCED);
		return;
	}
	struct pod_list *l = xcalloc(1, sizeof(*l));
	const struct kube_list_options options = {
		.path = path,
		.label_selector = t->selector_text,
		.on_object = on_listed,
		.on_restart = on_list_restart,
		.on_done = on_list_done,
		.arg = l,
	};
	l->target = t;
	s->lists++;
	l->list = kube_list_start(s->loop->kube, &options);
	t->list = l;
}

/* --- when --- */

static bool are_many(const struct scope *s)
{
	return s->pods_due + s->lists >
	       (patrol_is_wide(s->pods) ? OWN_LISTS_WIDE : OWN_LISTS_MAX);
}

static void restart_wide(void *arg)
{
	const struct scope *s = arg;
	if (are_many(s))
		patrol_restart(s->pods, "");
}

static void start_pods(void *arg)
{
	struct area *a = arg;
	struct scope *s = a->scope;
	for (const struct shelf *shelf = a->shelves; shelf; shelf = shelf->next)
		if (shelf->in_use && shelf->patrol && !shelf->synced)
			return; /* its sync comes here again */
	if (!patrol_watches(s->pods, a->ns)) {
		patrol_want(s->pods, a->ns);
		return;
	}
	patrol_want(s->pods, a->ns);
	if (are_many(s) && patrol_is_wide(s->pods)) {
		timer_set(s->loop->config.reactor, &s->restart, RESTART_DELAY_MS,
			  restart_wide, s);
		return;
	}
	if (are_many(s)) {
		patrol_restart(s->pods, a->ns);
		return;
	}
	for (struct target *t = a->targets; t; t = t->next)
		if (t->pods_due && t->seen)
			list_own(t);
}

void pods_start_soon(struct area *a)
{
	timer_set(a->scope->loop->config.reactor, &a->pods, PODS_DELAY_MS, start_pods, a);
}

void pods_tell(struct target *t)
{
	set_due(t, true);
	pods_start_soon(t->area);
}

void pods_leave(struct area *a)
{
	timer_cancel(&a->pods);
	patrol_leave(a->scope->pods, a->ns);
}

void pods_distrust(struct scope *s)
{
	patrol_restart_all(s->pods);
}

void pods_hurry(struct scope *s)
{
	patrol_hurry(s->pods);
}

void pods_open(struct scope *s)
{
	const struct patrol_options options = {
		.loop = s->loop,
		.name = "pods",
		.group_version = "v1",
		.plural = "pods",
		.on_begin = on_begin,
		.on_object = on_pod,
		.on_synced = on_synced,
		.arg = s,
	};
	s->pods = patrol_new(&options);
}

void pods_close(struct scope *s)
{
	timer_cancel(&s->restart);
	patrol_free(s->pods);
}

void pods_fini(struct scope *s)
{
	hash_table_fini(&s->labels);
	hash_table_fini(&s->members);
	kube_pod_fini(&s->pod);
}
