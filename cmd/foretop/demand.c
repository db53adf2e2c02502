#include "demand.h"

#include "sourcefile.h"

#include "loop/loop.h"

#include <math.h>
#include <stdlib.h>

#define INPUT_LIMIT  (512u * 1024 * 1024)
#define SAMPLES_MAX  (10u * 1000 * 1000)
#define COARSE_FROM  (4 * MS_PER_DAY)
#define COARSE_STEP  (5 * MS_PER_MIN)
#define SERIES_SHOWN 3

static void add(struct demand *d, struct sample sample)
{
	if (d->count == d->cap) {
		d->cap = d->cap ? d->cap * 2 : 4096;
		d->items = xrealloc(d->items, d->cap * sizeof(d->items[0]));
	}
	d->items[d->count++] = sample;
}

void demand_fini(struct demand *d)
{
	free(d->items);
	*d = (struct demand){0};
}

/* --- a file --- */

struct reading {
	const struct demand_source *from;
	struct demand *demand;
};

static int take_row(void *arg, const struct csv_row *row, struct err *err)
{
	struct reading *r = arg;
	if (row->t_ms > r->from->at_ms)
		return 0;
	if (r->demand->count == SAMPLES_MAX)
		return err_set(err, ERR_INVALID, "%s:%d:1: more than %u rows", row->file,
			       row->line, SAMPLES_MAX);
	add(r->demand, (struct sample){row->t_ms, row->v});
	return 0;
}

static int load_file(const struct demand_source *from, struct demand *d, struct err *err)
{
	char *text AUTO_FREE = NULL;
	struct csv_source source = {.file = from->input, .column = from->column};
	struct reading reading = {from, d};
	if (file_read(from->input, INPUT_LIMIT, &text, &source.len, err) < 0)
		return -1;
	source.text = text;
	return csv_read(&source, take_row, &reading, err);
}

/* --- a query --- */

struct asking {
	struct reactor *reactor;
	struct demand *demand;
	struct err *err;
	bool failed;
};

static int refuse_many(const struct prom_result *result, struct err *err)
{
	char text[SERIES_SHOWN][64];
	for (size_t i = 0; i < SERIES_SHOWN; i++)
		prom_series_text(&result->series[i < result->series_count ? i : 0],
				 text[i], sizeof(text[i]));
	return err_set(err, ERR_INVALID,
		       "the query gives %zu series (%s, %s...): one is needed, as by "
		       "sum(...)",
		       result->series_count, text[0], text[1]);
}

static void answered(void *arg, const struct prom_answer *answer)
{
	struct asking *a = arg;
	const struct prom_result *result = answer->result;
	reactor_stop(a->reactor);
	a->failed = true;
	if (!result) {
		*a->err = answer->err;
		return;
	}
	if (result->series_count != 1) {
		refuse_many(result, a->err);
		return;
	}
	a->failed = false;
	for (size_t i = 0; i < result->series[0].sample_count; i++)
		add(a->demand, result->series[0].samples[i]);
}

static int ask(const struct demand_source *from, struct prom_source *source,
	       struct asking *a)
{
	int64_t now = wall_ms();
	struct prom_range range = {.end_ms = from->at_ms < now ? from->at_ms : now,
				   .step_ms = a->demand->step_ms};
	range.start_ms = range.end_ms - from->history_ms;
	if (prom_query_range(source, from->query, &range, answered, a) == NULL)
		return err_set(a->err, ERR_RETRY, "the query could not be asked");
	reactor_run(a->reactor);
	return a->failed ? -1 : 0;
}

static int load_query(const struct demand_source *from, struct demand *d, struct err *err)
{
	struct controller_config config AUTO(config_free) = {0};
	struct reactor *reactor AUTO(reactor_cleanup) = NULL;
	struct prom_source *source AUTO(prom_source_cleanup) = NULL;
	const char *name = from->source ? from->source : "default";
	if (sourcefile_read(from->config, from->prometheus_url, &config, err) < 0)
		return -1;
	const struct config_source *c = config_find_source(&config, name);
	if (!c)
		return err_set(err, ERR_INVALID,
			       "no source %s: give --prometheus-url, or a --config that "
			       "names it",
			       name);
	reactor = reactor_new(err);
	if (!reactor)
		return -1;
	source = source_open(reactor, c, err);
	if (!source)
		return -1;
	struct asking a = {.reactor = reactor, .demand = d, .err = err};
	d->step_ms = from->step_ms                     ? from->step_ms
		     : from->history_ms >= COARSE_FROM ? COARSE_STEP
						       : MS_PER_MIN;
	return ask(from, source, &a);
}

int demand_source_check(const struct demand_source *from, const char *file_flag,
			struct err *err)
{
	if (from->column && !from->input)
		return err_set(err, ERR_INVALID, "--column belongs to %s", file_flag);
	if (from->input && (from->history_ms || from->source))
		return err_set(err, ERR_INVALID, "--%s belongs to a query, not to %s",
			       from->source ? "source" : "history", file_flag);
	return 0;
}

int demand_load(const struct demand_source *from, struct demand *ret_demand,
		struct err *err)
{
	struct demand d = {0};
	int code = from->input ? load_file(from, &d, err) : load_query(from, &d, err);
	if (code == 0 && d.count == 0)
		code = err_set(err, ERR_INVALID, "%s: no values",
			       from->input ? from->input : "the query");
	if (code < 0) {
		demand_fini(&d);
		return -1;
	}
	*ret_demand = d;
	return 0;
}
