/* What else scales targets, private to its two files: autoscalers.c, which watches;
 * floors.c, which gives back floors that no policy stands behind. */
#ifndef FORETOP_LOOP_AUTOSCALERS_INSIDE_H
#define FORETOP_LOOP_AUTOSCALERS_INSIDE_H

#include "loop/patrol.h"

/* One HPA or ScaledObject, trimmed. The texts of `hpa` are owned, in `texts`. */
struct rival {
	struct rival *next;
	struct kube_hpa hpa;
	char *texts[9];
	int orphaned; /* sweeps in a row that found no policy for its floor */
};

struct wanted {
	struct wanted *next;
	char *kind, *name; /* kind: group_kind of a policy_target */
	bool touched;      /* what scales it has changed */
};

/* What is watched in a namespace. */
struct sight {
	bool watched; /* it is looked at */
	bool synced;
	char problem[256]; /* why the first list has not come; "" */
};

/* All that is watched of one kind. */
struct view {
	struct autoscalers *owner;
	enum kube_scaler kind;
	struct patrol *patrol;
};

/* One namespace. */
struct yard {
	struct yard *next;
	struct autoscalers *owner;
	char *ns;
	struct sight sights[KUBE_SCALERS];
	struct rival *rivals;
	struct wanted *wanted;
};

/* One floor that is being given back. */
struct release {
	struct release *next;
	struct autoscalers *owner;
	struct kube_call *call;
	enum kube_scaler kind;
	char *ns, *name;
	int32_t shard; /* of its target */
	int32_t from, to;
};

/* The lists of the start: in each of the named namespaces, or over all. */
struct listing {
	struct autoscalers *owner;
	enum kube_scaler kind;
	struct kube_list *list; /* under way */
	int32_t begun;          /* so many */
	int64_t again_ms; /* all of them, for one failed, or what came of it; monotonic;
			     0: no */
};

/* Does the server know ScaledObjects? */
enum keda { KEDA_UNASKED, KEDA_ASKED, KEDA_UNKNOWN, KEDA_ABSENT, KEDA_SERVED };

struct autoscalers {
	struct loop *loop;
	struct view views[KUBE_SCALERS];
	struct yard *yards;
	struct release *releases;
	struct listing listings[KUBE_SCALERS];
	struct timer sweep, prune;
	enum keda keda;
	struct kube_call *asking;
	struct timer ask;
};

/* Everything that can be in the way has been seen once. */
bool yard_is_synced(const struct yard *y);
/* Asks, unless it is known, whether there are ScaledObjects. */
void autoscalers_ask_keda(struct autoscalers *a);
/* floors.c: ends what is under way. */
void floors_close(struct autoscalers *a);

#endif
