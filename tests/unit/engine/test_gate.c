/* Evidence from history: what reaches the gate, and that nothing but the history decides
 * it. */
#include "unit/engine/rig.h"

#define ASKED_MAX 8
#define GATED(metrics, more)                                                             \
	HEAD("checkout")                                                                 \
	"metrics:\n" metrics "forecast: {history: 5d, leadTime: 120s" more "}\n"
#define SECOND                                                                           \
	"- type: External\n"                                                             \
	"  external: {metric: {name: jobs}, target: {type: AverageValue, averageValue: " \
	"\"10\"}}\n  query: jobs\n"
#define VALUE_TARGET                                                                     \
	"- type: External\n"                                                             \
	"  external: {metric: {name: depth}, target: {type: Value, value: \"50\"}}\n"    \
	"  query: depth\n"

static struct rig r;
static double (*load)(int64_t t_ms);
/* Queries for history that are not answered yet. */
static struct {
	struct query_ref ref;
	int64_t start_ms, end_ms;
} asked[ASKED_MAX];
static int32_t asked_count;

static void open_rig(void)
{
	rig_open(&r, NULL);
	asked_count = 0;
}

static void close_rig(void)
{
	rig_close(&r);
}

/* Jumps from 200 to 1,500 at nine, back at five. */
static double jumps(int64_t t_ms)
{
	int64_t hour = t_ms % MS_PER_DAY / MS_PER_H;
	return hour >= 9 && hour < 17 ? 1500 : 200;
}

/* So slow that the reactive rule misses nothing: a forecast has only its margin to give.
 */
static double slow(int64_t t_ms)
{
	double day = 2 * M_PI * (double)(t_ms % MS_PER_DAY) / (double)MS_PER_DAY;
	double ripple = 1 + 0.04 * sin(19 * day) + 0.04 * sin(31 * day);
	return (1000 - 300 * cos(day)) * ripple;
}

static void note_asked(void)
{
	for (int32_t i = 0; i < r.did->count; i++) {
		const struct action *a = &r.did->items[i];
		if (a->type != ACTION_QUERY || a->u.query.ref.kind != QUERY_HISTORY)
			continue;
		ck_assert_int_lt(asked_count, ASKED_MAX);
		asked[asked_count].ref = a->u.query.ref;
		asked[asked_count].start_ms = a->u.query.start_ms;
		asked[asked_count++].end_ms = a->u.query.end_ms;
	}
}

static void step(struct event *event)
{
	rig_step(&r, event);
	note_asked();
}

static void tick(void)
{
	struct event event = {.type = EVENT_TICK};
	int64_t next = engine_next_tick_ms(r.e);
	r.now_ms = next > r.now_ms ? next : r.now_ms;
	step(&event);
}

/* Answers the i-th open query of history from `load`, and learns it. */
static void answer(int32_t i)
{
	static struct sample samples[HISTORY_CHUNK_MIN];
	struct event event = {.type = EVENT_HISTORY}, work = {.type = EVENT_WORK};
	int32_t n = 0;
	for (int64_t t = asked[i].start_ms; t <= asked[i].end_ms; t += MS_PER_MIN)
		samples[n++] = (struct sample){t, load(t - MS_PER_MIN)};
	event.u.history.query = asked[i].ref;
	event.u.history.samples = samples;
	event.u.history.count = n;
	asked[i] = asked[--asked_count];
	step(&event);
	while (engine_has_work(r.e))
		step(&work);
}

static bool loaded(void)
{
	for (int32_t m = 0; m < rig_slot(&r)->policy->metric_count; m++)
		if (rig_slot(&r)->metrics[m].feed.memory &&
		    !rig_slot(&r)->metrics[m].feed.loaded)
			return false;
	return true;
}

/* A new policy reads its history. */
static void read_history(const char *text, double (*of)(int64_t))
{
	load = of;
	rig_policy(&r, "checkout", text);
	note_asked();
	rig_target(&r, 3, "10");
	rig_pods(&r, 3);
	note_asked();
	while (!loaded()) {
		while (asked_count > 0)
			answer(asked_count - 1);
		if (!loaded())
			tick();
	}
}

static const struct gate *gate(void)
{
	return &rig_slot(&r)->gate;
}

START_TEST(history_is_evidence_at_once)
{
	read_history(GATED(EXTERNAL, ""), jumps);
	ck_assert(gate()->open);
	ck_assert(gate_proved(gate()));
	ck_assert_int_gt(gate()->evidence_min, 4 * 1440);
	ck_assert_double_lt(gate_cost_ours(gate()), 0.99 * gate_cost_reactive(gate()));
	rig_until_asked(&r);
	rig_value(&r, 200);
	ck_assert_str_eq(rig_status(&r)->conditions[PC_FORECAST_TRUSTED].reason,
			 "ForecastTrusted");
	ck_assert(rig_status(&r)->metrics[0].forecast_usable);
	ck_assert(rig_status(&r)->gate.open);
}
END_TEST

START_TEST(a_load_that_the_reactive_rule_serves_leaves_it_shut)
{
	read_history(GATED(EXTERNAL, ", release: false"), slow);
	ck_assert(!gate()->open);
	ck_assert_int_gt(gate()->evidence_min, 4 * 1440);
	rig_until_asked(&r);
	rig_value(&r, 500);
	ck_assert_str_eq(rig_status(&r)->conditions[PC_FORECAST_TRUSTED].reason,
			 "ForecastUntrusted");
	ck_assert(!rig_status(&r)->metrics[0].forecast_usable);
	ck_assert_int_eq(rig_status(&r)->predicted, DECIDE_NO_REPLICAS);
	ck_assert_ptr_nonnull(
		strstr(rig_status(&r)->conditions[PC_FORECAST_TRUSTED].message,
		       "the reactive rule"));
}
END_TEST

START_TEST(a_restarted_process_finds_the_same_gate_bit_for_bit)
{
	struct engine_config config;
	read_history(GATED(EXTERNAL, ""), jumps);
	struct gate before = *gate();
	struct shadow shadow = *rig_slot(&r)->shadow;
	int64_t now_ms = r.now_ms;
	rig_close(&r);
	engine_config_default(&config);
	rig_open(&r, &config);
	r.now_ms = now_ms;
	read_history(GATED(EXTERNAL, ""), jumps);
	ck_assert(before.open);
	ck_assert(gate()->ours == before.ours && gate()->reactive == before.reactive);
	ck_assert(gate()->weight == before.weight);
	ck_assert_int_eq(gate()->evidence_min, before.evidence_min);
	ck_assert_int_eq(gate()->since_ms, before.since_ms);
	ck_assert_int_eq(rig_slot(&r)->shadow->ours.replicas, shadow.ours.replicas);
	ck_assert_int_eq(rig_slot(&r)->shadow->reactive.ready, shadow.reactive.ready);
}
END_TEST

START_TEST(a_live_minute_is_evidence_like_one_of_history)
{
	read_history(GATED(EXTERNAL, ""), jumps);
	struct gate before = *gate();
	for (int i = 0; i < 60; i++) {
		tick();
		while (asked_count > 0)
			answer(0);
	}
	ck_assert_int_gt(gate()->evidence_min, before.evidence_min + 2);
	struct gate lived = *gate();
	int64_t now_ms = r.now_ms;
	rig_close(&r);
	rig_open(&r, NULL);
	r.now_ms = now_ms;
	read_history(GATED(EXTERNAL, ""), jumps);
	ck_assert(gate()->ours == lived.ours && gate()->reactive == lived.reactive);
}
END_TEST

/* Whatever the order in which the answers come. */
START_TEST(several_metrics_share_one_shadow)
{
	read_history(GATED(EXTERNAL SECOND, ""), jumps);
	struct gate together = *gate();
	/* 1,500 at 10 a pod: more than the 40 pods that there may be. */
	ck_assert_int_eq(rig_slot(&r)->shadow->reactive.replicas, 20);
	ck_assert_int_gt(together.evidence_min, 4 * 1440);
	rig_close(&r);
	open_rig();
	load = jumps;
	rig_policy(&r, "checkout", GATED(EXTERNAL SECOND, ""));
	rig_target(&r, 3, "10");
	rig_pods(&r, 3);
	/* One of them is answered as long as it asks, then the other. */
	while (!loaded()) {
		int32_t i = 0;
		while (i < asked_count && asked[i].ref.metric != 1)
			i++;
		if (i < asked_count)
			answer(i);
		else if (engine_next_tick_ms(r.e) <= r.now_ms)
			tick();
		else if (asked_count > 0)
			answer(0);
		else
			tick();
	}
	ck_assert_int_eq(gate()->evidence_min, together.evidence_min);
	ck_assert(gate()->ours == together.ours);
	ck_assert(gate()->reactive == together.reactive);
}
END_TEST

/* A source that never answers stops the evidence, not the other metric's history. */
START_TEST(a_metric_that_stays_away_holds_the_others_up_for_ten_minutes_at_most)
{
	load = jumps;
	rig_policy(&r, "checkout", GATED(EXTERNAL SECOND, ""));
	rig_target(&r, 3, "10");
	rig_pods(&r, 3);
	int64_t began_ms = r.now_ms;
	while (!rig_slot(&r)->metrics[0].feed.loaded) {
		for (int32_t i = asked_count - 1; i >= 0; i--)
			if (asked[i].ref.metric == 0)
				answer(i);
		ck_assert_int_lt(r.now_ms - began_ms, 11 * MS_PER_MIN);
		asked_count = asked_count > 4 ? 4 : asked_count;
		if (!rig_slot(&r)->metrics[0].feed.loaded)
			tick();
	}
	ck_assert_int_ge(r.now_ms - began_ms, 10 * MS_PER_MIN);
	ck_assert_int_eq(gate()->evidence_min, 0);
	ck_assert(!gate()->open);
}
END_TEST

START_TEST(a_metric_that_cannot_be_forecast_is_left_out)
{
	read_history(GATED(EXTERNAL, ""), jumps);
	struct gate alone = *gate();
	rig_close(&r);
	open_rig();
	read_history(GATED(VALUE_TARGET EXTERNAL, ""), jumps);
	ck_assert(gate()->ours == alone.ours && gate()->reactive == alone.reactive);
}
END_TEST

START_TEST(a_new_text_goes_on_with_the_gate)
{
	read_history(GATED(EXTERNAL, ""), jumps);
	struct gate before = *gate();
	rig_policy(&r, "checkout", GATED(EXTERNAL, "") "behavior: {}\n");
	ck_assert(gate()->open);
	ck_assert(gate()->ours == before.ours);
	ck_assert_int_eq(rig_slot(&r)->record.window_min, 5);
	/* Another quantile is another forecast. */
	rig_policy(&r, "checkout", GATED(EXTERNAL, ", quantile: 0.9"));
	ck_assert(!gate()->open);
	ck_assert_int_eq(gate()->evidence_min, 0);
}
END_TEST

/* The lead time moved a little before the kill: the rung stayed, and with it the shadow.
 */
START_TEST(the_record_keeps_the_lead_time_of_the_shadow)
{
	struct state_record record = {.window_min = 5, .shadow_lead_ms = 150000};
	load = jumps;
	rig_set(&r, engine_prepare(r.e, "shop", "checkout",
				   rig_parse("checkout", GATED(EXTERNAL, ""), 0), NULL,
				   &record));
	rig_pods(&r, 3);
	rig_next(&r);
	ck_assert_int_eq(rig_slot(&r)->record.shadow_lead_ms, 150000);
	record.window_min = 20; /* far from what two minutes need */
	rig_policy_gone(&r, "checkout");
	rig_set(&r, engine_prepare(r.e, "shop", "checkout",
				   rig_parse("checkout", GATED(EXTERNAL, ""), 0), NULL,
				   &record));
	rig_pods(&r, 3);
	rig_next(&r);
	ck_assert_int_eq(rig_slot(&r)->record.shadow_lead_ms, 120000);
	ck_assert_int_eq(rig_slot(&r)->record.window_min, 5);
}
END_TEST

#define OBJECTIVE GATED(EXTERNAL, ", objective: 99.99%")

/* Ramps of an hour, and noise. */
static double ramps(int64_t t_ms)
{
	double hour = (double)(t_ms % MS_PER_DAY) / (double)MS_PER_H;
	struct rng noise;
	rng_init(&noise, (uint64_t)(t_ms / MS_PER_MIN));
	double size = 1 - 0.1 * log(1 - rng_uniform(&noise));
	double up = fmin(fmax(hour - 8, 0), 1), down = fmin(fmax(hour - 17, 0), 1);
	return size * (200 + 1300 * (up - down));
}

START_TEST(an_objective_chooses_its_quantile_from_history)
{
	read_history(OBJECTIVE, ramps);
	const struct objective *o = &rig_slot(&r)->record.objective;
	ck_near(o->share, 0.9999, 1e-12);
	ck_assert(fabs(objective_quantile(o) - 0.95) > 0.001);
	ck_near(objective_served(o), 0.9999, 0.0002);
	ck_assert_int_gt(o->moved_ms, r.now_ms - 5 * MS_PER_MIN);
	ck_near(gate_quantile(rig_slot(&r)), objective_quantile(o), 0);
	ck_near(gate_objective(rig_slot(&r)), 0.9999, 0);
	rig_until_asked(&r);
	rig_value(&r, 250);
	cJSON *json AUTO(json_cleanup) = status_summary(rig_status(&r));
	ck_near(json_at(json, "objective.share")->valuedouble, 0.9999, 1e-12);
	ck_near(json_at(json, "objective.quantile")->valuedouble, objective_quantile(o),
		1e-12);
	ck_near(json_at(json, "objective.served")->valuedouble, objective_served(o),
		1e-12);
	/* What is planned for is told, not the forecaster's own quantile. */
	const struct forecast *f = &rig_status(&r)->metrics[0].forecast;
	struct forecast own;
	forecaster_predict(rig_slot(&r)->metrics[0].feed.forecaster, &own);
	ck_assert_double_ne(f->upper, own.upper);
	ck_assert_double_ge(f->release, f->upper);
	ck_assert_double_le(f->mean, f->upper);
}
END_TEST

START_TEST(without_an_objective_the_quantile_holds)
{
	read_history(GATED(EXTERNAL, ""), ramps);
	ck_near(gate_quantile(rig_slot(&r)), 0.95, 0);
	ck_near(gate_objective(rig_slot(&r)), 0, 0);
	ck_assert_ptr_null(rig_slot(&r)->metrics[0].feed.plan);
	cJSON *json AUTO(json_cleanup) = status_summary(rig_status(&r));
	ck_assert_ptr_null(json_at(json, "objective"));
	struct forecast own;
	forecaster_predict(rig_slot(&r)->metrics[0].feed.forecaster, &own);
	ck_assert(rig_status(&r)->metrics[0].forecast.upper == own.upper);
}
END_TEST

START_TEST(seasons_that_are_not_asked_for_are_not_modelled)
{
	static const struct {
		const char *more;
		bool day;
	} cases[] = {{"", true}, {", seasons: [1d]", true}, {", seasons: []", false}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *text = xasprintf(GATED(EXTERNAL, "%s"), cases[i].more);
		read_history(text, jumps);
		const struct forecast *f = &rig_status(&r)->metrics[0].forecast;
		ck_assert_int_eq(f->state, FORECAST_READY);
		bool recent = f->mostly == FC_LINEAR_RECENT ||
			      f->mostly == FC_LAST_VALUE || f->mostly == FC_HOUR_MEAN;
		ck_assert_msg(!recent == cases[i].day, "%s: %s", cases[i].more,
			      model_name(f->mostly));
	}
}
END_TEST

static void live(int ticks)
{
	for (int i = 0; i < ticks; i++) {
		tick();
		while (asked_count > 0)
			answer(0);
	}
}

/* Killed with a record that is an hour old; its twin lives on. */
START_TEST(a_killed_process_goes_on_with_the_quantile_it_had)
{
	read_history(OBJECTIVE, ramps);
	struct state_record record = {0};
	cJSON *json AUTO(json_cleanup) = record_to_json(&rig_slot(&r)->record);
	record_from_json(json, &record);
	struct objective before = rig_slot(&r)->record.objective;
	ck_assert(record.objective.level == before.level);
	live(240);
	struct objective lived = rig_slot(&r)->record.objective;
	int64_t now_ms = r.now_ms;
	ck_assert_int_gt(lived.moved_ms, before.moved_ms);
	ck_assert(lived.level != before.level);
	rig_close(&r);
	open_rig();
	r.now_ms = now_ms;
	rig_set(&r, engine_prepare(r.e, "shop", "checkout",
				   rig_parse("checkout", OBJECTIVE, 0), NULL, &record));
	read_history(OBJECTIVE, ramps);
	const struct objective *o = &rig_slot(&r)->record.objective;
	ck_assert_int_eq(o->moved_ms, lived.moved_ms);
	ck_near(o->level, lived.level, 0.01);
}
END_TEST

START_TEST(another_objective_is_learned_from_history_again)
{
	read_history(OBJECTIVE, ramps);
	double level = rig_slot(&r)->record.objective.level;
	read_history(GATED(EXTERNAL, ", objective: 99%"), ramps);
	ck_assert_double_lt(rig_slot(&r)->record.objective.level, level - 1);
	ck_near(objective_served(&rig_slot(&r)->record.objective), 0.99, 0.01);
}
END_TEST

START_TEST(excluded_times_teach_an_objective_nothing)
{
	read_history(GATED(EXTERNAL, ", objective: 99.8%, exclude: [{from: "
				     "2026-02-20T00:00:00Z, to: 2027-01-01T00:00:00Z}]"),
		     ramps);
	ck_near(objective_quantile(&rig_slot(&r)->record.objective), 0.95, 1e-9);
	ck_assert_int_eq(rig_slot(&r)->record.objective.moved_ms, 0);
}
END_TEST

START_TEST(disabled_has_no_gate)
{
	rig_start(&r, REACTIVE, 3);
	ck_assert_ptr_null(rig_slot(&r)->shadow);
	rig_value(&r, 300);
	ck_assert(!rig_status(&r)->gate.open);
}
END_TEST

/* Without evidence mode Always follows the forecast, but not beyond all measure. */
START_TEST(always_is_capped_until_it_has_proved_itself)
{
	rig_policy(&r, "checkout", FORECAST);
	rig_target(&r, 3, "10");
	rig_pods(&r, 3);
	rig_until_asked(&r);
	struct metric_status *m = &rig_slot(&r)->status.metrics[0];
	rig_slot(&r)->metrics[0].feed.loaded = true;
	m->forecast = (struct forecast){.state = FORECAST_READY,
					.made_for_ms = r.now_ms,
					.mean = 800,
					.upper = 900,
					.release = 900};
	m->window_min = 5;
	rig_value(&r, 270);
	ck_assert_str_eq(
		rig_status(&r)->reason,
		"requests forecast 900 within 5m (q95) > capacity 300, capped at "
		"2x the reactive 3 -> 3 to 6");
	ck_assert(rig_status(&r)->capped);
	rig_slot(&r)->gate =
		(struct gate){.open = true, .evidence_min = GATE_PROOF_MIN, .weight = 1};
	rig_written(&r, EVENT_SCALE_FAILED, "no");
	m->forecast.made_for_ms = r.now_ms + 15 * MS_PER_S;
	rig_cycle(&r, 270);
	ck_assert_int_eq(rig_status(&r)->predicted, 9);
	ck_assert(!rig_status(&r)->capped);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("gate");
	TCase *t = tcase_create("gate");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, open_rig, close_rig);
	tcase_add_test(t, history_is_evidence_at_once);
	tcase_add_test(t, a_load_that_the_reactive_rule_serves_leaves_it_shut);
	tcase_add_test(t, a_restarted_process_finds_the_same_gate_bit_for_bit);
	tcase_add_test(t, a_live_minute_is_evidence_like_one_of_history);
	tcase_add_test(t, several_metrics_share_one_shadow);
	tcase_add_test(
		t, a_metric_that_stays_away_holds_the_others_up_for_ten_minutes_at_most);
	tcase_add_test(t, a_metric_that_cannot_be_forecast_is_left_out);
	tcase_add_test(t, a_new_text_goes_on_with_the_gate);
	tcase_add_test(t, the_record_keeps_the_lead_time_of_the_shadow);
	tcase_add_test(t, an_objective_chooses_its_quantile_from_history);
	tcase_add_test(t, without_an_objective_the_quantile_holds);
	tcase_add_test(t, seasons_that_are_not_asked_for_are_not_modelled);
	tcase_add_test(t, a_killed_process_goes_on_with_the_quantile_it_had);
	tcase_add_test(t, another_objective_is_learned_from_history_again);
	tcase_add_test(t, excluded_times_teach_an_objective_nothing);
	tcase_add_test(t, disabled_has_no_gate);
	tcase_add_test(t, always_is_capped_until_it_has_proved_itself);
	suite_add_tcase(s, t);
	return run_suite(s);
}
