#include "kube/watch_event.h"

#include "unit/harness.h"

#include <string.h>

#define META        "\"metadata\":{\"name\":\"a\",\"uid\":\"u\",\"resourceVersion\":\"5\"}"
#define EVENT(type) "{\"type\":\"" type "\",\"object\":{" META "}}\n"

static const struct {
	const char *text;
	enum watch_event_type type;
	bool initial_end;
} good[] = {
	{EVENT("ADDED"), WATCH_ADDED, false},
	{EVENT("MODIFIED"), WATCH_MODIFIED, false},
	{EVENT("DELETED"), WATCH_DELETED, false},
	{EVENT("SYNCED"), WATCH_UNKNOWN, false},
	{"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"5\"}}}",
	 WATCH_BOOKMARK, false},
	{"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"5\","
	 "\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}}",
	 WATCH_BOOKMARK, true},
	{"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"5\","
	 "\"annotations\":{\"k8s.io/initial-events-end\":\"false\"}}}}",
	 WATCH_BOOKMARK, false},
	{"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\",\"uid\":\"u\","
	 "\"resourceVersion\":\"5\",\"annotations\":{\"k8s.io/initial-events-end\":"
	 "\"true\"}}}}",
	 WATCH_ADDED, false},
	{"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410}}",
	 WATCH_ERROR, false},
};

START_TEST(each_type_is_recognised)
{
	struct watch_event event;
	struct err err = {0};
	ck_assert_msg(watch_event_parse(good[_i].text, strlen(good[_i].text), &event,
					&err) == 0,
		      "%s", err.msg);
	ck_assert_int_eq(event.type, good[_i].type);
	ck_assert_int_eq(event.initial_end, good[_i].initial_end);
	ck_assert_ptr_nonnull(event.object);
	watch_event_fini(&event);
}
END_TEST

static const struct {
	const char *text, *message;
} bad[] = {
	{"", "watch event: empty answer"},
	{"<html>", "watch event: not JSON at byte 0"},
	{"{\"type\":\"ADDED\"", "watch event: not JSON"},
	{EVENT("ADDED") EVENT("ADDED"), "watch event: not JSON at byte"},
	{"{\"type\":\"ADDED\"}", "watch event without resourceVersion"},
	{"{\"type\":\"BOOKMARK\",\"object\":{}}", "watch event without resourceVersion"},
	{"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\",\"uid\":\"u\","
	 "\"resourceVersion\":5}}}",
	 "watch event without resourceVersion"},
	{"{\"type\":\"DELETED\",\"object\":{\"metadata\":{\"resourceVersion\":\"5\","
	 "\"uid\":\"u\"}}}",
	 "watch event without name or uid"},
	{"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\","
	 "\"resourceVersion\":\"5\"}}}",
	 "watch event without name or uid"},
	{"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\","
	 "\"resourceVersion\":"
	 "\"1111111111222222222233333333334444444444555555555566666666667777\"}}}",
	 "watch event without resourceVersion"},
};

START_TEST(what_is_no_event_is_refused)
{
	struct watch_event event;
	struct err err = {0};
	ck_assert_int_eq(
		watch_event_parse(bad[_i].text, strlen(bad[_i].text), &event, &err), -1);
	ck_assert_int_eq(err.code, ERR_RETRY);
	ck_assert_msg(strstr(err.msg, bad[_i].message) != NULL, "%s", err.msg);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube watch_event");
	TCase *t = tcase_create("watch_event");
	tcase_add_loop_test(t, each_type_is_recognised, 0, ARRAY_LEN(good));
	tcase_add_loop_test(t, what_is_no_event_is_refused, 0, ARRAY_LEN(bad));
	suite_add_tcase(s, t);
	return run_suite(s);
}
