#include "prom/decode.h"

#include "prom/arena.h"
#include "prom/envelope.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Year 9999 in seconds: times beyond it are no times. */
#define SECONDS_MAX 253402300799.0

/* One answer in the making. */
struct builder {
	struct scan scan;
	struct arena arena;
	const struct prom_limits *limits;
	struct prom_series *series;
	size_t series_count, series_cap;
	struct prom_label *labels; /* of the series being read */
	size_t label_count, label_cap;
	struct sample *samples; /* of the series being read */
	size_t sample_count, sample_cap;
	size_t sample_total;
	bool histogram;      /* the series being read has a histogram */
	const char *problem; /* what is wrong, when the JSON itself is not */
	enum prom_outcome outcome;
};

static bool stop(struct builder *b, enum prom_outcome outcome, const char *problem)
{
	b->outcome = outcome;
	b->problem = problem;
	b->scan.broken = true;
	return false;
}

/* Makes room for one element more. */
static void *grow(void *array, size_t count, size_t *cap, size_t size)
{
	if (count < *cap)
		return array;
	*cap = *cap ? *cap * 2 : 16;
	return xrealloc(array, *cap * size);
}

/* --- labels --- */

/* Neighbours share most names and many values: the copy of the series before is used
 * again. */
static const char *keep(struct builder *b, const struct scan_text *text,
			const char *before)
{
	if (before && !text->escaped && scan_is(text, before))
		return before;
	char *copy = arena_alloc(&b->arena, text->len + 1);
	scan_plain(text, copy);
	return copy;
}

static bool read_labels(struct builder *b)
{
	const struct prom_series *before =
		b->series_count ? &b->series[b->series_count - 1] : NULL;
	b->label_count = 0;
	if (!scan_open(&b->scan, '{'))
		return false;
	while (scan_next(&b->scan, '}')) {
		struct scan_text name, value;
		size_t n = b->label_count;
		bool known = before && n < before->label_count;
		if (!scan_key(&b->scan, &name) || !scan_string(&b->scan, &value))
			return false;
		b->labels = grow(b->labels, n, &b->label_cap, sizeof(*b->labels));
		b->labels[n] = (struct prom_label){
			keep(b, &name, known ? before->labels[n].name : NULL),
			keep(b, &value, known ? before->labels[n].value : NULL)};
		b->label_count++;
	}
	return !b->scan.broken;
}

/* --- samples --- */

/* Go's strconv.FormatFloat: digits, "NaN", "+Inf", "-Inf". Not finite is not known. */
static bool parse_value(const struct scan_text *text, double *ret_value)
{
	static const char *const unknown[] = {"NaN", "+Inf", "-Inf", "Inf"};
	for (size_t i = 0; i < ARRAY_LEN(unknown); i++) {
		if (scan_is(text, unknown[i])) {
			*ret_value = NAN;
			return true;
		}
	}
	struct scan s;
	double value;
	scan_init(&s, text->raw, text->len);
	if (!scan_number(&s, &value) || s.at != s.end)
		return false;
	*ret_value = isfinite(value) ? value : NAN;
	return true;
}

/* [1700000000.123, "0.5"] */
static bool read_pair(struct builder *b, struct sample *ret_sample)
{
	struct scan *s = &b->scan;
	struct scan_text text;
	double seconds, value;
	if (!scan_open(s, '[') || !scan_next(s, ']') || !scan_number(s, &seconds) ||
	    !scan_next(s, ']') || !scan_string(s, &text))
		return false;
	if (scan_next(s, ']'))
		return stop(b, PROM_FAILED, "a sample with more than time and value");
	if (!(fabs(seconds) <= SECONDS_MAX))
		return stop(b, PROM_FAILED, "a sample whose time is no time");
	if (!parse_value(&text, &value))
		return stop(b, PROM_FAILED, "a sample whose value is no number");
	*ret_sample = (struct sample){.t_ms = llround(seconds * 1000), .v = value};
	return !s->broken;
}

static bool read_sample(struct builder *b)
{
	struct sample sample;
	size_t n = b->sample_count;
	if (!read_pair(b, &sample))
		return false;
	if (n > 0 && sample.t_ms <= b->samples[n - 1].t_ms)
		return true;
	if (b->sample_total >= b->limits->max_samples)
		return stop(b, PROM_FAILED, "more samples than the limit");
	b->samples = grow(b->samples, n, &b->sample_cap, sizeof(*b->samples));
	b->samples[b->sample_count++] = sample;
	b->sample_total++;
	return true;
}

static bool read_samples(struct builder *b)
{
	if (!scan_open(&b->scan, '['))
		return false;
	while (scan_next(&b->scan, ']'))
		if (!read_sample(b))
			return false;
	return !b->scan.broken;
}

/* --- series --- */

const char *prom_label(const struct prom_series *s, const char *name)
{
	for (size_t i = 0; i < s->label_count; i++)
		if (!strcmp(s->labels[i].name, name))
			return s->labels[i].value;
	return "";
}

/* A series without samples is none. */
static bool end_series(struct builder *b)
{
	if (!b->sample_count && b->histogram)
		return stop(b, PROM_REFUSED,
			    "the result has native histograms, numbers are expected: use "
			    "histogram_quantile, histogram_count or histogram_sum");
	if (!b->sample_count)
		return true;
	if (b->series_count >= b->limits->max_series)
		return stop(b, PROM_FAILED, "more series than the limit");
	b->series = grow(b->series, b->series_count, &b->series_cap, sizeof(*b->series));
	struct prom_series *s = &b->series[b->series_count++];
	*s = (struct prom_series){
		.labels = arena_copy(&b->arena, b->labels,
				     b->label_count * sizeof(*b->labels)),
		.label_count = b->label_count,
		.samples = arena_copy(&b->arena, b->samples,
				      b->sample_count * sizeof(*b->samples)),
		.sample_count = b->sample_count,
	};
	s->ns = prom_label(s, "namespace");
	s->pod = prom_label(s, "pod");
	s->container = prom_label(s, "container");
	return true;
}

static bool read_series_member(struct builder *b)
{
	struct scan_text key;
	if (!scan_key(&b->scan, &key))
		return false;
	if (scan_is(&key, "metric"))
		return read_labels(b);
	if (scan_is(&key, "value"))
		return read_sample(b);
	if (scan_is(&key, "values"))
		return read_samples(b);
	if (scan_is(&key, "histogram") || scan_is(&key, "histograms"))
		b->histogram = true;
	return scan_skip(&b->scan);
}

static bool read_series(struct builder *b)
{
	b->label_count = b->sample_count = 0;
	b->histogram = false;
	if (!scan_open(&b->scan, '{'))
		return false;
	while (scan_next(&b->scan, '}'))
		if (!read_series_member(b))
			return false;
	return !b->scan.broken && end_series(b);
}

static bool read_all_series(struct builder *b)
{
	if (!scan_open(&b->scan, '['))
		return false;
	while (scan_next(&b->scan, ']'))
		if (!read_series(b))
			return false;
	return !b->scan.broken;
}

static bool read_scalar(struct builder *b)
{
	return read_sample(b) && end_series(b);
}

static bool read_result(struct builder *b, const struct scan_text *type,
			enum prom_type *ret_type)
{
	if (scan_is(type, "vector") || scan_is(type, "matrix")) {
		*ret_type = scan_is(type, "vector") ? PROM_VECTOR : PROM_MATRIX;
		return read_all_series(b);
	}
	if (scan_is(type, "scalar")) {
		*ret_type = PROM_SCALAR;
		return read_scalar(b);
	}
	if (scan_is(type, "string"))
		return stop(b, PROM_REFUSED,
			    "the result is a string, numbers are expected");
	return stop(b, PROM_FAILED, "a result of an unknown type");
}

static void free_result(struct arena *memory)
{
	arena_fini(memory);
	free(memory);
}

void prom_result_fini(struct prom_result *r)
{
	if (!r || !r->memory)
		return;
	free_result(r->memory);
	*r = (struct prom_result){0};
}

static void hand_over(struct builder *b, enum prom_type type, struct prom_result *ret)
{
	struct arena *memory = xmalloc(sizeof(*memory));
	const struct prom_series *series =
		arena_copy(&b->arena, b->series, b->series_count * sizeof(*b->series));
	memory->newest = TAKE(b->arena.newest);
	*ret = (struct prom_result){
		.type = type,
		.series = series,
		.series_count = b->series_count,
		.memory = memory,
	};
}

static void builder_fini(struct builder *b)
{
	arena_fini(&b->arena);
	free(b->series);
	free(b->labels);
	free(b->samples);
}

static enum prom_outcome describe(const struct builder *b, const struct prom_body *body,
				  struct err *err)
{
	if (!b->problem) {
		err_set(err, ERR_RETRY,
			"answered with a result of another form (byte %zu of %zu)",
			(size_t)(b->scan.at - body->text), body->len);
		return PROM_FAILED;
	}
	if (b->outcome == PROM_REFUSED)
		err_set(err, ERR_INVALID, "%s", b->problem);
	else
		err_set(err, ERR_RETRY, "answered with %s (byte %zu of %zu)", b->problem,
			(size_t)(b->scan.at - body->text), body->len);
	return b->outcome;
}

enum prom_outcome prom_decode(const struct prom_body *body,
			      const struct prom_limits *limits,
			      struct prom_result *ret_result, struct err *err)
{
	struct envelope e;
	enum prom_outcome outcome = envelope_read(body, &e, err);
	if (outcome != PROM_OK)
		return outcome;
	struct builder b AUTO(builder_fini) = {.limits = limits};
	enum prom_type type = PROM_VECTOR;
	scan_init(&b.scan, e.result, (size_t)(body->text + body->len - e.result));
	if (!read_result(&b, &e.result_type, &type))
		return describe(&b, body, err);
	if (!b.series_count) {
		err_set(err, ERR_RETRY, "no series");
		return PROM_EMPTY;
	}
	hand_over(&b, type, ret_result);
	return PROM_OK;
}
