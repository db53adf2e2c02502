/* What every unit test shares: one main for a suite, and checks on doubles with a
 * tolerance. */
#ifndef FORETOP_TESTS_HARNESS_H
#define FORETOP_TESTS_HARNESS_H

#include <check.h>
#include <math.h>
#include <stdlib.h>

/* Fails unless |a - b| <= tol; NaN is equal to nothing. */
#define ck_near(a, b, tol)                                                               \
	ck_assert_msg(fabs((double)(a) - (double)(b)) <= (tol),                          \
		      "%s = %.17g, want %.17g", #a, (double)(a), (double)(b))

/* Runs one suite; the exit code is 0 only when nothing failed. CK_FORK=no runs it in one
 * process for a debugger. */
static inline int run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
