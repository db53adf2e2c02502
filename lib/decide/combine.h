/* Several metrics and their forecasts into one proposal: the maximum. */
#ifndef FORETOP_DECIDE_COMBINE_H
#define FORETOP_DECIDE_COMBINE_H

#include "decide/decide.h"

/* Fills metrics, reactive, predicted, wanted, winner, by_forecast and unknown_count of
 * *d, and the conditions of a selector or of metrics that failed. False when nothing may
 * be decided from it: no metric is known, or one is unknown and the others would go down;
 * d->hold says which. */
bool combine(const struct decide_input *in, struct decision *d);

/* What a release by forecast may go down to, or DECIDE_NO_REPLICAS: every metric needs a
 * forecast with one. */
int32_t combined_release(const struct decide_input *in, const struct decision *d);

#endif
