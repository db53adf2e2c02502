/* foretop get --watch: a row for each policy whose row became another one. */
#include "get.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct watched {
	struct view view;
	bool there; /* the policy exists */
	bool news;
	char *shown; /* the row printed last; owned */
};

struct watcher {
	struct get *get;
	struct kube_watch *policies, *statuses;
	struct watched *items; /* sorted by nothing: there are few */
	size_t count;
	char *statuses_error, *policies_error; /* as told last; owned */
	bool policies_synced, statuses_synced;
	struct err failed;
};

static struct watched *find(struct watcher *w, const char *key)
{
	for (size_t i = 0; i < w->count; i++) {
		char *have AUTO_FREE =
			kube_pause_key(w->items[i].view.ns, w->items[i].view.name);
		if (!strcmp(have, key))
			return &w->items[i];
	}
	return NULL;
}

static void print_item(struct watcher *w, struct watched *item)
{
	const struct get *g = w->get;
	bool table = g->output == GET_TABLE || g->output == GET_WIDE;
	char *row AUTO_FREE = table ? get_row_key(g, &item->view) : NULL;
	if (row && item->shown && !strcmp(row, item->shown))
		return;
	free(item->shown);
	item->shown = TAKE(row);
	get_add(w->get, &item->view);
}

/* Nothing is said before both lists are there. */
static void print_news(struct watcher *w)
{
	if (!w->policies_synced || !w->statuses_synced)
		return;
	for (size_t i = 0; i < w->count; i++) {
		struct watched *item = &w->items[i];
		if (item->there && item->news)
			print_item(w, item);
		item->news = false;
	}
	get_flush(w->get);
}

static bool wanted(const struct watcher *w, const char *ns, const char *name)
{
	const struct get *g = w->get;
	for (int i = 0; i < g->flags.name_count; i++) {
		char *want_ns AUTO_FREE = NULL;
		const char *want =
			cluster_name(&g->cluster, &g->flags, g->flags.names[i], &want_ns);
		if (!strcmp(want, name) && !strcmp(want_ns, ns))
			return true;
	}
	return g->flags.name_count == 0;
}

static struct watched *add(struct watcher *w, const char *ns, const char *name)
{
	char *key AUTO_FREE = kube_pause_key(ns, name);
	struct watched *item = find(w, key);
	if (item)
		return item;
	w->items = xrealloc(w->items, (w->count + 1) * sizeof(w->items[0]));
	item = &w->items[w->count++];
	*item = (struct watched){.view = {.ns = xstrdup(ns), .name = xstrdup(name)}};
	return item;
}

static void on_policy(void *arg, enum kube_change change, const cJSON *object)
{
	struct watcher *w = arg;
	const char *ns = json_str(object, "metadata.namespace", "");
	const char *name = json_str(object, "metadata.name", "");
	if (!wanted(w, ns, name))
		return;
	struct watched *item = add(w, ns, name);
	item->there = change != KUBE_DELETED;
	if (!item->there)
		return;
	cJSON *status = TAKE(item->view.status);
	view_fini(&item->view);
	view_init(&item->view, cJSON_Duplicate(object, true));
	item->view.status = status;
	item->news = true;
	print_news(w);
}

/* The status names its policy, which may come later. */
static void on_status(void *arg, enum kube_change change, const cJSON *object)
{
	struct watcher *w = arg;
	struct view read = {0};
	if (change == KUBE_DELETED)
		return;
	view_take_status(&read, object);
	const char *ns = json_str(read.status, "namespace", "");
	const char *name = json_str(read.status, "policy", "");
	if (*name && wanted(w, ns, name)) {
		struct watched *item = add(w, ns, name);
		cJSON_Delete(item->view.status);
		item->view.status = TAKE(read.status);
		item->news = true;
		print_news(w);
	}
	view_fini(&read);
}

static void on_policies_synced(void *arg)
{
	struct watcher *w = arg;
	w->policies_synced = true;
	print_news(w);
}

static void on_statuses_synced(void *arg)
{
	struct watcher *w = arg;
	w->statuses_synced = true;
	print_news(w);
}

/* A failure is told once, and the watch itself tries again; but what does not even begin
 * is a mistake. */
static void tell(struct watcher *w, char **told, const char *what, const struct err *err)
{
	if (err && (!w->policies_synced || !w->statuses_synced)) {
		err_set(&w->failed, err->code, "%s: %s", what, err->msg);
		reactor_stop(w->get->cluster.reactor);
		return;
	}
	if (err && (!*told || strcmp(*told, err->msg)))
		fprintf(stderr, "foretop get: %s: %s\n", what, err->msg);
	free(*told);
	*told = err ? xstrdup(err->msg) : NULL;
}

static void on_policies_state(void *arg, const char *text, const struct err *err)
{
	struct watcher *w = arg;
	(void)text;
	tell(w, &w->policies_error, "policies", err);
}

static void on_statuses_state(void *arg, const char *text, const struct err *err)
{
	struct watcher *w = arg;
	(void)text;
	tell(w, &w->statuses_error, "what is decided", err);
}

static void watcher_fini(struct watcher *w)
{
	kube_watch_free(w->policies);
	kube_watch_free(w->statuses);
	for (size_t i = 0; i < w->count; i++) {
		view_fini(&w->items[i].view);
		free(w->items[i].shown);
	}
	free(w->items);
	free(w->policies_error);
	free(w->statuses_error);
}

int get_watch(struct get *g, struct err *err)
{
	struct watcher w AUTO(watcher_fini) = {.get = g};
	const char *ns = g->flags.all ? NULL : cluster_namespace(&g->cluster, &g->flags);
	/* Names may lie in other namespaces. */
	for (int i = 0; ns && i < g->flags.name_count; i++) {
		char *of AUTO_FREE = NULL;
		cluster_name(&g->cluster, &g->flags, g->flags.names[i], &of);
		if (strcmp(of, ns))
			ns = NULL;
	}
	char *path AUTO_FREE = kube_collection_path("v1", "configmaps", ns);
	char *status_path AUTO_FREE =
		kube_collection_path("v1", "configmaps", g->flags.foretop_ns);
	char *selector AUTO_FREE = view_selector(g->selector);
	const struct kube_watch_options policies = {.path = path,
						    .label_selector = selector,
						    .on_object = on_policy,
						    .on_synced = on_policies_synced,
						    .on_state = on_policies_state,
						    .arg = &w};
	const struct kube_watch_options statuses = {.path = status_path,
						    .label_selector =
							    KUBE_STATUS_LABEL "=v1",
						    .on_object = on_status,
						    .on_synced = on_statuses_synced,
						    .on_state = on_statuses_state,
						    .arg = &w};
	w.policies = kube_watch_new(g->cluster.kube, &policies, err);
	w.statuses = w.policies ? kube_watch_new(g->cluster.kube, &statuses, err) : NULL;
	if (!w.statuses)
		return -1;
	reactor_run(g->cluster.reactor);
	*err = w.failed;
	return w.failed.code == ERR_NONE ? 0 : -1;
}
