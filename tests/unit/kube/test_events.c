#include "kube/events.h"

#include "unit/kube/api.h"

static struct api api;
static struct kube_events *events;
static struct str bodies;
static int requests, stop_after;
static int (*status_of)(int number);

static void handle(struct api *a, const struct api_request *q)
{
	(void)a;
	str_printf(&bodies, "%s\n", q->body);
	int status = status_of ? status_of(++requests) : (++requests, 201);
	if (status < 300)
		api_reply(q->peer, status, "", "{}");
	else
		api_refuse(q->peer, status, "X", "refused");
	if (requests >= stop_after)
		api_stop(&api);
}

static void start_events(int64_t retry_ms);

static void setup(void)
{
	api_init(&api, handle, NULL);
	api_client(&api);
	str_init(&bodies, 1024 * 1024);
	requests = 0;
	status_of = NULL;
	start_events(0);
}

static void start_events(int64_t retry_ms)
{
	struct kube_events_options options = {.controller = "foretop.io/foretop",
					      .instance = "me",
					      .repeat_ms = 30,
					      .queue = 3,
					      .retry_ms = retry_ms};
	kube_events_free(events);
	events = kube_events_new(api.kube, &options);
}

static void teardown(void)
{
	kube_events_free(events);
	events = NULL;
	kube_events_free(NULL);
	api_fini(&api);
	str_fini(&bodies);
}

static void post(const char *name, const char *note)
{
	struct kube_event event = {
		.regarding = {"apps/v1", "Deployment", "shop", name, "uid-1"},
		.related = {"v1", "ConfigMap", "shop", "policy", NULL},
		.reason = "Scaled",
		.action = "Scale",
		.note = note,
	};
	kube_events_post(events, &event);
}

static void run(int count)
{
	stop_after = count;
	api_run(&api);
}

/* The client hears of an answer a moment after the server gave it: looks until so many
 * Events are posted, failed or waiting. */
static uint64_t settle_at;
static struct kube_events_info last;

static void look(void *arg)
{
	struct timer *timer = arg;
	kube_events_info(events, &last);
	if (last.posted + last.failed + last.waiting >= settle_at)
		api_stop(&api);
	else
		timer_set(api.reactor, timer, 1, look, timer);
}

static struct kube_events_info info(uint64_t settled)
{
	struct timer timer = {0};
	stop_after = 1000;
	settle_at = settled;
	timer_set(api.reactor, &timer, 0, look, &timer);
	api_run(&api);
	return last;
}

START_TEST(an_event_names_both_objects)
{
	post("web", "from 3 to 5");
	run(1);
	cJSON *body = json_parse(str_text(&bodies), bodies.len, NULL);
	ck_assert_ptr_nonnull(body);
	ck_assert_str_eq(json_str(body, "apiVersion", ""), "events.k8s.io/v1");
	ck_assert_str_eq(json_str(body, "kind", ""), "Event");
	ck_assert_str_eq(json_str(body, "metadata.namespace", ""), "shop");
	ck_assert(!strncmp(json_str(body, "metadata.name", ""), "web.", 4));
	ck_assert_str_eq(json_str(body, "regarding.kind", ""), "Deployment");
	ck_assert_str_eq(json_str(body, "regarding.apiVersion", ""), "apps/v1");
	ck_assert_str_eq(json_str(body, "regarding.uid", ""), "uid-1");
	ck_assert_str_eq(json_str(body, "related.name", ""), "policy");
	ck_assert_ptr_null(json_at(body, "related.uid"));
	ck_assert_str_eq(json_str(body, "reason", ""), "Scaled");
	ck_assert_str_eq(json_str(body, "action", ""), "Scale");
	ck_assert_str_eq(json_str(body, "note", ""), "from 3 to 5");
	ck_assert_str_eq(json_str(body, "type", ""), "Normal");
	ck_assert_str_eq(json_str(body, "reportingController", ""), "foretop.io/foretop");
	ck_assert_str_eq(json_str(body, "reportingInstance", ""), "me");
	ck_assert_uint_eq(strlen(json_str(body, "eventTime", "")), 27);
	cJSON_Delete(body);
	ck_assert_str_eq(str_text(&api.log), "POST /apis/events.k8s.io/v1/namespaces/"
					     "shop/events?fieldManager=foretop\n");
	ck_assert_uint_eq(info(1).posted, 1);
}
END_TEST

START_TEST(repetitions_are_counted_in_one_event)
{
	post("web", "same");
	run(1);
	for (int i = 0; i < 4; i++)
		post("web", "same");
	run(2);
	ck_assert_ptr_nonnull(strstr(str_text(&bodies), "\n{\"series\":{\"count\":5,"
							"\"lastObservedTime\":\""));
	ck_assert_ptr_nonnull(strstr(str_text(&api.log),
				     "PATCH /apis/events.k8s.io/v1/namespaces/shop/"
				     "events/web."));
	struct kube_events_info i = info(1);
	ck_assert_uint_eq(i.posted, 1);
	ck_assert_uint_eq(i.repeated, 4);
	ck_assert_int_eq(requests, 2);
}
END_TEST

START_TEST(a_full_queue_drops_the_oldest)
{
	static const char *const notes[] = {"1", "2", "3", "4", "5", "6"};
	for (size_t i = 0; i < ARRAY_LEN(notes); i++)
		post("web", notes[i]); /* the first is on its way at once */
	run(4);
	struct kube_events_info i = info(4);
	ck_assert_uint_eq(i.posted, 4);
	ck_assert_uint_eq(i.dropped, 2);
	ck_assert_ptr_null(strstr(str_text(&bodies), "\"note\":\"2\""));
	ck_assert_ptr_nonnull(strstr(str_text(&bodies), "\"note\":\"6\""));
	post("web", "2"); /* dropped is forgotten: it is new again */
	run(5);
}
END_TEST

static int forbidden(int number)
{
	return number == 1 ? 403 : 201;
}

START_TEST(a_refused_event_is_dropped_and_the_next_one_goes)
{
	status_of = forbidden;
	post("web", "a");
	post("web", "b");
	run(2);
	struct kube_events_info i = info(2);
	ck_assert_uint_eq(i.posted, 1);
	ck_assert_uint_eq(i.failed, 1);
	ck_assert_ptr_nonnull(strstr(i.last_error, "403 forbidden: refused"));
}
END_TEST

static int unavailable(int number)
{
	return number == 1 ? 503 : 201;
}

START_TEST(a_passing_failure_waits_and_holds_the_others)
{
	status_of = unavailable;
	post("web", "a");
	run(1);
	struct kube_events_info i = info(1);
	ck_assert_uint_eq(i.waiting, 1);
	ck_assert_uint_eq(i.failed, 0);
	post("web", "b");
	i = info(2);
	ck_assert_uint_eq(i.waiting, 2);
	ck_assert_int_eq(requests, 1);
}
END_TEST

START_TEST(after_the_wait_all_go_in_their_order)
{
	start_events(30);
	status_of = unavailable;
	post("web", "a");
	run(1);
	info(1);
	post("web", "b");
	post("web", "c");
	run(4);
	ck_assert_uint_eq(info(3).posted, 3);
	const char *first = strstr(str_text(&bodies), "\"note\":\"a\"");
	const char *again = strstr(first + 1, "\"note\":\"a\"");
	const char *b = strstr(str_text(&bodies), "\"note\":\"b\"");
	const char *c = strstr(str_text(&bodies), "\"note\":\"c\"");
	ck_assert(first < again && again < b && b < c);
}
END_TEST

static int always_unavailable(int number)
{
	(void)number;
	return 503;
}

START_TEST(five_tries_are_enough)
{
	start_events(1);
	status_of = always_unavailable;
	post("web", "a");
	run(5);
	while (!info(0).failed)
		;
	ck_assert_int_eq(requests, 5);
	ck_assert_uint_eq(last.waiting, 0);
}
END_TEST

START_TEST(long_notes_are_cut_between_characters)
{
	char note[1100];
	memset(note, 'x', sizeof(note));
	memcpy(note + 1023, "\xc3\xa9", 2); /* e acute across the limit */
	note[sizeof(note) - 1] = '\0';
	post("web", note);
	run(1);
	cJSON *body = json_parse(str_text(&bodies), bodies.len, NULL);
	ck_assert_uint_eq(strlen(json_str(body, "note", "")), 1023);
	cJSON_Delete(body);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube events");
	TCase *t = tcase_create("events");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, an_event_names_both_objects);
	tcase_add_test(t, repetitions_are_counted_in_one_event);
	tcase_add_test(t, a_full_queue_drops_the_oldest);
	tcase_add_test(t, a_refused_event_is_dropped_and_the_next_one_goes);
	tcase_add_test(t, a_passing_failure_waits_and_holds_the_others);
	tcase_add_test(t, after_the_wait_all_go_in_their_order);
	tcase_add_test(t, five_tries_are_enough);
	tcase_add_test(t, long_notes_are_cut_between_characters);
	suite_add_tcase(s, t);
	return run_suite(s);
}
