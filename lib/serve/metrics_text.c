#include "serve/registry.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- which format --- */

#define OPENMETRICS "application/openmetrics-text"

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t");
}

/* The value of a parameter of one media range, cut into `buf`; NULL when it has none. */
static const char *parameter(const char *range, size_t len, const char *name, char *buf,
			     size_t size)
{
	size_t name_len = strlen(name);
	const char *end = range + len;
	for (const char *at = memchr(range, ';', len); at;
	     at = memchr(at, ';', (size_t)(end - at))) {
		at = skip_blanks(at + 1);
		if ((size_t)(end - at) <= name_len || strncmp(at, name, name_len) != 0 ||
		    at[name_len] != '=')
			continue;
		const char *value = at + name_len + 1;
		snprintf(buf, size, "%.*s", (int)strcspn(value, ";, \t"), value);
		return buf;
	}
	return NULL;
}

/* How welcome a type is, 0 to 1; -1: it is not named (RFC 9110, 12.5.1). */
static double welcome(const char *accept, const char *type, const char *version)
{
	double best = -1;
	char buf[16];
	for (const char *at = accept; *at;) {
		at = skip_blanks(at);
		size_t len = strcspn(at, ","), name = strcspn(at, ";, \t");
		if (name == strlen(type) && strncmp(at, type, name) == 0) {
			const char *v = parameter(at, len, "version", buf, sizeof(buf));
			bool fits = !v || !version || strcmp(v, version) == 0;
			const char *q = parameter(at, len, "q", buf, sizeof(buf));
			double quality = q ? strtod(q, NULL) : 1;
			if (fits && quality > best)
				best = quality;
		}
		at += len;
		at += *at == ',';
	}
	return best;
}

enum metrics_format metrics_negotiate(const char *accept)
{
	double open = welcome(accept, OPENMETRICS, "1.0.0");
	double text = welcome(accept, "text/plain", NULL);
	return open > 0 && open >= text ? METRICS_OPENMETRICS : METRICS_TEXT;
}

const char *metrics_content_type(enum metrics_format format)
{
	return format == METRICS_OPENMETRICS ? OPENMETRICS
		       "; version=1.0.0; charset=utf-8"
					     : "text/plain; version=0.0.4; charset=utf-8";
}

/* --- the text --- */

static void write_escaped(struct str *out, const char *text, bool quotes)
{
	for (; *text; text++) {
		if (*text == '\n')
			str_puts(out, "\\n");
		else if (*text == '\\' || (quotes && *text == '"'))
			str_printf(out, "\\%c", *text);
		else
			str_add(out, text, 1);
	}
}

/* The shortest of three forms that reads back as the same double. */
static void write_number(struct str *out, double v)
{
	char text[32];
	if (isnan(v)) {
		str_puts(out, "NaN");
		return;
	}
	if (isinf(v)) {
		str_puts(out, v > 0 ? "+Inf" : "-Inf");
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	str_puts(out, text);
}

/* OpenMetrics wants a bound to look like a floating-point number: 1.0. */
static void write_bound(struct str *out, double bound, enum metrics_format format)
{
	size_t before = out->len;
	write_number(out, bound);
	if (format == METRICS_OPENMETRICS && !strpbrk(str_text(out) + before, ".eIN"))
		str_puts(out, ".0");
}

/* name{a="x",b="y",le="0.5"} ; bound may be NULL. */
static void write_name(struct str *out, const struct metric_family *f, const char *suffix,
		       const struct series *s, const double *bound,
		       enum metrics_format format)
{
	int count = family_label_count(f);
	str_printf(out, "%s%s", f->name, suffix);
	if (count == 0 && !bound) {
		str_puts(out, " ");
		return;
	}
	const char *key = s->key;
	str_puts(out, "{");
	for (int i = 0; i < count; i++) {
		str_printf(out, "%s%s=\"", i ? "," : "", f->labels[i]);
		write_escaped(out, key, true);
		str_puts(out, "\"");
		key += strlen(key) + 1;
	}
	if (bound) {
		str_puts(out, count ? ",le=\"" : "le=\"");
		write_bound(out, *bound, format);
		str_puts(out, "\"");
	}
	str_puts(out, "} ");
}

static void write_histogram(struct str *out, const struct metric_family *f,
			    const struct series *s, enum metrics_format format)
{
	for (int i = 0; i <= f->bound_count; i++) {
		double bound = i < f->bound_count ? f->bounds[i] : INFINITY;
		write_name(out, f, "_bucket", s, &bound, format);
		str_printf(out, "%llu\n", (unsigned long long)s->buckets[i]);
	}
	write_name(out, f, "_sum", s, NULL, format);
	write_number(out, s->value);
	str_puts(out, "\n");
	write_name(out, f, "_count", s, NULL, format);
	str_printf(out, "%llu\n", (unsigned long long)s->buckets[f->bound_count]);
}

/* In OpenMetrics a counter's family has no "_total", its samples have. */
static void write_head(const struct metric_family *f, enum metrics_format format,
		       struct str *out)
{
	static const char *const kinds[] = {
		[FAMILY_GAUGE] = "gauge",
		[FAMILY_COUNTER] = "counter",
		[FAMILY_HISTOGRAM] = "histogram",
	};
	int len = (int)strlen(f->name);
	if (format == METRICS_OPENMETRICS && f->kind == FAMILY_COUNTER)
		len -= (int)strlen("_total");
	str_printf(out, "# HELP %.*s ", len, f->name);
	write_escaped(out, f->help, format == METRICS_OPENMETRICS);
	str_printf(out, "\n# TYPE %.*s %s\n", len, f->name, kinds[f->kind]);
}

static void write_family(const struct metric_family *f, const struct family_series *list,
			 enum metrics_format format, struct str *out)
{
	write_head(f, format, out);
	for (size_t i = 0; i < list->count; i++) {
		if (f->kind == FAMILY_HISTOGRAM) {
			write_histogram(out, f, list->items[i], format);
			continue;
		}
		write_name(out, f, "", list->items[i], NULL, format);
		write_number(out, list->items[i]->value);
		str_puts(out, "\n");
	}
}

int metrics_write(const struct metrics *m, enum metrics_format format, struct str *out)
{
	for (int i = 0; i < m->family_count; i++)
		if (m->families[i].count > 0)
			write_family(&m->table[i], &m->families[i], format, out);
	if (format == METRICS_OPENMETRICS)
		str_puts(out, "# EOF\n");
	return out->cut ? -1 : 0;
}
