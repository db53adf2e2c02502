/* What the cluster looks like now: one collection, listed and then watched, over
 * WebSocket or a chunked HTTP answer, for as long as the program runs. */
#ifndef FORETOP_KUBE_WATCH_H
#define FORETOP_KUBE_WATCH_H

#include "kube/client.h"
#include "kube/version.h"

struct kube_watch;

enum kube_change { KUBE_ADDED, KUBE_MODIFIED, KUBE_DELETED };
enum kube_transport { KUBE_AUTO, KUBE_WEBSOCKET, KUBE_HTTP };

struct kube_watch_options {
	const char *path; /* "/api/v1/namespaces/shop/pods"; copied */
	const char
		*label_selector; /* "foretop.io/policy"; not escaped; NULL: all; copied */
	const char *field_selector;
	enum kube_transport transport; /* KUBE_AUTO: WebSocket, HTTP where that fails */
	size_t max_objects;            /* 0: 200,000; more are an error that is retried */
	/* One object came, changed or went. After a gap the difference is given: what
	 * vanished meanwhile comes as KUBE_DELETED with nothing but metadata (namespace,
	 * name, uid, resourceVersion) and the annotation foretop.io/last-state "unknown";
	 * an object that was replaced by another of the same name comes as DELETED and
	 * ADDED. What did not change is not given again. Borrowed for the call. */
	void (*on_object)(void *arg, enum kube_change change, const cJSON *object);
	/* A list is complete: the store equals the server's state at that moment. Called
	 * after each list, so it means "complete again" after the first. May be NULL. */
	void (*on_synced)(void *arg);
	/* The connection's state changed. err NULL: watching, and `text` says how; else
	 * what is wrong and (in text) what is done about it. Called on changes only. May
	 * be NULL. */
	void (*on_state)(void *arg, const char *text, const struct err *err);
	/* The server has forgotten the version that this watch had reached (410), so that
	 * all is listed anew: the ordinary course after its restart, or a compaction of
	 * etcd. on_state follows only if it goes on. May be NULL. */
	void (*on_expired)(void *arg, const struct err *err);
	void *arg;
	/* For tests and simulations; 0: the defaults. */
	int64_t back_off_ms; /* 800: first pause, doubles up to 30 s, plus jitter */
	int64_t watch_ms;    /* 300 s to 600 s at random: timeoutSeconds of a watch */
};

struct kube_watch_info {
	bool synced;                   /* the first list is complete */
	bool watching;                 /* a watch stands right now */
	enum kube_transport transport; /* the one in use or tried last */
	size_t objects;
	int64_t last_contact_ms; /* monotonic_ms of the last event, pong or list; 0: never
				  */
	char version[KUBE_VERSION_SIZE]; /* newest resourceVersion seen */
	uint64_t lists, watches, events, expired, failures; /* counters since the start */
};

/* Starts at once. Callbacks come from the loop, never from within this call. NULL with
 * *err = ERR_INVALID when the path is none. */
struct kube_watch *
kube_watch_new(struct kube *k, const struct kube_watch_options *options, struct err *err);
/* Ends it without calling back; not from within its own callbacks. Accepts NULL. */
void kube_watch_free(struct kube_watch *w);

void kube_watch_info(const struct kube_watch *w, struct kube_watch_info *ret_info);
/* Distrusts what is there: lists again now, keeping the store for the difference. For
 * owners that know that the server answers: the pause after a failure starts small again.
 */
void kube_watch_relist(struct kube_watch *w);
/* The same knowledge without the distrust: what waits after a failure is tried now (not
 * before a time that the server named), what is under way goes on. */
void kube_watch_hurry(struct kube_watch *w);

#endif
