/* What the engine wants done. */
#ifndef FORETOP_ENGINE_ACTION_H
#define FORETOP_ENGINE_ACTION_H

#include "engine/query.h"
#include "engine/record.h"
#include "policy/policy.h"

enum action_type {
	ACTION_QUERY,
	ACTION_SAVE,        /* write the status object with its record; answer needed */
	ACTION_SCALE,       /* set replicas, with preconditions; answer needed */
	ACTION_READ_TARGET, /* after a conflict: read the target again, give EVENT_TARGET
			     */
	ACTION_STATUS,      /* write the status object when convenient */
	ACTION_EVENT,       /* a Kubernetes Event */
	ACTION_DECIDED,     /* a decision worth a line in the log */
	ACTION_FLOOR, /* set minReplicas of the target's HPA, with preconditions; answer
			 needed */
};

struct action {
	enum action_type type;
	const struct policy
		*policy; /* borrowed; NULL for a policy that was never valid */
	const struct policy_status *status; /* of that policy, borrowed */
	union {
		struct {
			struct query_ref ref;
			/* QUERY_HISTORY: evaluation times, both ends included. All
			 * others ask for the present, by the source's own clock. */
			int64_t start_ms, end_ms, step_ms;
		} query;
		struct {
			struct write_ref ref;
			int32_t from, to;
			const char *resource_version, *uid; /* preconditions */
			const char *reason;
		} scale;
		struct {
			struct write_ref ref;
			bool first; /* nothing of ours stands there: it is raised anew */
			bool scaled_object;                 /* not an HPA */
			const char *autoscaler;             /* its name */
			const char *resource_version, *uid; /* preconditions */
			int32_t from, to;
			int32_t original; /* for its annotation; < 0: it is given back,
					     annotations go */
			int64_t expires_ms;
			const char *reason;
		} floor;
		struct {
			struct write_ref ref;
		} save;
		struct {
			const char *reason; /* CamelCase, constant */
			const char *note;
			bool warning;
		} event;
	} u;
};

struct actions {
	const struct action *items;
	int32_t count;
};

#endif
