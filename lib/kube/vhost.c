#include "kube/vhost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct vhost {
	struct reactor *reactor;
	struct lws_vhost *lws;
	SSL_CTX *ssl; /* NULL without TLS */
	uint64_t generation;
	int live;
	bool retired, insecure;
	struct timer timer;
};

/* libwebsockets lets go of the virtual host: by vhost_retire or with its context. */
static void on_finalize(struct lws_vhost *lws, void *arg)
{
	(void)lws;
	struct vhost *v = arg;
	timer_cancel(&v->timer);
	SSL_CTX_free(v->ssl);
	free(v);
}

struct vhost *vhost_new(struct reactor *r, const struct vhost_options *options,
			struct err *err)
{
	SSL_CTX *ssl = NULL;
	if (options->tls && !(ssl = tls_client(&options->tls_options, err)))
		return NULL;
	struct vhost *v = xcalloc(1, sizeof(*v));
	*v = (struct vhost){
		.reactor = r,
		.ssl = ssl,
		.generation = options->generation,
		.insecure = options->tls_options.insecure,
	};
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN,
		.vhost_name = "kube-watch",
		.protocols = options->protocols,
		.options = ssl ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0,
		.provided_client_ssl_ctx = ssl,
		.connect_timeout_secs = 5,
		.ka_time = 15,
		.ka_probes = 3,
		.ka_interval = 5,
		/* Not NULL: the environment's http_proxy is not asked. */
		.http_proxy_address = "",
		.user = v,
		.finalize = on_finalize,
		.finalize_arg = v,
	};
	v->lws = lws_create_vhost(reactor_lws(r), &info);
	if (!v->lws) {
		SSL_CTX_free(ssl);
		free(v);
		err_set(err, ERR_RETRY, "libwebsockets: cannot create a virtual host");
		return NULL;
	}
	return v;
}

static void destroy(void *arg)
{
	struct vhost *v = arg;
	lws_vhost_destroy(v->lws);
}

/* Not at once: libwebsockets may be in a callback of this very virtual host, and would
 * keep one that still has a connection. */
static void destroy_when_idle(struct vhost *v)
{
	if (v->retired && !v->live)
		timer_set(v->reactor, &v->timer, 0, destroy, v);
}

void vhost_retire(struct vhost *v)
{
	if (!v)
		return;
	v->retired = true;
	destroy_when_idle(v);
}

int vhost_set_proxy(struct vhost *v, const struct proxy *proxy, const char *address,
		    struct err *err)
{
	const char *login = proxy->login;
	char *text AUTO_FREE =
		xasprintf(strchr(address, ':') ? "%s%s[%s]:%d" : "%s%s%s:%d",
			  login ? login : "", login ? "@" : "", address, proxy->port);
	int result = lws_set_proxy(v->lws, text);
	explicit_bzero(text, strlen(text));
	if (result)
		return err_set(err, ERR_RETRY, "libwebsockets: cannot use the proxy");
	return 0;
}

uint64_t vhost_generation(const struct vhost *v)
{
	return v->generation;
}

struct lws_vhost *vhost_lws(const struct vhost *v)
{
	return v->lws;
}

void vhost_connected(struct vhost *v)
{
	v->live++;
}

void vhost_disconnected(struct vhost *v)
{
	v->live--;
	destroy_when_idle(v);
}

int vhost_verify(struct lws *wsi, void *x509_store_ctx, bool good)
{
	struct vhost *v = lws_vhost_user(lws_get_vhost(wsi));
	if (good)
		return 0;
	if (!v || !v->insecure)
		return 1;
	X509_STORE_CTX_set_error(x509_store_ctx, X509_V_OK);
	return 0;
}
