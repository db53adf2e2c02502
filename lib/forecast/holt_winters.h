/* Holt-Winters on the cells of a history: additive, a daily season, damped or no trend,
 * AR(1). The model itself is smoothing.h's; here it is fitted to what a forecaster
 * remembers, and asked in minutes. */
#ifndef FORETOP_FORECAST_HOLT_WINTERS_H
#define FORETOP_FORECAST_HOLT_WINTERS_H

#include "forecast/history.h"
#include "forecast/smoothing_fit.h"

/* Two days to average a first season from, one to see how well it does. */
#define HOLT_WINTERS_DAYS 3

/* A maximum that was asked for: with steps of five minutes the same cells are asked for
 * again in most minutes. */
struct holt_winters_said {
	int64_t first, last;
	double largest;
};

struct holt_winters {
	bool fitted;
	struct smoothing model; /* its `next` is a number of a cell */
	struct smoothing_fit fit;
	int64_t fit_first;             /* the cells from here on are fitted */
	double seasons[CELLS_PER_DAY]; /* the model's; while a fit runs the next one's */
	/* What the model as it stands has said; forgotten when it moves on. */
	struct holt_winters_said said[2];
	int32_t said_count;
};

/* Moves on by the model's next cell. NaN: missing, the state is carried on. */
void holt_winters_step(struct holt_winters *hw, double y);

/* Largest forecast of the cells that the minutes [first, first + count) touch; first not
 * before the model's next cell, count > 0. What is seen of the cell in hand is left out
 * on purpose: its first minutes say little about its last ones where load moves in steps.
 * With it, Holt-Winters alone closed less of the gap between an HPA and a perfect
 * forecast on three request and CPU traces at leads of 1, 3 and 10 minutes (once the
 * same); without it the forecast of jumping machines is higher, and costs more pods. */
double holt_winters_maximum(struct holt_winters *hw, int64_t first, int32_t count);

/* Begins a fit for windows of `window` minutes on the cells before `end`. Until it is
 * done no model may be asked or moved on: there is room for the seasons of one. Each fit
 * starts from nothing, so that its result is one of the history alone. False, and nothing
 * begun, with less than HOLT_WINTERS_DAYS of cells or hardly a value in them. */
bool holt_winters_fit_begin(struct holt_winters *hw, const struct history *h, int64_t end,
			    int32_t window);

/* A pass through all cells, at most 0.2 ms; the last one replaces the model. True while
 * the fit runs. The history must not have changed since it began. */
bool holt_winters_fit_work(struct holt_winters *hw, const struct history *h);

#endif
