#include "forecast/path_series.h"
#include "forecast/logarithm.h"
#include "forecast/scalar.h"

#include <math.h>
#include <string.h>

/* What floats hold with room for squares in doubles; larger is an error of the source. */
#define VALUE_MAX 1e30
/* The smallest value counts for at least this part of the mean in a logarithm: below, a
 * halving means nothing. */
#define LOG_FLOOR .01

int32_t path_series_room(int32_t capacity)
{
	return capacity + capacity / 32 + 1;
}

void path_series_init(struct path_series *s, int32_t capacity, int32_t season)
{
	s->capacity = capacity;
	s->room = path_series_room(capacity);
	s->season = season;
	s->n = 0;
	s->first = s->values = 0;
	s->use_log = false;
	s->offset = s->least = s->most = s->mean = 0;
}

static void drop_oldest(struct path_series *s)
{
	int32_t dropped = s->n - s->capacity + 1;
	size_t kept = (size_t)(s->n - dropped);

	memmove(s->v, s->v + dropped, kept * sizeof(*s->v));
	memmove(s->log, s->log + dropped, kept * sizeof(*s->log));
	memmove(s->known, s->known + dropped, kept * sizeof(*s->known));
	s->n -= dropped;
	s->first += dropped;
}

/* Values are not below this in a logarithm. */
static double log_floor(const struct path_series *s)
{
	return s->offset * LOG_FLOOR + 1e-37;
}

static float log_of(const struct path_series *s, float v)
{
	return (float)logarithm(larger(v + s->offset, log_floor(s)));
}

void path_series_add(struct path_series *s, double v)
{
	bool known = fabs(v) <= VALUE_MAX;

	if (!known && s->n == 0)
		return;
	if (s->n == s->room)
		drop_oldest(s);

	int32_t before = s->season && s->n >= s->season ? s->season : 1;

	s->v[s->n] = known ? (float)v : s->v[s->n - before];
	s->known[s->n] = known;
	s->log[s->n] = s->use_log ? log_of(s, s->v[s->n]) : 0;
	s->n++;
	s->values += known;
}

static void take_logarithms(struct path_series *s)
{
	s->use_log = s->least >= 0 && s->mean > 0;
	if (!s->use_log)
		return;
	s->offset = larger(LOG_FLOOR * s->mean - s->least, 0);
	logarithms(s->v, s->n, s->offset, log_floor(s), s->log);
}

void path_series_measure(struct path_series *s)
{
	double least = INFINITY, most = -INFINITY, sum = 0;
	int32_t count = 0;

	for (int32_t i = 0; i < s->n; i++) {
		if (!s->known[i])
			continue;
		least = smaller(least, s->v[i]);
		most = larger(most, s->v[i]);
		sum += s->v[i];
		count++;
	}
	if (!count)
		return;
	s->least = least;
	s->most = most;
	s->mean = sum / count;
	take_logarithms(s);
}
