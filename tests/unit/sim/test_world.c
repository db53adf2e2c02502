#include "sim/world.h"

#include "unit/harness.h"

static struct world *world;
static struct trace *demand;

static void setup(void)
{
	double *values = xcalloc(1, sizeof(double));
	values[0] = 50;
	demand = trace_new(0, MS_PER_MIN, values, 1);
	world = world_new(5000);
}

static void teardown(void)
{
	world_free(world);
	world_free(NULL);
	trace_free(demand);
}

static struct workload *add(const char *ns, const char *name)
{
	const struct workload_config config = {
		.ns = ns, .name = name, .demand = demand, .capacity = 100, .replicas = 2};
	return world_add(world, &config);
}

START_TEST(workloads_live_through_the_same_time)
{
	struct workload *a = add("shop", "a"), *b = add("shop", "b");
	ck_assert_int_eq(a->now_ms, 5000);
	world_advance(world, 65000);
	ck_near(a->outcome.demand_units, 3000, 1e-9);
	ck_near(b->outcome.demand_units, 3000, 1e-9);
	struct workload *late = add("shop", "late");
	world_advance(world, 125000);
	ck_near(late->outcome.demand_units, 3000, 1e-9);
	ck_assert_int_eq(world->now_ms, 125000);
	world_advance(world, 1000);
	ck_assert_int_eq(world->now_ms, 125000);
}
END_TEST

START_TEST(workloads_are_found_by_namespace_and_name)
{
	struct workload *a = add("shop", "a"), *b = add("bank", "a");
	ck_assert_ptr_eq(world_find(world, "shop", "a"), a);
	ck_assert_ptr_eq(world_find(world, "bank", "a"), b);
	ck_assert_ptr_null(world_find(world, "bank", "b"));
}
END_TEST

START_TEST(a_full_world_takes_no_more)
{
	for (int i = 0; i < WORLD_WORKLOADS_MAX; i++)
		ck_assert_ptr_nonnull(add("shop", "a"));
	ck_assert_ptr_null(add("shop", "a"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("world");
	TCase *tc = tcase_create("workloads");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, workloads_live_through_the_same_time);
	tcase_add_test(tc, workloads_are_found_by_namespace_and_name);
	tcase_add_test(tc, a_full_world_takes_no_more);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
