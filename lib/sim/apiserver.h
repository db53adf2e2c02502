/* Private to sim: what the files of the simulated API server share. */
#ifndef FORETOP_SIM_APISERVER_H
#define FORETOP_SIM_APISERVER_H

#include "sim/apireview.h"
#include "sim/apistore.h"
#include "sim/apitarget.h"
#include "sim/squatter.h"

#define API_JSON "application/json"

struct apiwatch;

/* A list that is being read in pages. */
struct apisnapshot {
	uint64_t number; /* 0: free */
	uint64_t version;
	struct apiobject **items;
	size_t count;
};
#define APISNAPSHOTS 32 /* then the oldest is dropped: 410 */

struct apifault {
	int left, status;
	enum kubeapi_resource resource; /* KUBEAPI_RESOURCES: any */
};

/* Somebody with a bearer token. */
struct apireader {
	char token[64], user[64];
	bool allowed;
};
#define APIREADERS 8

struct kubeapi {
	struct kubeapi_config config;
	char *token;
	bool unserved[KUBEAPI_RESOURCES]; /* kubeapi_serve */
	struct reactor *reactor;
	struct httpd *httpd;
	struct apistore *store;
	struct apiwatch *watches;
	size_t watch_count;
	struct apisnapshot snapshots[APISNAPSHOTS];
	uint64_t snapshot_count; /* made so far */
	struct audit_entry *audit;
	size_t audit_count, audit_cap;
	struct apifault writes, reads, lost;
	struct apirules rules;
	bool no_watchlist, no_websocket, silent;
	uint64_t lag_version; /* what watches and weak reads see; 0: the present */
	struct bends bends;
	struct squatter *squatter;
	struct timer bookmark, restart;
	struct apireader readers[APIREADERS]; /* the oldest goes first */
	size_t reader_count;
};

/* --- lists (apilist.c) --- */
void apilist_answer(struct kubeapi *k, struct exchange *x, const struct apitarget *t);
void apilist_forget(struct kubeapi *k);

/* --- writes and reads of one object (apiwrite.c) --- */
void apiwrite_answer(struct kubeapi *k, struct exchange *x, const struct apitarget *t);
void apiread_answer(struct kubeapi *k, struct exchange *x, const struct apitarget *t);

/* --- watches (apiwatch.c) --- */
/* Can this be watched? 0, or -1 with *ret_status. */
int apiwatch_check(const struct kubeapi *k, const struct apitarget *t,
		   const struct request *q, struct apistatus *ret_status);
/* Starts a watch that was checked; exactly one of the two carries it. `expired`: it
 * begins with a 410. */
void apiwatch_start(struct kubeapi *k, const struct apitarget *t, struct websock *w,
		    struct exchange *x, bool expired);
void apiwatch_drained(struct apiwatch *w);
/* The connection is gone; frees. */
void apiwatch_gone(struct apiwatch *w);
/* Sends what is new, to all. */
void apiwatch_pump_all(struct kubeapi *k);
/* A bookmark to all that want one and are up to date. */
void apiwatch_bookmark_all(struct kubeapi *k);
/* Those that stand say nothing any more. */
void apiwatch_orphan_all(struct kubeapi *k);
/* Normally, or without a farewell. */
void apiwatch_end_all(struct kubeapi *k, bool normally);

/* --- readers of the page (apireader.c) --- */
/* True when the request was a review of a token, or of access to a nonResourceURL, and
 * has its answer. */
bool apireader_answer(struct kubeapi *k, struct exchange *x);

/* --- scale (apiscale.c) --- */
/* The Scale object of a workload. The caller owns it. */
cJSON *apiscale_of(const cJSON *workload);
int32_t apiscale_replicas(const cJSON *workload);
/* Notes in metadata.managedFields of a workload who has set another size, and when. */
void apiscale_own(cJSON *workload, const char *manager, int64_t now_ms);

/* The newest version that watches and reads from a cache see. */
uint64_t apiserver_view(const struct kubeapi *k);

/* True when the fault strikes this request: one less is left. */
bool apifault_strikes(struct apifault *f, enum kubeapi_resource resource);
/* Status of a struck request. */
void apifault_status(const struct apifault *f, const struct apitarget *t,
		     const char *verb, struct apistatus *ret_status);

#endif
