/* What a forecast may still say of a metric that Prometheus has lost (onMetricsLoss:
 * FollowForecast): it goes on from the last known minutes, for a stated time, and only
 * upwards. */
#include "engine/slot.h"

void loss_note(struct prepared *s, int64_t now_ms)
{
	for (int32_t m = 0; m < s->policy->metric_count; m++) {
		struct metric_slot *metric = &s->metrics[m];
		if (!metric->values.unknown)
			metric->lost_ms = 0;
		else if (metric->lost_ms == 0 || metric->lost_ms > now_ms)
			metric->lost_ms = now_ms;
	}
}

bool loss_follows(const struct prepared *s, int32_t m, int64_t now_ms)
{
	const struct metric_slot *metric = &s->metrics[m];
	return s->policy->on_metrics_loss == LOSS_FOLLOW_FORECAST &&
	       metric->values.unknown &&
	       now_ms - metric->lost_ms <= s->policy->metrics_loss_limit_ms;
}

const struct forecast *loss_forecast(struct engine *e, struct prepared *s, int32_t m,
				     int64_t now_ms)
{
	struct feed *feed = &s->metrics[m].feed;
	const struct forecast *said = &s->status.metrics[m].forecast;
	int64_t age_min = (now_ms - said->made_for_ms) / MS_PER_MIN;
	if (said->state != FORECAST_READY || forecast_is_fresh(said, now_ms) ||
	    !loss_follows(s, m, now_ms) || !feed->loaded || feed->working)
		return said;
	struct forecast *ahead = s->metrics[m].ahead;
	if (ahead->made_for_ms != said->made_for_ms + age_min * MS_PER_MIN) {
		history_maker(e)->look_ahead(feed->forecaster, (int32_t)age_min,
					     e->scratch, ahead);
		gate_plan(s, m, ahead);
	}
	return ahead;
}
