#include "kube/lease.h"

#include "kube/configmap.h"
#include "kube/discovery.h"
#include "kube/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DURATION_MS 15000
#define RENEW_MS    10000
#define RETRY_MS    2000
#define GROUP       "coordination.k8s.io/v1"

struct kube_lease {
	struct kube *kube;
	struct kube_lease_options options;
	char *ns, *name, *path, *collection;
	struct lease_state state;
	struct lease_order order; /* the last one */
	cJSON *object; /* as last read: what is not ours in it is written back */
	struct kube_call *call;
	struct timer wait, expiry, bound;
	int64_t wait_due_ms; /* when `wait` should fire, monotonic */
	int64_t late_ms;     /* our timers came so much too late since the last renewal */
	bool failing;        /* the last try to read or write it failed */
	bool told, told_leading;
	char told_holder[LEASE_HOLDER_SIZE], told_trouble[sizeof(((struct err *)0)->msg)];
	void (*released)(void *arg);
	void *released_arg;
};

static void follow_order(struct kube_lease *l);

/* --- the object --- */

static void copy_text(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
}

/* 0, or -1 when it is no Lease. */
static int read_record(const cJSON *object, struct lease_record *ret_record)
{
	struct lease_record r = {0};
	const char *version = json_str(object, "metadata.resourceVersion", "");
	if (!*version || strlen(version) >= sizeof(r.version) ||
	    strcmp(json_str(object, "kind", ""), "Lease") != 0)
		return -1;
	copy_text(r.version, sizeof(r.version), version);
	copy_text(r.holder, sizeof(r.holder),
		  json_str(object, "spec.holderIdentity", ""));
	copy_text(r.acquire_time, sizeof(r.acquire_time),
		  json_str(object, "spec.acquireTime", ""));
	copy_text(r.renew_time, sizeof(r.renew_time),
		  json_str(object, "spec.renewTime", ""));
	int64_t duration = json_int(object, "spec.leaseDurationSeconds", 0);
	int64_t transitions = json_int(object, "spec.leaseTransitions", 0);
	r.duration_s = duration > 0 && duration < 86400 ? (int32_t)duration : 0;
	r.transitions =
		transitions > 0 && transitions < INT32_MAX ? (int32_t)transitions : 0;
	*ret_record = r;
	return 0;
}

static void set(cJSON *object, const char *key, cJSON *value)
{
	cJSON_DeleteItemFromObjectCaseSensitive(object, key);
	cJSON_AddItemToObject(object, key, value);
}

static cJSON *child(cJSON *object, const char *key)
{
	cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
	return cJSON_IsObject(item) ? item : cJSON_AddObjectToObject(object, key);
}

/* The object as it was read, labels and all, with our spec in it. */
static cJSON *body_of(const struct kube_lease *l, const struct lease_order *order)
{
	bool update = order->action == LEASE_UPDATE && l->object;
	cJSON *body = update ? cJSON_Duplicate(l->object, true) : cJSON_CreateObject();
	cJSON *metadata = child(body, "metadata");
	set(body, "apiVersion", cJSON_CreateString(GROUP));
	set(body, "kind", cJSON_CreateString("Lease"));
	set(metadata, "name", cJSON_CreateString(l->name));
	set(metadata, "namespace", cJSON_CreateString(l->ns));
	cJSON_DeleteItemFromObjectCaseSensitive(metadata, "managedFields");
	set(child(metadata, "labels"), KUBE_PART_OF_LABEL, cJSON_CreateString("foretop"));
	if (order->action == LEASE_UPDATE)
		set(metadata, "resourceVersion",
		    cJSON_CreateString(order->record.version));
	cJSON *spec = child(body, "spec");
	const struct lease_record *r = &order->record;
	set(spec, "holderIdentity", cJSON_CreateString(r->holder));
	set(spec, "leaseDurationSeconds", cJSON_CreateNumber(r->duration_s));
	set(spec, "acquireTime", cJSON_CreateString(r->acquire_time));
	set(spec, "renewTime", cJSON_CreateString(r->renew_time));
	set(spec, "leaseTransitions", cJSON_CreateNumber(r->transitions));
	if (l->options.amend)
		l->options.amend(l->options.arg, body);
	return body;
}

/* --- telling the owner --- */

static void tell_trouble(struct kube_lease *l, const struct err *err)
{
	if (!strcmp(l->told_trouble, err->msg))
		return;
	copy_text(l->told_trouble, sizeof(l->told_trouble), err->msg);
	if (err->msg[0] && l->options.on_trouble)
		l->options.on_trouble(l->options.arg, err);
}

/* Timers that come later than this say that the process did not get to run. */
#define LATE_MS 1000

static void note_lateness(struct kube_lease *l, int64_t due_ms)
{
	int64_t late_ms = monotonic_ms() - due_ms;
	if (late_ms > 0)
		l->late_ms += late_ms;
}

/* Why the lead is lost. */
static void describe_loss(const struct kube_lease *l, char *out, size_t size)
{
	const struct lease_state *s = &l->state;
	int64_t now_ms = monotonic_ms();
	if (strcmp(s->seen.holder, s->identity) != 0) {
		snprintf(out, size, "the Lease names another holder: \"%s\"",
			 s->seen.holder);
		return;
	}
	int n = snprintf(out, size, "not renewed for %.1f s, %.1f s are allowed",
			 (double)(now_ms - s->renewed_ms) / MS_PER_S,
			 (double)s->times.renew_ms / MS_PER_S);
	if (l->late_ms > LATE_MS)
		snprintf(out + n, size - (size_t)n,
			 "; this process did not get to run for %.1f s of them (too "
			 "little CPU, or it was frozen)",
			 (double)l->late_ms / MS_PER_S);
	else if (l->told_trouble[0])
		snprintf(out + n, size - (size_t)n, "; %s", l->told_trouble);
	else if (l->call)
		snprintf(out + n, size - (size_t)n,
			 "; the API server has not answered for %.1f s",
			 (double)(now_ms - s->sent_ms) / MS_PER_S);
}

static void tell_state(struct kube_lease *l)
{
	bool leading = l->state.leading && !l->state.releasing;
	const char *holder = l->state.seen.holder;
	if (leading)
		holder = l->state.identity;
	else if (!strcmp(holder, l->state.identity))
		holder = ""; /* ours by the record, but run out */
	if (l->told && leading == l->told_leading && !strcmp(holder, l->told_holder))
		return;
	/* Nothing is known before the first attempt is over. */
	if (!l->told && l->order.action != LEASE_WAIT)
		return;
	bool changed = !l->told || leading != l->told_leading || !leading;
	bool lost = l->told_leading && !leading;
	l->told = true;
	l->told_leading = leading;
	copy_text(l->told_holder, sizeof(l->told_holder), holder);
	if (!changed || l->state.releasing)
		return;
	char why[512] = "";
	if (lost)
		describe_loss(l, why, sizeof(why));
	if (leading)
		l->options.on_leading(l->options.arg);
	else
		l->options.on_following(l->options.arg, l->told_holder, why);
}

static void on_expiry(void *arg)
{
	struct kube_lease *l = arg;
	note_lateness(l, lease_state_expires_ms(&l->state));
	lease_state_expire(&l->state, monotonic_ms());
	if (l->state.leading) {
		timer_set(session_reactor(l->kube), &l->expiry,
			  lease_state_expires_ms(&l->state) - monotonic_ms(), on_expiry,
			  l);
		return;
	}
	tell_state(l);
}

/* --- orders --- */

static void finish_release(void *arg)
{
	struct kube_lease *l = arg;
	void (*done)(void *) = TAKE(l->released);
	timer_cancel(&l->wait);
	timer_cancel(&l->bound);
	kube_cancel(TAKE(l->call));
	if (done)
		done(l->released_arg);
}

/* What the owner says of it now: asked right before the state goes on. */
static void ask_owner(struct kube_lease *l)
{
	const struct kube_lease_options *o = &l->options;
	l->state.appetite = o->appetite ? o->appetite(o->arg) : LEASE_TAKE_ANY;
	l->state.stays = o->stays && l->object && o->stays(o->arg, l->object);
}

static void on_wake(void *arg)
{
	struct kube_lease *l = arg;
	note_lateness(l, l->wait_due_ms);
	/* Also the timer that ran out while the process was frozen. */
	lease_state_expire(&l->state, monotonic_ms());
	if (l->told)
		tell_state(l);
	lease_state_wake(&l->state, monotonic_ms(), wall_ms(), &l->order);
	follow_order(l);
}

static enum lease_result result_of(const struct kube_reply *reply,
				   struct lease_record *ret_record)
{
	if (reply->err.code == ERR_NONE)
		return read_record(reply->object, ret_record) < 0 ? LEASE_FAILED
								  : LEASE_OK;
	if (reply->status == 404)
		return LEASE_MISSING;
	return reply->status == 409 ? LEASE_CONFLICT : LEASE_FAILED;
}

/* The state has the answer already; what it changed has not been told. */
static void note_recovery(struct kube_lease *l, enum lease_action answered,
			  enum lease_result result)
{
	if (result == LEASE_FAILED)
		l->failing = true;
	if (result != LEASE_OK || answered == LEASE_GET || !l->failing)
		return;
	l->failing = false;
	if (l->told_leading && l->state.leading && !l->state.releasing &&
	    l->options.on_recovered)
		l->options.on_recovered(l->options.arg);
}

static void on_reply(void *arg, const struct kube_reply *reply)
{
	struct kube_lease *l = arg;
	struct lease_record record = {0};
	enum lease_result result = result_of(reply, &record);
	l->call = NULL;
	if (result == LEASE_OK) {
		l->late_ms = 0;
		cJSON_Delete(l->object);
		l->object = cJSON_Duplicate(reply->object, true);
		if (l->options.on_seen)
			l->options.on_seen(l->options.arg, l->object);
	}
	enum lease_action answered = l->order.action;
	if (result == LEASE_MISSING && answered == LEASE_CREATE) /* the namespace is */
		result = LEASE_FAILED;
	if (result == LEASE_OK || result == LEASE_FAILED)
		tell_trouble(l, &reply->err);
	ask_owner(l);
	lease_state_answer(&l->state, result, &record, monotonic_ms(), wall_ms(),
			   &l->order);
	note_recovery(l, answered, result);
	follow_order(l);
}

static void send_order(struct kube_lease *l)
{
	bool get = l->order.action == LEASE_GET;
	bool create = l->order.action == LEASE_CREATE;
	cJSON *body AUTO(json_cleanup) = get ? NULL : body_of(l, &l->order);
	struct kube_request request = {
		.method = get      ? KUBE_GET
			  : create ? KUBE_POST
				   : KUBE_PUT,
		.path = create ? l->collection : l->path,
		.query = get ? NULL : FIELD_MANAGER,
		.body = body,
		/* A request that hangs must leave time for another before the deadline.
		 */
		.timeout_ms = l->state.times.renew_ms / 2,
		.urgent = true,
	};
	l->call = kube_send(l->kube, &request, on_reply, l);
}

static void follow_order(struct kube_lease *l)
{
	struct reactor *r = session_reactor(l->kube);
	if (l->state.leading)
		timer_set(r, &l->expiry,
			  lease_state_expires_ms(&l->state) - monotonic_ms(), on_expiry,
			  l);
	switch (l->order.action) {
	case LEASE_WAIT:
		l->wait_due_ms = monotonic_ms() + l->order.delay_ms;
		if (!l->state.releasing)
			timer_set(r, &l->wait, l->order.delay_ms, on_wake, l);
		break;
	case LEASE_GET:
	case LEASE_CREATE:
	case LEASE_UPDATE:
		send_order(l);
		break;
	case LEASE_DONE:
		/* Never from within kube_lease_release. */
		timer_set(r, &l->bound, 0, finish_release, l);
		break;
	}
	tell_state(l);
}

/* --- the owner's side --- */

/* Unique among candidates: the pod's name, or host and process. */
static void default_identity(char *out, size_t size)
{
	char host[128] = "unknown";
	const char *pod = getenv("POD_NAME");
	gethostname(host, sizeof(host) - 1);
	if (pod && *pod)
		snprintf(out, size, "%s", pod);
	else
		snprintf(out, size, "%s_%d", host, (int)getpid());
}

struct kube_lease *
kube_lease_new(struct kube *k, const struct kube_lease_options *options, struct err *err)
{
	char identity[LEASE_HOLDER_SIZE];
	default_identity(identity, sizeof(identity));
	struct lease_times times = {
		.duration_ms = options->duration_ms ? options->duration_ms : DURATION_MS,
		.renew_ms = options->renew_deadline_ms ? options->renew_deadline_ms
						       : RENEW_MS,
		.retry_ms = options->retry_ms ? options->retry_ms : RETRY_MS,
	};
	struct lease_state state;
	if (lease_state_init(&state, options->identity ? options->identity : identity,
			     &times, session_seed(k), err) < 0)
		return NULL;
	struct kube_lease *l = xcalloc(1, sizeof(*l));
	l->kube = k;
	l->options = *options;
	l->state = state;
	l->state.shared = options->stays != NULL;
	l->ns = xstrdup(options->ns);
	l->name = xstrdup(options->name);
	l->collection = kube_collection_path(GROUP, "leases", options->ns);
	char *escaped AUTO_FREE = kube_escape(options->name);
	l->path = xasprintf("%s/%s", l->collection, escaped);
	l->wait_due_ms = monotonic_ms();
	timer_set(session_reactor(k), &l->wait, 0, on_wake, l);
	return l;
}

void kube_lease_free(struct kube_lease *l)
{
	if (!l)
		return;
	timer_cancel(&l->wait);
	timer_cancel(&l->expiry);
	timer_cancel(&l->bound);
	kube_cancel(l->call);
	cJSON_Delete(l->object);
	free(l->ns);
	free(l->name);
	free(l->path);
	free(l->collection);
	free(l);
}

bool kube_lease_valid(const struct kube_lease *l)
{
	return lease_state_valid(&l->state, monotonic_ms());
}

bool kube_lease_reaching(const struct kube_lease *l)
{
	const struct lease_state *s = &l->state;
	return !s->leading && (s->pending == LEASE_CREATE || s->pending == LEASE_UPDATE);
}

const char *kube_lease_identity(const struct kube_lease *l)
{
	return l->state.identity;
}

const char *kube_lease_holder(const struct kube_lease *l)
{
	return l->told_holder;
}

void kube_lease_release(struct kube_lease *l, int64_t bound_ms, void (*done)(void *arg),
			void *arg)
{
	l->released = done;
	l->released_arg = arg;
	timer_cancel(&l->wait);
	timer_cancel(&l->expiry);
	timer_set(session_reactor(l->kube), &l->bound, bound_ms, finish_release, l);
	ask_owner(l);
	lease_state_release(&l->state, monotonic_ms(), wall_ms(), &l->order);
	follow_order(l);
}
