#include "kube/list.h"

#include "kube/selection.h"
#include "kube/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 30000
/* A continue token holds a key of etcd: long names, but no more. */
#define TOKEN_MAX 65536

struct kube_list {
	struct kube *kube;
	struct kube_list_options options; /* the texts are in path and selection */
	char *path, *selection, *min_version;
	struct kube_call *call;
	int page_size; /* 0: no pages */
	bool restarted_unpaged;
	char *token;
	char version[KUBE_VERSION_SIZE];
	size_t count;
};

static void on_page(void *arg, const struct kube_reply *reply);

static void ask(struct kube_list *l)
{
	struct str query AUTO(str_fini);
	str_init(&query, TOKEN_MAX * 4);
	str_puts(&query, l->selection);
	if (l->page_size)
		str_printf(&query, "%slimit=%d", query.len ? "&" : "", l->page_size);
	if (l->token) {
		char *token AUTO_FREE = kube_escape(l->token);
		str_printf(&query, "&continue=%s", token);
	}
	struct kube_request request = {
		.method = KUBE_GET,
		.path = l->path,
		.query = str_text(&query),
		.timeout_ms = TIMEOUT_MS,
	};
	l->call = kube_send(l->kube, &request, on_page, l);
}

struct kube_list *kube_list_start(struct kube *k, const struct kube_list_options *options)
{
	struct kube_list *l = xcalloc(1, sizeof(*l));
	l->kube = k;
	l->options = *options;
	if (!l->options.max_objects)
		l->options.max_objects = KUBE_OBJECTS_MAX;
	l->path = xstrdup(options->path);
	l->selection = selection_query(options->label_selector, options->field_selector);
	l->min_version = xstrdup(options->min_version);
	l->page_size = KUBE_PAGE_SIZE;
	ask(l);
	return l;
}

void kube_list_stop(struct kube_list *l)
{
	if (!l)
		return;
	kube_cancel(l->call);
	free(l->path);
	free(l->selection);
	free(l->min_version);
	free(l->token);
	free(l);
}

static void finish(struct kube_list *l, const char *version,
		   const struct kube_reply *reply)
{
	struct kube_list_options options = l->options;
	char copy[KUBE_VERSION_SIZE];
	snprintf(copy, sizeof(copy), "%s", version);
	kube_list_stop(l);
	options.on_done(options.arg, copy, reply);
}

static void fail(struct kube_list *l, enum err_code code, const char *reason,
		 const char *why)
{
	struct kube_reply reply = {.status = 200, .reason = reason};
	err_set(&reply.err, code, "list of %s: %s", l->path, why);
	finish(l, "", &reply);
}

static void restart(struct kube_list *l)
{
	free(TAKE(l->token));
	l->version[0] = '\0';
	l->count = 0;
	l->options.on_restart(l->options.arg);
	ask(l);
}

/* True when the failure has a remedy, which is under way then. */
static bool recover(struct kube_list *l, const struct kube_reply *reply)
{
	if (reply->status == 410 && l->token && !l->restarted_unpaged) {
		l->restarted_unpaged = true;
		l->page_size = 0;
		restart(l);
		return true;
	}
	if (reply->too_large && l->page_size > 1) {
		l->page_size = l->page_size > 5 ? l->page_size / 5 : 1;
		restart(l);
		return true;
	}
	return false;
}

/* The version of the first page holds for all. */
static int take_metadata(struct kube_list *l, const cJSON *object)
{
	const char *version = json_str(object, "metadata.resourceVersion", "");
	const char *token = json_str(object, "metadata.continue", "");
	size_t length = strlen(version);
	if (!length || length >= sizeof(l->version) || strlen(token) > TOKEN_MAX)
		return -1;
	if (!l->version[0])
		memcpy(l->version, version, length + 1);
	free(l->token);
	l->token = *token ? xstrdup(token) : NULL;
	return 0;
}

static void on_page(void *arg, const struct kube_reply *reply)
{
	struct kube_list *l = arg;
	l->call = NULL;
	if (reply->err.code != ERR_NONE) {
		if (!recover(l, reply))
			finish(l, "", reply);
		return;
	}
	const cJSON *item, *items = json_at(reply->object, "items");
	if ((items && !cJSON_IsArray(items) && !cJSON_IsNull(items)) ||
	    take_metadata(l, reply->object) < 0) {
		fail(l, ERR_RETRY, "", "the answer is no list");
		return;
	}
	if (l->min_version && kube_version_compare(l->version, l->min_version) < 0) {
		fail(l, ERR_RETRY, "Outdated", "it is older than what was seen before");
		return;
	}
	cJSON_ArrayForEach (item, items) {
		if (++l->count > l->options.max_objects) {
			fail(l, ERR_INVALID, "", "too many objects; narrow the selector");
			return;
		}
		l->options.on_object(l->options.arg, item);
	}
	if (l->token)
		ask(l);
	else
		finish(l, l->version, reply);
}
