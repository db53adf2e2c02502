/* The page and its JSON API, on a listener of their own: policies, what was decided and
 * why, and one policy in depth. Read only; no document holds anything from elsewhere, and
 * nothing depends on the script.
 *
 * It answers GET and HEAD of "/", "/policies/NAMESPACE/NAME", "/api/v1/policies",
 * "/api/v1/policies/NAMESPACE/NAME" and its assets, to requests whose Host is a loopback
 * name, an address or a configured name, and whose Origin, if any, is its own. Where
 * callers are to be known, they show a bearer token that the API server reviews (kube's
 * review.h); no more than a few at a time, and its word holds for a minute. */
#ifndef FORETOP_SERVE_PAGE_H
#define FORETOP_SERVE_PAGE_H

#include "engine/engine.h"
#include "kube/kube.h"
#include "serve/httpd.h"

struct page;

/* A part of the policies, which one replica decides. */
struct page_shard {
	const char *holder; /* that replica; "" unknown */
	bool mine;          /* it is this one */
};

/* A policy that is known here, and of which there are no numbers. */
struct page_other {
	const char *ns, *name;
	int32_t shard;
};

/* The moment that is shown. Borrowed until the loop goes on. */
struct page_now {
	int64_t now_ms; /* engine time */
	bool leading;
	const char *leader;   /* who leads, of several that do this one; "" unknown */
	const char *instance; /* who we are; "" unknown */
	/* By their numbers; at most one: policies are not split. */
	const struct page_shard *shards;
	int32_t shard_count;
	/* With shards: policies that others decide, or that this one has not read yet. */
	const struct page_other *others;
	int32_t other_count;
	const char *waiting; /* what keeps policies from being shown; NULL: nothing */
	/* By their places, which stay; NULL where one has gone. */
	const struct policy_status *const *policies;
	int32_t count;
	/* With shards: of each place, the policy's; -1: not known. NULL without. */
	const int32_t *policy_shards;
};

struct page_config {
	const char *listen; /* as in struct httpd_config */
	const char *cert_file, *key_file;
	char *const *hosts; /* names allowed in Host, lower case; borrowed */
	int32_t host_count;
	struct kube *review; /* asked about callers' tokens; NULL: everybody may look.
				Borrowed */
	int32_t refresh_ms;  /* real time between the script's updates; 0: 5 s */
	void (*look)(void *arg, struct page_now *ret_now);
	void *arg;
};

/* Listens. NULL with *err as httpd_new. Borrows the reactor. */
struct page *page_new(struct reactor *r, const struct page_config *config,
		      struct err *err);
/* Accepts NULL. Before the client in `review`. */
void page_free(struct page *p);

/* Takes what is known now into the past that is shown: to be called once in a while, a
 * sync period or less. A policy's past takes 10 KiB. */
void page_remember(struct page *p);

/* "http://127.0.0.1:41234". Borrowed. */
const char *page_url(const struct page *p);

#endif
