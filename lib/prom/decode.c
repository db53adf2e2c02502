#include "prom/decode.h"

#include "prom/decimal.h"
#include "prom/envelope.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One answer in the making. */
struct builder {
	struct arena arena;
	const struct prom_limits *limits;
	struct prom_series *series;
	size_t series_count, series_cap;
	struct prom_label *labels; /* of the series being read */
	size_t label_count, label_cap;
	struct sample *samples; /* of the series being read */
	size_t sample_count, sample_cap;
	size_t sample_total;
	size_t series_seen;  /* the number of the series being read, from 1 */
	size_t samples_seen; /* in it: the number of the sample being read, from 1 */
	const char *problem; /* what is wrong */
	enum prom_outcome outcome;
};

static bool stop(struct builder *b, enum prom_outcome outcome, const char *problem)
{
	b->outcome = outcome;
	b->problem = problem;
	return false;
}

static bool other_form(struct builder *b)
{
	return stop(b, PROM_FAILED, "a result of another form");
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
static const char *keep(struct builder *b, const char *text, const char *before)
{
	if (before && !strcmp(text, before))
		return before;
	return arena_copy(&b->arena, text, strlen(text) + 1);
}

static bool read_labels(struct builder *b, const cJSON *metric)
{
	const struct prom_series *before =
		b->series_count ? &b->series[b->series_count - 1] : NULL;
	const cJSON *item;
	if (!cJSON_IsObject(metric))
		return other_form(b);
	cJSON_ArrayForEach (item, metric) {
		size_t n = b->label_count;
		bool known = before && n < before->label_count;
		if (!cJSON_IsString(item))
			return other_form(b);
		b->labels = grow(b->labels, n, &b->label_cap, sizeof(*b->labels));
		b->labels[n] = (struct prom_label){
			keep(b, item->string, known ? before->labels[n].name : NULL),
			keep(b, item->valuestring,
			     known ? before->labels[n].value : NULL)};
		b->label_count++;
	}
	return true;
}

/* --- samples --- */

/* Go's strconv.FormatFloat: digits, "NaN", "+Inf", "-Inf". Not finite is not known. */
static bool parse_value(const char *text, double *ret_value)
{
	static const char *const unknown[] = {"NaN", "+Inf", "-Inf", "Inf"};
	double value;
	if (decimal_parse(text, &value)) {
		*ret_value = isfinite(value) ? value : NAN;
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(unknown); i++) {
		if (!strcmp(text, unknown[i])) {
			*ret_value = NAN;
			return true;
		}
	}
	return false;
}

/* [1700000000.123, "0.5"] */
static bool read_pair(struct builder *b, const cJSON *pair, struct sample *ret_sample)
{
	const cJSON *time = cJSON_IsArray(pair) ? pair->child : NULL;
	const cJSON *text = time ? time->next : NULL;
	double value;
	if (!cJSON_IsNumber(time) || !cJSON_IsString(text))
		return other_form(b);
	if (text->next)
		return stop(b, PROM_FAILED, "a sample with more than time and value");
	if (!(fabs(time->valuedouble) <= PROM_SECONDS_MAX))
		return stop(b, PROM_FAILED, "a sample whose time is no time");
	if (!parse_value(text->valuestring, &value))
		return stop(b, PROM_FAILED, "a sample whose value is no number");
	*ret_sample = (struct sample){.t_ms = llround(time->valuedouble * MS_PER_S),
				      .v = value};
	return true;
}

static bool read_sample(struct builder *b, const cJSON *pair)
{
	struct sample sample;
	size_t n = b->sample_count;
	b->samples_seen++;
	if (!read_pair(b, pair, &sample))
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

static bool read_samples(struct builder *b, const cJSON *values)
{
	const cJSON *pair;
	if (!cJSON_IsArray(values))
		return other_form(b);
	cJSON_ArrayForEach (pair, values)
		if (!read_sample(b, pair))
			return false;
	return true;
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
static bool end_series(struct builder *b, bool histogram)
{
	if (!b->sample_count && histogram)
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

static bool read_series(struct builder *b, const cJSON *series)
{
	enum { METRIC, VALUE, VALUES, HISTOGRAM, HISTOGRAMS, MEMBERS };
	struct tree_member m[MEMBERS] = {
		[METRIC] = {.name = "metric"},
		[VALUE] = {.name = "value"},
		[VALUES] = {.name = "values"},
		[HISTOGRAM] = {.name = "histogram"},
		[HISTOGRAMS] = {.name = "histograms"},
	};
	b->series_seen++;
	b->samples_seen = b->label_count = b->sample_count = 0;
	if (!cJSON_IsObject(series))
		return other_form(b);
	if (!tree_pick(series, m, MEMBERS))
		return stop(b, PROM_FAILED, "two members of one name");
	if ((m[METRIC].value && !read_labels(b, m[METRIC].value)) ||
	    (m[VALUE].value && !read_sample(b, m[VALUE].value)) ||
	    (m[VALUES].value && !read_samples(b, m[VALUES].value)))
		return false;
	return end_series(b, m[HISTOGRAM].value || m[HISTOGRAMS].value);
}

static bool read_all_series(struct builder *b, const cJSON *result)
{
	const cJSON *series;
	if (!cJSON_IsArray(result))
		return other_form(b);
	cJSON_ArrayForEach (series, result)
		if (!read_series(b, series))
			return false;
	return true;
}

static bool read_scalar(struct builder *b, const cJSON *result)
{
	return read_sample(b, result) && end_series(b, false);
}

static bool read_result(struct builder *b, const struct envelope *e,
			enum prom_type *ret_type)
{
	const char *type = e->result_type;
	if (!strcmp(type, "vector") || !strcmp(type, "matrix")) {
		*ret_type = type[0] == 'v' ? PROM_VECTOR : PROM_MATRIX;
		return read_all_series(b, e->result);
	}
	if (!strcmp(type, "scalar")) {
		*ret_type = PROM_SCALAR;
		return read_scalar(b, e->result);
	}
	if (!strcmp(type, "string"))
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
	*memory = b->arena;
	b->arena = (struct arena){0};
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

static enum prom_outcome describe(const struct builder *b, struct err *err)
{
	if (b->outcome == PROM_REFUSED)
		err_set(err, ERR_INVALID, "%s", b->problem);
	else if (b->series_seen && b->samples_seen)
		err_set(err, ERR_RETRY, "answered with %s (series %zu, sample %zu)",
			b->problem, b->series_seen, b->samples_seen);
	else if (b->series_seen)
		err_set(err, ERR_RETRY, "answered with %s (series %zu)", b->problem,
			b->series_seen);
	else
		err_set(err, ERR_RETRY, "answered with %s", b->problem);
	return b->outcome;
}

static enum prom_outcome decode(const struct prom_body *body,
				const struct prom_limits *limits, struct arena *scratch,
				struct prom_result *ret_result, struct err *err)
{
	struct envelope e;
	enum prom_outcome outcome = envelope_read(body, scratch, &e, err);
	if (outcome != PROM_OK)
		return outcome;
	struct builder b AUTO(builder_fini) = {.limits = limits};
	enum prom_type type = PROM_VECTOR;
	/* Names that repeat are kept once: what is read takes about as much as its text.
	 */
	arena_reserve(&b.arena, body->len);
	if (!read_result(&b, &e, &type))
		return describe(&b, err);
	if (!b.series_count) {
		err_set(err, ERR_RETRY, "no series");
		return PROM_EMPTY;
	}
	hand_over(&b, type, ret_result);
	return PROM_OK;
}

enum prom_outcome prom_decode(const struct prom_body *body,
			      const struct prom_limits *limits, struct arena *scratch,
			      struct prom_result *ret_result, struct err *err)
{
	struct arena own AUTO(arena_fini) = {0};
	struct arena *memory = scratch ? scratch : &own;
	enum prom_outcome outcome = decode(body, limits, memory, ret_result, err);
	arena_clear(memory);
	return outcome;
}
