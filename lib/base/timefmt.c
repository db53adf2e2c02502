#include "base/timefmt.h"

#include "base/mem.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct unit {
	const char *text;
	int64_t ms;
};

/* From the largest. */
static const struct unit units[] = {
	{"w", 7 * MS_PER_DAY}, {"d", MS_PER_DAY}, {"h", MS_PER_H},
	{"m", MS_PER_MIN},     {"s", MS_PER_S},   {"ms", 1},
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const struct unit *find_unit(const char *text, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (strlen(units[i].text) == len && memcmp(units[i].text, text, len) == 0)
			return &units[i];
	return NULL;
}

/* Digits as a number; false when it does not fit. */
static bool read_digits(const char *from, const char *end, int64_t *ret)
{
	*ret = 0;
	for (; from < end; from++)
		if (__builtin_mul_overflow(*ret, 10, ret) ||
		    __builtin_add_overflow(*ret, *from - '0', ret))
			return false;
	return true;
}

/* The digits behind a point, as a share of a unit. It must come out in whole
 * milliseconds; nine digits keep the product of a billion and a week inside 64 bits. */
static bool read_share(const char *from, const char *end, int64_t unit_ms,
		       int64_t *ret_ms)
{
	int64_t digits, scale = 1;
	if (end == from || end - from > 9 || !read_digits(from, end, &digits))
		return false;
	for (const char *p = from; p < end; p++)
		scale *= 10;
	*ret_ms = digits * unit_ms / scale;
	return digits * unit_ms % scale == 0;
}

/* "12h" or "1.5h", each unit once. Returns the rest, or NULL. */
static const char *read_part(const char *text, unsigned *seen, int64_t *ret_ms)
{
	static const char digits[] = "0123456789";
	const char *point = text + strspn(text, digits);
	const char *end = *point == '.' ? point + 1 + strspn(point + 1, digits) : point;
	const char *rest = end + strcspn(end, "0123456789.");
	const struct unit *unit = find_unit(end, (size_t)(rest - end));
	if (point == text || !unit || *seen & 1u << (unit - units))
		return NULL;
	*seen |= 1u << (unit - units);
	int64_t value, share = 0;
	if (!read_digits(text, point, &value) ||
	    __builtin_mul_overflow(value, unit->ms, &value))
		return NULL;
	if (*point == '.' && !read_share(point + 1, end, unit->ms, &share))
		return NULL;
	return __builtin_add_overflow(value, share, ret_ms) ? NULL : rest;
}

int duration_parse(const char *text, int64_t *ret_ms, struct err *err)
{
	if (strcmp(text, "0") == 0) {
		*ret_ms = 0;
		return 0;
	}
	unsigned seen = 0;
	int64_t total = 0;
	const char *p = text;
	do {
		int64_t part;
		p = read_part(p, &seen, &part);
		if (!p || __builtin_add_overflow(total, part, &total))
			return err_set(err, ERR_INVALID,
				       "\"%.64s\" is not a duration: want parts with the "
				       "units w, d, h, "
				       "m, s and ms, like 90s, 1h30m or 14d",
				       text);
	} while (*p);
	*ret_ms = total;
	return 0;
}

char *duration_format(int64_t ms, char *buf, size_t size)
{
	uint64_t left = ms < 0 ? -(uint64_t)ms : (uint64_t)ms;
	size_t at = 0;
	buf[0] = '\0';
	for (size_t i = 1; i < ARRAY_LEN(units);
	     i++) { /* days, not weeks: 14d reads better than 2w */
		uint64_t n = left / (uint64_t)units[i].ms;
		left %= (uint64_t)units[i].ms;
		if (n && at < size)
			at += (size_t)snprintf(buf + at, size - at, "%s%llu%s",
					       at || ms > 0 ? "" : "-",
					       (unsigned long long)n, units[i].text);
	}
	if (!at)
		snprintf(buf, size, "0s");
	return buf;
}

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days from 0001-01-01 to the first day of a year: 365 each and the Gregorian leap days.
 */
static int64_t days_before_year(int year)
{
	int64_t y = year - 1;
	return 365 * y + y / 4 - y / 100 + y / 400;
}

#define DAYS_TO_1970 INT64_C(719162) /* days_before_year(1970) */
#define YEAR_MAX     9999

/* The first and the last millisecond of the years 1 to 9999. */
static int64_t first_ms(void)
{
	return -DAYS_TO_1970 * MS_PER_DAY;
}

static int64_t last_ms(void)
{
	return (days_before_year(YEAR_MAX + 1) - DAYS_TO_1970) * MS_PER_DAY - 1;
}

int64_t civil_to_ms(const struct civil *c)
{
	int64_t days = days_before_year(c->year) - DAYS_TO_1970 + c->day - 1;
	for (int month = 1; month < c->month; month++)
		days += days_in_month(c->year, month);
	return days * MS_PER_DAY + c->hour * MS_PER_H + c->minute * MS_PER_MIN +
	       c->second * MS_PER_S + c->ms;
}

struct civil civil_from_ms(int64_t ms)
{
	int64_t first = first_ms(), last = last_ms();
	ms = ms < first ? first : ms > last ? last : ms;
	int64_t day = (ms - first) / MS_PER_DAY, rest = (ms - first) % MS_PER_DAY;
	struct civil c = {.year = (int)(day * 400 / 146097) + 1, .month = 1};
	while (days_before_year(c.year) > day)
		c.year--;
	while (days_before_year(c.year + 1) <= day)
		c.year++;
	day -= days_before_year(c.year);
	for (; day >= days_in_month(c.year, c.month); c.month++)
		day -= days_in_month(c.year, c.month);
	c.day = (int)day + 1;
	c.hour = (int)(rest / MS_PER_H);
	c.minute = (int)(rest % MS_PER_H / MS_PER_MIN);
	c.second = (int)(rest % MS_PER_MIN / MS_PER_S);
	c.ms = (int)(rest % MS_PER_S);
	return c;
}

/* Reads a text against a form in which 0 stands for a digit; the digits' groups go to
 * fields. Returns the rest, or NULL. */
static const char *read_form(const char *text, const char *form, int *fields)
{
	int field = -1;
	for (bool in_number = false; *form; form++, text++) {
		if (*form != '0') {
			if (*text != *form)
				return NULL;
			in_number = false;
			continue;
		}
		if (!is_digit(*text))
			return NULL;
		if (!in_number)
			fields[++field] = 0;
		in_number = true;
		fields[field] = fields[field] * 10 + (*text - '0');
	}
	return text;
}

/* ".123456789", cut to milliseconds. Returns the rest, or NULL. */
static const char *read_fraction(const char *text, int *ret_ms)
{
	if (*text != '.')
		return text;
	size_t n = strspn(text + 1, "0123456789");
	if (n < 1 || n > 9)
		return NULL;
	for (size_t i = 0, unit = 100; i < n && i < 3; i++, unit /= 10)
		*ret_ms += (text[1 + i] - '0') * (int)unit;
	return text + 1 + n;
}

/* "Z" or "+01:00". Returns the rest, or NULL. */
static const char *read_offset(const char *text, int64_t *ret_ms)
{
	int field[2];
	bool behind = *text == '-';
	if (*text == 'Z')
		return text + 1;
	text = read_form(text, behind ? "-00:00" : "+00:00", field);
	if (!text || field[0] > 23 || field[1] > 59)
		return NULL;
	*ret_ms = (field[0] * MS_PER_H + field[1] * MS_PER_MIN) * (behind ? -1 : 1);
	return text;
}

/* "2026-11-27T23:59:59.123+01:00" in its parts: 0, or -1. */
static int read_time(const char *text, struct civil *ret, int64_t *ret_offset_ms)
{
	int f[6], fraction = 0;
	*ret_offset_ms = 0;
	const char *p = read_form(text, "0000-00-00T00:00:00", f);
	p = p ? read_fraction(p, &fraction) : NULL;
	p = p ? read_offset(p, ret_offset_ms) : NULL;
	if (!p || *p || f[0] < 1 || f[1] < 1 || f[1] > 12 || f[2] < 1 ||
	    f[2] > days_in_month(f[0], f[1]) || f[3] > 23 || f[4] > 59 || f[5] > 59)
		return -1;
	*ret = (struct civil){f[0], f[1], f[2], f[3], f[4], f[5], fraction};
	return 0;
}

int time_parse(const char *text, int64_t *ret_ms, struct err *err)
{
	struct civil c;
	int64_t offset, ms;
	if (read_time(text, &c, &offset) < 0)
		return err_set(err, ERR_INVALID,
			       "\"%.64s\" is not an RFC 3339 time: want the form "
			       "2026-11-27T00:00:00Z",
			       text);
	/* Its offset may carry a time over the end of the years that can be printed. */
	ms = civil_to_ms(&c) - offset;
	if (ms < first_ms() || ms > last_ms())
		return err_set(err, ERR_INVALID,
			       "\"%.64s\" is not an RFC 3339 time: outside of the years "
			       "1 to 9999 in UTC",
			       text);
	*ret_ms = ms;
	return 0;
}

char *time_format(int64_t ms, char *buf, size_t size)
{
	struct civil c = civil_from_ms(ms);
	snprintf(buf, size, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month, c.day,
		 c.hour, c.minute, c.second);
	return buf;
}

char *time_format_micro(int64_t ms, char *buf, size_t size)
{
	struct civil c = civil_from_ms(ms);
	snprintf(buf, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03d000Z", c.year, c.month,
		 c.day, c.hour, c.minute, c.second, c.ms);
	return buf;
}
