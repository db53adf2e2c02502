#include "integration/relay.h"

#include "unit/harness.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEAD_MAX 8192

static int connect_to(int port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				 .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		_exit(1);
	return fd;
}

/* Byte by byte, so that nothing behind the head is taken. */
static void read_head(int fd, char *head)
{
	size_t n = 0;
	while (n < HEAD_MAX - 1 && read(fd, head + n, 1) == 1) {
		head[++n] = '\0';
		if (n >= 4 && !strcmp(head + n - 4, "\r\n\r\n"))
			return;
	}
	_exit(1);
}

static void pass(int from, int to)
{
	char buf[16384];
	ssize_t n = read(from, buf, sizeof(buf));
	if (n <= 0)
		_exit(0);
	for (ssize_t sent = 0, once; sent < n; sent += once)
		if ((once = send(to, buf + sent, (size_t)(n - sent), MSG_NOSIGNAL)) < 0)
			_exit(0);
}

static _Noreturn void serve(int client, int to_port, const char *log)
{
	static const char refused[] =
		"HTTP/1.1 405 Only CONNECT\r\nContent-Length: 0\r\n\r\n";
	static const char good[] = "HTTP/1.1 200 OK\r\n\r\n";
	char head[HEAD_MAX];
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	read_head(client, head);
	int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (write(out, head, strlen(head)) < 0)
		_exit(1);
	bool tunnel = !strncmp(head, "CONNECT ", 8);
	const char *answer = tunnel ? good : refused;
	int server = tunnel ? connect_to(to_port) : -1;
	if (write(client, answer, strlen(answer)) < 0 || !tunnel)
		_exit(0);
	struct pollfd both[] = {{.fd = client, .events = POLLIN},
				{.fd = server, .events = POLLIN}};
	while (poll(both, 2, -1) > 0) {
		if (both[0].revents)
			pass(client, server);
		if (both[1].revents)
			pass(server, client);
	}
	_exit(0);
}

static _Noreturn void accept_all(int listener, int to_port, const char *log, pid_t parent)
{
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN);
	if (getppid() != parent)
		_exit(1);
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		if (fd < 0)
			_exit(1);
		if (fork() == 0) {
			close(listener);
			serve(fd, to_port, log);
		}
		close(fd);
	}
}

void relay_start(struct relay *r, int to_port, const char *log)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(listen(fd, 64), 0);
	getsockname(fd, (struct sockaddr *)&at, &size);
	*r = (struct relay){.port = ntohs(at.sin_port), .log = log};
	fflush(NULL);
	pid_t parent = getpid();
	r->pid = fork();
	if (r->pid == 0)
		accept_all(fd, to_port, log, parent);
	ck_assert(r->pid > 0);
	setpgid(r->pid, r->pid);
	close(fd);
}

void relay_stop(struct relay *r)
{
	if (!r->pid)
		return;
	kill(-r->pid, SIGKILL);
	waitpid(r->pid, NULL, 0);
	r->pid = 0;
}
