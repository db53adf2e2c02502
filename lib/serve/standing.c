#include "serve/view.h"

#include "serve/html.h"

#include <string.h>

static const struct {
	const char *text;
	const char *kind; /* class of the style sheet; bad and warn want a look */
	enum policy_condition condition; /* PC_COUNT: told otherwise */
	int status;
	const char *reason; /* of the condition; NULL: any */
} marks[MARK_COUNT] = {
	[MARK_INVALID] = {"policy refused", "bad", PC_READY, STATUS_FALSE, NULL},
	[MARK_CONFLICT] = {"conflict", "bad", PC_CONFLICT, STATUS_TRUE, NULL},
	[MARK_NO_METRICS] = {"metrics unknown", "bad", PC_METRICS_AVAILABLE, STATUS_FALSE,
			     NULL},
	[MARK_CANNOT_SCALE] = {"cannot scale", "bad", PC_ABLE_TO_SCALE, STATUS_FALSE,
			       NULL},
	[MARK_ANOMALY] = {"anomaly", "warn", PC_COUNT, 0, NULL},
	[MARK_AT_MAX] = {"at its maximum", "warn", PC_SCALING_LIMITED, STATUS_TRUE,
			 "TooManyReplicas"},
	[MARK_HELD] = {"held", "info", PC_HELD, STATUS_TRUE, NULL},
	[MARK_PAUSED] = {"paused", "info", PC_PAUSED, STATUS_TRUE, NULL},
	[MARK_RECOMMENDS] = {"only recommends", "info", PC_COUNT, 0, NULL},
};

static bool has_condition(const struct policy_status *s, int mark)
{
	enum policy_condition c = marks[mark].condition;
	if (c == PC_COUNT)
		return false;
	const struct status_condition *sc = &s->conditions[c];
	if ((int)sc->status != marks[mark].status)
		return false;
	return !marks[mark].reason ||
	       (sc->reason && !strcmp(sc->reason, marks[mark].reason));
}

static bool has_anomaly(const struct policy_status *s)
{
	for (int32_t m = 0; s->policy && m < s->policy->metric_count; m++)
		if (s->metrics[m].forecast_on && s->metrics[m].forecast.anomaly.text[0])
			return true;
	return false;
}

unsigned standing_of(const struct policy_status *s)
{
	unsigned set = 0;
	for (int m = 0; m < MARK_COUNT; m++)
		set |= (unsigned)has_condition(s, m) << m;
	set |= (unsigned)has_anomaly(s) << MARK_ANOMALY;
	if (s->policy && s->policy->mode == MODE_RECOMMEND)
		set |= 1u << MARK_RECOMMENDS;
	return set;
}

bool standing_wants_a_look(unsigned set)
{
	for (int m = 0; m < MARK_COUNT; m++)
		if ((set & 1u << m) && strcmp(marks[m].kind, "info") != 0)
			return true;
	return false;
}

void standing_write(struct str *out, unsigned set)
{
	if (!set) {
		str_puts(out, "<span class=\"mark good\">ok</span>");
		return;
	}
	for (int m = 0; m < MARK_COUNT; m++)
		if (set & 1u << m)
			html_add(out, "<span class=\"mark %s\">%s</span> ", marks[m].kind,
				 marks[m].text);
}

const char *standing_forecast(const struct policy_status *s)
{
	const struct status_condition *c = &s->conditions[PC_FORECAST_TRUSTED];
	if (!status_has_forecast(s))
		return "off";
	if (c->status == STATUS_TRUE)
		return "followed";
	return c->reason && !strcmp(c->reason, "ForecastUntrusted") ? "watched"
								    : "waiting";
}

bool standing_changes(const struct policy_status *s)
{
	return s->current != DECIDE_NO_REPLICAS && s->desired != DECIDE_NO_REPLICAS &&
	       s->current != s->desired;
}
