/* Which minutes a forecaster believes: each is judged against the ones before it and
 * against what other days have shown at its time. One that is believed by neither is not
 * learned; when many such follow one another they were real, and all of them are learned
 * after all. */
#ifndef FORETOP_FORECAST_DOUBT_H
#define FORETOP_FORECAST_DOUBT_H

#include "forecast/anomaly.h"
#include "forecast/history.h"

#define DOUBT_NONE INT64_MIN

/* Odd rises of the last days that are remembered: what comes back at the same time of
 * another day is no accident, but it was not learned the first time. */
#define DOUBT_EPISODES 8

struct doubt_episode {
	int64_t first, newest; /* minutes; DOUBT_NONE: a free place */
	float low, high;       /* of the odd values */
};

struct doubt {
	struct anomaly anomaly;
	/* What was seen around this time a day and a week ago, for all minutes of a cell.
	 */
	struct anomaly_range known[2 + DOUBT_EPISODES];
	int32_t known_count;
	int64_t known_cell; /* DOUBT_NONE: of none yet */
	struct doubt_episode episodes[DOUBT_EPISODES];
	int32_t episode;
	int64_t odd;   /* newest minute that was odd */
	int64_t first; /* of the minutes that are in doubt; DOUBT_NONE: none is */
	struct anomaly_verdict newest;
	struct anomaly_verdict cause; /* the newest one that began or extended a hold */
	int64_t count;                /* times that something odd began */
};

void doubt_init(struct doubt *d);

/* Judges a minute that is newer than all in `h`. True when it may be learned, or has no
 * value. */
bool doubt_judge(struct doubt *d, const struct history *h, int64_t minute, double value);

/* First of the minutes, among the newest HISTORY_DOUBT before `minute`, that the verdict
 * on it has made believable; DOUBT_NONE: there are none. */
int64_t doubt_settled(struct doubt *d, int64_t minute);

#endif
