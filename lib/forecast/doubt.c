#include "forecast/doubt.h"

#include <math.h>

/* Jobs and ramps come a few minutes earlier or later than the day before: two cells to
 * either side of the one a season ago. */
#define AROUND 2
/* Odd values so far apart do not belong together. */
#define EPISODE_GAP 10

void doubt_init(struct doubt *d)
{
	*d = (struct doubt){
		.known_cell = DOUBT_NONE, .odd = DOUBT_NONE, .first = DOUBT_NONE};
	anomaly_init(&d->anomaly, MS_PER_MIN);
	for (int32_t i = 0; i < DOUBT_EPISODES; i++)
		d->episodes[i].first = d->episodes[i].newest = DOUBT_NONE;
}

static struct anomaly_range range_around(const struct history *h, int64_t cell)
{
	struct anomaly_range r = {NAN, NAN};

	for (int64_t i = cell - AROUND; i <= cell + AROUND; i++) {
		double mean = ring_value(&h->means, i);
		double maximum = ring_value(&h->maxima, i);

		r.low = fmin(r.low, mean);
		r.high = fmax(r.high, maximum);
	}
	return r;
}

static bool is_around(const struct doubt_episode *e, int64_t cell)
{
	return e->first != DOUBT_NONE && cell >= cell_of(e->first) - AROUND &&
	       cell <= cell_of(e->newest) + AROUND;
}

/* What other days have shown around this cell: what was learned, and what was odd. */
static void look_back(struct doubt *d, const struct history *h, int64_t cell)
{
	int64_t day = cell - CELLS_PER_DAY, week = cell - 7 * CELLS_PER_DAY;

	d->known_cell = cell;
	d->known[0] = range_around(h, day);
	d->known[1] = range_around(h, week);
	d->known_count = 2;
	for (int32_t i = 0; i < DOUBT_EPISODES; i++) {
		const struct doubt_episode *e = &d->episodes[i];

		if (is_around(e, day) || is_around(e, week))
			d->known[d->known_count++] =
				(struct anomaly_range){(double)e->low, (double)e->high};
	}
}

static bool is_apart(int64_t before, int64_t minute)
{
	return before == DOUBT_NONE || minute - before > EPISODE_GAP;
}

static void remember(struct doubt *d, int64_t minute, double value)
{
	struct doubt_episode *e = &d->episodes[d->episode];

	if (is_apart(e->newest, minute)) {
		d->episode = (d->episode + 1) % DOUBT_EPISODES;
		e = &d->episodes[d->episode];
		*e = (struct doubt_episode){minute, minute, (float)value, (float)value};
	}
	e->newest = minute;
	e->low = fminf(e->low, (float)value);
	e->high = fmaxf(e->high, (float)value);
}

static void note_odd(struct doubt *d, int64_t minute)
{
	const struct anomaly_verdict *v = &d->newest;

	d->cause = *v;
	d->count += is_apart(d->odd, minute);
	d->odd = minute;
	/* Not what was too low: servers that are not scraped each night would look like a
	 * quiet load the second time. */
	if (v->value > v->expected)
		remember(d, minute, v->value);
}

bool doubt_judge(struct doubt *d, const struct history *h, int64_t minute, double value)
{
	if (d->known_cell != cell_of(minute))
		look_back(d, h, cell_of(minute));

	const struct observation o = {
		.t_ms = minute * MS_PER_MIN,
		.value = value,
		.expected = NAN,
		.known = d->known,
		.known_count = d->known_count,
	};

	anomaly_judge(&d->anomaly, &o, &d->newest);
	if (d->newest.kind != ANOMALY_POINT)
		return true;
	if (d->first == DOUBT_NONE || d->anomaly.run_count <= 1)
		d->first = minute;
	note_odd(d, minute);
	return false;
}

int64_t doubt_settled(struct doubt *d, int64_t minute)
{
	int64_t first = d->first;

	if (d->newest.kind == ANOMALY_POINT || d->anomaly.run > 0)
		return DOUBT_NONE;
	/* Accepted, or over: then it was a lie. */
	d->first = DOUBT_NONE;
	if (d->newest.kind == ANOMALY_NONE || first == DOUBT_NONE)
		return DOUBT_NONE;
	return first < minute - HISTORY_DOUBT ? minute - HISTORY_DOUBT : first;
}
