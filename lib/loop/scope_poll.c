/* Targets of any kind with a scale subresource. Which resource a kind is, is asked of the
 * server; how a kind shows its pods and its rollouts nobody knows, so that it is not
 * watched: the scale of each target is read once a period, from the quorum, as the HPA
 * does. */
#include "loop/scope_inside.h"

#include <stdlib.h>
#include <string.h>

/* A server that could not say is asked again after this; one that does not know the kind
 * too, later: its definition may be applied yet. Real time. */
#define ASK_AGAIN_MS 2000
#define ASK_LATER_MS 15000
/* Reads of a kind under way at once: others have requests too. */
#define READS_MAX 4

/* One read under way. */
struct poll {
	struct poll *next;
	struct poller *poller;
	struct kube_call *call;
	char *name;
};

struct poller {
	struct shelf *shelf;
	char *group_version, *kind;
	struct kube_call *asking;
	struct timer timer; /* the next question, or the next round */
	struct poll *polls;
	int under_way;
	char said[256]; /* the newest failure, in the log; "": it was none */
	size_t cursor;  /* of the shelf's wanted: where the round is */
};

static void end_poll(struct poll *r)
{
	struct poll **at = &r->poller->polls;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	r->poller->under_way--;
	free(r->name);
	free(r);
}

void poller_free(struct poller *p)
{
	if (!p)
		return;
	timer_cancel(&p->timer);
	kube_cancel(p->asking);
	while (p->polls) {
		kube_cancel(p->polls->call);
		end_poll(p->polls);
	}
	free(p->group_version);
	free(p->kind);
	free(p);
}

static struct loop *loop_of(const struct poller *p)
{
	return p->shelf->area->scope->loop;
}

/* --- one read --- */

/* The HPA's words for a scale without one. */
static void read_selector(const char *text, struct target *seen)
{
	struct err err;
	if (*text)
		seen->selector = kube_selector_parse(text, &err);
	if (!*text)
		snprintf(seen->selector_error, sizeof(seen->selector_error),
			 "the HPA target's scale is missing a selector");
	else if (!seen->selector)
		snprintf(seen->selector_error, sizeof(seen->selector_error), "%.100s",
			 err.msg);
}

/* Once for each text. */
static void say_failure(struct poller *p, const char *name, const char *why)
{
	if (!strcmp(p->said, why))
		return;
	snprintf(p->said, sizeof(p->said), "%s", why);
	log_error("Could not read a scale", KV_TEXT("kind", p->shelf->kind),
		  KV_TEXT("namespace", p->shelf->area->ns), KV_TEXT("target", name),
		  KV_TEXT("err", why));
}

static void put(struct poller *p, char *name, const struct kube_scale *scale)
{
	struct target seen = {
		.name = name,
		.uid = (char *)scale->uid,
		.replicas = scale->replicas,
		.status_replicas = scale->status_replicas,
		.scaler = SCALER_UNKNOWN,
		.selector_text = (char *)scale->selector,
	};
	snprintf(seen.version, sizeof(seen.version), "%s", scale->version);
	read_selector(scale->selector, &seen);
	shelf_put(p->shelf, &seen);
	kube_selector_free(seen.selector);
}

static void go_on(struct poller *p);

static bool is_wanted(const struct shelf *shelf, const char *name)
{
	for (size_t i = 0; i < shelf->wanted_count; i++)
		if (!strcmp(shelf->wanted[i], name))
			return true;
	return false;
}

/* One that was seen stands as it was: preconditions keep writes from doing harm. */
static void on_polled(void *arg, const struct kube_scale *scale,
		      const struct kube_reply *reply)
{
	struct poll *r = arg;
	struct poller *p = r->poller;
	if (!is_wanted(p->shelf, r->name)) {
		end_poll(r);
		go_on(p);
		return;
	}
	if (scale) {
		p->said[0] = '\0';
		put(p, r->name, scale);
	} else if (reply->status == 404) {
		shelf_drop(p->shelf, r->name, NULL);
	} else {
		say_failure(p, r->name, reply->err.msg);
		if (!shelf_find(p->shelf, r->name))
			shelf_drop(p->shelf, r->name, reply->err.msg);
	}
	end_poll(r);
	go_on(p);
}

static bool is_under_way(const struct poller *p, const char *name)
{
	for (const struct poll *r = p->polls; r; r = r->next)
		if (!strcmp(r->name, name))
			return true;
	return false;
}

static void read_scale(struct poller *p, const char *name)
{
	const struct kube_resource *resource = &p->shelf->resource;
	struct kube_target target = {resource->group_version, resource->plural,
				     p->shelf->area->ns, name, NULL};
	if (is_under_way(p, name))
		return;
	struct poll *r = xcalloc(1, sizeof(*r));
	r->poller = p;
	r->name = xstrdup(name);
	r->next = p->polls;
	p->polls = r;
	p->under_way++;
	r->call = kube_scale_get(loop_of(p)->kube, &target, on_polled, r);
}

/* --- rounds --- */

/* Names stay wanted when their policies go. */
static bool has_policy(const struct poller *p, const char *name)
{
	const struct target_ref ref = {p->shelf->area->ns, p->shelf->kind, name};
	return engine_policy_in_force(loop_of(p)->engine, &ref) != NULL;
}

static void go_on(struct poller *p)
{
	while (p->cursor < p->shelf->wanted_count && p->under_way < READS_MAX)
		if (has_policy(p, p->shelf->wanted[p->cursor++]))
			read_scale(p, p->shelf->wanted[p->cursor - 1]);
}

/* A round that is not at its end yet is not begun again. */
static void begin_round(void *arg)
{
	struct poller *p = arg;
	struct loop *l = loop_of(p);
	int64_t next_ms = loop_now(l) + l->config.controller->sync_period_ms;
	if (p->cursor >= p->shelf->wanted_count)
		p->cursor = 0;
	go_on(p);
	timer_set(l->config.reactor, &p->timer, clock_delay_ms(l->config.clock, next_ms),
		  begin_round, p);
}

void poller_add(struct poller *p, const char *name)
{
	struct shelf *shelf = p->shelf;
	shelf->wanted = xrealloc(shelf->wanted,
				 (shelf->wanted_count + 1) * sizeof(shelf->wanted[0]));
	shelf->wanted[shelf->wanted_count++] = xstrdup(name);
}

/* A round that is under way goes on behind it. */
void poller_drop(struct poller *p, const char *name)
{
	struct shelf *shelf = p->shelf;
	for (size_t i = 0; i < shelf->wanted_count; i++) {
		if (strcmp(shelf->wanted[i], name) != 0)
			continue;
		free(shelf->wanted[i]);
		shelf->wanted_count--;
		memmove(&shelf->wanted[i], &shelf->wanted[i + 1],
			(shelf->wanted_count - i) * sizeof(shelf->wanted[0]));
		p->cursor -= p->cursor > i;
		return;
	}
}

void poller_want(struct poller *p, const char *name)
{
	if (p->shelf->resource.known)
		read_scale(p, name);
}

/* --- which resource the kind is --- */

static void ask(void *arg);

/* No such kind, or none that can be scaled: said of every target. */
static void refuse(struct poller *p, const char *why)
{
	for (size_t i = 0; i < p->shelf->wanted_count; i++)
		shelf_drop(p->shelf, p->shelf->wanted[i], why);
	timer_set(loop_of(p)->config.reactor, &p->timer, ASK_LATER_MS, ask, p);
}

static void on_resource(void *arg, const struct kube_resource *resource,
			const struct err *err)
{
	struct poller *p = arg;
	char why[256];
	p->asking = NULL;
	if (err) {
		log_error("Could not ask for the resource of a kind",
			  KV_TEXT("kind", p->shelf->kind), KV_TEXT("err", err->msg));
		timer_set(loop_of(p)->config.reactor, &p->timer, ASK_AGAIN_MS, ask, p);
	} else if (!resource->known) {
		snprintf(why, sizeof(why), "no matches for kind \"%s\" in version \"%s\"",
			 p->kind, p->group_version);
		refuse(p, why);
	} else if (!resource->scalable || !resource->namespaced) {
		snprintf(why, sizeof(why), "%s of %s has no scale subresource%s", p->kind,
			 p->group_version, resource->namespaced ? "" : " in a namespace");
		refuse(p, why);
	} else {
		p->shelf->resource = *resource;
		begin_round(p);
	}
}

static void ask(void *arg)
{
	struct poller *p = arg;
	p->asking = kube_discover(loop_of(p)->kube, p->group_version, p->kind,
				  on_resource, p);
}

struct poller *poller_new(struct shelf *shelf, const struct policy_target *target)
{
	struct poller *p = xcalloc(1, sizeof(*p));
	p->shelf = shelf;
	p->group_version = xstrdup(target->api_version);
	p->kind = xstrdup(target->kind);
	ask(p);
	return p;
}
