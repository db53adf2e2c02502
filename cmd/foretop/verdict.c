#include "verdict.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What prints as 0.0 %. */
#define SAME 0.0005
/* Below half a percent of the pod-hours is no saving that anyone would act on. */
#define WORTH_IT 0.005

static double unserved_pct(const struct outcome *o)
{
	return 100 * outcome_unserved_ratio(o);
}

double verdict_load(const struct verdict *v, const struct metric_target *target)
{
	if (target->type == TARGET_UTILIZATION)
		return v->capacity * target->utilization_pct / 100;
	return (double)target->value_m / 1000;
}

/* --- the sentence --- */

/* Plans as full as the HPA's target: a forecast can add pods then, never save any. */
static bool plans_at_target(const struct verdict *v)
{
	const struct policy_metric *m = &v->policy->metrics[0];
	return verdict_load(v, &m->forecast_target) <= verdict_load(v, &m->target);
}

static const char *advice(const struct verdict *v)
{
	if (v->policy->forecast.mode == FORECAST_DISABLED)
		return " Forecasting is off in this policy.";
	if (plans_at_target(v))
		return " The forecast plans for the HPA's own target, so it can only "
		       "add pods: metrics[0].forecast.target is what saves.";
	return "";
}

/* "5.1 % fewer pod-hours". */
static void put_saving(double saved, struct str *out)
{
	if (fabs(saved) < SAME)
		str_puts(out, "as many pod-hours");
	else
		str_printf(out, "%.1f %% %s pod-hours", fabs(100 * saved),
			   saved > 0 ? "fewer" : "more");
}

void verdict_sentence(const struct verdict *v, struct str *out)
{
	const struct outcome *ours = &v->result->outcomes[CONTEST_POLICY];
	const struct outcome *hpa = &v->result->outcomes[CONTEST_HPA];
	double saved = hpa->pod_h > 0 ? 1 - ours->pod_h / hpa->pod_h : 0;
	bool serves = ours->unserved_units <= hpa->unserved_units;
	bool better = ours->unserved_units < hpa->unserved_units;
	bool saves = saved >= WORTH_IT;
	str_puts(out, "Against the HPA's rules at the policy's target: ");
	if (!saves && better)
		str_puts(out, "hardly a saving, but it serves better: ");
	else if (!saves)
		str_puts(out, "there is nothing to gain: ");
	put_saving(saved, out);
	if (saves && serves)
		str_puts(out, " at equal or better service");
	else if (saves)
		str_puts(out, ", but at worse service: no saving at equal service");
	str_printf(out, " (%.3f %% of the load unserved, against %.3f %%).",
		   unserved_pct(ours), unserved_pct(hpa));
	if (!saves || !serves)
		str_puts(out, advice(v));
}

/* --- the table --- */

/* What stands behind the line's end. */
static const char *next_line(const char *at)
{
	at += strcspn(at, "\n");
	return *at ? at + 1 : at;
}

static void put_head(const struct verdict *v, struct str *out)
{
	const struct policy_metric *m = &v->policy->metrics[0];
	char from[32], to[32], judged[32], step[48], span[48];
	int64_t end_ms = trace_end_ms(v->demand);
	str_printf(out, "%s: %zu steps of %s from %s to %s, %zu missing\n", v->name,
		   v->demand->count, duration_format(v->demand->step_ms, step, 48),
		   time_format(v->demand->start_ms, from, sizeof(from)),
		   time_format(end_ms, to, sizeof(to)), trace_missing(v->demand));
	str_printf(out, "judged from %s on: %s\n",
		   time_format(v->start_ms, judged, sizeof(judged)),
		   duration_format(v->end_ms - v->start_ms, span, sizeof(span)));
	str_printf(out,
		   "a pod serves %.6g and is Ready %s after its creation; target %.6g, "
		   "forecast.target %.6g, reactiveTarget %.6g\n",
		   v->capacity, v->lead, verdict_load(v, &m->target),
		   verdict_load(v, &m->forecast_target),
		   verdict_load(v, &m->reactive_target));
	for (const char *at = v->notes; *at; at = next_line(at))
		str_printf(out, "note: %.*s\n", (int)strcspn(at, "\n"), at);
}

static const char *row_name(const struct verdict *v, enum contestant who, char buf[64])
{
	if (who != CONTEST_FIXED)
		return contestant_name(who);
	snprintf(buf, 64, "%s of %d", contestant_name(who), v->result->fixed_size);
	return buf;
}

static void put_trust(const struct verdict *v, struct str *out)
{
	const struct contest_result *r = v->result;
	char lead[48];
	if (!r->window_min || !r->tally.decisions)
		return;
	str_printf(out,
		   "The forecast, of the largest demand within %d min (lead time %s, "
		   "%s), was trusted in %.1f %% of %" PRId64
		   " decisions. At the end: %s.\n",
		   r->window_min, duration_format(r->lead_ms, lead, sizeof(lead)),
		   r->lead_source == LEAD_MEASURED ? "measured" : "configured",
		   100 * (double)r->tally.trusted / (double)r->tally.decisions,
		   r->tally.decisions, r->trust);
}

void verdict_table(const struct verdict *v, struct str *out)
{
	char name[64];
	put_head(v, out);
	str_printf(out, "\n%-26s %10s %10s %14s %8s %13s\n", "", "POD-HOURS", "UNSERVED",
		   "MINUTES SHORT", "WRITES", "LARGEST STEP");
	for (int i = 0; i < CONTEST_COUNT; i++) {
		const struct outcome *o = &v->result->outcomes[i];
		str_printf(out, "%-26s %10.1f %9.4f%% %14.1f %8d %13d\n",
			   row_name(v, (enum contestant)i, name), o->pod_h,
			   unserved_pct(o), o->short_min, o->actions, o->largest_step);
	}
	str_puts(out, "\n");
	put_trust(v, out);
	verdict_sentence(v, out);
	str_puts(out, "\n");
}

/* --- JSON --- */

static void add_time(cJSON *o, const char *key, int64_t ms)
{
	char text[32];
	cJSON_AddStringToObject(o, key, time_format(ms, text, sizeof(text)));
}

static void add_trace(cJSON *root, const struct verdict *v)
{
	cJSON *o = cJSON_AddObjectToObject(root, "trace");
	cJSON_AddStringToObject(o, "name", v->name);
	add_time(o, "from", v->demand->start_ms);
	add_time(o, "to", trace_end_ms(v->demand));
	cJSON_AddNumberToObject(o, "stepSeconds", (double)v->demand->step_ms / 1000);
	cJSON_AddNumberToObject(o, "steps", (double)v->demand->count);
	cJSON_AddNumberToObject(o, "missing", (double)trace_missing(v->demand));
}

static void add_setting(cJSON *root, const struct verdict *v)
{
	const struct policy_metric *m = &v->policy->metrics[0];
	cJSON *notes;
	add_time(root, "start", v->start_ms);
	add_time(root, "end", v->end_ms);
	cJSON_AddNumberToObject(root, "capacity", v->capacity);
	cJSON_AddNumberToObject(root, "leadSeconds", (double)v->lead_ms / 1000);
	cJSON_AddNumberToObject(root, "target", verdict_load(v, &m->target));
	cJSON_AddNumberToObject(root, "forecastTarget",
				verdict_load(v, &m->forecast_target));
	cJSON_AddNumberToObject(root, "reactiveTarget",
				verdict_load(v, &m->reactive_target));
	notes = cJSON_AddArrayToObject(root, "notes");
	for (const char *at = v->notes; *at; at = next_line(at)) {
		char *line AUTO_FREE = xstrndup(at, strcspn(at, "\n"));
		cJSON_AddItemToArray(notes, cJSON_CreateString(line));
	}
}

static void add_results(cJSON *root, const struct verdict *v)
{
	const struct contest_result *r = v->result;
	cJSON *all = cJSON_AddObjectToObject(root, "results"), *forecast;
	for (int i = 0; i < CONTEST_COUNT; i++) {
		const struct outcome *o = &r->outcomes[i];
		cJSON *one =
			cJSON_AddObjectToObject(all, contestant_key((enum contestant)i));
		cJSON_AddNumberToObject(one, "podHours", o->pod_h);
		cJSON_AddNumberToObject(one, "unservedRatio", outcome_unserved_ratio(o));
		cJSON_AddNumberToObject(one, "minutesShort", o->short_min);
		cJSON_AddNumberToObject(one, "writes", o->actions);
		cJSON_AddNumberToObject(one, "largestStep", o->largest_step);
		if (i == CONTEST_FIXED)
			cJSON_AddNumberToObject(one, "replicas", r->fixed_size);
	}
	forecast = cJSON_AddObjectToObject(root, "forecast");
	cJSON_AddNumberToObject(forecast, "windowMinutes", r->window_min);
	cJSON_AddNumberToObject(forecast, "leadSeconds", (double)r->lead_ms / 1000);
	cJSON_AddNumberToObject(forecast, "decisions", (double)r->tally.decisions);
	cJSON_AddNumberToObject(forecast, "trusted", (double)r->tally.trusted);
	cJSON_AddNumberToObject(forecast, "won", (double)r->tally.by_forecast);
	cJSON_AddStringToObject(forecast, "trust", r->trust);
}

void verdict_json(const struct verdict *v, cJSON *sweep, struct str *out)
{
	struct str sentence AUTO(str_fini);
	cJSON *root AUTO(json_cleanup) = cJSON_CreateObject();
	str_init(&sentence, 4096);
	verdict_sentence(v, &sentence);
	add_trace(root, v);
	add_setting(root, v);
	add_results(root, v);
	cJSON_AddStringToObject(root, "verdict", str_text(&sentence));
	if (sweep)
		cJSON_AddItemToObject(root, "sweep", sweep);
	char *text AUTO_FREE = json_text(root);
	str_printf(out, "%s\n", text);
}
