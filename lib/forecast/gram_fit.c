#include "forecast/gram_fit.h"
#include "forecast/scalar.h"

#include <string.h>

#define SLICE_BLOCKS 16
/* Targets farther than this many deviations from what is predicted are moved there
 * (Huber's proposal; 2 keeps 95 % of the efficiency at normal errors). */
#define CUT_DEVIATIONS 2.
/* Rows per regressor below which a regression says little. */
#define ROWS_EACH 3

void gram_fit_begin(struct gram_fit *fit, int32_t dim)
{
	gram_init(&fit->gram, dim);
	fit->added = 0;
	fit->stage = GRAM_DONE;
}

void gram_fit_to(struct gram_fit *fit, int32_t rows)
{
	fit->rows = rows;
	fit->cut = 0;
	fit->stage = GRAM_ADDING;
}

static void add_rows(struct gram_fit *fit, gram_fill *fill, const void *model)
{
	for (int32_t b = 0; b < SLICE_BLOCKS && fit->added < fit->rows; b++) {
		struct gram_block block;

		fill(model, fit->added, fit->rows, &block);
		gram_add(&fit->gram, &block);
		fit->added += GRAM_BLOCK;
	}
	if (fit->added >= fit->rows) {
		fit->added = fit->rows;
		fit->stage = GRAM_CHOOSING;
	}
}

/* Looks at blocks spread evenly over the rows. */
static void choose(struct gram_fit *fit, gram_fill *fill, const void *model)
{
	struct gram_block blocks[GRAM_SAMPLE];
	int32_t count = (fit->rows + GRAM_BLOCK - 1) / GRAM_BLOCK;

	fit->solution.dim = 0;
	fit->stage = GRAM_DONE;
	if (gram_rows(&fit->gram) < ROWS_EACH * fit->gram.dim ||
	    !gram_factorise(&fit->gram, &fit->system))
		return;
	if (count > GRAM_SAMPLE)
		count = GRAM_SAMPLE;
	for (int32_t i = 0; i < count; i++) {
		int64_t span = fit->rows > GRAM_BLOCK ? fit->rows - GRAM_BLOCK : 0;
		int32_t first = count > 1 ? (int32_t)(span * i / (count - 1)) : 0;

		fill(model, first, fit->rows, &blocks[i]);
	}
	gram_choose(&fit->system, blocks, count, &fit->solution);
	if (fit->solution.deviation > 0)
		fit->stage = GRAM_CUTTING;
}

static void cut_targets(struct gram_fit *fit, gram_fill *fill, const void *model)
{
	double limit = CUT_DEVIATIONS * fit->solution.deviation;

	for (int32_t b = 0; b < SLICE_BLOCKS && fit->cut < fit->rows; b++) {
		struct gram_block block;
		double residual[GRAM_BLOCK];
		bool any = false;

		fill(model, fit->cut, fit->rows, &block);
		gram_residuals(&fit->solution, &block, residual);
		for (int32_t r = 0; r < GRAM_BLOCK; r++) {
			residual[r] = within(residual[r], -limit, limit) - residual[r];
			any |= residual[r] != 0;
		}
		if (any)
			gram_shift_targets(&fit->system, &block, residual);
		fit->cut += GRAM_BLOCK;
	}
	if (fit->cut < fit->rows)
		return;
	gram_solve(&fit->system, fit->solution.lambda, &fit->solution);
	fit->stage = GRAM_DONE;
}

bool gram_fit_work(struct gram_fit *fit, gram_fill *fill, const void *model)
{
	switch (fit->stage) {
	case GRAM_ADDING:
		add_rows(fit, fill, model);
		break;
	case GRAM_CHOOSING:
		choose(fit, fill, model);
		break;
	case GRAM_CUTTING:
		cut_targets(fit, fill, model);
		break;
	case GRAM_DONE:
		break;
	}
	return fit->stage != GRAM_DONE;
}
