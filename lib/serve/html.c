#include "serve/html.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *reference(unsigned char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		break;
	}
	bool control = c < 0x20 && c != '\t' && c != '\n';
	return control || c == 0x7f ? "\xef\xbf\xbd" : NULL;
}

void html_text(struct str *out, const char *text)
{
	const char *plain = text ? text : "", *c;
	for (c = plain; *c; c++) {
		const char *instead = reference((unsigned char)*c);
		if (!instead)
			continue;
		str_add(out, plain, (size_t)(c - plain));
		str_puts(out, instead);
		plain = c + 1;
	}
	str_add(out, plain, (size_t)(c - plain));
}

void html_add(struct str *out, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	for (const char *percent; (percent = strchr(fmt, '%')); fmt = percent + 2) {
		str_add(out, fmt, (size_t)(percent - fmt));
		assert(percent[1] == 's' || percent[1] == 'd' || percent[1] == '%');
		if (percent[1] == 's')
			html_text(out, va_arg(ap, const char *));
		else if (percent[1] == 'd')
			str_printf(out, "%d", va_arg(ap, int));
		else
			str_puts(out, "%");
	}
	str_puts(out, fmt);
	va_end(ap);
}

/* Commas between thousands; v is whole and below 1e9. */
static void group(double v, char *buf, size_t size)
{
	char digits[16];
	int len = snprintf(digits, sizeof(digits), "%.0f", fabs(v));
	size_t n = 0;
	if (v < 0)
		buf[n++] = '-';
	for (int i = 0; i < len && n + 2 < size; i++) {
		if (i && (len - i) % 3 == 0)
			buf[n++] = ',';
		buf[n++] = digits[i];
	}
	buf[n] = '\0';
}

char *html_number(double v, char *buf, size_t size)
{
	static const char units[] = "GTPE";
	double a = fabs(v);
	size_t unit = 0;
	if (!isfinite(v)) {
		snprintf(buf, size, "unknown");
	} else if (a >= 1e9) {
		for (a /= 1e9, v /= 1e9; a >= 1000 && units[unit + 1]; unit++)
			a /= 1000, v /= 1000;
		snprintf(buf, size, "%.3g %c", v, units[unit]);
	} else if (a >= 999.5) { /* "%.3g" would write 1e+03 */
		/* Three digits are enough to read, and do not flicker. */
		double scale = pow(10, floor(log10(a)) - 2);
		group(round(v / scale) * scale, buf, size);
	} else {
		snprintf(buf, size, "%.3g", v + 0.0); /* no "-0" */
	}
	return buf;
}

char *html_clock(int64_t ms, char *buf, size_t size)
{
	struct civil c = civil_from_ms(ms);
	snprintf(buf, size, "%02d:%02d:%02d UTC", c.hour, c.minute, c.second);
	return buf;
}

char *html_time(int64_t ms, char *buf, size_t size)
{
	struct civil c = civil_from_ms(ms);
	if (ms <= 0)
		snprintf(buf, size, "never");
	else
		snprintf(buf, size, "%04d-%02d-%02d %02d:%02d UTC", c.year, c.month,
			 c.day, c.hour, c.minute);
	return buf;
}
