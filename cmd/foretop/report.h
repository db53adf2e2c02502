/* A simulation as one HTML file that needs nothing else: charts as SVG, light and dark by
 * the reader's system, no script. */
#ifndef FORETOP_REPORT_H
#define FORETOP_REPORT_H

#include "advice.h"
#include "recorder.h"
#include "verdict.h"

struct report {
	const struct verdict *verdict;
	const struct recorder *recorder;
	const struct advice *advice; /* NULL: there was no sweep */
	double price_per_pod_h;      /* 0: none was given */
};

void report_html(const struct report *r, struct str *out);

#endif
