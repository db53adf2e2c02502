/* With nothing in a policy that only Foretop has, decide() decides as the HPA does:
 * random worlds, both asked, cycle by cycle. usage: test_hpa [SEED [COUNT]]: these worlds
 * instead of the usual ones. A failure says which. */
#include "unit/decide/worlds.h"

#define CYCLES  24
#define BATCHES 16

static uint64_t first_seed = 1;
static int64_t worlds = 12000;
static bool usual = true;

/* Where in which world, for the message. libcheck notes each assertion in a file: only
 * those that fail are worth it here. */
#define same(w, cycle, ok, what, got, want)                                              \
	do {                                                                             \
		if (!(ok))                                                               \
			ck_abort_msg("seed %llu, cycle %d: " what                        \
				     " is %d (%s), the HPA's is %d; again: "             \
				     "test_hpa %llu",                                    \
				     (unsigned long long)(w)->seed, cycle, got,          \
				     (w)->d.reason, want,                                \
				     (unsigned long long)(w)->seed);                     \
	} while (0)

static const char *reason_of(const struct world *w, enum condition_type type)
{
	const struct condition *c = &w->words.conditions[type];
	return c->status == CONDITION_KEEP ? "" : c->reason;
}

static void compare(const struct world *w, const struct hpa_result *r, int cycle)
{
	bool failed = w->d.hold == HOLD_UNKNOWN, disabled = w->d.hold == HOLD_DISABLED;
	const char *limited = reason_of(w, CONDITION_SCALING_LIMITED);
	const char *able = reason_of(w, CONDITION_ABLE_TO_SCALE);
	same(w, cycle, w->d.desired == r->desired, "desired", w->d.desired, r->desired);
	same(w, cycle, failed == r->failed, "unknown", failed, r->failed);
	same(w, cycle, disabled == r->disabled, "disabled", disabled, r->disabled);
	same(w, cycle, strcmp(limited, r->limited ? r->limited : "") == 0, "limit",
	     (int)w->d.limit, -1);
	same(w, cycle, !r->able || strcmp(able, r->able) == 0, "stabilization",
	     (int)w->d.stabilization, -1);
}

/* Others scale now and then, and a write may fail. */
static void go_on(struct world *w)
{
	if (world_chance(w, 92))
		world_write(w);
	if (world_chance(w, 3))
		w->hpa.spec_replicas = world_below(w, 12);
	world_turn(w);
}

struct seen {
	int64_t up, down, failed, disabled, stabilized, limited, to_zero, from_zero;
};

static void note(struct seen *s, const struct world *w, const struct hpa_result *r)
{
	s->up += r->desired > w->d.current;
	s->down += r->desired < w->d.current;
	s->failed += r->failed;
	s->disabled += r->disabled;
	s->stabilized += w->d.stabilization != STABILIZED_NOT;
	s->limited += w->d.limit != LIMIT_NONE;
	s->to_zero += r->desired == 0 && w->d.current > 0;
	s->from_zero += r->desired > 0 && w->d.current == 0;
}

static void live(struct world *w, uint64_t seed, struct seen *seen)
{
	world_open(w, seed);
	for (int cycle = 0; cycle < CYCLES; cycle++) {
		struct decide_input in = world_input(w);
		decide(&in, &w->memory, &w->d);
		struct hpa_result r = hpa_reconcile(&w->hpa);
		compare(w, &r, cycle);
		note(seen, w, &r);
		go_on(w);
	}
}

START_TEST(decisions_are_those_of_the_hpa)
{
	static struct world w;
	struct seen seen = {0};
	int64_t from = worlds * _i / BATCHES, to = worlds * (_i + 1) / BATCHES;
	for (int64_t i = from; i < to; i++)
		live(&w, first_seed + (uint64_t)i, &seen);
	if (!usual)
		return;
	/* Worlds in which nothing happens would prove nothing. */
	int64_t some = (to - from) / 10;
	ck_assert_int_gt(seen.up, some);
	ck_assert_int_gt(seen.down, some);
	ck_assert_int_gt(seen.failed, some);
	ck_assert_int_gt(seen.disabled, some);
	ck_assert_int_gt(seen.stabilized, some);
	ck_assert_int_gt(seen.limited, some);
	ck_assert_int_gt(seen.to_zero, 0);
	ck_assert_int_gt(seen.from_zero, 0);
}
END_TEST

int main(int argc, char **argv)
{
	usual = argc == 1;
	if (argc > 1)
		first_seed = strtoull(argv[1], NULL, 10), worlds = 1;
	if (argc > 2)
		worlds = strtoll(argv[2], NULL, 10);
	Suite *s = suite_create("hpa");
	TCase *t = tcase_create("hpa");
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, decisions_are_those_of_the_hpa, 0, BATCHES);
	suite_add_tcase(s, t);
	return run_suite(s);
}
