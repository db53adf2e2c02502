#include "unit/engine/rig.h"

#define FLOOR                                                                            \
	"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: checkout}\n"      \
	"mode: Floor\nminReplicas: 2\nmaxReplicas: 40\n"                                 \
	"metrics:\n" EXTERNAL "forecast: {mode: Always, history: 2d, leadTime: 120s}\n"

static struct rig r;
static struct autoscaler_info hpa;
static struct write_ref asked;
static double forecast; /* that stands; NaN: none may be acted on */

static void see(void)
{
	struct event event = {.type = EVENT_AUTOSCALER};
	event.u.autoscaler.ref = (struct target_ref){"shop", "Deployment", "checkout"};
	event.u.autoscaler.info = &hpa;
	rig_step(&r, &event);
}

static void see_none(const char *problem)
{
	struct event event = {.type = EVENT_AUTOSCALER};
	event.u.autoscaler.ref = (struct target_ref){"shop", "Deployment", "checkout"};
	event.u.autoscaler.problem = problem;
	rig_step(&r, &event);
}

static void answer(enum event_type type, const char *text)
{
	struct event event = {.type = type};
	event.u.written.write = asked;
	event.u.written.resource_version = text;
	event.u.written.why = text;
	rig_step(&r, &event);
}

/* The floor that the newest step asks for; -1: none. */
static int32_t asks(void)
{
	const struct action *a = rig_find(&r, ACTION_FLOOR);
	if (a)
		asked = a->u.floor.ref;
	return a ? a->u.floor.to : -1;
}

/* A whole cycle, with the forecast that stands. */
static int32_t cycle(double value)
{
	struct prepared *s = rig_slot(&r);
	struct forecast *f = &s->status.metrics[0].forecast;
	rig_until_asked(&r);
	s->metrics[0].feed.loaded = true;
	f->state = isnan(forecast) ? FORECAST_WAITING : FORECAST_READY;
	f->mean = f->upper = f->release = forecast;
	f->made_for_ms = r.now_ms;
	rig_value(&r, value);
	return asks();
}

static void start(const char *text)
{
	rig_open(&r, NULL);
	hpa = (struct autoscaler_info){.name = "web",
				       .uid = "u",
				       .resource_version = "5",
				       .owner = "",
				       .min = 2,
				       .max = 20,
				       .original = 2};
	forecast = NAN;
	rig_policy(&r, "checkout", text);
	see();
	rig_target(&r, 3, "10");
	rig_pods(&r, 3);
	cycle(250);
}

static void setup(void)
{
	start(FLOOR);
}

static void teardown(void)
{
	rig_close(&r);
}

/* Raised to six, as the policy's four pods in 15 s allow more than is wanted. */
static void raise_to_six(void)
{
	forecast = 600;
	ck_assert_int_eq(cycle(250), 6);
	answer(EVENT_FLOORED, "6");
}

START_TEST(a_forecast_raises_the_minimum_and_notes_the_original)
{
	forecast = 600;
	ck_assert_int_eq(cycle(250), 6);
	const struct action *a = rig_find(&r, ACTION_FLOOR);
	ck_assert_str_eq(a->u.floor.autoscaler, "web");
	ck_assert_str_eq(a->u.floor.uid, "u");
	ck_assert_str_eq(a->u.floor.resource_version, "5");
	ck_assert_int_eq(a->u.floor.from, 2);
	ck_assert_int_eq(a->u.floor.original, 2);
	ck_assert_int_eq(a->u.floor.expires_ms, r.now_ms + 15 * MS_PER_MIN);
	ck_assert_ptr_null(rig_find(&r, ACTION_SCALE));
	answer(EVENT_FLOORED, "6");
	ck_assert_ptr_nonnull(rig_event(&r, "FloorRaised"));
	ck_assert_int_eq(rig_status(&r)->floor.min, 6);
	ck_assert_int_eq(rig_status(&r)->floor.original, 2);
	ck_assert_int_eq(cycle(250), -1);
}
END_TEST

START_TEST(without_a_forecast_it_is_given_back)
{
	raise_to_six();
	rig_target(&r, 6, "11");
	forecast = NAN;
	ck_assert_int_eq(cycle(250), 2);
	ck_assert_int_eq(rig_find(&r, ACTION_FLOOR)->u.floor.original, -1);
	answer(EVENT_FLOORED, "7");
	ck_assert_ptr_nonnull(rig_event(&r, "FloorReleased"));
	ck_assert_int_eq(cycle(250), -1);
}
END_TEST

/* Load alone is the HPA's affair. */
START_TEST(demand_without_a_forecast_raises_nothing)
{
	ck_assert_int_eq(cycle(900), -1);
	ck_assert_int_gt(rig_status(&r)->desired, 3);
}
END_TEST

START_TEST(it_stays_between_the_original_and_the_largest)
{
	forecast = 100000;
	for (int i = 0; i < 5; i++) {
		int32_t to = cycle(1500);
		ck_assert_int_le(to, 20);
		if (to < 0)
			continue;
		answer(EVENT_FLOORED, "6");
		rig_target(&r, to, "12");
	}
	ck_assert_int_eq(rig_status(&r)->floor.min, 20);
	ck_assert_ptr_nonnull(strstr(rig_status(&r)->reason,
				     "HorizontalPodAutoscaler web allows at most 20"));
}
END_TEST

START_TEST(rates_count_from_the_raised_minimum_on)
{
	rig_close(&r);
	start(FLOOR "behavior: {scaleUp: {policies: [{type: Pods, value: 1, "
		    "periodSeconds: 60}]}}\n");
	forecast = 900;
	ck_assert_int_eq(cycle(250), 4);
	answer(EVENT_FLOORED, "6");
	/* The HPA has not followed yet: the floor neither falls back nor runs ahead. */
	int64_t at_ms = r.now_ms;
	while (r.now_ms - at_ms < 45 * MS_PER_S)
		ck_assert_int_eq(cycle(250), -1);
	rig_target(&r, 4, "11");
	int32_t to = -1;
	while (to < 0)
		to = cycle(250);
	ck_assert_int_eq(to, 5);
	ck_assert_int_ge(r.now_ms - at_ms, MS_PER_MIN);
}
END_TEST

/* Also while the HPA has not followed. */
START_TEST(rates_count_from_the_raised_minimum_down)
{
	rig_close(&r);
	start(FLOOR "behavior: {scaleDown: {stabilizationWindowSeconds: 0, policies: "
		    "[{type: Pods, value: 1, periodSeconds: 60}]}}\n");
	raise_to_six();
	/* The raise itself leaves the period. */
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(cycle(250), -1);
	forecast = 300;
	ck_assert_int_eq(cycle(250), 5);
}
END_TEST

START_TEST(a_schedule_raises_it_without_a_forecast)
{
	rig_close(&r);
	start(FLOOR "schedule:\n- {cron: \"0 8 * * *\", duration: 1h, minReplicas: 7}\n");
	struct schedule_interval open = {.start_ms = r.now_ms - MS_PER_MIN,
					 .end_ms = r.now_ms + MS_PER_MIN,
					 .min_replicas = 7,
					 .max_replicas = -1};
	struct event event = {.type = EVENT_SCHEDULE};
	event.u.schedule.ns = "shop";
	event.u.schedule.name = "checkout";
	event.u.schedule.hash = rig_slot(&r)->policy->hash;
	event.u.schedule.intervals = &open;
	event.u.schedule.count = 1;
	event.u.schedule.until_ms = r.now_ms + MS_PER_DAY;
	rig_step(&r, &event);
	ck_assert_int_eq(cycle(250), 7);
	answer(EVENT_FLOORED, "6");
	/* A forecast of less does not lower it while it is open. */
	rig_target(&r, 7, "11");
	forecast = 300;
	ck_assert_int_eq(cycle(250), -1);
	r.now_ms += 2 * MS_PER_MIN;
	forecast = NAN;
	ck_assert_int_eq(cycle(250), 2);
}
END_TEST

START_TEST(what_is_unknown_keeps_it)
{
	raise_to_six();
	rig_until_asked(&r);
	rig_slot(&r)->status.metrics[0].forecast.state = FORECAST_WAITING;
	rig_fail(&r, "connection refused");
	ck_assert_int_eq(asks(), -1);
}
END_TEST

START_TEST(it_is_renewed_at_half_of_its_life)
{
	raise_to_six();
	rig_target(&r, 6, "11");
	int64_t at_ms = r.now_ms;
	int32_t to = -1;
	while (to < 0)
		to = cycle(550);
	ck_assert_int_eq(to, 6);
	ck_assert_int_ge(r.now_ms - at_ms, 7 * MS_PER_MIN);
	ck_assert_int_le(r.now_ms - at_ms, 8 * MS_PER_MIN);
	answer(EVENT_FLOORED, "7");
	ck_assert_ptr_null(rig_event(&r, "FloorRaised"));
}
END_TEST

START_TEST(one_that_expired_is_given_back_though_history_is_read)
{
	hpa.marked = true;
	hpa.min = 6;
	hpa.expires_ms = r.now_ms + (_i ? MS_PER_MIN : -1);
	hpa.resource_version = "7";
	see();
	rig_target(&r, 6, "11");
	rig_until_asked(&r);
	rig_slot(&r)->metrics[0].feed.loaded = false;
	rig_value(&r, 250);
	/* One that counts is held meanwhile, and renewed. */
	ck_assert_int_eq(asks(), _i ? 6 : 2);
}
END_TEST

START_TEST(a_conflict_tries_again_with_the_newer_version)
{
	forecast = 600;
	ck_assert_int_eq(cycle(250), 6);
	answer(EVENT_FLOOR_CONFLICT, NULL);
	ck_assert_int_eq(asks(), -1);
	hpa.resource_version = "8";
	see();
	ck_assert_int_eq(asks(), 6);
	ck_assert_str_eq(rig_find(&r, ACTION_FLOOR)->u.floor.resource_version, "8");
	/* The watch may be quicker than the answer. */
	hpa.resource_version = "9";
	see();
	answer(EVENT_FLOOR_CONFLICT, NULL);
	ck_assert_int_eq(asks(), 6);
	int sent = 2; /* again */
	for (int i = 0; i < 8; i++) {
		char version[8];
		snprintf(version, sizeof(version), "1%d", i);
		hpa.resource_version = version;
		answer(EVENT_FLOOR_CONFLICT, NULL);
		see();
		sent += asks() == 6;
	}
	ck_assert_int_eq(sent, 5);
}
END_TEST

START_TEST(a_raise_anew_is_marked_as_such_and_may_be_dropped)
{
	forecast = 600;
	ck_assert_int_eq(cycle(250), 6);
	ck_assert(rig_find(&r, ACTION_FLOOR)->u.floor.first);
	answer(EVENT_FLOOR_DROPPED, NULL);
	hpa.resource_version = "8";
	see();
	/* No failure, no conflict: the next decision may ask again. */
	ck_assert_int_eq(asks(), -1);
	ck_assert_ptr_null(rig_event(&r, "FloorFailed"));
	ck_assert_int_eq(rig_status(&r)->failures, 0);
	ck_assert_int_eq(rig_status(&r)->conflicts, 0);
	ck_assert_int_eq(cycle(250), 6);
	answer(EVENT_FLOORED, "9");
	forecast = 900;
	while (asks() < 0)
		cycle(250);
	ck_assert(!rig_find(&r, ACTION_FLOOR)->u.floor.first);
}
END_TEST

START_TEST(a_lagging_watch_does_not_take_it_back)
{
	raise_to_six();
	see(); /* version 5 again */
	ck_assert_int_eq(rig_status(&r)->floor.min, 6);
	ck_assert_int_eq(cycle(250), -1);
}
END_TEST

START_TEST(a_watch_that_is_quicker_than_the_answer_hides_no_event)
{
	forecast = 600;
	ck_assert_int_eq(cycle(250), 6);
	hpa.min = 6;
	hpa.marked = true;
	hpa.expires_ms = r.now_ms + MS_PER_H;
	hpa.resource_version = "6";
	see();
	answer(EVENT_FLOORED, "6");
	ck_assert_ptr_nonnull(rig_event(&r, "FloorRaised"));
	ck_assert_int_eq(cycle(250), -1);
}
END_TEST

START_TEST(others_who_set_the_minimum_have_the_last_word)
{
	raise_to_six();
	hpa.min = hpa.original = 9;
	hpa.marked = true;
	hpa.resource_version = "8";
	see();
	/* Below theirs there is nothing to raise: only our marks go. */
	ck_assert_int_eq(cycle(250), 9);
	ck_assert_int_eq(rig_find(&r, ACTION_FLOOR)->u.floor.original, -1);
}
END_TEST

START_TEST(a_failure_is_said_once)
{
	forecast = 600;
	ck_assert_int_eq(cycle(250), 6);
	answer(EVENT_FLOOR_FAILED, "forbidden");
	ck_assert_ptr_nonnull(rig_event(&r, "FloorFailed"));
	ck_assert_int_eq(cycle(250), 6);
	answer(EVENT_FLOOR_FAILED, "forbidden");
	ck_assert_ptr_null(rig_event(&r, "FloorFailed"));
}
END_TEST

START_TEST(no_answer_within_a_minute_is_given_up)
{
	forecast = 600;
	ck_assert_int_eq(cycle(250), 6);
	int64_t at_ms = r.now_ms;
	int32_t to = -1;
	while (to < 0)
		to = cycle(250);
	ck_assert_int_eq(to, 6);
	ck_assert_int_ge(r.now_ms - at_ms, MS_PER_MIN);
}
END_TEST

START_TEST(an_owner_that_sets_the_minimum_itself_is_left_alone)
{
	hpa.owner = "ScaledObject web";
	hpa.resource_version = "8";
	see();
	forecast = 600;
	r.now_ms += 20 * MS_PER_S;
	rig_tick(&r);
	ck_assert_int_eq(asks(), -1);
	ck_assert_str_eq(rig_status(&r)->conditions[PC_ABLE_TO_SCALE].reason,
			 "AutoscalerOwned");
	ck_assert_ptr_nonnull(strstr(rig_status(&r)->reason, "ScaledObject web sets"));
}
END_TEST

/* The HPA that KEDA makes is not what is written, its ScaledObject is. */
START_TEST(a_scaled_object_is_raised_in_its_own_words)
{
	hpa.scaled_object = true;
	hpa.resource_version = "8";
	see();
	forecast = 600;
	ck_assert_int_eq(cycle(250), 6);
	const struct action *floor = rig_find(&r, ACTION_FLOOR);
	ck_assert_ptr_nonnull(floor);
	ck_assert(floor->u.floor.scaled_object);
	answer(EVENT_FLOORED, "9");
	ck_assert_ptr_nonnull(strstr(rig_event(&r, "FloorRaised")->u.event.note,
				     "minReplicaCount of ScaledObject web 2 to 6"));
	ck_assert_str_eq(rig_status(&r)->floor.kind, "ScaledObject");
}
END_TEST

START_TEST(rights_that_are_missing_are_told)
{
	see_none("horizontalpodautoscalers is forbidden");
	rig_tick(&r);
	ck_assert_str_eq(rig_status(&r)->conditions[PC_ABLE_TO_SCALE].reason,
			 "AutoscalerUnknown");
	ck_assert_ptr_nonnull(strstr(rig_status(&r)->reason, "is forbidden -> hold 3"));
}
END_TEST

START_TEST(nothing_is_decided_before_it_is_known_who_else_scales)
{
	struct event event = {.type = EVENT_AUTOSCALER_AWAITED};
	rig_close(&r);
	rig_open(&r, NULL);
	rig_policy(&r, "checkout", _i ? FLOOR : REACTIVE);
	event.u.autoscaler.ref = (struct target_ref){"shop", "Deployment", "checkout"};
	rig_step(&r, &event);
	rig_target(&r, 3, "10");
	rig_pods(&r, 3);
	rig_tick(&r);
	r.now_ms += MS_PER_MIN;
	rig_tick(&r);
	ck_assert_int_eq(rig_count(&r, ACTION_QUERY), 0);
	_i ? see() : see_none(NULL);
	rig_tick(&r);
	ck_assert_int_ge(rig_count(&r, ACTION_QUERY), 1);
}
END_TEST

START_TEST(mode_scale_stays_away_from_an_hpa)
{
	rig_close(&r);
	rig_open(&r, NULL);
	rig_start(&r, REACTIVE, 3);
	rig_cycle(&r, 300);
	see();
	rig_tick(&r);
	ck_assert_int_eq(rig_condition(&r, PC_CONFLICT), STATUS_TRUE);
	ck_assert_ptr_nonnull(strstr(rig_status(&r)->reason,
				     "HorizontalPodAutoscaler web scales it too"));
	for (int i = 0; i < 5; i++) {
		r.now_ms += 15 * MS_PER_S;
		rig_tick(&r);
		ck_assert_int_eq(rig_count(&r, ACTION_QUERY), 0);
	}
	see_none(NULL);
	rig_cycle(&r, 800);
	ck_assert_int_eq(rig_condition(&r, PC_CONFLICT), STATUS_FALSE);
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_SCALE));
}
END_TEST

START_TEST(what_waits_for_its_record_is_not_written_beside_an_hpa)
{
	rig_close(&r);
	rig_open(&r, NULL);
	rig_start(&r, REACTIVE, 5);
	rig_value(&r, 500);
	for (int i = 0; i < 30 && !rig_find(&r, ACTION_SAVE); i++)
		rig_cycle(&r, 200);
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_SAVE));
	see();
	rig_written(&r, EVENT_SAVED, NULL);
	ck_assert_ptr_null(rig_find(&r, ACTION_SCALE));
}
END_TEST

START_TEST(a_dry_run_raises_nothing)
{
	struct engine_config config;
	engine_config_default(&config);
	config.dry_run = true;
	rig_close(&r);
	rig_open(&r, &config);
	rig_policy(&r, "checkout", FLOOR);
	see();
	rig_target(&r, 3, "10");
	rig_pods(&r, 3);
	forecast = 600;
	ck_assert_int_eq(cycle(250), -1);
	ck_assert_int_eq(rig_status(&r)->desired, 6);
}
END_TEST

/* --- random worlds --- */

#define WORLDS 400
#define STEPS  60

/* Something happens to the HPA, or to the answer of a write under way. */
static void happen(struct rng *rng, bool *open)
{
	static const enum event_type answers[] = {EVENT_FLOORED, EVENT_FLOOR_CONFLICT,
						  EVENT_FLOOR_FAILED};
	static char version[32];
	static int64_t newest;
	enum event_type type = answers[rng_next(rng) % 3];
	const struct autoscaler_state *a = &rig_slot(&r)->autoscaler;
	snprintf(version, sizeof(version), "%lld", (long long)(1000 + ++newest));
	if (*open && rng_next(rng) % 4) {
		answer(type, type == EVENT_FLOORED ? version : "no");
		*open = false;
	} else if (rng_next(rng) % 3 == 0) {
		hpa = (struct autoscaler_info){.name = "web",
					       .uid = "u",
					       .owner = "",
					       .resource_version = version,
					       .min = a->min,
					       .max = a->max,
					       .original = a->original,
					       .marked = a->marked,
					       .expires_ms = a->expires_ms};
		if (rng_next(rng) % 4 == 0) {
			hpa.min = hpa.original = 1 + (int32_t)(rng_next(rng) % 9);
			hpa.max = hpa.min + (int32_t)(rng_next(rng) % 20);
		}
		see();
	}
}

/* Whatever happens: inside of the HPA's own bounds, marked exactly when it is raised, and
 * with a metric unknown or a hold never lower. */
static void check_floor(bool unknown)
{
	const struct autoscaler_state *a = &rig_slot(&r)->autoscaler;
	const struct action *act = rig_find(&r, ACTION_FLOOR);
	if (!act)
		return;
	ck_assert_int_le(rig_count(&r, ACTION_FLOOR), 1);
	ck_assert_int_ge(act->u.floor.to, a->original);
	ck_assert_int_le(act->u.floor.to, a->max > a->original ? a->max : a->original);
	ck_assert_int_eq(act->u.floor.original,
			 act->u.floor.to > a->original ? a->original : -1);
	ck_assert_int_gt(act->u.floor.expires_ms, r.now_ms);
	if (unknown && a->expires_ms > r.now_ms)
		ck_assert_int_ge(act->u.floor.to,
				 act->u.floor.from < a->max ? act->u.floor.from : a->max);
}

START_TEST(in_random_worlds_a_floor_stays_between_the_bounds)
{
	struct rng rng;
	rng_init(&rng, 20260302);
	for (int world = 0; world < WORLDS; world++) {
		bool open = false;
		teardown();
		setup();
		for (int step = 0; step < STEPS; step++) {
			bool unknown = rng_next(&rng) % 5 == 0;
			double demand = (double)(rng_next(&rng) % 3000);
			forecast = rng_next(&rng) % 4 ? (double)(rng_next(&rng) % 3000)
						      : NAN;
			if (unknown) {
				rig_until_asked(&r);
				rig_fail(&r, "connection refused");
				asks();
			} else {
				cycle(demand);
			}
			check_floor(unknown);
			open |= rig_find(&r, ACTION_FLOOR) != NULL;
			ck_assert_ptr_null(rig_find(&r, ACTION_SCALE));
			happen(&rng, &open);
			check_floor(false);
			if (rig_find(&r, ACTION_FLOOR)) {
				asks();
				open = true;
			}
		}
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("engine floor");
	TCase *t = tcase_create("floor");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_forecast_raises_the_minimum_and_notes_the_original);
	tcase_add_test(t, without_a_forecast_it_is_given_back);
	tcase_add_test(t, demand_without_a_forecast_raises_nothing);
	tcase_add_test(t, it_stays_between_the_original_and_the_largest);
	tcase_add_test(t, rates_count_from_the_raised_minimum_on);
	tcase_add_test(t, rates_count_from_the_raised_minimum_down);
	tcase_add_test(t, a_schedule_raises_it_without_a_forecast);
	tcase_add_test(t, what_is_unknown_keeps_it);
	tcase_add_test(t, it_is_renewed_at_half_of_its_life);
	tcase_add_loop_test(t, one_that_expired_is_given_back_though_history_is_read, 0,
			    2);
	tcase_add_test(t, a_conflict_tries_again_with_the_newer_version);
	tcase_add_test(t, a_raise_anew_is_marked_as_such_and_may_be_dropped);
	tcase_add_test(t, a_lagging_watch_does_not_take_it_back);
	tcase_add_test(t, a_watch_that_is_quicker_than_the_answer_hides_no_event);
	tcase_add_test(t, others_who_set_the_minimum_have_the_last_word);
	tcase_add_test(t, a_failure_is_said_once);
	tcase_add_test(t, no_answer_within_a_minute_is_given_up);
	tcase_add_test(t, an_owner_that_sets_the_minimum_itself_is_left_alone);
	tcase_add_test(t, a_scaled_object_is_raised_in_its_own_words);
	tcase_add_test(t, rights_that_are_missing_are_told);
	tcase_add_loop_test(t, nothing_is_decided_before_it_is_known_who_else_scales, 0,
			    2);
	tcase_add_test(t, mode_scale_stays_away_from_an_hpa);
	tcase_add_test(t, what_waits_for_its_record_is_not_written_beside_an_hpa);
	tcase_add_test(t, a_dry_run_raises_nothing);
	tcase_add_test(t, in_random_worlds_a_floor_stays_between_the_bounds);
	suite_add_tcase(s, t);
	return run_suite(s);
}
