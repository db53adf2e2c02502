#include "decide/decision.h"

#include "decide/numbers.h"

static void clear_metrics(struct decision *d, int32_t from)
{
	for (int32_t i = from; i < d->metric_count; i++)
		d->metrics[i] = (struct metric_decision){0};
}

void decision_clear(struct decision *d, int32_t current)
{
	*d = (struct decision){
		.current = current,
		.desired = current,
		.wanted = DECIDE_NO_REPLICAS,
		.reactive = DECIDE_NO_REPLICAS,
		.predicted = DECIDE_NO_REPLICAS,
		.stabilized = DECIDE_NO_REPLICAS,
		.held_from = DECIDE_NO_REPLICAS,
		.cap_base = DECIDE_NO_REPLICAS,
		.winner = -1,
		.metrics = d->metrics,
		.metric_count = d->metric_count,
		.words = d->words,
	};
	clear_metrics(d, 0);
	decision_clear_words(d);
}

void decision_clear_words(struct decision *d)
{
	if (d->words)
		*d->words = (struct hpa_words){0};
}

void decision_copy(struct decision *to, const struct decision *from)
{
	struct metric_decision *metrics = to->metrics;
	struct hpa_words *words = to->words;
	int32_t room = to->metric_count, count = min_int32(room, from->metric_count);
	*to = *from;
	to->metrics = metrics;
	to->metric_count = room;
	to->words = words;
	for (int32_t i = 0; i < count; i++)
		metrics[i] = from->metrics[i];
	clear_metrics(to, count);
}
