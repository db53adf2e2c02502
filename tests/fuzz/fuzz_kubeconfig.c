/* Kubeconfigs: what is taken says where the server is and how to log in, in one way. A
 * line "---" alone cuts the input into several files, the first of which wins. */
#include "fuzz/fuzz.h"

#include "kube/kube.h"
#include "kube/kubeconfig.h"

#include <stdlib.h>
#include <string.h>

static void check_pem(const char *pem)
{
	must(!pem || strstr(pem, "-----BEGIN"), "\"%s\"", pem);
}

static void check_server(const struct kube_config *c)
{
	struct kube_config again = {0};
	struct err err = {0};
	must(c->server && c->host && *c->host && c->path, "no server");
	must(!strncmp(c->server, c->tls ? "https://" : "http://", c->tls ? 8 : 7), "%s",
	     c->server);
	must(c->port > 0 && c->port <= 65535, "%s: %d", c->server, c->port);
	must(!*c->path || (*c->path == '/' && c->path[strlen(c->path) - 1] != '/'), "%s",
	     c->path);
	must(*c->host != '[', "%s", c->host);
	must(kube_config_for_server(c->server, &again, &err) == 0, "%s", err.msg);
	must_equal(again.server, c->server);
	must_equal(again.host, c->host);
	must_equal(again.path, c->path);
	must(again.port == c->port && again.tls == c->tls, "%d", again.port);
	kube_config_fini(&again);
}

/* Nothing in it may end a header's line or be no name of one. */
static void check_impersonation(const struct impersonation *as)
{
	struct http_header *headers AUTO_FREE = NULL;
	size_t count = impersonation_headers(as, &headers);
	must(!count || as->user, "nobody, but %zu headers", count);
	for (size_t i = 0; i < count; i++) {
		must(!strncmp(headers[i].name, "Impersonate-", 12), "%s",
		     headers[i].name);
		for (const char *p = headers[i].name; *p; p++)
			must(*p > ' ' && *p < 0x7f && *p != ':', "%s", headers[i].name);
		must(!strpbrk(headers[i].value, "\r\n"), "%s", headers[i].name);
	}
}

static void check_config(const struct kube_config *c)
{
	check_server(c);
	must(!(c->ca_file && c->ca_pem) && !(c->cert_file && c->cert_pem) &&
		     !(c->key_file && c->key_pem) && !(c->token_file && c->token),
	     "twice");
	must(!(c->insecure && (c->ca_file || c->ca_pem)), "insecure with a CA");
	must(!(c->cert_file || c->cert_pem) == !(c->key_file || c->key_pem), "halves");
	must(!(c->username && (c->token || c->token_file)), "two ways to log in");
	must(c->namespace_ && *c->namespace_ && c->source && *c->source, "no namespace");
	check_impersonation(&c->as);
	check_pem(c->ca_pem);
	check_pem(c->cert_pem);
	check_pem(c->key_pem);
	must(!c->ca_file || *c->ca_file == '/', "%s", c->ca_file);
	must(!c->token_file || *c->token_file == '/', "%s", c->token_file);
}

static void check_context(const struct kubeconfig *k, const char *context)
{
	struct kube_config c = {.port = -7};
	struct err err = {0};
	if (kubeconfig_resolve(k, context, &c, &err) < 0) {
		must_explain(&err);
		must(err.code == ERR_INVALID && c.port == -7 && !c.server, "touched");
		return;
	}
	check_config(&c);
	kube_config_fini(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text AUTO_FREE = fuzz_text(data, size);
	struct kubeconfig k = {0};
	struct err err = {0};
	for (char *rest = text, *file; (file = rest);) {
		char *cut = strstr(rest, "\n---\n");
		rest = cut ? cut + 5 : NULL;
		if (cut)
			*cut = '\0';
		err = (struct err){0};
		size_t before = k.count;
		if (kubeconfig_add(&k, "/etc/a", "/etc", file, &err) < 0) {
			must_explain(&err);
			must(k.count == before, "%zu files", k.count);
		}
	}
	check_context(&k, NULL);
	check_context(&k, "dev");
	kubeconfig_fini(&k);
	return 0;
}
