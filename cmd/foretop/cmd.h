/* What every subcommand shares: its entry in the command table and the exit codes. */
#ifndef FORETOP_CMD_H
#define FORETOP_CMD_H

#include <stddef.h>

#define EXIT_USAGE 2
#define EXIT_DIFFERS                                                                     \
	3 /* when it was asked for: all went well, and there is a difference */

struct command {
	const char *name;
	const char *summary; /* NULL: it is not for people */
	/* argv[0] is the command's name. Returns the exit code: 0 done, 1 failed, 2 wrong
	 * usage. */
	int (*run)(int argc, char **argv);
};

/* All of them, by name. */
const struct command *command_table(size_t *ret_count);
/* NULL: there is no such command. */
const struct command *command_find(const char *name);

int cmd_complete(int argc, char **argv);
int cmd_completion(int argc, char **argv);
int cmd_convert(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_demo(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_forecast(int argc, char **argv);
int cmd_forget(int argc, char **argv);
int cmd_get(int argc, char **argv);
int cmd_man(int argc, char **argv);
int cmd_pause(int argc, char **argv);
int cmd_release(int argc, char **argv);
int cmd_resume(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_simulate(int argc, char **argv);
int cmd_validate(int argc, char **argv);

#endif
