/* The served world: the simulated workloads behind a Prometheus and a Kubernetes API on
 * loopback, in one call, for the demo and for tests. It lives in the caller's reactor: in
 * the process of the loop that is tested, or in a child of its own. */
#ifndef FORETOP_SIM_SERVED_H
#define FORETOP_SIM_SERVED_H

#include "sim/kubeapi.h"
#include "sim/promapi.h"
#include "sim/world.h"

struct served;

/* One Deployment, with its policy and its metrics. Strings are copied. */
struct served_workload {
	struct workload_config
		workload;        /* ns, name, demand (borrowed), capacity, lead, ... */
	const char *policy;      /* text of policy.yaml; NULL: no policy object */
	const char *policy_name; /* of the ConfigMap; NULL: the workload's name */
	/* PromQL that answers the service's demand; NULL:
	 * served_requests_query(ns, name). */
	const char *requests_query;
};

struct served_config {
	const struct clock *clock; /* engine time; the world starts at its present moment.
				      Borrowed */
	int64_t step_ms;           /* engine time between steps of the world; 0: 1 s */
	bool tls;                  /* both servers, with a certificate made at start */
	const char *token;         /* the Kubernetes API's; NULL: "simulated" */
	const char *kube_listen, *prom_listen; /* NULL: "127.0.0.1:0" */
	int64_t bookmark_ms;                   /* 0: 60 s */
	const struct served_workload *workloads;
	int32_t count;
};

/* Starts everything. NULL with *err set. */
struct served *served_new(struct reactor *r, const struct served_config *config,
			  struct err *err);
/* Accepts NULL. Not from a callback of its servers. */
void served_free(struct served *s);
void served_cleanup(struct served **s);

/* sum(rate(http_requests_total{namespace="NS",service="NAME"}[1m])): the caller frees it.
 */
char *served_requests_query(const char *ns, const char *name);
/* The same by pod, for metrics of type Pods: sum by (pod) (...): likewise. */
char *served_pods_query(const char *ns, const char *name);

/* "https://127.0.0.1:PORT". Borrowed. */
const char *served_kube_url(const struct served *s);
const char *served_prom_url(const struct served *s);
const char *served_token(const struct served *s);
/* The certificate that both servers show, which is its own CA; NULL without TLS. */
const char *served_ca_pem(const struct served *s);
/* A kubeconfig for the API server; the caller frees it. */
char *served_kubeconfig(const struct served *s);

struct world *served_world(struct served *s);
struct kubeapi *served_kube(struct served *s);
struct promapi *served_prom(struct served *s);

/* Creates or changes the ConfigMap of a policy; any text will do. 0, or -1 with
 * ERR_INVALID. */
int served_put_policy(struct served *s, const char *ns, const char *name,
		      const char *text, struct err *err);

/* Lets the world catch up with the clock now, instead of at its next step. */
void served_catch_up(struct served *s);
/* Called after each step of the world. May be NULL. */
void served_on_step(struct served *s, void (*stepped)(void *arg), void *arg);

#endif
