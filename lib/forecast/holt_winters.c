#include "forecast/holt_winters.h"

#include <assert.h>
#include <math.h>

void holt_winters_step(struct holt_winters *hw, double y)
{
	assert(!hw->fit.running);
	smoothing_step(&hw->model, y);
	hw->said_count = 0;
}

/* Two windows of different lengths ask in turn. */
static struct holt_winters_said *room(struct holt_winters *hw)
{
	if (hw->said_count == ARRAY_LEN(hw->said))
		hw->said[0] = hw->said[--hw->said_count];
	return &hw->said[hw->said_count++];
}

double holt_winters_maximum(struct holt_winters *hw, int64_t first, int32_t count)
{
	int64_t cell = cell_of(first), last = cell_of(first + count - 1);

	assert(!hw->fit.running);
	for (int32_t i = 0; i < hw->said_count; i++)
		if (hw->said[i].first == cell && hw->said[i].last == last)
			return hw->said[i].largest;

	struct holt_winters_said *said = room(hw);

	said->first = cell;
	said->last = last;
	said->largest =
		smoothing_maximum(&hw->model, (int32_t)(cell - hw->model.next + 1),
				  (int32_t)(last - cell + 1));
	return said->largest;
}

/* The cells [first, last), from the ring that holds them. */
static void copy_cells(const struct history *h, int64_t first, int64_t last,
		       double *ret_values)
{
	for (int64_t cell = first; cell < last; cell++)
		ret_values[cell - first] = history_cell(h, cell);
}

static int64_t first_known_cell(const struct history *h)
{
	int64_t cell = h->means.first;

	while (cell < h->means.next && isnan(history_cell(h, cell)))
		cell++;
	return cell;
}

bool holt_winters_fit_begin(struct holt_winters *hw, const struct history *h, int64_t end,
			    int32_t window)
{
	const struct smoothing_config config = {
		.seasons = {CELLS_PER_DAY},
		.horizon = (window + CELL_MINUTES - 1) / CELL_MINUTES,
	};
	double values[HISTORY_MEANS];
	int64_t first = first_known_cell(h);

	if (end - first < HOLT_WINTERS_DAYS * CELLS_PER_DAY)
		return false;
	hw->fit_first = first;
	copy_cells(h, first, end, values);
	return smoothing_fit_begin(&hw->fit, &config, values, (int32_t)(end - first),
				   hw->seasons);
}

bool holt_winters_fit_work(struct holt_winters *hw, const struct history *h)
{
	/* Needed during the call alone: a forecaster has no room for them. */
	double values[HISTORY_MEANS];
	double workspace[SMOOTHING_FIT_WORKSPACE(CELLS_PER_DAY, HISTORY_MEANS)];

	copy_cells(h, hw->fit_first, hw->fit_first + hw->fit.count, values);
	if (smoothing_fit_work(&hw->fit, values, workspace, &hw->model))
		return true;
	hw->model.next += hw->fit_first;
	hw->fitted = true;
	hw->said_count = 0;
	return false;
}
