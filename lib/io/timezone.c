#include "io/timezone.h"

#include "io/file.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define DEFAULT_FOLDER "/usr/share/zoneinfo"
/* Changes are looked for in strides: no zone has set its clock and set it back within
 * half a day. */
#define STRIDE_MS (12 * MS_PER_H)

static const char *folder(void)
{
	const char *dir = getenv("TZDIR");
	return dir && *dir ? dir : DEFAULT_FOLDER;
}

/* Every compiled zone begins so (RFC 8536). The folder holds tables and texts too. */
static bool is_zone_file(const char *path)
{
	static const char magic[] = "TZif";
	char begin[sizeof(magic)] = "";
	struct stat st;
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	FILE *f = fopen(path, "re");
	if (!f)
		return false;
	bool is = fread(begin, 1, sizeof(magic) - 1, f) == sizeof(magic) - 1 &&
		  strcmp(begin, magic) == 0;
	fclose(f);
	return is;
}

/* Subfolders that hold every zone again, one of them with leap seconds, and files that
 * stand for whatever this machine is set to. */
static bool is_reserved(const char *name)
{
	static const char *const names[] = {"localtime", "posixrules", "Factory"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return strncmp(name, "posix/", 6) == 0 || strncmp(name, "right/", 6) == 0;
}

static int check(const char *name, struct err *err)
{
	struct stat st;
	AUTO_FREE char *path = xasprintf("%s/%s", folder(), name);
	if (zone_name_is_valid(name) && !is_reserved(name) && is_zone_file(path))
		return 0;
	if (stat(folder(), &st) < 0)
		return err_set(err, ERR_INVALID,
			       "Invalid value: \"%.64s\": there is no %s: install tzdata",
			       name, folder());
	return err_set(err, ERR_INVALID,
		       "Invalid value: \"%.64s\": must be a time zone in %s, like "
		       "Europe/Paris",
		       name, folder());
}

static pthread_mutex_t tz_lock = PTHREAD_MUTEX_INITIALIZER;

/* TZ as it was. */
struct kept_tz {
	char *value; /* NULL: not set */
};

static struct kept_tz switch_tz(const char *name)
{
	struct kept_tz kept = {xstrdup(getenv("TZ"))};
	/* The colon: a file, never a rule like EST5EDT. */
	AUTO_FREE char *value = xasprintf(":%s", name);
	setenv("TZ", value, 1);
	tzset();
	return kept;
}

static void restore_tz(struct kept_tz *kept)
{
	if (kept->value)
		setenv("TZ", kept->value, 1);
	else
		unsetenv("TZ");
	tzset();
	free(kept->value);
}

static int64_t offset_at(int64_t ms)
{
	struct tm tm;
	time_t seconds = (time_t)(ms / MS_PER_S);
	return localtime_r(&seconds, &tm) ? tm.tm_gmtoff * MS_PER_S : 0;
}

/* The first whole second in (from_ms, to_ms] with another offset than from_ms has. */
static int64_t find_change(int64_t from_ms, int64_t to_ms)
{
	int64_t offset = offset_at(from_ms);
	while (to_ms - from_ms > MS_PER_S) {
		int64_t middle = from_ms + (to_ms - from_ms) / 2 / MS_PER_S * MS_PER_S;
		if (offset_at(middle) == offset)
			from_ms = middle;
		else
			to_ms = middle;
	}
	return to_ms;
}

/* With TZ set. */
static int scan(int64_t from_ms, int64_t to_ms, struct zone *zone)
{
	zone->steps[0] = (struct zone_step){from_ms, offset_at(from_ms)};
	zone->count = 1;
	for (int64_t at = from_ms; at < to_ms; at += STRIDE_MS) {
		int64_t next = at + STRIDE_MS;
		if (offset_at(at) == offset_at(next))
			continue;
		if (zone->count == ZONE_STEPS_MAX)
			return -1;
		int64_t change = find_change(at, next);
		zone->steps[zone->count++] =
			(struct zone_step){change, offset_at(change)};
	}
	return 0;
}

int timezone_load(const char *name, int64_t from_ms, int64_t to_ms, struct zone *ret_zone,
		  struct err *err)
{
	struct zone zone = {0};
	if (strcmp(name, "UTC") == 0) {
		*ret_zone = zone;
		return 0;
	}
	if (check(name, err) < 0)
		return -1;
	pthread_mutex_lock(&tz_lock);
	struct kept_tz kept = switch_tz(name);
	/* Whole seconds: from there on all arithmetic stays on them. */
	int rc = scan(from_ms / MS_PER_S * MS_PER_S, to_ms, &zone);
	restore_tz(&kept);
	pthread_mutex_unlock(&tz_lock);
	if (rc < 0)
		return err_set(err, ERR_INVALID,
			       "Invalid value: \"%.64s\": changes its clock more than %d "
			       "times",
			       name, ZONE_STEPS_MAX - 1);
	*ret_zone = zone;
	return 0;
}
