#include "policy/cron.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define FIELDS         5
#define TEXT_BYTES_MAX 253

static const char *const month_names[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL",
					  "AUG", "SEP", "OCT", "NOV", "DEC", NULL};
static const char *const weekday_names[] = {"SUN", "MON", "TUE", "WED",
					    "THU", "FRI", "SAT", NULL};

struct cron_field {
	const char *name;
	int min, max;
	int last; /* of * and of an open end: max, but for Sunday's second number */
	const char *const *names; /* from min on; NULL: numbers only */
};

enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY };

static const struct cron_field cron_fields[FIELDS] = {
	[MINUTE] = {"minute", 0, 59, 59, NULL},
	[HOUR] = {"hour", 0, 23, 23, NULL},
	[DAY] = {"day of the month", 1, 31, 31, NULL},
	[MONTH] = {"month", 1, 12, 12, month_names},
	[WEEKDAY] = {"day of the week", 0, 7, 6, weekday_names},
};

/* Reference: cron(8) and the schedule syntax of Kubernetes' CronJob. */
static const struct {
	const char *name, *text;
} nicknames[] = {
	{"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
	{"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
	{"@hourly", "0 * * * *"},
};

static int wrong(const struct cron_field *f, const char *part, size_t len,
		 struct err *err)
{
	int shown = len > 40 ? 40 : (int)len;
	if (f->names)
		return err_set(err, ERR_INVALID,
			       "%s: \"%.*s\": must be numbers from %d to %d or %s to %s, "
			       "ranges (a-b), steps (a-b/n) or *",
			       f->name, shown, part, f->min, f->max, f->names[0],
			       f->names[f->last - f->min]);
	return err_set(err, ERR_INVALID,
		       "%s: \"%.*s\": must be numbers from %d to %d, ranges (a-b), steps "
		       "(a-b/n) or *",
		       f->name, shown, part, f->min, f->max);
}

/* A number of at most three digits or a name. Returns the rest, or NULL. */
static const char *read_value(const struct cron_field *f, const char *text, int *ret)
{
	for (int i = 0; f->names && f->names[i]; i++)
		if (strncasecmp(text, f->names[i], 3) == 0) {
			*ret = f->min + i;
			return text + 3;
		}
	size_t digits = strspn(text, "0123456789");
	if (digits < 1 || digits > 3)
		return NULL;
	*ret = 0;
	for (size_t i = 0; i < digits; i++)
		*ret = *ret * 10 + (text[i] - '0');
	return text + digits;
}

struct span {
	int from, to, step;
	bool star;
};

/* "*", "3", "1-5", each with "/2" or without. Returns the rest, or NULL. */
static const char *read_span(const struct cron_field *f, const char *text,
			     struct span *ret)
{
	bool single = false;
	*ret = (struct span){.from = f->min, .to = f->last, .step = 1};
	if (*text == '*' || *text == '?') {
		ret->star = true;
		text++;
	} else {
		text = read_value(f, text, &ret->from);
		single = text && *text != '-';
		ret->to = single ? ret->from : ret->to;
		if (text && *text == '-')
			text = read_value(f, text + 1, &ret->to);
	}
	if (!text || *text != '/')
		return text;
	if (!isdigit((unsigned char)text[1]))
		return NULL;
	if (single && ret->from < f->last)
		ret->to = f->last;
	static const struct cron_field step_field = {.min = 1, .max = 999};
	text = read_value(&step_field, text + 1, &ret->step);
	/* As in CronJob: every second day is a restriction, every day is none. */
	ret->star = ret->star && ret->step == 1;
	return text;
}

static int read_part(const struct cron_field *f, const char *part, size_t len,
		     uint64_t *bits, bool *any, struct err *err)
{
	struct span span;
	const char *end = read_span(f, part, &span);
	if (end != part + len || span.from < f->min || span.to > f->max || span.step < 1)
		return wrong(f, part, len, err);
	if (span.from > span.to)
		return err_set(err, ERR_INVALID,
			       "%s: \"%.*s\": must not end before it begins: write two "
			       "ranges, like 5-6,0-1",
			       f->name, (int)len, part);
	for (int value = span.from; value <= span.to; value += span.step)
		*bits |= UINT64_C(1) << value;
	*any |= span.star;
	return 0;
}

static int read_field(const struct cron_field *f, const char *text, size_t len,
		      uint64_t *bits, bool *any, struct err *err)
{
	const char *end = text + len;
	for (;;) {
		size_t part = strcspn(text, ", \t");
		if (read_part(f, text, part, bits, any, err) < 0)
			return -1;
		text += part;
		if (text >= end)
			return 0;
		text++;
	}
}

/* A date that no year has would wait for ever. */
static bool comes(const struct cron *c)
{
	static const int leap_year = 2024;
	if (!c->any_weekday && !c->any_day)
		return true;
	for (int month = 1; month <= 12; month++)
		for (int day = 1; day <= days_in_month(leap_year, month); day++)
			if (c->months >> month & 1 && c->days >> day & 1)
				return true;
	return false;
}

static const char *expand_nickname(const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(nicknames); i++)
		if (strcasecmp(text, nicknames[i].name) == 0)
			return nicknames[i].text;
	return text;
}

static int read_fields(const char *text, uint64_t bits[FIELDS], bool any[FIELDS],
		       struct err *err)
{
	int count = 0;
	for (text += strspn(text, " \t"); *text; text += strspn(text, " \t")) {
		size_t len = strcspn(text, " \t");
		if (count < FIELDS && read_field(&cron_fields[count], text, len,
						 &bits[count], &any[count], err) < 0)
			return -1;
		count++;
		text += len;
	}
	if (count != FIELDS)
		return err_set(err, ERR_INVALID,
			       "%d fields: must have 5: minute, hour, day of the month, "
			       "month, day of the week",
			       count);
	return 0;
}

int cron_parse(const char *text, struct cron *ret, struct err *err)
{
	uint64_t bits[FIELDS] = {0};
	bool any[FIELDS] = {false};
	if (strlen(text) > TEXT_BYTES_MAX)
		return err_set(err, ERR_INVALID, "%zu bytes: must be at most %d",
			       strlen(text), TEXT_BYTES_MAX);
	if (strstr(text, "TZ="))
		return err_set(err, ERR_INVALID,
			       "a time zone in the text: must stand in timeZone");
	text = expand_nickname(text);
	if (*text == '@')
		return err_set(err, ERR_INVALID,
			       "\"%.40s\": must be one of @yearly, @annually, @monthly, "
			       "@weekly, @daily, @midnight and @hourly, or five fields",
			       text);
	if (read_fields(text, bits, any, err) < 0)
		return -1;
	struct cron c = {
		.minutes = bits[MINUTE],
		.hours = (uint32_t)bits[HOUR],
		.days = (uint32_t)bits[DAY],
		.months = (uint32_t)bits[MONTH],
		.weekdays = (uint32_t)((bits[WEEKDAY] | bits[WEEKDAY] >> 7) & 0x7f),
		.any_day = any[DAY],
		.any_weekday = any[WEEKDAY],
	};
	if (!comes(&c))
		return err_set(err, ERR_INVALID,
			       "a day that never comes: must be in one of the months");
	*ret = c;
	return 0;
}

/* Whole days since 1970-01-01, towards the past. */
static int64_t day_of(int64_t wall_ms)
{
	int64_t day = wall_ms / MS_PER_DAY;
	return day - (wall_ms % MS_PER_DAY < 0);
}

static bool day_matches(const struct cron *c, int64_t day)
{
	struct civil date = civil_from_ms(day * MS_PER_DAY);
	/* 1970-01-01 was a Thursday. */
	int weekday = (int)(((day + 4) % 7 + 7) % 7);
	bool by_date = c->days >> date.day & 1, by_weekday = c->weekdays >> weekday & 1;
	if (!(c->months >> date.month & 1))
		return false;
	return c->any_day || c->any_weekday ? by_date && by_weekday
					    : by_date || by_weekday;
}

bool cron_matches(const struct cron *c, int64_t wall_ms)
{
	int64_t day = day_of(wall_ms), rest = wall_ms - day * MS_PER_DAY;
	return day_matches(c, day) && c->hours >> (rest / MS_PER_H) & 1 &&
	       c->minutes >> (rest % MS_PER_H / MS_PER_MIN) & 1;
}

/* The first matching minute of a day from `from_ms` into it on; -1: none. */
static int64_t next_in_day(const struct cron *c, int64_t from_ms)
{
	for (int64_t hour = from_ms / MS_PER_H; hour < 24; hour++) {
		if (!(c->hours >> hour & 1))
			continue;
		int64_t minute =
			from_ms > hour * MS_PER_H ? from_ms % MS_PER_H / MS_PER_MIN : 0;
		for (; minute < 60; minute++)
			if (c->minutes >> minute & 1)
				return hour * MS_PER_H + minute * MS_PER_MIN;
	}
	return -1;
}

bool cron_next(const struct cron *c, int64_t wall_ms, int64_t limit_ms,
	       int64_t *ret_wall_ms)
{
	int64_t day = day_of(wall_ms);
	int64_t from =
		(wall_ms - day * MS_PER_DAY) / MS_PER_MIN * MS_PER_MIN + MS_PER_MIN;
	for (; day * MS_PER_DAY + from < limit_ms; day++, from = 0) {
		int64_t found = day_matches(c, day) ? next_in_day(c, from) : -1;
		if (found < 0)
			continue;
		if (day * MS_PER_DAY + found >= limit_ms)
			return false;
		*ret_wall_ms = day * MS_PER_DAY + found;
		return true;
	}
	return false;
}
