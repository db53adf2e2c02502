#include "recorder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Shortages with less than this between them are one. */
#define QUIET_MS (5 * MS_PER_MIN)

void recorder_init(struct recorder *r, int64_t start_ms, int64_t end_ms, double capacity)
{
	*r = (struct recorder){
		.start_ms = start_ms, .end_ms = end_ms, .capacity = capacity};
	r->cells = xcalloc(RECORDER_CELLS, sizeof(r->cells[0]));
}

void recorder_fini(struct recorder *r)
{
	free(r->cells);
	*r = (struct recorder){0};
}

static int64_t cell_start(const struct recorder *r, int64_t i)
{
	return r->start_ms + (r->end_ms - r->start_ms) * i / RECORDER_CELLS;
}

static int64_t cell_of(const struct recorder *r, int64_t at_ms)
{
	int64_t span = r->end_ms - r->start_ms;
	int64_t i = (at_ms - r->start_ms) * RECORDER_CELLS / span;
	/* Whole milliseconds: the border may lie on either side. */
	while (i > 0 && cell_start(r, i) > at_ms)
		i--;
	while (cell_start(r, i + 1) <= at_ms)
		i++;
	return i;
}

static double lack_of(const struct recorder *r, const struct replay_row *row)
{
	return fmax(0, row->demand - row->ready * r->capacity);
}

static void see(struct recorder_cell *c, const struct replay_row *row, double unserved)
{
	if (!c->known)
		*c = (struct recorder_cell){.known = true,
					    .demand = row->demand,
					    .ready = row->ready,
					    .pods = row->pods,
					    .forecast = row->forecast,
					    .upper = row->upper};
	c->demand = fmax(c->demand, row->demand);
	c->ready = fmin(c->ready, row->ready);
	c->pods = fmin(c->pods, row->pods);
	c->forecast = fmax(c->forecast, row->forecast); /* fmax ignores NaN */
	c->upper = fmax(c->upper, row->upper);
	c->unserved_units += unserved;
}

/* Keeps the worst, in their order. */
static void close_incident(struct recorder *r)
{
	int32_t i = r->worst_count;
	if (!r->in_incident)
		return;
	r->in_incident = false;
	r->incidents++;
	if (i == RECORDER_INCIDENTS) {
		if (r->worst[i - 1].unserved_units >= r->incident.unserved_units)
			return;
		i--;
	} else {
		r->worst_count++;
	}
	for (; i > 0 && r->worst[i - 1].unserved_units < r->incident.unserved_units; i--)
		r->worst[i] = r->worst[i - 1];
	r->worst[i] = r->incident;
}

static void note_shortage(struct recorder *r, int64_t to_ms, double lack)
{
	const struct replay_row *row = &r->row;
	struct recorder_incident *in = &r->incident;
	double seconds = (double)(to_ms - row->at_ms) / 1000;
	if (lack > r->incident_lack) {
		r->incident_lack = lack;
		in->demand = row->demand;
		in->ready = row->ready;
		in->pods = row->pods;
		in->upper = row->upper;
	}
	in->to_ms = to_ms;
	in->short_s += seconds;
	in->unserved_units += lack * seconds;
}

/* What stood until to_ms. */
static void stand(struct recorder *r, int64_t to_ms)
{
	const struct replay_row *row = &r->row;
	double lack = lack_of(r, row);
	for (int64_t at = row->at_ms; at < to_ms;) {
		int64_t i = cell_of(r, at), end = cell_start(r, i + 1);
		if (end > to_ms)
			end = to_ms;
		see(&r->cells[i], row, lack * (double)(end - at) / 1000);
		at = end;
	}
	if (lack > 0)
		note_shortage(r, to_ms, lack);
	else if (r->in_incident && to_ms - r->incident.to_ms >= QUIET_MS)
		close_incident(r);
}

static void begin_incident(struct recorder *r, const struct replay_row *row)
{
	if (r->in_incident || !(lack_of(r, row) > 0))
		return;
	r->in_incident = true;
	r->incident_lack = 0;
	r->incident = (struct recorder_incident){.from_ms = row->at_ms};
	snprintf(r->incident.reason, sizeof(r->incident.reason), "%s", row->reason);
}

void recorder_heed(void *arg, const struct replay_row *row)
{
	struct recorder *r = arg;
	if (row->at_ms < r->start_ms || row->at_ms >= r->end_ms)
		return;
	if (r->has_row)
		stand(r, row->at_ms);
	begin_incident(r, row);
	r->row = *row;
	r->row.reason = NULL;
	r->has_row = true;
}

void recorder_end(struct recorder *r)
{
	if (r->has_row)
		stand(r, r->end_ms);
	r->has_row = false;
	close_incident(r);
}
