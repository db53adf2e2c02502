/* Random faults, drawn from seeds, against the real process over real sockets: while the
 * demand stays, nothing is lowered, whatever servers do; afterwards it goes on.
 *
 * FAULT_SCRIPTS=N: the seeds 1 to N (make faults), FAULT_SCRIPTS=M-N: from M on;
 * FAULT_SCRIPT=N: this one alone. */
#include "integration/bed.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define LANES     8
#define FAULTS    6
#define SPAN_MS   (6 * MS_PER_S)
#define SLOWER    10 /* faults last this much shorter than they are drawn */
#define TIMES_MAX 4  /* a fault strikes so often (faults_draw) */
/* What can be left of a fault that has struck: a page of a list that nobody answers
 * (lib/kube/list.c), then a pause at its longest, in [max, 2 max); a Lease that is taken
 * anew, its status objects, a cycle. Another fault that strikes may begin all that again.
 */
#define LIST_MS    30000
#define SETTLE_MS  10000
#define RECOVER_MS (LIST_MS + 2 * BACKOFF_MAX_MS + SETTLE_MS)
/* What `make test` tries. */
static const int share[] = {1, 2, 3, 4};

static struct bed *b;
static struct script *script;
static struct clock script_clock;
static int64_t revive_ms; /* monotonic; 0: nobody is dead */
static struct str told;

static void setup(void)
{
	static const char *const names[] = {"checkout"};
	b = bed_open(names, 1);
	script = NULL;
	revive_ms = 0;
	str_init(&told, 8192);
}

static void teardown(void)
{
	script_free(script);
	str_fini(&told);
	bed_close(b);
}

static void on_around(void *arg, const struct fault *f)
{
	(void)arg;
	if (f->kind != FAULT_KILL || !b->first.pid)
		return;
	bed_signal(&b->first, SIGKILL);
	revive_ms = monotonic_ms() + f->ms;
}

/* A process that is dead, or has lost its lead, is started again. */
static void revive(void)
{
	if (b->first.pid || monotonic_ms() < revive_ms)
		return;
	bed_start(b, &b->first, "foretop-0", NULL);
	b->first.may_end = true;
}

#define await(condition, what) wait_until(b, (revive(), (condition)), what)

/* A watch that a server forgets is noticed after minutes only: stories in virtual time
 * have them. */
static bool is_quick(const struct fault *f)
{
	return f->kind != FAULT_SILENT && f->kind != FAULT_CLOCK;
}

static void draw(uint64_t seed)
{
	struct fault faults[FAULTS];
	struct rng rng;
	int count = 0;
	rng_init(&rng, seed);
	faults_draw(&rng, SPAN_MS, true, faults, FAULTS);
	for (int i = 0; i < FAULTS; i++) {
		if (!is_quick(&faults[i]))
			continue;
		faults[count] = faults[i];
		faults[count].ms /= SLOWER;
		fault_format(&faults[count], &told);
		str_puts(&told, "\n");
		count++;
	}
	clock_init_real(&script_clock);
	const struct script_config config = {.reactor = b->reactor,
					     .served = b->served,
					     .clock = &script_clock,
					     .faults = faults,
					     .count = count,
					     .around = on_around};
	script = script_new(&config);
}

/* While 730 units want 8 pods: up to them, and never down. */
static void check_sizes(uint64_t seed, int from)
{
	int count = bed_scaled(b, "checkout");
	for (int i = from; i < count; i++)
		ck_assert_msg(bed_scaled_to(b, "checkout", i) == 8,
			      "seed %d: %d replicas were written, 8 are needed\n%s",
			      (int)seed, (int)bed_scaled_to(b, "checkout", i),
			      str_text(&told));
}

static void await_size(uint64_t seed, int32_t replicas)
{
	int struck = -1;
	int64_t late_ms = 0;
	while (bed_replicas(b, "checkout") != replicas) {
		int now_struck = kubeapi_struck(b->kube) + promapi_struck(b->prom);
		if (now_struck != struck)
			late_ms = monotonic_ms() + RECOVER_MS;
		struck = now_struck;
		revive();
		ck_assert_msg(monotonic_ms() < late_ms,
			      "seed %d: not recovered to %d replicas\n%s", (int)seed,
			      (int)replicas, str_text(&told));
		bed_spin(b);
	}
}

START_TEST(faults_lower_nothing_and_pass)
{
	uint64_t seed = (uint64_t)_i;
	bed_policy(b, "checkout", "checkout", "mode: Scale\n");
	bed_start(b, &b->first, "foretop-0", NULL);
	b->first.may_end = true;
	await(bed_condition(b, "checkout", "MetricsAvailable", "True", NULL),
	      "a first decision");
	draw(seed);
	bed_demand(b, "checkout", 730);
	int64_t end_ms = script_end_ms(script);
	await(clock_now_ms(&script_clock) > end_ms, "the script is over");
	await_size(seed, 8);
	check_sizes(seed, 0);
	int before = bed_scaled(b, "checkout");
	bed_demand(b, "checkout", 260);
	await_size(seed, 3);
	ck_assert_int_eq(bed_scaled(b, "checkout"), before + 1);
	await(b->first.pid, "it runs");
}
END_TEST

int main(void)
{
	const char *all = getenv("FAULT_SCRIPTS"), *one = getenv("FAULT_SCRIPT");
	const char *dash = all ? strchr(all, '-') : NULL;
	int first = dash ? atoi(all) : 1;
	int count = all ? atoi(dash ? dash + 1 : all) - first + 1 : 0;
	int lanes = one ? 1 : all ? LANES : (int)ARRAY_LEN(share);
	for (int i = 0; i < lanes; i++) {
		char *name AUTO_FREE = xasprintf("lane %d", i + 1);
		TCase *tc = bed_lane(name, setup, teardown);
		tcase_set_timeout(tc, FAULTS * TIMES_MAX * RECOVER_MS / 1000.0);
		int from = one ? atoi(one) : all ? first + count * i / lanes : share[i];
		int to = one   ? from + 1
			 : all ? first + count * (i + 1) / lanes
			       : from + 1;
		tcase_add_loop_test(tc, faults_lower_nothing_and_pass, from, to);
	}
	return bed_run();
}
