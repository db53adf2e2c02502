/* Who leads what. One shard: one Lease, and its loss ends the process. Several: a Lease
 * for each, which replicas hold by fair parts, and over them a common one in the name of
 * the number of shards, so that replicas of two numbers never act beside each other. */
#include "loop/shards.h"

#include "loop/roster.h"
#include "loop/share.h"

#include <stdlib.h>
#include <string.h>

/* How often it is looked whether the writes of a shard that is given away have ended. */
#define LEAVE_POLL_MS 20
/* The end of the write that gives a Lease away is waited for so long. */
#define LEAVE_BOUND_MS 2000

struct shard {
	struct shards *owner;
	int32_t number;
	char *lease_name;
	struct kube_lease *lease; /* NULL: there is no election, or it is opened anew */
	struct kube_permit permit;
	bool leading; /* the Lease is ours */
	bool mine;    /* so is the common one, and the policies are decided here */
	bool leaving; /* it is being given to another replica */
	bool releasing, left; /* the write that gives it away has begun, has ended */
	int64_t since_ms;     /* it is led */
	int64_t leave_until_ms;
	struct timer timer;
};

struct shards {
	struct loop *loop;
	struct shard *items;
	int32_t count;
	char *ns, *lease_name;
	struct config_election times; /* no texts */
	struct kube_lease *common;    /* NULL: one shard, or no election */
	char group[KUBE_GROUP_SIZE];
	bool common_leading;
	/* Who has not renewed for the renew deadline may not act any more: it is not
	 * counted when, later, its Leases have run out. */
	struct roster roster;
	struct timer step;
	/* The API server could not be reached of late: what watches told may be old. */
	bool doubt;
	int64_t hurried_ms; /* the watches, monotonic; 0: never */
	bool ending;
	int32_t ends_awaited;
	void (*ended)(void *arg);
	void *ended_arg;
};

/* --- what is ours --- */

static bool group_leads(const struct shards *s)
{
	return s->count == 1 || s->common_leading;
}

static void settle(struct shard *shard)
{
	struct shards *s = shard->owner;
	bool mine = shard->leading && !shard->leaving && group_leads(s);
	if (mine == shard->mine)
		return;
	shard->mine = mine;
	if (mine) {
		bool doubt = s->doubt;
		s->doubt = false;
		loop_gain(s->loop, shard->number, doubt);
	} else {
		loop_lose(s->loop, shard->number);
	}
}

static bool may_write(void *arg)
{
	const struct shard *shard = arg;
	const struct shards *s = shard->owner;
	if (!shard->mine || shard->leaving || s->ending)
		return false;
	if (shard->lease && !kube_lease_valid(shard->lease))
		return false;
	return !s->common || kube_lease_valid(s->common);
}

static const char *own_name(const struct shards *s)
{
	return s->roster.self;
}

const char *shards_holder(const struct shards *s, int32_t i)
{
	const struct shard *shard = &s->items[i];
	if (shard->leading)
		return shard->mine ? own_name(s) : "";
	const char *holder = shard->lease ? kube_lease_holder(shard->lease) : "";
	return kube_shard_group_read(holder) ? "" : holder;
}

/* --- the parts --- */

static int32_t held(const struct shards *s)
{
	int32_t count = 0;
	for (int32_t i = 0; i < s->count; i++)
		count += s->items[i].leading && !s->items[i].leaving;
	return count;
}

static int32_t held_by(const struct shards *s, const char *identity)
{
	int32_t count = 0;
	for (int32_t i = 0; i < s->count; i++)
		count += s->items[i].lease && !s->items[i].leading &&
			 !strcmp(kube_lease_holder(s->items[i].lease), identity);
	return count;
}

static int32_t own_part(const struct shards *s)
{
	struct share replicas[ROSTER_MAX + 1];
	int64_t now_ms = monotonic_ms();
	int32_t count = 0;
	replicas[count++] = (struct share){own_name(s), held(s)};
	for (int32_t i = 0; i < s->roster.other_count; i++) {
		const char *other = s->roster.others[i].identity;
		if (roster_lives(&s->roster, i, now_ms))
			replicas[count++] = (struct share){other, held_by(s, other)};
	}
	return share_part(replicas, count, own_name(s), s->count);
}

/* Up to its part a replica takes what is free; beyond, only what nobody else looks after.
 */
static enum lease_appetite appetite(void *arg)
{
	const struct shard *shard = arg;
	const struct shards *s = shard->owner;
	int32_t count = held(s);
	if (s->ending || !group_leads(s))
		return LEASE_TAKE_NONE;
	for (int32_t i = 0; i < s->count; i++)
		count += s->items[i].lease && kube_lease_reaching(s->items[i].lease);
	return count < own_part(s) ? LEASE_TAKE_ANY : LEASE_TAKE_RUN_OUT;
}

/* --- a shard goes to another replica --- */

static int open_shard(struct shard *shard, struct err *err);

static void reopen(void *arg)
{
	struct shard *shard = arg;
	struct err err = {0};
	kube_lease_free(TAKE(shard->lease));
	shard->leaving = shard->releasing = shard->left = false;
	/* The times were good before. */
	if (open_shard(shard, &err) < 0)
		log_error("Could not take part in an election again",
			  KV_TEXT("lease", shard->lease_name), KV_TEXT("err", err.msg));
}

static void one_ended(void *arg)
{
	struct shards *s = arg;
	if (--s->ends_awaited == 0 && s->ended)
		s->ended(s->ended_arg);
}

static void on_left(void *arg)
{
	struct shard *shard = arg;
	shard->left = true;
	if (shard->owner->ending)
		one_ended(shard->owner);
	else
		timer_set(shard->owner->loop->config.reactor, &shard->timer, 0, reopen,
			  shard);
}

/* Only when no write is under way any more may another replica begin. */
static void leave(void *arg)
{
	struct shard *shard = arg;
	struct shards *s = shard->owner;
	if (loop_writing(s->loop, shard->number) &&
	    monotonic_ms() < shard->leave_until_ms) {
		timer_set(s->loop->config.reactor, &shard->timer, LEAVE_POLL_MS, leave,
			  shard);
		return;
	}
	shard->leading = false;
	shard->releasing = true;
	settle(shard);
	kube_lease_release(shard->lease, LEAVE_BOUND_MS, on_left, shard);
}

static void let_go(struct shard *shard)
{
	struct shards *s = shard->owner;
	shard->leaving = true;
	shard->leave_until_ms = monotonic_ms() + s->times.renew_deadline_ms;
	log_info("Gives a shard to another replica", KV_NUM("shard", shard->number),
		 KV_NUM("of", s->count));
	timer_set(s->loop->config.reactor, &shard->timer, 0, leave, shard);
}

/* Who holds more than its part lets one go at a time, the one that it has held for the
 * shortest time. */
static void step(void *arg)
{
	struct shards *s = arg;
	struct shard *youngest = NULL;
	timer_set(s->loop->config.reactor, &s->step, s->times.retry_period_ms, step, s);
	for (int32_t i = 0; i < s->count; i++) {
		struct shard *shard = &s->items[i];
		if (shard->leaving)
			return;
		if (shard->leading && (!youngest || shard->since_ms > youngest->since_ms))
			youngest = shard;
	}
	if (youngest && group_leads(s) && held(s) > own_part(s))
		let_go(youngest);
}

/* --- Leases --- */

static void on_leading(void *arg)
{
	struct shard *shard = arg;
	shard->leading = true;
	shard->since_ms = monotonic_ms();
	settle(shard);
}

static void on_following(void *arg, const char *holder, const char *why)
{
	struct shard *shard = arg;
	struct shards *s = shard->owner;
	bool lost = shard->leading;
	shard->leading = false;
	s->doubt |= lost;
	if (s->count == 1) {
		if (lost)
			loop_lost(s->loop, holder, why);
		else
			log_info("Stands by", KV_TEXT("leader", holder));
		return;
	}
	if (lost)
		log_error("Lost a shard", KV_NUM("shard", shard->number),
			  KV_TEXT("holder", holder), KV_TEXT("why", why));
	else
		log_info("Another replica has the shard", KV_NUM("shard", shard->number),
			 KV_TEXT("holder", holder));
	/* What was to be given away is gone. */
	if (shard->leaving && !shard->releasing) {
		timer_cancel(&shard->timer);
		shard->leaving = false;
	}
	settle(shard);
}

static void tell_trouble(const char *lease, const struct err *err)
{
	log_error("The Lease could not be renewed", KV_TEXT("lease", lease),
		  KV_TEXT("err", err->msg));
}

static void on_trouble(void *arg, const struct err *err)
{
	const struct shard *shard = arg;
	shard->owner->doubt = true;
	tell_trouble(shard->lease_name, err);
}

/* Leases that were kept come back from an outage one after the other. And where renewals
 * fail again and again, the server is not back: pauses may grow to their longest. */
static void recover(struct shards *s)
{
	int64_t now_ms = monotonic_ms();
	if (s->hurried_ms && now_ms - s->hurried_ms < BACKOFF_MAX_MS)
		return;
	s->hurried_ms = now_ms;
	loop_hurry(s->loop);
}

static void on_recovered(void *arg)
{
	const struct shard *shard = arg;
	recover(shard->owner);
}

static void on_common_recovered(void *arg)
{
	recover(arg);
}

static struct kube_lease_options common_options(const struct shards *s)
{
	return (struct kube_lease_options){
		.ns = s->ns,
		.duration_ms = s->times.lease_duration_ms,
		.renew_deadline_ms = s->times.renew_deadline_ms,
		.retry_ms = s->times.retry_period_ms,
	};
}

static int open_shard(struct shard *shard, struct err *err)
{
	struct shards *s = shard->owner;
	struct kube_lease_options options = common_options(s);
	options.name = shard->lease_name;
	options.identity = *own_name(s) ? own_name(s) : NULL;
	options.on_leading = on_leading;
	options.on_following = on_following;
	options.on_trouble = on_trouble;
	options.on_recovered = on_recovered;
	options.appetite = s->count > 1 ? appetite : NULL;
	options.arg = shard;
	shard->lease = kube_lease_new(s->loop->kube, &options, err);
	return shard->lease ? 0 : -1;
}

/* --- the common Lease --- */

static void on_common_leading(void *arg)
{
	struct shards *s = arg;
	s->common_leading = true;
	log_info("Takes part in the shards", KV_NUM("shards", s->count));
	for (int32_t i = 0; i < s->count; i++)
		settle(&s->items[i]);
}

static void on_common_following(void *arg, const char *holder, const char *why)
{
	struct shards *s = arg;
	bool lost = s->common_leading;
	s->common_leading = false;
	s->doubt |= lost;
	if (lost)
		log_error("Lost the common Lease of the shards",
			  KV_TEXT("holder", holder), KV_TEXT("why", why));
	else
		log_info("Stands by: replicas with another number of shards lead",
			 KV_TEXT("holder", holder), KV_NUM("shards", s->count));
	for (int32_t i = 0; i < s->count; i++)
		settle(&s->items[i]);
}

static void on_common_trouble(void *arg, const struct err *err)
{
	struct shards *s = arg;
	s->doubt = true;
	tell_trouble(s->lease_name, err);
}

static void sign(void *arg, cJSON *object)
{
	struct shards *s = arg;
	char *text AUTO_FREE = roster_write(&s->roster, !s->ending, monotonic_ms());
	cJSON *metadata = cJSON_GetObjectItemCaseSensitive(object, "metadata");
	cJSON *notes = cJSON_GetObjectItemCaseSensitive(metadata, "annotations");
	if (!cJSON_IsObject(notes)) {
		cJSON_DeleteItemFromObjectCaseSensitive(metadata, "annotations");
		notes = cJSON_AddObjectToObject(metadata, "annotations");
	}
	cJSON_DeleteItemFromObjectCaseSensitive(notes, KUBE_REPLICAS_ANNOTATION);
	cJSON_AddStringToObject(notes, KUBE_REPLICAS_ANNOTATION, text);
}

static void on_common_seen(void *arg, const cJSON *object)
{
	struct shards *s = arg;
	const cJSON *notes = json_at(object, "metadata.annotations");
	const cJSON *text =
		cJSON_GetObjectItemCaseSensitive(notes, KUBE_REPLICAS_ANNOTATION);
	roster_read(&s->roster, cJSON_IsString(text) ? text->valuestring : NULL,
		    monotonic_ms());
}

static bool others_stay(void *arg, const cJSON *object)
{
	const struct shards *s = arg;
	(void)object; /* on_common_seen has read it */
	return roster_others(&s->roster, monotonic_ms()) > 0;
}

static int open_common(struct shards *s, struct err *err)
{
	struct kube_lease_options options = common_options(s);
	kube_shard_group(s->count, s->group);
	options.name = s->lease_name;
	options.identity = s->group;
	options.on_leading = on_common_leading;
	options.on_following = on_common_following;
	options.on_trouble = on_common_trouble;
	options.on_recovered = on_common_recovered;
	options.amend = sign;
	options.on_seen = on_common_seen;
	options.stays = others_stay;
	options.arg = s;
	s->common = kube_lease_new(s->loop->kube, &options, err);
	if (!s->common)
		return -1;
	timer_set(s->loop->config.reactor, &s->step, s->times.retry_period_ms, step, s);
	return 0;
}

/* --- all of them --- */

static int open_leases(struct shards *s, struct err *err)
{
	if (s->count > 1 && open_common(s, err) < 0)
		return -1;
	for (int32_t i = 0; i < s->count; i++)
		if (open_shard(&s->items[i], err) < 0)
			return -1;
	if (!*own_name(s))
		roster_init(&s->roster, kube_lease_identity(s->items[0].lease),
			    s->times.renew_deadline_ms);
	return 0;
}

struct shards *shards_new(struct loop *l)
{
	struct shards *s = xcalloc(1, sizeof(*s));
	const struct config_election *e = &l->config.controller->election;
	bool elected = !l->config.dry_run && e->enabled;
	s->loop = l;
	s->times = *e;
	s->times.lease_name = s->times.lease_namespace = NULL;
	s->ns = xstrdup(e->lease_namespace ? e->lease_namespace
					   : l->config.kube->namespace_);
	s->lease_name = xstrdup(e->lease_name);
	s->count = elected ? e->shards : 1;
	s->items = xcalloc((size_t)s->count, sizeof(s->items[0]));
	roster_init(&s->roster, l->config.instance ? l->config.instance : "",
		    e->renew_deadline_ms);
	for (int32_t i = 0; i < s->count; i++) {
		struct shard *shard = &s->items[i];
		shard->owner = s;
		shard->number = i;
		shard->permit = (struct kube_permit){may_write, shard};
		shard->lease_name =
			s->count == 1 ? xstrdup(e->lease_name)
				      : kube_shard_lease(e->lease_name, i, s->count);
	}
	return s;
}

int shards_start(struct shards *s, struct err *err)
{
	const struct loop *l = s->loop;
	if (!l->config.dry_run && l->config.controller->election.enabled)
		return open_leases(s, err);
	on_leading(&s->items[0]);
	return 0;
}

void shards_free(struct shards *s)
{
	if (!s)
		return;
	timer_cancel(&s->step);
	for (int32_t i = 0; i < s->count; i++) {
		timer_cancel(&s->items[i].timer);
		kube_lease_free(s->items[i].lease);
		free(s->items[i].lease_name);
	}
	kube_lease_free(s->common);
	free(s->items);
	free(s->ns);
	free(s->lease_name);
	free(s);
}

void shards_release(struct shards *s, int64_t bound_ms, void (*done)(void *arg),
		    void *arg)
{
	s->ending = true;
	s->ended = done;
	s->ended_arg = arg;
	timer_cancel(&s->step);
	for (int32_t i = 0; i < s->count; i++) {
		timer_cancel(&s->items[i].timer);
		s->ends_awaited += s->items[i].lease && !s->items[i].left;
	}
	s->ends_awaited += s->common != NULL;
	if (!s->ends_awaited)
		timer_set(s->loop->config.reactor, &s->step, 0, done, arg);
	for (int32_t i = 0; i < s->count; i++) {
		struct shard *shard = &s->items[i];
		if (shard->lease && !shard->releasing)
			kube_lease_release(shard->lease, bound_ms, one_ended, s);
	}
	if (s->common)
		kube_lease_release(s->common, bound_ms, one_ended, s);
}

/* --- what others ask --- */

int32_t shards_count(const struct shards *s)
{
	return s->count;
}

int32_t shards_of(const struct shards *s, const char *ns, const char *target)
{
	return s->count == 1 ? 0 : share_shard(ns, target, s->count);
}

bool shards_mine(const struct shards *s, int32_t i)
{
	return s->items[i].mine;
}

int32_t shards_held(const struct shards *s)
{
	int32_t count = 0;
	for (int32_t i = 0; i < s->count; i++)
		count += s->items[i].mine;
	return count;
}

bool shards_placed(const struct shards *s)
{
	for (int32_t i = 0; i < s->count; i++)
		if (!s->items[i].mine && !*shards_holder(s, i))
			return false;
	return shards_held(s) > 0;
}

bool shards_may_write(const struct shards *s, int32_t i)
{
	return may_write(&s->items[i]);
}

const struct kube_permit *shards_permit(const struct shards *s, int32_t i)
{
	return &s->items[i].permit;
}

void shards_tell(const struct shards *s, int32_t i, cJSON *status)
{
	const struct shard *shard = &s->items[i];
	if (!shard->lease)
		return;
	char *lease AUTO_FREE = xasprintf("%s/%s", s->ns, shard->lease_name);
	cJSON_AddStringToObject(status, "holder", shards_holder(s, i));
	cJSON_AddStringToObject(status, "lease", lease);
	if (s->count == 1)
		return;
	cJSON_AddNumberToObject(status, "shard", i);
	cJSON_AddNumberToObject(status, "shards", s->count);
}

const char *shards_lease_name(const struct shards *s, int32_t i)
{
	return s->items[i].lease_name;
}

int32_t shards_replicas(const struct shards *s)
{
	return s->common ? 1 + roster_others(&s->roster, monotonic_ms()) : 1;
}
