/* Preloaded into the real process: one call of the socket layer fails, once.
 * FAULT_SYSCALL says which (1: the first). */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static long count, wanted = -1;

static long chosen(void)
{
	if (wanted < 0) {
		const char *text = getenv("FAULT_SYSCALL");
		wanted = text ? atol(text) : 0;
	}
	return wanted;
}

/* Does this call fail? */
static int fails(int error)
{
	if (++count != chosen())
		return 0;
	errno = error;
	return 1;
}

static int is_socket(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* The C library's function of this name. */
#define NEXT(name)                                                                       \
	static __typeof__(name) *next;                                                   \
	if (!next)                                                                       \
	next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

int socket(int domain, int type, int protocol)
{
	NEXT(socket);
	return fails(EMFILE) ? -1 : next(domain, type, protocol);
}

int connect(int fd, const struct sockaddr *address, socklen_t len)
{
	NEXT(connect);
	return fails(ENETUNREACH) ? -1 : next(fd, address, len);
}

int accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
	NEXT(accept4);
	return fails(EMFILE) ? -1 : next(fd, address, len, flags);
}

int bind(int fd, const struct sockaddr *address, socklen_t len)
{
	NEXT(bind);
	return fails(EADDRINUSE) ? -1 : next(fd, address, len);
}

int listen(int fd, int backlog)
{
	NEXT(listen);
	return fails(EADDRINUSE) ? -1 : next(fd, backlog);
}

int getsockname(int fd, struct sockaddr *address, socklen_t *len)
{
	NEXT(getsockname);
	return fails(ENOBUFS) ? -1 : next(fd, address, len);
}

int getpeername(int fd, struct sockaddr *address, socklen_t *len)
{
	NEXT(getpeername);
	return fails(ENOTCONN) ? -1 : next(fd, address, len);
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	NEXT(getsockopt);
	return fails(ENOPROTOOPT) ? -1 : next(fd, level, name, value, len);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	NEXT(setsockopt);
	return fails(ENOPROTOOPT) ? -1 : next(fd, level, name, value, len);
}

ssize_t send(int fd, const void *data, size_t len, int flags)
{
	NEXT(send);
	return fails(ECONNRESET) ? -1 : next(fd, data, len, flags);
}

ssize_t recv(int fd, void *data, size_t len, int flags)
{
	NEXT(recv);
	return fails(ECONNRESET) ? -1 : next(fd, data, len, flags);
}

ssize_t read(int fd, void *data, size_t len)
{
	NEXT(read);
	return is_socket(fd) && fails(ECONNRESET) ? -1 : next(fd, data, len);
}

ssize_t write(int fd, const void *data, size_t len)
{
	NEXT(write);
	return is_socket(fd) && fails(EPIPE) ? -1 : next(fd, data, len);
}

int epoll_create1(int flags)
{
	NEXT(epoll_create1);
	return fails(EMFILE) ? -1 : next(flags);
}

int epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
	NEXT(epoll_ctl);
	return fails(ENOSPC) ? -1 : next(epoll, op, fd, event);
}

int epoll_wait(int epoll, struct epoll_event *events, int max, int timeout)
{
	NEXT(epoll_wait);
	return fails(EINTR) ? -1 : next(epoll, events, max, timeout);
}

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	NEXT(poll);
	return fails(EINTR) ? -1 : next(fds, n, timeout);
}

int pipe2(int fds[2], int flags)
{
	NEXT(pipe2);
	return fails(EMFILE) ? -1 : next(fds, flags);
}

int eventfd(unsigned int value, int flags)
{
	NEXT(eventfd);
	return fails(EMFILE) ? -1 : next(value, flags);
}
