/* The past of a policy as two pictures (SVG): demand under what was planned for, and
 * replicas. Colours come from the style sheet by class. Private to serve. */
#ifndef FORETOP_SERVE_GRAPH_H
#define FORETOP_SERVE_GRAPH_H

#include "serve/past.h"

/* Each appends one <svg role="img"> with a title and a description in words; the time
 * axis ends at now_ms. Nothing is appended for fewer than two points. */
void graph_demand(struct str *out, const struct past *past, const char *metric,
		  int64_t now_ms);
void graph_replicas(struct str *out, const struct past *past, int32_t min_replicas,
		    int32_t max_replicas, int64_t now_ms);

#endif
