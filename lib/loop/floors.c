/* Floors that no policy stands behind any more: given back to their users. */
#include "loop/autoscalers_inside.h"
#include "loop/shards.h"

#include <stdlib.h>
#include <string.h>

/* How often floors without a policy are looked for. */
#define SWEEP_MS 5000
/* A policy that is renamed is gone for a moment: so many sweeps must find none. */
#define SWEEPS_ORPHANED 2
/* Nobody watches where no policy is: what failed there is looked for again. */
#define AGAIN_MS 30000

static void end_release(struct release *r)
{
	struct release **at = &r->owner->releases;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	free(r->ns);
	free(r->name);
	free(r);
}

void floors_close(struct autoscalers *a)
{
	timer_cancel(&a->sweep);
	for (int i = 0; i < KUBE_SCALERS; i++)
		kube_list_stop(a->listings[i].list);
	while (a->releases) {
		kube_cancel(a->releases->call);
		end_release(a->releases);
	}
}

static void look_again_later(struct listing *l, const struct kube_reply *reply)
{
	if (!kube_reply_stands(reply) && !l->again_ms)
		l->again_ms = monotonic_ms() + AGAIN_MS;
}

static void on_released(void *arg, const struct kube_reply *reply)
{
	struct release *r = arg;
	if (!reply->object) {
		log_error("Could not give a minimum back", KV_TEXT("namespace", r->ns),
			  KV_TEXT("kind", kube_scaler_kind(r->kind)),
			  KV_TEXT("autoscaler", r->name), KV_TEXT("err", reply->err.msg));
		look_again_later(&r->owner->listings[r->kind], reply);
	}
	end_release(r);
}

static bool is_under_way(const struct autoscalers *a, const struct kube_hpa *hpa)
{
	for (const struct release *r = a->releases; r; r = r->next)
		if (r->kind == hpa->kind && !strcmp(r->name, hpa->name) &&
		    !strcmp(r->ns, hpa->ns))
			return true;
	return false;
}

static void release(struct autoscalers *a, const struct kube_hpa *hpa)
{
	int32_t shard = shards_of(a->loop->shards, hpa->ns, hpa->target_name);
	/* Who leads its shard knows whether a policy stands behind it. */
	if (!loop_may_write_shard(a->loop, shard) || is_under_way(a, hpa))
		return;
	struct kube_hpa_change change;
	kube_hpa_release(hpa, &change);
	change.permit = shards_permit(a->loop->shards, shard);
	struct release *r = xcalloc(1, sizeof(*r));
	r->owner = a;
	r->kind = hpa->kind;
	r->shard = shard;
	r->ns = xstrdup(hpa->ns);
	r->name = xstrdup(hpa->name);
	r->from = hpa->min;
	r->to = hpa->original;
	r->next = a->releases;
	a->releases = r;
	log_info("Gives a minimum back, no policy stands behind it",
		 KV_TEXT("namespace", r->ns), KV_TEXT("kind", kube_scaler_kind(r->kind)),
		 KV_TEXT("autoscaler", r->name), KV_NUM("from", r->from),
		 KV_NUM("to", r->to));
	r->call = kube_hpa_change(a->loop->kube, &change, on_released, r);
}

/* Is a policy of mode Floor in force for its target? */
static bool has_policy(const struct autoscalers *a, const struct kube_hpa *hpa)
{
	char *kind AUTO_FREE =
		policy_group_kind(hpa->target_api_version, hpa->target_kind);
	const struct target_ref ref = {hpa->ns, kind, hpa->target_name};
	const struct policy_status *s = engine_policy_in_force(a->loop->engine, &ref);
	return !hpa->deleted && s && s->policy->mode == MODE_FLOOR &&
	       s->conditions[PC_CONFLICT].status != STATUS_TRUE;
}

static void on_listed(void *arg, const cJSON *object)
{
	const struct listing *l = arg;
	struct kube_hpa hpa;
	if (kube_hpa_read(object, l->kind, &hpa, NULL) == 0 && hpa.marked &&
	    loop_serves(l->owner->loop, hpa.ns) && !has_policy(l->owner, &hpa))
		release(l->owner, &hpa);
}

static void on_list_restart(void *arg)
{
	(void)arg;
}

static void list_next(struct autoscalers *a, enum kube_scaler kind);

static void on_list_done(void *arg, const char *version, const struct kube_reply *reply)
{
	struct listing *l = arg;
	(void)version;
	l->list = NULL;
	if (reply->err.code != ERR_NONE) {
		log_info("Floors of a former time were not looked for",
			 KV_TEXT("kind", kube_scaler_kind(l->kind)),
			 KV_TEXT("err", reply->err.msg));
		look_again_later(l, reply);
	}
	list_next(l->owner, l->kind);
}

/* Namespaces that have no policy any more are not watched: once over all of them, one
 * list after the other. */
static void list_next(struct autoscalers *a, enum kube_scaler kind)
{
	const struct config_names named = loop_named(a->loop);
	struct listing *l = &a->listings[kind];
	l->owner = a;
	l->kind = kind;
	if (l->list || l->begun >= (named.count ? named.count : 1))
		return;
	char *path AUTO_FREE =
		kube_scaler_path(kind, named.count ? named.names[l->begun] : NULL);
	struct kube_list_options options = {
		.path = path,
		.on_object = on_listed,
		.on_restart = on_list_restart,
		.on_done = on_list_done,
		.arg = l,
	};
	l->begun++;
	l->list = kube_list_start(a->loop->kube, &options);
}

static void look_for_former(struct autoscalers *a, enum kube_scaler kind)
{
	struct listing *l = &a->listings[kind];
	if (l->again_ms && !l->list && monotonic_ms() >= l->again_ms) {
		l->again_ms = 0;
		l->begun = 0;
	}
	list_next(a, kind);
}

static void sweep_yard(struct autoscalers *a, struct yard *y)
{
	for (struct rival *r = y->rivals; r; r = r->next) {
		bool orphan = r->hpa.marked && !has_policy(a, &r->hpa);
		r->orphaned = orphan ? r->orphaned + 1 : 0;
		if (r->orphaned >= SWEEPS_ORPHANED)
			release(a, &r->hpa);
	}
}

static void sweep(void *arg)
{
	struct autoscalers *a = arg;
	timer_set(a->loop->config.reactor, &a->sweep, SWEEP_MS, sweep, a);
	if (!shards_held(a->loop->shards) || !book_synced(a->loop->book) ||
	    !book_fed(a->loop->book))
		return;
	look_for_former(a, KUBE_HPA);
	/* A floor on one may be all that is left of a policy. */
	autoscalers_ask_keda(a);
	if (a->keda == KEDA_SERVED)
		look_for_former(a, KUBE_SCALED_OBJECT);
	for (struct yard *y = a->yards; y; y = y->next)
		if (yard_is_synced(y))
			sweep_yard(a, y);
}

bool autoscalers_writing(const struct autoscalers *a, int32_t shard)
{
	for (const struct release *r = a->releases; r; r = r->next)
		if (r->shard == shard)
			return true;
	return false;
}

void autoscalers_drop(struct autoscalers *a, int32_t shard)
{
	for (struct release *r = a->releases, *next; r; r = next) {
		next = r->next;
		if (r->shard != shard)
			continue;
		kube_cancel(r->call);
		end_release(r);
	}
}

void autoscalers_sweep(struct autoscalers *a)
{
	/* What a list before this passed over may be ours now. */
	for (int i = 0; i < KUBE_SCALERS; i++)
		a->listings[i].begun = 0;
	timer_set(a->loop->config.reactor, &a->sweep, 0, sweep, a);
}
