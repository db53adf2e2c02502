/* A Kubernetes API server on loopback: one in-memory store with a monotonic
 * resourceVersion, real list, watch and precondition semantics (reference:
 * apiserver 1.37), over HTTP, chunked HTTP watches and WebSocket watches.
 *
 * Resources: configmaps, pods, namespaces (v1), deployments, statefulsets and replicasets
 * with /scale and /status (apps/v1), leases (coordination.k8s.io/v1), events
 * (events.k8s.io/v1), horizontalpodautoscalers (autoscaling/v2), scaledobjects
 * (keda.sh/v1alpha1), fleets with /scale and /status (sim.foretop.io/v1), a kind of
 * nobody's; and access reviews. */
#ifndef FORETOP_SIM_KUBEAPI_H
#define FORETOP_SIM_KUBEAPI_H

#include "serve/serve.h"
#include "sim/fault.h"
#include "sim/seen.h"
#include "sim/squatter.h"

struct kubeapi;

enum kubeapi_resource {
	KUBEAPI_CONFIGMAPS,
	KUBEAPI_PODS,
	KUBEAPI_NAMESPACES,
	KUBEAPI_DEPLOYMENTS,
	KUBEAPI_STATEFULSETS,
	KUBEAPI_REPLICASETS,
	KUBEAPI_LEASES,
	KUBEAPI_EVENTS,
	KUBEAPI_HPAS,
	KUBEAPI_SCALEDOBJECTS,
	KUBEAPI_FLEETS,
	KUBEAPI_RESOURCES,
};

struct kubeapi_config {
	const char *listen;
	const char *cert_pem, *key_pem; /* NULL: no TLS */
	const char *bearer_token;       /* wanted of every request; NULL: everybody may */
	const struct clock
		*clock;      /* engine time, for creationTimestamp and audit; borrowed */
	int64_t bookmark_ms; /* real time between bookmarks; 0: 60 s */
	/* Called after a client's write changed spec.replicas (through /scale or the
	 * object). May write to the store. */
	void (*scaled)(void *arg, enum kubeapi_resource resource, const char *ns,
		       const char *name, int32_t replicas);
	void *arg;
};

/* NULL with *err as httpd_new. */
struct kubeapi *kubeapi_new(struct reactor *r, const struct kubeapi_config *config,
			    struct err *err);
void kubeapi_free(struct kubeapi *k);
const char *kubeapi_url(const struct kubeapi *k);
uint64_t kubeapi_version(const struct kubeapi *k); /* the newest resourceVersion */

/* false: as if the definition of this custom resource had never been applied. */
void kubeapi_serve(struct kubeapi *k, enum kubeapi_resource resource, bool serve);

/* --- the store, from inside --- */
/* Creates or replaces an object from JSON; metadata.namespace and .name are taken from
 * it, uid, creationTimestamp, generation and resourceVersion are the store's. 0, or -1
 * with ERR_INVALID (no JSON, no name). */
int kubeapi_put(struct kubeapi *k, enum kubeapi_resource resource, const char *json,
		struct err *err);
/* The same from a tree, which is only read. */
int kubeapi_put_tree(struct kubeapi *k, enum kubeapi_resource resource,
		     const cJSON *object, struct err *err);
/* The same at another engine time than now: counts when the object is new. */
int kubeapi_put_at(struct kubeapi *k, enum kubeapi_resource resource, const cJSON *object,
		   int64_t at_ms, struct err *err);
/* False when there was none. */
bool kubeapi_delete(struct kubeapi *k, enum kubeapi_resource resource, const char *ns,
		    const char *name);
/* A copy for the caller (cJSON_Delete), or NULL. */
cJSON *kubeapi_get(struct kubeapi *k, enum kubeapi_resource resource, const char *ns,
		   const char *name);
size_t kubeapi_count(const struct kubeapi *k, enum kubeapi_resource resource);

/* Whose a bearer token is (TokenReview), and whether they may `get` the nonResourceURL
 * /foretop (SubjectAccessReview). At most 8; all other tokens are nobody's. */
void kubeapi_allow_reader(struct kubeapi *k, const char *token, const char *user,
			  bool allowed);

/* --- what clients wrote --- */
struct audit_entry {
	int64_t engine_ms, real_ms;
	enum http_method method;
	enum kubeapi_resource resource;
	char ns[64], name[128], subresource[16]; /* "" or "scale", "status" */
	char user_agent[64];
	int status;                /* HTTP status of the answer */
	int32_t from, to;          /* replicas, for writes that change them; else -1 */
	char resource_version[24]; /* after the write */
};
#define AUDIT_MAX 100000 /* then the oldest half is dropped */
size_t kubeapi_audit_count(const struct kubeapi *k);
/* i in [0, count). Borrowed until the next write. */
const struct audit_entry *kubeapi_audit(const struct kubeapi *k, size_t i);

/* --- faults --- */
void kubeapi_cut_watches(struct kubeapi *k); /* without a farewell */
void kubeapi_end_watches(struct kubeapi *k); /* normally: close 1000, end of the body */
void kubeapi_compact(struct kubeapi *k); /* forgets history: older watches and continue
					    tokens get 410 */
void kubeapi_send_bookmarks(struct kubeapi *k); /* at once */
/* The next n requests that write (any resource, or only `resource` unless
 * KUBEAPI_RESOURCES) get this status: 403, 409, 429, 500, 503. */
void kubeapi_fail_writes(struct kubeapi *k, int n, int status,
			 enum kubeapi_resource resource);
/* The next n reads, lists and watches likewise. */
void kubeapi_fail_reads(struct kubeapi *k, int n, int status,
			enum kubeapi_resource resource);
/* RBAC: nobody may use this verb ("list", "*": every one) on this resource
 * ("deployments/scale") from now on, and access reviews say so. verb NULL: everybody may
 * everything again. */
void kubeapi_deny(struct kubeapi *k, const char *verb, const char *resource);
/* RBAC by Roles alone: rights in these namespaces (at most 64), none anywhere else and
 * none over all of them at once; access reviews say so. count 0: everywhere again. */
void kubeapi_confine(struct kubeapi *k, const char *const *namespaces, int count);
/* The next n writes are carried out, but the connection breaks before the answer. */
void kubeapi_lose_answers(struct kubeapi *k, int n, enum kubeapi_resource resource);
/* true: watches stay open, answer pings and say nothing, not even their end. */
void kubeapi_silence_watches(struct kubeapi *k, bool silent);
/* Watches that stand now are half-open from now on, for good; new ones work. */
void kubeapi_orphan_watches(struct kubeapi *k);
void kubeapi_allow_watchlist(struct kubeapi *k,
			     bool allow); /* false: 422, like before 1.32 */
void kubeapi_allow_websocket(struct kubeapi *k,
			     bool allow); /* false: 403 without a body */
/* Dies now and comes back after down_ms of real time, on the same port, its history
 * compacted. Not from a callback of this server. */
void kubeapi_restart(struct kubeapi *k, int64_t down_ms);
/* As one fault of requests or events says, from now on. */
void kubeapi_bend(struct kubeapi *k, const struct fault *fault);
/* How many requests and events such faults have struck so far. */
int kubeapi_struck(const struct kubeapi *k);
/* true: watches, and lists that allow it, see the state of this moment until it is false
 * again. Reads from the quorum and writes see the present. */
void kubeapi_lag(struct kubeapi *k, bool lags);
/* Leaves its port for down_ms of real time, perhaps to somebody else. Not from a callback
 * of this server. */
void kubeapi_leave(struct kubeapi *k, enum squatter_kind squatter, int64_t down_ms);
/* Who is told of every request; NULL: nobody. */
void kubeapi_on_request(struct kubeapi *k, request_seen *seen, void *arg);
size_t kubeapi_watches(const struct kubeapi *k);

#endif
