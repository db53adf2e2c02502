/* Built-in queries of many policies asked as one: the usage of all containers of their
 * namespaces. A server parses and answers one query of a hundred namespaces in a fraction
 * of the time of a hundred queries, and so do we. */
#include "loop/inside.h"

#include <stdlib.h>
#include <string.h>

/* So long a query waits for others of its shape: little beside the period of 15 s over
 * which policies are spread. */
#define GATHER_MS 200
/* Names of namespaces are at most 63 bytes: a query stays below 16 KiB, which
 * VictoriaMetrics takes, in its usual lengths. */
#define NAMESPACES_MAX 100
#define QUERY_MAX      65536

struct member {
	struct query_ref query;
	const char *ns; /* one of its batch's names */
};

struct batch {
	struct batch *next;
	struct batches *all;
	/* The shape: equal for all members. */
	struct prom_source *source;
	enum prom_resource resource;
	char *container; /* NULL: every container */

	struct member *members;
	size_t count, cap;
	char *names[NAMESPACES_MAX]; /* the distinct namespaces; owned */
	size_t name_count;
	int64_t asked_ms;         /* monotonic: of its first member */
	struct prom_query *asked; /* under way */
	bool sent; /* takes no more members: nor while its answer is given to them */
	struct timer timer;
	const char *dropped; /* why it fails without an answer; NULL: it does not */
};

struct batches {
	struct loop *loop;
	struct batch *first;
};

struct batches *batches_new(struct loop *l)
{
	struct batches *b = xcalloc(1, sizeof(*b));
	b->loop = l;
	return b;
}

static void release(struct batch *b)
{
	for (struct batch **at = &b->all->first; *at; at = &(*at)->next) {
		if (*at == b) {
			*at = b->next;
			break;
		}
	}
	timer_cancel(&b->timer);
	prom_cancel(b->asked);
	for (size_t i = 0; i < b->name_count; i++)
		free(b->names[i]);
	free(b->members);
	free(b->container);
	free(b);
}

void batches_free(struct batches *b)
{
	if (!b)
		return;
	while (b->first)
		release(b->first);
	free(b);
}

bool batches_idle(const struct batches *b)
{
	return !b->first;
}

/* --- answers --- */

static void tell_failed(const struct batch *b, const struct member *m, const char *why)
{
	struct event event = {.type = EVENT_QUERY_FAILED};
	event.u.query_failed.query = m->query;
	event.u.query_failed.why = why;
	loop_step(b->all->loop, &event);
}

static void fail_all(struct batch *b, const char *why)
{
	for (size_t i = 0; i < b->count; i++)
		tell_failed(b, &b->members[i], why);
	release(b);
}

static int compare_ns(const void *ns, const void *usage)
{
	return strcmp(ns, ((const struct prom_usage *)usage)->ns);
}

/* Usages are ordered by namespace, then by key: those of one are rows as they are. */
static size_t rows_of(const char *ns, const struct prom_usage *usages, size_t count,
		      struct value_row *ret_rows)
{
	const struct prom_usage *any =
		bsearch(ns, usages, count, sizeof(*usages), compare_ns);
	const struct prom_usage *end = usages + count;
	size_t n = 0;
	while (any && any > usages && !strcmp(any[-1].ns, ns))
		any--;
	for (; any && any < end && !strcmp(any->ns, ns); any++)
		ret_rows[n++] = (struct value_row){.pod = any->pod,
						   .container = any->container,
						   .value = any->sample.v,
						   .time_ms = any->sample.t_ms,
						   .key = any->key};
	return n;
}

static void give(struct batch *b, const struct prom_result *result)
{
	size_t count;
	struct prom_usage *usages AUTO_FREE = prom_usages(result, &count);
	struct value_row *rows AUTO_FREE = xcalloc(count + 1, sizeof(*rows));
	size_t n = 0;
	for (size_t i = 0; i < b->count; i++) {
		const struct member *m = &b->members[i];
		if (i == 0 || m->ns != b->members[i - 1].ns)
			n = rows_of(m->ns, usages, count, rows);
		struct event event = {.type = EVENT_VALUES};
		event.u.values.query = m->query;
		event.u.values.rows = rows;
		event.u.values.count = (int32_t)n;
		event.u.values.by_key = true;
		if (n) {
			loop_step(b->all->loop, &event);
			continue;
		}
		char why[160];
		snprintf(why, sizeof(why), "source %s: no series of namespace %s",
			 prom_source_name(b->source), m->ns);
		tell_failed(b, m, why);
	}
	release(b);
}

/* --- asking --- */

static void count_failure(const struct batch *b, const char *cause)
{
	struct telemetry *t = b->all->loop->telemetry;
	if (t)
		telemetry_query_failed(t, prom_source_name(b->source), QUERY_CURRENT,
				       cause);
}

static void on_answer(void *arg, const struct prom_answer *answer);

/* The cycle ended without it, as performer's other queries (drop_late). */
static void on_late(void *arg)
{
	struct batch *b = arg;
	count_failure(b, QUERY_LATE);
	release(b);
}

static int compare_members(const void *left, const void *right)
{
	const struct member *a = left, *b = right;
	return a->ns == b->ns ? 0 : strcmp(a->ns, b->ns);
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void on_dropped(void *arg)
{
	struct batch *b = arg;
	fail_all(b, b->dropped);
}

static void drop(struct batch *b, const char *why)
{
	prom_cancel(TAKE(b->asked));
	b->dropped = why;
	timer_set(b->all->loop->config.reactor, &b->timer, 0, on_dropped, b);
}

static void ask(struct batch *b)
{
	struct loop *l = b->all->loop;
	struct str text AUTO(str_fini);
	qsort(b->members, b->count, sizeof(*b->members), compare_members);
	qsort(b->names, b->name_count, sizeof(*b->names), compare_names);
	struct prom_pods pods = {.namespaces = (const char *const *)b->names,
				 .namespace_count = b->name_count,
				 .container = b->container};
	str_init(&text, QUERY_MAX);
	if (prom_usage_query(b->resource, &pods, &text) < 0) {
		drop(b, "the query is too long");
		return;
	}
	b->sent = true;
	int64_t left = b->asked_ms + loop_patience_ms(l) - monotonic_ms();
	timer_set(l->config.reactor, &b->timer, left > 0 ? left : 0, on_late, b);
	if (l->telemetry)
		telemetry_asked(l->telemetry, prom_source_name(b->source), QUERY_CURRENT);
	b->asked = prom_query(b->source, str_text(&text), PROM_NOW, on_answer, b);
}

static void on_gathered(void *arg)
{
	ask(arg);
}

static struct batch *begin(struct batches *all, const struct batch *shape)
{
	struct batch *b = xcalloc(1, sizeof(*b));
	b->all = all;
	b->source = shape->source;
	b->resource = shape->resource;
	b->container = xstrdup(shape->container);
	b->asked_ms = shape->asked_ms;
	b->next = all->first;
	all->first = b;
	return b;
}

/* The batch's own copy of the name; NULL: it has none yet. */
static const char *name_in(const struct batch *b, const char *ns)
{
	size_t i = b->name_count;
	while (i > 0 && strcmp(b->names[i - 1], ns) != 0)
		i--;
	return i > 0 ? b->names[i - 1] : NULL;
}

/* ns: one of at most NAMESPACES_MAX. */
static void add(struct batch *b, const struct query_ref *query, const char *ns)
{
	const char *name = name_in(b, ns);
	if (!name)
		name = b->names[b->name_count++] = xstrdup(ns);
	if (b->count == b->cap) {
		b->cap = b->cap ? 2 * b->cap : 4;
		b->members = xrealloc(b->members, b->cap * sizeof(*b->members));
	}
	b->members[b->count++] = (struct member){*query, name};
}

static bool is_border(const struct batch *b, size_t i)
{
	return i > 0 && i < b->count && b->members[i - 1].ns != b->members[i].ns;
}

/* Where a namespace begins, nearest to the middle; 0: there is but one. */
static size_t find_border(const struct batch *b)
{
	size_t middle = b->count / 2;
	for (size_t d = 0; d <= b->count - middle; d++) {
		if (is_border(b, middle + d))
			return middle + d;
		if (d < middle && is_border(b, middle - d))
			return middle - d;
	}
	return 0;
}

/* A namespace that is too large, or that the server refuses, must not cost the others
 * their values: both halves are asked at once. False: there is but one namespace. */
static bool halve(struct batch *b)
{
	size_t half = find_border(b);
	if (!half)
		return false;
	struct batch *halves[] = {begin(b->all, b), begin(b->all, b)};
	for (size_t i = 0; i < b->count; i++)
		add(halves[i >= half], &b->members[i].query, b->members[i].ns);
	release(b);
	ask(halves[0]);
	ask(halves[1]);
	return true;
}

static void on_answer(void *arg, const struct prom_answer *answer)
{
	struct batch *b = arg;
	b->asked = NULL;
	timer_cancel(&b->timer);
	if (answer->outcome != PROM_OK)
		count_failure(b, prom_outcome_name(answer->outcome));
	if (answer->outcome == PROM_OK)
		give(b, answer->result);
	else if (!answer->smaller_may_work || !halve(b))
		fail_all(b, answer->err.msg);
}

/* --- the owner's side --- */

static bool same_shape(const struct batch *b, const struct usage_wish *w)
{
	if (b->source != w->source || b->resource != w->resource)
		return false;
	if (!b->container || !w->container)
		return !b->container && !w->container;
	return !strcmp(b->container, w->container);
}

static struct batch *find_gathering(const struct batches *all, const struct usage_wish *w)
{
	struct batch *b = all->first;
	while (b && (b->sent || b->dropped || !same_shape(b, w)))
		b = b->next;
	return b;
}

/* A clock that is sped up has its periods in less real time. */
static int64_t gather_ms(const struct loop *l)
{
	int64_t wait = clock_delay_ms(l->config.clock, loop_now(l) + GATHER_MS);
	return wait < GATHER_MS ? wait : GATHER_MS;
}

void batches_ask(struct batches *all, const struct usage_wish *w,
		 const struct query_ref *query)
{
	struct loop *l = all->loop;
	struct batch *b = find_gathering(all, w);
	/* However many policies a namespace has, its containers are asked for once. */
	if (b && b->name_count == NAMESPACES_MAX && !name_in(b, w->ns)) {
		ask(b);
		b = NULL;
	}
	if (!b) {
		const struct batch shape = {
			.source = w->source,
			.resource = w->resource,
			.container = (char *)(uintptr_t)w->container,
			.asked_ms = monotonic_ms(),
		};
		b = begin(all, &shape);
		timer_set(l->config.reactor, &b->timer, gather_ms(l), on_gathered, b);
	}
	add(b, query, w->ns);
}

void batches_drop(struct batches *all, const char *why)
{
	for (struct batch *b = all->first; b; b = b->next)
		drop(b, why);
}
