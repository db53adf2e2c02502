#include "serve/graph.h"

#include "unit/serve/policies.h"

static struct shown s;
static struct pasts pasts;
static struct str out;

static void setup(void)
{
	shown_init(&s, "shop", "checkout");
	str_init(&out, 1u << 20);
}

static void teardown(void)
{
	str_fini(&out);
	pasts_fini(&pasts);
	shown_fini(&s);
}

static void add(int step, double demand, double upper, int32_t desired)
{
	struct metric_status *m = &s.status.metrics[0];
	m->known = !isnan(demand);
	m->current = demand;
	m->forecast.state = isnan(upper) ? FORECAST_WAITING : FORECAST_READY;
	m->forecast.mean = upper - 50;
	m->forecast.upper = upper;
	s.status.desired = desired;
	pasts_add(&pasts, 0, &s.status, NOW_MS + PAST_STEP_MS * step);
}

static const char *demand(int step)
{
	str_clear(&out);
	graph_demand(&out, pasts_find(&pasts, 0, &s.status), "requests",
		     NOW_MS + PAST_STEP_MS * step);
	return str_text(&out);
}

static const char *replicas(int step)
{
	str_clear(&out);
	graph_replicas(&out, pasts_find(&pasts, 0, &s.status), 2, 40,
		       NOW_MS + PAST_STEP_MS * step);
	return str_text(&out);
}

static int count(const char *text, const char *what)
{
	int n = 0;
	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

/* The `d` of the path with this class. */
static char *path_of(const char *svg, const char *class)
{
	char *mark AUTO_FREE = xasprintf("<path class=\"%s\" d=\"", class);
	const char *at = strstr(svg, mark);
	ck_assert_msg(at != NULL, "no %s in %s", mark, svg);
	at += strlen(mark);
	return xstrndup(at, strcspn(at, "\""));
}

START_TEST(one_point_is_no_picture)
{
	add(0, 400, 500, 4);
	ck_assert_str_eq(demand(0), "");
	ck_assert_str_eq(replicas(0), "");
}
END_TEST

START_TEST(it_says_in_words_what_it_shows)
{
	add(0, 400, 500, 4);
	add(1, 820, 900, 9);
	add(2, 600, 640, 7);
	ck_assert_ptr_nonnull(strstr(demand(2),
				     "Demand: from 400 to 820, now 600. "
				     "Planned for: from 500 to 900, now 640. "));
	ck_assert_ptr_nonnull(strstr(replicas(2), "Desired: from 4 to 9, now 7. Ready: "
						  "from 4 to 4, now 4. Allowed: 2 to "
						  "40.</desc>"));
	ck_assert_ptr_nonnull(strstr(demand(2), "role=\"img\""));
}
END_TEST

START_TEST(lines_break_where_nothing_is_known)
{
	add(0, 400, 500, 4);
	add(1, 410, NAN, 4);
	add(2, NAN, 500, 4);
	add(3, 420, 500, 4);
	add(4, 430, 500, 4);
	char *line AUTO_FREE = path_of(demand(4), "line demand"),
		   *band AUTO_FREE = path_of(str_text(&out), "band");
	ck_assert_int_eq(count(line, "M"), 2);
	ck_assert_int_eq(count(line, "L"), 2);
	ck_assert_int_eq(count(band, "Z"), 2);
	ck_assert_ptr_null(strstr(str_text(&out), "nan"));
}
END_TEST

START_TEST(lines_break_where_nothing_was_seen)
{
	add(0, 400, 500, 4);
	add(1, 410, 500, 4);
	add(9, 420, 500, 4);
	char *line AUTO_FREE = path_of(demand(9), "line demand");
	ck_assert_int_eq(count(line, "M"), 2);
}
END_TEST

START_TEST(all_stays_inside_of_the_picture)
{
	double x, y;
	int used;
	for (int i = 0; i < 400; i++)
		add(i, i % 37 ? 1e3 * i : 0, 2e3 * i, i);
	char *line AUTO_FREE = path_of(demand(400), "line demand");
	ck_assert_int_eq(sscanf(line, "M%lf %lf%n", &x, &y, &used), 2);
	for (const char *at = line; (at = strpbrk(at, "ML")); at++) {
		ck_assert_int_eq(sscanf(at + 1, "%lf %lf", &x, &y), 2);
		ck_assert_msg(x >= 70 && x <= 848 && y >= 10 && y <= 204, "%g %g", x, y);
	}
	ck_assert_int_le(count(str_text(&out), "class=\"tick\""), 12);
	ck_assert_int_ge(count(str_text(&out), "class=\"tick\""), 3);
	ck_assert_int_le(count(str_text(&out), "class=\"grid\""), 7);
	ck_assert_int_ge(count(str_text(&out), "class=\"grid\""), 3);
}
END_TEST

START_TEST(a_load_of_nothing_has_axes_too)
{
	add(0, 0, 0, 0);
	add(1, 0, 0, 0);
	ck_assert_ptr_nonnull(strstr(demand(1), "</svg>"));
	ck_assert_ptr_null(strstr(str_text(&out), "nan"));
	ck_assert_ptr_null(strstr(str_text(&out), "inf"));
}
END_TEST

START_TEST(a_limit_that_is_far_away_is_left_out)
{
	add(0, 400, 500, 4);
	add(1, 400, 500, 5);
	ck_assert_int_eq(count(replicas(1), "class=\"limit\""), 1);
	add(2, 400, 500, 30);
	ck_assert_int_eq(count(replicas(2), "class=\"limit\""), 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("graph");
	TCase *tc = tcase_create("pictures");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, one_point_is_no_picture);
	tcase_add_test(tc, it_says_in_words_what_it_shows);
	tcase_add_test(tc, lines_break_where_nothing_is_known);
	tcase_add_test(tc, lines_break_where_nothing_was_seen);
	tcase_add_test(tc, all_stays_inside_of_the_picture);
	tcase_add_test(tc, a_load_of_nothing_has_axes_too);
	tcase_add_test(tc, a_limit_that_is_far_away_is_left_out);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
