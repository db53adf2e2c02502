/* Is this value out of the ordinary? Judged online from the errors of one-step
 * expectations: O(1) a sample, a few hundred bytes, no allocation.
 *
 * A value is flagged when its error is far outside of the usual ones (running median and
 * median absolute deviation, the latter by hour of the day too, both learned by steps of
 * sign: one value moves them by half a percent, however large it is). What is flagged is
 * not to be learned from and holds scale-down. Flags that stay are no anomaly but how
 * things are now: after 10 minutes (at least 3 and at most 10 steps) they are accepted as
 * a shift of the level, or as wider scatter, and learning resumes. So a ramp or a crowd
 * that is real costs ten minutes of learning, not more. Smaller shifts are found by a
 * CUSUM (Page 1954) without a pause in learning.
 *
 * On noise whose law is normal fewer than one value in 10,000 is flagged; with heavy
 * tails (Laplace, Student with three degrees of freedom) fewer than one in 500. */
#ifndef FORETOP_FORECAST_ANOMALY_H
#define FORETOP_FORECAST_ANOMALY_H

#include "series/series.h"

#include <stdbool.h>

/* Scale-down is held for 5 minutes after a flag, but never for longer than this at a
 * time, and then not again for as long: a metric that is odd for ever costs at most half
 * of the time. */
#define ANOMALY_HOLD_MAX_MS (30 * MS_PER_MIN)
#define ANOMALY_TEXT_MAX    160

enum anomaly_kind {
	ANOMALY_NONE,
	ANOMALY_POINT,  /* far outside: not to be learned from */
	ANOMALY_SHIFT,  /* with this value a new level is accepted */
	ANOMALY_SCATTER /* with this value errors of this size are accepted as usual */
};

/* Values from `low` to `high`; with a NaN it holds none. */
struct anomaly_range {
	double low, high;
};

struct observation {
	int64_t t_ms;    /* newer than all before, otherwise it is ignored */
	double value;    /* NaN or beyond 1e30: missing */
	double expected; /* what was forecast for it one step before; NaN: a slow mean of
			    the values serves */
	/* What other days have shown at this time, known_count of them: a value that lies
	 * in one of these, or as near to it as to what is expected, is not flagged.
	 * Daily jobs come back. Borrowed for the call. */
	const struct anomaly_range *known;
	int32_t known_count;
};

struct anomaly_verdict {
	enum anomaly_kind kind;
	/* The error in units of the usual one (like standard deviations), signed; 0
	 * where it is not known. */
	double score;
	bool learn; /* false: leave it out of means, fits and scores; also when missing */
	bool hold_down;        /* no scale-down now */
	int64_t hold_until_ms; /* when that ends if nothing else happens; 0 without */
	double value, expected;
	double shift; /* ANOMALY_SHIFT: by how much the level moved; otherwise 0 */
};

/* What it remembers; the caller's memory. Plain data: may be copied and stored. */
struct anomaly {
	int64_t step_ms;
	int64_t newest_ms;    /* INT64_MIN: nothing yet */
	double samples;       /* errors seen */
	double level;         /* its own expectation, NaN at first */
	double usual;         /* mean size of the values, about a day */
	double median, scale; /* of the errors; the scale is like a standard deviation */
	double tail;          /* of the sizes of scores: what 1 % exceed */
	double offset; /* an accepted shift that forecasts may not have learned yet */
	double score_before;      /* cut, of the sample before */
	double power, covariance; /* of scores, the latter with those before */
	double rise, fall;        /* CUSUM */
	double rise_n, fall_n;    /* samples since they left zero */
	double run, run_sum, run_size, run_count; /* flags that persist */
	int64_t hold_from_ms, hold_until_ms, rest_until_ms, settled_ms;
	float hour_scale[24]; /* factors on the scale by hour of the day, UTC */
};

/* step_ms > 0: how far samples are apart, usually. */
void anomaly_init(struct anomaly *a, int64_t step_ms);

/* Judges the observation and learns from it. */
void anomaly_judge(struct anomaly *a, const struct observation *o,
		   struct anomaly_verdict *ret_verdict);

/* A sentence for people, empty for ANOMALY_NONE: "950 where 120 was expected, 8.3 times
 * the usual error: not learned, scale-down held". ret_text: ANOMALY_TEXT_MAX bytes. */
void anomaly_text(const struct anomaly_verdict *v, char *ret_text);

#endif
