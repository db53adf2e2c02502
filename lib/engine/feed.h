/* What stands between Prometheus' history and one forecaster. Private to engine. */
#ifndef FORETOP_ENGINE_FEED_H
#define FORETOP_ENGINE_FEED_H

#include "forecast/forecast.h"

struct heard;
struct plan;

/* The policy's, which may go while the feed lives on with the next version. */
struct feed_calendar {
	struct zone zone;
	struct time_range excludes[]; /* as many as the policy has */
};

#define HISTORY_CHUNK_MIN                                                                \
	1440 /* a day a query: under every server's limit, a bounded answer */
/* A minute that is missing at the very end of an answer may still come; after so many it
 * is a gap. Longer answers are days of history. */
#define HISTORY_LATE_MIN 5

/* Where a day of history waits until its forecaster has learned it. */
struct chunk {
	bool used;
	float minutes[HISTORY_CHUNK_MIN];
};

/* From Prometheus' history into one forecaster. It moves as a whole to a new version of
 * the policy that asks for the same series. */
struct feed {
	void *memory;                  /* NULL: the metric is not forecast */
	struct forecaster *forecaster; /* in `memory`; NULL before it has begun */
	struct heard *heard; /* what it said, for the shadow; owned. NULL: the engine's,
				when no other metric of the policy is forecast */
	struct plan *plan;   /* it at other quantiles; NULL: no objective; owned */
	struct feed_calendar *calendar; /* NULL: UTC, and no excludes; owned */
	int32_t window_min;             /* that it forecasts; 0 before it has begun */
	/* Minutes that the forecaster has not taken yet stand in `recent`, or in a chunk
	 * of the engine's; NULL: none is needed. */
	struct chunk *chunk;
	float recent[HISTORY_LATE_MIN];
	int32_t pending_count, pending_next;
	int64_t pending_ms;    /* start of the first pending minute */
	int64_t cursor_ms;     /* start of the first minute that was never answered */
	uint64_t asked_number; /* 0: nothing is under way */
	int64_t asked_ms;      /* when it was asked */
	int64_t asked_start_ms, asked_end_ms;
	int64_t began_ms, retry_ms;
	bool working; /* the forecaster has something to learn */
	bool loaded;  /* caught up with the present once since it began */
};

#endif
