#include "serve/httpd.h"

#include "serve/connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BODY_LIMIT      (4u << 20)
#define QUEUE_LIMIT     (16u << 20)
#define CONNECTIONS_MAX 256
#define IDLE_S          30
#define BACKLOG         64
#define CERT_LIMIT      (256u << 10)

/* --- TLS --- */

static int use_chain(SSL_CTX *tls, const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
	int ok = cert && SSL_CTX_use_certificate(tls, cert) == 1;
	X509_free(cert);
	while (ok && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
		ok = SSL_CTX_add0_chain_cert(tls, cert) == 1; /* takes it */
	ERR_clear_error(); /* the end of the text is reported as one */
	BIO_free(bio);
	return ok ? 0 : -1;
}

static int use_key(SSL_CTX *tls, const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	int ok = key && SSL_CTX_use_PrivateKey(tls, key) == 1 &&
		 SSL_CTX_check_private_key(tls) == 1;
	EVP_PKEY_free(key);
	BIO_free(bio);
	ERR_clear_error();
	return ok ? 0 : -1;
}

/* libwebsockets made the vhost's context; it is ours to fill. Its own loading from memory
 * takes only the first certificate of a chain. */
static int load_certificate(struct httpd *h, SSL_CTX *tls)
{
	SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
	if (use_chain(tls, h->cert) < 0)
		return err_set(&h->tls_err, ERR_INVALID,
			       "the certificate is not usable PEM");
	if (use_key(tls, h->key) < 0)
		return err_set(&h->tls_err, ERR_INVALID,
			       "the private key is not usable PEM or does not fit the "
			       "certificate");
	return 0;
}

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		  size_t len)
{
	if (reason == LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS) {
		struct httpd *h = lws_vhost_user(lws_get_vhost(wsi));
		return load_certificate(h, user) < 0;
	}
	return connection_on_lws(wsi, reason, user, in, len);
}

static const struct lws_protocols protocols[] = {
	{.name = "http", .callback = on_lws, .rx_buffer_size = 65536},
	{0},
};

static int open_vhost(struct httpd *h, struct err *err)
{
	struct lws_context_creation_info info = {
		/* We accept ourselves: the port can be closed and opened again. */
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.vhost_name = h->address,
		.protocols = protocols,
		.keepalive_timeout = h->config.idle_s,
		.http_proxy_address = "",
		.alpn = "http/1.1",
		.user = h,
		.options = h->tls ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
					    LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX
				  : 0,
	};
	h->vhost = lws_create_vhost(reactor_lws(h->reactor), &info);
	if (h->vhost && h->tls_err.code == ERR_NONE)
		return 0;
	if (h->tls_err.code != ERR_NONE)
		return err_set(err, h->tls_err.code, "%s", h->tls_err.msg);
	return err_set(err, ERR_FATAL, "libwebsockets refused the server: %s",
		       log_library_line());
}

static int read_pem(const char *pem, const char *file, char **ret_text, struct err *err)
{
	if (file)
		return file_read(file, CERT_LIMIT, ret_text, NULL, err);
	*ret_text = xstrdup(pem);
	return 0;
}

static int read_certificate(struct httpd *h, const struct httpd_config *config,
			    struct err *err)
{
	h->tls = config->cert_pem || config->cert_file;
	if (!h->tls)
		return 0;
	if (!config->key_pem && !config->key_file)
		return err_set(err, ERR_INVALID, "a certificate without a key");
	if (read_pem(config->cert_pem, config->cert_file, &h->cert, err) < 0 ||
	    read_pem(config->key_pem, config->key_file, &h->key, err) < 0)
		return -1;
	return 0;
}

/* --- listening --- */

static void adopt(struct httpd *h, int fd)
{
	/* An answer is several small writes: without this the last one waits for the
	 * client's delayed acknowledgement, 40 ms. */
	int on = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	struct connection *c = xcalloc(1, sizeof(*c));
	c->server = h;
	c->wsi = lws_adopt_socket_vhost(h->vhost, fd);
	if (!c->wsi) {
		free(c); /* libwebsockets has closed the socket */
		return;
	}
	c->next = h->connections;
	c->link = &h->connections;
	if (c->next)
		c->next->link = &c->next;
	h->connections = c;
	h->connection_count++;
	lws_set_opaque_user_data(c->wsi, c);
}

static void on_accept(struct fd_watch *watch)
{
	struct httpd *h = watch->arg;
	for (int i = 0; i < BACKLOG; i++) {
		int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		if (h->connection_count >= h->config.connections_max)
			close(fd);
		else
			adopt(h, fd);
	}
}

static bool port_ok(const char *text)
{
	char *end;
	long port = strtol(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && port <= 65535;
}

/* "127.0.0.1:80", "[::1]:80", ":80" into an address; no names are looked up. */
static struct addrinfo *resolve(const char *listen, struct err *err)
{
	const char *colon = strrchr(listen, ':');
	struct addrinfo *found = NULL;
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV |
						   AI_PASSIVE,
				       .ai_socktype = SOCK_STREAM};
	if (colon && port_ok(colon + 1)) {
		size_t n = (size_t)(colon - listen);
		bool brackets = n >= 2 && listen[0] == '[' && listen[n - 1] == ']';
		char *host AUTO_FREE =
			brackets ? xstrndup(listen + 1, n - 2) : xstrndup(listen, n);
		if (n == 0 || brackets || !strchr(host, ':'))
			getaddrinfo(n ? host : "::", colon + 1, &hints, &found);
	}
	if (!found)
		err_set(err, ERR_INVALID,
			"listen address \"%s\": ADDRESS:PORT, [IPV6]:PORT or :PORT is "
			"allowed",
			listen);
	return found;
}

static int bind_socket(int fd, const struct sockaddr *address, socklen_t len,
		       struct err *err)
{
	int on = 1, off = 0;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, address, len) < 0 || listen(fd, BACKLOG) < 0)
		return err_set(err, ERR_RETRY, "listening: %s", strerror(errno));
	return 0;
}

static int open_listener(struct httpd *h, const struct sockaddr *address, socklen_t len,
			 struct err *err)
{
	int fd =
		socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(err, ERR_RETRY, "opening a socket: %s", strerror(errno));
	h->listener = (struct fd_watch){.fd = fd, .ready = on_accept, .arg = h};
	if (bind_socket(fd, address, len, err) < 0 ||
	    fd_watch_start(h->reactor, &h->listener, err) < 0) {
		close(fd);
		h->listener.fd = -1;
		return -1;
	}
	return 0;
}

static void note_address(struct httpd *h)
{
	struct sockaddr_storage name = {0};
	socklen_t len = sizeof(name);
	char port[8] = "";
	getsockname(h->listener.fd, (struct sockaddr *)&name, &len);
	getnameinfo((struct sockaddr *)&name, len, h->host, sizeof(h->host), port,
		    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	h->family = name.ss_family;
	h->port = atoi(port);
	bool v6 = strchr(h->host, ':') != NULL;
	snprintf(h->address, sizeof(h->address), v6 ? "[%s]:%s" : "%s:%s", h->host, port);
	snprintf(h->url, sizeof(h->url), "%s://%s", h->tls ? "https" : "http",
		 h->address);
}

static int start_listening(struct httpd *h, const char *listen, struct err *err)
{
	struct addrinfo *found = resolve(listen, err);
	if (!found)
		return -1;
	int ret = open_listener(h, found->ai_addr, found->ai_addrlen, err);
	freeaddrinfo(found);
	if (ret < 0 && listen[0] == ':') {
		/* A machine without IPv6. */
		char *v4 AUTO_FREE = xasprintf("0.0.0.0%s", listen);
		found = resolve(v4, err);
		ret = found ? open_listener(h, found->ai_addr, found->ai_addrlen, err)
			    : -1;
		freeaddrinfo(found);
	}
	return ret < 0 ? err_wrap(err, "%s", listen) : 0;
}

static void stop_listening(struct httpd *h)
{
	if (h->listener.fd < 0)
		return;
	fd_watch_stop(h->reactor, &h->listener);
	close(h->listener.fd);
	h->listener.fd = -1;
}

/* --- the server --- */

static void fill_limits(struct httpd_config *config)
{
	if (!config->body_limit)
		config->body_limit = BODY_LIMIT;
	if (!config->queue_limit)
		config->queue_limit = QUEUE_LIMIT;
	if (!config->connections_max)
		config->connections_max = CONNECTIONS_MAX;
	if (!config->idle_s)
		config->idle_s = IDLE_S;
}

static int open_hangups(struct httpd *h, struct err *err)
{
	h->hangups = (struct fd_watch){.fd = epoll_create1(EPOLL_CLOEXEC),
				       .ready = connection_on_hangup};
	if (h->hangups.fd < 0)
		return err_set(err, ERR_FATAL, "epoll: %s", strerror(errno));
	return fd_watch_start(h->reactor, &h->hangups, err);
}

struct httpd *httpd_new(struct reactor *r, const struct httpd_config *config,
			struct err *err)
{
	struct httpd *h = xcalloc(1, sizeof(*h));
	h->config = *config;
	h->reactor = r;
	h->listener.fd = h->hangups.fd = h->port_keeper = -1;
	fill_limits(&h->config);
	if (read_certificate(h, config, err) < 0 || open_hangups(h, err) < 0 ||
	    start_listening(h, config->listen, err) < 0) {
		httpd_free(h);
		return NULL;
	}
	note_address(h);
	if (open_vhost(h, err) < 0) {
		httpd_free(h);
		return NULL;
	}
	return h;
}

static void cut_connections(struct httpd *h)
{
	while (h->connections)
		lws_set_timeout(h->connections->wsi, PENDING_TIMEOUT_USER_OK,
				LWS_TO_KILL_SYNC);
}

static void release_port(struct httpd *h)
{
	if (h->port_keeper >= 0)
		close(h->port_keeper);
	h->port_keeper = -1;
}

void httpd_free(struct httpd *h)
{
	if (!h)
		return;
	stop_listening(h);
	release_port(h);
	cut_connections(h);
	if (h->vhost)
		lws_vhost_destroy(h->vhost);
	if (h->hangups.fd >= 0) {
		fd_watch_stop(h->reactor, &h->hangups);
		close(h->hangups.fd);
	}
	free(h->cert);
	free(h->key);
	free(h);
}

void httpd_cleanup(struct httpd **h)
{
	httpd_free(*h);
}

/* The port stays ours while nobody listens on it: connections are refused, and no other
 * process is given it. */
static void keep_port(struct httpd *h)
{
	struct sockaddr_storage name = {0};
	socklen_t len = sizeof(name);
	int on = 1, fd = socket(h->family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	getsockname(h->listener.fd, (struct sockaddr *)&name, &len);
	stop_listening(h);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd >= 0 && bind(fd, (struct sockaddr *)&name, len) < 0) {
		close(fd);
		fd = -1;
	}
	h->port_keeper = fd;
}

void httpd_suspend(struct httpd *h)
{
	if (h->listener.fd >= 0)
		keep_port(h);
	cut_connections(h);
}

int httpd_resume(struct httpd *h, struct err *err)
{
	if (h->listener.fd >= 0)
		return 0;
	release_port(h);
	return start_listening(h, h->address, err);
}

const char *httpd_address(const struct httpd *h)
{
	return h->address;
}

const char *httpd_url(const struct httpd *h)
{
	return h->url;
}

int httpd_port(const struct httpd *h)
{
	return h->port;
}

int httpd_connections(const struct httpd *h)
{
	return h->connection_count;
}
