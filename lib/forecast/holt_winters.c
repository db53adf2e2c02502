#include "forecast/holt_winters.h"
#include "forecast/scalar.h"

#include <math.h>

#define SIZE_RATE .01
#define CUT_SIZES 6

int32_t cell_of_day(int64_t cell)
{
	int64_t rest = cell % CELLS_PER_DAY;

	return (int32_t)(rest < 0 ? rest + CELLS_PER_DAY : rest);
}

/* Seasons that drift away from a zero sum would hide a part of the level: move it back,
 * once a day. */
static void renormalise(struct holt_winters *hw)
{
	double sum = 0;
	float least = INFINITY, most = -INFINITY;

	for (int32_t i = 0; i < CELLS_PER_DAY; i++)
		sum += hw->season[i];

	double mean = sum / CELLS_PER_DAY;

	for (int32_t i = 0; i < CELLS_PER_DAY; i++) {
		hw->season[i] = (float)(hw->season[i] - mean);
		least = hw->season[i] < least ? hw->season[i] : least;
		most = hw->season[i] > most ? hw->season[i] : most;
	}
	hw->level += mean;
	hw->swing = (double)most - (double)least;
}

void holt_winters_step(struct holt_winters *hw, double y)
{
	const struct holt_winters_rates *rates = &hw->rates;
	int32_t slot = hw->slot;

	hw->next++;
	hw->slot = slot + 1 < CELLS_PER_DAY ? slot + 1 : 0;

	hw->trend *= rates->phi;
	hw->level += hw->trend;
	if (isnan(y)) {
		hw->error *= rates->rho;
		return;
	}

	double error = y - (hw->level + hw->season[slot]);
	double limit = larger(hw->swing, CUT_SIZES * hw->size);
	double cut = within(error, -limit, limit);

	hw->error = error;
	hw->size += SIZE_RATE * (fabs(error) - hw->size);
	hw->level += rates->alpha * cut;
	hw->trend += rates->alpha * rates->beta * cut;
	hw->season[slot] =
		(float)(hw->season[slot] + rates->gamma * (1 - rates->alpha) * cut);
	if (slot == CELLS_PER_DAY - 1)
		renormalise(hw);
}

/* phi + phi^2 + ... + phi^steps */
static double damped_sum(double phi, int64_t steps)
{
	return phi > 0 ? phi * (1 - pow(phi, (double)steps)) / (1 - phi) : 0;
}

double holt_winters_base(const struct holt_winters *hw, int64_t cell)
{
	double trend = hw->trend != 0 ? hw->trend * damped_sum(hw->rates.phi,
							       cell - hw->next + 1)
				      : 0;

	return hw->level + trend + hw->season[cell_of_day(cell)];
}

double holt_winters_maximum(const struct holt_winters *hw, int64_t first, int32_t count)
{
	int64_t cell = cell_of(first), last = cell_of(first + count - 1);
	double correction = hw->error * pow(hw->rates.rho, (double)(cell - hw->next + 1));
	double largest = -INFINITY;

	for (; cell <= last; cell++, correction *= hw->rates.rho)
		largest = larger(largest, holt_winters_base(hw, cell) + correction);
	return largest;
}
