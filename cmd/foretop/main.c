/* The command table: what `foretop` can do, one file per command. */
#include "cmd.h"

#include "base/base.h"

#include <stdio.h>
#include <string.h>

static int cmd_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts("foretop " FORETOP_VERSION);
	return 0;
}

static const struct command commands[] = {
	{"convert", "HPAs and ScaledObjects as policies", cmd_convert},
	{"demo", "a simulated shop's day in about a minute, on loopback servers",
	 cmd_demo},
	{"explain", "the last decision as a story with numbers", cmd_explain},
	{"forecast", "forecast a series with intervals, and test that on its past",
	 cmd_forecast},
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
};

static void usage(FILE *out)
{
	fputs("Foretop scales Kubernetes workloads before their load arrives.\n\n"
	      "usage: foretop COMMAND [FLAGS]\n\n",
	      out);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].summary);
	fputs("\n`foretop COMMAND --help` explains one.\n", out);
}

int main(int argc, char **argv)
{
	json_init();
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") ||
	    !strcmp(argv[1], "-h")) {
		usage(stdout);
		return 0;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "foretop: unknown command \"%s\"\n\n", argv[1]);
	usage(stderr);
	return EXIT_USAGE;
}
