/* Front header of series: samples and histories on a regular grid. */
#ifndef FORETOP_SERIES_SERIES_H
#define FORETOP_SERIES_SERIES_H

#include "base/base.h"
#include "series/csv.h"
#include "series/grid.h"
#include "series/ring.h"
#include "series/sample.h"

#endif
