#include "sim/fault.h"

#include "unit/harness.h"

static const char script[] = "# a night\n"
			     "40s kube lose on=writes of=deployments skip=1 times=2\n"
			     "\n"
			     "1m prom status times=3 code=503\n"
			     "1m30s kube lag for=20s\n"
			     "2m kube swap times=2\n"
			     "3m world clock for=-1h\n"
			     "4m world kill for=5s\n";

START_TEST(what_is_written_reads_back)
{
	struct fault faults[8];
	struct err err = {0};
	struct str out AUTO(str_fini);
	str_init(&out, 4096);
	int count = faults_parse(script, faults, 8, &err);
	ck_assert_msg(count == 6, "%s", err.msg);
	ck_assert_int_eq(faults[0].at_ms, 40000);
	ck_assert_int_eq(faults[0].kind, FAULT_LOSE);
	ck_assert_int_eq(faults[0].on, FAULT_WRITES);
	ck_assert_str_eq(faults[0].of, "deployments");
	ck_assert_int_eq(faults[0].skip, 1);
	ck_assert_int_eq(faults[0].times, 2);
	ck_assert_int_eq(faults[1].code, 503);
	ck_assert_int_eq(faults[2].ms, 20000);
	ck_assert_int_eq(faults[4].ms, -MS_PER_H);
	str_puts(&out, "# a night\n");
	for (int i = 0; i < count; i++) {
		ck_assert_int_eq(fault_format(&faults[i], &out), 0);
		str_puts(&out, i == 0 ? "\n\n" : "\n");
	}
	ck_assert_str_eq(str_text(&out), script);
}
END_TEST

static const struct {
	const char *line, *says;
} wrong[] = {
	{"", "expected"},
	{"40s kube", "expected"},
	{"soon kube lose", "soon"},
	{"40s moon lose", "kube, prom or world"},
	{"40s kube bite", "no fault"},
	{"40s prom lag for=3s", "not a fault of prom"},
	{"40s world lose", "not a fault of world"},
	{"40s kube lose on=sundays", "on=any"},
	{"40s kube lose skip=-1", "0 to 100000"},
	{"40s kube lose times=many", "0 to 100000"},
	{"40s kube lose for=x", "x"},
	{"40s kube status", "code=400"},
	{"40s kube status code=200", "code=400"},
};

START_TEST(what_cannot_be_is_refused_with_its_reason)
{
	struct fault f = {.code = 77};
	struct err err = {0};
	ck_assert_int_eq(fault_parse(wrong[_i].line, &f, &err), -1);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_msg(strstr(err.msg, wrong[_i].says) != NULL, "%s", err.msg);
	ck_assert_int_eq(f.code, 77); /* left alone */
}
END_TEST

START_TEST(a_script_names_the_line_and_keeps_to_its_limit)
{
	struct fault faults[2];
	struct err err = {0};
	ck_assert_int_eq(faults_parse("1s kube lose\n2s kube bite\n", faults, 2, &err),
			 -1);
	ck_assert_msg(strstr(err.msg, "line 2") != NULL, "%s", err.msg);
	ck_assert_int_eq(faults_parse("1s kube drop\n1s kube drop\n1s kube drop\n",
				      faults, 2, &err),
			 -1);
	ck_assert_msg(strstr(err.msg, "more than 2") != NULL, "%s", err.msg);
}
END_TEST

static bool same(const struct fault *a, const struct fault *b)
{
	struct str x AUTO(str_fini), y AUTO(str_fini);
	str_init(&x, 256);
	str_init(&y, 256);
	fault_format(a, &x);
	fault_format(b, &y);
	return !strcmp(str_text(&x), str_text(&y));
}

/* All that is drawn is in order, reads back, and every kind comes up. */
START_TEST(a_seed_draws_the_same_faults_again)
{
	struct fault first[8], second[8], back;
	bool drawn[FAULT_KINDS] = {false};
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct rng rng;
		rng_init(&rng, seed);
		faults_draw(&rng, 5 * MS_PER_MIN, true, first, 8);
		rng_init(&rng, seed);
		faults_draw(&rng, 5 * MS_PER_MIN, true, second, 8);
		for (int i = 0; i < 8; i++) {
			struct str line AUTO(str_fini);
			struct err err = {0};
			str_init(&line, 256);
			fault_format(&first[i], &line);
			ck_assert_msg(fault_parse(str_text(&line), &back, &err) == 0,
				      "%s: %s", str_text(&line), err.msg);
			ck_assert(same(&first[i], &back) && same(&first[i], &second[i]));
			ck_assert(first[i].at_ms >= 0 && first[i].at_ms < 5 * MS_PER_MIN);
			ck_assert(i == 0 || first[i - 1].at_ms <= first[i].at_ms);
			drawn[first[i].kind] = true;
		}
	}
	for (int i = 0; i < FAULT_KINDS; i++)
		ck_assert_msg(drawn[i], "fault %d was never drawn", i);
}
END_TEST

START_TEST(without_kills_none_is_drawn)
{
	struct fault faults[64];
	struct rng rng;
	rng_init(&rng, 7);
	for (int round = 0; round < 20; round++) {
		faults_draw(&rng, MS_PER_MIN, false, faults, 64);
		for (int i = 0; i < 64; i++)
			ck_assert_int_ne(faults[i].kind, FAULT_KILL);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fault");
	TCase *tc = tcase_create("script");
	tcase_add_test(tc, what_is_written_reads_back);
	tcase_add_loop_test(tc, what_cannot_be_is_refused_with_its_reason, 0,
			    ARRAY_LEN(wrong));
	tcase_add_test(tc, a_script_names_the_line_and_keeps_to_its_limit);
	tcase_add_test(tc, a_seed_draws_the_same_faults_again);
	tcase_add_test(tc, without_kills_none_is_drawn);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
