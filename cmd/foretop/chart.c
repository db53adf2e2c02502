#include "chart.h"

#include <math.h>
#include <stdbool.h>

struct marks {
	const char *served, *unserved, *spare, *upper, *empty;
};

static const struct marks ascii = {"#", "!", ".", "-", " "};
static const struct marks blocks = {"█", "▓", "░", "─", " "};

void chart_init(struct chart *c, int64_t start_ms, int64_t span_ms)
{
	*c = (struct chart){.start_ms = start_ms, .span_ms = span_ms};
}

void chart_add(struct chart *c, int64_t at_ms, double demand, double ready, double upper)
{
	int64_t column = (at_ms - c->start_ms) * CHART_COLUMNS / c->span_ms;
	if (at_ms < c->start_ms || column >= CHART_COLUMNS)
		return;
	struct chart_cell *cell = &c->cells[column];
	if (!cell->known)
		*cell = (struct chart_cell){
			.known = true, .demand = demand, .ready = ready, .upper = upper};
	cell->demand = fmax(cell->demand, demand);
	cell->ready = fmin(cell->ready, ready);
	cell->upper = fmax(cell->upper, upper); /* fmax ignores NaN */
	cell->shortage |= demand > ready;
}

static double highest(const struct chart *c)
{
	double most = 1;
	for (int i = 0; i < CHART_COLUMNS; i++)
		if (c->cells[i].known)
			most = fmax(most,
				    fmax(fmax(c->cells[i].demand, c->cells[i].ready),
					 c->cells[i].upper));
	return most;
}

/* What stands in a cell that covers (low, high] pods. */
static const char *mark(const struct chart_cell *cell, const struct marks *m, double low,
			double high)
{
	if (!cell->known)
		return m->empty;
	if (cell->demand > low)
		return cell->shortage && high > cell->ready ? m->unserved : m->served;
	if (cell->upper > low && cell->upper <= high)
		return m->upper;
	return cell->ready > low ? m->spare : m->empty;
}

void chart_draw(const struct chart *c, bool utf8, struct str *out)
{
	const struct marks *m = utf8 ? &blocks : &ascii;
	double step = highest(c) / CHART_ROWS;
	for (int row = CHART_ROWS - 1; row >= 0; row--) {
		str_printf(out, "%5.0f ", ceil(step * (row + 1)));
		for (int i = 0; i < CHART_COLUMNS; i++)
			str_puts(out,
				 mark(&c->cells[i], m, step * row, step * (row + 1)));
		str_puts(out, "\n");
	}
	str_puts(out, " pods ");
	for (int i = 0; i < CHART_COLUMNS; i += CHART_COLUMNS / 8) {
		int64_t at = c->start_ms + c->span_ms * i / CHART_COLUMNS;
		str_printf(out, "%02d:%02d    ", (int)(at / MS_PER_H % 24),
			   (int)(at / MS_PER_MIN % 60));
	}
	str_printf(out,
		   "\n      %s served   %s above the Ready pods   %s Ready, not needed   "
		   "%s forecast's upper bound\n",
		   m->served, m->unserved, m->spare, m->upper);
}
