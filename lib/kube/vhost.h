/* A virtual host of libwebsockets for client connections with one generation of trust and
 * credentials. It goes when it is retired and its last connection has ended. */
#ifndef FORETOP_KUBE_VHOST_H
#define FORETOP_KUBE_VHOST_H

#include "io/io.h"
#include "kube/proxy.h"
#include "kube/tls.h"

struct vhost;

struct vhost_options {
	bool tls;
	struct tls_options tls_options;
	uint64_t generation;
	const struct lws_protocols *protocols; /* borrowed for the life of the vhost */
};

/* NULL with *err = ERR_RETRY. */
struct vhost *vhost_new(struct reactor *r, const struct vhost_options *options,
			struct err *err);
/* The owner is done with it; it frees itself, at the latest with the reactor. Accepts
 * NULL. */
void vhost_retire(struct vhost *v);

uint64_t vhost_generation(const struct vhost *v);
struct lws_vhost *vhost_lws(const struct vhost *v);

/* Connections that start from now on go through the proxy, which is reached at this
 * address (a numeric one). 0, or -1 with *err = ERR_RETRY. */
int vhost_set_proxy(struct vhost *v, const struct proxy *proxy, const char *address,
		    struct err *err);

/* A connection of this vhost was started, or has ended (WSI_DESTROY). */
void vhost_connected(struct vhost *v);
void vhost_disconnected(struct vhost *v);

/* For LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION: 0 accepts the certificate.
 * good: OpenSSL's own verdict. */
int vhost_verify(struct lws *wsi, void *x509_store_ctx, bool good);

#endif
