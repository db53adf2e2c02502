/* Front header of loop: gather events, step, perform actions. The only place where the
 * engine meets the clients. */
#ifndef FORETOP_LOOP_LOOP_H
#define FORETOP_LOOP_LOOP_H

#include "engine/engine.h"
#include "io/io.h"
#include "kube/kube.h"
#include "prom/prom.h"
#include "serve/serve.h"

struct loop;

struct loop_config {
	struct reactor *reactor;        /* borrowed, outlives the loop */
	const struct clock *clock;      /* engine time; borrowed */
	const struct kube_config *kube; /* copied */
	const struct controller_config
		*controller;        /* borrowed until loop_reload gives another */
	const char *only_namespace; /* serve policies of this namespace alone; NULL: as
				       the controller's configuration */
	const char *instance; /* name of this replica; NULL: POD_NAME, or host and process
				 id */
	bool dry_run; /* decide and report, write nothing at all: no scale, no status, no
			 Event, no Lease */
	const char *listen;             /* of /metrics and the probes; NULL: no face */
	const struct config_page *page; /* the page; NULL, or its listen is empty: none.
					   Copied */
	int64_t request_timeout_ms;     /* most that a request to the API server may take,
					   watches apart; 0: each its own time */
	/* Sees every action before it is performed (the demo, --once). May be NULL. */
	void (*observe)(void *arg, const struct action *action, int64_t now_ms);
	/* The lead was lost: the process must end at once. */
	void (*on_lost)(void *arg);
	void *arg;
};

/* Connects and starts; everything after is callbacks of the reactor. NULL with *err. */
struct loop *loop_new(const struct loop_config *config, struct err *err);
/* Accepts NULL. Nothing is written any more; call loop_shutdown before to give the lead
 * away. */
void loop_free(struct loop *l);
void loop_cleanup(struct loop **l);

/* Ends the work: no more writes, the Lease is released; `done` is called within bound_ms.
 */
void loop_shutdown(struct loop *l, int64_t bound_ms, void (*done)(void *arg), void *arg);

/* Another configuration from now on, borrowed in place of the one before: sources are
 * opened anew. Times of election, namespaces, the most policies, addresses and the page
 * stay as they were until a restart. 0, or -1 with *err, and the old one stays. */
int loop_reload(struct loop *l, const struct controller_config *controller,
		struct err *err);

/* For /metrics: another configuration was to be read, and the one in force stays. */
void loop_reload_failed(struct loop *l);

/* One source of the configuration as a client of its own, for commands that only ask.
 * NULL with *err. The caller frees it (prom_source_free). */
struct prom_source *source_open(struct reactor *r, const struct config_source *c,
				struct err *err);

/* The query for the past demand of a policy's metric, the workload's total: its own, or a
 * Resource's built-in one. 0, or -1 with *err, or when the text passes out's limit. */
int loop_history_query(const struct policy *policy, int32_t metric, struct str *out,
		       struct err *err);

/* The table of everything that /metrics exports. */
const struct metric_family *loop_families(int *ret_count);

/* For summaries. */
const struct engine *loop_engine(const struct loop *l);
bool loop_leading(const struct loop *l);
/* True once every valid policy has decided and has read its history, or cannot. */
bool loop_settled(const struct loop *l);
/* Why the policies could not be listed when that was tried last; NULL: they could, or the
 * first attempt is under way. Borrowed until the next event. */
const char *loop_trouble(const struct loop *l);
/* True when nothing that was asked of the servers waits for its answer: no query, write,
 * status object or Event. */
bool loop_idle(const struct loop *l);
/* "http://127.0.0.1:PORT" of the face, or NULL. */
const char *loop_url(const struct loop *l);
/* The same of the page. */
const char *loop_page_url(const struct loop *l);

#endif
