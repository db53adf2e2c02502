/* The real process over real sockets, with one call of the socket layer that fails once.
 * It goes on and does its work, or ends with a message and does it when started again;
 * never a signal, a wrong write, or a process that hangs.
 *
 * FAULT_CALLS=N: each of the first N calls (make torture). */
#include "integration/bed.h"

#include <stdlib.h>
#include <unistd.h>

#define LANES 8
/* What `make test` tries: a few of each stage of a connection. */
static const int share[] = {6, 31, 74, 150};

static struct bed *b;
static char call[16];

/* The library stands beside the test programs. */
static char *library(void)
{
	char self[1024];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	ck_assert(n > 0);
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	return xasprintf("%s/../preload/syscalls.so", self);
}

static void setup(void)
{
	static const char *const names[] = {"checkout"};
	b = bed_open(names, 1);
}

static void teardown(void)
{
	unsetenv("LD_PRELOAD");
	bed_close(b);
}

/* The process ended by itself: with an exit code, a message, and nothing half done. It is
 * started again as Kubernetes does. */
static void revive(void)
{
	if (b->first.pid)
		return;
	ck_assert_msg(b->first.exit_code == 1, "call %s: it ended with %d", call,
		      b->first.exit_code);
	ck_assert_int_ge(bed_logged(&b->first, "foretop run: ") +
				 bed_logged(&b->first, "ends at once"),
			 1);
	unsetenv("LD_PRELOAD");
	bed_start(b, &b->first, "foretop-0", NULL);
	b->first.may_end = true;
}

#define await(condition, what) wait_until(b, (revive(), (condition)), what)

START_TEST(one_call_that_fails_stops_nothing)
{
	char *preload AUTO_FREE = library();
	snprintf(call, sizeof(call), "%d", _i);
	setenv("LD_PRELOAD", preload, 1);
	setenv("FAULT_SYSCALL", call, 1);
	bed_policy(b, "checkout", "checkout", "mode: Scale\n");
	bed_start(b, &b->first, "foretop-0", NULL);
	b->first.may_end = true;
	await(bed_condition(b, "checkout", "MetricsAvailable", "True", NULL),
	      "a first decision");
	bed_demand(b, "checkout", 730);
	await(bed_scaled(b, "checkout") == 1, "replicas are raised");
	ck_assert_int_eq(bed_scaled_to(b, "checkout", 0), 8);
	await(bed_status_int(b, "checkout", "currentReplicas") == 8,
	      "the status knows of it");
	ck_assert_int_eq(bed_scaled(b, "checkout"), 1);
}
END_TEST

int main(void)
{
	const char *all = getenv("FAULT_CALLS");
	if (BED_SANITIZED) {
		puts("the sanitizers want to be loaded first");
		return 77;
	}
	int count = all ? atoi(all) : 0;
	int lanes = all ? LANES : (int)ARRAY_LEN(share);
	for (int i = 0; i < lanes; i++) {
		char *name AUTO_FREE = xasprintf("lane %d", i + 1);
		TCase *tc = bed_lane(name, setup, teardown);
		int from = all ? 1 + count * i / lanes : share[i];
		int to = all ? 1 + count * (i + 1) / lanes : share[i] + 1;
		tcase_add_loop_test(tc, one_call_that_fails_stops_nothing, from, to);
	}
	return bed_run();
}
