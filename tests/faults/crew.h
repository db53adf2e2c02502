/* Many runs, a few at a time, each block of them in a process of its own: one that
 * crashes costs one run, and is named. */
#ifndef FORETOP_TESTS_CREW_H
#define FORETOP_TESTS_CREW_H

#include <stdint.h>

/* Memory that all processes of a crew share, zeroed. Never NULL. */
void *crew_memory(unsigned long size);

/* Calls run(arg, i) for each i in [first, end). Calls crashed(arg, i), in the calling
 * process, for one that took its process with it. */
void crew_run(uint64_t first, uint64_t end, void (*run)(void *arg, uint64_t i),
	      void (*crashed)(void *arg, uint64_t i), void *arg);

/* Counts of all processes. */
void crew_add(long *to, long n);

/* What the programs under test complain about is expected: standard error goes nowhere.
 */
void crew_hush(void);

#endif
