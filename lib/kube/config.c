#include "kube/config.h"

#include "io/io.h"
#include "kube/kubeconfig.h"
#include "kube/proxy.h"

#include <curl/curl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SERVICE_ACCOUNT_DIR "/var/run/secrets/kubernetes.io/serviceaccount"
#define FILE_MAX            (4 * 1024 * 1024)
#define NAMESPACE_MAX       256

/* Every text of a configuration, for what is done to all of them. */
static const size_t texts[] = {
	offsetof(struct kube_config, server),
	offsetof(struct kube_config, host),
	offsetof(struct kube_config, path),
	offsetof(struct kube_config, ca_file),
	offsetof(struct kube_config, ca_pem),
	offsetof(struct kube_config, cert_file),
	offsetof(struct kube_config, cert_pem),
	offsetof(struct kube_config, key_file),
	offsetof(struct kube_config, key_pem),
	offsetof(struct kube_config, token_file),
	offsetof(struct kube_config, token),
	offsetof(struct kube_config, username),
	offsetof(struct kube_config, password),
	offsetof(struct kube_config, tls_server_name),
	offsetof(struct kube_config, proxy_url),
	offsetof(struct kube_config, namespace_),
	offsetof(struct kube_config, source),
};

static char **text_at(struct kube_config *c, size_t offset)
{
	return (char **)((char *)c + offset);
}

void kube_config_fini(struct kube_config *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		free(*text_at(c, texts[i]));
	exec_plugin_fini(&c->exec);
	impersonation_fini(&c->as);
	*c = (struct kube_config){0};
}

void kube_config_copy(const struct kube_config *c, struct kube_config *ret_copy)
{
	struct kube_config copy = *c;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*text_at(&copy, texts[i]) = xstrdup(*text_at(&copy, texts[i]));
	exec_plugin_copy(&c->exec, &copy.exec);
	impersonation_copy(&c->as, &copy.as);
	*ret_copy = copy;
}

/* --- the server's URL --- */

static void url_cleanup(CURLU **url)
{
	curl_url_cleanup(*url);
}

/* A part of a URL as a string of ours; NULL when it has none. */
static char *url_part(CURLU *url, CURLUPart part, unsigned flags)
{
	char *text = NULL;
	CURLUcode code = curl_url_get(url, part, &text, flags);
	if (code != CURLUE_OK)
		return code == CURLUE_OUT_OF_MEMORY ? mem_or_die(NULL) : NULL;
	char *copy = xstrdup(text);
	curl_free(text);
	return copy;
}

static void strip_slashes(char *path)
{
	size_t n = strlen(path);
	while (n && path[n - 1] == '/')
		path[--n] = '\0';
}

/* libcurl gives IPv6 addresses in brackets. */
static char *without_brackets(const char *host)
{
	size_t n = strlen(host);
	return *host == '[' ? xstrndup(host + 1, n - 2) : xstrdup(host);
}

int kube_config_set_server(struct kube_config *c, const char *text, bool secure,
			   struct err *err)
{
	char *full AUTO_FREE =
		strstr(text, "://")
			? xstrdup(text)
			: xasprintf("%s://%s", secure ? "https" : "http", text);
	CURLU *url AUTO(url_cleanup) = mem_or_die(curl_url());
	CURLUcode code = curl_url_set(url, CURLUPART_URL, full, 0);
	if (code == CURLUE_OUT_OF_MEMORY)
		mem_or_die(NULL);
	if (code != CURLUE_OK)
		return err_set(err, ERR_INVALID,
			       "server \"%s\" is no URL: https://HOST:PORT expected",
			       text);
	char *scheme AUTO_FREE = url_part(url, CURLUPART_SCHEME, 0);
	char *host AUTO_FREE = url_part(url, CURLUPART_HOST, 0);
	char *port AUTO_FREE = url_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	char *path AUTO_FREE = url_part(url, CURLUPART_PATH, 0);
	char *user AUTO_FREE = url_part(url, CURLUPART_USER, 0);
	char *query AUTO_FREE = url_part(url, CURLUPART_QUERY, 0);
	if (!scheme || (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0))
		return err_set(err, ERR_INVALID,
			       "server \"%s\": https:// or http:// expected", text);
	if (user || query || !host || !port || !path)
		return err_set(err, ERR_INVALID,
			       "server: only host, port and path expected in the URL");
	strip_slashes(path);
	c->tls = !strcmp(scheme, "https");
	c->host = without_brackets(host);
	c->port = atoi(port);
	c->server = xasprintf("%s://%s:%s%s", scheme, host, port, path);
	c->path = TAKE(path);
	return 0;
}

int kube_config_for_server(const char *url, struct kube_config *ret_config,
			   struct err *err)
{
	struct kube_config c = {0};
	if (kube_config_set_server(&c, url, false, err) < 0)
		return -1;
	c.namespace_ = xstrdup("default");
	c.source = xstrdup(c.server);
	*ret_config = c;
	return 0;
}

/* --- inside a pod --- */

static bool in_cluster(const char *dir)
{
	char *token AUTO_FREE = xasprintf("%s/token", dir);
	return getenv("KUBERNETES_SERVICE_HOST") && getenv("KUBERNETES_SERVICE_PORT") &&
	       access(token, F_OK) == 0;
}

static char *read_namespace(const char *dir)
{
	char *path AUTO_FREE = xasprintf("%s/namespace", dir);
	char *text = NULL;
	if (file_read(path, NAMESPACE_MAX, &text, NULL, NULL) < 0)
		return xstrdup("default");
	text[strcspn(text, " \t\r\n")] = '\0';
	return text;
}

static int load_in_cluster(const char *dir, struct kube_config *ret_config,
			   struct err *err)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST");
	const char *port = getenv("KUBERNETES_SERVICE_PORT");
	char *url AUTO_FREE = xasprintf(
		strchr(host, ':') ? "https://[%s]:%s" : "https://%s:%s", host, port);
	struct kube_config c = {0};
	if (kube_config_set_server(&c, url, true, err) < 0)
		return err_wrap(err, "KUBERNETES_SERVICE_HOST and _PORT");
	c.ca_file = xasprintf("%s/ca.crt", dir);
	c.token_file = xasprintf("%s/token", dir);
	c.namespace_ = read_namespace(dir);
	c.source = xstrdup("in-cluster");
	*ret_config = c;
	return 0;
}

/* --- from files --- */

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		return xstrdup(".");
	return xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* Adds one file. A missing one is an error only if it is `required`. */
static int add_file(struct kubeconfig *k, const char *path, bool required,
		    struct err *err)
{
	if (!required && access(path, F_OK) < 0)
		return 0;
	char *text AUTO_FREE = NULL;
	if (file_read(path, FILE_MAX, &text, NULL, err) < 0)
		return -1;
	char *dir AUTO_FREE = directory_of(path);
	return kubeconfig_add(k, path, dir, text, err);
}

/* The files of a ':'-separated list that exist. */
static int add_list(struct kubeconfig *k, const char *list, struct err *err)
{
	for (const char *p = list; *p;) {
		size_t n = strcspn(p, ":");
		char *path AUTO_FREE = xstrndup(p, n);
		if (n && add_file(k, path, false, err) < 0)
			return -1;
		p += n + (p[n] == ':');
	}
	return 0;
}

static int add_files(struct kubeconfig *k, const struct kube_config_options *options,
		     struct err *err)
{
	const char *list = getenv("KUBECONFIG"), *home = getenv("HOME");
	if (options->kubeconfig)
		return add_file(k, options->kubeconfig, true, err);
	if (list && *list) {
		if (add_list(k, list, err) < 0)
			return -1;
		return k->count ? 0
				: err_set(err, ERR_RETRY,
					  "none of the files of KUBECONFIG exists: %s",
					  list);
	}
	if (!home || !*home)
		return 0;
	char *path AUTO_FREE = xasprintf("%s/.kube/config", home);
	return add_file(k, path, false, err);
}

static int override_server(struct kube_config *c, const char *server, struct err *err)
{
	char *old[] = {c->server, c->host, c->path};
	bool secure = c->tls;
	if (kube_config_set_server(c, server, secure, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(old); i++)
		free(old[i]);
	return 0;
}

/* Chooses among what was found. */
static int choose(const struct kubeconfig *k, const struct kube_config_options *options,
		  struct kube_config *ret_config, struct err *err)
{
	const char *dir = options->service_account_dir ? options->service_account_dir
						       : SERVICE_ACCOUNT_DIR;
	if (k->count)
		return kubeconfig_resolve(k, options->context, ret_config, err);
	if (options->context)
		return err_set(err, ERR_INVALID, "context \"%s\": there is no kubeconfig",
			       options->context);
	if (in_cluster(dir))
		return load_in_cluster(dir, ret_config, err);
	if (options->server)
		return kube_config_for_server(options->server, ret_config, err);
	return err_set(err, ERR_RETRY,
		       "no way to an API server: not in a pod (no "
		       "KUBERNETES_SERVICE_HOST or no token), no KUBECONFIG, no "
		       "~/.kube/config");
}

static void override_text(char **text, const char *given)
{
	if (!given)
		return;
	free(*text);
	*text = *given ? xstrdup(given) : NULL;
}

/* What the caller says about what was found. */
static int override(struct kube_config *c, const struct kube_config_options *options,
		    struct err *err)
{
	if (options->server && override_server(c, options->server, err) < 0)
		return -1;
	override_text(&c->as.user, options->as);
	override_text(&c->as.uid, options->as_uid);
	if (options->as_groups) {
		texts_free(c->as.groups);
		c->as.groups = texts_copy(options->as_groups);
	}
	if (impersonation_check(&c->as, err) < 0)
		return -1;
	return c->proxy_url ? 0
			    : proxy_of_environment(c->tls, c->host, c->port,
						   &c->proxy_url, err);
}

int kube_config_load(const struct kube_config_options *options,
		     struct kube_config *ret_config, struct err *err)
{
	struct kubeconfig k AUTO(kubeconfig_fini) = {0};
	struct kube_config c = {0};
	if (add_files(&k, options, err) < 0 || choose(&k, options, &c, err) < 0)
		return -1;
	if (override(&c, options, err) < 0) {
		kube_config_fini(&c);
		return -1;
	}
	*ret_config = c;
	return 0;
}

int kube_config_parse(const char *text, const char *dir, const char *context,
		      struct kube_config *ret_config, struct err *err)
{
	struct kubeconfig k AUTO(kubeconfig_fini) = {0};
	if (kubeconfig_add(&k, "kubeconfig", dir, text, err) < 0)
		return -1;
	return kubeconfig_resolve(&k, context, ret_config, err);
}
