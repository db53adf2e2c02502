/* What can happen to the engine. */
#ifndef FORETOP_ENGINE_EVENT_H
#define FORETOP_ENGINE_EVENT_H

#include "decide/decide.h"
#include "engine/query.h"
#include "series/series.h"

enum event_type {
	EVENT_TICK,       /* time has come: engine_next_tick_ms */
	EVENT_WORK,       /* one slice of learning, at most about 1 ms */
	EVENT_POLICY_SET, /* a new, changed or refused policy */
	EVENT_POLICY_GONE,
	EVENT_SCHEDULE, /* when a policy's schedules open: after each EVENT_POLICY_SET of
			   a policy that has some, and again before `until_ms` */
	EVENT_TARGET,   /* the target as the watch or a fresh read saw it */
	EVENT_TARGET_GONE,
	EVENT_READ_FAILED, /* ACTION_READ_TARGET brought nothing: the next cycle decides
			    */
	EVENT_POD,
	EVENT_POD_GONE,
	EVENT_PODS_SYNCED, /* the pods given since EVENT_PODS_RESET are all there are */
	EVENT_PODS_RESET, /* a list starts afresh: pods not given again until the sync are
			     gone */
	EVENT_VALUES,     /* answer to QUERY_CURRENT */
	EVENT_HISTORY,    /* answer to QUERY_HISTORY */
	EVENT_QUERY_FAILED,
	EVENT_SCALED, /* answers to ACTION_SCALE */
	EVENT_CONFLICT,
	EVENT_SCALE_FAILED,
	EVENT_SAVED, /* answers to ACTION_SAVE */
	EVENT_SAVE_FAILED,
	EVENT_AUTOSCALER_AWAITED, /* whether something else scales the target is about to
				     be told: nothing is decided before */
	EVENT_AUTOSCALER,         /* what else scales the target, or that nothing does */
	EVENT_FLOORED,            /* answers to ACTION_FLOOR */
	EVENT_FLOOR_CONFLICT,
	EVENT_FLOOR_FAILED,
	EVENT_FLOOR_DROPPED, /* not sent: its policy was paused meanwhile */
	EVENT_PAUSE, /* somebody pauses a policy from outside of it, or ends that */
};

/* EVENT_PAUSE: until somebody ends it. */
#define PAUSE_WITHOUT_END INT64_MAX

struct prepared;

/* A workload; matched to policies by the three names. */
struct target_ref {
	const char *ns, *kind, *name; /* kind: the policy_target's group_kind */
};

/* Who wrote spec.replicas last, as far as the object tells. */
enum scaler { SCALER_UNKNOWN, SCALER_US, SCALER_OTHERS };

struct target_info {
	int32_t replicas;        /* spec.replicas */
	int32_t status_replicas; /* status.replicas */
	const char *resource_version, *uid;
	enum scaler scaler;
	/* Why nobody can say which pods are its own; NULL: somebody can. */
	const char *selector_error;
	int64_t scaled_ms; /* when, in whole seconds by the server's clock; 0: not told */
	/* What a watch of the workload itself shows, and the scale subresource does not
	 * (has_rollout false: what was known stands). */
	bool has_rollout;
	bool rolling;        /* pods of more than one revision exist */
	int32_t unavailable; /* spec.replicas that are not available, >= 0 */
};

/* The HorizontalPodAutoscaler or KEDA ScaledObject that scales a target. */
struct autoscaler_info {
	bool scaled_object;
	const char *name, *uid, *resource_version;
	const char *owner; /* of an HPA: what sets its minReplicas itself, for people:
			      "ScaledObject checkout"; "": nothing does */
	int32_t min, max;
	int32_t original; /* the minimum that its user asked for; not `min` while a floor
			     of ours is in force */
	bool marked;      /* annotations of ours are on it */
	int64_t expires_ms; /* of the floor in force; 0: none */
};

/* One row of an instant query's answer. */
struct value_row {
	const char *pod, *container; /* labels; NULL when absent */
	double value;                /* NaN: no value */
	int64_t time_ms;
	uint64_t key; /* hash_text of the pod's name, when values.by_key */
};

struct event {
	enum event_type type;
	int64_t now_ms;
	union {
		struct {
			struct prepared *prepared; /* ownership passes */
		} policy_set;
		struct {
			const char *ns, *name;
		} policy_gone;
		struct {
			const char *ns, *name;
			uint64_t hash; /* of the policy that they were made for: others
					  ignore them */
			/* At most SCHEDULE_INTERVALS_MAX are kept: give those that
			 * start first, and an until_ms that says so. */
			const struct schedule_interval *intervals;
			int32_t count;
			int64_t until_ms; /* all that start before are there */
		} schedule;
		struct {
			struct target_ref ref;
			struct target_info info; /* EVENT_TARGET */
			bool fresh; /* EVENT_TARGET: a read of its own, so never behind
				       what is known; a watch may be */
			const char *why; /* EVENT_TARGET_GONE: it may be there and
					    cannot be read; NULL: it is not there */
		} target;                /* EVENT_TARGET, _GONE, EVENT_READ_FAILED */
		struct {
			struct target_ref ref;
			/* NULL: nothing else scales the target, or `problem` says why
			 * that is not known. */
			const struct autoscaler_info *info;
			const char *problem;
		} autoscaler; /* EVENT_AUTOSCALER, _AWAITED */
		struct {
			const char *ns, *name; /* of the policy */
			int64_t until_ms;      /* 0: not paused */
		} pause;
		struct {
			struct target_ref ref;
			const struct pod_info *info; /* EVENT_POD */
			const char *name;            /* EVENT_POD_GONE */
		} pod;
		struct {
			struct query_ref query;
			const struct value_row *rows;
			int32_t count;
			/* Rows are in ascending order of their keys, all with a pod: an
			 * answer that serves many policies, each of which looks up its
			 * own pods. */
			bool by_key;
		} values;
		struct {
			struct query_ref query;
			const struct sample
				*samples; /* oldest first, one a minute, gaps allowed */
			int32_t count;
		} history;
		struct {
			struct query_ref query;
			const char *why;
		} query_failed;
		struct {
			struct write_ref write;
			const char *resource_version; /* EVENT_SCALED, EVENT_FLOORED:
							 after the write */
			const char *why; /* EVENT_SCALE_FAILED, EVENT_SAVE_FAILED,
					    EVENT_FLOOR_FAILED */
		} written;
	} u;
};

#endif
