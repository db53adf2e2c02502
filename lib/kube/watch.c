#include "kube/watch.h"

#include "kube/http_watch.h"
#include "kube/list.h"
#include "kube/mirror.h"
#include "kube/selection.h"
#include "kube/session.h"
#include "kube/watch_event.h"
#include "kube/watch_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BACK_OFF_MS  800
#define WATCH_MIN_MS 300000
#define STAND_IN_MS  60000
/* The server ends a watch after timeoutSeconds; one that it forgot is ended by us. */
#define GRACE_MS 30000
/* The first state of a WatchList may be long, but not this long without an object. */
#define INITIAL_IDLE_MS 20000
/* So many stale answers in a row mean that the server's history was reset (a restore). */
#define OUTDATED_MAX 3
/* How often to look whether a credential plugin has answered, and is tried again. */
#define LOGIN_LOOK_MS   50
#define LOGIN_FAILED_MS 1000

struct kube_watch {
	struct kube *kube;
	struct kube_watch_options options;
	char *path, *label_selector, *field_selector, *selection;
	struct watch_plan plan;
	struct watch_next next; /* the step that is under way, or waits for its time */
	size_t max_objects;
	struct mirror mirror;
	char version[KUBE_VERSION_SIZE];
	int outdated;
	struct err list_err; /* why the list that is under way cannot be kept */

	/* At most one of them is there. */
	struct kube_list *list;
	struct ws *ws;
	struct http_watch *http;
	struct timer wait;     /* until the next step */
	struct timer deadline; /* of the stream */

	/* The stream. */
	bool open, initial, progressed;
	uint64_t credential; /* that it went out with */
	int64_t opened_ms, length_ms;
	uint64_t events, events_at_check;

	bool failing; /* as told by on_state */
	bool told;
	char failure[sizeof(((struct err *)0)->msg)];
	char refusal[sizeof(((struct err *)0)->msg)]; /* of the last WebSocket */
	struct kube_watch_info info;
};

static void begin(void *arg);

static struct reactor *reactor_of(struct kube_watch *w)
{
	return session_reactor(w->kube);
}

/* --- telling the owner --- */

static void tell_failure(struct kube_watch *w, const struct err *err)
{
	if (w->failing && !strcmp(w->failure, err->msg))
		return;
	w->failing = w->told = true;
	snprintf(w->failure, sizeof(w->failure), "%s", err->msg);
	struct err told = *err;
	if (!strstr(told.msg, w->path))
		err_wrap(&told, "watch of %s", w->path);
	char text[64];
	snprintf(text, sizeof(text), "trying again in %.1f s",
		 (double)w->next.delay_ms / 1000.0);
	if (w->options.on_state)
		w->options.on_state(w->options.arg, text, &told);
}

static void tell_expired(struct kube_watch *w, const struct err *err)
{
	w->info.expired++;
	if (w->options.on_expired)
		w->options.on_expired(w->options.arg, err);
}

static void tell_watching(struct kube_watch *w)
{
	bool same = w->told && !w->failing && w->info.transport == w->next.transport;
	w->info.transport = w->next.transport;
	if (same)
		return;
	w->failing = false;
	w->told = true;
	char text[sizeof(w->refusal) + 64] = "watching over WebSocket";
	if (w->next.transport == KUBE_HTTP)
		snprintf(text, sizeof(text), "watching over HTTP%s%s",
			 *w->refusal ? ", for want of a WebSocket: " : "", w->refusal);
	if (w->options.on_state)
		w->options.on_state(w->options.arg, text, NULL);
}

static void on_change(void *arg, enum mirror_change change, const cJSON *object)
{
	static const enum kube_change changes[] = {
		[MIRROR_ADDED] = KUBE_ADDED,
		[MIRROR_MODIFIED] = KUBE_MODIFIED,
		[MIRROR_DELETED] = KUBE_DELETED,
	};
	struct kube_watch *w = arg;
	w->options.on_object(w->options.arg, changes[change], object);
}

static void complete(struct kube_watch *w, const char *version)
{
	mirror_complete(&w->mirror);
	snprintf(w->version, sizeof(w->version), "%s", version);
	w->outdated = 0;
	w->info.synced = true;
	w->info.lists++;
	w->info.last_contact_ms = monotonic_ms();
	watch_plan_synced(&w->plan);
	if (w->options.on_synced)
		w->options.on_synced(w->options.arg);
}

/* --- the end of a step --- */

static void stop_step(struct kube_watch *w)
{
	timer_cancel(&w->wait);
	timer_cancel(&w->deadline);
	kube_list_stop(TAKE(w->list));
	ws_close(TAKE(w->ws));
	http_watch_close(TAKE(w->http));
	w->open = false;
	w->info.watching = false;
}

/* A server that knows less than we have seen: wait for it, but not for ever. */
static void note_outdated(struct kube_watch *w)
{
	if (++w->outdated < OUTDATED_MAX)
		return;
	w->outdated = 0;
	w->version[0] = '\0';
	w->mirror.distrust = true;
}

static void end_step(struct kube_watch *w, struct watch_end *end)
{
	end->initial = w->initial;
	end->events = w->events;
	end->progressed = w->progressed;
	end->stayed_ms = w->open ? monotonic_ms() - w->opened_ms : 0;
	end->in_full = w->open && end->stayed_ms >= w->length_ms - MS_PER_S;
	stop_step(w);
	if (end->kind == WATCH_ERROR_EVENT && kube_status_is_too_new(&end->status))
		note_outdated(w);
	if (kube_status_is_expired(&end->status))
		tell_expired(w, &end->status.err);
	if (end->status.status == 401)
		session_unauthorized(w->kube, w->credential);
	watch_plan_ended(&w->plan, end, session_watch_list(w->kube), monotonic_ms(),
			 &w->next);
	if (w->next.no_watch_list)
		session_no_watch_list(w->kube);
	timer_set(reactor_of(w), &w->wait, w->next.delay_ms, begin, w);
	if (!w->next.failure)
		return;
	w->info.failures++;
	tell_failure(w, &end->status.err);
}

/* --- listing --- */

static void on_list_object(void *arg, const cJSON *object)
{
	struct kube_watch *w = arg;
	mirror_put(&w->mirror, object, &w->list_err);
}

static void on_list_restart(void *arg)
{
	struct kube_watch *w = arg;
	mirror_begin(&w->mirror);
}

static void on_list_done(void *arg, const char *version, const struct kube_reply *reply)
{
	struct kube_watch *w = arg;
	struct watch_end end = {.kind = WATCH_LISTED};
	w->list = NULL;
	if (reply->err.code == ERR_NONE && w->list_err.code == ERR_NONE) {
		complete(w, version);
	} else {
		end.kind = WATCH_LIST_FAILED;
		end.status.err = reply->err.code != ERR_NONE ? reply->err : w->list_err;
		end.status.status = reply->status;
		end.status.retry_after_ms = reply->retry_after_ms;
		if (!strcmp(reply->reason, "Outdated"))
			note_outdated(w);
	}
	end_step(w, &end);
}

static void start_list(struct kube_watch *w)
{
	struct kube_list_options options = {
		.path = w->path,
		.label_selector = w->label_selector,
		.field_selector = w->field_selector,
		.min_version = w->version,
		.max_objects = w->max_objects,
		.on_object = on_list_object,
		.on_restart = on_list_restart,
		.on_done = on_list_done,
		.arg = w,
	};
	w->list_err = (struct err){0};
	mirror_begin(&w->mirror);
	w->list = kube_list_start(w->kube, &options);
}

/* --- watching --- */

static void on_open(void *arg)
{
	struct kube_watch *w = arg;
	w->open = true;
	w->opened_ms = monotonic_ms();
	w->info.watching = true;
	w->info.watches++;
	watch_plan_opened(&w->plan, w->opened_ms);
	tell_watching(w);
}

static void on_deadline(void *arg)
{
	struct kube_watch *w = arg;
	if (w->initial && w->events != w->events_at_check) {
		w->events_at_check = w->events;
		timer_set(reactor_of(w), &w->deadline, INITIAL_IDLE_MS, on_deadline, w);
		return;
	}
	struct watch_end end = {.kind = WATCH_SILENT};
	err_set(&end.status.err, ERR_RETRY,
		w->initial ? "the server does not send the first state"
			   : "the server did not end the watch in time");
	end_step(w, &end);
}

static void end_badly(struct kube_watch *w, const struct err *err)
{
	struct watch_end end = {.kind = WATCH_BAD_EVENT};
	end.status.err = *err;
	end_step(w, &end);
}

/* Events after the first state carry versions in their order. */
static void advance(struct kube_watch *w, const cJSON *object)
{
	if (w->initial)
		return;
	snprintf(w->version, sizeof(w->version), "%s",
		 json_str(object, "metadata.resourceVersion", ""));
	w->progressed = true;
}

static void on_bookmark(struct kube_watch *w, const struct watch_event *event)
{
	if (!w->initial) {
		advance(w, event->object);
		return;
	}
	if (!event->initial_end)
		return;
	w->initial = false;
	w->progressed = true;
	timer_set(reactor_of(w), &w->deadline, w->length_ms + GRACE_MS, on_deadline, w);
	complete(w, json_str(event->object, "metadata.resourceVersion", ""));
}

static void on_error_event(struct kube_watch *w, const cJSON *object)
{
	struct watch_end end = {.kind = WATCH_ERROR_EVENT};
	kube_status_of_object("watch", object, &end.status);
	end_step(w, &end);
}

static void apply(struct kube_watch *w, const struct watch_event *event)
{
	struct err err;
	w->events++;
	w->info.events++;
	switch (event->type) {
	case WATCH_ADDED:
	case WATCH_MODIFIED:
		if (mirror_put(&w->mirror, event->object, &err) < 0)
			end_badly(w, &err);
		else
			advance(w, event->object);
		return;
	case WATCH_DELETED:
		mirror_delete(&w->mirror, event->object);
		advance(w, event->object);
		return;
	case WATCH_BOOKMARK:
		on_bookmark(w, event);
		return;
	case WATCH_ERROR:
		w->events--;
		on_error_event(w, event->object);
		return;
	case WATCH_UNKNOWN:
		return;
	}
}

static void on_message(void *arg, const char *text, size_t len)
{
	struct kube_watch *w = arg;
	struct watch_event event;
	struct err err;
	w->info.last_contact_ms = monotonic_ms();
	if (watch_event_parse(text, len, &event, &err) < 0) {
		end_badly(w, &err);
		return;
	}
	apply(w, &event);
	watch_event_fini(&event);
}

static void on_stream_end(void *arg, const struct stream_end *stream)
{
	struct kube_watch *w = arg;
	struct watch_end end = {
		.kind = WATCH_STREAM_ENDED,
		.stream = stream->kind,
		.status = stream->status,
	};
	if (w->ws && !w->open)
		snprintf(w->refusal, sizeof(w->refusal), "%s", stream->status.err.msg);
	w->ws = NULL;
	w->http = NULL;
	if (!end.status.err.msg[0])
		err_set(&end.status.err, ERR_RETRY, "the server ended it at once");
	end_step(w, &end);
}

static char *watch_query(struct kube_watch *w)
{
	struct str out AUTO(str_fini);
	str_init(&out, strlen(w->selection) + 1024);
	str_puts(&out, w->selection);
	str_printf(&out, "%swatch=true&allowWatchBookmarks=true&timeoutSeconds=%lld",
		   out.len ? "&" : "", (long long)(w->length_ms + 999) / 1000);
	if (w->initial)
		str_puts(&out, "&sendInitialEvents=true"
			       "&resourceVersionMatch=NotOlderThan");
	str_printf(&out, "&resourceVersion=%s", w->version);
	return str_take(&out);
}

/* client-go's 5 to 10 minutes, spread so that not all end at once. Shorter while HTTP
 * stands in for WebSockets, which are tried again afterwards. */
static int64_t choose_length(struct kube_watch *w)
{
	bool stand_in = w->next.transport == KUBE_HTTP && w->plan.wanted == KUBE_AUTO;
	int64_t least = stand_in ? STAND_IN_MS : WATCH_MIN_MS;
	if (w->options.watch_ms)
		return w->options.watch_ms;
	return least + (int64_t)(rng_uniform(&w->plan.rng) * (double)least);
}

static void start_stream(struct kube_watch *w)
{
	struct stream_handler handler = {on_open, on_message, on_stream_end, w};
	w->initial = w->next.step == STEP_WATCH_LIST;
	if (w->initial)
		mirror_begin(&w->mirror);
	w->length_ms = choose_length(w);
	char *query AUTO_FREE = watch_query(w);
	if (w->next.transport == KUBE_WEBSOCKET) {
		char *target AUTO_FREE = xasprintf("%s?%s", w->path, query);
		w->ws = ws_open(session_ws(w->kube), target, &handler);
	} else {
		w->http = http_watch_open(reactor_of(w), session_http(w->kube), w->path,
					  query, &handler);
	}
	timer_set(reactor_of(w), &w->deadline,
		  w->initial ? INITIAL_IDLE_MS : w->length_ms + GRACE_MS, on_deadline, w);
}

/* Lists wait in the queue of requests by themselves; a stream has to wait here. */
static bool logged_in(struct kube_watch *w)
{
	struct err why = {0};
	enum login_state state = session_login(w->kube, &why);
	w->credential = session_credential(w->kube);
	if (state == LOGIN_READY)
		return true;
	w->next.delay_ms = state == LOGIN_WAITING ? LOGIN_LOOK_MS : LOGIN_FAILED_MS;
	if (state == LOGIN_FAILED)
		tell_failure(w, &why);
	timer_set(reactor_of(w), &w->wait, w->next.delay_ms, begin, w);
	return false;
}

static void begin(void *arg)
{
	struct kube_watch *w = arg;
	if (w->next.step != STEP_LIST && !logged_in(w))
		return;
	w->initial = w->progressed = false;
	w->events = w->events_at_check = 0;
	if (w->next.step == STEP_LIST)
		start_list(w);
	else
		start_stream(w);
}

/* --- the owner's side --- */

/* What the server or the target rules out is not tried. */
static enum kube_transport allowed_transport(const struct kube_watch *w)
{
	/* The watch's own parameters take some 200 bytes. */
	char *target AUTO_FREE = xasprintf("%s?%s%200s", w->path, w->selection, "");
	return ws_endpoint_can(session_ws(w->kube), target) ? w->options.transport
							    : KUBE_HTTP;
}

struct kube_watch *
kube_watch_new(struct kube *k, const struct kube_watch_options *options, struct err *err)
{
	if (!options->path || options->path[0] != '/' || strpbrk(options->path, "?# ")) {
		err_set(err, ERR_INVALID, "\"%s\" is no path to watch",
			options->path ? options->path : "");
		return NULL;
	}
	struct kube_watch *w = xcalloc(1, sizeof(*w));
	w->kube = k;
	w->options = *options;
	w->path = xstrdup(options->path);
	w->label_selector = xstrdup(options->label_selector);
	w->field_selector = xstrdup(options->field_selector);
	w->selection = selection_query(options->label_selector, options->field_selector);
	w->max_objects = options->max_objects ? options->max_objects : KUBE_OBJECTS_MAX;
	/* Twice: while a new list comes in, the old objects are still known. */
	mirror_init(&w->mirror, 2 * w->max_objects, on_change, w);
	watch_plan_init(&w->plan, allowed_transport(w),
			options->back_off_ms ? options->back_off_ms : BACK_OFF_MS,
			session_seed(k));
	watch_plan_list(&w->plan, session_watch_list(k), &w->next);
	w->info.transport = w->next.transport;
	timer_set(reactor_of(w), &w->wait, 0, begin, w);
	return w;
}

void kube_watch_free(struct kube_watch *w)
{
	if (!w)
		return;
	stop_step(w);
	mirror_fini(&w->mirror);
	free(w->path);
	free(w->label_selector);
	free(w->field_selector);
	free(w->selection);
	free(w);
}

void kube_watch_relist(struct kube_watch *w)
{
	stop_step(w);
	watch_plan_list(&w->plan, session_watch_list(w->kube), &w->next);
	timer_set(reactor_of(w), &w->wait, 0, begin, w);
}

void kube_watch_hurry(struct kube_watch *w)
{
	bool waits = !w->list && !w->ws && !w->http;
	watch_plan_hurry(&w->plan, &w->next);
	if (waits && !w->next.bidden)
		timer_set(reactor_of(w), &w->wait, 0, begin, w);
}

void kube_watch_info(const struct kube_watch *w, struct kube_watch_info *ret_info)
{
	*ret_info = w->info;
	ret_info->objects = w->mirror.store.count;
	snprintf(ret_info->version, sizeof(ret_info->version), "%s", w->version);
	int64_t contact = w->ws     ? ws_last_contact_ms(w->ws)
			  : w->http ? http_watch_last_contact_ms(w->http)
				    : 0;
	if (contact > ret_info->last_contact_ms)
		ret_info->last_contact_ms = contact;
}
