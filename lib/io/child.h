/* A program run beside the loop: its answer comes through a pipe, and it is ended when it
 * takes too long. For credential plugins. */
#ifndef FORETOP_IO_CHILD_H
#define FORETOP_IO_CHILD_H

#include "base/base.h"
#include "io/reactor.h"

struct child;

struct child_result {
	/* ERR_NONE: it ended with exit code 0. Else ERR_RETRY and what became of it, with
	 * the last line that it wrote to stderr. */
	struct err err;
	const char *output; /* stdout, NUL-terminated, never NULL */
	size_t len;
};

struct child_options {
	/* NULL at the end; [0] is looked up in PATH unless it holds a slash. */
	const char *const *argv;
	/* "NAME=value", NULL at the end: set over this process's environment. May be
	 * NULL. */
	const char *const *env;
	int64_t timeout_ms; /* > 0: it is killed then, with all of its process group */
	size_t output_max;  /* > 0: of stdout; more is an error */
	/* Called once, from the loop, never from within child_start. The child is gone
	 * then. The result is borrowed, and wiped afterwards. */
	void (*done)(void *arg, const struct child_result *result);
	void *arg;
};

/* Starts it with an empty stdin and none of our descriptors. Everything is copied but
 * `arg`. NULL with *err = ERR_RETRY when it cannot be started (not found, not
 * executable). */
struct child *child_start(struct reactor *r, const struct child_options *options,
			  struct err *err);
/* Kills it without calling back; not from within `done`. Accepts NULL. */
void child_kill(struct child *c);

#endif
