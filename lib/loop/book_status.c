/* Status objects: written one by one in turn, or at once before and after a write of
 * replicas; one that somebody else touched is read again first. */
#include "loop/book_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_PERIOD_MS                                                                 \
	200 /* at most 5 status objects a second, however many policies */

/* What the server could not do it may be able to do after so long. */
#define AGAIN_MS 30000

static int64_t period_ms(const struct book *b)
{
	return (int64_t)(STATUS_PERIOD_MS / loop_pace(b->loop));
}

static void write_status(struct entry *p);
static void drain(void *arg);

static void arm_drain(struct entry *p)
{
	struct book *b = p->book;
	if (p->waiting)
		return;
	if (!b->waiting)
		timer_set(b->loop->config.reactor, &b->drain, period_ms(b), drain, b);
	p->waiting = true;
	p->next_waiting = NULL;
	*b->waiting_end = p;
	b->waiting_end = &p->next_waiting;
}

static void write_again(void *arg)
{
	struct book *b = arg;
	b->again_armed = false;
	for (struct entry *p = b->entries; p; p = p->next) {
		if (!p->failed)
			continue;
		p->failed = false;
		p->stale = true;
		arm_drain(p);
	}
}

/* Else an old status would stand until the next change. What is forbidden or refused
 * waits for that: it would be so again. */
static void note_failure(struct entry *p, const struct kube_reply *reply)
{
	struct book *b = p->book;
	if (kube_reply_stands(reply))
		return;
	p->failed = true;
	if (!b->again_armed)
		timer_set(b->loop->config.reactor, &b->again, AGAIN_MS, write_again, b);
	b->again_armed = true;
}

static void answer_save(struct entry *p, const struct kube_reply *reply)
{
	struct event event = {.type = reply->object ? EVENT_SAVED : EVENT_SAVE_FAILED};
	event.u.written.write = p->sent_save;
	event.u.written.why = reply->err.msg;
	p->saving = false;
	loop_step(p->book->loop, &event);
}

static void on_status_written(void *arg, const struct kube_reply *reply);

static void on_status_reread(void *arg, const struct kube_reply *reply)
{
	struct entry *p = arg;
	p->call = NULL;
	if (!reply->object && reply->status != 404) {
		on_status_written(p, reply);
		return;
	}
	snprintf(p->version, sizeof(p->version), "%s",
		 reply->object ? json_str(reply->object, "metadata.resourceVersion", "")
			       : "");
	p->save_due = p->save_due || p->saving;
	p->saving = false;
	if (!p->status)
		p->status = TAKE(p->sent);
	write_status(p);
}

static void on_status_written(void *arg, const struct kube_reply *reply)
{
	struct entry *p = arg;
	struct loop *l = p->book->loop;
	p->call = NULL;
	if (reply->object)
		snprintf(p->version, sizeof(p->version), "%s",
			 json_str(reply->object, "metadata.resourceVersion", ""));
	/* Somebody else touched or removed it: take its version and write again, once. */
	if ((reply->err.code == ERR_CONFLICT || reply->status == 404) && !p->rereading) {
		p->rereading = true;
		char *name AUTO_FREE = entry_status_name(p);
		p->call =
			kube_configmap_get(l->kube, loop_status_namespace(p->book->loop),
					   name, on_status_reread, p);
		return;
	}
	p->rereading = false;
	if (!reply->object) {
		log_error("Could not write a status object", KV_TEXT("policy", p->name),
			  KV_TEXT("err", reply->err.msg));
		if (l->telemetry)
			telemetry_write_failed(l->telemetry, "status");
		note_failure(p, reply);
	}
	if (p->saving)
		answer_save(p, reply);
	if (p->status)
		write_status(p);
	else if (p->stale)
		arm_drain(p);
	if (!p->call)
		free(TAKE(p->sent));
}

static void tell_refused(void *arg)
{
	const struct kube_reply reply = {
		.err = {ERR_RETRY, "the lead may have been lost"}};
	answer_save(arg, &reply);
}

/* Who leads the shard now writes what there is to say. An answer comes never from within
 * a step. */
static void refuse(struct entry *p)
{
	free(TAKE(p->status));
	if (!p->save_due)
		return;
	p->save_due = false;
	p->saving = true;
	p->sent_save = p->save;
	timer_set(p->book->loop->config.reactor, &p->retry, 0, tell_refused, p);
}

static void write_status(struct entry *p)
{
	struct loop *l = p->book->loop;
	if (p->call || !p->status)
		return;
	if (!loop_may_write_shard(l, p->shard)) {
		refuse(p);
		return;
	}
	cJSON *data AUTO(json_cleanup) = cJSON_CreateObject();
	cJSON_AddStringToObject(data, STATUS_KEY, p->status);
	char *name AUTO_FREE = entry_status_name(p);
	struct kube_configmap map = {
		.ns = loop_status_namespace(p->book->loop),
		.name = name,
		.version = p->version,
		.status_label = "v1",
		.data = data,
		.permit = shards_permit(l->shards, p->shard),
	};
	p->failed = false;
	p->saving = p->save_due;
	p->sent_save = p->save;
	p->save_due = false;
	p->stale = false;
	p->call = kube_configmap_put(l->kube, &map, on_status_written, p);
	free(p->sent);
	p->sent = TAKE(p->status);
}

void entry_unqueue(struct entry *p)
{
	struct book *b = p->book;
	if (!p->waiting)
		return;
	struct entry **at = &b->waiting;
	while (*at != p)
		at = &(*at)->next_waiting;
	*at = p->next_waiting;
	if (b->waiting_end == &p->next_waiting)
		b->waiting_end = at;
	p->waiting = false;
}

/* With who decides. Owned by the caller. */
static char *content(const struct book *b, const struct entry *p,
		     const struct policy_status *status)
{
	struct arena memory AUTO(arena_fini) = {0};
	json_build_in(&memory);
	cJSON *o = status_to_json(status, loop_now(b->loop));
	shards_tell(b->loop->shards, p->shard, o);
	json_build_end();
	return json_text(o);
}

static void drain(void *arg)
{
	struct book *b = arg;
	if (!b->waiting)
		return;
	timer_set(b->loop->config.reactor, &b->drain, period_ms(b), drain, b);
	struct entry *p = b->waiting;
	while (p && !loop_may_write_shard(b->loop, p->shard))
		p = p->next_waiting;
	if (!p)
		return;
	entry_unqueue(p);
	if (p->call)
		return; /* in the queue again when it has its answer */
	const struct policy_status *status =
		engine_policy_named(b->loop->engine, p->ns, p->name);
	if (p->stale && status)
		p->status = content(b, p, status);
	p->stale = false;
	write_status(p);
}

bool book_writing(const struct book *b, int32_t shard)
{
	for (const struct entry *p = b->entries; p; p = p->next)
		if (p->shard == shard && p->call && p->sent)
			return true;
	return false;
}

static struct entry *served_entry(struct book *b, const struct policy_status *status)
{
	return b->loop->config.dry_run ? NULL : book_find(b, status->ns, status->name);
}

/* What is written is what holds when its turn has come: with many policies a turn may
 * take minutes, and contents that wait would cost more than the policies themselves. */
void book_status(struct book *b, const struct policy_status *status)
{
	struct entry *p = served_entry(b, status);
	if (!p)
		return;
	p->stale = true;
	arm_drain(p);
}

void book_save(struct book *b, const struct policy_status *status,
	       const struct write_ref *ref)
{
	struct entry *p = served_entry(b, status);
	if (!p)
		return;
	free(p->status);
	p->status = content(b, p, status);
	p->save = *ref;
	p->save_due = true;
	write_status(p);
}
