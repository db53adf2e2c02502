/* Kubeconfig files (v1), merged by kubectl's rules. */
#ifndef FORETOP_KUBE_KUBECONFIG_H
#define FORETOP_KUBE_KUBECONFIG_H

#include "kube/config.h"

struct kubeconfig_file {
	char *path; /* for people */
	char *dir;  /* relative names are relative to it */
	struct yaml_node *root;
};

/* What several files say together; zeroed is empty. */
struct kubeconfig {
	struct kubeconfig_file *files; /* the first wins */
	size_t count;
};

/* Adds a file's text. 0, or -1 with ERR_INVALID that names line and column. */
int kubeconfig_add(struct kubeconfig *k, const char *path, const char *dir,
		   const char *text, struct err *err);
/* Reads a context (NULL: current-context) into *ret_config. */
int kubeconfig_resolve(const struct kubeconfig *k, const char *context,
		       struct kube_config *ret_config, struct err *err);
void kubeconfig_fini(struct kubeconfig *k);

/* Fills server, host, port, path and tls from a URL. secure: what a URL without a scheme
 * means. 0, or -1 with ERR_INVALID. */
int kube_config_set_server(struct kube_config *c, const char *url, bool secure,
			   struct err *err);

#endif
