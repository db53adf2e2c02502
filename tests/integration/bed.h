/* The test bed: a served world in this process, TLS on, and the real `foretop run` as a
 * child beside it. Nothing sleeps: tests wait for facts, with one generous bound, and
 * judge by order and counts. */
#ifndef FORETOP_TESTS_BED_H
#define FORETOP_TESTS_BED_H

#include "sim/sim.h"
#include "unit/harness.h"

#include <sys/types.h>

#define BED_WAIT_MS   60000
#define BED_WORKLOADS 64
#define BED_PATH      192

/* Labels, and the namespace of what Foretop writes of its own. */
#define BED_STATUS_NS "foretop-status"
#define BED_LEASE_NS  "foretop"

#if defined(__SANITIZE_ADDRESS__)
#define BED_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BED_SANITIZED 1
#endif
#endif
#ifndef BED_SANITIZED
#define BED_SANITIZED 0
#endif

/* A foretop process. */
struct child {
	pid_t pid;     /* 0: not running */
	int exit_code; /* of the last one that ended: 128 + signal when it was killed */
	bool may_end;  /* else its end fails the test */
	bool dumped;   /* the last one that ended left a core behind */
	char log[BED_PATH + 16], out[BED_PATH + 16]; /* standard error and output */
};

/* What Prometheus says of one workload. */
struct demand {
	char name[32];
	double value; /* NaN: no series */
};

struct bed {
	struct reactor *reactor;
	struct clock clock; /* of the served world: the real time */
	struct served *served;
	struct kubeapi *kube;  /* borrowed from served */
	struct promapi *prom;  /* likewise */
	struct trace *traffic; /* of the world's own; the demand of tests is set apart */
	struct demand demands[BED_WORKLOADS];
	int demand_count;
	const char *sync_period; /* of the configuration: "1s" */
	const char *page;        /* likewise: "{listen: \"127.0.0.1:0\"}" */
	/* Likewise, the fields of leaderElection: the usual times, so that a machine that
	 * stops for seconds costs nobody the lead. */
	const char *election;
	char folder[BED_PATH];
	char config[BED_PATH + 16], kubeconfig[BED_PATH + 16], ca[BED_PATH + 16];
	struct child first, second;
	uint64_t starts;
};

/* --- the frame --- */

/* Tests with a fixture, one after the other; the lanes of a program run beside each
 * other, since they spend their time waiting. For main(). */
TCase *bed_lane(const char *name, void (*setup)(void), void (*teardown)(void));
/* Runs all lanes; the exit code for main(). Logs of tests that failed are printed at the
 * end. CK_FORK=no: everything in this process, for a debugger. */
int bed_run(void);

/* A world with these Deployments of four Ready pods each ("NAMESPACE/NAME", or in the
 * namespace "shop"), each with a demand of 400 units, and a configuration file for
 * foretop. No policies. */
struct bed *bed_open(const char *const *names, int count);
/* With the Deployments shop/checkout and shop/cart. */
struct bed *bed_open_shop(void);
/* Ends the children with SIGTERM: they must exit with 0 (a leak of a build with
 * sanitizers fails here). */
void bed_close(struct bed *b);

/* --- waiting --- */

/* Serves the world for a slice of time; fails when a child ended that should not. */
void bed_spin(struct bed *b);
#define wait_until(b, condition, what)                                                   \
	do {                                                                             \
		int64_t end_ms_ = monotonic_ms() + BED_WAIT_MS;                          \
		while (!(condition)) {                                                   \
			ck_assert_msg(monotonic_ms() < end_ms_, "waited in vain: %s",    \
				      what);                                             \
			bed_spin(b);                                                     \
		}                                                                        \
	} while (0)
/* How often the first child has decided on the policy, and: so many times more. */
int bed_decisions(struct bed *b, const char *policy);
void bed_cycles(struct bed *b, const char *policy, int count);

/* --- the world --- */

/* What Prometheus says of a workload from now on, and said at all times before. */
void bed_demand(struct bed *b, const char *name, double value);
/* Another Prometheus answers for a workload too. */
void bed_answer(struct bed *b, struct promapi *prom, const char *name);
/* Creates or changes a policy for a Deployment: 100 units a pod, 1 to 50 pods, no
 * forecast; `more` goes on behind the metric's query ("mode: Scale\n"). */
void bed_policy(struct bed *b, const char *name, const char *target, const char *more);
void bed_policy_text(struct bed *b, const char *name, const char *text);
/* Somebody else sets replicas. */
void bed_set_replicas(struct bed *b, const char *name, int32_t replicas);
/* spec.replicas in the store; -1: there is no such Deployment. */
int32_t bed_replicas(struct bed *b, const char *name);

/* --- the files --- */

/* The file that --config names: `sources` is the list under that key, `more` follows the
 * usual settings; NULL: the usual source, nothing more. */
void bed_write_config(struct bed *b, const char *sources, const char *more);
/* The usual file, with a Lease that is over soon: for tests that wait for its end. */
void bed_short_lease(struct bed *b);
/* One source, "- {name: NAME, url: URL, caFile: ...}\n"; the caller frees it. */
char *bed_source(const struct bed *b, const char *name, const char *url);
void bed_write_file(const char *path, const char *text);

/* --- the process --- */

/* Starts `foretop run` with the usual flags and these (ended by NULL, or NULL). */
void bed_start(struct bed *b, struct child *c, const char *pod_name,
	       const char *const *flags);
/* A policy for checkout (`more` as of bed_policy) and the first child as "foretop-0",
 * until it has led and decided. */
void bed_lead(struct bed *b, const char *more);
/* Calls `foretop COMMAND` with these flags (ended by NULL, at most 22) as the first
 * child, with nothing said before, and waits for its end, also of one that works all the
 * time; the exit code. */
int bed_command(struct bed *b, const char *command, const char *const *flags);
/* What that one wrote to standard output; it must have written nothing to standard error.
 * The caller frees it. */
char *bed_output(const struct bed *b);
/* Starts `foretop` with these arguments, the command first, ended by NULL; it may end. */
void bed_call(struct bed *b, struct child *c, const char *const *args);
/* Another program by its whole path, ended by NULL; it may end. */
void bed_call_tool(struct bed *b, struct child *c, const char *const *argv);
/* `foretop run` with these flags alone; it may end. */
void bed_start_bare(struct bed *b, struct child *c, const char *const *flags);
void bed_signal(const struct child *c, int signal);
/* Waits for its end; the exit code. */
int bed_wait_end(struct bed *b, struct child *c);
/* How often a text stands in what it wrote to standard error. */
int bed_logged(const struct child *c, const char *text);
/* All of standard error or output; the caller frees it. */
char *bed_text(const char *path);
/* Waits until it answers /livez; "http://127.0.0.1:PORT", the caller frees it. */
char *bed_url(struct bed *b, const struct child *c);
/* GET of a path at its own face: the HTTP status, and the body, which the caller frees.
 * ret_body may be NULL. */
long bed_get(struct bed *b, const struct child *c, const char *path, char **ret_body);
/* The same of its page: "/", "/api/v1/policies", ... */
long bed_get_page(struct bed *b, const struct child *c, const char *path,
		  char **ret_body);
/* "http://127.0.0.1:PORT" of its page; the caller frees it. */
char *bed_page_url(struct bed *b, const struct child *c);
/* A sample of /metrics by its full name with labels; NaN when it is not there. */
double bed_metric(struct bed *b, const struct child *c, const char *sample);

/* The sum of all samples that start so (`name{label="value",`); NaN without any. */
double bed_metric_sum(struct bed *b, const struct child *c, const char *start);

/* --- what it wrote --- */

/* Requests that write, from the audit record: of one resource, or of all
 * (KUBEAPI_RESOURCES), answered with this status, or any (0). */
int bed_writes(const struct bed *b, enum kubeapi_resource resource, int status);
/* Writes of replicas of a Deployment that went through. */
int bed_scaled(const struct bed *b, const char *name);
/* The i-th of them: to how many; -1 when there is none. */
int32_t bed_scaled_to(const struct bed *b, const char *name, int i);
/* Events about an object (a Deployment, or the ConfigMap of a policy that has no target)
 * with this reason and this in their note; NULL: any. */
int bed_events(const struct bed *b, const char *about, const char *reason,
	       const char *note);
/* Content of the policy's status object; NULL: there is none. The caller owns it. */
cJSON *bed_status(const struct bed *b, const char *policy);
/* Does the status object hold the condition with this status, and this in its message
 * (NULL: any)? */
bool bed_condition(const struct bed *b, const char *policy, const char *type,
		   const char *status, const char *message);
/* A number of the status object by its path; -1: it is not there. */
int64_t bed_status_int(const struct bed *b, const char *policy, const char *path);
/* Does the last decision's reason hold this? */
bool bed_reason(const struct bed *b, const char *policy, const char *text);
/* holderIdentity of the Lease; the caller frees it; NULL: there is no Lease. */
char *bed_leader(const struct bed *b);
bool bed_leads(const struct bed *b, const char *identity);

#endif
