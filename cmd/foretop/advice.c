#include "advice.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Below half a percent of the pod-hours is no saving that anyone would act on. */
#define WORTH_IT 0.005
/* So much of the load may always be lost: a ten-thousandth is as good as nothing. */
#define AS_GOOD_AS_NOTHING 0.0001
/* Shorter ones are pieces at an end, not days. */
#define DAY_LEAST_MS (20 * MS_PER_H)
#define COLUMNS      56

static const double levels[] = {0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002};

/* --- the conclusion --- */

static const struct sweep_point *own_of(const struct advice *a)
{
	return &a->sweep->points[a->sweep->own];
}

/* What may be lost where the HPA's rules lost so much. */
static double accepted(const struct outcome *hpa)
{
	return fmax(outcome_unserved_ratio(hpa), AS_GOOD_AS_NOTHING);
}

static void judge_days(struct advice *a)
{
	const struct sweep *s = a->sweep;
	const struct sweep_point *ours = &s->points[a->chosen], *hpa = own_of(a);
	double promised = accepted(&hpa->halves[SWEEP_FIRST]);
	a->worst_more = -INFINITY;
	for (int32_t d = 0; d < s->day_count; d++) {
		const struct sweep_day *day = &s->days[d];
		const struct outcome *o = &ours->days[d], *h = &hpa->days[d];
		if (day->half != SWEEP_SECOND ||
		    day->to_ms - day->from_ms < DAY_LEAST_MS || !(h->pod_h > 0))
			continue;
		double more = o->pod_h / h->pod_h - 1;
		a->days++;
		a->better += more < 0 &&
			     outcome_unserved_ratio(o) <= fmax(promised, accepted(h));
		if (more > a->worst_more) {
			a->worst_more = more;
			a->worst = d;
		}
	}
}

/* The metric of the written policy that replay_policy has left. */
static int32_t find_metric(const struct policy *policy, const struct policy *whole)
{
	for (int32_t i = 0; i < whole->metric_count; i++)
		if (whole->metrics[i].type == policy->metrics[0].type &&
		    !strcmp(whole->metrics[i].name, policy->metrics[0].name))
			return i;
	return 0;
}

struct advice advice_make(const struct sweep *sweep, const struct policy *policy,
			  const struct policy *whole)
{
	struct advice a = {.sweep = sweep,
			   .policy = policy,
			   .whole = whole,
			   .metric = find_metric(policy, whole),
			   .worst = -1};
	const struct sweep_point *hpa = own_of(&a);
	const struct outcome *h = &hpa->halves[SWEEP_SECOND];
	a.chosen = sweep_choose(sweep, accepted(&hpa->halves[SWEEP_FIRST]));
	a.idle = !(hpa->halves[SWEEP_FIRST].demand_units > 0) ? "first"
		 : !(h->demand_units > 0)                     ? "second"
							      : NULL;
	/* The policy's own target serves as well as itself. */
	if (a.chosen < 0 || a.idle)
		a.chosen = sweep->own;
	const struct outcome *o = &sweep->points[a.chosen].halves[SWEEP_SECOND];
	a.unserved = outcome_unserved_ratio(o);
	a.hpa_unserved = outcome_unserved_ratio(h);
	a.saved = h->pod_h > 0 ? 1 - o->pod_h / h->pod_h : 0;
	judge_days(&a);
	a.gains = a.chosen != sweep->own && a.days > 0 && a.saved >= WORTH_IT &&
		  a.unserved <= accepted(h);
	return a;
}

/* --- the sentence --- */

void advice_setting(const struct sweep_setting *s, struct str *out)
{
	if (!s->forecast) {
		str_printf(out, "target %.4g %%", 100 * s->target);
		return;
	}
	str_printf(out,
		   "forecast.target %.4g %%, reactiveTarget %.4g %%, quantile %g, %s",
		   100 * s->forecast_target, 100 * s->reactive_target, s->quantile,
		   s->release ? "release" : "no release");
}

static void put_evidence(const struct advice *a, struct str *out)
{
	char time[32];
	if (a->days == 0) {
		str_puts(out, " The evidence is less than a day.");
		return;
	}
	time_format(a->sweep->days[a->worst].from_ms, time, sizeof(time));
	str_printf(out,
		   " Evidence: %d day%s that took no part in the choice, %d of them "
		   "better; worst day %.10s: %.1f %% %s pod-hours, %.3f %% of the load "
		   "unserved.",
		   a->days, a->days == 1 ? "" : "s", a->better, time,
		   fabs(100 * a->worst_more), a->worst_more > 0 ? "more" : "fewer",
		   100 * outcome_unserved_ratio(
				 &a->sweep->points[a->chosen].days[a->worst]));
}

/* Forecasts begin after a day, and the gate wants to have watched one for another. */
static void put_shortness(const struct advice *a, struct str *out)
{
	int64_t span_ms = 0;
	for (int32_t d = 0; d < a->sweep->day_count; d++)
		if (a->sweep->days[d].half == SWEEP_FIRST)
			span_ms += a->sweep->days[d].to_ms - a->sweep->days[d].from_ms;
	if (span_ms < 2 * MS_PER_DAY)
		str_puts(out,
			 " The first half is too short for a forecast to prove itself "
			 "in it: give more history.");
}

static void put_gain(const struct advice *a, struct str *out)
{
	const struct sweep_setting *s = &a->sweep->points[a->chosen].setting;
	if (s->forecast)
		str_printf(out,
			   "Recommended: forecast.target at %.4g %% of what a pod serves "
			   "(reactiveTarget %.4g %%, quantile %g, release %s)",
			   100 * s->forecast_target, 100 * s->reactive_target,
			   s->quantile, s->release ? "true" : "false");
	else
		str_printf(
			out,
			"Recommended: target at %.4g %% of what a pod serves, without a "
			"forecast: none did better on the first half. That",
			100 * s->target);
	str_printf(
		out,
		a->unserved <= a->hpa_unserved
			? " serves as well as the HPA's rules at %.4g %% (%.3f %% of the "
			  "load unserved, against %.3f %%)"
			: " beside the HPA's rules at %.4g %% leaves a trace unserved "
			  "(%.3f %% of the load, against %.3f %%)",
		100 * own_of(a)->setting.target, 100 * a->unserved,
		100 * a->hpa_unserved);
	str_printf(out, " and costs %.1f %% fewer pod-hours.", 100 * a->saved);
	put_evidence(a, out);
	if (!s->forecast)
		put_shortness(a, out);
}

static void put_no_gain(const struct advice *a, struct str *out)
{
	const struct sweep_point *p = &a->sweep->points[a->chosen];
	double own = 100 * own_of(a)->setting.target;
	if (a->chosen == a->sweep->own) {
		str_printf(out,
			   "There is nothing to gain: no other settings served the first "
			   "half as well as the HPA's rules at %.4g %% for fewer pods, "
			   "with a forecast for at least %.0f %% fewer on two thirds of "
			   "the days, also on days that took no part in its choice. "
			   "Keep the target.",
			   own, 100 * SWEEP_WORTH_IT);
		put_shortness(a, out);
		return;
	}
	str_puts(out, "There is nothing to gain: what was best on the first half (");
	advice_setting(&p->setting, out);
	str_printf(out,
		   ") did not hold on the second: %.1f %% %s pod-hours than the HPA's "
		   "rules at %.4g %%, %.3f %% of the load unserved against %.3f %%.",
		   fabs(100 * a->saved), a->saved > 0 ? "fewer" : "more", own,
		   100 * a->unserved, 100 * a->hpa_unserved);
	put_evidence(a, out);
}

/* Without a load, or without a whole day that took no part in the choice. */
static void put_too_little(const struct advice *a, struct str *out)
{
	if (a->idle) {
		str_printf(out,
			   "Nothing can be recommended: the %s half has no load at all. "
			   "Give another history, or another --start.",
			   a->idle);
		return;
	}
	str_puts(out,
		 "Too little for a recommendation: the second half holds no whole day. "
		 "What was best on the first (");
	advice_setting(&a->sweep->points[a->chosen].setting, out);
	str_printf(out,
		   ") took %.1f %% %s pod-hours on the second, %.3f %% of the load "
		   "unserved against %.3f %%. Give more history.",
		   fabs(100 * a->saved), a->saved > 0 ? "fewer" : "more",
		   100 * a->unserved, 100 * a->hpa_unserved);
}

void advice_sentence(const struct advice *a, struct str *out)
{
	if (a->idle || (a->days == 0 && a->chosen != a->sweep->own))
		put_too_little(a, out);
	else if (a->gains)
		put_gain(a, out);
	else
		put_no_gain(a, out);
}

char *advice_policy(const struct advice *a)
{
	if (!a->gains)
		return xstrdup("");
	struct policy changed, rehearsed;
	struct policy_metric metrics[POLICY_METRICS_MAX], metric[POLICY_METRICS_MAX];
	policy_borrow(a->whole, metrics, &changed);
	policy_borrow(a->policy, metric, &rehearsed);
	const struct sweep_setting *setting = &a->sweep->points[a->chosen].setting;
	struct policy_metric *to = &changed.metrics[a->metric];
	sweep_apply(setting, a->sweep->capacity, &rehearsed);
	to->target = rehearsed.metrics[0].target;
	changed.forecast.mode = rehearsed.forecast.mode;
	if (!setting->forecast)
		return policy_text(&changed);
	to->forecast_target = rehearsed.metrics[0].forecast_target;
	to->reactive_target = rehearsed.metrics[0].reactive_target;
	changed.forecast.quantile = rehearsed.forecast.quantile;
	changed.forecast.objective = 0;
	changed.forecast.release = rehearsed.forecast.release;
	return policy_text(&changed);
}

/* --- the table --- */

static void put_row(const struct advice *a, const char *name, const struct sweep_point *p,
		    struct str *out)
{
	str_printf(out, "%-44s", name);
	for (int h = 0; h < SWEEP_HALVES; h++) {
		double pods = sweep_pods(a->sweep, &p->halves[h]);
		if (isfinite(pods))
			str_printf(out, " %10.3f", pods);
		else
			str_printf(out, " %10s", "-");
		str_printf(out, " %9.4f%%", 100 * outcome_unserved_ratio(&p->halves[h]));
	}
	str_puts(out, "\n");
}

static void put_rows(const struct advice *a, struct str *out)
{
	const struct sweep *s = a->sweep;
	struct str name AUTO(str_fini);
	str_printf(out, "%-44s %21s %21s\n%-44s %10s %10s %10s %10s\n", "", "FIRST HALF",
		   "SECOND HALF", "", "PODS/WORK", "UNSERVED", "PODS/WORK", "UNSERVED");
	for (int32_t i = 10; i < SWEEP_HPA_COUNT; i += 5) {
		str_init(&name, 256);
		str_printf(&name, "HPA's rules at %.0f %%",
			   100 * s->points[i].setting.target);
		put_row(a, str_text(&name), &s->points[i], out);
		str_fini(&name);
	}
	str_init(&name, 256);
	str_printf(&name, "HPA's rules at the policy's target, %.4g %%",
		   100 * own_of(a)->setting.target);
	put_row(a, str_text(&name), own_of(a), out);
	if (a->chosen != s->own)
		put_row(a, "chosen on the first half", &s->points[a->chosen], out);
	put_row(a, "perfect forecast", &s->perfect, out);
}

struct marks {
	const char *hpa, *ours, *perfect, *both, *empty;
};
static const struct marks ascii = {"o", "*", "+", "@", "."};
static const struct marks points = {"○", "●", "◆", "◉", "·"};

/* The column of a number of pods; -1: off the picture. */
static int column(double pods, double low, double high)
{
	double at = (pods - low) / (high - low) * (COLUMNS - 1);
	return at >= -0.5 && at < COLUMNS - 0.5 ? (int)lround(at) : -1;
}

static void put_level(const struct front *hpa, const struct front *ours, double perfect,
		      double high, double unserved, const struct marks *m,
		      struct str *out)
{
	double h = front_pods(hpa, unserved), o = front_pods(ours, unserved);
	int hc = isnan(h) ? -1 : column(h, perfect, high);
	int oc = isnan(o) ? -1 : column(o, perfect, high);
	str_printf(out, "%8.2f %% ", 100 * (1 - unserved));
	for (int c = 0; c < COLUMNS; c++)
		str_puts(out, c == hc && c == oc ? m->both
			      : c == oc          ? m->ours
			      : c == hc          ? m->hpa
			      : c == 0           ? m->perfect
						 : m->empty);
	for (int i = 0; i < 2; i++) {
		if (isnan(i ? o : h))
			str_printf(out, " %8s", "-");
		else
			str_printf(out, " %8.3f", i ? o : h);
	}
	str_printf(out, " %8.3f\n", perfect);
}

/* The most that any level needs. */
static double right_edge(const struct front *hpa, const struct front *ours)
{
	double most = 0;
	for (size_t l = 0; l < ARRAY_LEN(levels); l++) {
		most = fmax(most, front_pods(hpa, levels[l])); /* fmax ignores NaN */
		most = fmax(most, front_pods(ours, levels[l]));
	}
	return most;
}

static void put_fronts(const struct advice *a, bool utf8, struct str *out)
{
	const struct marks *m = utf8 ? &points : &ascii;
	struct front hpa = sweep_front(a->sweep, SWEEP_SECOND, false);
	struct front ours = sweep_front(a->sweep, SWEEP_SECOND, true);
	double perfect = sweep_pods(a->sweep, &a->sweep->perfect.halves[SWEEP_SECOND]);
	double high = right_edge(&hpa, &ours);
	str_printf(
		out,
		"Pods paid for each pod of useful work, to serve so much of the second "
		"half at least\n(the best of each grid, seen afterwards): %s HPA's "
		"rules, %s with forecasts, %s a perfect forecast\n\n%10s %-*s %8s %8s "
		"%8s\n",
		m->hpa, m->ours, m->perfect, "SERVED", COLUMNS, "", "HPA", "FORECAST",
		"PERFECT");
	if (isfinite(perfect) && high > perfect)
		for (size_t l = 0; l < ARRAY_LEN(levels); l++)
			put_level(&hpa, &ours, perfect, high, levels[l], m, out);
	front_fini(&hpa);
	front_fini(&ours);
}

void advice_table(const struct advice *a, bool utf8, struct str *out)
{
	const struct sweep *s = a->sweep;
	char from[32], turn[32], to[32];
	const struct sweep_day *last = &s->days[s->day_count - 1];
	int32_t first_of_second = 0;
	while (s->days[first_of_second].half == SWEEP_FIRST)
		first_of_second++;
	str_printf(
		out,
		"Sweep: %d settings, chosen on %s to %s, judged on what follows, to %s; "
		"%d series of forecasts, each made once\n\n",
		s->count, time_format(s->days[0].from_ms, from, sizeof(from)),
		time_format(s->days[first_of_second].from_ms, turn, sizeof(turn)),
		time_format(last->to_ms, to, sizeof(to)), s->tapes);
	put_rows(a, out);
	str_puts(out, "\n");
	put_fronts(a, utf8, out);
	str_puts(out, "\n");
	advice_sentence(a, out);
	str_puts(out, "\n");
	if (!a->gains)
		return;
	char *text AUTO_FREE = advice_policy(a);
	str_printf(out, "\nThe policy with these settings (policy.yaml):\n\n%s", text);
}

/* --- JSON --- */

static cJSON *outcome_json(const struct advice *a, const struct outcome *o)
{
	cJSON *json = cJSON_CreateObject();
	double pods = sweep_pods(a->sweep, o);
	cJSON_AddNumberToObject(json, "podHours", o->pod_h);
	if (isfinite(pods))
		cJSON_AddNumberToObject(json, "podsPerWork", pods);
	else
		cJSON_AddNullToObject(json, "podsPerWork");
	cJSON_AddNumberToObject(json, "unservedRatio", outcome_unserved_ratio(o));
	return json;
}

static cJSON *point_json(const struct advice *a, const struct sweep_point *p)
{
	cJSON *json = cJSON_CreateObject();
	cJSON_AddNumberToObject(json, "target", p->setting.target);
	cJSON_AddBoolToObject(json, "forecast", p->setting.forecast);
	if (p->setting.forecast) {
		cJSON_AddNumberToObject(json, "forecastTarget",
					p->setting.forecast_target);
		cJSON_AddNumberToObject(json, "reactiveTarget",
					p->setting.reactive_target);
		cJSON_AddNumberToObject(json, "quantile", p->setting.quantile);
		cJSON_AddBoolToObject(json, "release", p->setting.release);
	}
	cJSON_AddItemToObject(json, "firstHalf", outcome_json(a, &p->halves[0]));
	cJSON_AddItemToObject(json, "secondHalf", outcome_json(a, &p->halves[1]));
	return json;
}

static void add_evidence(cJSON *json, const struct advice *a)
{
	char time[32];
	cJSON *e = cJSON_AddObjectToObject(json, "evidence");
	cJSON_AddNumberToObject(e, "days", a->days);
	cJSON_AddNumberToObject(e, "better", a->better);
	if (a->worst < 0)
		return;
	time_format(a->sweep->days[a->worst].from_ms, time, sizeof(time));
	cJSON_AddStringToObject(e, "worstDay", time);
	cJSON_AddNumberToObject(e, "worstDayMorePodHours", a->worst_more);
}

cJSON *advice_json(const struct advice *a)
{
	const struct sweep *s = a->sweep;
	struct str text AUTO(str_fini);
	str_init(&text, 4096);
	char *policy AUTO_FREE = advice_policy(a);
	cJSON *json = cJSON_CreateObject();
	advice_sentence(a, &text);
	cJSON_AddBoolToObject(json, "gains", a->gains);
	cJSON_AddNumberToObject(json, "savedRatio", a->saved);
	add_evidence(json, a);
	cJSON_AddStringToObject(json, "recommendation", str_text(&text));
	if (a->gains)
		cJSON_AddStringToObject(json, "policy", policy);
	cJSON_AddItemToObject(json, "own", point_json(a, own_of(a)));
	cJSON_AddItemToObject(json, "chosen", point_json(a, &s->points[a->chosen]));
	cJSON_AddItemToObject(json, "perfect", point_json(a, &s->perfect));
	cJSON *all = cJSON_AddArrayToObject(json, "points");
	for (int32_t i = 0; i < s->count; i++)
		cJSON_AddItemToArray(all, point_json(a, &s->points[i]));
	return json;
}
