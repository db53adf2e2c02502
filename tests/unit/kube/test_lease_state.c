#include "kube/lease_state.h"

#include "unit/harness.h"

#include <stdio.h>
#include <string.h>

/* 2026-01-01T00:00:00Z: the wall clock is this plus the steady clock. */
#define WALL INT64_C(1767225600000)

static const struct lease_times times = {15000, 10000, 2000};

/* A Lease object in a server that does what its precondition says. */
static struct lease_record object;
static bool exists;
static int version;

static struct lease_state a, b;
static struct lease_order order;
static int64_t now_ms;

static void setup(void)
{
	struct err err = {0};
	exists = false;
	version = 100;
	now_ms = 50000;
	ck_assert_int_eq(lease_state_init(&a, "a", &times, 1, &err), 0);
	ck_assert_int_eq(lease_state_init(&b, "b", &times, 2, &err), 0);
}

static void store(const struct lease_record *record)
{
	object = *record;
	exists = true;
	snprintf(object.version, sizeof(object.version), "%d", ++version);
}

static enum lease_result serve(const struct lease_order *o)
{
	switch (o->action) {
	case LEASE_GET:
		return exists ? LEASE_OK : LEASE_MISSING;
	case LEASE_CREATE:
		if (exists)
			return LEASE_CONFLICT;
		store(&o->record);
		return LEASE_OK;
	case LEASE_UPDATE:
		if (!exists)
			return LEASE_MISSING;
		if (strcmp(o->record.version, object.version) != 0)
			return LEASE_CONFLICT;
		store(&o->record);
		return LEASE_OK;
	case LEASE_WAIT:
	case LEASE_DONE:
		break;
	}
	ck_abort_msg("nothing to serve");
	return LEASE_FAILED;
}

/* Serves orders until the candidate waits or is done. Returns how many. */
static int settle(struct lease_state *s)
{
	int count = 0;
	while (order.action != LEASE_WAIT && order.action != LEASE_DONE) {
		enum lease_result result = serve(&order);
		struct lease_record record = object;
		lease_state_answer(s, result, &record, now_ms, WALL + now_ms, &order);
		ck_assert_int_lt(++count, 10);
	}
	return count;
}

/* One attempt with a server that works. */
static int attempt(struct lease_state *s)
{
	lease_state_wake(s, now_ms, WALL + now_ms, &order);
	return settle(s);
}

/* One attempt of which no request is answered in time. */
static void failing_attempt(struct lease_state *s)
{
	lease_state_wake(s, now_ms, WALL + now_ms, &order);
	while (order.action != LEASE_WAIT)
		lease_state_answer(s, LEASE_FAILED, NULL, now_ms, WALL + now_ms, &order);
}

START_TEST(the_first_one_creates_the_lease_and_leads)
{
	attempt(&a);
	ck_assert(lease_state_valid(&a, now_ms));
	ck_assert_str_eq(object.holder, "a");
	ck_assert_int_eq(object.duration_s, 15);
	ck_assert_int_eq(object.transitions, 0);
	ck_assert_str_eq(object.renew_time, "2026-01-01T00:00:50.000000Z");
	ck_assert_str_eq(object.acquire_time, object.renew_time);
	ck_assert_int_eq(order.delay_ms, 2000);
}
END_TEST

START_TEST(a_renewal_is_one_request_and_keeps_the_time_of_acquisition)
{
	attempt(&a);
	now_ms += 2000;
	ck_assert_int_eq(attempt(&a), 1);
	ck_assert_str_eq(object.renew_time, "2026-01-01T00:00:52.000000Z");
	ck_assert_str_eq(object.acquire_time, "2026-01-01T00:00:50.000000Z");
	ck_assert_int_eq(object.transitions, 0);
	ck_assert_int_eq(lease_state_expires_ms(&a), now_ms + 10000);
}
END_TEST

START_TEST(a_follower_waits_with_jitter_and_takes_over_when_it_saw_no_renewal)
{
	attempt(&a);
	attempt(&b);
	ck_assert(!lease_state_valid(&b, now_ms));
	ck_assert_int_ge(order.delay_ms, 2000);
	ck_assert_int_le(order.delay_ms, 4400);
	now_ms += 14999;
	attempt(&b);
	ck_assert(!lease_state_valid(&b, now_ms));
	now_ms += 1;
	attempt(&b);
	ck_assert(lease_state_valid(&b, now_ms));
	ck_assert_str_eq(object.holder, "b");
	ck_assert_int_eq(object.transitions, 1);
}
END_TEST

START_TEST(what_counts_is_when_we_saw_the_change_not_what_the_record_says)
{
	attempt(&a);
	strcpy(object.renew_time, "1999-01-01T00:00:00.000000Z"); /* a clock far behind */
	now_ms += 60000;
	attempt(&b);
	ck_assert(!lease_state_valid(&b, now_ms));
	now_ms += 10000;
	strcpy(object.renew_time, "1999-01-01T00:00:10.000000Z");
	attempt(&b);
	now_ms += 14000;
	attempt(&b);
	ck_assert(!lease_state_valid(&b, now_ms));
}
END_TEST

START_TEST(a_change_that_is_no_renewal_does_not_prolong)
{
	attempt(&a);
	attempt(&b);
	now_ms += 15000;
	strcpy(object.version, "9999"); /* somebody put a label on it */
	attempt(&b);
	ck_assert(lease_state_valid(&b, now_ms));
}
END_TEST

START_TEST(the_holders_own_duration_is_respected)
{
	attempt(&a);
	object.duration_s = 60;
	attempt(&b);
	now_ms += 59000;
	attempt(&b);
	ck_assert(!lease_state_valid(&b, now_ms));
	now_ms += 1000;
	attempt(&b);
	ck_assert(lease_state_valid(&b, now_ms));
}
END_TEST

START_TEST(a_leader_that_cannot_renew_stops_at_the_deadline)
{
	attempt(&a);
	for (int i = 0; i < 4; i++) {
		now_ms += 2000;
		failing_attempt(&a);
		ck_assert_int_eq(order.delay_ms, 2000);
		ck_assert(lease_state_valid(&a, now_ms));
	}
	now_ms += 2000;
	ck_assert(!lease_state_valid(&a, now_ms));
	ck_assert(a.leading);
	lease_state_expire(&a, now_ms);
	ck_assert(!a.leading);
}
END_TEST

START_TEST(a_frozen_leader_knows_at_once_that_it_may_not_write)
{
	attempt(&a);
	attempt(&b);
	now_ms += 20000; /* a was stopped meanwhile */
	ck_assert(!lease_state_valid(&a, now_ms));
	attempt(&b);
	attempt(&a); /* its cached version is stale: conflict, then it reads */
	ck_assert(!a.leading);
	ck_assert_str_eq(a.seen.holder, "b");
	ck_assert_str_eq(object.holder, "b");
}
END_TEST

START_TEST(the_deadline_counts_from_sending_not_from_the_answer)
{
	lease_state_wake(&a, now_ms, WALL + now_ms, &order);
	lease_state_answer(&a, LEASE_MISSING, NULL, now_ms, WALL + now_ms, &order);
	ck_assert_int_eq(order.action, LEASE_CREATE);
	int64_t sent_ms = now_ms;
	now_ms += 4000;
	serve(&order);
	lease_state_answer(&a, LEASE_OK, &object, now_ms, WALL + now_ms, &order);
	ck_assert_int_eq(lease_state_expires_ms(&a), sent_ms + 10000);
}
END_TEST

START_TEST(a_write_of_unknown_fate_is_followed_by_a_read)
{
	attempt(&a);
	now_ms += 2000;
	lease_state_wake(&a, now_ms, WALL + now_ms, &order);
	ck_assert_int_eq(order.action, LEASE_UPDATE);
	serve(&order); /* it arrived, the answer did not */
	lease_state_answer(&a, LEASE_FAILED, NULL, now_ms, WALL + now_ms, &order);
	ck_assert_int_eq(order.action, LEASE_WAIT);
	now_ms += 2000;
	lease_state_wake(&a, now_ms, WALL + now_ms, &order);
	ck_assert_int_eq(order.action, LEASE_GET);
	settle(&a);
	ck_assert(lease_state_valid(&a, now_ms));
	ck_assert_int_eq(object.transitions, 0);
}
END_TEST

START_TEST(two_that_take_over_at_once_are_told_apart_by_the_version)
{
	attempt(&a);
	attempt(&b);
	struct lease_state c;
	ck_assert_int_eq(lease_state_init(&c, "c", &times, 3, NULL), 0);
	attempt(&c);
	now_ms += 16000;
	struct lease_order first, second;
	lease_state_wake(&b, now_ms, WALL + now_ms, &first);
	lease_state_wake(&c, now_ms, WALL + now_ms, &second);
	struct lease_record read = object;
	lease_state_answer(&b, LEASE_OK, &read, now_ms, WALL + now_ms, &first);
	lease_state_answer(&c, LEASE_OK, &read, now_ms, WALL + now_ms, &second);
	ck_assert_int_eq(first.action, LEASE_UPDATE);
	ck_assert_int_eq(second.action, LEASE_UPDATE);
	order = second;
	settle(&c);
	order = first;
	settle(&b);
	ck_assert(lease_state_valid(&c, now_ms));
	ck_assert(!lease_state_valid(&b, now_ms));
}
END_TEST

START_TEST(endless_conflicts_end_in_a_wait)
{
	attempt(&a);
	now_ms += 2000;
	lease_state_wake(&a, now_ms, WALL + now_ms, &order);
	int count = 0;
	while (order.action != LEASE_WAIT) {
		struct lease_record read = object;
		lease_state_answer(&a,
				   order.action == LEASE_GET ? LEASE_OK : LEASE_CONFLICT,
				   &read, now_ms, WALL + now_ms, &order);
		ck_assert_int_lt(++count, 8);
	}
	ck_assert_int_eq(order.delay_ms, 2000);
}
END_TEST

START_TEST(one_that_is_shared_is_tried_for_longer)
{
	a.shared = true;
	attempt(&a);
	now_ms += 2000;
	lease_state_wake(&a, now_ms, WALL + now_ms, &order);
	for (int conflicts = 0; conflicts < 3; conflicts++) {
		ck_assert_int_eq(order.action, LEASE_UPDATE);
		lease_state_answer(&a, LEASE_CONFLICT, NULL, now_ms, WALL + now_ms,
				   &order);
		ck_assert_int_eq(order.action, LEASE_GET);
		struct lease_record read = object;
		lease_state_answer(&a, LEASE_OK, &read, now_ms, WALL + now_ms, &order);
	}
	ck_assert_int_eq(order.action, LEASE_UPDATE);
	settle(&a);
	ck_assert_int_eq(lease_state_expires_ms(&a), now_ms + 10000);
}
END_TEST

START_TEST(a_lease_that_was_deleted_is_created_again)
{
	attempt(&a);
	exists = false;
	now_ms += 2000;
	attempt(&a);
	ck_assert(lease_state_valid(&a, now_ms));
	ck_assert(exists);
}
END_TEST

START_TEST(a_restart_under_the_same_name_goes_on_leading)
{
	attempt(&a);
	lease_state_init(&a, "a", &times, 9, NULL);
	now_ms += 1000;
	attempt(&a);
	ck_assert(lease_state_valid(&a, now_ms));
	ck_assert_int_eq(object.transitions, 0);
	ck_assert_str_eq(object.acquire_time, "2026-01-01T00:00:50.000000Z");
}
END_TEST

START_TEST(a_release_frees_the_lease_for_the_next_attempt_of_another)
{
	attempt(&a);
	attempt(&b);
	lease_state_release(&a, now_ms, WALL + now_ms, &order);
	ck_assert(!lease_state_valid(&a, now_ms));
	settle(&a);
	ck_assert_int_eq(order.action, LEASE_DONE);
	ck_assert_str_eq(object.holder, "");
	ck_assert_int_eq(object.duration_s, 1);
	attempt(&b);
	ck_assert(lease_state_valid(&b, now_ms));
}
END_TEST

START_TEST(without_an_appetite_neither_a_free_nor_a_missing_lease_is_taken)
{
	a.appetite = b.appetite = LEASE_TAKE_NONE;
	attempt(&a);
	ck_assert(!exists);
	b.appetite = LEASE_TAKE_ANY;
	attempt(&b);
	ck_assert_str_eq(object.holder, "b");
	now_ms += 60000;
	attempt(&a);
	now_ms += 60000;
	attempt(&a);
	ck_assert_str_eq(object.holder, "b");
}
END_TEST

START_TEST(a_small_appetite_takes_what_has_run_out_at_once)
{
	attempt(&a);
	b.appetite = LEASE_TAKE_RUN_OUT;
	attempt(&b);
	now_ms += 14999;
	attempt(&b);
	ck_assert_str_eq(object.holder, "a");
	now_ms += 1;
	attempt(&b);
	ck_assert(lease_state_valid(&b, now_ms));
}
END_TEST

START_TEST(a_small_appetite_leaves_what_is_free_to_others_for_a_while)
{
	b.appetite = LEASE_TAKE_RUN_OUT;
	attempt(&b); /* it is missing */
	now_ms += 14999;
	attempt(&b);
	ck_assert(!exists);
	now_ms += 1;
	attempt(&b);
	ck_assert(lease_state_valid(&b, now_ms));
	lease_state_release(&b, now_ms, WALL + now_ms, &order);
	settle(&b);
	a.appetite = LEASE_TAKE_RUN_OUT;
	now_ms += 1000;
	attempt(&a);
	now_ms += 14999;
	attempt(&a);
	ck_assert_str_eq(object.holder, "");
	now_ms += 1;
	attempt(&a);
	ck_assert_str_eq(object.holder, "a");
}
END_TEST

START_TEST(an_appetite_does_not_stop_renewals)
{
	attempt(&a);
	a.appetite = LEASE_TAKE_NONE;
	now_ms += 2000;
	attempt(&a);
	ck_assert_int_eq(lease_state_expires_ms(&a), now_ms + 10000);
}
END_TEST

START_TEST(two_of_one_name_hold_it_together_and_who_leaves_renews_it)
{
	struct lease_state c;
	ck_assert_int_eq(lease_state_init(&c, "a", &times, 3, NULL), 0);
	attempt(&a);
	attempt(&c);
	ck_assert(lease_state_valid(&a, now_ms));
	ck_assert(lease_state_valid(&c, now_ms));
	now_ms += 2000;
	attempt(&a); /* a conflict with the other's renewal, a read, a write */
	ck_assert_int_eq(lease_state_expires_ms(&a), now_ms + 10000);
	now_ms += 1000;
	c.stays = true;
	lease_state_release(&c, now_ms, WALL + now_ms, &order);
	settle(&c);
	ck_assert_int_eq(order.action, LEASE_DONE);
	ck_assert(!lease_state_valid(&c, now_ms));
	ck_assert_str_eq(object.holder, "a");
	ck_assert_int_eq(object.duration_s, 15);
	ck_assert_str_eq(object.renew_time, "2026-01-01T00:00:53.000000Z");
	attempt(&b);
	ck_assert(!lease_state_valid(&b, now_ms));
	lease_state_release(&a, now_ms, WALL + now_ms, &order);
	settle(&a);
	ck_assert_str_eq(object.holder, "");
}
END_TEST

START_TEST(a_release_waits_for_the_renewal_under_way)
{
	attempt(&a);
	now_ms += 2000;
	struct lease_order renewal, release;
	lease_state_wake(&a, now_ms, WALL + now_ms, &renewal);
	lease_state_release(&a, now_ms, WALL + now_ms, &release);
	ck_assert_int_eq(release.action, LEASE_WAIT);
	order = renewal;
	settle(&a);
	ck_assert_int_eq(order.action, LEASE_DONE);
	ck_assert_str_eq(object.holder, "");
}
END_TEST

START_TEST(a_release_after_a_lost_answer_reads_first)
{
	attempt(&a);
	now_ms += 2000;
	struct lease_order renewal;
	lease_state_wake(&a, now_ms, WALL + now_ms, &renewal);
	lease_state_release(&a, now_ms, WALL + now_ms, &order);
	serve(&renewal);
	lease_state_answer(&a, LEASE_FAILED, NULL, now_ms, WALL + now_ms, &order);
	ck_assert_int_eq(order.action, LEASE_GET);
	settle(&a);
	ck_assert_int_eq(order.action, LEASE_DONE);
	ck_assert_str_eq(object.holder, "");
}
END_TEST

START_TEST(who_does_not_lead_has_nothing_to_release)
{
	attempt(&a);
	attempt(&b);
	lease_state_release(&b, now_ms, WALL + now_ms, &order);
	ck_assert_int_eq(order.action, LEASE_DONE);
	ck_assert_str_eq(object.holder, "a");
	lease_state_init(&b, "b", &times, 2, NULL);
	lease_state_release(&b, now_ms, WALL + now_ms, &order);
	ck_assert_int_eq(order.action, LEASE_DONE);
}
END_TEST

START_TEST(a_release_never_frees_what_another_took)
{
	attempt(&a);
	strcpy(object.holder, "b");
	strcpy(object.version, "9999");
	lease_state_release(&a, now_ms, WALL + now_ms, &order);
	settle(&a);
	ck_assert_int_eq(order.action, LEASE_DONE);
	ck_assert_str_eq(object.holder, "b");
}
END_TEST

START_TEST(a_release_with_a_dead_server_ends)
{
	attempt(&a);
	lease_state_release(&a, now_ms, WALL + now_ms, &order);
	int count = 0;
	while (order.action != LEASE_DONE) {
		lease_state_answer(&a, LEASE_FAILED, NULL, now_ms, WALL + now_ms, &order);
		ck_assert_int_lt(++count, 8);
	}
}
END_TEST

static const struct {
	struct lease_times times;
	const char *identity;
} bad[] = {
	{{10000, 10000, 2000}, "a"}, {{15000, 2400, 2000}, "a"}, {{15000, 10000, 0}, "a"},
	{{15000, 10000, -1}, "a"},   {{15000, 10000, 2000}, ""},
};

START_TEST(times_and_names_that_cannot_work_are_refused)
{
	struct err err = {0};
	struct lease_state s;
	ck_assert_int_eq(lease_state_init(&s, bad[_i].identity, &bad[_i].times, 1, &err),
			 -1);
	ck_assert_int_eq(err.code, ERR_INVALID);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube lease_state");
	TCase *t = tcase_create("lease_state");
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, the_first_one_creates_the_lease_and_leads);
	tcase_add_test(t, a_renewal_is_one_request_and_keeps_the_time_of_acquisition);
	tcase_add_test(
		t, a_follower_waits_with_jitter_and_takes_over_when_it_saw_no_renewal);
	tcase_add_test(t, what_counts_is_when_we_saw_the_change_not_what_the_record_says);
	tcase_add_test(t, a_change_that_is_no_renewal_does_not_prolong);
	tcase_add_test(t, the_holders_own_duration_is_respected);
	tcase_add_test(t, a_leader_that_cannot_renew_stops_at_the_deadline);
	tcase_add_test(t, a_frozen_leader_knows_at_once_that_it_may_not_write);
	tcase_add_test(t, the_deadline_counts_from_sending_not_from_the_answer);
	tcase_add_test(t, a_write_of_unknown_fate_is_followed_by_a_read);
	tcase_add_test(t, two_that_take_over_at_once_are_told_apart_by_the_version);
	tcase_add_test(t, endless_conflicts_end_in_a_wait);
	tcase_add_test(t, one_that_is_shared_is_tried_for_longer);
	tcase_add_test(t, a_lease_that_was_deleted_is_created_again);
	tcase_add_test(t, a_restart_under_the_same_name_goes_on_leading);
	tcase_add_test(t, a_release_frees_the_lease_for_the_next_attempt_of_another);
	tcase_add_test(t,
		       without_an_appetite_neither_a_free_nor_a_missing_lease_is_taken);
	tcase_add_test(t, a_small_appetite_takes_what_has_run_out_at_once);
	tcase_add_test(t, a_small_appetite_leaves_what_is_free_to_others_for_a_while);
	tcase_add_test(t, an_appetite_does_not_stop_renewals);
	tcase_add_test(t, two_of_one_name_hold_it_together_and_who_leaves_renews_it);
	tcase_add_test(t, a_release_waits_for_the_renewal_under_way);
	tcase_add_test(t, a_release_after_a_lost_answer_reads_first);
	tcase_add_test(t, who_does_not_lead_has_nothing_to_release);
	tcase_add_test(t, a_release_never_frees_what_another_took);
	tcase_add_test(t, a_release_with_a_dead_server_ends);
	tcase_add_loop_test(t, times_and_names_that_cannot_work_are_refused, 0,
			    ARRAY_LEN(bad));
	suite_add_tcase(s, t);
	return run_suite(s);
}
