/* What the commands that ask a cluster share: the flags that kubectl has too, and
 * requests that are waited for. */
#ifndef FORETOP_CLUSTER_H
#define FORETOP_CLUSTER_H

#include "flags.h"

#include "kube/kube.h"

/* --foretop-namespace, unless given. */
#define CLUSTER_FORETOP_NAMESPACE "foretop-system"

/* --as-group may be given so often. */
#define CLUSTER_GROUPS_MAX 32

struct cluster_flags {
	const char *kubeconfig, *context, *url;
	const char *as, *as_uid; /* whom to act as; NULL: as the kubeconfig says */
	char *as_groups[CLUSTER_GROUPS_MAX + 1]; /* ends with NULL; borrowed from argv */
	const char *ns;                          /* --namespace; NULL: the context's */
	const char *foretop_ns;                  /* --foretop-namespace */
	int64_t timeout_ms;                      /* --request-timeout; 0: not given */
	bool all;                                /* --all-namespaces */
	/* Of the commands that change something. */
	int64_t for_ms; /* --for; 0: not given */
	bool dry_run;   /* --dry-run */
	bool server;    /* --dry-run=server: the server checks the write */
	char **names;   /* "NS/NAME" or "NAME"; borrowed from argv */
	int name_count;
};

/* Rows of an option table, letters, and what they mean, for help texts. */
enum {
	CLUSTER_KUBECONFIG = 1000,
	CLUSTER_CONTEXT,
	CLUSTER_TIMEOUT,
	CLUSTER_AS,
	CLUSTER_AS_GROUP,
	CLUSTER_AS_UID,
	CLUSTER_FORETOP_NS,
	CLUSTER_OPTION_END,
};
#define CLUSTER_LETTERS "n:s:"
#define CLUSTER_OPTIONS                                                                  \
	{"kubeconfig", required_argument, NULL, CLUSTER_KUBECONFIG},                     \
		{"context", required_argument, NULL, CLUSTER_CONTEXT},                   \
		{"server", required_argument, NULL, 's'},                                \
		{"namespace", required_argument, NULL, 'n'},                             \
		{"as", required_argument, NULL, CLUSTER_AS},                             \
		{"as-group", required_argument, NULL, CLUSTER_AS_GROUP},                 \
		{"as-uid", required_argument, NULL, CLUSTER_AS_UID},                     \
	{                                                                                \
		"request-timeout", required_argument, NULL, CLUSTER_TIMEOUT              \
	}
#define CLUSTER_FORETOP_OPTION                                                           \
	{                                                                                \
		"foretop-namespace", required_argument, NULL, CLUSTER_FORETOP_NS         \
	}
#define CLUSTER_FLAGS_HELP                                                               \
	"  -n, --namespace NS          of names without one; default: the "              \
	"context's\n" CLUSTER_SERVER_HELP
#define CLUSTER_SERVER_HELP                                                              \
	"      --kubeconfig FILE       default: $KUBECONFIG, ~/.kube/config, the pod's " \
	"own\n"                                                                          \
	"      --context NAME          of the kubeconfig; default: current-context\n"    \
	"  -s, --server URL            the API server; default: the context's\n"         \
	"      --request-timeout TIME  of each request to it, such as 5s (10s)\n"        \
	"      --as USER               act as this user, where the server lets you\n"    \
	"      --as-group GROUP        and in this group; again for more\n"              \
	"      --as-uid UID            and with this uid\n"                              \
	"  -h, --help\n"
#define CLUSTER_FORETOP_HELP                                                             \
	"      --foretop-namespace NS  where the controller keeps its status objects\n"  \
	"                              (foretop-system)\n"

/* Takes one of CLUSTER_OPTIONS or -A, its value in optarg: 1, or 0 when c is none of
 * them, or -1 with *err. */
int cluster_flag(struct cluster_flags *f, int c, struct err *err);

/* Reads the flags of a command that changes something: the above, -A, --dry-run, --for
 * and --foretop-namespace. -1: go on; else the exit code (after --help, or a mistake that
 * was told). */
int cluster_flags_parse(struct cluster_flags *f, const char *help, int argc, char **argv);

/* Whether the text is "NAME" or "NS/NAME", a "policy/" before it or not. */
bool cluster_name_check(const char *text);
/* What is allowed, for messages. */
#define CLUSTER_NAME_ALLOWED "allowed: NAME or NAMESPACE/NAME"
/* What is left of the arguments are names: f->names and f->name_count. -1: go on; else
 * the exit code after a mistake that was told. */
int cluster_take_names(struct cluster_flags *f, int argc, char **argv);

/* Where kube_config_load finds the cluster; everything is borrowed from the flags. */
struct kube_config_options cluster_where(const struct cluster_flags *f);

struct cluster {
	struct reactor *reactor;
	struct kube *kube;
	struct kube_config config;
};
/* 0, or -1 with *err. */
int cluster_open(struct cluster *c, const struct cluster_flags *f, struct err *err);
/* Accepts zeroed. */
void cluster_close(struct cluster *c);

/* One answer, waited for. */
struct cluster_answer {
	struct cluster *cluster;
	long status; /* HTTP's; 0: none came */
	struct err err;
	cJSON *object; /* owned; NULL on error */
};
/* kube_done with a struct cluster_answer as its argument. */
void cluster_take(void *arg, const struct kube_reply *reply);
/* Serves until the request that was sent with cluster_take is answered: 0, or -1 with
 * answer->err set. */
int cluster_wait(struct cluster_answer *answer);
void cluster_answer_fini(struct cluster_answer *answer);

/* One object, or the whole of a collection as an array of objects: the caller owns it.
 * NULL with *err, and the HTTP status (0: no answer). ret_status may be NULL. */
cJSON *cluster_get(struct cluster *c, const char *path, long *ret_status,
		   struct err *err);
cJSON *cluster_list(struct cluster *c, const char *path, const char *label_selector,
		    long *ret_status, struct err *err);
/* "/api/v1/namespaces/NS/configmaps/NAME": the caller frees. */
char *cluster_path(const char *group_version, const char *plural, const char *ns,
		   const char *name);

/* The namespace of names that have none. Borrowed. */
const char *cluster_namespace(const struct cluster *c, const struct cluster_flags *f);
/* Namespace and name of "NS/NAME" or "NAME", "policy/" before it or not. The caller frees
 * *ret_ns. */
const char *cluster_name(const struct cluster *c, const struct cluster_flags *f,
			 const char *text, char **ret_ns);
/* " (dry run)", as kubectl says it, or "". */
const char *cluster_dry_text(const struct cluster_flags *f);

#endif
