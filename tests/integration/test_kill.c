/* The real process over real sockets, killed by SIGKILL at chosen requests: before one is
 * carried out, after that and before its answer, after its answer. The promise: started
 * again, it goes through the same sizes as without.
 *
 * FAULT_KILLS=N: at the first N requests, all three moments (make faults). */
#include "integration/bed.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>

#define PHASES 3
#define LANES  8
/* What `make test` tries: a moment in each of some lanes. */
static const int share[] = {5, 34, 63, 92};

static struct bed *b;
static long requests, revived, point;
static enum seen_phase moment;
static bool struck, dead;
/* Of all tests, in shared memory. */
static struct tally {
	int kills, requests_max;
} * tally;
static struct timer later;

static void setup(void)
{
	static const char *const names[] = {"checkout"};
	b = bed_open(names, 1);
	requests = revived = 0;
	struck = dead = false;
}

static void teardown(void)
{
	timer_cancel(&later);
	bed_close(b);
}

static void kill_now(void *arg)
{
	(void)arg;
	b->first.may_end = true;
	if (b->first.pid)
		bed_signal(&b->first, SIGKILL);
	dead = true;
}

/* An answer that is on its way gets there. */
#define ANSWERED_MS 20

static bool on_request(void *arg, enum seen_phase phase, const struct request *q)
{
	(void)arg;
	(void)q;
	requests += phase == SEEN_ARRIVED;
	/* A watch has no moment but its arrival: then it is the next request's. */
	if (struck || requests < point || phase != moment)
		return false;
	struck = true;
	if (phase == SEEN_ANSWERED) {
		timer_set(b->reactor, &later, ANSWERED_MS, kill_now, NULL);
		return false;
	}
	kill_now(NULL);
	return true;
}

/* Starts the process again when it was killed. */
static void revive(void)
{
	if (!dead || b->first.pid)
		return;
	dead = false;
	revived = requests;
	bed_start(b, &b->first, "foretop-0", NULL);
}

/* A process that has asked for something can be ended in order. */
static bool lives(void)
{
	return !dead && b->first.pid && requests > revived;
}

#define await(condition, what) wait_until(b, (revive(), (condition)), what)

static int scaled(void)
{
	return bed_scaled(b, "checkout");
}

/* Up to 8, and down to 3. */
static void live_through(void)
{
	kubeapi_on_request(b->kube, on_request, NULL);
	promapi_on_request(b->prom, on_request, NULL);
	bed_policy(b, "checkout", "checkout", "mode: Scale\n");
	bed_start(b, &b->first, "foretop-0", NULL);
	await(bed_condition(b, "checkout", "MetricsAvailable", "True", NULL),
	      "a first decision");
	bed_demand(b, "checkout", 730);
	await(scaled() == 1, "replicas are raised");
	bed_demand(b, "checkout", 260);
	await(scaled() == 2, "replicas are lowered");
	/* A run may need fewer requests than another: the chosen one is waited for. */
	if (!getenv("FAULT_KILLS"))
		await(struck, "the chosen request comes");
	int64_t at_least = requests + 8; /* two cycles and more */
	await(requests >= at_least && lives(), "it goes on");
	ck_assert_int_eq(scaled(), 2);
	ck_assert_int_eq(bed_scaled_to(b, "checkout", 0), 8);
	ck_assert_int_eq(bed_scaled_to(b, "checkout", 1), 3);
	ck_assert_int_eq(bed_replicas(b, "checkout"), 3);
	kubeapi_on_request(b->kube, NULL, NULL);
	promapi_on_request(b->prom, NULL, NULL);
	b->first.may_end = false;
}

START_TEST(killed_at_a_request_it_goes_through_the_same_sizes)
{
	point = 1 + _i / PHASES;
	moment = (enum seen_phase)(_i % PHASES);
	live_through();
	__atomic_fetch_add(&tally->kills, struck, __ATOMIC_RELAXED);
	if (!struck && requests > tally->requests_max)
		tally->requests_max = (int)requests;
}
END_TEST

int main(void)
{
	const char *all = getenv("FAULT_KILLS");
	int count = all ? atoi(all) * PHASES : 0;
	int lanes = all ? LANES : (int)ARRAY_LEN(share);
	for (int i = 0; i < lanes; i++) {
		char *name AUTO_FREE = xasprintf("lane %d", i + 1);
		TCase *tc = bed_lane(name, setup, teardown);
		int from = all ? count * i / lanes : share[i];
		int to = all ? count * (i + 1) / lanes : share[i] + 1;
		tcase_add_loop_test(
			tc, killed_at_a_request_it_goes_through_the_same_sizes, from, to);
	}
	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tally == MAP_FAILED)
		return EXIT_FAILURE;
	int code = bed_run();
	printf("%d kills of the real process; %d requests of a run without\n",
	       tally->kills, tally->requests_max);
	return code;
}
