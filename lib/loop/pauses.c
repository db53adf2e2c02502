/* `foretop pause`: the ConfigMap foretop-pause beside the status objects, read once a
 * cycle, and before a minimum is raised. A read, not a watch: the right to get what
 * stands there is one we have anyway.
 */
#include "loop/inside.h"

#include <stdlib.h>
#include <string.h>

#define RETRY_MS     2000
#define PERIOD_LEAST 500 /* of a clock that is sped up, real ms */

struct entry {
	struct entry *next;
	char *key;
	int64_t until_ms;
};

struct waiter {
	struct waiter *next;
	pauses_done *done;
	void *arg;
	bool asked; /* the read under way was sent after its wish */
};

struct pauses {
	struct loop *loop;
	struct kube_call *call;
	struct timer again;
	struct entry *entries;
	struct waiter *waiters;
	bool anew;    /* the answer under way was asked for before somebody wanted it */
	bool failing; /* said once */
};

struct pauses *pauses_new(struct loop *l)
{
	struct pauses *p = xcalloc(1, sizeof(*p));
	p->loop = l;
	return p;
}

static void forget(struct pauses *p)
{
	for (struct entry *e = p->entries, *next; e; e = next) {
		next = e->next;
		free(e->key);
		free(e);
	}
	p->entries = NULL;
}

void pauses_free(struct pauses *p)
{
	if (!p)
		return;
	kube_cancel(p->call);
	timer_cancel(&p->again);
	forget(p);
	for (struct waiter *w = p->waiters, *next; w; w = next) {
		next = w->next;
		free(w);
	}
	free(p);
}

static int64_t until(const struct pauses *p, const char *key)
{
	for (const struct entry *e = p->entries; e; e = e->next)
		if (!strcmp(e->key, key))
			return e->until_ms;
	return 0;
}

static int64_t paused_until(const struct pauses *p, const char *ns, const char *name)
{
	if (!p->entries)
		return 0;
	char *key AUTO_FREE = kube_pause_key(ns, name);
	int64_t all = until(p, KUBE_PAUSE_ALL), own = until(p, key);
	return all > own ? all : own;
}

bool pauses_has(const struct pauses *p, const char *ns, const char *name)
{
	return paused_until(p, ns, name) > loop_now(p->loop);
}

void pauses_tell(struct pauses *p, const char *ns, const char *name)
{
	struct event event = {.type = EVENT_PAUSE};
	event.u.pause.ns = ns;
	event.u.pause.name = name;
	event.u.pause.until_ms = paused_until(p, ns, name);
	loop_step(p->loop, &event);
}

/* What cannot be read as a time was meant as a pause all the same. */
static int64_t read_time(const char *key, const char *text)
{
	int64_t ms;
	if (kube_pause_read(text, &ms) == 0)
		return ms;
	log_error("A pause without a time that can be read lasts until foretop resume",
		  KV_TEXT("key", key), KV_TEXT("value", text));
	return PAUSE_WITHOUT_END;
}

static void take(struct pauses *p, const cJSON *object)
{
	const cJSON *item, *data = json_at(object, "data");
	forget(p);
	cJSON_ArrayForEach (item, data) {
		if (!cJSON_IsString(item))
			continue;
		struct entry *e = xcalloc(1, sizeof(*e));
		e->key = xstrdup(item->string);
		e->until_ms = read_time(item->string, item->valuestring);
		e->next = p->entries;
		p->entries = e;
	}
}

static void tell_all(struct pauses *p)
{
	const struct engine *e = p->loop->engine;
	for (int32_t i = 0; i < engine_policy_count(e); i++) {
		const struct policy_status *s = engine_policy_status(e, i);
		if (s)
			pauses_tell(p, s->ns, s->name);
	}
}

static void read_again(void *arg);

/* Answers those who asked before the read was sent; the others are due another one. */
static void answer(struct pauses *p, const struct err *err)
{
	struct waiter **at = &p->waiters;
	while (*at) {
		struct waiter *w = *at;
		if (!w->asked) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		w->done(w->arg, err);
		free(w);
		/* What was called may have asked anew. */
		at = &p->waiters;
	}
	if (p->waiters)
		read_again(p);
}

static void on_read(void *arg, const struct kube_reply *reply)
{
	struct pauses *p = arg;
	struct loop *l = p->loop;
	bool good = reply->object || reply->status == 404, had = p->entries;
	int64_t wait_ms = clock_delay_ms(
		l->config.clock, loop_now(l) + l->config.controller->sync_period_ms);
	p->call = NULL;
	if (p->anew) {
		p->anew = false;
		read_again(p);
		return;
	}
	if (good)
		take(p, reply->object);
	else if (!p->failing)
		log_error("Could not read what is paused",
			  KV_TEXT("err", reply->err.msg));
	p->failing = !good;
	timer_set(l->config.reactor, &p->again,
		  !good                    ? RETRY_MS
		  : wait_ms > PERIOD_LEAST ? wait_ms
					   : PERIOD_LEAST,
		  read_again, p);
	/* As a rule nothing is paused, nor was before. */
	if (good && (had || p->entries))
		tell_all(p);
	/* Nothing is decided before it is known what is paused. */
	if (good || l->config.dry_run)
		book_feed(l->book);
	answer(p, good ? NULL : &reply->err);
}

static void read_again(void *arg)
{
	struct pauses *p = arg;
	if (p->call)
		return;
	for (struct waiter *w = p->waiters; w; w = w->next)
		w->asked = true;
	p->call = kube_configmap_get(p->loop->kube, loop_status_namespace(p->loop),
				     KUBE_PAUSE_NAME, on_read, p);
}

void pauses_read(struct pauses *p, pauses_done *done, void *arg)
{
	struct waiter *w = xcalloc(1, sizeof(*w));
	w->done = done;
	w->arg = arg;
	w->next = p->waiters;
	p->waiters = w;
	read_again(p);
}

void pauses_follow(struct pauses *p)
{
	p->anew = p->call != NULL;
	read_again(p);
}
