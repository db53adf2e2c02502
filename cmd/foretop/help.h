/* What commands say of themselves with --help, read again: completion and the manual page
 * are made from it, so that they cannot say anything else. */
#ifndef FORETOP_HELP_H
#define FORETOP_HELP_H

#include "cmd.h"

#include "base/base.h"

/* What --help prints. The caller frees. */
char *help_of(const struct command *c);

/* A flag as its line tells it. */
struct help_flag {
	char letter;    /* 0: none */
	char name[40];  /* without dashes; "" none */
	char value[40]; /* "FILE"; "" it takes none */
	bool optional;  /* --name[=value] */
	char text[512]; /* what it means, lines joined */
};
#define HELP_FLAGS_MAX 40

/* The flags of a help text, in its order. Returns how many. */
int help_flags(const char *help, struct help_flag ret_flags[HELP_FLAGS_MAX]);
/* Reads one line: a flag's first one? Its text is what stands behind it. */
bool help_flag_line(const char *line, struct help_flag *ret_flag);

#endif
