#include "io/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Of stderr only the end is kept: the last line says why. */
#define ERRORS_MAX 4096
#define READ_SIZE  4096

struct child {
	struct reactor *reactor;
	char *name; /* for texts */
	pid_t pid;
	struct fd_watch exited, output, errors;
	struct timer deadline;
	struct str text;
	char tail[ERRORS_MAX];
	size_t tail_len;
	bool timed_out, too_long;
	void (*done)(void *arg, const struct child_result *result);
	void *arg;
};

/* --- the end --- */

static void stop_watch(struct child *c, struct fd_watch *w)
{
	if (w->fd < 0)
		return;
	fd_watch_stop(c->reactor, w);
	close(w->fd);
	w->fd = -1;
}

static void wipe(struct str *s)
{
	if (s->data)
		explicit_bzero(s->data, s->cap);
	str_fini(s);
}

static void release(struct child *c)
{
	timer_cancel(&c->deadline);
	stop_watch(c, &c->exited);
	stop_watch(c, &c->output);
	stop_watch(c, &c->errors);
	wipe(&c->text);
	free(c->name);
	free(c);
}

/* Whatever it started goes with it. */
static void kill_group(const struct child *c)
{
	kill(-c->pid, SIGKILL);
}

void child_kill(struct child *c)
{
	if (!c)
		return;
	kill_group(c);
	while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
		;
	release(c);
}

static const char *last_line(struct child *c)
{
	while (c->tail_len && strchr(" \t\r\n", c->tail[c->tail_len - 1]))
		c->tail_len--;
	c->tail[c->tail_len] = '\0';
	const char *line = strrchr(c->tail, '\n');
	return line ? line + 1 : c->tail;
}

static void explain(struct child *c, int status, struct err *err)
{
	const char *why = last_line(c);
	const char *sep = *why ? ": " : "";
	if (c->timed_out)
		err_set(err, ERR_RETRY, "%s: no answer in time%s%s", c->name, sep, why);
	else if (c->too_long)
		err_set(err, ERR_RETRY, "%s: answered more than %zu bytes", c->name,
			c->text.limit);
	else if (WIFSIGNALED(status))
		err_set(err, ERR_RETRY, "%s: ended by signal %d%s%s", c->name,
			WTERMSIG(status), sep, why);
	else if (WEXITSTATUS(status) != 0)
		err_set(err, ERR_RETRY, "%s: exit code %d%s%s", c->name,
			WEXITSTATUS(status), sep, why);
}

/* --- reading --- */

/* Takes what the pipe holds now, at most `size` bytes; closes it at its end. */
static size_t read_some(struct child *c, struct fd_watch *w, char *buf, size_t size)
{
	if (w->fd < 0)
		return 0;
	ssize_t n = read(w->fd, buf, size);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		stop_watch(c, w);
	return n > 0 ? (size_t)n : 0;
}

static size_t take_output(struct child *c)
{
	char buf[READ_SIZE];
	size_t n = read_some(c, &c->output, buf, sizeof(buf));
	if (n && str_add(&c->text, buf, n) < 0) {
		c->too_long = true;
		kill_group(c);
	}
	explicit_bzero(buf, sizeof(buf));
	return n;
}

static size_t take_errors(struct child *c)
{
	char buf[ERRORS_MAX / 2];
	size_t n = read_some(c, &c->errors, buf, sizeof(buf));
	size_t room = sizeof(c->tail) - 1;
	if (c->tail_len + n > room) {
		size_t drop = c->tail_len + n - room;
		memmove(c->tail, c->tail + drop, c->tail_len - drop);
		c->tail_len -= drop;
	}
	memcpy(c->tail + c->tail_len, buf, n);
	c->tail_len += n;
	return n;
}

static void on_output(struct fd_watch *w)
{
	take_output(w->arg);
}

static void on_errors(struct fd_watch *w)
{
	take_errors(w->arg);
}

/* The pipes may still hold what it wrote before it ended. What a descendant writes after
 * that is not waited for. */
static void on_exit_of_child(struct fd_watch *w)
{
	struct child *c = w->arg;
	int status = 0;
	if (waitpid(c->pid, &status, WNOHANG) != c->pid)
		return;
	while (take_output(c) && !c->too_long)
		;
	while (take_errors(c))
		;
	struct child_result result = {.output = str_text(&c->text), .len = c->text.len};
	explain(c, status, &result.err);
	c->done(c->arg, &result);
	release(c);
}

static void on_deadline(void *arg)
{
	struct child *c = arg;
	c->timed_out = true;
	kill_group(c);
}

/* --- the start --- */

/* environ with `extra` set over it. The caller frees the array, not what it points to. */
static char **compose_environment(const char *const *extra)
{
	size_t n = 0, more = 0;
	while (environ[n])
		n++;
	while (extra && extra[more])
		more++;
	char **all = xcalloc(n + more + 1, sizeof(*all));
	size_t count = 0;
	for (size_t i = 0; i < n; i++) {
		size_t name = strcspn(environ[i], "=") + 1;
		bool replaced = false;
		for (size_t k = 0; k < more && !replaced; k++)
			replaced = !strncmp(environ[i], extra[k], name);
		if (!replaced)
			all[count++] = environ[i];
	}
	for (size_t k = 0; k < more; k++)
		all[count++] = (char *)(uintptr_t)extra[k];
	return all;
}

/* A process group of its own, default signals, and no descriptor but the three. */
static int spawn(struct child *c, const struct child_options *o, int out, int errors)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t none, ignored;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, out, 1);
	posix_spawn_file_actions_adddup2(&files, errors, 2);
	posix_spawn_file_actions_addclosefrom_np(&files, 3);
	posix_spawnattr_init(&how);
	posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
					       POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(&how, 0);
	sigemptyset(&none);
	posix_spawnattr_setsigmask(&how, &none);
	sigemptyset(&ignored);
	sigaddset(&ignored, SIGPIPE);
	posix_spawnattr_setsigdefault(&how, &ignored);
	char **env AUTO_FREE = compose_environment(o->env);
	char *const *argv = (char *const *)(uintptr_t)o->argv;
	int failed = posix_spawnp(&c->pid, o->argv[0], &files, &how, argv, env);
	posix_spawnattr_destroy(&how);
	posix_spawn_file_actions_destroy(&files);
	return failed;
}

static int watch(struct child *c, struct fd_watch *w, int fd,
		 void (*ready)(struct fd_watch *), struct err *err)
{
	*w = (struct fd_watch){.fd = fd, .ready = ready, .arg = c};
	if (fd_watch_start(c->reactor, w, err) == 0)
		return 0;
	close(fd);
	w->fd = -1;
	return -1;
}

static int watch_all(struct child *c, int out, int errors, struct err *err)
{
	int pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	int result = watch(c, &c->output, out, on_output, err);
	result |= watch(c, &c->errors, errors, on_errors, err);
	if (pidfd < 0)
		return err_set(err, ERR_RETRY, "%s: pidfd_open: %s", c->name,
			       strerror(errno));
	return result | watch(c, &c->exited, pidfd, on_exit_of_child, err);
}

static void close_both(int fds[2])
{
	if (fds[0] >= 0)
		close(fds[0]);
	if (fds[1] >= 0)
		close(fds[1]);
}

static int open_pipe(int fds[2])
{
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	return fcntl(fds[0], F_SETFL, O_NONBLOCK);
}

static int start(struct child *c, const struct child_options *o, struct err *err)
{
	int out[2] = {-1, -1}, errors[2] = {-1, -1};
	int failed = 0;
	if (open_pipe(out) < 0 || open_pipe(errors) < 0)
		failed = errno;
	else
		failed = spawn(c, o, out[1], errors[1]);
	if (failed) {
		close_both(out);
		close_both(errors);
		return err_set(err, ERR_RETRY, "%s: %s", c->name, strerror(failed));
	}
	close(out[1]);
	close(errors[1]);
	if (watch_all(c, out[0], errors[0], err) == 0)
		return 0;
	kill_group(c);
	waitpid(c->pid, NULL, 0);
	return -1;
}

struct child *child_start(struct reactor *r, const struct child_options *options,
			  struct err *err)
{
	struct child *c = xcalloc(1, sizeof(*c));
	c->reactor = r;
	c->name = xstrdup(options->argv[0]);
	c->done = options->done;
	c->arg = options->arg;
	c->exited.fd = c->output.fd = c->errors.fd = -1;
	str_init(&c->text, options->output_max);
	if (start(c, options, err) < 0) {
		release(c);
		return NULL;
	}
	timer_set(r, &c->deadline, options->timeout_ms, on_deadline, c);
	return c;
}
