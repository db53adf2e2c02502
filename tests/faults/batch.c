/* Built-in queries of many policies asked as one (lib/loop/batch.c), in virtual time
 * against the served Prometheus: what goes out together, when, and what is done about
 * what does not come back. */
#include "faults/virtual.h"
#include "loop/inside.h"
#include "sim/sim.h"
#include "unit/harness.h"

#include <stdio.h>
#include <string.h>

#define ASKED_MAX 64

static struct loop loop;
static struct clock clock_;
static struct served *served;
static struct batches *batches;
static struct prom_source *source, *other;
static char *asked[ASKED_MAX]; /* bodies of queries, in their order */
static int count;

/* They stand in it twice, with a bar between them: for values and for their times. */
static int namespaces_in(const char *body)
{
	int bars = 0;
	for (; (body = strstr(body, "%7C")); body += 3)
		bars++;
	ck_assert_int_eq(bars % 2, 0);
	return 1 + bars / 2;
}

static bool see(void *arg, enum seen_phase phase, const struct request *q)
{
	(void)arg;
	if (phase == SEEN_ARRIVED && q->body && strstr(q->body, "query=")) {
		ck_assert_int_lt(count, ASKED_MAX);
		asked[count++] = xstrdup(q->body);
	}
	return false;
}

static struct prom_source *open_source(const char *name)
{
	struct err err = {0};
	struct controller_config config;
	config_defaults(&config);
	ck_assert(config_set_url(&config, served_prom_url(served), &err) == 0);
	free(config.sources[0].name);
	config.sources[0].name = xstrdup(name);
	struct prom_source *s =
		source_open(loop.config.reactor, &config.sources[0], &err);
	ck_assert_msg(s != NULL, "%s", err.msg);
	config_free(&config);
	return s;
}

static void setup(void)
{
	struct err err = {0};
	json_init();
	log_set_verbosity(-2);
	virtual_reset(3);
	count = 0;
	memset(&loop, 0, sizeof(loop));
	loop.config.reactor = reactor_new(&err);
	clock_init_scaled(&clock_, wall_ms(), 1);
	loop.config.clock = &clock_;
	loop.answer_deadline_ms = 5 * MS_PER_S; /* a request may take 10 s */
	struct engine_config settings;
	engine_config_default(&settings);
	loop.engine = engine_new(&settings);
	const struct served_config config = {.clock = &clock_};
	virtual_set_side(SIDE_SERVER);
	served = served_new(loop.config.reactor, &config, &err);
	ck_assert_msg(served != NULL, "%s", err.msg);
	promapi_on_request(served_prom(served), see, NULL);
	virtual_set_side(SIDE_CLIENT);
	source = open_source("one");
	other = open_source("two");
	batches = batches_new(&loop);
}

static void teardown(void)
{
	batches_free(batches);
	prom_source_free(source);
	prom_source_free(other);
	timer_cancel(&loop.tick);
	timer_cancel(&loop.work);
	engine_free(loop.engine);
	served_free(served);
	reactor_free(loop.config.reactor);
	for (int i = 0; i < count; i++)
		free(asked[i]);
}

static void wish(struct prom_source *from, enum prom_resource resource, const char *ns,
		 const char *container)
{
	static uint32_t number;
	const struct usage_wish w = {from, resource, ns, container};
	const struct query_ref query = {.kind = QUERY_CURRENT, .slot = number++};
	virtual_set_side(SIDE_CLIENT);
	batches_ask(batches, &w, &query);
	virtual_set_side(SIDE_NONE);
}

static void run(int64_t ms)
{
	virtual_run(loop.config.reactor, ms);
}

START_TEST(wishes_of_one_shape_wait_for_each_other_and_go_out_as_one)
{
	wish(source, PROM_CPU, "store", NULL);
	run(150);
	wish(source, PROM_CPU, "shop", NULL);
	wish(source, PROM_CPU, "shop", NULL);
	ck_assert_int_eq(count, 0);
	ck_assert(!batches_idle(batches));
	run(100);
	ck_assert_int_eq(count, 1);
	/* Each namespace once, in their order. */
	ck_assert_ptr_nonnull(strstr(asked[0], "shop%7Cstore"));
	ck_assert_int_eq(namespaces_in(asked[0]), 2);
	run(MS_PER_S);
	ck_assert(batches_idle(batches));
	ck_assert_int_eq(count, 1);
}
END_TEST

START_TEST(other_shapes_go_out_by_themselves)
{
	wish(source, PROM_CPU, "shop", NULL);
	wish(source, PROM_MEMORY, "shop", NULL);
	wish(source, PROM_CPU, "shop", "app");
	wish(source, PROM_CPU, "shop", "proxy");
	wish(other, PROM_CPU, "shop", NULL);
	wish(source, PROM_CPU, "shop", "app");
	run(MS_PER_S);
	ck_assert_int_eq(count, 5);
	ck_assert(batches_idle(batches));
}
END_TEST

static void bend(struct fault fault)
{
	fault.server = FAULT_PROM;
	promapi_bend(served_prom(served), &fault);
}

START_TEST(what_comes_behind_one_that_is_on_its_way_is_the_next)
{
	bend((struct fault){.kind = FAULT_DELAY, .times = 1, .ms = 3000});
	wish(source, PROM_CPU, "shop", NULL);
	run(500);
	wish(source, PROM_CPU, "store", NULL);
	run(500);
	ck_assert_int_eq(count, 2);
	ck_assert_int_eq(namespaces_in(asked[1]), 1);
	run(5 * MS_PER_S);
	ck_assert(batches_idle(batches));
}
END_TEST

START_TEST(a_hundred_do_not_wait)
{
	for (int i = 0; i < 130; i++) {
		char ns[16];
		snprintf(ns, sizeof(ns), "team-%03d", i);
		wish(source, PROM_CPU, ns, NULL);
	}
	run(50);
	ck_assert_int_eq(count, 1);
	ck_assert_int_eq(namespaces_in(asked[0]), 100);
	run(MS_PER_S);
	ck_assert_int_eq(count, 2);
	ck_assert_int_eq(namespaces_in(asked[1]), 30);
}
END_TEST

/* Not asked for twice because of how many policies it has. */
START_TEST(a_namespace_of_many_policies_is_one)
{
	for (int i = 0; i < 300; i++) {
		char ns[16];
		snprintf(ns, sizeof(ns), "team-%03d", i % 100);
		wish(source, PROM_CPU, ns, NULL);
	}
	run(50);
	ck_assert_int_eq(count, 0);
	run(MS_PER_S);
	ck_assert_int_eq(count, 1);
	ck_assert_int_eq(namespaces_in(asked[0]), 100);
	ck_assert(batches_idle(batches));
}
END_TEST

/* The server refuses what is too much for it; a smaller question may do. */
START_TEST(what_is_refused_is_asked_in_halves_down_to_a_namespace)
{
	bend((struct fault){.kind = FAULT_STATUS, .times = 100, .code = 422});
	wish(source, PROM_CPU, "a", NULL);
	wish(source, PROM_CPU, "b", NULL);
	wish(source, PROM_CPU, "b", NULL);
	wish(source, PROM_CPU, "c", NULL);
	wish(source, PROM_CPU, "d", NULL);
	run(5 * MS_PER_S);
	ck_assert(batches_idle(batches));
	int alone = 0;
	for (int i = 0; i < count; i++)
		alone += namespaces_in(asked[i]) == 1;
	ck_assert_int_eq(namespaces_in(asked[0]), 4);
	ck_assert_int_eq(alone, 4);
	ck_assert_int_eq(count, 7);
}
END_TEST

START_TEST(an_answer_that_never_comes_is_given_up_with_its_cycle)
{
	bend((struct fault){.kind = FAULT_HANG, .times = 1});
	wish(source, PROM_CPU, "shop", NULL);
	run(loop.answer_deadline_ms - 500);
	ck_assert(!batches_idle(batches));
	run(MS_PER_S);
	ck_assert(batches_idle(batches));
	wish(source, PROM_CPU, "shop", NULL);
	run(MS_PER_S);
	ck_assert_int_eq(count, 2);
	ck_assert(batches_idle(batches));
}
END_TEST

START_TEST(what_is_dropped_is_never_sent)
{
	wish(source, PROM_CPU, "shop", NULL);
	virtual_set_side(SIDE_CLIENT);
	batches_drop(batches, "another configuration");
	virtual_set_side(SIDE_NONE);
	/* What comes afterwards must not join it. */
	wish(source, PROM_CPU, "store", NULL);
	run(MS_PER_S);
	ck_assert(batches_idle(batches));
	ck_assert_int_eq(count, 1);
	ck_assert_ptr_nonnull(strstr(asked[0], "store"));
	ck_assert_ptr_null(strstr(asked[0], "shop"));
}
END_TEST

START_TEST(a_query_under_way_ends_with_what_is_dropped)
{
	bend((struct fault){.kind = FAULT_HANG, .times = 1});
	wish(source, PROM_CPU, "shop", NULL);
	run(500);
	ck_assert_int_eq(count, 1);
	virtual_set_side(SIDE_CLIENT);
	batches_drop(batches, "another configuration");
	virtual_set_side(SIDE_NONE);
	run(10);
	ck_assert(batches_idle(batches));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("batch");
	TCase *t = tcase_create("virtual time");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, wishes_of_one_shape_wait_for_each_other_and_go_out_as_one);
	tcase_add_test(t, other_shapes_go_out_by_themselves);
	tcase_add_test(t, what_comes_behind_one_that_is_on_its_way_is_the_next);
	tcase_add_test(t, a_hundred_do_not_wait);
	tcase_add_test(t, a_namespace_of_many_policies_is_one);
	tcase_add_test(t, what_is_refused_is_asked_in_halves_down_to_a_namespace);
	tcase_add_test(t, an_answer_that_never_comes_is_given_up_with_its_cycle);
	tcase_add_test(t, what_is_dropped_is_never_sent);
	tcase_add_test(t, a_query_under_way_ends_with_what_is_dropped);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
