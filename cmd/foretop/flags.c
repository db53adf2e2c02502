#include "flags.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define UNIX_SECONDS_MAX 1e11 /* beyond it people give milliseconds */

int flag_duration(const char *text, int64_t *ret_ms, struct err *err)
{
	int64_t ms;
	if (duration_parse(text, &ms, err) < 0)
		return -1;
	if (ms < MS_PER_S)
		return err_set(err, ERR_INVALID, "\"%s\": at least 1s", text);
	*ret_ms = ms;
	return 0;
}

int flag_time(const char *text, int64_t *ret_ms, struct err *err)
{
	char *end;
	double seconds = strtod(text, &end);
	if (*text && !*end && fabs(seconds) < UNIX_SECONDS_MAX) {
		*ret_ms = llround(seconds * 1000);
		return 0;
	}
	return time_parse(text, ret_ms, err);
}

int flag_positive(const char *text, double *ret_value, struct err *err)
{
	char *end;
	double value = strtod(text, &end);
	if (!*text || *end || !isfinite(value) || value <= 0)
		return err_set(err, ERR_INVALID, "\"%s\": allowed: a number above 0",
			       text);
	*ret_value = value;
	return 0;
}

bool flag_utf8_terminal(void)
{
	const char *lang = getenv("LC_ALL") ? getenv("LC_ALL") : getenv("LANG");
	return lang && (strstr(lang, "UTF-8") || strstr(lang, "utf8"));
}
