/* A bar on the terminal for what takes a while. */
#ifndef FORETOP_PROGRESS_H
#define FORETOP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct progress {
	FILE *file;
	bool shown; /* there is a bar to wipe out */
	int64_t began_ms;
	int percent; /* of the newest bar */
};

/* terminal: false shows nothing at all. */
void progress_begin(struct progress *p, FILE *file, bool terminal);
/* share: in [0, 1]. Nothing appears in the first half second. */
void progress_show(struct progress *p, double share);
/* Wipes it out. Accepts zeroed. */
void progress_end(struct progress *p);

#endif
