/* foretop pause and foretop resume: the kill switch. */
#include "cluster.h"
#include "cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Somebody else may pause at the same time. */
#define TRIES 5

static const char pause_help[] =
	"usage: foretop pause (NS/POLICY... | -A) [--for 2h] [flags]\n\n"
	"Stops policies within one of their cycles: nothing is decided or written, "
	"replicas "
	"stay\nas they are, and in mode Floor the HPA gets its own minReplicas back. "
	"`foretop resume`,\nor the stated time, ends it. Policies themselves are not "
	"touched: what is paused stands in\nthe ConfigMap foretop-pause in Foretop's own "
	"namespace, and survives restarts.\n\n"
	"      --for DURATION          30m, 2h, 1d; default: until foretop resume\n"
	"  -A, --all-namespaces        all policies, in every namespace\n"
	"      --dry-run[=server]      say what would be done, and do not do "
	"it\n" CLUSTER_FORETOP_HELP CLUSTER_FLAGS_HELP;

static const char resume_help[] =
	"usage: foretop resume (NS/POLICY... | -A) [flags]\n\n"
	"Ends what foretop pause began; -A ends every pause.\n\n"
	"  -A, --all-namespaces        every pause, in every namespace\n"
	"      --dry-run[=server]      say what would be done, and do not do "
	"it\n" CLUSTER_FORETOP_HELP CLUSTER_FLAGS_HELP;

struct pause {
	struct cluster_flags flags;
	struct cluster cluster;
	bool resume;
	char until[32];
	/* One round of reading and writing. */
	cJSON *data; /* of the ConfigMap; owned */
	char version[64];
	bool changed;
	bool refused; /* said why */
	struct str said;
};

/* Reads the ConfigMap; none is an empty one. */
static int read_data(struct pause *p, struct err *err)
{
	struct cluster_answer a = {.cluster = &p->cluster};
	kube_configmap_get(p->cluster.kube, p->flags.foretop_ns, KUBE_PAUSE_NAME,
			   cluster_take, &a);
	if (cluster_wait(&a) < 0 && a.status != 404) {
		*err = a.err;
		return -1;
	}
	const cJSON *data = json_at(a.object, "data");
	cJSON_Delete(p->data);
	p->data = data ? cJSON_Duplicate(data, true) : cJSON_CreateObject();
	snprintf(p->version, sizeof(p->version), "%s",
		 json_str(a.object, "metadata.resourceVersion", ""));
	cluster_answer_fini(&a);
	return 0;
}

/* The keys that have ended by themselves. */
static void prune(struct pause *p)
{
	for (cJSON *item = p->data->child, *next; item; item = next) {
		int64_t until_ms;
		next = item->next;
		if (cJSON_IsString(item) &&
		    kube_pause_read(item->valuestring, &until_ms) == 0 &&
		    until_ms <= wall_ms())
			cJSON_DeleteItemFromObjectCaseSensitive(p->data, item->string);
	}
}

/* True when the key was there. */
static bool take_away(struct pause *p, const char *key)
{
	bool there = cJSON_GetObjectItemCaseSensitive(p->data, key) != NULL;
	cJSON_DeleteItemFromObjectCaseSensitive(p->data, key);
	p->changed |= there;
	return there;
}

static void set(struct pause *p, const char *key)
{
	take_away(p, key);
	cJSON_AddStringToObject(p->data, key, p->until);
	p->changed = true;
}

/* "until 2026-03-02T10:00:00Z" */
static void say_paused(struct pause *p, const char *what)
{
	bool ends = strcmp(p->until, KUBE_PAUSE_FOREVER) != 0;
	str_printf(&p->said, "%s paused until %s%s\n", what,
		   ends ? p->until : "foretop resume", cluster_dry_text(&p->flags));
}

static void change_all(struct pause *p)
{
	if (!p->resume) {
		set(p, KUBE_PAUSE_ALL);
		say_paused(p, "all policies");
		return;
	}
	p->changed = cJSON_GetArraySize(p->data) > 0;
	cJSON_Delete(p->data);
	p->data = cJSON_CreateObject();
	str_printf(&p->said, "all policies %s%s\n", p->changed ? "resumed" : "unchanged",
		   cluster_dry_text(&p->flags));
}

static void change_one(struct pause *p, const char *text)
{
	char *ns AUTO_FREE = NULL;
	const char *name = cluster_name(&p->cluster, &p->flags, text, &ns);
	char *key AUTO_FREE = kube_pause_key(ns, name);
	char *what AUTO_FREE = xasprintf("policy/%s", name);
	if (!p->resume) {
		set(p, key);
		say_paused(p, what);
		return;
	}
	bool there = take_away(p, key);
	str_printf(&p->said, "%s %s%s\n", what, there ? "resumed" : "unchanged",
		   cluster_dry_text(&p->flags));
	if (cJSON_GetObjectItemCaseSensitive(p->data, KUBE_PAUSE_ALL)) {
		p->refused = true;
		fprintf(stderr,
			"foretop resume: %s stays paused, as all policies are: foretop "
			"resume -A\n",
			what);
	}
}

/* A name that was mistyped would pause nothing, in silence. */
static int check_name(struct pause *p, const char *text, struct err *err)
{
	char *ns AUTO_FREE = NULL;
	const char *name = cluster_name(&p->cluster, &p->flags, text, &ns);
	struct cluster_answer a = {.cluster = &p->cluster};
	kube_configmap_get(p->cluster.kube, ns, name, cluster_take, &a);
	int ret = cluster_wait(&a) < 0 && a.status == 404
			  ? err_set(err, ERR_INVALID,
				    "policy \"%s\" not found in namespace %s", name, ns)
			  : 0;
	cluster_answer_fini(&a);
	return ret;
}

static int write_data(struct pause *p, long *ret_status, struct err *err)
{
	struct cluster_answer a = {.cluster = &p->cluster};
	struct kube_configmap map = {
		.ns = p->flags.foretop_ns,
		.name = KUBE_PAUSE_NAME,
		.version = p->version,
		.status_label = "pause",
		.data = p->data,
	};
	kube_configmap_put(p->cluster.kube, &map, cluster_take, &a);
	int ret = cluster_wait(&a);
	*ret_status = a.status;
	if (ret < 0)
		*err = a.err;
	cluster_answer_fini(&a);
	return ret;
}

static int change(struct pause *p, long *ret_status, struct err *err)
{
	*ret_status = 0;
	p->changed = p->refused = false;
	str_fini(&p->said);
	str_init(&p->said, 1 << 20);
	if (read_data(p, err) < 0)
		return -1;
	prune(p);
	if (p->flags.all)
		change_all(p);
	for (int i = 0; i < p->flags.name_count; i++)
		change_one(p, p->flags.names[i]);
	return p->changed && !p->flags.dry_run ? write_data(p, ret_status, err) : 0;
}

static int perform(struct pause *p, struct err *err)
{
	if (cluster_open(&p->cluster, &p->flags, err) < 0)
		return -1;
	for (int i = 0; !p->resume && i < p->flags.name_count; i++)
		if (check_name(p, p->flags.names[i], err) < 0)
			return -1;
	for (int i = 1;; i++) {
		long status;
		if (change(p, &status, err) == 0)
			break;
		if (status != 409 || i == TRIES)
			return -1;
	}
	fputs(str_text(&p->said), stdout);
	return 0;
}

static int run(struct pause *p, const char *help, int argc, char **argv)
{
	struct err err = {0};
	int code = cluster_flags_parse(&p->flags, help, argc, argv);
	if (code >= 0)
		return code;
	if (!p->flags.all && !p->flags.name_count) {
		fprintf(stderr, "foretop %s: name policies (NS/POLICY), or give -A\n",
			argv[0]);
		return EXIT_USAGE;
	}
	if (p->flags.for_ms && p->resume) {
		fprintf(stderr, "foretop resume: --for belongs to foretop pause\n");
		return EXIT_USAGE;
	}
	snprintf(p->until, sizeof(p->until), KUBE_PAUSE_FOREVER);
	if (p->flags.for_ms)
		time_format(wall_ms() + p->flags.for_ms, p->until, sizeof(p->until));
	code = EXIT_SUCCESS;
	if (perform(p, &err) < 0) {
		fprintf(stderr, "foretop %s: %s\n", argv[0], err.msg);
		code = EXIT_FAILURE;
	}
	cluster_close(&p->cluster);
	cJSON_Delete(p->data);
	str_fini(&p->said);
	return p->refused ? EXIT_FAILURE : code;
}

int cmd_pause(int argc, char **argv)
{
	struct pause p = {0};
	return run(&p, pause_help, argc, argv);
}

int cmd_resume(int argc, char **argv)
{
	struct pause p = {.resume = true};
	return run(&p, resume_help, argc, argv);
}
