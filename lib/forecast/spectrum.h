/* Peaks of a periodogram that stand out from what is around them. */
#ifndef FORETOP_FORECAST_SPECTRUM_H
#define FORETOP_FORECAST_SPECTRUM_H

#include <stdint.h>

/* Length of the transform: the power of two that holds `count` values twice (finer
 * frequencies for the peaks). count in [0, 1 << 20]. */
int32_t spectrum_length(int32_t count);

/* x: count values around zero, NaN missing (taken as zero). work: 2 * spectrum_length
 * floats. ret_periods: `most` periods in values, highest peak first, 0 where there are
 * fewer. Periods are in [4, count / 4], each is at least 3 % from the others. */
void spectrum_peaks(const float *x, int32_t count, float *work, int32_t most,
		    double *ret_periods);

#endif
