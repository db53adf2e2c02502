/* Credential plugins of kubeconfigs (client.authentication.k8s.io/v1 and v1beta1): what
 * the file says of one, what it is told, and what it answers. Running them: login.h. */
#ifndef FORETOP_KUBE_EXEC_PLUGIN_H
#define FORETOP_KUBE_EXEC_PLUGIN_H

#include "base/base.h"

#include <stdbool.h>

/* Everything is owned; zeroed: none. */
struct exec_plugin {
	char *command;      /* an absolute path, or a name to be found in PATH */
	char **args;        /* behind the command, NULL at the end */
	char **env;         /* "NAME=value", NULL at the end */
	char *api_version;  /* which form is spoken */
	char *hint;         /* how to install it; NULL: none */
	bool wants_cluster; /* provideClusterInfo */
};

/* The map below "exec" of a user. dir: of the kubeconfig, to which a command with a slash
 * is relative. 0, or -1 with *err = ERR_INVALID that names the field; a plugin that must
 * ask a person (interactiveMode: Always) is refused. */
int exec_plugin_read(const struct yaml_node *exec, const char *dir,
		     struct exec_plugin *ret_plugin, struct err *err);
void exec_plugin_copy(const struct exec_plugin *p, struct exec_plugin *ret_copy);
/* Accepts NULL and zeroed. */
void exec_plugin_fini(struct exec_plugin *p);

/* What a plugin gave. Owned; NULL: not given. */
struct exec_credential {
	char *token;
	char *cert_pem, *key_pem;
	int64_t expires_ms; /* since the epoch; INT64_MAX: not said */
};

/* Reads an ExecCredential. api_version: which one it must be. 0, or -1 with *err =
 * ERR_RETRY: another kind or version, neither a token nor certificate and key, half of a
 * pair, a time that is none. No text quotes what it gave. */
int exec_credential_parse(const char *text, size_t len, const char *api_version,
			  struct exec_credential *ret_credential, struct err *err);
/* Wipes and frees. Accepts NULL and zeroed. */
void exec_credential_fini(struct exec_credential *c);

/* The cluster as a plugin with provideClusterInfo is told of it. Borrowed; NULL: not
 * given. */
struct exec_cluster {
	const char *server, *tls_server_name, *ca_pem, *proxy_url;
	bool insecure;
};
/* The value of KUBERNETES_EXEC_INFO. cluster: NULL when it is not to be told. The caller
 * frees. */
char *exec_info(const char *api_version, const struct exec_cluster *cluster);

#endif
