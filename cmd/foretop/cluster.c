#include "cluster.h"

#include "cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_FOR = CLUSTER_OPTION_END, OPT_DRY_RUN };

/* --- flags --- */

/* As kubectl reads it: plain numbers are seconds, 0 is none. */
static int take_timeout(struct cluster_flags *f, struct err *err)
{
	char *seconds AUTO_FREE = NULL;
	size_t digits = strspn(optarg, "0123456789");
	if (digits && !optarg[digits])
		seconds = xasprintf("%ss", optarg);
	if (seconds && strspn(optarg, "0") == digits) {
		f->timeout_ms = 0;
		return 0;
	}
	return flag_duration(seconds ? seconds : optarg, &f->timeout_ms, err);
}

static int take_group(struct cluster_flags *f, struct err *err)
{
	int count = 0;
	while (f->as_groups[count])
		count++;
	if (count == CLUSTER_GROUPS_MAX)
		return err_set(err, ERR_INVALID, "more than %d", CLUSTER_GROUPS_MAX);
	f->as_groups[count] = optarg;
	return 0;
}

int cluster_flag(struct cluster_flags *f, int c, struct err *err)
{
	const char **at = c == CLUSTER_KUBECONFIG   ? &f->kubeconfig
			  : c == CLUSTER_CONTEXT    ? &f->context
			  : c == CLUSTER_FORETOP_NS ? &f->foretop_ns
			  : c == CLUSTER_AS         ? &f->as
			  : c == CLUSTER_AS_UID     ? &f->as_uid
			  : c == 's'                ? &f->url
			  : c == 'n'                ? &f->ns
						    : NULL;
	if (at)
		*at = optarg;
	else if (c == 'A')
		f->all = true;
	else if (c == CLUSTER_AS_GROUP)
		return take_group(f, err) < 0 ? -1 : 1;
	else if (c == CLUSTER_TIMEOUT)
		return take_timeout(f, err) < 0 ? -1 : 1;
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
	code = cluster_take_names(f, argc, argv);
	if (code < 0 && f->all && f->name_count)
		return flags_wrong(argv[0], "-A %s: either all, or names", f->names[0]);
	return code;
}

/* Behind the word that `get -o name` puts before a name. */
static const char *behind_kind(const char *text)
{
	static const char *const kinds[] = {"policy/", "policies/"};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (!strncmp(text, kinds[i], strlen(kinds[i])))
			return text + strlen(kinds[i]);
	return text;
}

bool cluster_name_check(const char *text)
{
	const char *slash;
	text = behind_kind(text);
	slash = strchr(text, '/');
	return *text && slash != text &&
	       (!slash || (slash[1] && !strchr(slash + 1, '/')));
}

int cluster_take_names(struct cluster_flags *f, int argc, char **argv)
{
	f->names = argv + optind;
	f->name_count = argc - optind;
	for (int i = 0; i < f->name_count; i++)
		if (!cluster_name_check(f->names[i]))
			return flags_wrong(argv[0], "\"%s\": " CLUSTER_NAME_ALLOWED,
					   f->names[i]);
	return -1;
}

/* --- requests --- */

struct kube_config_options cluster_where(const struct cluster_flags *f)
{
	return (struct kube_config_options){
		.kubeconfig = f->kubeconfig,
		.context = f->context,
		.server = f->url,
		.as = f->as,
		.as_uid = f->as_uid,
		.as_groups = f->as_groups[0] ? f->as_groups : NULL,
	};
}

int cluster_open(struct cluster *c, const struct cluster_flags *f, struct err *err)
{
	const struct kube_config_options where = cluster_where(f);
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
	text = behind_kind(text);
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
