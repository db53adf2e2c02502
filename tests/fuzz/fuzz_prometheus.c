/* Answers of a Prometheus API, good ones and a proxy's. A first line "#503 text/html" is
 * the status and the content type, else they are 200 and application/json. */
#include "fuzz/fuzz.h"

#include "prom/prom.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Small, so that inputs reach them. */
static const struct prom_limits limits = {.max_series = 8, .max_samples = 32};

/* A tree in an arena is the one on the heap, unless the arena is full. */
static void check_tree(const char *text, size_t len)
{
	struct arena a AUTO(arena_fini) = {.most = 16384};
	struct err err = {0};
	const cJSON *tree = json_parse_in(&a, text, len, &err);
	cJSON *own AUTO(json_cleanup) = json_parse(text, len, &err);
	must(a.taken <= a.most, "%zu bytes", a.taken);
	must(tree ? own && !a.full : !own || a.full, "one tree of two");
	if (!tree)
		return;
	char *left AUTO_FREE = json_text(tree), *right AUTO_FREE = json_text(own);
	must_equal(left, right);
}

static void check_series(const struct prom_series *s, enum prom_type type)
{
	char text[64];
	must(s->sample_count >= 1 && (type == PROM_MATRIX || s->sample_count == 1),
	     "%zu samples", s->sample_count);
	for (size_t i = 0; i < s->sample_count; i++) {
		must(isfinite(s->samples[i].v) || isnan(s->samples[i].v), "%g",
		     s->samples[i].v);
		must(!i || s->samples[i - 1].t_ms < s->samples[i].t_ms, "%lld, then %lld",
		     (long long)s->samples[i - 1].t_ms, (long long)s->samples[i].t_ms);
	}
	must_equal(s->ns, prom_label(s, "namespace"));
	must_equal(s->pod, prom_label(s, "pod"));
	must_equal(s->container, prom_label(s, "container"));
	must(strlen(prom_series_text(s, text, sizeof(text))) < sizeof(text), "no end");
}

static void check_result(const struct prom_result *r)
{
	size_t samples = 0;
	must(r->series_count >= 1 && r->series_count <= limits.max_series, "%zu series",
	     r->series_count);
	for (size_t i = 0; i < r->series_count; i++) {
		check_series(&r->series[i], r->type);
		samples += r->series[i].sample_count;
	}
	must(samples <= limits.max_samples, "%zu samples", samples);
}

/* Joined with itself an answer is what it was. */
static void check_stitch(const struct prom_result *r)
{
	struct prom_limits enough = {2 * limits.max_series, 2 * limits.max_samples};
	struct prom_result twice[2] = {*r, *r}, joined AUTO(prom_result_fini) = {0};
	struct err err = {0};
	must(prom_stitch(twice, 2, &enough, &joined, &err) == 0, "%s", err.msg);
	must(joined.series_count <= r->series_count, "%zu series of %zu",
	     joined.series_count, r->series_count);
	for (size_t i = 0; i < joined.series_count; i++)
		check_series(&joined.series[i], PROM_MATRIX);
	must(prom_newest_ms(&joined) <= prom_newest_ms(r), "newer than before");
}

static void check_body(const struct prom_body *body)
{
	struct prom_result r AUTO(prom_result_fini) = {0};
	struct err err = {0};
	enum prom_outcome outcome = prom_decode(body, &limits, NULL, &r, &err);
	must(*prom_outcome_name(outcome), "outcome %d", (int)outcome);
	if (outcome != PROM_OK) {
		must_explain(&err);
		must(!r.series && !r.memory, "touched");
		must(err.code == ERR_RETRY || outcome == PROM_REFUSED, "%s", err.msg);
		return;
	}
	must(body->status >= 200 && body->status <= 299, "%d", body->status);
	check_result(&r);
	check_stitch(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char type[32] = "application/json";
	struct prom_body body = {200, type, (const char *)data, size};
	const char *line = size && *data == '#' ? memchr(data, '\n', size) : NULL;
	if (line) {
		char *head AUTO_FREE = xstrndup(body.text, (size_t)(line - body.text));
		sscanf(head, "#%3d %31s", &body.status, type);
		body.len -= (size_t)(line + 1 - body.text);
		body.text = line + 1;
	}
	check_tree(body.text, body.len);
	check_body(&body);
	return 0;
}
