/* A regression over many rows, in slices: adds them up, chooses the penalty, cuts what
 * outliers say and solves. */
#ifndef FORETOP_FORECAST_GRAM_FIT_H
#define FORETOP_FORECAST_GRAM_FIT_H

#include "forecast/gram.h"

/* Fills the rows [first, first + GRAM_BLOCK) of those that a model learns from; rows from
 * `end` on count for nothing. */
typedef void gram_fill(const void *model, int32_t first, int32_t end,
		       struct gram_block *ret_block);

/* The same for many rows at once, from `first` on: adds them to the sums, or notes which
 * targets are cut (gram_cut). The number of rows done; 0: ask for a block instead. */
typedef int32_t gram_add_run(const void *model, int32_t first, int32_t end,
			     struct gram *g);
typedef int32_t gram_cut_run(const void *model, int32_t first, int32_t end,
			     const struct gram_solution *solution, double limit,
			     struct gram_change *change);

/* Where rows come from. The runs may be NULL. */
struct gram_source {
	gram_fill *fill;
	gram_add_run *add;
	gram_cut_run *cut;
	const void *model;
};

enum gram_stage { GRAM_ADDING, GRAM_CHOOSING, GRAM_CUTTING, GRAM_DONE };

struct gram_fit {
	enum gram_stage stage;
	int32_t added; /* rows in the sums */
	int32_t cut;   /* rows whose targets were looked at again */
	int32_t rows;  /* where the fit ends */
	struct gram gram;
	struct gram_change change;
	struct gram_system system;
	struct gram_solution solution;
};

void gram_fit_begin(struct gram_fit *fit, int32_t dim);

/* Solves with the rows [0, rows); those that are in the sums stay in them, so a fit can
 * go on from an earlier one to more rows. */
void gram_fit_to(struct gram_fit *fit, int32_t rows);

/* A slice of about a tenth of a millisecond. True while more is due. In the end
 * `solution` holds; its dim is 0 when there were too few rows. */
bool gram_fit_work(struct gram_fit *fit, const struct gram_source *source);

#endif
