#include "prom/decimal.h"

#include "base/base.h"

#include <stdlib.h>
#include <string.h>

/* Below 10^15 every whole number is a double, as are the powers up to there. */
#define EXACT_DIGITS 15

/* Two exact doubles divided are rounded once, as strtod rounds (Clinger 1990, "How to
 * read floating point numbers accurately"): a tenth of its time, for most of what
 * Prometheus writes. False: the text is longer or of another form. */
static bool parse_short(const char *text, double *ret_value)
{
	static const double powers[EXACT_DIGITS + 1] = {1e0,  1e1,  1e2,  1e3, 1e4,  1e5,
							1e6,  1e7,  1e8,  1e9, 1e10, 1e11,
							1e12, 1e13, 1e14, 1e15};
	const char *p = text + (*text == '-'), *point = NULL;
	int64_t digits = 0;
	int count = 0, decimals = 0;
	for (; *p; p++) {
		if (*p == '.' && !point && count) {
			point = p;
			continue;
		}
		if (*p < '0' || *p > '9' || ++count > EXACT_DIGITS)
			return false;
		digits = 10 * digits + (*p - '0');
		decimals += point != NULL;
	}
	if (!count)
		return false;
	double value = (double)digits / powers[decimals];
	*ret_value = *text == '-' ? -value : value;
	return true;
}

bool decimal_parse(const char *text, double *ret_value)
{
	if (parse_short(text, ret_value))
		return true;
	char *end;
	double value = strtod(text, &end);
	if (end == text || *end || text[strspn(text, "0123456789+-.eE")])
		return false;
	*ret_value = value;
	return true;
}
