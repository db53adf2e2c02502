/* CPU at its limit: what is seen then is what the pods may use, not what is asked of
 * them.
 */
#ifndef FORETOP_DECIDE_SATURATION_H
#define FORETOP_DECIDE_SATURATION_H

#include "decide/decide.h"

struct saturation {
	int32_t at_limit; /* pods that use 95 % of their limit or more */
	int32_t pods;     /* pods with a value that are not gone or going */
	double seen; /* use of all pods with a value: the least that demand can be, cores
		      */
};

/* True when half of the pods or more are at their CPU limit; else *ret_saturation may be
 * as it was. Looks at CPU metrics whose
 * values are known; a pod without a limit is never at it. */
bool saturation_of(const struct decide_input *in, int32_t index,
		   struct saturation *ret_saturation);

/* While demand is only known from below the forecast asks for a fifth more than is seen,
 * at least: with pods' usual targets that is a step up of half or more each time, and the
 * next look, with more pods Ready, sees more of it. */
#define SATURATION_LEAN 1.2

#endif
