/* Which seasons has a load? Found from the data, with evidence; "none" is an answer.
 *
 * Values are folded on a period and each cycle is predicted from the mean of the others
 * (leave one out): what that explains is out of sample, so a long period gets nothing for
 * its many phases. Before, slower movements are taken away by a moving mean of one
 * period, as in a classical decomposition: then trends cancel, and the cycles of a random
 * walk are independent of each other. A season counts when it explains enough, and when
 * the cycles agree about it: each cycle gives one term, and the mean of these terms must
 * be five times its own standard error. A spike is one term and makes the error large.
 *
 * Calendar periods come first: 1, 8, 12, 24 hours and a week. A longer one replaces the
 * shorter only for what it explains beyond it; the week stands beside the day. If none
 * counts, the highest peaks of the spectrum are tried in the same way.
 *
 * Values are judged on the scale asinh((y - median) / deviation): like y in its usual
 * range, like a logarithm far outside, so a few huge values do not decide. */
#ifndef FORETOP_FORECAST_SEASON_H
#define FORETOP_FORECAST_SEASON_H

#include "series/series.h"

#include <stdbool.h>

#define SEASONS_MAX      2
#define SEASON_TEXT_MAX  80
#define SEASON_PEAKS_MAX 3
/* Two weeks by the minute. */
#define SEASON_VALUES_MAX 20160

struct season {
	int64_t period_ms;
	double share;   /* of the variance about a moving mean of a day (of the period if
			   that is longer), explained out of sample, in (0, 1] */
	int32_t cycles; /* whole periods seen */
};

struct seasons {
	int32_t count; /* 0: none found */
	/* The first is the one to model; the second is a week beside it. */
	struct season found[SEASONS_MAX];
};

/* A search in slices; the caller's memory. */
struct season_search {
	const float *values; /* borrowed until the search is done */
	int32_t count;
	int64_t step_ms;
	/* parts of the caller's work memory */
	double *sums;    /* count + 1: prefix sums */
	double *phases;  /* count: sums by phase */
	float *squashed; /* count */
	float *rest;     /* count: without the season found so far */
	float *filtered; /* count: without what is slower than the period on trial */
	float *spectrum; /* 2 * spectrum_length(count) */
	int32_t *known;  /* count + 1: prefix counts of values */
	int32_t *cycles; /* count: cycles by phase */
	int32_t stage;
	double period; /* of the season found so far, in steps; 0: none */
	double gain;   /* its, in squashed units */
	double base;   /* variance about the moving mean of a day */
	double peaks[SEASON_PEAKS_MAX]; /* periods in steps; 0: none */
	struct seasons seasons;
};

/* Bytes of work memory for `count` values (at most SEASON_VALUES_MAX), about 50 a value.
 */
size_t season_work_size(int32_t count);

/* values: count values, oldest first, step_ms apart, NaN missing; borrowed until the end,
 * like `work` (aligned like malloc's). Values beyond SEASON_VALUES_MAX are not looked at,
 * the newest are. step_ms in [1 s, 1 h]. */
void season_search_init(struct season_search *s, const float *values, int32_t count,
			int64_t step_ms, void *work);
/* Does a slice: a few folds or one transform, for 14 days of five minutes at most 0.6 ms,
 * all of them about 0.9 ms. True while more is due. */
bool season_search_work(struct season_search *s);
/* Valid when the work is done. */
const struct seasons *season_search_result(const struct season_search *s);

/* "24 h, explains 81 % of variance, 13 cycles". ret_text: SEASON_TEXT_MAX bytes. */
void season_text(const struct season *season, char *ret_text);

/* Does a season still hold? Compares each value with that of a period before, O(1). */
struct season_watch {
	double cycles; /* of values seen */
	double rate;   /* per value: two periods' memory */
	double mean, variance, covariance;
	double share; /* when it was found */
};
/* season: as found. step_ms: between the values that are going to be added. */
void season_watch_init(struct season_watch *w, const struct season *season,
		       int64_t step_ms);
/* value, before: now and one period ago; ignored when one of them is NaN. */
void season_watch_add(struct season_watch *w, double value, double before);
/* True when a whole period has shown less than half of the correlation that the share
 * promises: time to search again. */
bool season_watch_doubts(const struct season_watch *w);

#endif
