#include "kube/events.h"

#include "kube/discovery.h"
#include "kube/event_series.h"
#include "kube/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPEAT_MS 30000
#define QUEUE     256
/* Limits of events.k8s.io/v1. */
#define NOTE_MAX        1024
#define INSTANCE_MAX    128
#define NAME_MAX_LENGTH 200
#define TRIES_MAX       5
#define RETRY_MS        10000
#define GROUP           "events.k8s.io/v1"

/* A request that waits: a new Event, or the count of one that was posted. */
struct item {
	struct item *next;
	uint64_t series;
	char *path;
	cJSON *body; /* NULL: a patch of the series' count, built when it is sent */
	int tries;
};

struct kube_events {
	struct kube *kube;
	char *controller, *instance;
	int64_t repeat_ms, retry_ms;
	size_t limit;
	struct event_series series;
	struct item *first, **end;
	struct item *sending; /* taken out of the queue */
	struct kube_call *call;
	struct timer timer;  /* until a retry or the next patch is due */
	int64_t retry_at_ms; /* nothing goes out before, after a failure */
	int32_t sent_count;  /* of the request under way */
	uint64_t number;     /* makes names unique */
	struct kube_events_info info;
};

static void pump(struct kube_events *e);

static void item_free(struct item *i)
{
	if (!i)
		return;
	cJSON_Delete(i->body);
	free(i->path);
	free(i);
}

struct kube_events *kube_events_new(struct kube *k,
				    const struct kube_events_options *options)
{
	struct kube_events *e = xcalloc(1, sizeof(*e));
	e->kube = k;
	e->controller = xstrdup(options->controller);
	e->instance = xstrndup(options->instance, INSTANCE_MAX);
	e->repeat_ms = options->repeat_ms ? options->repeat_ms : REPEAT_MS;
	e->retry_ms = options->retry_ms ? options->retry_ms : RETRY_MS;
	e->limit = options->queue ? options->queue : QUEUE;
	e->end = &e->first;
	return e;
}

void kube_events_free(struct kube_events *e)
{
	if (!e)
		return;
	timer_cancel(&e->timer);
	kube_cancel(e->call);
	item_free(e->sending);
	while (e->first) {
		struct item *next = e->first->next;
		item_free(e->first);
		e->first = next;
	}
	event_series_fini(&e->series);
	free(e->controller);
	free(e->instance);
	free(e);
}

void kube_events_info(const struct kube_events *e, struct kube_events_info *ret_info)
{
	*ret_info = e->info;
}

/* --- what an Event says --- */

static uint64_t key_of(const char *const *texts, size_t count)
{
	uint64_t key = 1;
	for (size_t i = 0; i < count; i++)
		key = key * UINT64_C(0x9e3779b97f4a7c15) +
		      hash_text(texts[i] ? texts[i] : "");
	return key ? key : 1; /* 0 means none */
}

static uint64_t object_key(const struct kube_object_ref *o)
{
	const char *const texts[] = {o->kind, o->ns, o->name, o->uid};
	return key_of(texts, ARRAY_LEN(texts));
}

static uint64_t event_key(const struct kube_event *event)
{
	char object[24];
	snprintf(object, sizeof(object), "%llx",
		 (unsigned long long)object_key(&event->regarding));
	const char *const texts[] = {object, event->reason, event->action, event->note,
				     event->warning ? "w" : "n"};
	return key_of(texts, ARRAY_LEN(texts));
}

/* At most `limit` bytes, not cutting through a character of UTF-8. */
static char *cut_text(const char *text, size_t limit)
{
	size_t n = strnlen(text, limit + 1);
	if (n <= limit)
		return xstrdup(text);
	n = limit;
	while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	return xstrndup(text, n);
}

static void add_reference(cJSON *body, const char *key, const struct kube_object_ref *o)
{
	if (!o->kind)
		return;
	cJSON *reference = cJSON_AddObjectToObject(body, key);
	cJSON_AddStringToObject(reference, "apiVersion", o->api_version);
	cJSON_AddStringToObject(reference, "kind", o->kind);
	if (o->ns)
		cJSON_AddStringToObject(reference, "namespace", o->ns);
	cJSON_AddStringToObject(reference, "name", o->name);
	if (o->uid && *o->uid)
		cJSON_AddStringToObject(reference, "uid", o->uid);
}

static cJSON *body_of(const struct kube_events *e, const struct kube_event *event,
		      const struct series *s)
{
	char now[40];
	char *note AUTO_FREE = cut_text(event->note, NOTE_MAX);
	cJSON *body = cJSON_CreateObject();
	cJSON_AddStringToObject(body, "apiVersion", GROUP);
	cJSON_AddStringToObject(body, "kind", "Event");
	cJSON *metadata = cJSON_AddObjectToObject(body, "metadata");
	cJSON_AddStringToObject(metadata, "name", s->name);
	cJSON_AddStringToObject(metadata, "namespace", s->ns);
	cJSON_AddStringToObject(body, "eventTime",
				time_format_micro(wall_ms(), now, sizeof(now)));
	cJSON_AddStringToObject(body, "reportingController", e->controller);
	cJSON_AddStringToObject(body, "reportingInstance", e->instance);
	cJSON_AddStringToObject(body, "action", event->action);
	cJSON_AddStringToObject(body, "reason", event->reason);
	cJSON_AddStringToObject(body, "note", note);
	cJSON_AddStringToObject(body, "type", event->warning ? "Warning" : "Normal");
	add_reference(body, "regarding", &event->regarding);
	add_reference(body, "related", &event->related);
	return body;
}

static cJSON *series_body(const struct series *s)
{
	char now[40];
	cJSON *body = cJSON_CreateObject();
	cJSON *series = cJSON_AddObjectToObject(body, "series");
	cJSON_AddNumberToObject(series, "count", s->count);
	cJSON_AddStringToObject(series, "lastObservedTime",
				time_format_micro(wall_ms(), now, sizeof(now)));
	return body;
}

/* --- the queue --- */

static void drop_oldest(struct kube_events *e)
{
	struct item *old = e->first;
	e->first = old->next;
	if (!e->first)
		e->end = &e->first;
	struct series *s = event_series_find(&e->series, old->series);
	if (s)
		event_series_forget(s);
	item_free(old);
	e->info.waiting--;
	e->info.dropped++;
}

static void append(struct kube_events *e, struct item *i)
{
	if (e->info.waiting >= e->limit)
		drop_oldest(e);
	i->next = NULL;
	*e->end = i;
	e->end = &i->next;
	e->info.waiting++;
}

void kube_events_post(struct kube_events *e, const struct kube_event *event)
{
	struct series *s;
	uint64_t key = event_key(event);
	switch (event_series_note(&e->series, key, object_key(&event->regarding),
				  monotonic_ms(), &s)) {
	case SERIES_SPAM:
		e->info.dropped++;
		return;
	case SERIES_REPEATED:
		e->info.repeated++;
		pump(e);
		return;
	case SERIES_NEW:
		break;
	}
	s->ns = xstrdup(event->regarding.ns && *event->regarding.ns ? event->regarding.ns
								    : "default");
	s->name = xasprintf("%.*s.%llx%04llx", NAME_MAX_LENGTH, event->regarding.name,
			    (unsigned long long)wall_ms(),
			    (unsigned long long)(e->number++ & 0xffff));
	s->under_way = true;
	struct item *i = xcalloc(1, sizeof(*i));
	i->series = key;
	i->path = kube_collection_path(GROUP, "events", s->ns);
	i->body = body_of(e, event, s);
	append(e, i);
	pump(e);
}

/* --- sending, one at a time --- */

static void on_timer(void *arg)
{
	pump(arg);
}

/* A passing failure: again later, not for ever. */
static bool try_again(struct kube_events *e, struct item *i,
		      const struct kube_reply *reply)
{
	bool passing = reply->err.code == ERR_RETRY && reply->status != 403;
	if (!passing || ++i->tries >= TRIES_MAX)
		return false;
	i->next = e->first;
	e->first = i;
	if (!i->next)
		e->end = &i->next;
	e->info.waiting++;
	int64_t wait =
		reply->retry_after_ms > e->retry_ms ? reply->retry_after_ms : e->retry_ms;
	e->retry_at_ms = monotonic_ms() + wait;
	timer_set(session_reactor(e->kube), &e->timer, wait, on_timer, e);
	return true;
}

static void on_reply(void *arg, const struct kube_reply *reply)
{
	struct kube_events *e = arg;
	struct item *i = TAKE(e->sending);
	struct series *s = event_series_find(&e->series, i->series);
	/* The answer to an earlier try may have been lost on the way. */
	bool there = reply->status == 409 && i->body;
	e->call = NULL;
	if (reply->err.code == ERR_NONE || there) {
		if (i->body)
			e->info.posted++;
		if (s) {
			s->sent = e->sent_count;
			s->sent_ms = monotonic_ms();
			s->under_way = false;
		}
	} else if (try_again(e, i, reply)) {
		return;
	} else {
		/* Dropped; the next occurrence is a new Event. */
		e->info.failed++;
		snprintf(e->info.last_error, sizeof(e->info.last_error), "%s",
			 reply->err.msg);
		if (s)
			event_series_forget(s);
	}
	item_free(i);
	pump(e);
}

static void send_item(struct kube_events *e, struct item *i)
{
	struct series *s = event_series_find(&e->series, i->series);
	cJSON *patch AUTO(json_cleanup) = i->body || !s ? NULL : series_body(s);
	struct kube_request request = {
		.method = i->body ? KUBE_POST : KUBE_PATCH,
		.path = i->path,
		.query = FIELD_MANAGER,
		.body = i->body ? i->body : patch,
	};
	e->sending = i;
	e->sent_count = i->body || !s ? 1 : s->count;
	e->call = kube_send(e->kube, &request, on_reply, e);
}

/* A patch of a series that repeated goes out when its time has come. */
static struct item *due_patch(struct kube_events *e)
{
	int64_t wait;
	struct series *s =
		event_series_due(&e->series, e->repeat_ms, monotonic_ms(), &wait);
	if (!s) {
		if (wait >= 0)
			timer_set(session_reactor(e->kube), &e->timer, wait, on_timer, e);
		return NULL;
	}
	char *collection AUTO_FREE = kube_collection_path(GROUP, "events", s->ns);
	char *name AUTO_FREE = kube_escape(s->name);
	struct item *i = xcalloc(1, sizeof(*i));
	i->series = s->key;
	i->path = xasprintf("%s/%s", collection, name);
	s->under_way = true;
	return i;
}

static void pump(struct kube_events *e)
{
	if (e->sending || monotonic_ms() < e->retry_at_ms)
		return;
	struct item *i = e->first;
	if (!i) {
		i = due_patch(e);
		if (i)
			send_item(e, i);
		return;
	}
	e->first = i->next;
	if (!e->first)
		e->end = &e->first;
	e->info.waiting--;
	send_item(e, i);
}
