#include "policy/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The characters above ASCII that YAML takes for line breaks or refuses, up to U+00BF
 * apart. */
static const struct {
	const char *bytes, *escape;
} special[] = {
	{"\xe2\x80\xa8", "\\u2028"}, {"\xe2\x80\xa9", "\\u2029"},
	{"\xef\xbb\xbf", "\\ufeff"}, {"\xef\xbf\xbe", "\\ufffe"},
	{"\xef\xbf\xbf", "\\uffff"},
};

static const char *escape_of(const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(special); i++)
		if (strncmp(text, special[i].bytes, 3) == 0)
			return special[i].escape;
	return NULL;
}

/* A double-quoted scalar: JSON's escapes, which YAML has too. All else above ASCII stays
 * as it is. */
static void add_quoted(struct str *s, const char *text)
{
	str_puts(s, "\"");
	for (const char *p = text; *p; p++) {
		unsigned char c = (unsigned char)*p;
		const char *escape = escape_of(p);
		if (c == '"' || c == '\\') {
			str_printf(s, "\\%c", c);
		} else if (c < 0x20 || c == 0x7f) {
			str_printf(s, "\\u%04x", c);
		} else if (c == 0xc2 && p[1]) { /* U+0080 to U+00BF */
			str_printf(s, "\\u%04x", (unsigned char)*++p);
		} else if (escape) {
			str_puts(s, escape);
			p += 2;
		} else {
			str_add(s, p, 1);
		}
	}
	str_puts(s, "\"");
}

static void add_line(struct str *s, const char *key, const char *text)
{
	if (!text)
		return;
	str_puts(s, key);
	add_quoted(s, text);
	str_puts(s, "\n");
}

static double read_tolerance(const char *text)
{
	double value = -1;
	quantity_parse_double(text, &value, NULL);
	return value;
}

static double read_number(const char *text)
{
	return strtod(text, NULL);
}

/* The shortest digits that read back as the same double. */
static void add_double(struct str *s, double value, double (*read)(const char *text))
{
	char text[40];
	for (int digits = 1; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (read(text) == value)
			break;
	}
	str_puts(s, text);
}

static void add_number(struct str *s, const struct metric_target *t, bool binary)
{
	char text[32];
	if (t->type == TARGET_UTILIZATION)
		str_printf(s, "%d", t->utilization_pct);
	else
		str_printf(s, "\"%s\"",
			   quantity_format(t->value_m, binary, text, sizeof(text)));
}

static void add_target(struct str *s, const struct metric_target *t, bool binary)
{
	static const char *const keys[] = {
		[TARGET_UTILIZATION] = "averageUtilization",
		[TARGET_VALUE] = "value",
		[TARGET_AVERAGE_VALUE] = "averageValue",
	};
	str_printf(s, "    target: {type: %s, %s: ",
		   choice_name(policy_target_types, (int)t->type), keys[t->type]);
	add_number(s, t, binary);
	str_puts(s, "}\n");
}

static void add_metric(struct str *s, const struct policy_metric *m)
{
	static const char *const sources[] = {
		[METRIC_RESOURCE] = "resource",
		[METRIC_CONTAINER_RESOURCE] = "containerResource",
		[METRIC_PODS] = "pods",
		[METRIC_OBJECT] = "object",
		[METRIC_EXTERNAL] = "external",
	};
	bool resource =
		m->type == METRIC_RESOURCE || m->type == METRIC_CONTAINER_RESOURCE;
	bool binary = resource && strcmp(m->name, "memory") == 0;
	str_printf(s, "- type: %s\n  %s:\n", metric_type_name(m->type), sources[m->type]);
	if (resource) {
		add_line(s, "    name: ", m->name);
		add_line(s, "    container: ", m->container);
	} else {
		str_puts(s, "    metric:\n");
		add_line(s, "      name: ", m->name);
	}
	add_target(s, &m->target, binary);
	add_line(s, "  query: ", m->query);
	add_line(s, "  historyQuery: ", m->history_query);
	add_line(s, "  source: ", m->source);
	if (!m->forecast)
		return;
	str_puts(s, "  forecast: {target: ");
	add_number(s, &m->forecast_target, binary);
	str_puts(s, ", reactiveTarget: ");
	add_number(s, &m->reactive_target, binary);
	str_puts(s, "}\n");
}

static void add_rules(struct str *s, const char *direction, const struct scaling_rules *r)
{
	str_printf(s, "  %s:\n", direction);
	if (r->has_stabilization)
		str_printf(s, "    stabilizationWindowSeconds: %d\n", r->stabilization_s);
	str_printf(s, "    selectPolicy: %s\n",
		   choice_name(policy_select_policies, (int)r->select));
	str_puts(s, "    policies:\n");
	for (int32_t i = 0; i < r->count; i++)
		str_printf(s, "    - {type: %s, value: %d, periodSeconds: %d}\n",
			   choice_name(policy_rule_types, (int)r->rules[i].type),
			   r->rules[i].value, r->rules[i].period_s);
	if (r->has_tolerance) {
		str_puts(s, "    tolerance: ");
		add_double(s, r->tolerance, read_tolerance);
		str_puts(s, "\n");
	}
}

static void add_duration_or_auto(struct str *s, const char *key, int64_t ms)
{
	char text[48];
	str_printf(s, "  %s: %s\n", key,
		   ms ? duration_format(ms, text, sizeof(text)) : "Auto");
}

static const char *truth(bool value)
{
	return value ? "true" : "false";
}

static void add_excludes(struct str *s, const struct policy_forecast *f)
{
	char from[40], to[40];
	str_puts(s, f->exclude_count ? "  exclude:\n" : "  exclude: []\n");
	for (int32_t i = 0; i < f->exclude_count; i++)
		str_printf(s, "  - {from: \"%s\", to: \"%s\"}\n",
			   time_format_micro(f->excludes[i].from_ms, from, sizeof(from)),
			   time_format_micro(f->excludes[i].to_ms, to, sizeof(to)));
}

static void add_forecast(struct str *s, const struct policy_forecast *f)
{
	char text[48];
	bool both = f->models == (MODEL_HOLT_WINTERS | MODEL_LINEAR_REGRESSION);
	str_printf(s, "forecast:\n  mode: %s\n  models: [%s]\n",
		   forecast_mode_name(f->mode),
		   both ? "HoltWinters, LinearRegression"
			: choice_name(policy_models, (int)f->models));
	add_duration_or_auto(s, "horizon", f->horizon_ms);
	add_duration_or_auto(s, "leadTime", f->lead_time_ms);
	str_printf(s, "  history: %s\n",
		   duration_format(f->history_ms, text, sizeof(text)));
	str_puts(s, f->seasons_auto ? "  seasons: Auto\n" : "  seasons: [");
	for (int32_t i = 0; i < f->season_count; i++)
		str_printf(s, "%s%s", i ? ", " : "",
			   duration_format(f->seasons_ms[i], text, sizeof(text)));
	str_puts(s, f->seasons_auto ? "" : "]\n");
	/* One of them: the text must be one that is taken. */
	str_puts(s, f->objective > 0 ? "  objective: " : "  quantile: ");
	add_double(s, f->objective > 0 ? f->objective : f->quantile, read_number);
	str_puts(s, "\n");
	add_duration_or_auto(s, "step", f->step_ms);
	add_line(s, "  timeZone: ", f->time_zone);
	add_excludes(s, f);
	str_puts(s, "  maxOverReactive: ");
	add_double(s, f->max_over_reactive, read_number);
	str_printf(s, "\n  release: %s\n", truth(f->release));
}

static void add_bound(struct str *s, const char *key, int32_t bound)
{
	if (bound >= 0)
		str_printf(s, "  %s: %d\n", key, bound);
}

static void add_schedules(struct str *s, const struct policy *p)
{
	char text[48];
	str_puts(s, p->schedule_count ? "schedule:\n" : "schedule: []\n");
	for (int32_t i = 0; i < p->schedule_count; i++) {
		const struct policy_schedule *schedule = &p->schedules[i];
		add_line(s, "- cron: ", schedule->cron_text);
		add_line(s, "  timeZone: ", schedule->time_zone);
		str_printf(s, "  duration: %s\n",
			   duration_format(schedule->duration_ms, text, sizeof(text)));
		add_bound(s, "minReplicas", schedule->min_replicas);
		add_bound(s, "maxReplicas", schedule->max_replicas);
	}
}

static void add_guards(struct str *s, const struct policy *p)
{
	char text[48];
	str_puts(s, p->guard_count ? "guards:\n" : "guards: []\n");
	for (int32_t i = 0; i < p->guard_count; i++) {
		const struct policy_guard *g = &p->guards[i];
		add_line(s, "- name: ", g->name);
		add_line(s, "  query: ", g->query);
		add_line(s, "  source: ", g->source);
		str_puts(s, g->above ? "  above: " : "  below: ");
		add_double(s, g->limit, read_number);
		str_printf(s, "\n  for: %s\n  action: %s\n",
			   duration_format(g->for_ms, text, sizeof(text)),
			   guard_action_name(g->action));
	}
}

static void add_holds(struct str *s, const struct policy_holds *holds)
{
	char text[48];
	str_printf(s, "holds:\n  scaleDownDuringRollout: %s\n  respectManualScale: %s\n",
		   truth(holds->scale_down_during_rollout),
		   duration_format(holds->respect_manual_scale_ms, text, sizeof(text)));
}

char *policy_text(const struct policy *p)
{
	struct str s;
	char text[48];
	str_init(&s, PLACE_TEXT_MAX);
	str_puts(&s, "scaleTargetRef:\n");
	add_line(&s, "  apiVersion: ", p->target.api_version);
	add_line(&s, "  kind: ", p->target.kind);
	add_line(&s, "  name: ", p->target.name);
	str_printf(&s, "mode: %s\nminReplicas: %d\nmaxReplicas: %d\nmetrics:\n",
		   policy_mode_name(p->mode), p->min_replicas, p->max_replicas);
	for (int32_t i = 0; i < p->metric_count; i++)
		add_metric(&s, &p->metrics[i]);
	if (p->has_behavior) {
		str_puts(&s, "behavior:\n");
		add_rules(&s, "scaleUp", &p->up);
		add_rules(&s, "scaleDown", &p->down);
	}
	add_forecast(&s, &p->forecast);
	str_printf(&s, "onMetricsLoss: %s\nmetricsLossLimit: %s\n",
		   metrics_loss_name(p->on_metrics_loss),
		   duration_format(p->metrics_loss_limit_ms, text, sizeof(text)));
	add_schedules(&s, p);
	add_guards(&s, p);
	add_holds(&s, &p->holds);
	str_printf(&s, "pause: %s\n", truth(p->pause));
	return str_take(&s);
}
