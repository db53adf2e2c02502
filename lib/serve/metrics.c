#include "serve/registry.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int family_label_count(const struct metric_family *f)
{
	int n = 0;
	while (n < METRIC_LABELS_MAX && f->labels[n])
		n++;
	return n;
}

static bool name_ok(const char *name)
{
	if (!name || !*name ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789") != strlen(name))
		return false;
	return !(*name >= '0' && *name <= '9');
}

static bool family_ok(const struct metric_family *f)
{
	size_t n = f->name ? strlen(f->name) : 0;
	bool total = n > 6 && strcmp(f->name + n - 6, "_total") == 0;
	if (!name_ok(f->name) || !f->help || total != (f->kind == FAMILY_COUNTER))
		return false;
	for (int i = 0; i < family_label_count(f); i++)
		if (!name_ok(f->labels[i]) || strcmp(f->labels[i], "le") == 0)
			return false;
	for (int i = 1; i < f->bound_count; i++)
		if (!(f->bounds[i] > f->bounds[i - 1]))
			return false;
	return (f->bound_count > 0) == (f->kind == FAMILY_HISTOGRAM);
}

struct metrics *metrics_new(const struct metric_family *table, int count,
			    size_t series_limit)
{
	struct metrics *m = xcalloc(1, sizeof(*m));
	m->table = table;
	m->family_count = count;
	m->limit = series_limit;
	m->families = xcalloc((size_t)count, sizeof(*m->families));
	m->slots = 64;
	m->index = xcalloc(m->slots, sizeof(struct series *));
	for (int i = 0; i < count; i++) {
		assert(family_ok(&table[i]));
		if (family_label_count(&table[i]) == 0 && !table[i].live)
			metrics_touch(m, i, NO_LABELS);
	}
	return m;
}

static void series_free(struct series *s)
{
	free(s->buckets);
	free(s);
}

void metrics_free(struct metrics *m)
{
	if (!m)
		return;
	for (int i = 0; i < m->family_count; i++) {
		for (size_t j = 0; j < m->families[i].count; j++)
			series_free(m->families[i].items[j]);
		free(m->families[i].items);
	}
	free(m->families);
	free(m->index);
	free(m);
}

void metrics_cleanup(struct metrics **m)
{
	metrics_free(*m);
}

/* --- finding a series --- */

static size_t labels_size(const struct metric_family *f, const char *const *labels)
{
	size_t size = 0;
	for (int i = 0; i < family_label_count(f); i++)
		size += strlen(labels[i]) + 1;
	return size;
}

/* Compares without building the key: the way of every update. */
static bool labels_equal(const struct metrics *m, const struct series *s,
			 const char *const *labels)
{
	const char *key = s->key;
	for (int i = 0; i < family_label_count(&m->table[s->family]); i++) {
		if (strcmp(key, labels[i]) != 0)
			return false;
		key += strlen(key) + 1;
	}
	return true;
}

static uint64_t labels_hash(const struct metric_family *f, int family,
			    const char *const *labels)
{
	uint64_t hash = (uint64_t)family * 0x9e3779b97f4a7c15u;
	for (int i = 0; i < family_label_count(f); i++)
		hash = (hash ^ hash_text(labels[i])) * 0x100000001b3u;
	return hash ^ hash >> 29;
}

static struct series *find(const struct metrics *m, int family, const char *const *labels)
{
	assert(family >= 0 && family < m->family_count);
	uint64_t hash = labels_hash(&m->table[family], family, labels);
	struct series *s = m->index[hash & (m->slots - 1)];
	while (s &&
	       (s->hash != hash || s->family != family || !labels_equal(m, s, labels)))
		s = s->next;
	return s;
}

static void grow_index(struct metrics *m)
{
	size_t slots = m->slots * 2;
	struct series **index = xcalloc(slots, sizeof(struct series *));
	for (size_t i = 0; i < m->slots; i++) {
		for (struct series *s = m->index[i], *next; s; s = next) {
			next = s->next;
			s->next = index[s->hash & (slots - 1)];
			index[s->hash & (slots - 1)] = s;
		}
	}
	free(m->index);
	m->index = index;
	m->slots = slots;
}

static struct series *series_new(const struct metrics *m, int family,
				 const char *const *labels)
{
	const struct metric_family *f = &m->table[family];
	size_t key_len = labels_size(f, labels);
	struct series *s = xcalloc(1, sizeof(*s) + key_len);
	s->hash = labels_hash(f, family, labels);
	s->family = family;
	s->key_len = key_len;
	char *key = s->key;
	for (int i = 0; i < family_label_count(f); i++) {
		size_t n = strlen(labels[i]) + 1;
		memcpy(key, labels[i], n);
		key += n;
	}
	if (f->kind == FAMILY_HISTOGRAM)
		s->buckets = xcalloc((size_t)f->bound_count + 1, sizeof(uint64_t));
	return s;
}

/* NULL when the limit is reached. */
static struct series *find_or_add(struct metrics *m, int family,
				  const char *const *labels)
{
	struct series *s = find(m, family, labels);
	if (s)
		return s;
	if (m->count >= m->limit) {
		m->dropped++;
		return NULL;
	}
	s = series_new(m, family, labels);
	if (m->count >= m->slots)
		grow_index(m);
	s->next = m->index[s->hash & (m->slots - 1)];
	m->index[s->hash & (m->slots - 1)] = s;
	m->count++;
	struct family_series *list = &m->families[family];
	if (list->count == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 4;
		list->items = xrealloc(list->items, list->cap * sizeof(struct series *));
	}
	list->items[list->count++] = s;
	return s;
}

/* --- counting --- */

void metrics_touch(struct metrics *m, int family, const char *const *labels)
{
	find_or_add(m, family, labels);
}

void metrics_set(struct metrics *m, int family, const char *const *labels, double v)
{
	struct series *s = find_or_add(m, family, labels);
	if (!s)
		return;
	s->value = v;
	s->round = m->round;
}

void metrics_add(struct metrics *m, int family, const char *const *labels, double delta)
{
	struct series *s = find_or_add(m, family, labels);
	if (s)
		s->value += delta;
}

void metrics_observe(struct metrics *m, int family, const char *const *labels, double v)
{
	const struct metric_family *f = &m->table[family];
	assert(f->kind == FAMILY_HISTOGRAM);
	struct series *s = isnan(v) ? NULL : find_or_add(m, family, labels);
	if (!s)
		return;
	s->value += v;
	for (int i = 0; i < f->bound_count; i++)
		if (v <= f->bounds[i])
			s->buckets[i]++;
	s->buckets[f->bound_count]++;
}

double metrics_value(const struct metrics *m, int family, const char *const *labels)
{
	const struct series *s = find(m, family, labels);
	return s ? s->value : NAN;
}

size_t metrics_series(const struct metrics *m)
{
	return m->count;
}

uint64_t metrics_dropped(const struct metrics *m)
{
	return m->dropped;
}

/* --- forgetting --- */

static void unlink_series(struct metrics *m, const struct series *s)
{
	struct series **at = &m->index[s->hash & (m->slots - 1)];
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
}

void metrics_begin(struct metrics *m)
{
	m->round++;
}

static void sweep(struct metrics *m, struct family_series *list)
{
	size_t kept = 0;
	for (size_t j = 0; j < list->count; j++) {
		struct series *s = list->items[j];
		if (s->round == m->round) {
			list->items[kept++] = s;
			continue;
		}
		unlink_series(m, s);
		series_free(s);
		m->count--;
	}
	list->count = kept;
}

void metrics_end(struct metrics *m)
{
	for (int i = 0; i < m->family_count; i++)
		if (m->table[i].live)
			sweep(m, &m->families[i]);
}
