#include "prom/decode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The parts of one series in several chunks, in order of time. */
struct part {
	const struct prom_series *series;
	struct part *next;
};

struct group {
	struct part *first, *last;
	size_t samples;
	uint64_t hash;
};

struct stitcher {
	struct part *parts;
	struct group *groups;
	size_t *slots; /* open addressing: group number + 1, 0 is free */
	size_t part_count, group_count, slot_count;
	size_t samples;
};

static uint64_t labels_hash(const struct prom_series *s)
{
	uint64_t hash = s->label_count;
	for (size_t i = 0; i < s->label_count; i++)
		hash = hash * 31 + (hash_text(s->labels[i].name) ^
				    (hash_text(s->labels[i].value) << 1));
	return hash;
}

static bool labels_equal(const struct prom_series *a, const struct prom_series *b)
{
	if (a->label_count != b->label_count)
		return false;
	for (size_t i = 0; i < a->label_count; i++)
		if (strcmp(a->labels[i].name, b->labels[i].name) != 0 ||
		    strcmp(a->labels[i].value, b->labels[i].value) != 0)
			return false;
	return true;
}

static struct group *group_of(struct stitcher *t, const struct prom_series *s)
{
	uint64_t hash = labels_hash(s);
	size_t slot = hash & (t->slot_count - 1);
	for (; t->slots[slot]; slot = (slot + 1) & (t->slot_count - 1)) {
		struct group *g = &t->groups[t->slots[slot] - 1];
		if (g->hash == hash && labels_equal(g->first->series, s))
			return g;
	}
	struct group *g = &t->groups[t->group_count++];
	t->slots[slot] = t->group_count;
	*g = (struct group){.hash = hash};
	return g;
}

static void add_part(struct stitcher *t, const struct prom_series *s)
{
	struct part *p = &t->parts[t->part_count++];
	*p = (struct part){.series = s};
	struct group *g = group_of(t, s);
	if (g->last)
		g->last->next = p;
	else
		g->first = p;
	g->last = p;
	g->samples += s->sample_count;
	t->samples += s->sample_count;
}

static void stitcher_init(struct stitcher *t, size_t series)
{
	size_t slots = 16;
	while (slots < 2 * series)
		slots *= 2;
	*t = (struct stitcher){
		.parts = xcalloc(series + 1, sizeof(*t->parts)),
		.groups = xcalloc(series + 1, sizeof(*t->groups)),
		.slots = xcalloc(slots, sizeof(*t->slots)),
		.slot_count = slots,
	};
}

static void stitcher_fini(struct stitcher *t)
{
	free(t->parts);
	free(t->groups);
	free(t->slots);
}

static const char *copy_text(struct arena *a, const char *text)
{
	return arena_copy(a, text, strlen(text) + 1);
}

static const struct prom_label *copy_labels(struct arena *a, const struct prom_series *s)
{
	struct prom_label *labels = arena_alloc(a, s->label_count * sizeof(*labels));
	for (size_t i = 0; i < s->label_count; i++)
		labels[i] = (struct prom_label){copy_text(a, s->labels[i].name),
						copy_text(a, s->labels[i].value)};
	return labels;
}

/* Chunks that overlap, as a server may answer beyond what was asked, give each time once.
 */
static size_t join_samples(const struct group *g, struct sample *samples)
{
	size_t n = 0;
	for (const struct part *p = g->first; p; p = p->next)
		for (size_t i = 0; i < p->series->sample_count; i++) {
			struct sample sample = p->series->samples[i];
			if (n == 0 || sample.t_ms > samples[n - 1].t_ms)
				samples[n++] = sample;
		}
	return n;
}

static void join(const struct group *g, struct arena *a, struct prom_series *ret)
{
	struct sample *samples = arena_alloc(a, g->samples * sizeof(*samples));
	*ret = (struct prom_series){
		.labels = copy_labels(a, g->first->series),
		.label_count = g->first->series->label_count,
		.samples = samples,
		.sample_count = join_samples(g, samples),
	};
	ret->ns = prom_label(ret, "namespace");
	ret->pod = prom_label(ret, "pod");
	ret->container = prom_label(ret, "container");
}

static int check(const struct stitcher *t, const struct prom_limits *limits,
		 struct err *err)
{
	if (t->group_count > limits->max_series)
		return err_set(err, ERR_RETRY, "%zu series, more than the limit of %zu",
			       t->group_count, limits->max_series);
	if (t->samples > limits->max_samples)
		return err_set(err, ERR_RETRY, "%zu samples, more than the limit of %zu",
			       t->samples, limits->max_samples);
	return 0;
}

int prom_stitch(const struct prom_result *chunks, size_t count,
		const struct prom_limits *limits, struct prom_result *ret_result,
		struct err *err)
{
	struct stitcher t AUTO(stitcher_fini);
	size_t series = 0;
	for (size_t i = 0; i < count; i++)
		series += chunks[i].series_count;
	stitcher_init(&t, series);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < chunks[i].series_count; j++)
			add_part(&t, &chunks[i].series[j]);
	if (check(&t, limits, err) < 0)
		return -1;
	struct arena *memory = xcalloc(1, sizeof(*memory));
	struct prom_series *joined = arena_alloc(memory, t.group_count * sizeof(*joined));
	for (size_t i = 0; i < t.group_count; i++)
		join(&t.groups[i], memory, &joined[i]);
	*ret_result = (struct prom_result){
		.type = PROM_MATRIX,
		.series = joined,
		.series_count = t.group_count,
		.memory = memory,
	};
	return 0;
}
