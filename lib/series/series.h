/* Front header of series: samples and histories on a regular grid. */
#ifndef FORETOP_SERIES_SERIES_H
#define FORETOP_SERIES_SERIES_H

#include "base/base.h"
#include "series/csv.h"
#include "series/ring.h"

/* One observation. NaN marks a missing value, nothing else does. */
struct sample {
	int64_t t_ms; /* milliseconds since the epoch, UTC */
	double v;
};

#endif
