/* What the page shows, as values: what its parts share. Private to serve. */
#ifndef FORETOP_SERVE_VIEW_H
#define FORETOP_SERVE_VIEW_H

#include "serve/page.h"
#include "serve/past.h"

struct page_view {
	struct page_now now;
	const struct pasts *pasts; /* by the places in now.policies */
	int32_t refresh_ms;        /* of the script; > 0 */
};

/* --- frame.c: what all documents have --- */
/* Everything up to <main>; title and path in words: "shop/checkout". */
void frame_open(struct str *out, const struct page_view *v, const char *title);
void frame_close(struct str *out);
/* Which replica leads which shards; "" when policies are not split. */
void frame_shards(struct str *out, const struct page_view *v);
/* "led by foretop-1 (shard 3)": who has the numbers of this policy. The caller frees. */
char *frame_leader(const struct page_view *v, const struct page_other *other);
/* Says that another replica leads, and how to reach its page; "" when this one does. */
void frame_standby(struct str *out, const struct page_view *v);

/* --- standing.c: what is to be said of a policy in a word --- */
enum standing_mark {
	MARK_INVALID,
	MARK_CONFLICT,
	MARK_NO_METRICS,
	MARK_CANNOT_SCALE,
	MARK_ANOMALY,
	MARK_AT_MAX,
	MARK_HELD,
	MARK_PAUSED,
	MARK_RECOMMENDS,
	MARK_COUNT,
};
/* A set of 1u << MARK_... */
unsigned standing_of(const struct policy_status *s);
/* Should a person look at it? */
bool standing_wants_a_look(unsigned marks);
/* Appends the marks as a list, or "ok". */
void standing_write(struct str *out, unsigned marks);
/* "followed", "watched", "waiting", "off": how the policy stands to its forecasts. */
const char *standing_forecast(const struct policy_status *s);
bool standing_changes(const struct policy_status *s);

/* --- documents --- */
/* Arguments of the query, "" when absent. */
struct list_wish {
	const char *search; /* part of namespace/name or of the target's name */
	const char *show;   /* "look", "changing", "followed"; others: all */
	int32_t page;       /* from 1; beyond the last: the last */
};
void page_list_write(struct str *out, const struct page_view *v,
		     const struct list_wish *wish);
/* The policy at place i of now.policies. */
void page_policy_write(struct str *out, const struct page_view *v, int32_t i);
/* A policy that this replica does not decide. */
void page_other_write(struct str *out, const struct page_view *v,
		      const struct page_other *other);
/* A sentence for an answer that is none of these: "There is no such page." */
void page_note_write(struct str *out, const struct page_view *v, const char *title,
		     const char *text);

/* --- api.c --- */
/* {"version", "instance", "leading", "leader", "time", "policies": [...]} */
char *api_policies(const struct page_view *v);
/* {"error", "shard", "leader"} */
char *api_other(const struct page_view *v, const struct page_other *other);
/* {"version", ..., "policy": {..., "history": {...}}} */
char *api_policy(const struct page_view *v, int32_t i);

#endif
