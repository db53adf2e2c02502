/* The manual page, made from what the commands say of themselves. */
#include "help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Text in roff: what would be a request or an escape is none. */
static void put(const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", stdout);
		else if (*text == '-')
			fputs("\\-", stdout);
		else
			putchar(*text);
	}
}

static void put_line(const char *text)
{
	put(text);
	putchar('\n');
}

static void put_flag(const struct help_flag *f)
{
	char name[128];
	puts(".TP");
	fputs(".B ", stdout);
	snprintf(name, sizeof(name), "%s%c%s%s%s%s%s%s", f->letter ? "-" : "",
		 f->letter ? f->letter : ' ', f->letter && *f->name ? ", " : "",
		 *f->name ? "--" : "", f->name,
		 f->optional ? "[="
		 : *f->value ? " "
			     : "",
		 f->value, f->optional ? "]" : "");
	put_line(name + (f->letter ? 0 : 1));
	if (*f->text)
		put_line(f->text);
}

static bool is_usage(const char *line)
{
	return !strncmp(line, "usage: ", 7) || !strncmp(line, "       foretop ", 15);
}

/* Paragraphs and flags in the order of the help text. */
static void put_help(const char *help)
{
	struct help_flag flag = {0};
	bool open = false, empty = true;
	for (const char *at = help; *at;) {
		size_t n = strcspn(at, "\n");
		char *line AUTO_FREE = xstrndup(at, n);
		at += n + (at[n] == '\n');
		if (is_usage(line)) {
			puts(".br");
			fputs(".B ", stdout);
			put_line(line + 7);
			empty = true;
			continue;
		}
		if (open && strspn(line, " ") >= 8) {
			put_line(line + strspn(line, " "));
			continue;
		}
		open = help_flag_line(line, &flag);
		if (open)
			put_flag(&flag);
		else if (!*line)
			empty = true;
		else {
			if (empty)
				puts(".PP");
			put_line(line);
			empty = false;
		}
	}
}

static void put_command(const struct command *c)
{
	char *help AUTO_FREE = help_of(c);
	fputs(".SS ", stdout);
	put_line(c->name);
	put_line(c->summary);
	put_help(help);
}

static const char head[] =
	".TH FORETOP 1 \"\" \"foretop " FORETOP_VERSION "\" \"User Commands\"\n"
	".SH NAME\n"
	"foretop \\- scale Kubernetes workloads before their load arrives\n"
	".SH SYNOPSIS\n"
	".B foretop\n.I COMMAND\n.RI [ FLAGS ]\n.br\n"
	".B kubectl foretop\n.I COMMAND\n.RI [ FLAGS ]\n"
	".SH DESCRIPTION\n"
	"Foretop reads demand from any Prometheus\\-compatible HTTP API, forecasts it "
	"over "
	"the time that new pods need to become Ready, decides like the "
	"HorizontalPodAutoscaler with the forecast as one more proposal, and writes "
	"replicas through the scale subresource. Policies are ConfigMaps with the label "
	"foretop.io/policy.\n"
	".SH COMMANDS\n";

static const char tail[] =
	".SH EXIT STATUS\n"
	".TP\n.B 0\nIt is done; what was asked about is in order.\n"
	".TP\n.B 1\nIt failed, or something is wrong with what was asked about.\n"
	".TP\n.B 2\nIt was called in a wrong way; nothing was done.\n"
	".SH ENVIRONMENT\n"
	".TP\n.B KUBECONFIG\nFiles that say where the API server is, between colons.\n"
	".TP\n.B POD_NAME, POD_NAMESPACE\nWho and where the controller is, inside a "
	"pod.\n"
	".TP\n.B TZDIR\nThe time zones of schedules; default: /usr/share/zoneinfo.\n"
	".SH FILES\n"
	".TP\n.I ~/.kube/config\nUsed when KUBECONFIG is not set.\n"
	".SH SEE ALSO\n"
	".BR kubectl (1)\n";

int cmd_man(int argc, char **argv)
{
	size_t count;
	const struct command *all = command_table(&count);
	(void)argc;
	(void)argv;
	fputs(head, stdout);
	for (size_t i = 0; i < count; i++)
		if (all[i].summary)
			put_command(&all[i]);
	fputs(tail, stdout);
	return ferror(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
