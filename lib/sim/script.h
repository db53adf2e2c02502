/* A script of faults, played to a served simulation. */
#ifndef FORETOP_SIM_SCRIPT_H
#define FORETOP_SIM_SCRIPT_H

#include "sim/served.h"

struct script;

struct script_config {
	struct reactor *reactor;    /* borrowed */
	struct served *served;      /* borrowed, outlives the script */
	const struct clock *clock;  /* engine time, the served one's; borrowed */
	const struct fault *faults; /* copied; in the order of time or not */
	int count;
	/* FAULT_CLOCK and FAULT_KILL, at their time. NULL: they do nothing. */
	void (*around)(void *arg, const struct fault *f);
	void *arg;
};

/* Starts now. */
struct script *script_new(const struct script_config *config);
/* What is under way goes on for its time only if a server times it by itself. Accepts
 * NULL. */
void script_free(struct script *s);
/* When every fault has begun and what lasts has ended, engine time. */
int64_t script_end_ms(const struct script *s);

#endif
