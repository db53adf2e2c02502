/* A scripted TCP server on loopback: it answers the n-th request of a test with the n-th
 * reply, byte for byte, so that tests can send what no decent server would. */
#ifndef FORETOP_TESTS_HTTP_SERVER_H
#define FORETOP_TESTS_HTTP_SERVER_H

#include <arpa/inet.h>
#include <assert.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum server_after {
	SERVER_KEEP,   /* wait for the next request of this connection */
	SERVER_CLOSE,  /* close in order */
	SERVER_RESET,  /* cut with a TCP reset */
	SERVER_FREEZE, /* keep the connection open and never answer on it again */
};

struct server_reply {
	const char *bytes; /* NULL: nothing */
	size_t len;        /* 0: strlen(bytes) */
	enum server_after after;
};

#define SERVER_REQUESTS    64
#define SERVER_CONNECTIONS 64

struct server {
	int fd, port;
	SSL_CTX *tls; /* NULL: plain */
	const struct server_reply *replies;
	size_t reply_count; /* the last one answers all further requests */
	pthread_t acceptor, workers[SERVER_CONNECTIONS];
	pthread_mutex_t lock;
	/* Guarded by lock. */
	bool stopping;
	int open_fds[SERVER_CONNECTIONS];
	int connection_count;
	char *requests[SERVER_REQUESTS]; /* head and body, as they came */
	int request_connection[SERVER_REQUESTS];
	size_t request_count;
};

struct server_connection {
	struct server *server;
	int number, fd;
	SSL *ssl;
};

static inline ssize_t server_read(struct server_connection *c, char *buf, size_t size)
{
	return c->ssl ? SSL_read(c->ssl, buf, (int)size) : read(c->fd, buf, size);
}

static inline void server_write(struct server_connection *c, const char *buf, size_t len)
{
	while (len > 0) {
		ssize_t n = c->ssl ? SSL_write(c->ssl, buf, (int)len)
				   : send(c->fd, buf, len, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		buf += n;
		len -= (size_t)n;
	}
}

/* One request with its body, or NULL when the connection ended. */
static inline char *server_read_request(struct server_connection *c)
{
	size_t cap = 1 << 22, len = 0, want = 0;
	char *text = calloc(1, cap);
	while (!want || len < want) {
		ssize_t n = server_read(c, text + len, want ? want - len : 1);
		if (n <= 0) {
			free(text);
			return NULL;
		}
		len += (size_t)n;
		assert(len < cap - 1);
		if (want || len < 4 || memcmp(text + len - 4, "\r\n\r\n", 4) != 0)
			continue;
		const char *length = strcasestr(text, "\r\ncontent-length:");
		want = len + (length ? (size_t)atoi(length + 17) : 0);
	}
	return text;
}

/* Files the request and says which reply it gets. */
static inline const struct server_reply *server_record(struct server_connection *c,
						       char *request)
{
	struct server *s = c->server;
	pthread_mutex_lock(&s->lock);
	size_t n = s->request_count++;
	assert(n < SERVER_REQUESTS);
	s->requests[n] = request;
	s->request_connection[n] = c->number;
	pthread_mutex_unlock(&s->lock);
	return &s->replies[n < s->reply_count ? n : s->reply_count - 1];
}

static inline void server_serve(struct server_connection *c)
{
	char *request;
	char rest[256];
	while ((request = server_read_request(c))) {
		const struct server_reply *reply = server_record(c, request);
		if (reply->bytes)
			server_write(c, reply->bytes,
				     reply->len ? reply->len : strlen(reply->bytes));
		switch (reply->after) {
		case SERVER_KEEP:
			continue;
		case SERVER_FREEZE:
			while (read(c->fd, rest, sizeof(rest)) > 0)
				;
			return;
		case SERVER_RESET:
			setsockopt(c->fd, SOL_SOCKET, SO_LINGER,
				   &(struct linger){.l_onoff = 1}, sizeof(struct linger));
			return;
		case SERVER_CLOSE:
			if (c->ssl)
				SSL_shutdown(c->ssl);
			return;
		}
	}
}

/* Closing with unread bytes would reset the connection and take back the alert that says
 * why. */
static inline void server_drain(struct server_connection *c)
{
	char rest[256];
	shutdown(c->fd, SHUT_WR);
	while (read(c->fd, rest, sizeof(rest)) > 0)
		;
}

static inline void *server_worker(void *arg)
{
	struct server_connection *c = arg;
	bool ready = true;
	if (c->server->tls) {
		c->ssl = SSL_new(c->server->tls);
		SSL_set_fd(c->ssl, c->fd);
		ready = SSL_accept(c->ssl) == 1;
	}
	if (ready)
		server_serve(c);
	else
		server_drain(c);
	if (c->ssl)
		SSL_free(c->ssl);
	pthread_mutex_lock(&c->server->lock);
	c->server->open_fds[c->number] = -1;
	close(c->fd);
	pthread_mutex_unlock(&c->server->lock);
	free(c);
	return NULL;
}

static inline void *server_accept(void *arg)
{
	struct server *s = arg;
	int fd;
	while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
		pthread_mutex_lock(&s->lock);
		if (s->stopping) {
			pthread_mutex_unlock(&s->lock);
			close(fd);
			break;
		}
		struct server_connection *c = calloc(1, sizeof(*c));
		assert(s->connection_count < SERVER_CONNECTIONS);
		*c = (struct server_connection){
			.server = s, .number = s->connection_count++, .fd = fd};
		s->open_fds[c->number] = fd;
		pthread_create(&s->workers[c->number], NULL, server_worker, c);
		pthread_mutex_unlock(&s->lock);
	}
	return NULL;
}

/* A socket that listens on a port of the kernel's choice. */
static inline int server_listen(int *ret_port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert(fd >= 0);
	assert(bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(fd, 64) == 0);
	getsockname(fd, (struct sockaddr *)&at, &size);
	*ret_port = ntohs(at.sin_port);
	return fd;
}

/* Starts serving; the replies are borrowed until server_stop. tls may be NULL. */
static inline void server_start(struct server *s, const struct server_reply *replies,
				size_t count, SSL_CTX *tls)
{
	*s = (struct server){.replies = replies, .reply_count = count, .tls = tls};
	pthread_mutex_init(&s->lock, NULL);
	s->fd = server_listen(&s->port);
	pthread_create(&s->acceptor, NULL, server_accept, s);
}

/* Ends every connection and waits for the threads. Requests stay readable. */
static inline void server_stop(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	for (int i = 0; i < s->connection_count; i++)
		if (s->open_fds[i] >= 0)
			shutdown(s->open_fds[i], SHUT_RDWR);
	pthread_mutex_unlock(&s->lock);
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->acceptor, NULL);
	for (int i = 0; i < s->connection_count; i++)
		pthread_join(s->workers[i], NULL);
	close(s->fd);
}

static inline void server_fini(struct server *s)
{
	for (size_t i = 0; i < s->request_count; i++)
		free(s->requests[i]);
	pthread_mutex_destroy(&s->lock);
}

/* A whole answer with its length; the text is the caller's to free. */
static inline char *server_answer(const char *status, const char *type, const char *body)
{
	char *text = NULL;
	int n = asprintf(
		&text, "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
		status, type, strlen(body), body);
	assert(n > 0);
	return text;
}

#endif
