#include "kube/kubeconfig.h"

#include "kube/proxy.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* Certificates and keys are some kilobytes. */
#define DATA_MAX (1024 * 1024)

int kubeconfig_add(struct kubeconfig *k, const char *path, const char *dir,
		   const char *text, struct err *err)
{
	struct yaml_node *root = NULL;
	if (yaml_parse(text, strlen(text), &root, err) < 0)
		return err_wrap(err, "%s", path);
	if (root->kind != YAML_MAP) {
		yaml_node_free(root);
		return err_set(err, ERR_INVALID, "%s: no kubeconfig: a map expected",
			       path);
	}
	k->files = xrealloc(k->files, (k->count + 1) * sizeof(*k->files));
	k->files[k->count++] = (struct kubeconfig_file){
		.path = xstrdup(path), .dir = xstrdup(dir), .root = root};
	return 0;
}

void kubeconfig_fini(struct kubeconfig *k)
{
	for (size_t i = 0; i < k->count; i++) {
		free(k->files[i].path);
		free(k->files[i].dir);
		yaml_node_free(k->files[i].root);
	}
	free(k->files);
	*k = (struct kubeconfig){0};
}

/* --- finding entries --- */

struct entry {
	const struct yaml_node *node; /* the map below "cluster", "user" or "context" */
	const struct kubeconfig_file *file;
	const char *name;
};

/* The first entry of this name in a list such as "clusters" over all files. */
static bool find(const struct kubeconfig *k, const char *list, const char *what,
		 const char *name, struct entry *ret_entry)
{
	for (size_t f = 0; f < k->count; f++) {
		const struct yaml_node *items = yaml_get(k->files[f].root, list);
		for (size_t i = 0; items && i < items->count; i++) {
			const struct yaml_node *item = &items->items[i];
			if (strcmp(yaml_str(item, "name", ""), name) != 0)
				continue;
			*ret_entry = (struct entry){.node = yaml_get(item, what),
						    .file = &k->files[f],
						    .name = name};
			return true;
		}
	}
	return false;
}

/* "a, b, c": what the user may have meant. */
static char *names_of(const struct kubeconfig *k, const char *list)
{
	struct str out AUTO(str_fini);
	str_init(&out, 160);
	for (size_t f = 0; f < k->count; f++) {
		const struct yaml_node *items = yaml_get(k->files[f].root, list);
		for (size_t i = 0; items && i < items->count; i++)
			str_printf(&out, "%s%s", out.len ? ", " : "",
				   yaml_str(&items->items[i], "name", "?"));
	}
	return out.len ? str_take(&out) : xstrdup("none");
}

static const char *current_context(const struct kubeconfig *k)
{
	for (size_t f = 0; f < k->count; f++) {
		const char *name = yaml_str(k->files[f].root, "current-context", "");
		if (*name)
			return name;
	}
	return NULL;
}

/* A scalar that says something; NULL when it is absent, null or empty. */
static const char *text_of(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *node = yaml_get(map, key);
	if (!node || node->kind != YAML_SCALAR || yaml_is_null(node) || !*node->text)
		return NULL;
	return node->text;
}

/* --- values --- */

static int decode_base64(const char *text, char **ret_data, struct err *err)
{
	size_t length = strlen(text);
	if (length > DATA_MAX)
		return err_set(err, ERR_INVALID, "larger than %d bytes", DATA_MAX);
	unsigned char *out AUTO_FREE = xcalloc(length + 4, 1);
	EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
	int n = 0, tail = 0;
	EVP_DecodeInit(ctx);
	bool good = EVP_DecodeUpdate(ctx, out, &n, (const unsigned char *)text,
				     (int)length) >= 0 &&
		    EVP_DecodeFinal(ctx, out + n, &tail) >= 0;
	EVP_ENCODE_CTX_free(ctx);
	if (!good || n + tail == 0 || memchr(out, '\0', (size_t)(n + tail)))
		return err_set(err, ERR_INVALID, "not base64 of a text");
	*ret_data = (char *)TAKE(out);
	return 0;
}

static char *absolute(const char *path, const char *dir)
{
	return *path == '/' ? xstrdup(path) : xasprintf("%s/%s", dir, path);
}

struct material {
	const char *key; /* "client-certificate"; with "-data" behind it the data */
	char **file, **pem;
};

/* One of certificate-authority, client-certificate, client-key: data wins over a file. */
static int read_material(const struct entry *e, const struct material *m, struct err *err)
{
	char *data_key AUTO_FREE = xasprintf("%s-data", m->key);
	const char *data = text_of(e->node, data_key);
	const char *path = text_of(e->node, m->key);
	if (data) {
		if (decode_base64(data, m->pem, err) < 0)
			return err_wrap(err, "%s", data_key);
		if (!strstr(*m->pem, "-----BEGIN"))
			return err_set(err, ERR_INVALID, "%s: holds no PEM text",
				       data_key);
	} else if (path) {
		*m->file = absolute(path, e->file->dir);
	}
	return 0;
}

static int read_cluster(const struct entry *e, struct kube_config *c, struct err *err)
{
	const struct material ca = {"certificate-authority", &c->ca_file, &c->ca_pem};
	if (read_material(e, &ca, err) < 0)
		return -1;
	const struct yaml_node *insecure = yaml_get(e->node, "insecure-skip-tls-verify");
	if (insecure && !yaml_is_null(insecure) && yaml_bool(insecure, &c->insecure) < 0)
		return err_set(err, ERR_INVALID,
			       "insecure-skip-tls-verify: true or false expected");
	if (c->insecure && (c->ca_file || c->ca_pem))
		return err_set(err, ERR_INVALID,
			       "insecure-skip-tls-verify with a certificate-authority: "
			       "drop one of them");
	const char *server = text_of(e->node, "server");
	if (!server)
		return err_set(err, ERR_INVALID, "has no server");
	bool secure = c->insecure || c->ca_file || c->ca_pem;
	if (kube_config_set_server(c, server, secure, err) < 0)
		return -1;
	c->tls_server_name = xstrdup(text_of(e->node, "tls-server-name"));
	const char *proxy = text_of(e->node, "proxy-url");
	if (proxy && proxy_normalize(proxy, &c->proxy_url, err) < 0)
		return err_wrap(err, "proxy-url");
	return 0;
}

/* Ways to log in that need more than this program does. */
static int refuse_unsupported(const struct entry *e, struct err *err)
{
	const struct yaml_node *provider = yaml_get(e->node, "auth-provider");
	if (provider && !yaml_is_null(provider))
		return err_set(err, ERR_INVALID,
			       "auth-provider \"%s\" was removed from Kubernetes: use a "
			       "token, a tokenFile or a client certificate",
			       yaml_str(provider, "name", ""));
	return 0;
}

static int read_user(const struct entry *e, struct kube_config *c, struct err *err)
{
	const struct material cert = {"client-certificate", &c->cert_file, &c->cert_pem};
	const struct material key = {"client-key", &c->key_file, &c->key_pem};
	if (refuse_unsupported(e, err) < 0 || read_material(e, &cert, err) < 0 ||
	    read_material(e, &key, err) < 0 ||
	    impersonation_read(e->node, &c->as, err) < 0)
		return -1;
	bool has_cert = c->cert_file || c->cert_pem, has_key = c->key_file || c->key_pem;
	if (has_cert != has_key)
		return err_set(err, ERR_INVALID, "%s without %s",
			       has_cert ? "client-certificate" : "client-key",
			       has_cert ? "client-key" : "client-certificate");
	const char *token_file = text_of(e->node, "tokenFile");
	if (token_file)
		c->token_file = absolute(token_file, e->file->dir);
	else
		c->token = xstrdup(text_of(e->node, "token"));
	const struct yaml_node *exec = yaml_get(e->node, "exec");
	if (exec && !yaml_is_null(exec) &&
	    exec_plugin_read(exec, e->file->dir, &c->exec, err) < 0)
		return -1;
	c->username = xstrdup(text_of(e->node, "username"));
	c->password = xstrdup(text_of(e->node, "password"));
	bool token = c->token || c->token_file;
	if (c->username && token)
		return err_set(err, ERR_INVALID,
			       "username and token: only one way to log in expected");
	if (c->exec.command && (c->username || token))
		return err_set(err, ERR_INVALID,
			       "exec and %s: only one way to log in expected",
			       token ? "token" : "username");
	return 0;
}

/* --- the whole --- */

static int find_context(const struct kubeconfig *k, const char *wanted,
			struct entry *ret_context, struct err *err)
{
	const char *name = wanted ? wanted : current_context(k);
	char *known AUTO_FREE = names_of(k, "contexts");
	if (!name)
		return err_set(err, ERR_INVALID,
			       "no current-context is set: choose one with --context "
			       "(there are: %s)",
			       known);
	if (!find(k, "contexts", "context", name, ret_context))
		return err_set(err, ERR_INVALID,
			       "context \"%s\" does not exist (there are: %s)", name,
			       known);
	return 0;
}

static int resolve(const struct kubeconfig *k, const struct entry *context,
		   struct kube_config *c, struct err *err)
{
	const char *cluster_name = text_of(context->node, "cluster");
	const char *user_name = text_of(context->node, "user");
	struct entry cluster, user;
	if (!cluster_name)
		return err_set(err, ERR_INVALID, "names no cluster");
	if (!find(k, "clusters", "cluster", cluster_name, &cluster))
		return err_set(err, ERR_INVALID, "cluster \"%s\" does not exist",
			       cluster_name);
	if (read_cluster(&cluster, c, err) < 0)
		return err_wrap(err, "cluster \"%s\"", cluster_name);
	if (user_name && !find(k, "users", "user", user_name, &user))
		return err_set(err, ERR_INVALID, "user \"%s\" does not exist", user_name);
	if (user_name && read_user(&user, c, err) < 0)
		return err_wrap(err, "user \"%s\"", user_name);
	const char *ns = text_of(context->node, "namespace");
	c->namespace_ = xstrdup(ns ? ns : "default");
	c->source = xasprintf("%s, context %s", context->file->path, context->name);
	return 0;
}

int kubeconfig_resolve(const struct kubeconfig *k, const char *wanted,
		       struct kube_config *ret_config, struct err *err)
{
	struct entry context;
	struct kube_config c = {0};
	if (find_context(k, wanted, &context, err) < 0)
		return -1;
	if (resolve(k, &context, &c, err) < 0) {
		kube_config_fini(&c);
		return err_wrap(err, "%s: context \"%s\"", context.file->path,
				context.name);
	}
	*ret_config = c;
	return 0;
}
