/* A registry of metric families, declared by a table, written in the Prometheus text
 * format 0.0.4 or as OpenMetrics 1.0. No global state: whoever owns a registry hands it
 * to those who count. */
#ifndef FORETOP_SERVE_METRICS_H
#define FORETOP_SERVE_METRICS_H

#include "base/base.h"

#include <stdbool.h>

enum family_kind { FAMILY_GAUGE, FAMILY_COUNTER, FAMILY_HISTOGRAM };

#define METRIC_LABELS_MAX 6
#define METRIC_BOUNDS_MAX 24

/* One row of the table. Names follow the Prometheus conventions: snake_case, base units,
 * `_total` for counters and only for them. */
struct metric_family {
	const char *name;
	const char *help; /* one sentence, constant */
	enum family_kind kind;
	const char *labels[METRIC_LABELS_MAX]; /* up to the first NULL */
	/* Histograms: upper bounds, ascending, without +Inf. */
	double bounds[METRIC_BOUNDS_MAX];
	int bound_count;
	/* Its series are set anew before each scrape, between metrics_begin and
	 * metrics_end; what was not set then is gone. */
	bool live;
};

struct metrics;

/* A registry of the families table[0..count), which must outlive it; a family is named by
 * its index. Families without labels exist with 0 from the start, unless they are live.
 * At most `series_limit` series are held in all: more are dropped and counted. Aborts on
 * a table that breaks the conventions: it is the program's own. */
struct metrics *metrics_new(const struct metric_family *table, int count,
			    size_t series_limit);
/* Accepts NULL. */
void metrics_free(struct metrics *m);
void metrics_cleanup(struct metrics **m);

/* The values of a family's labels, in the table's order: LABELS("shop", "checkout"). */
#define LABELS(...) ((const char *const[]){__VA_ARGS__})
#define NO_LABELS   NULL

/* Creates the series with 0 (known series are there before their first event). */
void metrics_touch(struct metrics *m, int family, const char *const *labels);
/* A gauge, or a counter that is counted elsewhere (it must not fall). NaN is a value. */
void metrics_set(struct metrics *m, int family, const char *const *labels, double v);
/* Adds to a counter (delta >= 0) or a gauge. */
void metrics_add(struct metrics *m, int family, const char *const *labels, double delta);
/* Counts a value in a histogram. NaN is ignored. */
void metrics_observe(struct metrics *m, int family, const char *const *labels, double v);

/* Around the setting of live families: metrics_end drops their series that were not set
 * since metrics_begin, which is how objects that are gone, and labels that changed, leave
 * nothing behind. */
void metrics_begin(struct metrics *m);
void metrics_end(struct metrics *m);

size_t metrics_series(const struct metrics *m);
/* Series that the limit refused so far. */
uint64_t metrics_dropped(const struct metrics *m);
/* Current value of a gauge or counter (of a histogram: its sum); NaN when there is no
 * such series. */
double metrics_value(const struct metrics *m, int family, const char *const *labels);

enum metrics_format { METRICS_TEXT, METRICS_OPENMETRICS };
/* What an Accept header wants: OpenMetrics when it is named and no less welcome than
 * plain text. "" (no such header) is plain text. */
enum metrics_format metrics_negotiate(const char *accept);
const char *metrics_content_type(enum metrics_format format);
/* Appends all families that have series: HELP and TYPE once, then the series in the order
 * of their creation. 0, or -1 when `out` is full. */
int metrics_write(const struct metrics *m, enum metrics_format format, struct str *out);

#endif
