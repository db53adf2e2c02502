/* One row of the regression: what is known of the demand at a minute. */
#ifndef FORETOP_FORECAST_FEATURES_H
#define FORETOP_FORECAST_FEATURES_H

#include "forecast/history.h"

/* Nested: the first FEATURES_RECENT serve the model of recent lags, the first
 * FEATURES_DAY that of the day, all of them that of the week. */
enum feature {
	FEATURE_ONE,
	FEATURE_LAST, /* lag 0: the minute itself */
	FEATURE_LAG_1,
	FEATURE_LAG_2,
	FEATURE_LAG_3,
	FEATURE_LAG_5,
	FEATURE_LAG_10,
	FEATURE_LAG_20,
	FEATURE_MEAN_15,
	FEATURE_MEAN_60,
	FEATURE_MAX_5,
	FEATURE_MAX_15,
	FEATURE_MAX_60,
	FEATURES_RECENT,
	/* a season ago: the value, the largest within the window, the same a window
	   later, smoothed values at both */
	FEATURE_DAY_VALUE = FEATURES_RECENT,
	FEATURE_DAY_TARGET,
	FEATURE_DAY_TARGET_LATER,
	FEATURE_DAY_MEAN,
	FEATURE_DAY_MEAN_LATER,
	FEATURES_DAY,
	FEATURE_WEEK_VALUE = FEATURES_DAY,
	FEATURE_WEEK_TARGET,
	FEATURE_WEEK_TARGET_LATER,
	FEATURE_WEEK_MEAN,
	FEATURE_WEEK_MEAN_LATER,
	FEATURES_WEEK,
};

/* A row that is kept, in whole registers. */
#define FEATURES_KEPT 24

struct feature_row {
	/* The first `known` are valid. */
	double x[FEATURES_KEPT];
	int32_t known;    /* 0, FEATURES_RECENT, FEATURES_DAY or FEATURES_WEEK */
	bool learnable;   /* nothing but short gaps had to be bridged */
	double deviation; /* standard deviation of the last 15 minutes */
	double movement;  /* mean absolute change from minute to minute over the last hour
			   */
};

/* The recent part of the row of `minute`: uses nothing newer than that. A missing lag is
 * bridged by the nearest older value within 10 minutes, else by the next newer one (the
 * row is not learnable then). Without a value in the last 10 minutes nothing is known. */
void feature_row_recent(const struct history *h, int64_t minute,
			struct feature_row *ret_row);

/* Adds the seasonal lags to a recent row of the same minute, for the window of `window`
 * minutes after it, as far as they are known. */
void feature_row_seasons(const struct history *h, int64_t minute, int32_t window,
			 struct feature_row *row);

/* The known columns, to be learned from later; zeros beyond. */
void feature_row_keep(const struct feature_row *row, float ret_kept[FEATURES_KEPT]);

#endif
