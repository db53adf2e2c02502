/* The command table: what `foretop` can do, one file per command. */
#include "cmd.h"

#include "help.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CLANG_SANITIZED 1
#endif
#endif
#ifndef CLANG_SANITIZED
#define CLANG_SANITIZED 0
#endif

/* As kubectl finds a program that completes the words of its plugin. */
#define COMPLETER "kubectl_complete-foretop"

static int cmd_version(int argc, char **argv)
{
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		puts("usage: foretop version\n\nPrints the version.\n\n  -h, --help");
		return EXIT_SUCCESS;
	}
	if (argc > 1) {
		fprintf(stderr, "foretop version: unexpected argument %s\n", argv[1]);
		return EXIT_USAGE;
	}
	puts("foretop " FORETOP_VERSION);
	return EXIT_SUCCESS;
}

/* Without a summary: not for people. */
static const struct command commands[] = {
	{"check", "may and can a controller do its work: rights, sources", cmd_check},
	{"completion", "complete commands, flags and names in a shell", cmd_completion},
	{"convert", "HPAs and ScaledObjects as policies", cmd_convert},
	{"demo", "a simulated shop's day in about a minute, on loopback servers",
	 cmd_demo},
	{"explain", "the last decision as a story with numbers", cmd_explain},
	{"forecast", "forecast a series with intervals, and test that on its past",
	 cmd_forecast},
	{"forget", "remove what a controller that is gone has left in its namespace",
	 cmd_forget},
	{"get", "policies with their sizes, forecasts and states", cmd_get},
	{"pause", "stop policies for a while: the kill switch", cmd_pause},
	{"release", "give HPAs back what mode Floor has raised", cmd_release},
	{"resume", "end a pause", cmd_resume},
	{"run", "serve the policies of a cluster", cmd_run},
	{"simulate", "what a policy would have done to a load, beside the HPA's rules",
	 cmd_simulate},
	{"validate", "are policies right, by themselves and for the servers",
	 cmd_validate},
	{"version", "print the version", cmd_version},
	{"__complete", NULL, cmd_complete},
	{"__man", NULL, cmd_man},
};

const struct command *command_table(size_t *ret_count)
{
	*ret_count = ARRAY_LEN(commands);
	return commands;
}

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (!strcmp(name, commands[i].name))
			return &commands[i];
	return NULL;
}

/* --- as what it was called --- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* kubectl's plugins tell their users to type what works for them. */
static bool is_plugin(const char *program)
{
	return !strncmp(base_name(program), "kubectl-", 8);
}

static const char *self_of(const char *program)
{
	return is_plugin(program) ? "kubectl foretop" : "foretop";
}

static void usage(FILE *out, const char *program)
{
	const char *self = self_of(program);
	fprintf(out,
		"Foretop scales Kubernetes workloads before their load arrives.\n\n"
		"usage: %s COMMAND [FLAGS]\n\n",
		self);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (commands[i].summary)
			fprintf(out, "  %-10s  %s\n", commands[i].name,
				commands[i].summary);
	fprintf(out, "\n`%s COMMAND --help` explains one.\n", self);
}

static bool asks_for_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	return false;
}

/* Every "foretop " of a help text becomes "kubectl foretop ". */
static void plugin_help(const struct command *c)
{
	static const char self[] = "foretop ";
	char *help AUTO_FREE = help_of(c);
	const char *at = help, *next;
	while ((next = strstr(at, self))) {
		bool word = next == help || strchr(" `(\n", next[-1]);
		printf("%.*s%s%s", (int)(next - at), at, word ? "kubectl " : "", self);
		at = next + strlen(self);
	}
	fputs(at, stdout);
}

/* Tokens and keys are in this memory: it is not written into core files, and not shown to
 * other processes of the same user. LeakSanitizer looks at a process that way. */
static void keep_memory_private(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !CLANG_SANITIZED
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

/* What was asked for did not arrive: a full disk is no success. */
static int check_written(int code)
{
	const char *why = fflush(stdout) != 0 ? strerror(errno)
			  : ferror(stdout)    ? "not all of it was taken"
					      : NULL;
	if (!why)
		return code;
	fprintf(stderr, "foretop: writing to standard output: %s\n", why);
	return code == EXIT_SUCCESS ? EXIT_FAILURE : code;
}

static int dispatch(int argc, char **argv)
{
	const char *program = argv[0] ? argv[0] : "foretop";
	if (!strcmp(base_name(program), COMPLETER))
		return cmd_complete(argc, argv);
	if (argc < 2) {
		usage(stderr, program);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") ||
	    !strcmp(argv[1], "-h")) {
		usage(stdout, program);
		return EXIT_SUCCESS;
	}
	/* As most programs have it. */
	bool version = !strcmp(argv[1], "--version");
	const struct command *c = command_find(version ? "version" : argv[1]);
	if (!c) {
		fprintf(stderr, "foretop: unknown command \"%s\"\nSee %s help\n", argv[1],
			self_of(program));
		return EXIT_USAGE;
	}
	if (is_plugin(program) && c->summary && asks_for_help(argc - 1, argv + 1)) {
		plugin_help(c);
		return EXIT_SUCCESS;
	}
	return c->run(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	keep_memory_private();
	json_init();
	return check_written(dispatch(argc, argv));
}
