/* Durations, RFC 3339 times and names of zones: what is printed reads back. The first
 * eight bytes are a number too. */
#include "fuzz/fuzz.h"

#include "kube/kube.h"

#include <stdlib.h>
#include <string.h>

#define DURATION_SIZE 48 /* "always suffice" */
#define TIME_SIZE     32

static void check_duration(int64_t ms)
{
	char *buf AUTO_FREE = xmalloc(DURATION_SIZE);
	int64_t back = -1;
	struct err err = {0};
	duration_format(ms, buf, DURATION_SIZE);
	if (ms < 0)
		return; /* printed, never read */
	must(duration_parse(buf, &back, &err) == 0, "%s", err.msg);
	must(back == ms, "%lld became %s, then %lld", (long long)ms, buf,
	     (long long)back);
}

static void check_time(int64_t ms)
{
	char *micro AUTO_FREE = xmalloc(TIME_SIZE), *whole AUTO_FREE = xmalloc(TIME_SIZE);
	int64_t back = -1;
	struct err err = {0};
	must(time_parse(time_format_micro(ms, micro, TIME_SIZE), &back, &err) == 0, "%s",
	     err.msg);
	must(back == ms, "%lld became %s, then %lld", (long long)ms, micro,
	     (long long)back);
	must(time_parse(time_format(ms, whole, TIME_SIZE), &back, &err) == 0, "%s",
	     err.msg);
	must(back <= ms && ms - back < MS_PER_S, "%lld became %s", (long long)ms, whole);
}

static void check_number(const uint8_t *data, size_t size)
{
	int64_t ms;
	if (size < sizeof(ms))
		return;
	memcpy(&ms, data, sizeof(ms));
	check_duration(ms);
	struct civil c = civil_from_ms(ms);
	must(c.year >= 1 && c.year <= 9999 && c.month >= 1 && c.month <= 12 &&
		     c.day >= 1 && c.day <= days_in_month(c.year, c.month),
	     "%d-%d-%d", c.year, c.month, c.day);
	check_time(civil_to_ms(&c));
}

static void check_zone(const char *text)
{
	if (!zone_name_is_valid(text))
		return;
	must(*text && *text != '/' && strlen(text) <= 64, "\"%s\"", text);
	must(!strchr(text, '.') && !strstr(text, "//"), "\"%s\"", text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text AUTO_FREE = fuzz_text(data, size);
	int64_t ms = -7, until = -7;
	struct err err = {0};
	check_number(data, size);
	check_zone(text);
	if (duration_parse(text, &ms, &err) == 0) {
		must(ms >= 0, "%lld", (long long)ms);
		check_duration(ms);
	} else {
		must_explain(&err);
		must(ms == -7, "touched");
	}
	ms = -7;
	err = (struct err){0};
	if (time_parse(text, &ms, &err) == 0) {
		check_time(ms);
	} else {
		must_explain(&err);
		must(ms == -7, "touched");
	}
	if (kube_pause_read(text, &until) == 0)
		must(until == ms || until == INT64_MAX, "%lld", (long long)until);
	return 0;
}
