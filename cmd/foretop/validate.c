/* foretop validate: are these policies right, by themselves and for the servers? */
#include "validate.h"

#include "cmd.h"
#include "manifest.h"
#include "view.h"

#include "io/io.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROBLEMS_MAX (64u * 1024)
#define TEXT_MAX     (4u << 20)

static const char help[] =
	"usage: foretop validate -f FILE|FOLDER|-... [flags]\n\n"
	"Checks policies: texts of a policy, ConfigMaps that hold one, and whatever else "
	"stands in the\nsame files. Exit code 0: all are valid; 1: something is wrong, "
	"or "
	"there was no policy.\n\n"
	"  -f, --filename FILE         of YAML or JSON documents, a folder of them, or - "
	"for standard\n"
	"                              input; again for more\n"
	"      --server[=URL]          ask the servers too: the target exists, the "
	"rights "
	"suffice, the\n"
	"                              queries run and have a history\n"
	"      --prometheus-url URL    where queries run; or --config FILE of foretop "
	"run\n"
	"      --config FILE\n"
	"      --service-account NS/NAME\n"
	"                              whose rights are checked (the caller's "
	"own)\n" CLUSTER_FORETOP_HELP CLUSTER_FLAGS_HELP;

enum {
	OPT_SERVER = CLUSTER_OPTION_END,
	OPT_PROMETHEUS,
	OPT_CONFIG,
	OPT_ACCOUNT,
};

static const struct option options[] = {
	/* Before kubectl's own --server, which wants a URL. */
	{"server", optional_argument, NULL, OPT_SERVER},
	CLUSTER_OPTIONS,
	CLUSTER_FORETOP_OPTION,
	{"filename", required_argument, NULL, 'f'},
	{"prometheus-url", required_argument, NULL, OPT_PROMETHEUS},
	{"config", required_argument, NULL, OPT_CONFIG},
	{"service-account", required_argument, NULL, OPT_ACCOUNT},
	{"help", no_argument, NULL, 'h'},
	{0},
};

struct validate {
	struct validate_flags flags;
	const char *files[256];
	struct manifest manifest;
	struct prober *prober;
	struct validated *valid;
	size_t valid_count;
	int passed, refused; /* policies and configurations */
	int broken;          /* files */
	int others;          /* objects of no concern */
	int warnings;
};

static int take(void *arg, int c, struct err *err)
{
	struct validate *v = arg;
	struct validate_flags *f = &v->flags;
	int taken = cluster_flag(&f->cluster, c, err);
	if (taken)
		return taken < 0 ? -1 : 0;
	switch (c) {
	case 'f':
		if (f->file_count == ARRAY_LEN(v->files))
			return err_set(err, ERR_INVALID, "more than %d; give a folder",
				       f->file_count);
		v->files[f->file_count++] = optarg;
		return 0;
	case OPT_SERVER:
		f->server = true;
		f->cluster.url = optarg ? optarg : f->cluster.url;
		return 0;
	case OPT_PROMETHEUS:
		f->prometheus_url = optarg;
		return 0;
	case OPT_CONFIG:
		f->config = optarg;
		return 0;
	default: /* OPT_ACCOUNT */
		f->account = optarg;
		return strchr(optarg, '/')
			       ? 0
			       : err_set(err, ERR_INVALID,
					 "\"%s\": allowed: NAMESPACE/NAME", optarg);
	}
}

/* --- findings --- */

static void add_finding(struct findings *f, const char *mark, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));
static void add_finding(struct findings *f, const char *mark, const char *fmt, va_list ap)
{
	char line[1024];
	vsnprintf(line, sizeof(line), fmt, ap);
	str_printf(&f->text, "  %-7s %s\n", mark, line);
}

void finding_ok(struct findings *f, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	add_finding(f, "ok", fmt, ap);
	va_end(ap);
}

void finding_warning(struct findings *f, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	add_finding(f, "warning", fmt, ap);
	va_end(ap);
	f->warnings++;
}

void finding_error(struct findings *f, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	add_finding(f, "error", fmt, ap);
	va_end(ap);
	f->errors++;
}

/* --- texts --- */

/* "line 7: PATH: what" of a text that begins below line `base` of the file. */
static void tell_problem(const struct document *d, int base, const char *line)
{
	int number = 0, column = 0, used = 0;
	if (sscanf(line, "line %d column %d: %n", &number, &column, &used) == 2 && used)
		;
	else if (sscanf(line, "line %d: %n", &number, &used) != 1 || !used)
		number = used = 0;
	if (base >= 0 && number)
		fprintf(stderr, "%s:%d: %s\n", d->file, base + number, line + used);
	else
		fprintf(stderr, "%s: %s\n", d->file, line);
}

/* Every line of `problems`, and what they are about. */
static void tell_problems(const struct document *d, int base, const char *name,
			  struct str *problems)
{
	char *text AUTO_FREE = str_take(problems), *save = NULL;
	for (char *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *named AUTO_FREE = base < 0 && *name
						? xasprintf("%s: %s", name, line)
						: xstrdup(line);
		tell_problem(d, base, named);
	}
}

static bool same_target(const struct policy *a, const struct policy *b)
{
	return !strcmp(a->ns, b->ns) &&
	       !strcmp(a->target.group_kind, b->target.group_kind) &&
	       !strcmp(a->target.api_version, b->target.api_version) &&
	       !strcmp(a->target.name, b->target.name);
}

/* Among the policies that came before. */
static void check_others(const struct validate *v, const struct policy *p,
			 struct findings *f)
{
	for (size_t i = 0; i < v->valid_count; i++) {
		const struct policy *other = v->valid[i].policy;
		if (*p->name && !strcmp(p->ns, other->ns) &&
		    !strcmp(p->name, other->name))
			finding_error(f, "%s has a policy of this name too",
				      v->valid[i].file);
		else if (same_target(p, other))
			finding_error(f, "%s %s is the target of policy %s (%s) too",
				      p->target.kind, p->target.name, other->name,
				      v->valid[i].file);
	}
}

static void add_valid(struct validate *v, struct policy *p, const char *file)
{
	v->valid = xrealloc(v->valid, (v->valid_count + 1) * sizeof(v->valid[0]));
	v->valid[v->valid_count++] = (struct validated){p, file};
}

static void check_policy(struct validate *v, const struct document *d, struct policy *p)
{
	struct findings f = {0};
	struct err err = {0};
	str_init(&f.text, PROBLEMS_MAX);
	if (schedule_localize(p, wall_ms(), &err) < 0)
		finding_error(&f, "%s", err.msg);
	check_others(v, p, &f);
	if (v->prober)
		prober_check(v->prober, p, &f);
	if (*p->name)
		printf("policy %s%s%s %s (%s)\n", p->ns, *p->ns ? "/" : "", p->name,
		       f.errors ? "refused" : "valid", d->file);
	else
		printf("policy of %s %s\n", d->file, f.errors ? "refused" : "valid");
	fputs(str_text(&f.text), stdout);
	v->refused += f.errors > 0;
	v->passed += f.errors == 0;
	v->warnings += f.warnings;
	str_fini(&f.text);
	add_valid(v, p, d->file);
}

/* base: where the text begins in the file, see document_text_line. */
static void check_text(struct validate *v, const struct document *d, const char *text,
		       int base)
{
	char name[320];
	struct str problems AUTO(str_fini);
	const struct yaml_node *meta = yaml_get(d->node, "metadata");
	const char *ns = yaml_str(meta, "namespace", "");
	str_init(&problems, PROBLEMS_MAX);
	document_name(d, name, sizeof(name));
	if (policy_check(text, strlen(text), &problems) > 0) {
		tell_problems(d, base, name, &problems);
		v->refused++;
		return;
	}
	if (!*ns && v->prober)
		ns = prober_namespace(v->prober);
	struct err err;
	struct policy *p =
		policy_parse(ns, yaml_str(meta, "name", ""), text, strlen(text), &err);
	if (p)
		check_policy(v, d, p);
}

static void check_config(struct validate *v, const struct document *d, const char *text,
			 int base)
{
	struct str problems AUTO(str_fini);
	str_init(&problems, PROBLEMS_MAX);
	if (config_check(text, strlen(text), &problems) > 0) {
		tell_problems(d, base, "", &problems);
		v->refused++;
		return;
	}
	printf("configuration valid (%s)\n", d->file);
	v->passed++;
}

/* A document's own text, with its lines where they are in the file. */
static char *own_text(const struct document *d)
{
	cJSON *tree AUTO(json_cleanup) = yaml_to_json(d->node);
	struct str out;
	str_init(&out, TEXT_MAX);
	yaml_print(tree, &out);
	return str_take(&out);
}

/* A text of a policy alone is a document without a kind. The file itself is checked when
 * it holds nothing else, so that lines are right. */
static void check_bare(struct validate *v, const struct document *d, bool alone,
		       void (*check)(struct validate *, const struct document *,
				     const char *, int))
{
	char *text AUTO_FREE = alone ? xstrdup(d->text) : own_text(d);
	check(v, d, text, alone ? 0 : -1);
}

static void refuse(struct validate *v, const struct document *d,
		   const struct yaml_node *at, const char *what)
{
	fprintf(stderr, "%s:%d: %s\n", d->file, at->line, what);
	v->refused++;
}

static void check_configmap(struct validate *v, const struct document *d)
{
	const struct yaml_node *meta = yaml_get(d->node, "metadata"),
			       *data = yaml_get(d->node, "data"),
			       *text = yaml_get(data, VIEW_POLICY_KEY),
			       *config = yaml_get(data, "controller.yaml");
	bool labelled = yaml_get(yaml_get(meta, "labels"), VIEW_POLICY_LABEL) != NULL;
	if (text && text->kind == YAML_SCALAR && labelled)
		check_text(v, d, text->text, document_text_line(d, text));
	else if (labelled)
		refuse(v, d, d->node, "a policy without data." VIEW_POLICY_KEY);
	else if (text)
		refuse(v, d, d->node,
		       "data." VIEW_POLICY_KEY " without the label " VIEW_POLICY_LABEL
		       ": \"v1\": nobody would read it");
	else if (config && config->kind == YAML_SCALAR)
		check_config(v, d, config->text, document_text_line(d, config));
	else
		v->others++;
}

static void check_document(struct validate *v, size_t i)
{
	const struct document *d = &v->manifest.items[i];
	const struct document *next = i + 1 < v->manifest.count ? d + 1 : NULL;
	bool alone =
		(i == 0 || d[-1].text != d->text) && (!next || next->text != d->text);
	if (!strcmp(yaml_str(d->node, "kind", ""), "ConfigMap"))
		check_configmap(v, d);
	else if (yaml_get(d->node, "kind") || d->node->kind != YAML_MAP)
		v->others++;
	else if (yaml_get(d->node, "sources"))
		check_bare(v, d, alone, check_config);
	else
		check_bare(v, d, alone, check_text);
}

/* --- the whole --- */

static void failed(void *arg, const char *text)
{
	struct validate *v = arg;
	fprintf(stderr, "%s\n", text);
	v->broken++;
}

static void summarize(const struct validate *v)
{
	printf("%d valid, %d refused", v->passed, v->refused);
	if (v->warnings)
		printf(", %d warning%s", v->warnings, v->warnings > 1 ? "s" : "");
	if (v->broken)
		printf(", %d file%s not read", v->broken, v->broken > 1 ? "s" : "");
	if (v->others)
		printf("; %d other object%s passed over", v->others,
		       v->others > 1 ? "s" : "");
	puts("");
	if (!v->passed && !v->refused && !v->broken)
		fputs("foretop validate: there is no policy in it\n", stderr);
}

static int validate(struct validate *v, struct err *err)
{
	for (int i = 0; i < v->flags.file_count; i++)
		manifest_add(&v->manifest, v->files[i], failed, v);
	if (v->flags.server) {
		v->prober = prober_new(&v->flags, err);
		if (!v->prober)
			return -1;
	}
	for (size_t i = 0; i < v->manifest.count; i++)
		check_document(v, i);
	summarize(v);
	return 0;
}

static void validate_fini(struct validate *v)
{
	for (size_t i = 0; i < v->valid_count; i++)
		policy_free(v->valid[i].policy);
	free(v->valid);
	prober_free(v->prober);
	manifest_fini(&v->manifest);
}

int cmd_validate(int argc, char **argv)
{
	struct validate v AUTO(validate_fini) = {.flags.cluster.foretop_ns =
							 CLUSTER_FORETOP_NAMESPACE};
	const struct flag_table table = {.help = help,
					 .letters = ":f:h" CLUSTER_LETTERS,
					 .options = options,
					 .take = take,
					 .arg = &v};
	struct err err = {0};
	int code = flags_read(&table, argc, argv);
	if (code >= 0)
		return code;
	if (optind < argc)
		return flags_wrong(argv[0], "unexpected argument %s", argv[optind]);
	if (!v.flags.file_count)
		return flags_wrong(argv[0], "-f is needed: a file, a folder or -");
	if ((v.flags.prometheus_url || v.flags.config || v.flags.account) &&
	    !v.flags.server)
		return flags_wrong(argv[0], "--prometheus-url, --config and "
					    "--service-account belong to --server");
	if (validate(&v, &err) < 0) {
		fprintf(stderr, "foretop validate: %s\n", err.msg);
		return EXIT_FAILURE;
	}
	return v.passed && !v.refused && !v.broken ? EXIT_SUCCESS : EXIT_FAILURE;
}
