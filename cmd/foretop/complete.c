/* foretop completion, and the words that a shell asks for while one is typed. */
#include "cluster.h"
#include "cmd.h"
#include "help.h"

#include "view.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As cobra's programs say it, whose words kubectl reads: files may stand there, or none.
 */
#define FILES    0
#define NO_FILES 4
/* Nobody waits longer for a list. */
#define PATIENCE_MS 2000

static const char help[] =
	"usage: foretop completion bash|zsh|fish\n\n"
	"Prints what makes a shell complete commands, flags and the names of "
	"policies:\n\n"
	"  source <(foretop completion bash)      in ~/.bashrc\n"
	"  source <(foretop completion zsh)       in ~/.zshrc, behind compinit\n"
	"  foretop completion fish | source       in ~/.config/fish/config.fish\n\n"
	"For `kubectl foretop` make install puts kubectl_complete-foretop on the "
	"PATH.\n\n"
	"  -h, --help\n";

static const char bash[] =
	"# bash completion of foretop\n"
	"_foretop() {\n"
	"\tlocal line files=0\n"
	"\tCOMPREPLY=()\n"
	"\twhile IFS= read -r line; do\n"
	"\t\tcase $line in\n"
	"\t\t:0) files=1 ;;\n"
	"\t\t:*) ;;\n"
	"\t\t*) COMPREPLY+=(\"${line%%$'\\t'*}\") ;;\n"
	"\t\tesac\n"
	"\tdone < <(\"${COMP_WORDS[0]}\" __complete \"${COMP_WORDS[@]:1:COMP_CWORD}\" "
	"2>/dev/null)\n"
	"\tif [ $files = 1 ]; then compopt -o default 2>/dev/null; fi\n"
	"}\n"
	"complete -F _foretop foretop\n";

static const char zsh[] =
	"#compdef foretop\n"
	"_foretop() {\n"
	"\tlocal line files=0\n"
	"\tlocal -a found\n"
	"\tfor line in \"${(@f)$(\"${words[1]}\" __complete \"${(@)words[2,CURRENT]}\" "
	"2>/dev/null)}\"; do\n"
	"\t\tcase $line in\n"
	"\t\t:0) files=1 ;;\n"
	"\t\t:*|'') ;;\n"
	"\t\t*) found+=(\"${${line//:/\\\\:}/$'\\t'/:}\") ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\tif (( files )); then _files; else _describe foretop found; fi\n"
	"}\n"
	"compdef _foretop foretop\n";

static const char fish[] =
	"# fish completion of foretop\n"
	"function __foretop_words\n"
	"\tset -l words (commandline -opc)\n"
	"\tforetop __complete $words[2..-1] (commandline -ct) 2>/dev/null\n"
	"end\n"
	"complete -c foretop -f\n"
	"complete -c foretop -n 'test (__foretop_words)[-1] = :0' -F\n"
	"complete -c foretop -a '(__foretop_words | string match -v \":*\")'\n";

int cmd_completion(int argc, char **argv)
{
	static const struct {
		const char *shell, *script;
	} scripts[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};
	const struct flag_table table = {
		.help = help, .letters = ":h", .options = options};
	int code = flags_read(&table, argc, argv);
	if (code >= 0)
		return code;
	if (argc - optind != 1)
		return flags_wrong(argv[0], "name one shell: bash, zsh or fish");
	for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
		if (strcmp(argv[optind], scripts[i].shell))
			continue;
		fputs(scripts[i].script, stdout);
		return EXIT_SUCCESS;
	}
	return flags_wrong(argv[0], "%s: allowed: bash, zsh, fish", argv[optind]);
}

/* --- what may stand at the cursor --- */

struct completion {
	const char *typed; /* so far */
	const struct command *command;
	struct help_flag flags[HELP_FLAGS_MAX];
	int flag_count;
	struct cluster_flags cluster; /* as given before the cursor */
};

static void offer(const struct completion *c, const char *word, const char *text)
{
	if (strncmp(word, c->typed, strlen(c->typed)))
		return;
	printf("%s%s%s\n", word, text && *text ? "\t" : "", text ? text : "");
}

static int offer_commands(const struct completion *c)
{
	size_t count;
	const struct command *all = command_table(&count);
	for (size_t i = 0; i < count; i++)
		if (all[i].summary)
			offer(c, all[i].name, all[i].summary);
	return NO_FILES;
}

static int offer_flags(const struct completion *c)
{
	for (int i = 0; i < c->flag_count; i++) {
		char name[48];
		snprintf(name, sizeof(name), "--%s", c->flags[i].name);
		if (*c->flags[i].name)
			offer(c, name, c->flags[i].text);
	}
	return NO_FILES;
}

/* "wide, json, yaml or name": the words of a flag's text. */
static int offer_choices(const struct completion *c, const char *text)
{
	char *copy AUTO_FREE = xstrdup(text), *save = NULL;
	for (char *w = strtok_r(copy, ", ", &save); w; w = strtok_r(NULL, ", ", &save))
		if (strcmp(w, "or") && islower((unsigned char)*w))
			offer(c, w, NULL);
	return NO_FILES;
}

/* --- what the cluster has --- */

static void offer_names(const struct completion *c, const cJSON *list, bool with_ns)
{
	const cJSON *object;
	cJSON_ArrayForEach (object, list) {
		const char *name = json_str(object, "metadata.name", "");
		char *full AUTO_FREE =
			with_ns ? xasprintf("%s/%s",
					    json_str(object, "metadata.namespace", ""),
					    name)
				: xstrdup(name);
		offer(c, full, NULL);
	}
}

/* Names of the namespace; all of them once a slash is typed, or when it has none. */
static void offer_objects(struct completion *c, const char *group_version,
			  const char *plural, const char *selector)
{
	struct cluster cluster = {0};
	struct err err;
	c->cluster.timeout_ms = PATIENCE_MS;
	if (cluster_open(&cluster, &c->cluster, &err) == 0) {
		bool all = strchr(c->typed, '/') != NULL;
		const char *ns = cluster_namespace(&cluster, &c->cluster);
		char *path AUTO_FREE =
			kube_collection_path(group_version, plural, all ? NULL : ns);
		cJSON *list AUTO(json_cleanup) =
			cluster_list(&cluster, path, selector, NULL, &err);
		if (!all && list && !cJSON_GetArraySize(list)) {
			char *everywhere AUTO_FREE =
				kube_collection_path(group_version, plural, NULL);
			cJSON_Delete(list);
			list = cluster_list(&cluster, everywhere, selector, NULL, &err);
			all = true;
		}
		offer_names(c, list, all);
	}
	cluster_close(&cluster);
}

static int offer_arguments(struct completion *c)
{
	static const char *const of_policies[] = {"explain", "forecast", "get", "pause",
						  "resume"};
	const char *command = c->command->name;
	for (size_t i = 0; i < ARRAY_LEN(of_policies); i++)
		if (!strcmp(command, of_policies[i]))
			offer_objects(c, "v1", "configmaps", VIEW_POLICY_LABEL);
	if (!strcmp(command, "release") || !strcmp(command, "convert"))
		offer_objects(c, KUBE_HPA_GROUP_VERSION, KUBE_HPA_PLURAL, NULL);
	if (!strcmp(command, "completion"))
		offer_choices(c, "bash zsh fish");
	return NO_FILES;
}

static int offer_namespaces(struct completion *c)
{
	struct cluster cluster = {0};
	struct err err;
	c->cluster.timeout_ms = PATIENCE_MS;
	if (cluster_open(&cluster, &c->cluster, &err) == 0) {
		char *path AUTO_FREE = kube_collection_path("v1", "namespaces", NULL);
		cJSON *list AUTO(json_cleanup) =
			cluster_list(&cluster, path, NULL, NULL, &err);
		offer_names(c, list, false);
	}
	cluster_close(&cluster);
	return NO_FILES;
}

static int offer_value(struct completion *c, const struct help_flag *f)
{
	if (!strcmp(f->name, "namespace") || !strcmp(f->name, "foretop-namespace"))
		return offer_namespaces(c);
	if (!strcmp(f->value, "FORMAT"))
		return offer_choices(c, f->text);
	return !strncmp(f->value, "FILE", 4) ? FILES : NO_FILES;
}

/* --- the words before --- */

/* The flag that the word is, or NULL. */
static const struct help_flag *flag_of(const struct completion *c, const char *word)
{
	for (int i = 0; i < c->flag_count; i++) {
		const struct help_flag *f = &c->flags[i];
		if ((word[0] == '-' && word[1] == f->letter && f->letter && !word[2]) ||
		    (!strncmp(word, "--", 2) && *f->name && !strcmp(word + 2, f->name)))
			return f;
	}
	return NULL;
}

static void heed(struct completion *c, const struct help_flag *f, const char *value)
{
	const char **at = !strcmp(f->name, "kubeconfig")  ? &c->cluster.kubeconfig
			  : !strcmp(f->name, "context")   ? &c->cluster.context
			  : !strcmp(f->name, "namespace") ? &c->cluster.ns
			  : !strcmp(f->name, "server")    ? &c->cluster.url
			  : !strcmp(f->name, "as")        ? &c->cluster.as
							  : NULL;
	if (at)
		*at = value;
}

/* The flag whose value is typed, or NULL. */
static const struct help_flag *read_words(struct completion *c, int count, char **words)
{
	const struct help_flag *open = NULL;
	for (int i = 0; i < count; i++) {
		if (open) {
			heed(c, open, words[i]);
			open = NULL;
			continue;
		}
		open = flag_of(c, words[i]);
		if (open && (!*open->value || open->optional))
			open = NULL;
	}
	return open;
}

int cmd_complete(int argc, char **argv)
{
	struct completion c = {.typed = argc > 1 ? argv[argc - 1] : "",
			       .cluster.foretop_ns = CLUSTER_FORETOP_NAMESPACE};
	int files;
	if (argc < 3) {
		files = offer_commands(&c);
	} else if ((c.command = command_find(argv[1])) == NULL) {
		files = NO_FILES;
	} else {
		char *text AUTO_FREE = help_of(c.command);
		c.flag_count = help_flags(text, c.flags);
		const struct help_flag *open = read_words(&c, argc - 3, argv + 2);
		files = open              ? offer_value(&c, open)
			: *c.typed == '-' ? offer_flags(&c)
					  : offer_arguments(&c);
	}
	printf(":%d\n", files);
	return EXIT_SUCCESS;
}
