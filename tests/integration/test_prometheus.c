/* What Prometheus can do wrong: nothing is lowered meanwhile, the status says why, one
 * Event is written, and everything goes on by itself afterwards. */
#include "integration/bed.h"

#include <string.h>

static struct bed *b;

/* Each fault strikes a Prometheus of its own, and the one policy that asks it. */
static const struct {
	const char *name;
	enum promapi_fault fault;
	const char *cause; /* in the condition's message */
} faults[] = {
	{"down", PROMAPI_DOWN, "refused"},
	{"html", PROMAPI_HTML, "HTML"},
	{"empty", PROMAPI_EMPTY, "no series"},
	{"nan", PROMAPI_NAN, "not a number"},
	{"stale", PROMAPI_STALE, "old"},
	{"future", PROMAPI_FUTURE, "in the future"},
	{"warnings", PROMAPI_WARNINGS, "results may be incomplete"},
	{"error", PROMAPI_ERROR, "opening storage failed"},
	{"busy", PROMAPI_BUSY, "503"},
	{"slow", PROMAPI_SLOW, "no answer within"},
	{"cut", PROMAPI_CUT, "reading the answer"},
	{"denied", PROMAPI_DENIED, "401"},
};
#define FAULTS ((int)ARRAY_LEN(faults))

static struct certificate certificate;
static struct promapi *servers[ARRAY_LEN(faults)];
static struct clock behind; /* of the server whose samples will be stale */

static void open_server(int i, struct str *sources)
{
	struct err err = {0};
	const struct promapi_config config = {
		.listen = "127.0.0.1:0",
		.cert_pem = certificate.cert_pem,
		.key_pem = certificate.key_pem,
		.clock = faults[i].fault == PROMAPI_STALE ? &behind : &b->clock,
		.slow_ms = MS_PER_MIN,
	};
	servers[i] = promapi_new(b->reactor, &config, &err);
	ck_assert_msg(servers[i] != NULL, "%s", err.msg);
	bed_answer(b, servers[i], faults[i].name);
	char *source AUTO_FREE = bed_source(b, faults[i].name, promapi_url(servers[i]));
	str_puts(sources, source);
}

static void open_all(const char *sync_period)
{
	const char *names[ARRAY_LEN(faults)];
	struct str sources AUTO(str_fini);
	struct err err = {0};
	for (int i = 0; i < FAULTS; i++)
		names[i] = faults[i].name;
	b = bed_open(names, FAULTS);
	clock_init_real(&behind);
	ck_assert_msg(certificate_make(&certificate, &err) == 0, "%s", err.msg);
	bed_write_file(b->ca, certificate.cert_pem);
	str_init(&sources, 65536);
	for (int i = 0; i < FAULTS; i++)
		open_server(i, &sources);
	b->sync_period = sync_period;
	bed_write_config(b, str_text(&sources), NULL);
}

/* A busy server gets its second try after 1 s: within the cycle. */
static void setup(void)
{
	open_all("2s");
}

static void setup_quick(void)
{
	open_all("1s");
}

static void teardown(void)
{
	for (int i = 0; i < FAULTS; i++)
		promapi_free(servers[i]);
	certificate_fini(&certificate);
	bed_close(b);
}

static int slow(void)
{
	for (int i = 0; i < FAULTS; i++)
		if (faults[i].fault == PROMAPI_SLOW)
			return i;
	return -1;
}

static void put_policy(int i)
{
	char *text AUTO_FREE = xasprintf("  source: %s\nmode: Scale\n", faults[i].name);
	bed_policy(b, faults[i].name, faults[i].name, text);
}

static bool available(int i, const char *status, const char *cause)
{
	return bed_condition(b, faults[i].name, "MetricsAvailable", status, cause);
}

static int outages(int i)
{
	return bed_events(b, faults[i].name, "MetricsUnavailable", NULL);
}

static int recoveries(int i)
{
	return bed_events(b, faults[i].name, "MetricsRecovered", NULL);
}

/* Every metric has a value, and Events have said so: on a busy machine the first
 * handshakes may take longer than a decision waits. */
static void all_known(void)
{
	for (int i = 0; i < FAULTS; i++) {
		wait_until(b, available(i, "True", NULL), faults[i].name);
		wait_until(b, recoveries(i) == outages(i), faults[i].name);
	}
}

START_TEST(whatever_it_answers_nothing_is_lowered_and_the_status_says_why)
{
	int before[ARRAY_LEN(faults)];
	for (int i = 0; i < FAULTS; i++)
		put_policy(i);
	bed_start(b, &b->first, "foretop-0", NULL);
	all_known();
	for (int i = 0; i < FAULTS; i++)
		before[i] = outages(i);
	/* Stale: the world of that server has stood still for ten minutes. */
	clock_init_scaled(&behind, wall_ms() - 10 * MS_PER_MIN, 1);
	for (int i = 0; i < FAULTS; i++) {
		promapi_fault(servers[i], faults[i].fault);
		bed_demand(b, faults[i].name, 90);
	}
	/* A request that was under way may have met another end: the cause comes then. */
	for (int i = 0; i < FAULTS; i++)
		wait_until(b, available(i, "False", faults[i].cause), faults[i].name);
	bed_cycles(b, faults[0].name, 2); /* so at least one of each */
	for (int i = 0; i < FAULTS; i++) {
		const char *name = faults[i].name;
		ck_assert_msg(bed_scaled(b, name) == 0, "%s was lowered", name);
		wait_until(b, outages(i) > before[i], name);
		ck_assert_msg(outages(i) == before[i] + 1, "%s: one Event", name);
	}
	for (int i = 0; i < FAULTS; i++)
		promapi_fault(servers[i], PROMAPI_OK);
	clock_init_real(&behind);
	for (int i = 0; i < FAULTS; i++) {
		const char *name = faults[i].name;
		wait_until(b, bed_scaled(b, name) == 1, name);
		ck_assert_int_eq(bed_scaled_to(b, name, 0), 1);
		wait_until(b, available(i, "True", NULL), name);
		wait_until(b, recoveries(i) == outages(i), name);
	}
}
END_TEST

/* The time-out of a request is ten seconds, ten cycles, and four are under way at most.
 */
START_TEST(a_server_that_hung_is_heard_again_at_once)
{
	const int hung = slow();
	put_policy(hung);
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, available(hung, "True", NULL), "a first decision");
	promapi_fault(servers[hung], PROMAPI_SLOW);
	bed_cycles(b, faults[hung].name, 4);
	wait_until(b, available(hung, "False", "no answer within"), "the status");
	promapi_fault(servers[hung], PROMAPI_OK);
	int before = bed_decisions(b, faults[hung].name);
	wait_until(b, available(hung, "True", NULL), "the status knows it again");
	ck_assert_int_le(bed_decisions(b, faults[hung].name), before + 4);
}
END_TEST

START_TEST(a_source_that_was_down_from_the_start_is_waited_for)
{
	promapi_fault(servers[0], PROMAPI_DOWN);
	put_policy(0);
	bed_demand(b, faults[0].name, 700);
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, available(0, "False", "refused"), "the status says so");
	bed_cycles(b, faults[0].name, 2);
	ck_assert_int_eq(bed_scaled(b, faults[0].name), 0);
	promapi_fault(servers[0], PROMAPI_OK);
	wait_until(b, bed_scaled(b, faults[0].name) == 1, "replicas are written");
	ck_assert_int_eq(bed_scaled_to(b, faults[0].name, 0), 7);
}
END_TEST

int main(void)
{
	TCase *tc = bed_lane("faults of Prometheus", setup, teardown);
	tcase_add_test(tc,
		       whatever_it_answers_nothing_is_lowered_and_the_status_says_why);
	tc = bed_lane("a late Prometheus", setup_quick, teardown);
	tcase_add_test(tc, a_source_that_was_down_from_the_start_is_waited_for);
	tc = bed_lane("a hung Prometheus", setup_quick, teardown);
	tcase_add_test(tc, a_server_that_hung_is_heard_again_at_once);
	return bed_run();
}
