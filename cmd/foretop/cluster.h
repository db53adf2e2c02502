/* What the commands that change something in a cluster share: their flags, and requests
 * that are waited for. */
#ifndef FORETOP_CLUSTER_H
#define FORETOP_CLUSTER_H

#include "kube/kube.h"

struct cluster_flags {
	const char *kubeconfig, *context;
	const char *ns;         /* --namespace; NULL: the context's */
	const char *foretop_ns; /* --foretop-namespace */
	int64_t for_ms;         /* --for; 0: not given */
	bool all;               /* --all-namespaces */
	bool dry_run;           /* --dry-run */
	bool server;            /* --dry-run=server: the server checks the write */
	char **names;           /* "NS/NAME" or "NAME"; borrowed from argv */
	int name_count;
};

/* What the flags of all these commands mean, for help texts. */
#define CLUSTER_FLAGS_HELP                                                               \
	"  -A, --all-namespaces        all of them, in every namespace\n"                \
	"  -n, --namespace NS          of names without one; default: the context's\n"   \
	"      --dry-run[=server]      say what would be done, and do not do it\n"       \
	"      --kubeconfig FILE       default: $KUBECONFIG, the pod's own, "            \
	"~/.kube/config\n"                                                               \
	"      --context NAME          of the kubeconfig; default: current-context\n"    \
	"  -h, --help\n"

/* Reads the flags of `command`. -1: go on; else the exit code (after --help, or a
 * mistake that was told). */
int cluster_flags_parse(struct cluster_flags *f, const char *help, int argc, char **argv);

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
	long status;
	struct err err;
	cJSON *object; /* owned; NULL on error */
};
/* kube_done with a struct cluster_answer as its argument. */
void cluster_take(void *arg, const struct kube_reply *reply);
/* Serves until the request that was sent with cluster_take is answered: 0, or -1 with
 * answer->err set. */
int cluster_wait(struct cluster_answer *answer);
void cluster_answer_fini(struct cluster_answer *answer);

/* Namespace and name of "NS/NAME" or "NAME". The caller frees *ret_ns. */
const char *cluster_name(const struct cluster *c, const struct cluster_flags *f,
			 const char *text, char **ret_ns);
/* " (dry run)", as kubectl says it, or "". */
const char *cluster_dry_text(const struct cluster_flags *f);

#endif
