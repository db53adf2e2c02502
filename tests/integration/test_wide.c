/* Policies in more namespaces than are watched one by one: one watch over all. */
#include "integration/bed.h"

#include <stdio.h>
#include <string.h>

/* Above PATROL_NAMESPACES_MAX, with one that comes later. */
#define NAMESPACES 53

static struct bed *b;
static char *names[NAMESPACES];

static const char policy[] =
	"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n"
	"mode: Scale\n"
	"maxReplicas: 20\n"
	"metrics:\n"
	"- type: Resource\n"
	"  resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}\n"
	"forecast: {mode: Disabled}\n";

static void put_policy(int i)
{
	struct err err = {0};
	char *ns AUTO_FREE = xasprintf("team-%02d", i);
	ck_assert_int_eq(served_put_policy(b->served, ns, "web", policy, &err), 0);
}

static void setup(void)
{
	for (int i = 0; i < NAMESPACES; i++)
		names[i] = xasprintf("team-%02d/web", i);
	b = bed_open((const char *const *)names, NAMESPACES);
}

static void teardown(void)
{
	bed_close(b);
	for (int i = 0; i < NAMESPACES; i++)
		free(names[i]);
}

static int32_t replicas(int i)
{
	char *ns AUTO_FREE = xasprintf("team-%02d", i);
	cJSON *d AUTO(json_cleanup) =
		kubeapi_get(b->kube, KUBEAPI_DEPLOYMENTS, ns, "web");
	return (int32_t)json_int(d, "spec.replicas", -1);
}

/* Was the namespace's Deployment ever scaled to what its four busy pods need? What comes
 * after that depends on when more of them are Ready. */
static bool was_scaled(int i)
{
	char *ns AUTO_FREE = xasprintf("team-%02d", i);
	for (size_t k = 0; k < kubeapi_audit_count(b->kube); k++) {
		const struct audit_entry *e = kubeapi_audit(b->kube, k);
		if (e->resource == KUBEAPI_DEPLOYMENTS && e->status == 200 &&
		    !strcmp(e->subresource, "scale") && !strcmp(e->ns, ns) && e->to == 6)
			return true;
	}
	return false;
}

static int count_scaled(int count)
{
	int n = 0;
	for (int i = 0; i < count; i++)
		n += was_scaled(i);
	return n;
}

START_TEST(many_namespaces_are_watched_as_one)
{
	const int first = NAMESPACES - 1;
	for (int i = 0; i < first; i++)
		put_policy(i);
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, count_scaled(first) == first,
		   "four busy pods become six everywhere");
	ck_assert_int_ge(bed_logged(&b->first, "Watches the whole cluster"), 3);
	ck_assert_int_eq(replicas(first), 4);
	/* Its objects were told before anybody wanted them. */
	put_policy(first);
	wait_until(b, was_scaled(first), "a namespace that comes later is served");
	kubeapi_delete(b->kube, KUBEAPI_DEPLOYMENTS, "team-07", "web");
	wait_until(b, bed_logged(&b->first, "FailedGetScale") > 0,
		   "a target that goes is missed");
}
END_TEST

/* Rights in each of the namespaces, and where Foretop has its own objects. */
static void confine(char spaces[][16])
{
	const char *may[NAMESPACES + 2];
	int count = 0;
	for (int i = 0; i < NAMESPACES; i++) {
		snprintf(spaces[i], sizeof(spaces[i]), "team-%02d", i % 100);
		may[count++] = spaces[i];
	}
	may[count++] = BED_STATUS_NS;
	may[count++] = BED_LEASE_NS;
	kubeapi_confine(b->kube, may, count);
}

START_TEST(without_the_right_to_watch_all_each_namespace_has_a_watch)
{
	char spaces[NAMESPACES][16];
	const int few = 40;
	for (int i = 0; i < few; i++)
		put_policy(i);
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, count_scaled(few) == few, "four busy pods become six");
	confine(spaces);
	for (int i = few; i < NAMESPACES; i++)
		put_policy(i);
	wait_until(b, count_scaled(NAMESPACES) == NAMESPACES,
		   "those that came later are served too");
	ck_assert_int_ge(bed_logged(&b->first, "Watches the whole cluster"), 3);
	ck_assert_int_gt(bed_logged(&b->first, "403"), 0);
	/* Namespaces from before and after are still looked at. */
	kubeapi_delete(b->kube, KUBEAPI_DEPLOYMENTS, "team-07", "web");
	kubeapi_delete(b->kube, KUBEAPI_DEPLOYMENTS, "team-51", "web");
	wait_until(b, bed_logged(&b->first, "FailedGetScale") >= 2,
		   "targets that go are missed");
}
END_TEST

START_TEST(few_namespaces_have_a_watch_each)
{
	for (int i = 0; i < 3; i++)
		put_policy(i);
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, count_scaled(3) == 3, "four busy pods become six");
	ck_assert_int_eq(bed_logged(&b->first, "Watches the whole cluster"), 0);
	put_policy(3);
	wait_until(b, was_scaled(3), "a namespace that comes later is served");
}
END_TEST

int main(void)
{
	TCase *tc = bed_lane("many namespaces", setup, teardown);
	tcase_add_test(tc, many_namespaces_are_watched_as_one);
	tcase_add_test(tc, without_the_right_to_watch_all_each_namespace_has_a_watch);
	tcase_add_test(tc, few_namespaces_have_a_watch_each);
	return bed_run();
}
