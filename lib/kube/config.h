/* Where the API server is and how to log in: from inside a pod, or from a kubeconfig. */
#ifndef FORETOP_KUBE_CONFIG_H
#define FORETOP_KUBE_CONFIG_H

#include "base/base.h"
#include "kube/exec_plugin.h"
#include "kube/impersonation.h"

#include <stdbool.h>

/* Everything is owned; NULL means not given. Files are named, not read: the client reads
 * them and follows their rotation. At most one of a *_file and its *_pem is set. */
struct kube_config {
	char *server; /* "https://10.0.0.1:6443/prefix", no slash at the end */
	char *host;   /* of the server: name or address, IPv6 without brackets */
	int port;
	char *path; /* behind host and port: "" or "/prefix" */
	bool tls;
	char *ca_file, *ca_pem; /* neither: the system's certificates */
	char *cert_file, *cert_pem;
	char *key_file, *key_pem;
	char *token_file; /* never together with token; followed when it is rotated */
	char *token;
	char *username, *password;
	char *tls_server_name;   /* expected in the certificate instead of host */
	char *proxy_url;         /* of the file, or of the environment; with a port */
	bool insecure;           /* insecure-skip-tls-verify */
	struct exec_plugin exec; /* zeroed: none; gives the credential at run time */
	struct impersonation as; /* zeroed: nobody */
	char *namespace_;        /* of the context or the pod; "default" if not given */
	char *source;            /* for people: "in-cluster" or "PATH, context NAME" */
};

struct kube_config_options {
	const char *kubeconfig; /* a path, or NULL */
	const char *context;    /* NULL: current-context */
	const char *server;     /* overrides the server of the context, or NULL */
	/* Whom to impersonate instead of what the file says, each field for itself; NULL:
	 * as the file says. as_groups ends with NULL. */
	const char *as, *as_uid;
	char *const *as_groups;
	/* For tests; NULL: the real place. */
	const char *service_account_dir;
};

/* Reads the configuration the way kubectl does. In order: options->kubeconfig; the files
 * of KUBECONFIG (missing ones are skipped, the first file wins for each named entry and
 * for current-context); ~/.kube/config; the pod's service account. Relative file names
 * are relative to the file that names them; *-data wins over the file, tokenFile over
 * token. Refused with a text that says what to do: exec plugins that must ask a person,
 * auth-provider, insecure-skip-tls-verify together with a CA, a uid or groups to
 * impersonate without a user. Without proxy-url the environment is asked for a proxy. 0,
 * or -1 with *err = ERR_INVALID (wrong content) or ERR_RETRY (nothing there). No text
 * holds a secret. The caller frees with kube_config_fini. */
int kube_config_load(const struct kube_config_options *options,
		     struct kube_config *ret_config, struct err *err);
/* One kubeconfig text; relative file names are relative to `dir`. */
int kube_config_parse(const char *text, const char *dir, const char *context,
		      struct kube_config *ret_config, struct err *err);
/* For servers that are known, such as an embedded one: "http://127.0.0.1:8001". No
 * credentials. */
int kube_config_for_server(const char *url, struct kube_config *ret_config,
			   struct err *err);
void kube_config_copy(const struct kube_config *c, struct kube_config *ret_copy);
/* Accepts NULL and zeroed. */
void kube_config_fini(struct kube_config *c);

#endif
