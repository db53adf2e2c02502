/* Private to serve: what a registry of metrics holds, for those who keep it and those who
 * write it. */
#ifndef FORETOP_SERVE_REGISTRY_H
#define FORETOP_SERVE_REGISTRY_H

#include "serve/metrics.h"

struct series {
	struct series *next; /* in its slot of the index */
	uint64_t hash;
	int family;
	uint64_t round;    /* of metrics_begin, when it was last set */
	double value;      /* histogram: sum */
	uint64_t *buckets; /* histogram: counts up to each bound, the last one all; else
			      NULL */
	size_t key_len;
	char key[]; /* label values, each ended by NUL */
};

struct family_series {
	struct series **items; /* in the order of their creation */
	size_t count, cap;
};

struct metrics {
	const struct metric_family *table;
	int family_count;
	struct family_series *families;
	struct series **index;
	size_t slots; /* a power of two */
	size_t count, limit;
	uint64_t dropped;
	uint64_t round;
};

/* Labels of a family; they stand before the first NULL. */
int family_label_count(const struct metric_family *f);

#endif
