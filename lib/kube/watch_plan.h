/* What a watch does next, after what happened: list or watch, over what, and when. The
 * rules of client-go's reflector, with two transports. Pure: time comes in. */
#ifndef FORETOP_KUBE_WATCH_PLAN_H
#define FORETOP_KUBE_WATCH_PLAN_H

#include "http/http.h"
#include "kube/stream.h"
#include "kube/watch.h"

enum watch_step {
	STEP_LIST,       /* pages over REST */
	STEP_WATCH_LIST, /* a watch that sends what exists first */
	STEP_WATCH,      /* from the last resourceVersion */
};

enum watch_end_kind {
	WATCH_LISTED, /* a list is complete */
	WATCH_LIST_FAILED,
	WATCH_STREAM_ENDED, /* `stream` says how */
	WATCH_ERROR_EVENT,  /* status: the server's last word in the stream */
	WATCH_BAD_EVENT,    /* something that cannot be understood or kept */
	WATCH_SILENT,       /* its time passed, and the server did not end it */
};

struct watch_end {
	enum watch_end_kind kind;
	enum stream_end_kind stream;
	struct kube_status status; /* of a refusal or an ERROR event */
	bool initial;              /* before the end of a STEP_WATCH_LIST's first state */
	int64_t stayed_ms;         /* since it opened; 0 if it did not */
	bool in_full;              /* it stood as long as it was asked to */
	uint64_t events;           /* bookmarks included, ERROR not */
	bool progressed;           /* the resourceVersion advanced */
};

struct watch_next {
	enum watch_step step;
	enum kube_transport transport; /* KUBE_WEBSOCKET or KUBE_HTTP */
	int64_t delay_ms;
	bool failure;       /* worth telling: not the ordinary course of a watch */
	bool bidden;        /* the server named the delay (Retry-After) */
	bool no_watch_list; /* learned: the server has none */
};

struct watch_plan {
	enum kube_transport wanted; /* KUBE_AUTO, or the only one allowed */
	bool over_http;             /* now, under KUBE_AUTO */
	int64_t websocket_again_ms; /* until then HTTP is good enough */
	bool must_list;
	int refused; /* WebSocket attempts without success, in a row */
	int cut;     /* first states that broke off, in a row */
	int expired; /* 410 since the last watch that was of use */
	int quick;   /* short watches that progressed, in a row */
	int silent;  /* long watches without a sign of life, in a row */
	struct backoff backoff;
	struct rng rng;
};

void watch_plan_init(struct watch_plan *p, enum kube_transport wanted, int64_t first_ms,
		     uint64_t seed);
/* The very first step, or the one after somebody asked for a new list, who knows that the
 * server answers: the pause after a failure starts small again. watch_list: the server is
 * not known to lack it. */
void watch_plan_list(struct watch_plan *p, bool watch_list, struct watch_next *ret_next);
/* The same knowledge while a step waits for its time: it need not wait any longer, unless
 * the server said so. */
void watch_plan_hurry(struct watch_plan *p, struct watch_next *next);
/* The state is complete: watch from here. */
void watch_plan_synced(struct watch_plan *p);
/* A stream opened. */
void watch_plan_opened(struct watch_plan *p, int64_t now_ms);
void watch_plan_ended(struct watch_plan *p, const struct watch_end *end, bool watch_list,
		      int64_t now_ms, struct watch_next *ret_next);

#endif
