/* Schedules through the whole loop, in virtual time: plans are expanded for a while ahead
 * only, and must be there whenever that while is over. */
#include "faults/stage.h"
#include "unit/harness.h"

/* A cycle sees that the time has come, and the next one may find the write done. */
#define SEEN_MS (2 * STAGE_SYNC_MS)

static const struct {
	const char *cron, *duration;
	int count; /* of schedules that say the same */
	int64_t every_ms, open_ms;
	int openings; /* that are looked at */
} calendars[] = {
	{"0 * * * *", "10m", 1, MS_PER_H, 10 * MS_PER_MIN, 26},
	/* More openings than a plan holds between two regular rounds. */
	{"*/2 * * * *", "1m", 16, 2 * MS_PER_MIN, MS_PER_MIN, 60},
	/* As many as it holds in four hours. */
	{"*/5 * * * *", "3m", 4, 5 * MS_PER_MIN, 3 * MS_PER_MIN, 60},
};

/* Seven pods; ceilings of four, which open at their time exactly. */
static const struct plateau plan[] = {{0, 700}};

static void run_to(struct stage *s, int64_t at_ms)
{
	stage_run(s, at_ms - stage_now(s));
}

START_TEST(each_opening_comes_and_ends_in_its_time)
{
	struct str policy AUTO(str_fini);
	str_init(&policy, 8192);
	str_puts(&policy, "forecast: {mode: Disabled}\nschedule:\n");
	for (int i = 0; i < calendars[_i].count; i++)
		str_printf(&policy, "- {cron: \"%s\", duration: %s, maxReplicas: 4}\n",
			   calendars[_i].cron, calendars[_i].duration);
	const struct stage_config config = {.seed = (uint64_t)_i + 1,
					    .actors = 1,
					    .plan = plan,
					    .plan_count = ARRAY_LEN(plan),
					    .policy = str_text(&policy),
					    .watch_lists = true};
	struct stage s;
	log_set_verbosity(-2);
	stage_open(&s, &config);
	int64_t every_ms = calendars[_i].every_ms, open_ms = calendars[_i].open_ms;
	/* The stage opens at a full hour of the wall. */
	ck_assert_int_eq(s.start_ms % MS_PER_H, 0);
	for (int i = 1; i <= calendars[_i].openings; i++) {
		int64_t at_ms = i * every_ms;
		run_to(&s, at_ms - MS_PER_S);
		ck_assert_msg(stage_replicas(&s) == 7, "%d replicas before opening %d",
			      (int)stage_replicas(&s), i);
		run_to(&s, at_ms + SEEN_MS);
		ck_assert_msg(stage_replicas(&s) == 4, "%d replicas in opening %d",
			      (int)stage_replicas(&s), i);
		run_to(&s, at_ms + open_ms - MS_PER_S);
		ck_assert_int_eq(stage_replicas(&s), 4);
		run_to(&s, at_ms + open_ms + SEEN_MS);
		ck_assert_msg(stage_replicas(&s) == 7, "%d replicas after opening %d",
			      (int)stage_replicas(&s), i);
	}
	stage_close(&s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("calendar");
	TCase *t = tcase_create("virtual time");
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, each_opening_comes_and_ends_in_its_time, 0,
			    ARRAY_LEN(calendars));
	suite_add_tcase(s, t);
	return run_suite(s);
}
