/* foretop release: gives HPAs and ScaledObjects the minimum back that mode Floor has
 * raised. */
#include "cluster.h"
#include "cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The HPA's own status changes all the time. */
#define TRIES 10

static const char help[] =
	"usage: foretop release [NS/NAME... | -A] [flags]\n\n"
	"Gives HorizontalPodAutoscalers their own minReplicas back where mode Floor has "
	"raised it,\nand KEDA's ScaledObjects their minReplicaCount, and removes the "
	"annotations\nforetop.io/original-min-replicas, foretop.io/floor and "
	"foretop.io/floor-expires.\nWithout names: all of the namespace; a name means "
	"the "
	"HPA and the ScaledObject of that\nname. A controller that runs raises them "
	"again: "
	"`foretop pause` first, or take the\npolicies away. A pause counts for minimums "
	"at once.\n\n" CLUSTER_FLAGS_HELP;

struct release {
	struct cluster_flags flags;
	struct cluster cluster;
	int count;
};

static const char *const types[KUBE_SCALERS] = {
	[KUBE_HPA] = "horizontalpodautoscaler.autoscaling",
	[KUBE_SCALED_OBJECT] = "scaledobject.keda.sh",
};

/* Those of a kind with a floor of ours, as an array; the caller frees. None where the
 * server does not know the kind. NULL with *err. */
static cJSON *find_all(struct release *r, enum kube_scaler kind, struct err *err)
{
	long status = 0;
	const char *ns = cluster_namespace(&r->cluster, &r->flags);
	char *path AUTO_FREE = kube_scaler_path(kind, r->flags.all ? NULL : ns);
	cJSON *found = cluster_list(&r->cluster, path, NULL, &status, err);
	if (!found && status == 404)
		return cJSON_CreateArray();
	for (cJSON *object = found ? found->child : NULL, *next; object; object = next) {
		struct kube_hpa hpa;
		next = object->next;
		if (kube_hpa_read(object, kind, &hpa, NULL) < 0 || !hpa.marked)
			cJSON_Delete(cJSON_DetachItemViaPointer(found, object));
	}
	return found;
}

/* The newest state of one; the caller frees. NULL with *err; then *ret_absent says
 * whether there is none. */
static cJSON *read_one(struct release *r, enum kube_scaler kind, const char *ns,
		       const char *name, bool *ret_absent, struct err *err)
{
	long status = 0;
	char *collection AUTO_FREE = kube_scaler_path(kind, ns);
	char *escaped AUTO_FREE = kube_escape(name);
	char *path AUTO_FREE = xasprintf("%s/%s", collection, escaped);
	cJSON *object = cluster_get(&r->cluster, path, &status, err);
	*ret_absent = status == 404;
	return object;
}

static void say(const struct release *r, const struct kube_hpa *hpa)
{
	printf("%s/%s released in %s: %s %d to %d%s\n", types[hpa->kind], hpa->name,
	       hpa->ns, kube_scaler_minimum(hpa->kind), hpa->min, hpa->original,
	       cluster_dry_text(&r->flags));
}

/* 0: done or nothing to do; 1: somebody changed it meanwhile; -1 with *err. */
static int try_one(struct release *r, enum kube_scaler kind, const cJSON *object,
		   struct err *err)
{
	struct kube_hpa hpa;
	struct kube_hpa_change change;
	if (kube_hpa_read(object, kind, &hpa, err) < 0)
		return -1;
	if (!hpa.marked) {
		printf("%s/%s unchanged\n", types[kind], hpa.name);
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

static int release_one(struct release *r, enum kube_scaler kind, const char *ns,
		       const char *name, bool *ret_absent, struct err *err)
{
	int ret = 1;
	for (int i = 0; ret == 1 && i < TRIES; i++) {
		cJSON *object AUTO(json_cleanup) =
			read_one(r, kind, ns, name, ret_absent, err);
		ret = object ? try_one(r, kind, object, err) : -1;
	}
	return ret == 0 ? 0 : -1;
}

/* One that fails must not keep the others from being released. */
static void tell_failed(int *failed, enum kube_scaler kind, const char *name,
			const struct err *err)
{
	fprintf(stderr, "foretop release: %s/%s: %s\n", types[kind], name, err->msg);
	++*failed;
}

/* The HPA, the ScaledObject, or both of this name. */
static void release_name(struct release *r, const char *ns, const char *name, int *failed)
{
	struct err missing = {0};
	int there = 0;
	for (enum kube_scaler kind = 0; kind < KUBE_SCALERS; kind++) {
		struct err err = {0};
		bool absent = false;
		int ret = release_one(r, kind, ns, name, &absent, &err);
		there += !absent;
		if (ret < 0 && !absent)
			tell_failed(failed, kind, name, &err);
		if (absent && kind == KUBE_HPA)
			missing = err;
	}
	if (!there)
		tell_failed(failed, KUBE_HPA, name, &missing);
}

static int release_named(struct release *r)
{
	int failed = 0;
	for (int i = 0; i < r->flags.name_count; i++) {
		char *ns AUTO_FREE = NULL;
		const char *name =
			cluster_name(&r->cluster, &r->flags, r->flags.names[i], &ns);
		release_name(r, ns, name, &failed);
	}
	return failed;
}

static void release_kind(struct release *r, enum kube_scaler kind, const cJSON *found,
			 int *failed)
{
	const cJSON *object;
	cJSON_ArrayForEach (object, found) {
		struct err err = {0};
		bool absent = false;
		const char *name = json_str(object, "metadata.name", "");
		if (release_one(r, kind, json_str(object, "metadata.namespace", ""), name,
				&absent, &err) < 0 &&
		    !absent)
			tell_failed(failed, kind, name, &err);
	}
}

static int release_found(struct release *r)
{
	int failed = 0;
	for (enum kube_scaler kind = 0; kind < KUBE_SCALERS; kind++) {
		struct err err = {0};
		cJSON *found AUTO(json_cleanup) = find_all(r, kind, &err);
		if (!found) {
			fprintf(stderr, "foretop release: %s\n", err.msg);
			failed++;
		}
		release_kind(r, kind, found, &failed);
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
	code = EXIT_FAILURE;
	if (cluster_open(&r.cluster, &r.flags, &err) < 0)
		fprintf(stderr, "foretop release: %s\n", err.msg);
	else if ((r.flags.name_count ? release_named(&r) : release_found(&r)) == 0)
		code = EXIT_SUCCESS;
	cluster_close(&r.cluster);
	return code;
}
