/* The policy objects as texts, and the status object of each policy.
 *
 * A policy goes to the engine when its status object was read once: the record in it is
 * what a process before us knew. */
#include "loop/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLICY_LABEL "foretop.io/policy=v1"
#define POLICY_KEY   "policy.yaml"
#define STATUS_KEY   "status.json"
#define STATUS_PERIOD_MS                                                                 \
	200 /* at most 5 status objects a second, however many policies */
#define RETRY_MS 2000

enum page_state {
	PAGE_NEW,     /* the engine does not know it */
	PAGE_READING, /* its status object is being read */
	PAGE_READ,    /* the record is at hand, the engine knows it */
};

/* One policy object. */
struct page {
	struct book *book;
	struct page *next;
	char *ns, *name, *uid, *text; /* text NULL: the key is missing */
	int64_t created_ms;
	enum page_state state;
	struct state_record record;
	char *kept; /* the last valid version by the status object; NULL: none, or used */
	/* its status object */
	char version[KUBE_VERSION_SIZE];
	struct kube_call *call;
	cJSON *status; /* newest content that waits to be written, or NULL */
	cJSON *sent;   /* content that is being written */
	bool saving;   /* the write under way answers `sent_save` */
	bool save_due; /* the next write must answer `save` */
	struct write_ref save, sent_save;
	bool rereading;
	struct timer retry;
};

struct book {
	struct loop *loop;
	struct kube_watch *watch;
	struct page *pages;
	struct timer drain;
	bool synced, feeding;
};

struct book *book_new(struct loop *l)
{
	struct book *b = xcalloc(1, sizeof(*b));
	b->loop = l;
	return b;
}

static void free_page(struct page *p)
{
	kube_cancel(p->call);
	timer_cancel(&p->retry);
	cJSON_Delete(p->status);
	cJSON_Delete(p->sent);
	free(p->ns);
	free(p->name);
	free(p->uid);
	free(p->text);
	free(p->kept);
	free(p);
}

void book_free(struct book *b)
{
	if (!b)
		return;
	kube_watch_free(b->watch);
	timer_cancel(&b->drain);
	while (b->pages) {
		struct page *next = b->pages->next;
		free_page(b->pages);
		b->pages = next;
	}
	free(b);
}

static struct page *find(const struct book *b, const char *ns, const char *name)
{
	for (struct page *p = b->pages; p; p = p->next)
		if (!strcmp(p->name, name) && !strcmp(p->ns, ns))
			return p;
	return NULL;
}

/* "NS.NAME": namespaces have no dots, so no two policies share one. */
static char *status_name(const struct page *p)
{
	return kube_pause_key(p->ns, p->name);
}

/* --- to the engine --- */

/* Kinds whose scale is written in this version. */
static int check_target(const struct policy *policy, struct err *err)
{
	struct kube_resource resource;
	if (kube_resource_of_kind(policy->target.api_version, policy->target.kind,
				  &resource))
		return 0;
	return err_set(err, ERR_INVALID,
		       "scaleTargetRef: %s %s is not supported by this version: "
		       "Deployment, StatefulSet or "
		       "ReplicaSet of apps/v1",
		       policy->target.api_version, policy->target.kind);
}

static struct policy *parse(const struct page *p, const char *text, struct err *err)
{
	if (!text) {
		err_set(err, ERR_INVALID, "data has no key \"" POLICY_KEY "\"");
		return NULL;
	}
	struct policy *policy = policy_parse(p->ns, p->name, text, strlen(text), err);
	if (policy && (check_target(policy, err) < 0 ||
		       schedule_localize(policy, loop_now(p->book->loop), err) < 0)) {
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

static void give(struct page *p)
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
	free(TAKE(p->kept));
	p->state = PAGE_READ;
	struct event event = {.type = EVENT_POLICY_SET};
	event.u.policy_set.prepared =
		engine_prepare(l->engine, p->ns, p->name, policy, err.msg, &p->record);
	loop_step(l, &event);
	pauses_tell(l->pauses, p->ns, p->name);
	if (!policy)
		return;
	autoscalers_want(l->autoscalers, policy);
	scope_want(l->scope, policy);
	calendar_tell(l, p->ns, p->name);
}

static void read_status(void *arg);

static void on_status_read(void *arg, const struct kube_reply *reply)
{
	struct page *p = arg;
	p->call = NULL;
	if (!reply->object && reply->status != 404) {
		log_error("Could not read a status object", KV_TEXT("policy", p->name),
			  KV_TEXT("err", reply->err.msg));
		timer_set(p->book->loop->config.reactor, &p->retry, RETRY_MS, read_status,
			  p);
		return;
	}
	p->version[0] = '\0';
	if (reply->object) {
		snprintf(p->version, sizeof(p->version), "%s",
			 json_str(reply->object, "metadata.resourceVersion", ""));
		const cJSON *data = json_at(reply->object, "data");
		const cJSON *text = cJSON_GetObjectItemCaseSensitive(data, STATUS_KEY);
		cJSON *status AUTO(json_cleanup) =
			cJSON_IsString(text) ? json_parse(text->valuestring,
							  strlen(text->valuestring), NULL)
					     : NULL;
		record_from_json(json_at(status, "record"), &p->record);
		free(p->kept);
		p->kept = xstrdup(json_str(status, "record.policy", NULL));
	}
	give(p);
}

static void read_status(void *arg)
{
	struct page *p = arg;
	p->state = PAGE_READING;
	char *name AUTO_FREE = status_name(p);
	p->call = kube_configmap_get(p->book->loop->kube,
				     loop_status_namespace(p->book->loop), name,
				     on_status_read, p);
}

static void feed(struct page *p)
{
	if (!p->book->feeding)
		return;
	switch (p->state) {
	case PAGE_NEW:
		/* A dry run beside a real one must not take its record for its own. */
		if (p->book->loop->config.dry_run)
			give(p);
		else
			read_status(p);
		return;
	case PAGE_READING:
		return; /* the newest text is given when the answer is there */
	case PAGE_READ:
		give(p);
		return;
	}
}

/* --- the watch --- */

static bool serves(const struct book *b, const char *ns)
{
	const char *only = b->loop->config.only_namespace;
	if (only)
		return !strcmp(only, ns);
	return config_serves(b->loop->config.controller, ns);
}

static void drop(struct book *b, const char *ns, const char *name)
{
	for (struct page **at = &b->pages; *at; at = &(*at)->next) {
		struct page *p = *at;
		if (strcmp(p->name, name) || strcmp(p->ns, ns))
			continue;
		*at = p->next;
		if (p->state != PAGE_NEW) {
			struct event event = {.type = EVENT_POLICY_GONE};
			event.u.policy_gone.ns = p->ns;
			event.u.policy_gone.name = p->name;
			loop_step(b->loop, &event);
		}
		log_info("A policy has gone", KV_TEXT("policy", name),
			 KV_TEXT("namespace", ns));
		free_page(p);
		return;
	}
}

static void on_object(void *arg, enum kube_change change, const cJSON *object)
{
	struct book *b = arg;
	const char *ns = json_str(object, "metadata.namespace", "");
	const char *name = json_str(object, "metadata.name", "");
	if (!serves(b, ns))
		return;
	if (change == KUBE_DELETED) {
		drop(b, ns, name);
		return;
	}
	const cJSON *text =
		cJSON_GetObjectItemCaseSensitive(json_at(object, "data"), POLICY_KEY);
	const char *fresh = cJSON_IsString(text) ? text->valuestring : NULL;
	struct page *p = find(b, ns, name);
	if (p && p->text && fresh && !strcmp(p->text, fresh))
		return; /* labels or annotations changed */
	if (!p) {
		p = xcalloc(1, sizeof(*p));
		p->book = b;
		p->ns = xstrdup(ns);
		p->name = xstrdup(name);
		p->uid = xstrdup(json_str(object, "metadata.uid", ""));
		if (time_parse(json_str(object, "metadata.creationTimestamp", ""),
			       &p->created_ms, NULL) < 0)
			p->created_ms = 0;
		p->next = b->pages;
		b->pages = p;
	}
	free(p->text);
	p->text = xstrdup(fresh);
	feed(p);
}

static void on_synced(void *arg)
{
	struct book *b = arg;
	b->synced = true;
	if (b->loop->telemetry)
		telemetry_ready(b->loop->telemetry, true, "ok");
}

static void on_state(void *arg, const char *text, const struct err *err)
{
	struct book *b = arg;
	if (err && b->loop->telemetry)
		telemetry_watch_broke(b->loop->telemetry, "policies");
	if (err)
		log_error("The watch of policies is interrupted",
			  KV_TEXT("err", err->msg), KV_TEXT("next", text));
	else
		log_info("Watches policies", KV_TEXT("how", text));
}

int book_watch(struct book *b, struct err *err)
{
	char *path AUTO_FREE =
		kube_collection_path("v1", "configmaps", b->loop->config.only_namespace);
	struct kube_watch_options options = {
		.path = path,
		.label_selector = POLICY_LABEL,
		.on_object = on_object,
		.on_synced = on_synced,
		.on_state = on_state,
		.arg = b,
	};
	b->watch = kube_watch_new(b->loop->kube, &options, err);
	return b->watch ? 0 : -1;
}

bool book_idle(const struct book *b)
{
	for (const struct page *p = b->pages; p; p = p->next)
		if (p->status || p->call)
			return false;
	return true;
}

bool book_synced(const struct book *b)
{
	return b->synced;
}

bool book_fed(const struct book *b)
{
	for (const struct page *p = b->pages; p; p = p->next)
		if (p->state != PAGE_READ)
			return false;
	return b->feeding;
}

void book_feed(struct book *b)
{
	b->feeding = true;
	for (struct page *p = b->pages; p; p = p->next)
		feed(p);
}

/* --- status objects --- */

static void write_status(struct page *p);
static void drain(void *arg);

static void arm_drain(struct book *b)
{
	timer_set(b->loop->config.reactor, &b->drain, STATUS_PERIOD_MS, drain, b);
}

static void answer_save(struct page *p, const struct kube_reply *reply)
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
	struct page *p = arg;
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
	struct page *p = arg;
	struct loop *l = p->book->loop;
	p->call = NULL;
	if (reply->object)
		snprintf(p->version, sizeof(p->version), "%s",
			 json_str(reply->object, "metadata.resourceVersion", ""));
	/* Somebody else touched or removed it: take its version and write again, once. */
	if ((reply->err.code == ERR_CONFLICT || reply->status == 404) && !p->rereading) {
		p->rereading = true;
		char *name AUTO_FREE = status_name(p);
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
	}
	if (p->saving)
		answer_save(p, reply);
	if (p->status && p->save_due)
		write_status(p);
	else if (p->status)
		arm_drain(p->book);
}

static void write_status(struct page *p)
{
	struct loop *l = p->book->loop;
	if (p->call || !p->status)
		return;
	char *text AUTO_FREE = json_text(p->status);
	cJSON *data AUTO(json_cleanup) = cJSON_CreateObject();
	cJSON_AddStringToObject(data, STATUS_KEY, text);
	char *name AUTO_FREE = status_name(p);
	struct kube_configmap map = {
		.ns = loop_status_namespace(p->book->loop),
		.name = name,
		.version = p->version,
		.status_label = "v1",
		.data = data,
	};
	p->saving = p->save_due;
	p->sent_save = p->save;
	p->save_due = false;
	p->call = kube_configmap_put(l->kube, &map, on_status_written, p);
	cJSON_Delete(p->sent);
	p->sent = TAKE(p->status);
}

static void drain(void *arg)
{
	struct book *b = arg;
	if (!loop_may_write(b->loop))
		return;
	struct page *waiting = NULL;
	for (struct page *p = b->pages; p; p = p->next) {
		if (!p->status || p->call)
			continue;
		if (waiting) {
			arm_drain(b);
			break;
		}
		waiting = p;
	}
	if (waiting)
		write_status(waiting);
}

static struct page *take_status(struct book *b, const struct policy_status *status)
{
	struct page *p = find(b, status->ns, status->name);
	if (!p || b->loop->config.dry_run)
		return NULL;
	cJSON_Delete(p->status);
	p->status = status_to_json(status, loop_now(b->loop));
	return p;
}

void book_status(struct book *b, const struct policy_status *status)
{
	if (take_status(b, status))
		arm_drain(b);
}

void book_save(struct book *b, const struct policy_status *status,
	       const struct write_ref *ref)
{
	struct page *p = take_status(b, status);
	if (!p)
		return;
	p->save = *ref;
	p->save_due = true;
	write_status(p);
}
