#include "sim/squatter.h"

#include "serve/serve.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG  64
#define HELD_MAX 64 /* connections; then the oldest is let go */

struct squatter {
	struct reactor *reactor;
	enum squatter_kind kind;
	struct fd_watch listener;
	int held[HELD_MAX]; /* -1: free */
	int next;
	struct httpd *httpd; /* of SQUATTER_FALSE */
};

static void hold(struct squatter *s, int fd)
{
	if (s->held[s->next] >= 0)
		close(s->held[s->next]);
	s->held[s->next] = fd;
	s->next = (s->next + 1) % HELD_MAX;
}

static void on_accept(struct fd_watch *w)
{
	static const char babble[] = "220 mail.example ESMTP\r\n";
	struct squatter *s = w->arg;
	int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	if (s->kind == SQUATTER_BABBLE)
		(void)send(fd, babble, sizeof(babble) - 1, MSG_NOSIGNAL);
	hold(s, fd);
}

static int listen_plainly(struct squatter *s, const char *address)
{
	const char *colon = strrchr(address, ':');
	struct sockaddr_in name = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				   .sin_port = htons((uint16_t)atoi(colon + 1))};
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct err err;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	s->listener = (struct fd_watch){.fd = fd, .ready = on_accept, .arg = s};
	if (fd >= 0 && bind(fd, (struct sockaddr *)&name, sizeof(name)) == 0 &&
	    listen(fd, BACKLOG) == 0 &&
	    fd_watch_start(s->reactor, &s->listener, &err) == 0)
		return 0;
	if (fd >= 0)
		close(fd);
	s->listener.fd = -1;
	return -1;
}

static void say_yes(struct exchange *x, void *arg)
{
	(void)arg;
	exchange_reply_text(x, 200, "application/json", "{}");
}

static int serve_falsely(struct squatter *s, const char *address)
{
	struct certificate own = {0};
	struct err err;
	if (certificate_make(&own, &err) < 0)
		return -1;
	const struct httpd_config config = {.listen = address,
					    .cert_pem = own.cert_pem,
					    .key_pem = own.key_pem,
					    .handle = say_yes};
	s->httpd = httpd_new(s->reactor, &config, &err);
	certificate_fini(&own);
	return s->httpd ? 0 : -1;
}

struct squatter *squatter_new(struct reactor *r, enum squatter_kind kind,
			      const char *address)
{
	if (kind == SQUATTER_NONE)
		return NULL;
	struct squatter *s = xcalloc(1, sizeof(*s));
	s->reactor = r;
	s->kind = kind;
	s->listener.fd = -1;
	for (int i = 0; i < HELD_MAX; i++)
		s->held[i] = -1;
	int ret = kind == SQUATTER_FALSE ? serve_falsely(s, address)
					 : listen_plainly(s, address);
	if (ret == 0)
		return s;
	squatter_free(s);
	return NULL;
}

void squatter_free(struct squatter *s)
{
	if (!s)
		return;
	if (s->listener.fd >= 0) {
		fd_watch_stop(s->reactor, &s->listener);
		close(s->listener.fd);
	}
	for (int i = 0; i < HELD_MAX; i++)
		if (s->held[i] >= 0)
			close(s->held[i]);
	httpd_free(s->httpd);
	free(s);
}
