/* The policy objects as texts, and the status object of each policy.
 *
 * A policy goes to the engine when its status object was read once: the record in it is
 * what a process before us knew. At the start all of them come in one list, later ones
 * one by one. */
#include "loop/book_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLICY_LABEL "foretop.io/policy=v1"
#define POLICY_KEY   "policy.yaml"
#define RETRY_MS     2000

struct book *book_new(struct loop *l)
{
	struct book *b = xcalloc(1, sizeof(*b));
	b->loop = l;
	b->waiting_end = &b->waiting;
	b->parts = xcalloc((size_t)shards_count(l->shards), sizeof(b->parts[0]));
	return b;
}

size_t book_bucket(const char *name)
{
	return hash_text(name) % BUCKETS;
}

/* All that is known of its status object, and what is under way. */
static void forget_status(struct entry *p)
{
	kube_cancel(TAKE(p->call));
	timer_cancel(&p->retry);
	entry_unqueue(p);
	free(TAKE(p->status));
	free(TAKE(p->sent));
	free(TAKE(p->kept));
	free(TAKE(p->record));
	p->version[0] = '\0';
	p->stale = p->failed = p->saving = p->save_due = p->rereading = false;
	p->state = ENTRY_NEW;
}

static void free_entry(struct entry *p)
{
	forget_status(p);
	free(p->ns);
	free(p->name);
	free(p->uid);
	free(p->text);
	free(p);
}

void book_free(struct book *b)
{
	if (!b)
		return;
	for (int32_t i = 0; i < b->ward_count; i++) {
		kube_watch_free(b->wards[i].watch);
		free(b->wards[i].ns);
	}
	free(b->wards);
	kube_list_stop(b->list);
	book_free_found(b);
	timer_cancel(&b->drain);
	timer_cancel(&b->retry);
	timer_cancel(&b->again);
	while (b->entries) {
		struct entry *next = b->entries->next;
		free_entry(b->entries);
		b->entries = next;
	}
	free(b->parts);
	free(b->trouble);
	free(b);
}

struct entry *book_find(const struct book *b, const char *ns, const char *name)
{
	for (struct entry *p = b->buckets[book_bucket(name)]; p; p = p->chain)
		if (!strcmp(p->name, name) && !strcmp(p->ns, ns))
			return p;
	return NULL;
}

/* "NS.NAME": namespaces have no dots, so no two policies share one. */
char *entry_status_name(const struct entry *p)
{
	return kube_pause_key(p->ns, p->name);
}

/* --- to the engine --- */

static struct policy *parse(const struct entry *p, const char *text, struct err *err)
{
	if (!text) {
		err_set(err, ERR_INVALID, "data has no key \"" POLICY_KEY "\"");
		return NULL;
	}
	struct policy *policy = policy_parse(p->ns, p->name, text, strlen(text), err);
	if (policy && schedule_localize(policy, loop_now(p->book->loop), err) < 0) {
		policy_free(policy);
		return NULL;
	}
	if (policy) {
		free(policy->uid);
		policy->uid = xstrdup(p->uid);
		policy->created_ms = p->created_ms;
	}
	return policy;
}

static void note_place(struct entry *p, bool has_one)
{
	p->book->turned_away += !has_one - p->turned_away;
	p->turned_away = !has_one;
}

static void give(struct entry *p)
{
	struct loop *l = p->book->loop;
	struct err err = {0};
	struct policy *policy = parse(p, p->text, &err);
	if (!policy)
		log_error("Refused a policy", KV_TEXT("policy", p->name),
			  KV_TEXT("namespace", p->ns), KV_TEXT("err", err.msg));
	/* The version that a process before us had in force goes on. */
	if (!policy && p->kept)
		policy = parse(p, p->kept, NULL);
	/* It may have left another target. */
	if (p->state == ENTRY_READ) {
		scope_prune(l->scope);
		autoscalers_prune(l->autoscalers);
	}
	p->state = ENTRY_READ;
	struct event event = {.type = EVENT_POLICY_SET};
	event.u.policy_set.prepared =
		engine_prepare(l->engine, p->ns, p->name, policy, err.msg, p->record);
	loop_step(l, &event);
	note_place(p, engine_policy_named(l->engine, p->ns, p->name) != NULL);
	if (p->turned_away)
		return;
	free(TAKE(p->kept));
	if (policy)
		free(TAKE(p->record));
	pauses_tell(l->pauses, p->ns, p->name);
	if (!policy)
		return;
	autoscalers_want(l->autoscalers, policy);
	scope_want(l->scope, policy);
	calendar_tell(l, p->ns, p->name);
}

/* The shard by the version that would be in force without the present text. */
static void place_by_kept(struct entry *p)
{
	struct policy *policy =
		p->kept ? policy_parse(p->ns, p->name, p->kept, strlen(p->kept), NULL)
			: NULL;
	if (policy)
		p->shard = shards_of(p->book->loop->shards, p->ns, policy->target.name);
	p->placed = true;
	policy_free(policy);
}

static bool tell_the_same(const cJSON *a, const cJSON *b)
{
	return !strcmp(json_str(a, "holder", ""), json_str(b, "holder", "")) &&
	       !strcmp(json_str(a, "lease", ""), json_str(b, "lease", ""));
}

/* Who reads the status object asks the one that it names. */
static void note_holder(struct entry *p, const cJSON *before)
{
	const struct loop *l = p->book->loop;
	const struct policy_status *status =
		engine_policy_named(l->engine, p->ns, p->name);
	cJSON *now AUTO(json_cleanup) = cJSON_CreateObject();
	shards_tell(l->shards, p->shard, now);
	if (before && status && !tell_the_same(before, now))
		book_status(p->book, status);
}

/* text: of STATUS_KEY, or NULL. */
void entry_take_record(struct entry *p, const char *version, const char *text)
{
	cJSON *status AUTO(json_cleanup) =
		text ? json_parse(text, strlen(text), NULL) : NULL;
	snprintf(p->version, sizeof(p->version), "%s", version);
	free(p->record);
	p->record = record_new();
	record_from_json(json_at(status, "record"), p->record);
	free(p->kept);
	p->kept = xstrdup(json_str(status, "record.policy", NULL));
	if (!p->placed)
		place_by_kept(p);
	const struct part *part = &p->book->parts[p->shard];
	/* One that is listed later takes what the list brings. */
	if (part->listed || part->in_list) {
		give(p);
		note_holder(p, status);
	} else {
		forget_status(p);
	}
}

const char *book_status_text(const cJSON *object)
{
	const cJSON *data = json_at(object, "data");
	const cJSON *text = cJSON_GetObjectItemCaseSensitive(data, STATUS_KEY);
	return cJSON_IsString(text) ? text->valuestring : NULL;
}

static void on_status_read(void *arg, const struct kube_reply *reply)
{
	struct entry *p = arg;
	p->call = NULL;
	if (!reply->object && reply->status != 404) {
		log_error("Could not read a status object", KV_TEXT("policy", p->name),
			  KV_TEXT("err", reply->err.msg));
		timer_set(p->book->loop->config.reactor, &p->retry, RETRY_MS,
			  entry_read_status, p);
		return;
	}
	entry_take_record(p, json_str(reply->object, "metadata.resourceVersion", ""),
			  book_status_text(reply->object));
}

void entry_read_status(void *arg)
{
	struct entry *p = arg;
	p->state = ENTRY_READING;
	char *name AUTO_FREE = entry_status_name(p);
	p->call = kube_configmap_get(p->book->loop->kube,
				     loop_status_namespace(p->book->loop), name,
				     on_status_read, p);
}

/* Some status objects are: what comes from now on reads its own. */
static bool is_listed(const struct book *b)
{
	for (int32_t i = 0; i < shards_count(b->loop->shards); i++)
		if (b->parts[i].listed)
			return true;
	return false;
}

void entry_feed(struct entry *p)
{
	const struct part *part = &p->book->parts[p->shard];
	if (p->placed ? !part->feeding : !is_listed(p->book))
		return;
	switch (p->state) {
	case ENTRY_NEW:
		/* A dry run beside a real one must not take its record for its own. */
		if (p->book->loop->config.dry_run)
			give(p);
		else if (part->listed || !p->placed)
			entry_read_status(p);
		return;
	case ENTRY_READING:
		return; /* the newest text is given when the answer is there */
	case ENTRY_READ:
		give(p);
		return;
	}
}

/* --- the watch --- */

/* A place has become free: for the oldest of those that were turned away. */
static void give_place(struct book *b)
{
	struct entry *oldest = NULL;
	if (!b->turned_away)
		return;
	for (struct entry *p = b->entries; p; p = p->next)
		if (p->turned_away && (!oldest || p->created_ms < oldest->created_ms))
			oldest = p;
	give(oldest);
}

int32_t book_turned_away(const struct book *b)
{
	return b->turned_away;
}

/* The engine forgets the policy. */
void entry_leave(struct entry *p)
{
	struct book *b = p->book;
	bool known = p->state == ENTRY_READ;
	bool had_place = known && !p->turned_away;
	note_place(p, true);
	forget_status(p);
	if (known) {
		struct event event = {.type = EVENT_POLICY_GONE};
		event.u.policy_gone.ns = p->ns;
		event.u.policy_gone.name = p->name;
		loop_step(b->loop, &event);
		scope_prune(b->loop->scope);
		autoscalers_prune(b->loop->autoscalers);
	}
	if (had_place)
		give_place(b);
}

/* Two policies of one target must be in one hand, so the target tells the shard. A text
 * that cannot be used leaves the version before it in force, and with it the shard. */
static void place(struct entry *p)
{
	const struct shards *s = p->book->loop->shards;
	struct policy *policy =
		shards_count(s) > 1 && p->text
			? policy_parse(p->ns, p->name, p->text, strlen(p->text), NULL)
			: NULL;
	if (!policy)
		return;
	int32_t shard = shards_of(s, p->ns, policy->target.name);
	policy_free(policy);
	if (shard != p->shard || !p->placed)
		entry_leave(p);
	p->shard = shard;
	p->placed = true;
}

static void leave_bucket(struct entry *p)
{
	struct entry **at = &p->book->buckets[book_bucket(p->name)];
	while (*at != p)
		at = &(*at)->chain;
	*at = p->chain;
}

static void drop(struct book *b, const char *ns, const char *name)
{
	for (struct entry **at = &b->entries; *at; at = &(*at)->next) {
		struct entry *p = *at;
		if (strcmp(p->name, name) || strcmp(p->ns, ns))
			continue;
		*at = p->next;
		leave_bucket(p);
		log_info("A policy has gone", KV_TEXT("policy", name),
			 KV_TEXT("namespace", ns));
		entry_leave(p);
		free_entry(p);
		return;
	}
}

static void on_object(void *arg, enum kube_change change, const cJSON *object)
{
	const struct ward *w = arg;
	struct book *b = w->book;
	const char *ns = json_str(object, "metadata.namespace", "");
	const char *name = json_str(object, "metadata.name", "");
	if (!loop_serves(b->loop, ns))
		return;
	if (change == KUBE_DELETED) {
		drop(b, ns, name);
		return;
	}
	const cJSON *text =
		cJSON_GetObjectItemCaseSensitive(json_at(object, "data"), POLICY_KEY);
	const char *fresh = cJSON_IsString(text) ? text->valuestring : NULL;
	struct entry *p = book_find(b, ns, name);
	if (p && p->text && fresh && !strcmp(p->text, fresh))
		return; /* labels or annotations changed */
	if (!p) {
		p = xcalloc(1, sizeof(*p));
		p->book = b;
		p->ns = xstrdup(ns);
		p->name = xstrdup(name);
		p->uid = xstrdup(json_str(object, "metadata.uid", ""));
		p->shard = shards_of(b->loop->shards, ns, name);
		p->placed = shards_count(b->loop->shards) == 1;
		if (time_parse(json_str(object, "metadata.creationTimestamp", ""),
			       &p->created_ms, NULL) < 0)
			p->created_ms = 0;
		p->next = b->entries;
		b->entries = p;
		p->chain = b->buckets[book_bucket(name)];
		b->buckets[book_bucket(name)] = p;
	}
	free(p->text);
	p->text = xstrdup(fresh);
	place(p);
	entry_feed(p);
}

static const struct ward *find_unsynced(const struct book *b)
{
	for (int32_t i = 0; i < b->ward_count; i++)
		if (!b->wards[i].synced)
			return &b->wards[i];
	return NULL;
}

static void on_synced(void *arg)
{
	struct ward *w = arg;
	struct book *b = w->book;
	w->synced = true;
	const struct ward *missing = find_unsynced(b);
	b->synced = !missing;
	if (b->synced) {
		free(TAKE(b->trouble));
		book_list_soon(b);
	}
	if (!b->loop->telemetry)
		return;
	char *text AUTO_FREE =
		missing ? xasprintf("waiting for the policies of namespace %s",
				    missing->ns)
			: xstrdup("ok");
	telemetry_ready(b->loop->telemetry, b->synced, text);
}

static void on_state(void *arg, const char *text, const struct err *err)
{
	const struct ward *w = arg;
	const char *where = w->ns ? w->ns : "*";
	struct telemetry *telemetry = w->book->loop->telemetry;
	if (err && telemetry)
		telemetry_watch_broke(telemetry, "policies");
	if (err && !w->synced) {
		free(w->book->trouble);
		w->book->trouble = xstrdup(err->msg);
	}
	if (err)
		log_error("The watch of policies is interrupted",
			  KV_TEXT("namespace", where), KV_TEXT("err", err->msg),
			  KV_TEXT("next", text));
	else
		log_info("Watches policies", KV_TEXT("namespace", where),
			 KV_TEXT("how", text));
}

static void on_expired(void *arg, const struct err *err)
{
	const struct ward *w = arg;
	struct telemetry *telemetry = w->book->loop->telemetry;
	if (telemetry)
		telemetry_watch_expired(telemetry, "policies");
	log_info("Lists policies anew", KV_TEXT("namespace", w->ns ? w->ns : "*"),
		 KV_TEXT("because", err->msg));
}

static int watch_ward(struct ward *w, struct err *err)
{
	char *path AUTO_FREE = kube_collection_path("v1", "configmaps", w->ns);
	struct kube_watch_options options = {
		.path = path,
		.label_selector = POLICY_LABEL,
		.on_object = on_object,
		.on_synced = on_synced,
		.on_state = on_state,
		.on_expired = on_expired,
		.arg = w,
	};
	w->watch = kube_watch_new(w->book->loop->kube, &options, err);
	return w->watch ? 0 : -1;
}

int book_watch(struct book *b, struct err *err)
{
	const struct config_names named = loop_named(b->loop);
	b->ward_count = named.count ? named.count : 1;
	b->wards = xcalloc((size_t)b->ward_count, sizeof(b->wards[0]));
	for (int32_t i = 0; i < b->ward_count; i++) {
		b->wards[i].book = b;
		b->wards[i].ns = named.count ? xstrdup(named.names[i]) : NULL;
		if (watch_ward(&b->wards[i], err) < 0)
			return -1;
	}
	return 0;
}

void book_each(const struct book *b, book_seen *seen, void *arg)
{
	for (const struct entry *p = b->entries; p; p = p->next)
		seen(arg, p->ns, p->name, p->shard);
}

void book_distrust(struct book *b)
{
	b->synced = false;
	for (int32_t i = 0; i < b->ward_count; i++) {
		/* One that has told nothing yet lists anyway. It may have waited longer
		 * and longer for a server that is back now. */
		if (b->wards[i].synced)
			kube_watch_relist(b->wards[i].watch);
		else
			kube_watch_hurry(b->wards[i].watch);
		b->wards[i].synced = false;
	}
}

void book_hurry(struct book *b)
{
	for (int32_t i = 0; i < b->ward_count; i++)
		kube_watch_hurry(b->wards[i].watch);
}

bool book_idle(const struct book *b)
{
	for (const struct entry *p = b->entries; p; p = p->next)
		if (p->stale || p->status || p->call)
			return false;
	return true;
}

bool book_synced(const struct book *b)
{
	return b->synced;
}

const char *book_trouble(const struct book *b)
{
	return b->trouble;
}

bool book_fed(const struct book *b)
{
	const struct shards *s = b->loop->shards;
	for (int32_t i = 0; i < shards_count(s); i++)
		if (shards_mine(s, i) && !b->parts[i].feeding)
			return false;
	for (const struct entry *p = b->entries; p; p = p->next)
		if (p->state != ENTRY_READ && (!p->placed || b->parts[p->shard].feeding))
			return false;
	return shards_held(s) > 0;
}
