/* What a forecaster remembers of the demand: the last day by the minute, two weeks by
 * five minutes. */
#ifndef FORETOP_FORECAST_HISTORY_H
#define FORETOP_FORECAST_HISTORY_H

#include "series/series.h"

#include <stdbool.h>

/* A time here is a number of minutes or cells since the epoch. */
#define MINUTES_PER_HOUR 60
#define MINUTES_PER_DAY  1440
#define MINUTES_PER_WEEK 10080
#define CELL_MINUTES     5
#define CELLS_PER_DAY    (MINUTES_PER_DAY / CELL_MINUTES)

/* Minutes that are not to be learned from are known as such while an outcome that they
 * belong to can still come: the longest window for releases and its first minute. */
#define HISTORY_MARKS 192

/* A row is made when its minute is the newest, and waits for its outcome by itself: it
 * looks back a day and a bridge over a gap. */
#define HISTORY_MINUTES (26 * MINUTES_PER_HOUR)
#define HISTORY_MEANS   (14 * CELLS_PER_DAY)
/* Maxima serve the weekly lags only: a week and an hour. */
#define HISTORY_MAXIMA (7 * CELLS_PER_DAY + MINUTES_PER_HOUR / CELL_MINUTES)

struct history {
	struct ring minutes, means, maxima;
	int64_t newest;  /* number of the newest minute; INT64_MIN while empty */
	int64_t values;  /* minutes with a value so far */
	double usual;    /* running mean of the values' sizes, over a day */
	int32_t refused; /* values in a row that were too large to be believed */
	uint64_t marks[HISTORY_MARKS / 64]; /* a bit for each minute not to be learned */
	/* the cell that the newest minute belongs to */
	double cell_sum, cell_maximum;
	int32_t cell_count;
	float minute_values[HISTORY_MINUTES];
	float mean_values[HISTORY_MEANS];
	float maximum_values[HISTORY_MAXIMA];
};

void history_init(struct history *h);

/* Appends the minute, which is newer than all before. Minutes passed over are missing,
 * and so are values that are NaN, beyond 1e30, or a thousand times the usual ones for
 * less than ten minutes. */
void history_add(struct history *h, int64_t minute, double value);

/* The same for a minute that is not to be learned from. The next forecasts may look back
 * at it; after an hour and a quarter, before it could become a day's or a week's lag, it
 * is forgotten, and its cells never hold it. */
void history_add_unlearned(struct history *h, int64_t minute, double value);

/* Minutes after which history_believe can still undo that. */
#define HISTORY_DOUBT 60

/* This minute, one of the newest HISTORY_DOUBT, may be learned from after all: its cell
 * holds it as if it had always been so. */
void history_believe(struct history *h, int64_t minute);

/* Whether all of these minutes may be learned from; [first, first + count) among the
 * newest HISTORY_MARKS. */
bool history_learnable(const struct history *h, int64_t first, int32_t count);

/* The value of a minute, NaN when missing or forgotten. */
double history_at(const struct history *h, int64_t minute);

/* Mean of the cell that the newest minute belongs to, as far as it is known; NaN without
 * a value. */
double history_open_cell(const struct history *h);
/* Mean over a whole cell, NaN when missing. */
double history_cell(const struct history *h, int64_t cell);

/* Largest value of the minutes [first, first + count), count in [1, 256]; NaN when more
 * than one in five is missing: a maximum over few of its minutes would be too low. */
double history_maximum(const struct history *h, int64_t first, int32_t count);
/* The same from the cells that these minutes touch, for times older than the minutes
 * reach. */
double history_cell_maximum(const struct history *h, int64_t first, int32_t count);

/* The cell of a minute; its hour of the day (UTC), in [0, 23]. */
int64_t cell_of(int64_t minute);
int32_t hour_of(int64_t minute);

#endif
