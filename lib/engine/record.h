/* The little that neither Prometheus nor Kubernetes knows, kept in the status object so
 * that a killed process goes on as if it had lived: recommendations, scale events, lead
 * time samples. */
#ifndef FORETOP_ENGINE_RECORD_H
#define FORETOP_ENGINE_RECORD_H

#include "decide/decide.h"
#include "forecast/forecast.h"

#define LEAD_SAMPLES_MAX 64

/* Created -> Ready of pods of this workload, newest last; older ones are dropped. */
struct lead_samples {
	/* Negative: the pod went without having become Ready, so it would have taken
	 * longer than this. */
	int32_t ms[LEAD_SAMPLES_MAX];
	int32_t count;
	/* Which pods are in: the newest moment at which one became Ready, and how many
	 * did then. A restarted process takes in those that came later. */
	int64_t newest_ms;
	int32_t newest_count;
};

/* spec.replicas as last seen, and as last written or about to be: what others changed can
 * be told from what we did, also by the next process. */
struct size_record {
	bool known;
	int32_t known_replicas, meant;
	int64_t manual_ms; /* when others scaled the target last; 0: never */
	int32_t manual_from, manual_to;
};

/* Something that holds the size while it lasts, but not for ever. */
struct episode {
	int64_t since_ms; /* 0: none */
	int64_t seen_ms;  /* when it was there last */
	bool over;        /* it has held long enough */
};

enum guard_standing { GUARD_CLEAR, GUARD_PENDING, GUARD_TRIPPED };

struct guard_state {
	uint64_t key; /* of the guard's name and query */
	enum guard_standing standing;
	int64_t since_ms; /* the value is beyond the limit since then; 0: it is not */
	int64_t known_ms; /* when there was a value last; 0: never */
	double value;
	enum { GUARD_SAID_CLEAR, GUARD_SAID_TRIPPED, GUARD_SAID_UNKNOWN } said;
};

/* What holds decisions beyond the HPA's rules. */
struct hold_record {
	struct guard_state *guards; /* POLICY_GUARDS_MAX, as state_record.derived */
	int32_t guard_count;
	struct episode rollout, unavailable, anomaly;
	int64_t lost_ms;          /* metrics are unknown since then; 0: they are known */
	int64_t gap_from_ms;      /* the last time without values began, */
	int64_t gap_until_ms;     /* and holds until; 0: none does */
	int64_t breaker_until_ms; /* 0: it does not hold */
};

/* A scale-down that the memory already knows of, but that may not have come to the target
 * when the process was killed. at_ms 0: none. */
struct pending_write {
	int64_t at_ms;
	int32_t from, to;
};

/* How a metric that is not forecast itself depends on pods and load. */
struct derived_record {
	uint64_t key; /* of both metrics */
	struct usage usage;
};

struct state_record {
	struct pending_write pending;
	/* The window that is forecast and the lead time of the shadow's pods; 0: none
	 * yet. Both are kept while a changed lead time is not far off. */
	int32_t window_min;
	int64_t shadow_lead_ms;
	/* Room for POLICY_METRICS_MAX, the owner's, who sets it before anything is put
	 * in; NULL: no room, for few policies have any. */
	struct derived_record *derived;
	int32_t derived_count;
	struct objective objective; /* its sums are lived through again, not kept */
	struct size_record size;
	struct hold_record holds;
	char target_uid[64]; /* state follows the target: another uid starts afresh */
	struct decide_memory memory;
	struct lead_samples lead;
};

/* An empty one with room for everything; free() frees all of it. */
struct state_record *record_new(void);
/* Keeps its room. */
void record_clear(struct state_record *r);
/* What `to` has no room for is left out. */
void record_copy(struct state_record *to, const struct state_record *from);

/* As JSON for the status object; the caller owns it. Size is bounded by the arrays. */
cJSON *record_to_json(const struct state_record *r);
/* Reads what record_to_json wrote, as far as there is room; parts that are missing or
 * wrong are left empty, so that an old or damaged record never stops a start. */
void record_from_json(const cJSON *o, struct state_record *ret_record);

#endif
