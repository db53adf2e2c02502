/* A simulated run as CSV, so that anyone can compute its score again: each line stands
 * until the next one, the last as long as the one before it. */
#ifndef FORETOP_RUNLOG_H
#define FORETOP_RUNLOG_H

#include "sim/sim.h"

#include <stdio.h>

struct runlog {
	const char *path; /* borrowed; NULL: nothing is written */
	FILE *file;
	int64_t before_ms, last_ms; /* of the newest two lines */
	int64_t lines;
	struct replay_row row; /* the newest line's, without its reason */
	char reason[512];
};

/* 0, or -1 with *err that names the file. path NULL: nothing will be written. */
int runlog_open(struct runlog *l, const char *path, struct err *err);
/* A replay_heed, with a struct runlog as `arg`. */
void runlog_heed(void *arg, const struct replay_row *row);
/* The run ended at end_ms. 0, or -1 with *err: not everything could be written. */
int runlog_close(struct runlog *l, int64_t end_ms, struct err *err);
/* Accepts zeroed. */
void runlog_fini(struct runlog *l);

#endif
