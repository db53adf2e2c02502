#include "forecast/spectrum.h"

#include "base/base.h"
#include "unit/harness.h"

#define COUNT 2000

static float series[COUNT];

static void peaks(int32_t count, double *ret_periods)
{
	AUTO_FREE float *work =
		xmalloc(2 * (size_t)spectrum_length(count) * sizeof(float));

	spectrum_peaks(series, count, work, 3, ret_periods);
}

static void fill(double noise_size, double period, double other)
{
	struct rng noise;

	rng_init(&noise, 1);
	for (int i = 0; i < COUNT; i++)
		series[i] = (float)(sin(2 * M_PI * i / period) +
				    .5 * sin(2 * M_PI * i / other) +
				    noise_size * rng_normal(&noise));
}

START_TEST(peaks_come_by_height_and_between_the_frequencies)
{
	double found[3];

	fill(1, 37.3, 11);
	peaks(COUNT, found);
	ck_near(found[0], 37.3, .15);
	ck_near(found[1], 11, .03);
	ck_near(found[2], 0, 0);
}
END_TEST

START_TEST(missing_values_count_as_zero)
{
	double found[3];

	fill(.5, 50, 11);
	for (int i = 0; i < COUNT; i += 3)
		series[i] = NAN;
	peaks(COUNT, found);
	ck_near(found[0], 50, .5);
}
END_TEST

START_TEST(noise_and_little_data_have_no_peaks)
{
	int some = 0;
	double found[3];

	for (int32_t count = 0; count < 32; count++) {
		peaks(count, found);
		ck_near(found[0], 0, 0);
	}
	for (int round = 0; round < 20; round++) {
		struct rng noise;

		rng_init(&noise, (uint64_t)round);
		for (int i = 0; i < COUNT; i++)
			series[i] = (float)rng_normal(&noise);
		peaks(COUNT, found);
		some += found[0] > 0;
	}
	ck_assert_int_le(some, 2);
	for (int i = 0; i < COUNT; i++)
		series[i] = 0;
	peaks(COUNT, found);
	ck_near(found[0], 0, 0);
}
END_TEST

START_TEST(a_length_holds_the_values_twice)
{
	ck_assert_int_eq(spectrum_length(0), 32);
	ck_assert_int_eq(spectrum_length(16), 32);
	ck_assert_int_eq(spectrum_length(17), 64);
	ck_assert_int_eq(spectrum_length(20160), 65536);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("spectrum");
	TCase *tc = tcase_create("spectrum");

	tcase_add_test(tc, peaks_come_by_height_and_between_the_frequencies);
	tcase_add_test(tc, missing_values_count_as_zero);
	tcase_add_test(tc, noise_and_little_data_have_no_peaks);
	tcase_add_test(tc, a_length_holds_the_values_twice);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
