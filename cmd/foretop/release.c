/* foretop release: gives HPAs the minReplicas back that mode Floor has raised. */
#include "cluster.h"
#include "cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The HPA's own status changes all the time. */
#define TRIES 10

static const char help[] =
	"usage: foretop release [NS/HPA... | -A] [flags]\n\n"
	"Gives HorizontalPodAutoscalers their own minReplicas back where mode Floor has "
	"raised it,\nand removes the annotations foretop.io/original-min-replicas, "
	"foretop.io/floor and\nforetop.io/floor-expires. Without names: all of the "
	"namespace. A controller that runs\nraises them again: `foretop pause` first, or "
	"take the policies away.\n\n" CLUSTER_FLAGS_HELP;

struct release {
	struct cluster_flags flags;
	struct cluster cluster;
	cJSON *found; /* an array of HPAs with a floor; owned */
	int count;
};

static const char type[] = "horizontalpodautoscaler.autoscaling";

/* HPAs with a floor of ours. */
static int find_all(struct release *r, struct err *err)
{
	const char *ns = cluster_namespace(&r->cluster, &r->flags);
	char *path AUTO_FREE = kube_collection_path(
		KUBE_HPA_GROUP_VERSION, KUBE_HPA_PLURAL, r->flags.all ? NULL : ns);
	r->found = cluster_list(&r->cluster, path, NULL, NULL, err);
	for (cJSON *object = r->found ? r->found->child : NULL, *next; object;
	     object = next) {
		struct kube_hpa hpa;
		next = object->next;
		if (kube_hpa_read(object, &hpa, NULL) < 0 || !hpa.marked)
			cJSON_Delete(cJSON_DetachItemViaPointer(r->found, object));
	}
	return r->found ? 0 : -1;
}

/* The newest state of one; the caller frees. NULL with *err. */
static cJSON *read_one(struct release *r, const char *ns, const char *name,
		       struct err *err)
{
	char *path AUTO_FREE =
		cluster_path(KUBE_HPA_GROUP_VERSION, KUBE_HPA_PLURAL, ns, name);
	return cluster_get(&r->cluster, path, NULL, err);
}

static void say(const struct release *r, const struct kube_hpa *hpa)
{
	printf("%s/%s released in %s: minReplicas %d to %d%s\n", type, hpa->name, hpa->ns,
	       hpa->min, hpa->original, cluster_dry_text(&r->flags));
}

/* 0: done or nothing to do; 1: somebody changed it meanwhile; -1 with *err. */
static int try_one(struct release *r, const cJSON *object, struct err *err)
{
	struct kube_hpa hpa;
	struct kube_hpa_change change;
	if (kube_hpa_read(object, &hpa, err) < 0)
		return -1;
	if (!hpa.marked) {
		printf("%s/%s unchanged\n", type, hpa.name);
		return 0;
	}
	r->count++;
	if (r->flags.dry_run && !r->flags.server) {
		say(r, &hpa);
		return 0;
	}
	kube_hpa_release(&hpa, &change);
	change.dry_run = r->flags.server;
	struct cluster_answer a = {.cluster = &r->cluster};
	kube_hpa_change(r->cluster.kube, &change, cluster_take, &a);
	int ret = cluster_wait(&a);
	if (ret == 0)
		say(r, &hpa);
	else if (a.err.code == ERR_CONFLICT)
		ret = 1;
	*err = a.err;
	cluster_answer_fini(&a);
	return ret;
}

static int release_one(struct release *r, const char *ns, const char *name,
		       struct err *err)
{
	int ret = 1;
	for (int i = 0; ret == 1 && i < TRIES; i++) {
		cJSON *object AUTO(json_cleanup) = read_one(r, ns, name, err);
		ret = object ? try_one(r, object, err) : -1;
	}
	return ret == 0 ? 0 : -1;
}

/* One that fails must not keep the others from being released. */
static void tell_failed(int *failed, const char *name, const struct err *err)
{
	fprintf(stderr, "foretop release: %s/%s: %s\n", type, name, err->msg);
	++*failed;
}

static int release_named(struct release *r)
{
	int failed = 0;
	for (int i = 0; i < r->flags.name_count; i++) {
		struct err err = {0};
		char *ns AUTO_FREE = NULL;
		const char *name =
			cluster_name(&r->cluster, &r->flags, r->flags.names[i], &ns);
		if (release_one(r, ns, name, &err) < 0)
			tell_failed(&failed, name, &err);
	}
	return failed;
}

static int release_found(struct release *r)
{
	int failed = 0;
	const cJSON *object;
	cJSON_ArrayForEach (object, r->found) {
		struct err err = {0};
		const char *name = json_str(object, "metadata.name", "");
		if (release_one(r, json_str(object, "metadata.namespace", ""), name,
				&err) < 0)
			tell_failed(&failed, name, &err);
	}
	if (!r->count && !failed)
		fputs("No raised minReplicas found.\n", stderr);
	return failed;
}

int cmd_release(int argc, char **argv)
{
	struct release r = {0};
	struct err err = {0};
	int code = cluster_flags_parse(&r.flags, help, argc, argv);
	if (code >= 0)
		return code;
	bool named = r.flags.name_count > 0;
	code = EXIT_FAILURE;
	if (cluster_open(&r.cluster, &r.flags, &err) < 0 ||
	    (!named && find_all(&r, &err) < 0))
		fprintf(stderr, "foretop release: %s\n", err.msg);
	else if ((named ? release_named(&r) : release_found(&r)) == 0)
		code = EXIT_SUCCESS;
	cluster_close(&r.cluster);
	cJSON_Delete(r.found);
	return code;
}
