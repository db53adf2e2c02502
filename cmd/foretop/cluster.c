#include "cluster.h"

#include "cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_FOR = CLUSTER_OPTION_END, OPT_DRY_RUN };

/* --- flags --- */

int cluster_flag(struct cluster_flags *f, int c, struct err *err)
{
	const char **at = c == CLUSTER_KUBECONFIG   ? &f->kubeconfig
			  : c == CLUSTER_CONTEXT    ? &f->context
			  : c == CLUSTER_FORETOP_NS ? &f->foretop_ns
			  : c == 's'                ? &f->url
			  : c == 'n'                ? &f->ns
						    : NULL;
	if (at)
		*at = optarg;
	else if (c == 'A')
		f->all = true;
	else if (c == CLUSTER_TIMEOUT)
		return flag_duration(optarg, &f->timeout_ms, err) < 0 ? -1 : 1;
	else
		return 0;
	return 1;
}

static int take_dry_run(struct cluster_flags *f, struct err *err)
{
	static const char *const words[] = {"none", "client", "server"};
	int how = 1;
	if (optarg && flag_word(optarg, words, ARRAY_LEN(words), &how, err) < 0)
		return -1;
	f->dry_run = how > 0;
	f->server = how == 2;
	return 0;
}

static int take(void *arg, int c, struct err *err)
{
	struct cluster_flags *f = arg;
	int taken = cluster_flag(f, c, err);
	if (taken)
		return taken < 0 ? -1 : 0;
	if (c == OPT_FOR)
		return flag_duration(optarg, &f->for_ms, err);
	return take_dry_run(f, err);
}

int cluster_flags_parse(struct cluster_flags *f, const char *help, int argc, char **argv)
{
	static const struct option options[] = {
		CLUSTER_OPTIONS,
		CLUSTER_FORETOP_OPTION,
		{"all-namespaces", no_argument, NULL, 'A'},
		{"for", required_argument, NULL, OPT_FOR},
		{"dry-run", optional_argument, NULL, OPT_DRY_RUN},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	const struct flag_table table = {
		.help = help,
		.letters = ":Ah" CLUSTER_LETTERS,
		.options = options,
		.take = take,
		.arg = f,
	};
	*f = (struct cluster_flags){.foretop_ns = CLUSTER_FORETOP_NAMESPACE};
	int code = flags_read(&table, argc, argv);
	if (code >= 0)
		return code;
	f->names = argv + optind;
	f->name_count = argc - optind;
	if (f->all && f->name_count)
		return flags_wrong(argv[0], "-A %s: either all, or names", f->names[0]);
	return -1;
}

/* --- requests --- */

int cluster_open(struct cluster *c, const struct cluster_flags *f, struct err *err)
{
	struct kube_config_options where = {
		.kubeconfig = f->kubeconfig, .context = f->context, .server = f->url};
	struct kube_options settings = {.config = &c->config,
					.timeout_ms = f->timeout_ms};
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

cJSON *cluster_get(struct cluster *c, const char *path, long *ret_status, struct err *err)
{
	struct kube_request request = {.method = KUBE_GET, .path = path};
	struct cluster_answer a = {.cluster = c};
	kube_send(c->kube, &request, cluster_take, &a);
	if (cluster_wait(&a) < 0)
		*err = a.err;
	if (ret_status)
		*ret_status = a.status;
	return a.object;
}

/* --- a whole collection --- */

static void on_object(void *arg, const cJSON *object)
{
	struct cluster_answer *a = arg;
	cJSON_AddItemToArray(a->object, cJSON_Duplicate(object, true));
}

static void on_restart(void *arg)
{
	struct cluster_answer *a = arg;
	cJSON_Delete(a->object);
	a->object = cJSON_CreateArray();
}

static void on_done(void *arg, const char *version, const struct kube_reply *reply)
{
	struct cluster_answer *a = arg;
	(void)version;
	a->status = reply->status;
	a->err = reply->err;
	reactor_stop(a->cluster->reactor);
}

cJSON *cluster_list(struct cluster *c, const char *path, const char *label_selector,
		    long *ret_status, struct err *err)
{
	struct cluster_answer a = {.cluster = c, .object = cJSON_CreateArray()};
	const struct kube_list_options options = {
		.path = path,
		.label_selector = label_selector,
		.on_object = on_object,
		.on_restart = on_restart,
		.on_done = on_done,
		.arg = &a,
	};
	kube_list_start(c->kube, &options);
	reactor_run(c->reactor);
	if (ret_status)
		*ret_status = a.status;
	if (a.err.code == ERR_NONE)
		return a.object;
	*err = a.err;
	cluster_answer_fini(&a);
	return NULL;
}

char *cluster_path(const char *group_version, const char *plural, const char *ns,
		   const char *name)
{
	char *collection AUTO_FREE = kube_collection_path(group_version, plural, ns);
	char *escaped AUTO_FREE = kube_escape(name);
	return xasprintf("%s/%s", collection, escaped);
}

/* --- names --- */

const char *cluster_namespace(const struct cluster *c, const struct cluster_flags *f)
{
	return f->ns ? f->ns : c->config.namespace_;
}

const char *cluster_name(const struct cluster *c, const struct cluster_flags *f,
			 const char *text, char **ret_ns)
{
	const char *slash = strchr(text, '/');
	if (!slash) {
		*ret_ns = xstrdup(cluster_namespace(c, f));
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
