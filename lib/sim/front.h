/* A front: what each of several settings costs and what it leaves unserved, and the
 * least that a level of service costs among them and their mixtures in time. Pure. */
#ifndef FORETOP_SIM_FRONT_H
#define FORETOP_SIM_FRONT_H

#include <stdint.h>

struct front_point {
	double unserved; /* share of the load, in [0, 1] */
	double pods;     /* paid per pod of useful work */
	int32_t setting; /* the caller's */
};

struct front {
	struct front_point *points; /* after front_sort the front alone: `unserved`
				       ascends, `pods` descends; owned */
	int32_t count, cap;
};

/* A zeroed one is empty. A point that is not finite is left out. */
void front_add(struct front *f, double unserved, double pods, int32_t setting);
/* Leaves those points that neither another beats in one respect without being worse in
 * the other, nor a mixture of two others: the front is convex. Of equal ones the first
 * added. */
void front_sort(struct front *f);
/* Pods that it takes to leave at most `unserved`, of a sorted front: on the line between
 * the two points around it (a mixture of both settings serves that). NaN where no point
 * serves so well; beyond the last point its pods. */
double front_pods(const struct front *f, double unserved);
/* Accepts zeroed. */
void front_fini(struct front *f);

#endif
