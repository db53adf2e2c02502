#include "cluster.h"

#include "cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORETOP_NAMESPACE "foretop-system"

enum { OPT_KUBECONFIG = 256, OPT_CONTEXT, OPT_FOR, OPT_FORETOP_NAMESPACE, OPT_DRY_RUN };

static const struct option options[] = {
	{"kubeconfig", required_argument, NULL, OPT_KUBECONFIG},
	{"context", required_argument, NULL, OPT_CONTEXT},
	{"namespace", required_argument, NULL, 'n'},
	{"all-namespaces", no_argument, NULL, 'A'},
	{"for", required_argument, NULL, OPT_FOR},
	{"foretop-namespace", required_argument, NULL, OPT_FORETOP_NAMESPACE},
	{"dry-run", optional_argument, NULL, OPT_DRY_RUN},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static int wrong(const char *command, const char *what, const char *value,
		 const char *why)
{
	fprintf(stderr, "foretop %s: %s %s: %s\n", command, what, value, why);
	return EXIT_USAGE;
}

static int take_dry_run(struct cluster_flags *f, const char *command)
{
	const char *how = optarg ? optarg : "client";
	f->server = !strcmp(how, "server");
	f->dry_run = f->server || !strcmp(how, "client");
	if (!f->dry_run && strcmp(how, "none"))
		return wrong(command, "--dry-run", how, "none, client or server");
	return -1;
}

static int take_for(struct cluster_flags *f, const char *command)
{
	struct err err;
	if (duration_parse(optarg, &f->for_ms, &err) < 0)
		return wrong(command, "--for", optarg, err.msg);
	if (f->for_ms <= 0)
		return wrong(command, "--for", optarg, "a time ahead, such as 2h");
	return -1;
}

static int take_flag(struct cluster_flags *f, int c, const char *command,
		     const char *flag)
{
	switch (c) {
	case OPT_KUBECONFIG:
		f->kubeconfig = optarg;
		return -1;
	case OPT_CONTEXT:
		f->context = optarg;
		return -1;
	case 'n':
		f->ns = optarg;
		return -1;
	case 'A':
		f->all = true;
		return -1;
	case OPT_FOR:
		return take_for(f, command);
	case OPT_FORETOP_NAMESPACE:
		f->foretop_ns = optarg;
		return -1;
	case OPT_DRY_RUN:
		return take_dry_run(f, command);
	case ':':
		return wrong(command, "flag", flag, "needs a value");
	default:
		return wrong(command, "flag", flag, "is not known (--help lists them)");
	}
}

int cluster_flags_parse(struct cluster_flags *f, const char *help, int argc, char **argv)
{
	int c;
	*f = (struct cluster_flags){.foretop_ns = FORETOP_NAMESPACE};
	optind = 1;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":n:Ah", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(help, stdout);
			return 0;
		}
		int code = take_flag(f, c, argv[0], argv[optind - 1]);
		if (code >= 0)
			return code;
	}
	f->names = argv + optind;
	f->name_count = argc - optind;
	if (f->all && f->name_count)
		return wrong(argv[0], "-A", f->names[0], "either all, or names");
	return -1;
}

int cluster_open(struct cluster *c, const struct cluster_flags *f, struct err *err)
{
	struct kube_config_options where = {.kubeconfig = f->kubeconfig,
					    .context = f->context};
	struct kube_options settings = {.config = &c->config};
	*c = (struct cluster){0};
	if (kube_config_load(&where, &c->config, err) < 0)
		return err_wrap(err, "finding the API server");
	c->reactor = reactor_new(err);
	if (!c->reactor)
		return -1;
	c->kube = kube_new(c->reactor, &settings, err);
	return c->kube ? 0 : -1;
}

void cluster_close(struct cluster *c)
{
	kube_free(c->kube);
	reactor_free(c->reactor);
	kube_config_fini(&c->config);
}

void cluster_take(void *arg, const struct kube_reply *reply)
{
	struct cluster_answer *a = arg;
	a->status = reply->status;
	a->err = reply->err;
	a->object = reply->object ? cJSON_Duplicate(reply->object, true) : NULL;
	reactor_stop(a->cluster->reactor);
}

int cluster_wait(struct cluster_answer *answer)
{
	reactor_run(answer->cluster->reactor);
	return answer->object ? 0 : -1;
}

void cluster_answer_fini(struct cluster_answer *answer)
{
	cJSON_Delete(TAKE(answer->object));
}

const char *cluster_name(const struct cluster *c, const struct cluster_flags *f,
			 const char *text, char **ret_ns)
{
	const char *slash = strchr(text, '/');
	if (!slash) {
		*ret_ns = xstrdup(f->ns ? f->ns : c->config.namespace_);
		return text;
	}
	*ret_ns = xasprintf("%.*s", (int)(slash - text), text);
	return slash + 1;
}

const char *cluster_dry_text(const struct cluster_flags *f)
{
	if (!f->dry_run)
		return "";
	return f->server ? " (server dry run)" : " (dry run)";
}
