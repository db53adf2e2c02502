#include "base/quantity.h"

#include "base/mem.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 64 /* more digits than that mean nothing in 64 bits */
#define EXPONENT_MAX                                                                     \
	100 /* beyond it the result is 0 or saturated, whatever the digits               \
	     */

struct suffix {
	const char *text;
	int power10;
	int power2;
};

/* k8s.io/apimachinery resource.Quantity: decimal and binary suffixes. */
static const struct suffix suffixes[] = {
	{"n", -9, 0},  {"u", -6, 0},  {"m", -3, 0},  {"", 0, 0},
	{"k", 3, 0},   {"M", 6, 0},   {"G", 9, 0},   {"T", 12, 0},
	{"P", 15, 0},  {"E", 18, 0},  {"Ki", 0, 10}, {"Mi", 0, 20},
	{"Gi", 0, 30}, {"Ti", 0, 40}, {"Pi", 0, 50}, {"Ei", 0, 60},
};

/* 0.d0 d1 d2 ... * 10^point, without leading zeros: exact whatever the text's length. */
struct decimal {
	unsigned char digits[TEXT_MAX];
	int count;
	int point;
};

/* Reads "12", "1.5", ".5", "5."; returns the rest, or NULL when there is no digit. */
static const char *read_decimal(const char *text, struct decimal *ret)
{
	*ret = (struct decimal){0};
	bool any = false, after_point = false;
	for (;; text++) {
		if (*text == '.' && !after_point) {
			after_point = true;
			continue;
		}
		if (*text < '0' || *text > '9')
			return any ? text : NULL;
		any = true;
		bool leading = *text == '0' && ret->count == 0;
		if (!leading)
			ret->digits[ret->count++] = (unsigned char)(*text - '0');
		if (leading && after_point)
			ret->point--;
		if (!leading && !after_point)
			ret->point++;
	}
}

/* "e3", "E-2", "e+10"; clamped far outside of what can matter. */
static int read_exponent(const char *text, int *ret_power10)
{
	bool negative = text[1] == '-';
	const char *p = text + 1 + (text[1] == '-' || text[1] == '+');
	if (!*p)
		return -1;
	int value = 0;
	for (; *p; p++) {
		if (*p < '0' || *p > '9')
			return -1;
		if (value <= EXPONENT_MAX)
			value = value * 10 + (*p - '0');
	}
	*ret_power10 = negative ? -value : value;
	return 0;
}

static int read_suffix(const char *text, int *ret_power10, int *ret_power2)
{
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		if (strcmp(text, suffixes[i].text) == 0) {
			*ret_power10 = suffixes[i].power10;
			*ret_power2 = suffixes[i].power2;
			return 0;
		}
	}
	*ret_power2 = 0;
	if (*text != 'e' && *text != 'E')
		return -1;
	return read_exponent(text, ret_power10);
}

static uint64_t add_saturated(uint64_t a, uint64_t b)
{
	uint64_t limit = (uint64_t)INT64_MAX;
	return a > limit - b ? limit : a + b;
}

static uint64_t multiply_saturated(uint64_t a, uint64_t b)
{
	uint64_t limit = (uint64_t)INT64_MAX;
	return b && a > limit / b ? limit : a * b;
}

/* digits * 10^point * 2^power2, split at the decimal point: the whole part saturates, the
 * fraction is exact. Returns whether a fraction is left. */
static bool split(const struct decimal *d, int power2, uint64_t *ret_whole)
{
	unsigned char fraction[TEXT_MAX + EXPONENT_MAX] = {0};
	uint64_t whole = 0;
	for (int i = 0; i < d->point; i++)
		whole = add_saturated(multiply_saturated(whole, 10),
				      i < d->count ? d->digits[i] : 0);
	int zeros = d->point < 0 ? -d->point : 0;
	int first = d->point > 0 ? d->point : 0;
	int length = zeros;
	for (int i = first; i < d->count; i++)
		fraction[length++] = d->digits[i];
	for (; power2 > 0; power2--) {
		unsigned carry = 0;
		for (int i = length - 1; i >= 0; i--) {
			unsigned twice = 2u * fraction[i] + carry;
			fraction[i] = (unsigned char)(twice % 10);
			carry = twice / 10;
		}
		whole = add_saturated(multiply_saturated(whole, 2), carry);
	}
	*ret_whole = whole;
	for (int i = 0; i < length; i++)
		if (fraction[i])
			return true;
	return false;
}

static int64_t to_milli(struct decimal *d, int power10, int power2, bool negative)
{
	if (d->count == 0)
		return 0;
	d->point += power10 + 3;
	/* Only an exponent gets here: far too large, or less than any unit. */
	if (d->point > EXPONENT_MAX)
		return negative ? INT64_MIN : INT64_MAX;
	if (d->point < -EXPONENT_MAX)
		return negative ? 0 : 1;
	uint64_t whole;
	bool fraction = split(d, power2, &whole);
	if (negative) /* up is towards zero here */
		return whole == (uint64_t)INT64_MAX ? INT64_MIN : -(int64_t)whole;
	return (int64_t)add_saturated(whole, fraction);
}

/* The parts of a quantity: digits, and the powers that its suffix or exponent stands for.
 */
struct parts {
	struct decimal decimal;
	int power10, power2;
	bool negative;
};

static int read_parts(const char *text, struct parts *ret, struct err *err)
{
	if (strlen(text) >= TEXT_MAX)
		return err_set(err, ERR_INVALID, "quantity \"%.20s...\" is too long",
			       text);
	ret->negative = *text == '-';
	const char *rest =
		read_decimal(text + (*text == '-' || *text == '+'), &ret->decimal);
	if (!rest || read_suffix(rest, &ret->power10, &ret->power2) < 0)
		return err_set(err, ERR_INVALID,
			       "\"%s\" is not a quantity: want a number with an optional "
			       "suffix n u m "
			       "k M G T P E Ki Mi Gi Ti Pi Ei or exponent, like 100m, "
			       "1.5 or 600Mi",
			       text);
	return 0;
}

int quantity_parse(const char *text, int64_t *ret_milli, struct err *err)
{
	struct parts p;
	if (read_parts(text, &p, err) < 0)
		return -1;
	*ret_milli = to_milli(&p.decimal, p.power10, p.power2, p.negative);
	return 0;
}

int quantity_parse_double(const char *text, double *ret_value, struct err *err)
{
	struct parts p;
	if (read_parts(text, &p, err) < 0)
		return -1;
	/* Whole numbers as long as they fit: one rounding, at the end. */
	int64_t head = 0;
	int i = 0;
	for (; i < p.decimal.count && i < 18; i++)
		head = head * 10 + p.decimal.digits[i];
	double digits = (double)head;
	for (; i < p.decimal.count; i++)
		digits = digits * 10 + p.decimal.digits[i];
	/* Nothing times the infinity that 10^400 becomes is no number. */
	int exponent = digits > 0 ? p.decimal.point - p.decimal.count + p.power10 : 0;
	double value = ldexp(digits, p.power2) * (exponent ? pow(10, exponent) : 1);
	*ret_value = p.negative ? -value : value;
	return 0;
}

char *quantity_format(int64_t milli, int binary, char *buf, size_t size)
{
	static const char *const decimal[] = {"m", "", "k", "M", "G", "T", "P", "E"};
	static const char *const power[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
	uint64_t value = milli < 0 ? -(uint64_t)milli : (uint64_t)milli;
	const char *sign = milli < 0 ? "-" : "";
	const char *suffix = "";
	size_t i = 0;
	/* apimachinery prints binary only what is whole and not under 1024. */
	if (binary && value % 1000 == 0 && value / 1000 >= 1024) {
		for (value /= 1000; value % 1024 == 0 && i + 1 < ARRAY_LEN(power); i++)
			value /= 1024;
		suffix = power[i];
	} else if (value) {
		for (; value % 1000 == 0 && i + 1 < ARRAY_LEN(decimal); i++)
			value /= 1000;
		suffix = decimal[i];
	}
	snprintf(buf, size, "%s%llu%s", sign, (unsigned long long)value, suffix);
	return buf;
}

char *number_format(double value, bool binary, char *buf, size_t size)
{
	static const char *const units[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
	size_t unit = 0;

	while (binary && fabs(value) >= 1024 && unit + 1 < ARRAY_LEN(units)) {
		value /= 1024;
		unit++;
	}
	/* %.3g turns to exponents from here on */
	if (fabs(value) >= 999.5 && fabs(value) < 1e15) {
		double step = pow(10, floor(log10(fabs(value))) - 2);
		snprintf(buf, size, "%.0f%s", round(value / step) * step, units[unit]);
	} else {
		snprintf(buf, size, "%.3g%s", value, units[unit]);
	}
	return buf;
}
