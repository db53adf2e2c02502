#include "unit/engine/rig.h"

static struct rig r;

static void open_rig(void)
{
	rig_open(&r, NULL);
	rig_policy(&r, "checkout", FORECAST);
	rig_target(&r, 3, "10");
}

static void close_rig(void)
{
	rig_close(&r);
}

static struct feed *feed(void)
{
	return &rig_slot(&r)->metrics[0].feed;
}

static bool asks(void)
{
	for (int32_t i = 0; i < r.did->count; i++)
		if (r.did->items[i].type == ACTION_QUERY &&
		    r.did->items[i].u.query.ref.kind == QUERY_HISTORY)
			return true;
	return false;
}

/* Lists the pods, and ticks: the first day of history is asked for. */
static void begin(void)
{
	rig_pods(&r, 3);
	rig_next(&r);
	ck_assert(asks());
}

static void answer(const struct sample *samples, int32_t count)
{
	struct event event = {.type = EVENT_HISTORY};
	event.u.history.query = r.history;
	event.u.history.samples = samples;
	event.u.history.count = count;
	rig_step(&r, &event);
}

static void query_fails(void)
{
	struct event event = {.type = EVENT_QUERY_FAILED};
	event.u.query_failed.query = r.history;
	event.u.query_failed.why = "connection refused";
	rig_step(&r, &event);
}

/* A sample a minute with the value of its number. */
static void answer_all(void)
{
	int32_t n = (int32_t)((r.end_ms - r.start_ms) / MS_PER_MIN) + 1;
	struct sample *samples = xcalloc((size_t)n, sizeof(*samples));
	for (int32_t i = 0; i < n; i++)
		samples[i] = (struct sample){r.start_ms + i * MS_PER_MIN,
					     100 + (double)(i % 60)};
	answer(samples, n);
	free(samples);
}

static void work(void)
{
	struct event event = {.type = EVENT_WORK};
	for (bool asked = false; engine_has_work(r.e) && !asked; asked = asks())
		rig_step(&r, &event);
}

/* Answers and learns until the present is reached. */
static void load(void)
{
	begin();
	while (!feed()->loaded) {
		answer_all();
		work();
	}
}

START_TEST(history_is_asked_for_day_by_day_on_the_grid_of_days)
{
	begin();
	int64_t day = MONDAY - MONDAY % MS_PER_DAY;
	/* Two days before, from the border of that day on; a value speaks of the minute
	 * before. */
	ck_assert_int_eq(r.start_ms, day - 2 * MS_PER_DAY + MS_PER_MIN);
	ck_assert_int_eq(r.end_ms, day - MS_PER_DAY);
	answer_all();
	ck_assert(engine_has_work(r.e));
	work();
	ck_assert_int_eq(r.start_ms, day - MS_PER_DAY + MS_PER_MIN);
	answer_all();
	work();
	ck_assert_int_eq(r.start_ms, day + MS_PER_MIN);
	/* The last minute that has ended and had 10 s to settle. */
	int64_t newest = r.now_ms - 10 * MS_PER_S;
	ck_assert_int_eq(r.end_ms, newest - newest % MS_PER_MIN);
	ck_assert(!feed()->loaded);
	answer_all();
	work();
	ck_assert(feed()->loaded);
	ck_assert(!engine_has_work(r.e));
	/* The first forecast is decided on at once. */
	ck_assert_int_le(engine_next_tick_ms(r.e), r.now_ms);
}
END_TEST

START_TEST(each_minute_follows_when_it_has_settled)
{
	load();
	int64_t cursor = feed()->cursor_ms;
	while (!asks())
		rig_next(&r);
	ck_assert_int_eq(r.now_ms, cursor + MS_PER_MIN + 10 * MS_PER_S);
	ck_assert_int_eq(r.start_ms, cursor + MS_PER_MIN);
	ck_assert_int_eq(r.end_ms, cursor + MS_PER_MIN);
	/* It waits for nobody and keeps nobody waiting. */
	ck_assert_int_eq(r.e->backfills, 0);
}
END_TEST

START_TEST(samples_are_put_on_the_grid_of_minutes)
{
	begin();
	int64_t from = r.start_ms - MS_PER_MIN;
	struct sample samples[] = {
		{from, 1},                         /* speaks of the minute before */
		{from + MS_PER_MIN, 10},           /* the first minute */
		{from + 2 * MS_PER_MIN + 900, 20}, /* a little off */
		{from + 4 * MS_PER_MIN, NAN},
		{from + 5 * MS_PER_MIN, 1e300}, /* no float */
		{from + 6 * MS_PER_MIN, 60},
		{from + 6 * MS_PER_MIN, 66}, /* twice: the later one */
		{r.end_ms, 99},
		{r.end_ms + MS_PER_MIN, 7}, /* was not asked for */
		{INT64_C(1) << 60, 7},
		{-1, 7},
	};
	answer(samples, ARRAY_LEN(samples));
	const float *p = feed()->chunk->minutes;
	ck_assert_int_eq(feed()->pending_count, 1440);
	ck_assert_int_eq(feed()->pending_ms, from);
	ck_near(p[0], 10, 0);
	ck_near(p[1], 20, 0);
	ck_assert(isnan(p[2]) && isnan(p[3]) && isnan(p[4]));
	ck_near(p[5], 66, 0);
	ck_near(p[1439], 99, 0);
	ck_assert_int_eq(feed()->cursor_ms, from + MS_PER_DAY);
}
END_TEST

START_TEST(a_minute_that_is_late_is_waited_for)
{
	load();
	int64_t cursor = feed()->cursor_ms;
	r.now_ms = cursor + 3 * MS_PER_MIN + 11 * MS_PER_S;
	rig_tick(&r);
	ck_assert(asks());
	struct sample one = {cursor + MS_PER_MIN, 5};
	answer(&one, 1);
	/* The other two may still come. */
	ck_assert_int_eq(feed()->cursor_ms, cursor + MS_PER_MIN);
	work();
	ck_assert(!asks());
	r.now_ms += 15 * MS_PER_S;
	rig_tick(&r);
	ck_assert(asks());
	ck_assert_int_eq(r.start_ms, cursor + 2 * MS_PER_MIN);
}
END_TEST

START_TEST(a_minute_that_does_not_come_in_five_is_a_gap)
{
	load();
	int64_t cursor = feed()->cursor_ms;
	r.now_ms = cursor + 7 * MS_PER_MIN;
	rig_tick(&r);
	answer(NULL, 0);
	/* Now minus five minutes. */
	ck_assert_int_eq(feed()->cursor_ms, cursor + 2 * MS_PER_MIN);
	ck_assert_int_eq(feed()->pending_count, 2);
	ck_assert(isnan(feed()->chunk->minutes[0]));
	ck_assert(isnan(feed()->chunk->minutes[1]));
}
END_TEST

START_TEST(an_empty_old_day_is_a_gap_and_an_answer)
{
	begin();
	int64_t start = r.start_ms;
	answer(NULL, 0);
	work();
	ck_assert(asks());
	ck_assert_int_eq(r.start_ms, start + MS_PER_DAY);
}
END_TEST

START_TEST(a_query_that_failed_is_asked_again_later)
{
	begin();
	int64_t start = r.start_ms;
	query_fails();
	rig_tick(&r);
	ck_assert(!asks());
	r.now_ms += 15 * MS_PER_S;
	rig_tick(&r);
	ck_assert(asks());
	ck_assert_int_eq(r.start_ms, start);
}
END_TEST

START_TEST(a_query_without_an_answer_is_given_up)
{
	begin();
	struct query_ref lost = r.history;
	for (int64_t end = r.now_ms + 6 * MS_PER_MIN - 1; r.now_ms < end;) {
		r.now_ms =
			engine_next_tick_ms(r.e) < end ? engine_next_tick_ms(r.e) : end;
		rig_tick(&r);
		ck_assert(!asks());
	}
	r.now_ms++;
	rig_tick(&r);
	ck_assert(asks());
	struct query_ref fresh = r.history;
	r.history = lost;
	answer_all();
	ck_assert(!engine_has_work(r.e));
	r.history = fresh;
	answer_all();
	ck_assert(engine_has_work(r.e));
}
END_TEST

START_TEST(answers_nobody_asked_for_are_ignored)
{
	begin();
	r.history.cycle = 0;
	answer_all();
	query_fails();
	ck_assert(!engine_has_work(r.e));
	ck_assert_uint_ne(feed()->asked_number, 0);
}
END_TEST

START_TEST(nothing_is_lowered_while_history_is_read)
{
	begin();
	rig_until_asked(&r);
	rig_value(&r, 100);
	ck_assert_int_eq(rig_status(&r)->desired, 3);
	/* Past the stabilization window still not. */
	while (r.now_ms < MONDAY + 9 * MS_PER_MIN) {
		rig_until_asked(&r);
		rig_value(&r, 100);
		ck_assert_int_eq(rig_status(&r)->desired, 3);
	}
	ck_assert_ptr_nonnull(
		strstr(rig_status(&r)->reason, "history is still being read"));
	/* More load raises. */
	rig_cycle(&r, 450);
	ck_assert_int_eq(rig_status(&r)->desired, 5);
}
END_TEST

START_TEST(history_that_never_comes_does_not_hold_for_ever)
{
	begin();
	while (r.now_ms < MONDAY + 11 * MS_PER_MIN) {
		rig_until_asked(&r);
		rig_value(&r, 100);
	}
	ck_assert_int_eq(rig_status(&r)->desired, 2);
}
END_TEST

START_TEST(no_history_is_asked_for_before_the_pods_are_listed)
{
	for (int i = 0; i < 3; i++) {
		rig_next(&r);
		ck_assert(!asks());
	}
	begin();
}
END_TEST

static void measure_lead_times(int64_t ms)
{
	for (int i = 0; i < LEAD_SAMPLES_MAX; i++)
		lead_note(&rig_slot(&r)->record.lead, 0, ms);
	lead_publish(rig_slot(&r));
}

START_TEST(another_rung_is_learned_from_history_again)
{
	load();
	ck_assert_int_eq(rig_status(&r)->metrics[0].window_min, 5);
	rig_value(&r, 100);
	double upper = rig_status(&r)->metrics[0].forecast.upper;
	ck_assert(rig_status(&r)->metrics[0].forecast_usable);
	measure_lead_times(600 * MS_PER_S);
	rig_next(&r);
	ck_assert(asks());
	ck_assert_int_eq(feed()->window_min, 13);
	/* What the other window said stands until then. */
	ck_assert_int_eq(rig_status(&r)->metrics[0].window_min, 5);
	ck_near(rig_status(&r)->metrics[0].forecast.upper, upper, 0);
	ck_assert(!feed()->loaded);
	while (!feed()->loaded) {
		answer_all();
		work();
	}
	ck_assert_int_eq(rig_status(&r)->metrics[0].window_min, 13);
}
END_TEST

START_TEST(a_rung_is_not_changed_while_something_is_under_way)
{
	begin();
	measure_lead_times(600 * MS_PER_S);
	rig_next(&r);
	ck_assert_int_eq(feed()->window_min, 5);
	answer_all();
	rig_next(&r);
	ck_assert_int_eq(feed()->window_min, 5);
	work();
	answer_all();
	work();
	answer_all();
	work();
	ck_assert(feed()->loaded);
	rig_next(&r);
	ck_assert_int_eq(feed()->window_min, 13);
}
END_TEST

START_TEST(a_horizon_of_its_own_is_the_window)
{
	rig_policy(&r, "checkout",
		   HEAD("checkout") "metrics:\n" EXTERNAL
				    "forecast: {history: 1d, horizon: 400s}\n");
	begin();
	ck_assert_int_eq(feed()->window_min, 7);
}
END_TEST

static void add_policies(const char *const *names, size_t count)
{
	rig_policy_gone(&r, "checkout");
	for (size_t i = 0; i < count; i++) {
		char text[1024];
		snprintf(text, sizeof(text),
			 "scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: "
			 "%s}\n"
			 "mode: Scale\nmaxReplicas: 9\nmetrics:\n%s"
			 "forecast: {history: 1d}\n",
			 names[i], EXTERNAL);
		rig_policy(&r, names[i], text);
		rig_pods_mark(&r, EVENT_PODS_SYNCED, names[i]);
	}
}

static int chunks_used(void)
{
	int n = 0;
	for (int i = 0; i < CHUNKS; i++)
		n += r.e->chunks[i].used;
	return n;
}

START_TEST(a_day_of_history_has_a_chunk_until_it_is_learned)
{
	begin();
	ck_assert_int_eq(chunks_used(), 1);
	query_fails();
	ck_assert_int_eq(chunks_used(), 0);
	r.now_ms += 15 * MS_PER_S;
	rig_tick(&r);
	ck_assert(asks());
	answer_all();
	ck_assert_int_eq(chunks_used(), 1);
	while (!feed()->loaded) {
		work();
		if (feed()->asked_number)
			answer_all();
	}
	ck_assert_int_eq(chunks_used(), 0);
	/* The present needs none. */
	r.now_ms = feed()->cursor_ms + 3 * MS_PER_MIN + 11 * MS_PER_S;
	rig_tick(&r);
	ck_assert(asks());
	ck_assert_int_eq(chunks_used(), 0);
	answer_all();
	work();
	ck_assert_int_eq(feed()->cursor_ms, r.end_ms);
}
END_TEST

/* Answers come faster than they are learned. */
START_TEST(no_more_days_are_asked_for_than_can_be_kept)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h",
					    "i", "j", "k", "l", "m", "n", "o", "p"};
	int kept = 0;
	add_policies(names, ARRAY_LEN(names));
	for (int round = 0; round < 10; round++) {
		struct query_ref asked[BACKFILLS_MAX];
		int count = 0;
		rig_tick(&r);
		for (int32_t i = 0; i < r.did->count; i++)
			if (r.did->items[i].type == ACTION_QUERY &&
			    r.did->items[i].u.query.ref.kind == QUERY_HISTORY)
				asked[count++] = r.did->items[i].u.query.ref;
		for (int i = 0; i < count; i++, kept++) {
			r.history = asked[i];
			answer(NULL, 0);
		}
	}
	ck_assert_int_eq(kept, CHUNKS);
	ck_assert_int_eq(chunks_used(), CHUNKS);
	struct event event = {.type = EVENT_WORK};
	while (!asks() && engine_has_work(r.e))
		rig_step(&r, &event);
	ck_assert(asks());
	/* Whoever goes leaves nothing behind. */
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		rig_policy_gone(&r, names[i]);
	ck_assert_int_eq(chunks_used(), 0);
}
END_TEST

START_TEST(few_days_of_history_are_asked_for_at_a_time)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
	add_policies(names, ARRAY_LEN(names));
	rig_tick(&r);
	ck_assert_int_eq(rig_count(&r, ACTION_QUERY), BACKFILLS_MAX);
	rig_tick(&r);
	ck_assert_int_eq(rig_count(&r, ACTION_QUERY), 0);
	ck_assert_int_gt(engine_next_tick_ms(r.e), r.now_ms);
	/* One fails: the next in line asks. */
	query_fails();
	ck_assert_int_le(engine_next_tick_ms(r.e), r.now_ms);
	rig_tick(&r);
	ck_assert_int_eq(rig_count(&r, ACTION_QUERY), 1);
	/* One goes: its turn is free. */
	rig_policy_gone(&r, "a");
	rig_tick(&r);
	ck_assert_int_eq(rig_count(&r, ACTION_QUERY), 1);
}
END_TEST

/* A value speaks of the minute before it. */
static void answer_one(double value)
{
	while (!asks())
		rig_next(&r);
	struct sample sample = {r.end_ms, value};
	answer(&sample, 1);
	work();
}

START_TEST(anomalies_are_counted_from_the_present_on)
{
	load();
	const struct metric_status *m = &rig_slot(&r)->status.metrics[0];
	int64_t past = m->forecast.anomaly.count;
	/* The saw of the first hours was odd. */
	ck_assert_int_gt(past, 0);
	ck_assert_uint_eq(m->anomalies, 0);
	answer_one(9000);
	ck_assert_int_eq(m->forecast.anomaly.count, past + 1);
	ck_assert_uint_eq(m->anomalies, 1);
	ck_assert(m->forecast.anomaly.hold_down);
	answer_one(130);
	ck_assert_uint_eq(m->anomalies, 1);
}
END_TEST

START_TEST(a_clock_that_goes_back_begins_anew)
{
	load();
	rig_until_asked(&r);
	rig_value(&r, 100);
	r.now_ms -= MS_PER_DAY;
	rig_tick(&r);
	ck_assert(asks());
	ck_assert(!feed()->loaded);
	ck_assert_int_lt(r.end_ms, r.now_ms);
}
END_TEST

/* The metric of a policy of this name, alone in its engine. */
static int32_t refit_minute_of(const char *name, const char *metric)
{
	struct rig other;
	char text[1024];
	snprintf(text, sizeof(text),
		 "scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: %s}\n"
		 "maxReplicas: 9\nmetrics:\n%sforecast: {}\n",
		 name, metric);
	rig_open(&other, NULL);
	rig_policy(&other, name, text);
	int32_t minute = history_refit_minute(rig_slot(&other), 0);
	rig_close(&other);
	return minute;
}

START_TEST(policies_of_one_series_are_fitted_in_one_minute)
{
	static const char cpu[] = "- type: Resource\n"
				  "  resource: {name: cpu, target: {type: Utilization, "
				  "averageUtilization: 70}}\n";
	int32_t minute = refit_minute_of("checkout", EXTERNAL);
	ck_assert_int_ge(minute, 0);
	ck_assert_int_lt(minute, 1440);
	ck_assert_int_eq(refit_minute_of("cart", EXTERNAL), minute);
	ck_assert_int_ne(refit_minute_of("cart", cpu), refit_minute_of("checkout", cpu));
	ck_assert_int_ne(refit_minute_of("checkout", cpu), minute);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("history");
	TCase *t = tcase_create("history");
	tcase_add_checked_fixture(t, open_rig, close_rig);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, history_is_asked_for_day_by_day_on_the_grid_of_days);
	tcase_add_test(t, each_minute_follows_when_it_has_settled);
	tcase_add_test(t, samples_are_put_on_the_grid_of_minutes);
	tcase_add_test(t, a_minute_that_is_late_is_waited_for);
	tcase_add_test(t, a_minute_that_does_not_come_in_five_is_a_gap);
	tcase_add_test(t, an_empty_old_day_is_a_gap_and_an_answer);
	tcase_add_test(t, a_query_that_failed_is_asked_again_later);
	tcase_add_test(t, a_query_without_an_answer_is_given_up);
	tcase_add_test(t, answers_nobody_asked_for_are_ignored);
	tcase_add_test(t, nothing_is_lowered_while_history_is_read);
	tcase_add_test(t, history_that_never_comes_does_not_hold_for_ever);
	tcase_add_test(t, no_history_is_asked_for_before_the_pods_are_listed);
	tcase_add_test(t, another_rung_is_learned_from_history_again);
	tcase_add_test(t, a_rung_is_not_changed_while_something_is_under_way);
	tcase_add_test(t, a_horizon_of_its_own_is_the_window);
	tcase_add_test(t, a_day_of_history_has_a_chunk_until_it_is_learned);
	tcase_add_test(t, no_more_days_are_asked_for_than_can_be_kept);
	tcase_add_test(t, few_days_of_history_are_asked_for_at_a_time);
	tcase_add_test(t, anomalies_are_counted_from_the_present_on);
	tcase_add_test(t, a_clock_that_goes_back_begins_anew);
	tcase_add_test(t, policies_of_one_series_are_fitted_in_one_minute);
	suite_add_tcase(s, t);
	return run_suite(s);
}
