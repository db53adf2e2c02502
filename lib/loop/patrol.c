#include "loop/patrol.h"

#include <stdlib.h>
#include <string.h>

/* One namespace that is wanted. */
struct post {
	struct hash_link link; /* first */
	struct post *next;
	struct patrol *patrol;
	char *ns;
	struct kube_watch *watch; /* of its own; NULL: the patrol's, or none yet */
	bool told;                /* its first list was told as complete */
};

struct patrol {
	struct patrol_options options;
	struct hash_table table;
	struct post *posts;
	struct kube_watch *wide; /* over all namespaces */
	bool wide_synced;
	bool refused; /* it may not watch all of them */
	struct timer open;
};

struct patrol *patrol_new(const struct patrol_options *options)
{
	struct patrol *p = xcalloc(1, sizeof(*p));
	p->options = *options;
	return p;
}

void patrol_free(struct patrol *p)
{
	if (!p)
		return;
	timer_cancel(&p->open);
	kube_watch_free(p->wide);
	for (struct post *post = p->posts, *next; post; post = next) {
		next = post->next;
		kube_watch_free(post->watch);
		free(post->ns);
		free(post);
	}
	hash_table_fini(&p->table);
	free(p);
}

static struct post *find(const struct patrol *p, const char *ns)
{
	struct hash_link *l = hash_table_find(&p->table, hash_text(ns));
	while (l && strcmp(((struct post *)l)->ns, ns) != 0)
		l = hash_table_next(l);
	return (struct post *)l;
}

/* --- what comes --- */

static void tell_state(const struct patrol *p, const char *ns, const char *text,
		       const struct err *err)
{
	const struct patrol_options *o = &p->options;
	if (err && o->loop->telemetry)
		telemetry_watch_broke(o->loop->telemetry, o->name);
	if (err)
		log_error("A watch is interrupted", KV_TEXT("namespace", ns),
			  KV_TEXT("resource", o->name), KV_TEXT("err", err->msg),
			  KV_TEXT("next", text));
	else
		log_debug("A watch stands", KV_TEXT("namespace", ns),
			  KV_TEXT("resource", o->name), KV_TEXT("how", text));
}

static void tell_expired(const struct patrol *p, const char *ns, const struct err *err)
{
	const struct patrol_options *o = &p->options;
	if (o->loop->telemetry)
		telemetry_watch_expired(o->loop->telemetry, o->name);
	log_info("Lists anew", KV_TEXT("namespace", ns), KV_TEXT("resource", o->name),
		 KV_TEXT("because", err->msg));
}

static void tell_trouble(const struct post *post, const struct err *err)
{
	const struct patrol_options *o = &post->patrol->options;
	if (err && !post->told && o->on_trouble)
		o->on_trouble(o->arg, post->ns, err);
}

static void on_post_object(void *arg, enum kube_change change, const cJSON *object)
{
	const struct post *post = arg;
	const struct patrol_options *o = &post->patrol->options;
	o->on_object(o->arg, post->ns, change, object);
}

static void on_post_synced(void *arg)
{
	struct post *post = arg;
	const struct patrol_options *o = &post->patrol->options;
	post->told = true;
	o->on_synced(o->arg, post->ns);
}

static void on_post_state(void *arg, const char *text, const struct err *err)
{
	const struct post *post = arg;
	tell_state(post->patrol, post->ns, text, err);
	tell_trouble(post, err);
}

static void on_post_expired(void *arg, const struct err *err)
{
	const struct post *post = arg;
	tell_expired(post->patrol, post->ns, err);
}

static void on_wide_object(void *arg, enum kube_change change, const cJSON *object)
{
	const struct patrol_options *o = &((struct patrol *)arg)->options;
	const char *ns = json_str(object, "metadata.namespace", "");
	o->on_object(o->arg, ns, change, object);
}

static void on_wide_synced(void *arg)
{
	struct patrol *p = arg;
	p->wide_synced = true;
	for (struct post *post = p->posts; post; post = post->next) {
		post->told = true;
		p->options.on_synced(p->options.arg, post->ns);
	}
}

static void on_wide_expired(void *arg, const struct err *err)
{
	tell_expired(arg, "*", err);
}

static void open_posts(void *arg);

static void on_wide_state(void *arg, const char *text, const struct err *err)
{
	struct patrol *p = arg;
	tell_state(p, "*", text, err);
	if (!err || p->wide_synced)
		return;
	if (!strstr(err->msg, ": 403 ")) {
		for (const struct post *post = p->posts; post; post = post->next)
			tell_trouble(post, err);
		return;
	}
	p->refused = true;
	timer_set(p->options.loop->config.reactor, &p->open, 0, open_posts, p);
}

/* --- watching --- */

static struct kube_watch *watch(const struct patrol *p, const char *ns,
				struct kube_watch_options *options)
{
	const struct patrol_options *o = &p->options;
	char *path AUTO_FREE = kube_collection_path(o->group_version, o->plural, ns);
	struct err err;
	options->path = path;
	struct kube_watch *w = kube_watch_new(o->loop->kube, options, &err);
	if (!w)
		log_error("Could not watch", KV_TEXT("namespace", ns ? ns : "*"),
			  KV_TEXT("resource", o->name), KV_TEXT("err", err.msg));
	return w;
}

static void watch_post(struct post *post)
{
	struct kube_watch_options options = {
		.on_object = on_post_object,
		.on_synced = on_post_synced,
		.on_state = on_post_state,
		.on_expired = on_post_expired,
		.arg = post,
	};
	post->patrol->options.on_begin(post->patrol->options.arg, post->ns);
	post->watch = watch(post->patrol, post->ns, &options);
}

static void watch_wide(struct patrol *p)
{
	struct kube_watch_options options = {
		.on_object = on_wide_object,
		.on_synced = on_wide_synced,
		.on_state = on_wide_state,
		.on_expired = on_wide_expired,
		.arg = p,
	};
	p->wide_synced = false;
	for (struct post *post = p->posts; post; post = post->next)
		p->options.on_begin(p->options.arg, post->ns);
	p->wide = watch(p, NULL, &options);
}

/* Rights that end at namespaces allow no other watch than one in each. */
static bool may_widen(const struct patrol *p)
{
	return !p->refused && loop_named(p->options.loop).count == 0;
}

static void widen(struct patrol *p)
{
	log_info("Watches the whole cluster", KV_TEXT("resource", p->options.name),
		 KV_NUM("namespaces", (int64_t)p->table.count));
	for (struct post *post = p->posts; post; post = post->next)
		kube_watch_free(TAKE(post->watch));
	watch_wide(p);
}

static void open_posts(void *arg)
{
	struct patrol *p = arg;
	if (p->refused)
		kube_watch_free(TAKE(p->wide));
	if (!p->wide && may_widen(p) && p->table.count > PATROL_NAMESPACES_MAX)
		widen(p);
	for (struct post *post = p->posts; post; post = post->next) {
		if (!p->wide && !post->watch)
			watch_post(post);
		if (p->wide_synced && p->wide && !post->told)
			on_post_synced(post);
	}
}

void patrol_want(struct patrol *p, const char *ns)
{
	if (find(p, ns))
		return;
	struct post *post = xcalloc(1, sizeof(*post));
	post->patrol = p;
	post->ns = xstrdup(ns);
	post->next = p->posts;
	p->posts = post;
	hash_table_add(&p->table, &post->link, hash_text(ns));
	timer_set(p->options.loop->config.reactor, &p->open, 0, open_posts, p);
}

void patrol_leave(struct patrol *p, const char *ns)
{
	struct post *post = find(p, ns), **at = &p->posts;
	if (!post)
		return;
	while (*at != post)
		at = &(*at)->next;
	*at = post->next;
	hash_table_remove(&p->table, &post->link);
	kube_watch_free(post->watch);
	free(post->ns);
	free(post);
}

bool patrol_is_wide(const struct patrol *p)
{
	return p->wide != NULL;
}

bool patrol_watches(const struct patrol *p, const char *ns)
{
	const struct post *post = find(p, ns);
	return p->wide || (post && post->watch);
}

void patrol_restart(struct patrol *p, const char *ns)
{
	struct post *post = find(p, ns);
	if (p->wide) {
		kube_watch_free(TAKE(p->wide));
		watch_wide(p);
	} else if (post && post->watch) {
		kube_watch_free(TAKE(post->watch));
		watch_post(post);
	}
}

void patrol_restart_all(struct patrol *p)
{
	if (p->wide) {
		patrol_restart(p, "");
		return;
	}
	for (const struct post *post = p->posts; post; post = post->next)
		patrol_restart(p, post->ns);
}

void patrol_hurry(struct patrol *p)
{
	if (p->wide)
		kube_watch_hurry(p->wide);
	for (const struct post *post = p->posts; post; post = post->next)
		if (post->watch)
			kube_watch_hurry(post->watch);
}
