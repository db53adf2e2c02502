#include "series/sample.h"

#include "base/base.h"

#include <math.h>
#include <stdlib.h>

static int by_time_and_value(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;
	if (x->t_ms != y->t_ms)
		return x->t_ms < y->t_ms ? -1 : 1;
	if (isnan(x->v) || isnan(y->v))
		return isnan(x->v) - isnan(y->v);
	return (x->v > y->v) - (x->v < y->v);
}

void samples_sort(struct sample *samples, size_t count)
{
	qsort(samples, count, sizeof(samples[0]), by_time_and_value);
}

static int by_size(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

int64_t samples_step_ms(const struct sample *sorted, size_t count)
{
	int64_t *steps AUTO_FREE = xcalloc(count, sizeof(int64_t));
	size_t n = 0;
	for (size_t i = 1; i < count; i++)
		if (sorted[i].t_ms > sorted[i - 1].t_ms)
			steps[n++] = sorted[i].t_ms - sorted[i - 1].t_ms;
	qsort(steps, n, sizeof(steps[0]), by_size);
	return n ? steps[(n - 1) / 2] : 0;
}
