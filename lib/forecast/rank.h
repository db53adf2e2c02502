/* The value of a given rank, without sorting all. */
#ifndef FORETOP_FORECAST_RANK_H
#define FORETOP_FORECAST_RANK_H

#include <stdint.h>

/* The value that stands at `rank` (in [0, count)) when v is sorted; reorders v, which has
 * no NaN. O(count) on average (Hoare 1961, pivots from the middle). */
static inline float rank_pick(float *v, int32_t count, int32_t rank)
{
	int32_t low = 0, high = count - 1;

	while (low < high) {
		float pivot = v[low + (high - low) / 2];
		int32_t i = low, j = high;

		while (i <= j) {
			while (v[i] < pivot)
				i++;
			while (v[j] > pivot)
				j--;
			if (i <= j) {
				float t = v[i];

				v[i++] = v[j];
				v[j--] = t;
			}
		}
		if (rank <= j)
			high = j;
		else if (rank >= i)
			low = i;
		else
			break;
	}
	return v[rank];
}

#endif
