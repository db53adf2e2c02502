/* Feeds the page: what the engine knows, and who leads. */
#include "loop/shards.h"

#include <stdlib.h>

#define REMEMBER_MS    MS_PER_MIN /* at the latest: the past has no holes */
#define REFRESH_MIN_MS 1000
#define REFRESH_MAX_MS 5000

struct pages {
	struct loop *loop;
	struct page *page;
	struct timer remember;
	char **hosts;
	int32_t host_count;
	const struct policy_status **policies; /* of the engine, by its places */
	int32_t count;
	struct page_shard *shards;
	int32_t *policy_shards; /* likewise */
	struct page_other *others;
	int32_t other_count, other_cap;
};

static void note_other(void *arg, const char *ns, const char *name, int32_t shard)
{
	struct pages *p = arg;
	if (engine_policy_named(p->loop->engine, ns, name))
		return;
	if (p->other_count == p->other_cap) {
		p->other_cap = p->other_cap ? 2 * p->other_cap : 64;
		p->others =
			xrealloc(p->others, (size_t)p->other_cap * sizeof(*p->others));
	}
	p->others[p->other_count++] = (struct page_other){ns, name, shard};
}

static void look_at_places(struct pages *p)
{
	const struct shards *s = p->loop->shards;
	p->policy_shards = xrealloc(p->policy_shards,
				    (size_t)(p->count + 1) * sizeof(p->policy_shards[0]));
	for (int32_t i = 0; i < p->count; i++) {
		const struct policy_status *status = p->policies[i];
		p->policy_shards[i] =
			status && status->policy
				? shards_of(s, status->ns, status->policy->target.name)
				: -1;
	}
}

/* Without shards who leads is said once for all. */
static void look_at_others(struct pages *p, int32_t shards)
{
	p->other_count = 0;
	if (shards <= 1)
		return;
	book_each(p->loop->book, note_other, p);
	look_at_places(p);
}

static int32_t look_at_shards(struct pages *p)
{
	const struct shards *s = p->loop->shards;
	int32_t count = shards_count(s);
	p->shards = xrealloc(p->shards, (size_t)count * sizeof(*p->shards));
	for (int32_t i = 0; i < count; i++)
		p->shards[i] =
			(struct page_shard){shards_holder(s, i), shards_mine(s, i)};
	return count;
}

static void look(void *arg, struct page_now *ret_now)
{
	struct pages *p = arg;
	const struct loop *l = p->loop;
	const char *instance = l->config.instance ? l->config.instance : "";
	p->count = engine_policy_count(l->engine);
	p->policies =
		xrealloc(p->policies, (size_t)(p->count + 1) * sizeof(*p->policies));
	for (int32_t i = 0; i < p->count; i++)
		p->policies[i] = engine_policy_status(l->engine, i);
	bool leading = shards_held(l->shards) > 0;
	int32_t shards = look_at_shards(p);
	look_at_others(p, shards);
	*ret_now = (struct page_now){
		.now_ms = loop_now(l),
		.leading = leading,
		.leader = leading       ? instance
			  : shards == 1 ? p->shards[0].holder
					: "",
		.shards = p->shards,
		.shard_count = shards,
		.others = p->others,
		.other_count = p->other_count,
		.policy_shards = shards > 1 ? p->policy_shards : NULL,
		.instance = instance,
		.waiting = book_synced(l->book) && book_fed(l->book)
				   ? NULL
				   : "The policies are being read.",
		.policies = p->policies,
		.count = p->count,
	};
}

static void remember(void *arg)
{
	struct pages *p = arg;
	const struct loop *l = p->loop;
	int64_t period_ms = l->config.controller->sync_period_ms;
	int64_t next_ms =
		loop_now(l) + (period_ms < REMEMBER_MS ? period_ms : REMEMBER_MS);
	page_remember(p->page);
	timer_set(l->config.reactor, &p->remember,
		  clock_delay_ms(l->config.clock, next_ms), remember, p);
}

static void copy_hosts(struct pages *p, const struct config_names *names)
{
	p->hosts = xcalloc((size_t)names->count + 1, sizeof(*p->hosts));
	p->host_count = names->count;
	for (int32_t i = 0; i < names->count; i++)
		p->hosts[i] = xstrdup(names->names[i]);
}

/* As often as there is something new, within reason. */
static int32_t refresh_ms(const struct loop *l)
{
	double ms = (double)l->config.controller->sync_period_ms / l->config.clock->speed;
	if (ms < REFRESH_MIN_MS)
		return REFRESH_MIN_MS;
	return ms > REFRESH_MAX_MS ? REFRESH_MAX_MS : (int32_t)ms;
}

struct pages *pages_new(struct loop *l, const struct config_page *config)
{
	struct pages *p = xcalloc(1, sizeof(*p));
	struct err err;
	p->loop = l;
	copy_hosts(p, &config->hosts);
	const struct page_config page = {
		.listen = config->listen,
		.cert_file = config->cert_file,
		.key_file = config->key_file,
		.hosts = p->hosts,
		.host_count = p->host_count,
		.review = config->token_review ? l->kube : NULL,
		.refresh_ms = refresh_ms(l),
		.look = look,
		.arg = p,
	};
	p->page = page_new(l->config.reactor, &page, &err);
	if (!p->page) {
		log_error("The page is not served", KV_TEXT("err", err.msg));
		pages_free(p);
		return NULL;
	}
	log_info("Shows", KV_TEXT("page", page_url(p->page)));
	timer_set(l->config.reactor, &p->remember, 0, remember, p);
	return p;
}

void pages_free(struct pages *p)
{
	if (!p)
		return;
	timer_cancel(&p->remember);
	page_free(p->page);
	for (int32_t i = 0; i < p->host_count; i++)
		free(p->hosts[i]);
	free(p->hosts);
	free(p->policies);
	free(p->shards);
	free(p->others);
	free(p->policy_shards);
	free(p);
}

const char *pages_url(const struct pages *p)
{
	return page_url(p->page);
}
