#include "kube/exec_plugin.h"

#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define GROUP "client.authentication.k8s.io/"

void exec_plugin_fini(struct exec_plugin *p)
{
	if (!p)
		return;
	free(p->command);
	texts_free(p->args);
	texts_free(p->env);
	free(p->api_version);
	free(p->hint);
	*p = (struct exec_plugin){0};
}

void exec_plugin_copy(const struct exec_plugin *p, struct exec_plugin *ret_copy)
{
	*ret_copy = (struct exec_plugin){
		.command = xstrdup(p->command),
		.args = texts_copy(p->args),
		.env = texts_copy(p->env),
		.api_version = xstrdup(p->api_version),
		.hint = xstrdup(p->hint),
		.wants_cluster = p->wants_cluster,
	};
}

/* --- what the kubeconfig says --- */

static const char *required(const struct yaml_node *map, const char *key, struct err *err)
{
	const struct yaml_node *node = yaml_get(map, key);
	if (node && node->kind == YAML_SCALAR && !yaml_is_null(node) && *node->text)
		return node->text;
	err_set(err, ERR_INVALID, "exec: line %d: has no %s", map->line, key);
	return NULL;
}

/* NULL or null: an empty list. */
static int list_of(const struct yaml_node *exec, const char *key,
		   const struct yaml_node **ret_list, struct err *err)
{
	const struct yaml_node *list = yaml_get(exec, key);
	*ret_list = list && !yaml_is_null(list) ? list : NULL;
	if (*ret_list && list->kind != YAML_LIST)
		return err_set(err, ERR_INVALID, "exec: line %d: %s: a list expected",
			       list->line, key);
	return 0;
}

static int read_args(const struct yaml_node *exec, char ***ret_args, struct err *err)
{
	const struct yaml_node *list;
	if (list_of(exec, "args", &list, err) < 0)
		return -1;
	*ret_args = xcalloc((list ? list->count : 0) + 1, sizeof(**ret_args));
	for (size_t i = 0; list && i < list->count; i++) {
		if (list->items[i].kind != YAML_SCALAR)
			return err_set(err, ERR_INVALID,
				       "exec: line %d: args: texts expected",
				       list->items[i].line);
		(*ret_args)[i] = xstrdup(list->items[i].text);
	}
	return 0;
}

static int read_env(const struct yaml_node *exec, char ***ret_env, struct err *err)
{
	const struct yaml_node *list;
	if (list_of(exec, "env", &list, err) < 0)
		return -1;
	*ret_env = xcalloc((list ? list->count : 0) + 1, sizeof(**ret_env));
	for (size_t i = 0; list && i < list->count; i++) {
		const char *name = yaml_str(&list->items[i], "name", "");
		if (!*name || strchr(name, '='))
			return err_set(err, ERR_INVALID,
				       "exec: line %d: env: a list of {name, value} "
				       "expected",
				       list->items[i].line);
		(*ret_env)[i] =
			xasprintf("%s=%s", name, yaml_str(&list->items[i], "value", ""));
	}
	return 0;
}

static int check_version(const char *version, struct err *err)
{
	if (!strcmp(version, GROUP "v1") || !strcmp(version, GROUP "v1beta1"))
		return 0;
	return err_set(err, ERR_INVALID,
		       "exec: apiVersion \"%s\": " GROUP "v1 or " GROUP
		       "v1beta1 expected",
		       version);
}

/* A controller has nobody to ask, and its standard input belongs to nobody. */
static int check_interactive(const struct yaml_node *exec, const char *version,
			     struct err *err)
{
	const char *mode = yaml_str(exec, "interactiveMode", "");
	if (!*mode && !strcmp(version, GROUP "v1"))
		return err_set(err, ERR_INVALID,
			       "exec: interactiveMode is required with " GROUP
			       "v1: Never, IfAvailable or Always");
	if (!strcmp(mode, "Always"))
		return err_set(
			err, ERR_INVALID,
			"exec: the plugin must ask a person (interactiveMode: "
			"Always), which foretop cannot: use a token, a tokenFile or "
			"a client certificate");
	if (*mode && strcmp(mode, "Never") != 0 && strcmp(mode, "IfAvailable") != 0)
		return err_set(err, ERR_INVALID,
			       "exec: interactiveMode \"%s\": Never, IfAvailable or "
			       "Always expected",
			       mode);
	return 0;
}

static int read_cluster_info(const struct yaml_node *exec, bool *ret_wanted,
			     struct err *err)
{
	const struct yaml_node *node = yaml_get(exec, "provideClusterInfo");
	if (node && !yaml_is_null(node) && yaml_bool(node, ret_wanted) < 0)
		return err_set(err, ERR_INVALID,
			       "exec: provideClusterInfo: true or false expected");
	return 0;
}

static int read_fields(const struct yaml_node *exec, const char *dir,
		       struct exec_plugin *p, struct err *err)
{
	const char *command = required(exec, "command", err);
	const char *version = command ? required(exec, "apiVersion", err) : NULL;
	if (!version || check_version(version, err) < 0 ||
	    check_interactive(exec, version, err) < 0)
		return -1;
	bool relative = *command != '/' && strchr(command, '/');
	p->command = relative ? xasprintf("%s/%s", dir, command) : xstrdup(command);
	p->api_version = xstrdup(version);
	const char *hint = yaml_str(exec, "installHint", "");
	p->hint = *hint ? xstrdup(hint) : NULL;
	if (read_args(exec, &p->args, err) < 0 || read_env(exec, &p->env, err) < 0)
		return -1;
	return read_cluster_info(exec, &p->wants_cluster, err);
}

int exec_plugin_read(const struct yaml_node *exec, const char *dir,
		     struct exec_plugin *ret_plugin, struct err *err)
{
	struct exec_plugin p = {0};
	if (exec->kind != YAML_MAP)
		return err_set(err, ERR_INVALID, "exec: line %d: a map expected",
			       exec->line);
	if (read_fields(exec, dir, &p, err) < 0) {
		exec_plugin_fini(&p);
		return -1;
	}
	*ret_plugin = p;
	return 0;
}

/* --- what it is told --- */

static void add_text(cJSON *o, const char *key, const char *text)
{
	if (text)
		cJSON_AddStringToObject(o, key, text);
}

static void add_base64(cJSON *o, const char *key, const char *text)
{
	if (!text)
		return;
	size_t len = strlen(text);
	char *coded AUTO_FREE = xcalloc(1, 4 * ((len + 2) / 3) + 1);
	EVP_EncodeBlock((unsigned char *)coded, (const unsigned char *)text, (int)len);
	cJSON_AddStringToObject(o, key, coded);
}

char *exec_info(const char *api_version, const struct exec_cluster *cluster)
{
	cJSON *info AUTO(json_cleanup) = cJSON_CreateObject();
	cJSON_AddStringToObject(info, "kind", "ExecCredential");
	cJSON_AddStringToObject(info, "apiVersion", api_version);
	cJSON *spec = cJSON_AddObjectToObject(info, "spec");
	if (cluster) {
		cJSON *c = cJSON_AddObjectToObject(spec, "cluster");
		add_text(c, "server", cluster->server);
		add_text(c, "tls-server-name", cluster->tls_server_name);
		if (cluster->insecure)
			cJSON_AddTrueToObject(c, "insecure-skip-tls-verify");
		add_base64(c, "certificate-authority-data", cluster->ca_pem);
		add_text(c, "proxy-url", cluster->proxy_url);
	}
	cJSON_AddFalseToObject(spec, "interactive");
	return json_text(info);
}

/* --- what it answers --- */

static void wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

void exec_credential_fini(struct exec_credential *c)
{
	if (!c)
		return;
	wipe(c->token);
	wipe(c->cert_pem);
	wipe(c->key_pem);
	*c = (struct exec_credential){0};
}

/* The tree holds secrets; cJSON frees without wiping. */
static void wipe_tree(cJSON *o)
{
	for (; o; o = o->next) {
		if (o->valuestring)
			explicit_bzero(o->valuestring, strlen(o->valuestring));
		wipe_tree(o->child);
	}
}

static void secret_tree_cleanup(cJSON **tree)
{
	wipe_tree(*tree);
	cJSON_Delete(*tree);
}

static char *given(const cJSON *o, const char *path)
{
	const char *text = json_str(o, path, "");
	return *text ? xstrdup(text) : NULL;
}

static int read_expiry(const cJSON *o, int64_t *ret_ms, struct err *err)
{
	const char *text = json_str(o, "status.expirationTimestamp", "");
	*ret_ms = INT64_MAX;
	if (*text && time_parse(text, ret_ms, NULL) < 0)
		return err_set(err, ERR_RETRY,
			       "status.expirationTimestamp: a time like "
			       "2026-11-27T00:00:00Z expected");
	return 0;
}

static int check_credential(const struct exec_credential *c, struct err *err)
{
	if (!c->cert_pem != !c->key_pem)
		return err_set(err, ERR_RETRY, "status.%s without status.%s",
			       c->cert_pem ? "clientCertificateData" : "clientKeyData",
			       c->cert_pem ? "clientKeyData" : "clientCertificateData");
	if (!c->token && !c->cert_pem)
		return err_set(err, ERR_RETRY,
			       "status has neither a token nor a client certificate");
	if (c->token && strpbrk(c->token, "\r\n"))
		return err_set(err, ERR_RETRY, "status.token: one line expected");
	return 0;
}

int exec_credential_parse(const char *text, size_t len, const char *api_version,
			  struct exec_credential *ret_credential, struct err *err)
{
	cJSON *o AUTO(secret_tree_cleanup) = json_parse(text, len, NULL);
	if (!o)
		return err_set(err, ERR_RETRY, "no JSON: an ExecCredential expected");
	const char *version = json_str(o, "apiVersion", "");
	if (strcmp(json_str(o, "kind", ""), "ExecCredential") != 0 ||
	    strcmp(version, api_version) != 0)
		return err_set(err, ERR_RETRY, "an ExecCredential of %s expected",
			       api_version);
	struct exec_credential c = {
		.token = given(o, "status.token"),
		.cert_pem = given(o, "status.clientCertificateData"),
		.key_pem = given(o, "status.clientKeyData"),
	};
	if (read_expiry(o, &c.expires_ms, err) < 0 || check_credential(&c, err) < 0) {
		exec_credential_fini(&c);
		return -1;
	}
	*ret_credential = c;
	return 0;
}
