/* foretop forget: removes what Foretop keeps in its own namespace, once it is gone. */
#include "cluster.h"
#include "cmd.h"

#include <stdio.h>
#include <stdlib.h>

static const char help[] =
	"usage: foretop forget [flags]\n\n"
	"Removes what a controller that is gone has left in its own namespace: status "
	"objects,\npauses and Leases. Policies stay. One that still runs writes them "
	"again; `foretop release`\nfirst gives back what mode Floor has raised.\n\n"
	"      --dry-run               the server says what would be "
	"removed\n" CLUSTER_FORETOP_HELP CLUSTER_FLAGS_HELP;

/* What is ours by its labels, ConfigMaps of the installation itself not included. */
static const struct {
	const char *group_version, *plural, *selector, *singular;
} kinds[] = {
	{"v1", "configmaps", KUBE_PART_OF_LABEL "=foretop," KUBE_STATUS_LABEL,
	 "configmap"},
	{"coordination.k8s.io/v1", "leases", KUBE_PART_OF_LABEL "=foretop",
	 "lease.coordination.k8s.io"},
};

/* The server's answer is the list of what it removed. */
static void say(const struct cluster_flags *f, const char *singular, const cJSON *list)
{
	const cJSON *item;
	cJSON_ArrayForEach (item, json_at(list, "items"))
		printf("%s/%s forgotten in %s%s\n", singular,
		       json_str(item, "metadata.name", ""), f->foretop_ns,
		       cluster_dry_text(f));
}

static int forget(struct cluster *c, const struct cluster_flags *f, size_t kind,
		  struct err *err)
{
	char *path AUTO_FREE = kube_collection_path(kinds[kind].group_version,
						    kinds[kind].plural, f->foretop_ns);
	char *selector AUTO_FREE = kube_escape(kinds[kind].selector);
	char *query AUTO_FREE = xasprintf("labelSelector=%s%s", selector,
					  f->dry_run ? "&dryRun=All" : "");
	struct kube_request request = {
		.method = KUBE_DELETE, .path = path, .query = query};
	struct cluster_answer a = {.cluster = c};
	kube_send(c->kube, &request, cluster_take, &a);
	int ret = cluster_wait(&a);
	if (ret < 0)
		*err = a.err;
	else
		say(f, kinds[kind].singular, a.object);
	cluster_answer_fini(&a);
	return ret;
}

int cmd_forget(int argc, char **argv)
{
	struct cluster_flags flags;
	struct cluster cluster = {0};
	struct err err = {0};
	int code = cluster_flags_parse(&flags, help, argc, argv);
	if (code >= 0)
		return code;
	if (flags.name_count || flags.all || flags.ns || flags.for_ms)
		return flags_wrong(argv[0], "takes no names, -A, -n or --for: the "
					    "namespace is --foretop-namespace");
	int ret = cluster_open(&cluster, &flags, &err);
	for (size_t i = 0; ret == 0 && i < ARRAY_LEN(kinds); i++)
		ret = forget(&cluster, &flags, i, &err);
	if (ret < 0)
		fprintf(stderr, "foretop forget: %s\n", err.msg);
	cluster_close(&cluster);
	return ret < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
