/* `foretop demo`: its flags, and a day to its end. */
#include "integration/bed.h"

#include <signal.h>
#include <string.h>

static struct bed *b;

static void setup(void)
{
	static const char *const names[] = {"checkout"};
	b = bed_open(names, 1);
}

static void teardown(void)
{
	bed_close(b);
}

static const struct {
	const char *flags[4];
	const char *says;
} wrong[] = {
	{{"--scenario", "flood"},
	 "--scenario: \"flood\": allowed: morning, spike, outage, deploy"},
	{{"--seconds", "19"}, "--seconds: \"19\": allowed: 20 to 3600"},
	{{"--seconds", ""}, "--seconds: \"\": allowed: 20 to 3600"},
	{{"--speed", "4321"}, "--speed: \"4321\": allowed: 24 to 4320"},
	{{"--speed", "nan"}, "--speed: \"nan\": allowed: 24 to 4320"},
	{{"--seconds", "20", "--speed", "100"},
	 "--seconds and --speed exclude each other"},
	{{"--seed", "-1"}, "--seed: \"-1\": allowed: a whole number"},
	{{"-v", "-1"}, "--v: \"-1\": allowed: 0 to 10"},
	{{"--frobnicate"}, "unknown flag --frobnicate\nSee foretop demo --help"},
	{{"--seed", "x"}, "--seed: \"x\": allowed: a whole number"},
	{{"--page=8081"}, "--page: 8081: must be ADDRESS:PORT"},
	{{"--page=:8081"}, ":8081 is not a loopback address"},
	{{"now"}, "unexpected argument now"},
};

START_TEST(wrong_flags_are_told_what_is_allowed)
{
	const char *const args[] = {"demo",
				    wrong[_i].flags[0],
				    wrong[_i].flags[1],
				    wrong[_i].flags[2],
				    wrong[_i].flags[3],
				    NULL};
	bed_call(b, &b->first, args);
	ck_assert_int_eq(bed_wait_end(b, &b->first), 2);
	char *said AUTO_FREE = bed_text(b->first.log);
	ck_assert_msg(strstr(said, wrong[_i].says) != NULL, "%s", said);
	char *out AUTO_FREE = bed_text(b->first.out);
	ck_assert_str_eq(out, "");
}
END_TEST

/* At a pace that a busy machine keeps: what is judged is what is said, not the score. */
START_TEST(a_day_with_an_outage_ends_with_a_table_and_what_to_do_next)
{
	static const char *const args[] = {"demo",       "--plain", "--speed", "2160",
					   "--scenario", "outage",  NULL};
	static const char *const says[] = {
		"A shop's day in 40 seconds",
		"Prometheus answers with errors from 07:50 to 08:50",
		"same load, one day",
		"\nforetop, planned for 95 %",
		"\nHPA's rules, target 70 %",
		"\nHPA's rules, target 90 %",
		"Against the HPA's rules at 70 %: ",
		"only a forecast can still raise",
		"\nWhat next:",
		"foretop simulate -f policy.yaml --prometheus-url URL",
		"foretop run --dry-run --once --prometheus-url URL",
		"kubectl apply -k manifests/",
		"foretop demo --page",
	};
	bed_call(b, &b->first, args);
	while (b->first.pid)
		bed_spin(b);
	char *out AUTO_FREE = bed_text(b->first.out);
	char *log AUTO_FREE = bed_text(b->first.log);
	ck_assert_msg(b->first.exit_code == 0, "%s%s", out, log);
	ck_assert_str_eq(log, "");
	const char *at = out;
	for (size_t i = 0; i < ARRAY_LEN(says); i++) {
		at = strstr(at, says[i]);
		ck_assert_msg(at != NULL, "no \"%s\" in its place in\n%s", says[i], out);
	}
}
END_TEST

START_TEST(a_page_that_has_no_port_is_an_error)
{
	const char *taken = strstr(promapi_url(b->prom), "//") + 2;
	char *flag AUTO_FREE = xasprintf("--page=%s", taken);
	const char *const args[] = {"demo", "--plain", flag, NULL};
	bed_call(b, &b->first, args);
	ck_assert_int_eq(bed_wait_end(b, &b->first), 1);
	ck_assert_int_eq(bed_logged(&b->first, "is not free"), 1);
}
END_TEST

int main(void)
{
	TCase *flags = bed_lane("flags", setup, teardown),
	      *day = bed_lane("a day", setup, teardown);
	tcase_add_loop_test(flags, wrong_flags_are_told_what_is_allowed, 0,
			    ARRAY_LEN(wrong));
	tcase_add_test(flags, a_page_that_has_no_port_is_an_error);
	tcase_add_test(day, a_day_with_an_outage_ends_with_a_table_and_what_to_do_next);
	return bed_run();
}
