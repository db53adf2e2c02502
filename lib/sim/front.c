#include "sim/front.h"

#include "base/base.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

void front_add(struct front *f, double unserved, double pods, int32_t setting)
{
	if (!isfinite(unserved) || !isfinite(pods))
		return;
	if (f->count == f->cap) {
		f->cap = f->cap ? 2 * f->cap : 32;
		f->points = xrealloc(f->points, (size_t)f->cap * sizeof(f->points[0]));
	}
	f->points[f->count++] = (struct front_point){unserved, pods, setting};
}

static int by_service(const void *a, const void *b)
{
	const struct front_point *x = a, *y = b;
	if (x->unserved != y->unserved)
		return x->unserved < y->unserved ? -1 : 1;
	if (x->pods != y->pods)
		return x->pods < y->pods ? -1 : 1;
	return (x->setting > y->setting) - (x->setting < y->setting);
}

/* Does b lie on or above the line from a to c? */
static bool is_beaten(const struct front_point *a, const struct front_point *b,
		      const struct front_point *c)
{
	return (b->pods - a->pods) * (c->unserved - a->unserved) >=
	       (c->pods - a->pods) * (b->unserved - a->unserved);
}

/* Andrew's monotone chain (1979). */
static void make_convex(struct front *f)
{
	int32_t kept = 0;
	for (int32_t i = 0; i < f->count; i++) {
		while (kept >= 2 && is_beaten(&f->points[kept - 2], &f->points[kept - 1],
					      &f->points[i]))
			kept--;
		f->points[kept++] = f->points[i];
	}
	f->count = kept;
}

void front_sort(struct front *f)
{
	int32_t kept = 0;
	if (f->count == 0)
		return;
	qsort(f->points, (size_t)f->count, sizeof(f->points[0]), by_service);
	for (int32_t i = 0; i < f->count; i++)
		if (kept == 0 || f->points[i].pods < f->points[kept - 1].pods)
			f->points[kept++] = f->points[i];
	f->count = kept;
	make_convex(f);
}

double front_pods(const struct front *f, double unserved)
{
	if (f->count == 0 || unserved < f->points[0].unserved)
		return NAN;
	for (int32_t i = 0; i + 1 < f->count; i++) {
		const struct front_point *a = &f->points[i], *b = a + 1;
		if (unserved >= b->unserved)
			continue;
		double share = (unserved - a->unserved) / (b->unserved - a->unserved);
		return a->pods + share * (b->pods - a->pods);
	}
	return f->points[f->count - 1].pods;
}

void front_fini(struct front *f)
{
	free(f->points);
	*f = (struct front){0};
}
