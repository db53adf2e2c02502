#include "forecast/forecast.h"

#include "base/base.h"
#include "unit/forecast/feed.h"
#include "unit/harness.h"

#include <string.h>

#define HEARD_MAX (4 * DAY_MINUTES)

struct listener {
	int32_t count;
	struct forecast_minute heard[HEARD_MAX];
};

static void hear(void *context, const struct forecast_minute *said)
{
	struct listener *l = context;

	ck_assert_int_lt(l->count, HEARD_MAX);
	l->heard[l->count++] = *said;
}

static struct forecast_config config_heard_by(struct listener *l)
{
	struct forecast_config config = config_of(5);

	config.heed = hear;
	config.heed_context = l;
	return config;
}

/* A minute in ten is missing, and an hour is not given at all. */
static bool given(int64_t i)
{
	return i < 2000 || i >= 2060;
}

static double torn(int64_t i)
{
	return i % 10 == 7 ? NAN : daily(FIRST_MINUTE + i);
}

/* Adds as much as the queue takes and then works `slices` times, again and again. */
static void hear_in_slices(struct listener *l, int64_t minutes, int slices)
{
	struct forecast_config config = config_heard_by(l);
	AUTO_FREE struct forecaster *f = forecaster_new(&config);
	int64_t i = 0;

	while (i < minutes) {
		while (i < minutes &&
		       (!given(i) ||
			forecaster_add(f, (FIRST_MINUTE + i) * MS_PER_MIN, torn(i))))
			i++;
		for (int k = 0; k < slices; k++)
			forecaster_work(f);
	}
	while (forecaster_work(f))
		;
}

static void ck_same_minute(const struct forecast_minute *a,
			   const struct forecast_minute *b)
{
	ck_assert_int_eq(a->end_ms, b->end_ms);
	ck_assert_int_eq(a->known, b->known);
	ck_assert(same_bits(a->value, b->value));
	ck_assert(same_bits(a->mean, b->mean));
	ck_assert(same_bits(a->upper, b->upper));
	ck_assert(same_bits(a->release, b->release));
}

START_TEST(what_is_heard_does_not_depend_on_slices)
{
	AUTO_FREE struct listener *whole = xcalloc(1, sizeof(*whole));
	int64_t minutes = HEARD_MAX - 40;

	hear_in_slices(whole, minutes, 100);
	ck_assert_int_eq(whole->count, minutes);
	for (int slices = 1; slices < 4; slices++) {
		AUTO_FREE struct listener *other = xcalloc(1, sizeof(*other));

		hear_in_slices(other, minutes, slices);
		ck_assert_int_eq(other->count, whole->count);
		for (int32_t i = 0; i < whole->count; i++)
			ck_same_minute(&whole->heard[i], &other->heard[i]);
	}
}
END_TEST

START_TEST(every_minute_is_heard_once_in_the_order_of_time)
{
	AUTO_FREE struct listener *l = xcalloc(1, sizeof(*l));

	hear_in_slices(l, 2500, 1);
	ck_assert_int_eq(l->count, 2500);
	for (int32_t i = 0; i < l->count; i++) {
		const struct forecast_minute *m = &l->heard[i];

		ck_assert_int_eq(m->end_ms, (FIRST_MINUTE + i + 1) * MS_PER_MIN);
		ck_assert_int_eq(m->known, given(i) && !isnan(torn(i)));
		if (m->known)
			ck_near(m->value, torn(i), 1e-4);
		else
			ck_assert(isnan(m->value));
	}
}
END_TEST

START_TEST(what_is_heard_is_what_would_have_been_answered)
{
	AUTO_FREE struct listener *l = xcalloc(1, sizeof(*l));
	struct forecast_config config = config_heard_by(l);
	AUTO_FREE struct forecaster *f = forecaster_new(&config);
	int32_t spoken = 0;

	for (int32_t i = 0; i < DAY_MINUTES; i++) {
		feed(f, i, daily(FIRST_MINUTE + i));
		ck_assert_int_eq(l->count, i + 1);

		struct forecast answer = asked(f);
		const struct forecast_minute *m = &l->heard[i];

		ck_assert_int_eq(m->end_ms, answer.made_for_ms);
		ck_assert(same_bits(m->value, answer.last));
		ck_assert(same_bits(m->mean, answer.mean));
		ck_assert(same_bits(m->upper, answer.upper));
		ck_assert(same_bits(m->release, answer.release));
		spoken += !isnan(m->upper);
	}
	ck_assert_int_gt(spoken, 0);
	ck_assert_int_lt(spoken, DAY_MINUTES);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("heed");
	TCase *tc = tcase_create("heed");

	tcase_add_test(tc, what_is_heard_does_not_depend_on_slices);
	tcase_add_test(tc, every_minute_is_heard_once_in_the_order_of_time);
	tcase_add_test(tc, what_is_heard_is_what_would_have_been_answered);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
