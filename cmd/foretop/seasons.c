#include "seasons.h"

#include <stdlib.h>

static void search(const double *values, int32_t count, int64_t step_ms,
		   struct seasons *ret)
{
	int32_t newest = count < SEASON_VALUES_MAX ? count : SEASON_VALUES_MAX;
	float *copy AUTO_FREE = xcalloc((size_t)newest, sizeof(float));
	void *work AUTO_FREE = xmalloc(season_work_size(newest));
	struct season_search search;
	for (int32_t i = 0; i < newest; i++)
		copy[i] = (float)values[count - newest + i];
	season_search_init(&search, copy, newest, step_ms, work);
	while (season_search_work(&search))
		;
	*ret = *season_search_result(&search);
}

static bool is_doubted(const struct season *season, const double *values, int32_t count,
		       int64_t step_ms)
{
	struct season_watch watch;
	int32_t period = (int32_t)(season->period_ms / step_ms);
	season_watch_init(&watch, season, step_ms);
	for (int32_t i = period; i < count; i++)
		season_watch_add(&watch, values[i], values[i - period]);
	return season_watch_doubts(&watch);
}

void seasons_find(const double *values, int32_t count, int64_t step_ms,
		  struct seasons *ret)
{
	*ret = (struct seasons){0};
	if (step_ms > MS_PER_H)
		return;
	search(values, count, step_ms, ret);
	if (ret->count && !is_doubted(&ret->found[0], values, count, step_ms))
		return;
	struct seasons newer;
	search(values + count / 2, count - count / 2, step_ms, &newer);
	if (!ret->count || !newer.count ||
	    newer.found[0].period_ms != ret->found[0].period_ms)
		*ret = newer;
}

void seasons_steps(const struct seasons *s, int64_t step_ms,
		   int32_t ret_steps[SEASONS_MAX])
{
	for (int32_t i = 0; i < SEASONS_MAX; i++)
		ret_steps[i] =
			i < s->count ? (int32_t)(s->found[i].period_ms / step_ms) : 0;
}
