#include "forecast/spectrum.h"

#include <math.h>
#include <stdbool.h>

#define COUNT_LEAST  32
#define PERIOD_LEAST 4
#define CYCLES_LEAST 4
/* Power at noise's frequencies is exponential: its largest of 10,000 is about 10 times
 * the mean, so 15 is one in hundreds of series. */
#define PEAK_LEAST 15.
/* What is around: a third of an octave to both sides, without the peak itself. */
#define AROUND 1.25
#define APART  1.03

int32_t spectrum_length(int32_t count)
{
	int32_t n = COUNT_LEAST;

	while (n < 2 * count)
		n *= 2;
	return n;
}

static void swap(float *a, float *b)
{
	float t = *a;

	*a = *b;
	*b = t;
}

static void reverse_bits(float *re, float *im, int32_t n)
{
	for (int32_t i = 1, j = 0; i < n; i++) {
		int32_t bit = n >> 1;

		for (; j & bit; bit >>= 1)
			j ^= bit;
		j ^= bit;
		if (i < j) {
			swap(&re[i], &re[j]);
			swap(&im[i], &im[j]);
		}
	}
}

/* One butterfly of the transform (Cooley, Tukey 1965), with the turn w. */
static void butterfly(float *re, float *im, int32_t half, const double w[2])
{
	float r = (float)(re[half] * w[0] - im[half] * w[1]);
	float i = (float)(re[half] * w[1] + im[half] * w[0]);

	re[half] = re[0] - r;
	im[half] = im[0] - i;
	re[0] += r;
	im[0] += i;
}

static void transform(float *re, float *im, int32_t n)
{
	reverse_bits(re, im, n);
	for (int32_t half = 1; half < n; half *= 2) {
		double step[2] = {cos(M_PI / half), -sin(M_PI / half)};

		for (int32_t block = 0; block < n; block += 2 * half) {
			double w[2] = {1, 0};

			for (int32_t i = block; i < block + half; i++) {
				butterfly(re + i, im + i, half, w);

				double turned = w[0] * step[0] - w[1] * step[1];

				w[1] = w[0] * step[1] + w[1] * step[0];
				w[0] = turned;
			}
		}
	}
}

/* Hann's window keeps a strong line from spilling over its neighbours. */
static void load(const float *x, int32_t count, float *re, float *im, int32_t n)
{
	for (int32_t i = 0; i < n; i++) {
		bool there = i < count && !isnan(x[i]);

		re[i] = there ? (float)(x[i] * .5 *
					(1 - cos(2 * M_PI * (i + .5) / count)))
			      : 0;
		im[i] = 0;
	}
}

/* Prefix sums of power, to `sums`; power stays in `power`. */
static void to_power(float *power, float *imaginary, int32_t half)
{
	double sum = 0;

	for (int32_t i = 0; i < half; i++) {
		power[i] = power[i] * power[i] + imaginary[i] * imaginary[i];
		sum += power[i];
		imaginary[i] = (float)sum;
	}
}

static double around(const float *sums, int32_t at, int32_t width, int32_t half)
{
	int32_t from = (int32_t)(at / AROUND), to = (int32_t)(at * AROUND);

	to = to < half ? to : half - 1;

	double sides = (sums[at - width] - sums[from]) + (sums[to] - sums[at + width]);
	int32_t n = (at - width - from) + (to - at - width);

	return n > 2 * width ? sides / n : INFINITY;
}

/* Where between the frequencies the peak is: a parabola through the logarithms. */
static double vertex(const float *power, int32_t at)
{
	double a = log(power[at - 1] + 1e-300), b = log(power[at] + 1e-300),
	       c = log(power[at + 1] + 1e-300);
	double bend = a - 2 * b + c;

	return bend < 0 ? at + .5 * (a - c) / bend : at;
}

static bool is_new(const double *periods, int32_t count, double period)
{
	for (int32_t i = 0; i < count; i++)
		if (period < APART * periods[i] && periods[i] < APART * period)
			return false;
	return true;
}

void spectrum_peaks(const float *x, int32_t count, float *work, int32_t most,
		    double *ret_periods)
{
	int32_t n = spectrum_length(count), half = n / 2;
	float *power = work, *sums = work + n;
	int32_t first = CYCLES_LEAST * n / (count > 0 ? count : 1);
	int32_t width = 2 * n / (count > 0 ? count : 1);
	int32_t found = 0;

	for (int32_t i = 0; i < most; i++)
		ret_periods[i] = 0;
	if (count < COUNT_LEAST)
		return;
	load(x, count, power, sums, n);
	transform(power, sums, n);
	to_power(power, sums, half);
	while (found < most) {
		double best = PEAK_LEAST;
		int32_t at = 0;

		for (int32_t i = first; i < n / PERIOD_LEAST; i++) {
			if (power[i] < power[i - 1] || power[i] < power[i + 1])
				continue;

			double ratio = power[i] / around(sums, i, width, half);

			if (ratio > best && is_new(ret_periods, found, (double)n / i)) {
				best = ratio;
				at = i;
			}
		}
		if (at == 0)
			return;
		ret_periods[found++] = n / vertex(power, at);
	}
}
