#include "forecast/gram_fit.h"

#include <string.h>

#define SLICE_ROWS 512
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
	memset(&fit->change, 0, sizeof(fit->change));
	fit->stage = GRAM_ADDING;
}

/* The rows from `first` on; how many. */
static int32_t add(struct gram_fit *fit, const struct gram_source *source, int32_t first)
{
	struct gram_block block;
	int32_t run = source->add
			      ? source->add(source->model, first, fit->rows, &fit->gram)
			      : 0;

	if (run)
		return run;
	source->fill(source->model, first, fit->rows, &block);
	gram_add(&fit->gram, &block);
	return GRAM_BLOCK;
}

static void add_rows(struct gram_fit *fit, const struct gram_source *source)
{
	int32_t end = fit->added + SLICE_ROWS;

	while (fit->added < end && fit->added < fit->rows)
		fit->added += add(fit, source, fit->added);
	if (fit->added >= fit->rows) {
		fit->added = fit->rows;
		fit->stage = GRAM_CHOOSING;
	}
}

/* Looks at blocks spread evenly over the rows. */
static void choose(struct gram_fit *fit, const struct gram_source *source)
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

		source->fill(source->model, first, fit->rows, &blocks[i]);
	}
	gram_choose(&fit->system, blocks, count, &fit->solution);
	if (fit->solution.deviation > 0)
		fit->stage = GRAM_CUTTING;
}

static int32_t cut(struct gram_fit *fit, const struct gram_source *source, int32_t first)
{
	double limit = CUT_DEVIATIONS * fit->solution.deviation;
	struct gram_block block;
	int32_t run = source->cut ? source->cut(source->model, first, fit->rows,
						&fit->solution, limit, &fit->change)
				  : 0;

	if (run)
		return run;
	source->fill(source->model, first, fit->rows, &block);
	gram_cut(&fit->solution, &block, limit, &fit->change);
	return GRAM_BLOCK;
}

static void cut_targets(struct gram_fit *fit, const struct gram_source *source)
{
	int32_t end = fit->cut + SLICE_ROWS;

	while (fit->cut < end && fit->cut < fit->rows)
		fit->cut += cut(fit, source, fit->cut);
	if (fit->cut < fit->rows)
		return;
	if (fit->change.any) {
		gram_shift_targets(&fit->system, &fit->change);
		gram_solve(&fit->system, fit->solution.lambda, &fit->solution);
	}
	fit->stage = GRAM_DONE;
}

bool gram_fit_work(struct gram_fit *fit, const struct gram_source *source)
{
	switch (fit->stage) {
	case GRAM_ADDING:
		add_rows(fit, source);
		break;
	case GRAM_CHOOSING:
		choose(fit, source);
		break;
	case GRAM_CUTTING:
		cut_targets(fit, source);
		break;
	case GRAM_DONE:
		break;
	}
	return fit->stage != GRAM_DONE;
}
