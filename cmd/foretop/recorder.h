/* What a run looked like, thinned for pictures, and when and why it was short. */
#ifndef FORETOP_RECORDER_H
#define FORETOP_RECORDER_H

#include "sim/sim.h"

#define RECORDER_CELLS     8192
#define RECORDER_INCIDENTS 12

/* The worst of a piece of time. */
struct recorder_cell {
	bool known;
	double demand;          /* largest */
	double ready, pods;     /* fewest */
	double forecast, upper; /* largest; NaN: none */
	double unserved_units;
};

/* A time of more load than the Ready pods carry, until it was served for five minutes. */
struct recorder_incident {
	int64_t from_ms, to_ms;
	double short_s, unserved_units;
	/* When most was lacking: */
	double demand;
	int32_t ready, pods;
	double upper; /* NaN: none */
	/* Of the newest decision when it began. */
	char reason[256];
};

struct recorder {
	int64_t start_ms, end_ms;
	double capacity;
	struct recorder_cell *cells; /* RECORDER_CELLS; owned */
	/* Those that lost most, most first; and how many there were. */
	struct recorder_incident worst[RECORDER_INCIDENTS];
	int32_t worst_count, incidents;
	struct replay_row row; /* what stands */
	bool has_row, in_incident;
	struct recorder_incident incident;
	double incident_lack;
};

void recorder_init(struct recorder *r, int64_t start_ms, int64_t end_ms, double capacity);
/* Accepts zeroed. */
void recorder_fini(struct recorder *r);
/* replay_heed, with a struct recorder as its argument. */
void recorder_heed(void *arg, const struct replay_row *row);
/* The last row stands until the end. */
void recorder_end(struct recorder *r);

#endif
