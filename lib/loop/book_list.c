/* The status objects of the policies of a shard that has come to this replica, in one
 * list: what the process before us knew of them. */
#include "loop/book_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_MS 2000
/* Status objects are listed once all policies are known, or after so long without those
 * that may not come for want of a right. */
#define LIST_DELAY_MS   2000
#define ENTRIES_AT_ONCE 50

void book_free_found(struct book *b)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		while (b->found[i]) {
			struct found *f = b->found[i];
			b->found[i] = f->chain;
			free(f->name);
			free(f->text);
			free(f);
		}
	}
}

/* What the list brought for this policy. It was complete: what is not in it does not
 * exist. */
static void take_found(struct entry *p)
{
	char *name AUTO_FREE = entry_status_name(p);
	struct found **at = &p->book->found[book_bucket(name)];
	while (*at && strcmp((*at)->name, name) != 0)
		at = &(*at)->chain;
	struct found *f = *at;
	entry_take_record(p, f ? f->version : "", f ? f->text : NULL);
	if (!f)
		return;
	*at = f->chain;
	free(f->name);
	free(f->text);
	free(f);
}

static void on_found(void *arg, const cJSON *object)
{
	struct book *b = arg;
	const char *text = book_status_text(object);
	struct found *f = xcalloc(1, sizeof(*f));
	f->name = xstrdup(json_str(object, "metadata.name", ""));
	f->text = xstrdup(text);
	snprintf(f->version, sizeof(f->version), "%s",
		 json_str(object, "metadata.resourceVersion", ""));
	f->chain = b->found[book_bucket(f->name)];
	b->found[book_bucket(f->name)] = f;
}

static void on_list_restart(void *arg)
{
	book_free_found(arg);
}

static void list_statuses(void *arg);

/* So many at a time: to read a policy takes its time, and the Lease must not wait. */
static void take_some(void *arg)
{
	struct book *b = arg;
	int taken = 0;
	for (struct entry *p = b->entries; p && taken < ENTRIES_AT_ONCE; p = p->next) {
		if (p->state != ENTRY_NEW || (p->placed && !b->parts[p->shard].in_list))
			continue;
		taken++;
		if (b->complete)
			take_found(p);
		else
			entry_read_status(p);
	}
	if (taken == ENTRIES_AT_ONCE) {
		timer_set(b->loop->config.reactor, &b->retry, 0, take_some, b);
		return;
	}
	book_free_found(b);
	b->listing = false;
	for (int32_t i = 0; i < shards_count(b->loop->shards); i++) {
		b->parts[i].listed |= b->parts[i].in_list;
		b->parts[i].in_list = false;
	}
	book_list_soon(b);
}

/* Without the right to list them (403) they are read one by one. */
static void on_listed(void *arg, const char *version, const struct kube_reply *reply)
{
	struct book *b = arg;
	(void)version;
	b->list = NULL;
	bool complete = reply->err.code == ERR_NONE;
	if (!complete) {
		book_free_found(b);
		log_error("Could not list the status objects",
			  KV_TEXT("err", reply->err.msg));
		if (reply->status != 403) {
			timer_set(b->loop->config.reactor, &b->retry, RETRY_MS,
				  list_statuses, b);
			return;
		}
	}
	b->complete = complete;
	take_some(b);
}

static void list_statuses(void *arg)
{
	struct book *b = arg;
	char *path AUTO_FREE =
		kube_collection_path("v1", "configmaps", loop_status_namespace(b->loop));
	const struct kube_list_options options = {
		.path = path,
		.label_selector = KUBE_STATUS_LABEL,
		.on_object = on_found,
		.on_restart = on_list_restart,
		.on_done = on_listed,
		.arg = b,
	};
	b->listing = true;
	for (int32_t i = 0; i < shards_count(b->loop->shards); i++)
		b->parts[i].in_list = b->parts[i].feeding && !b->parts[i].listed;
	b->list = kube_list_start(b->loop->kube, &options);
}

/* What comes later reads its own, one request each: too many of them for a start. */
void book_list_soon(struct book *b)
{
	bool due = false;
	for (int32_t i = 0; i < shards_count(b->loop->shards); i++)
		due |= b->parts[i].feeding && !b->parts[i].listed;
	if (due && !b->listing && !b->loop->config.dry_run)
		timer_set(b->loop->config.reactor, &b->retry,
			  b->synced ? 0 : LIST_DELAY_MS, list_statuses, b);
}

void book_feed(struct book *b)
{
	bool more = false;
	for (int32_t i = 0; i < shards_count(b->loop->shards); i++) {
		more |= shards_mine(b->loop->shards, i) && !b->parts[i].feeding;
		b->parts[i].feeding |= shards_mine(b->loop->shards, i);
	}
	if (!more)
		return;
	book_list_soon(b);
	for (struct entry *p = b->entries; b->loop->config.dry_run && p; p = p->next)
		entry_feed(p);
}

void book_close(struct book *b, int32_t shard)
{
	b->parts[shard] = (struct part){0};
	/* Those without a place must not get one that is about to go. */
	for (struct entry *p = b->entries; p; p = p->next)
		if (p->shard == shard && p->turned_away)
			entry_leave(p);
	for (struct entry *p = b->entries; p; p = p->next)
		if (p->shard == shard)
			entry_leave(p);
}
