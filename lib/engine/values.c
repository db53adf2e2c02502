/* What the instant queries answered, as decisions read it. */
#include "engine/slot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* An instant query answers with the time it was asked for; more than this apart means a
 * clock that is wrong, or a cache that answers for another time. */
#define SKEW_MAX_MS (150 * MS_PER_S)
/* Range of the built-in rates: what a Resource sample covers. */
#define VALUE_WINDOW_MS MS_PER_MIN

/* Milli-units rounded up, as Kubernetes does, but only after rounding to nano: 0.1 cores
 * must not become 101 m. */
static int64_t milli_up(double v)
{
	double nano = round(v * 1e9);
	double milli =
		isfinite(nano) && fabs(nano) < 0x1p62 ? ceil(nano / 1e6) : ceil(v * 1e3);
	if (milli >= 0x1p63)
		return INT64_MAX;
	return milli <= -0x1p63 ? INT64_MIN : (int64_t)milli;
}

bool values_per_pod(const struct policy_metric *m)
{
	return m->type != METRIC_OBJECT && m->type != METRIC_EXTERNAL;
}

void values_unknown(struct prepared *s, int32_t m, const char *why)
{
	struct metric_slot *metric = &s->metrics[m];
	metric->answered = true;
	snprintf(metric->unknown, sizeof(metric->unknown), "%s", why);
	metric->values = (struct metric_values){.unknown = metric->unknown};
	s->status.metrics[m].known = false;
	s->status.metrics[m].current = NAN;
}

static void set_known(struct prepared *s, int32_t m, const struct metric_values *values,
		      double demand)
{
	s->metrics[m].answered = true;
	s->metrics[m].values = *values;
	s->status.metrics[m].known = true;
	s->status.metrics[m].current = demand;
}

const char *value_problem(const struct value_row *row, int64_t now_ms, char *buf,
			  size_t size)
{
	if (!isfinite(row->value))
		return "the value is not a number";
	int64_t apart = now_ms - (row->time_ms > 0 ? row->time_ms : 0);
	if (apart <= SKEW_MAX_MS && apart >= -SKEW_MAX_MS)
		return NULL;
	char age[48];
	duration_format(apart > 0 ? apart : -apart, age, sizeof(age));
	snprintf(buf, size,
		 apart > 0 ? "the sample is %s old" : "the sample is %s in the future",
		 age);
	return buf;
}

static void take_total(struct prepared *s, int32_t m, const struct event *event)
{
	char buf[96];
	if (event->u.values.count != 1) {
		snprintf(buf, sizeof(buf), "the query returned %d series, one is needed",
			 event->u.values.count);
		values_unknown(s, m,
			       event->u.values.count ? buf
						     : "the query returned no series");
		return;
	}
	const struct value_row *row = &event->u.values.rows[0];
	const char *problem = value_problem(row, event->now_ms, buf, sizeof(buf));
	if (problem) {
		values_unknown(s, m, problem);
		return;
	}
	struct metric_values values = {.total_m = milli_up(row->value)};
	set_known(s, m, &values, row->value);
}

/* Is this the value of `pod`, one of the target's (NULL: of none of them), or of a
 * container of it that counts? NULL: yes. Else why not, for people; "" when it is no
 * fault of the row. */
static const char *pod_row_problem(const struct pod *pod,
				   const struct policy_metric *spec,
				   const struct value_row *row, int64_t now_ms, char *buf,
				   size_t size)
{
	if (!pod || (spec->container &&
		     (!row->container || strcmp(row->container, spec->container))))
		return "";
	const char *problem = value_problem(row, now_ms, buf, size);
	if (!problem && row->time_ms < pod->start_ms)
		return "the sample is older than its pod";
	return problem;
}

/* What is gathered from the rows of an answer, in e->values. */
struct harvest {
	struct engine *e;
	struct prepared *s;
	int32_t metric;
	int64_t now_ms;
	int32_t count;
	double total;
	char buf[96];
	const char *problem; /* of a row that was left out */
};

static void take_row(struct harvest *h, const struct value_row *row,
		     const struct pod *pod)
{
	const struct policy_metric *spec = &h->s->policy->metrics[h->metric];
	const char *bad =
		pod_row_problem(pod, spec, row, h->now_ms, h->buf, sizeof(h->buf));
	if (bad && bad[0])
		h->problem = bad;
	if (bad || h->count == h->e->values_max)
		return;
	h->e->values[h->count++] = (struct pod_value){
		.key = pod->key,
		.value_m = milli_up(row->value),
		.time_ms = row->time_ms,
		.window_ms = VALUE_WINDOW_MS,
		.containers = row->container && !spec->container ? 1 : 0,
	};
	h->total += row->value;
}

/* All rows, in any order. */
static void take_all(struct harvest *h, const struct value_row *rows, int32_t count)
{
	for (int32_t i = 0; i < count; i++) {
		if (rows[i].pod)
			take_row(h, &rows[i], pods_find(h->s, hash_text(rows[i].pod)));
		else
			h->problem = "the query returned series without a pod label";
	}
}

/* Rows of the pods that the policy has, of so many that are in order. */
static void take_own(struct harvest *h, const struct value_row *rows, int32_t count)
{
	for (int32_t i = 0; i < h->s->pod_count; i++) {
		const struct pod *pod = &h->s->pods[i];
		int32_t from = 0, to = count;
		while (from < to) {
			int32_t middle = from + (to - from) / 2;
			if (rows[middle].key < pod->key)
				from = middle + 1;
			else
				to = middle;
		}
		for (; from < count && rows[from].key == pod->key; from++)
			take_row(h, &rows[from], pod);
	}
}

static void take_pods(struct engine *e, struct prepared *s, int32_t m,
		      const struct event *event)
{
	const struct value_row *rows = event->u.values.rows;
	int32_t count = event->u.values.count;
	struct harvest h = {
		.e = e,
		.s = s,
		.metric = m,
		.now_ms = event->now_ms,
		.problem = count ? "the query returned no series of the target's pods"
				 : "the query returned no series",
	};
	if (event->u.values.by_key)
		take_own(&h, rows, count);
	else
		take_all(&h, rows, count);
	if (!h.count) {
		values_unknown(s, m, h.problem);
		return;
	}
	/* One is left for each pod: there is room. */
	int32_t n = pod_values_merge(e->values, h.count);
	struct pod_value *own = s->metrics[m].pod_values;
	memcpy(own, e->values, (size_t)n * sizeof(own[0]));
	struct metric_values values = {.pods = own, .count = n};
	set_known(s, m, &values, h.total);
}

/* Answers of an old cycle come too late to be decided on. */
static bool is_awaited(const struct prepared *s, const struct query_ref *q)
{
	return slot_active(s) && s->cycle && q->cycle == s->cycle &&
	       !s->metrics[q->metric].answered;
}

void values_take(struct engine *e, struct prepared *s, const struct event *event)
{
	const struct query_ref *q = &event->u.values.query;
	if (!is_awaited(s, q))
		return;
	if (values_per_pod(&s->policy->metrics[q->metric]))
		take_pods(e, s, (int32_t)q->metric, event);
	else
		take_total(s, (int32_t)q->metric, event);
	cycle_answered(e, s, event->now_ms);
}

void values_failed(struct engine *e, struct prepared *s, const struct event *event)
{
	const struct query_ref *q = &event->u.query_failed.query;
	if (!is_awaited(s, q))
		return;
	values_unknown(s, (int32_t)q->metric, event->u.query_failed.why);
	cycle_answered(e, s, event->now_ms);
}
