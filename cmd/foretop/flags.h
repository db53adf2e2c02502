/* Reading the flags of a command, and values of flags that several commands have. */
#ifndef FORETOP_FLAGS_H
#define FORETOP_FLAGS_H

#include "base/base.h"

#include <getopt.h>
#include <stdbool.h>

/* How a command reads its flags. */
struct flag_table {
	const char *help;    /* what --help prints */
	const char *letters; /* getopt's, begins with ':' and holds 'h' */
	const struct option *options;
	/* One flag, its value in optarg. 0, or -1 with *err that says what is allowed. */
	int (*take)(void *arg, int c, struct err *err);
	void *arg;
};

/* Reads all flags of argv (argv[0] is the command's name). -1: go on, what is left begins
 * at argv[optind]; else the exit code (after --help, or a mistake that was told). */
int flags_read(const struct flag_table *t, int argc, char **argv);
/* Tells a mistake in how the command was called; returns the exit code for it. */
int flags_wrong(const char *command, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The index of text among `names`: 0, or -1 with *err that lists them. */
int flag_word(const char *text, const char *const *names, size_t count, int *ret_index,
	      struct err *err);
/* "90s", "14d": at least a second. 0, or -1 with *err that quotes the text. */
int flag_duration(const char *text, int64_t *ret_ms, struct err *err);
/* RFC 3339 or Unix seconds, fractions allowed. */
int flag_time(const char *text, int64_t *ret_ms, struct err *err);
/* A finite number above 0. */
int flag_positive(const char *text, double *ret_value, struct err *err);
/* A whole number from least to most. */
int flag_whole(const char *text, int least, int most, int *ret_value, struct err *err);
/* A level of the log, 0 to 10. */
int flag_verbosity(const char *text, int *ret_level, struct err *err);

/* Whether the locale of the environment is UTF-8. */
bool flag_utf8_terminal(void);

#endif
