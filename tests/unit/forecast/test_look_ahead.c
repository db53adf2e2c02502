#include "unit/forecast/feed.h"

#define HISTORY (10 * DAY_MINUTES)
/* An hour before the jump of the day. */
#define LAST (HISTORY + JUMP_MINUTE - 60)

static struct forecaster *f;
static void *scratch;
static struct forecast_config config;
static int heard;

static void hear(void *context, const struct forecast_minute *said)
{
	(void)context;
	(void)said;
	heard++;
}

static void open_f(void)
{
	config = (struct forecast_config){.window_min = 5,
					  .release_min = 2,
					  .quantile = .95,
					  .use_linear = true,
					  .use_holt_winters = true,
					  .heed = hear};
	heard = 0;
	scratch = xmalloc(forecaster_size());
	f = forecaster_init(xmalloc(forecaster_size()), &config);
}

static void close_f(void)
{
	free(f);
	free(scratch);
}

static void learn(int64_t from, int64_t to)
{
	for (int64_t m = from; m < to; m++) {
		forecaster_add(f, (FIRST_MINUTE + m) * MS_PER_MIN,
			       jumping(FIRST_MINUTE + m));
		while (forecaster_work(f))
			;
	}
}

START_TEST(the_jump_is_foreseen_an_hour_after_the_data_has_ended)
{
	struct forecast now, later;
	learn(0, LAST);
	forecaster_predict(f, &now);
	ck_assert_double_lt(now.upper, 2 * JUMP_LOW);
	forecaster_look_ahead(f, 30, scratch, &later);
	ck_assert_int_eq(later.state, FORECAST_READY);
	ck_assert_int_eq(later.made_for_ms, now.made_for_ms + 30 * MS_PER_MIN);
	ck_assert_double_lt(later.upper, 2 * JUMP_LOW);
	forecaster_look_ahead(f, 58, scratch, &later);
	ck_assert_double_gt(later.upper, 0.9 * JUMP_HIGH);
	ck_assert_double_ge(later.release, later.upper);
}
END_TEST

START_TEST(the_forecaster_is_as_before_to_the_last_byte)
{
	AUTO_FREE void *before = xmalloc(forecaster_size());
	struct forecast ahead;
	learn(0, LAST);
	memcpy(before, f, forecaster_size());
	int said = heard;
	forecaster_look_ahead(f, 300, scratch, &ahead);
	ck_assert_int_eq(heard, said);
	ck_assert_int_eq(memcmp(before, f, forecaster_size()), 0);
}
END_TEST

START_TEST(nothing_follows_from_nothing)
{
	struct forecast ahead;
	forecaster_look_ahead(f, 5, scratch, &ahead);
	ck_assert_int_eq(ahead.state, FORECAST_WAITING);
	ck_assert(isnan(ahead.upper));
	learn(0, 100);
	forecaster_look_ahead(f, 5, scratch, &ahead);
	ck_assert_int_eq(ahead.state, FORECAST_WAITING);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("look_ahead");
	TCase *t = tcase_create("look_ahead");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, open_f, close_f);
	tcase_add_test(t, the_jump_is_foreseen_an_hour_after_the_data_has_ended);
	tcase_add_test(t, the_forecaster_is_as_before_to_the_last_byte);
	tcase_add_test(t, nothing_follows_from_nothing);
	suite_add_tcase(s, t);
	return run_suite(s);
}
