/* Policies: reading and checking agree, what is taken is within the stated limits, and
 * policy_text prints a text that is the same policy. */
#include "fuzz/fuzz.h"

#include "policy/policy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void check_target(const struct metric_target *t)
{
	if (t->type == TARGET_UTILIZATION)
		must(t->utilization_pct > 0, "%d", t->utilization_pct);
	else
		must(t->value_m > 0, "%lld", (long long)t->value_m);
}

static void check_metric(const struct policy_metric *m)
{
	bool built_in =
		m->type == METRIC_RESOURCE || m->type == METRIC_CONTAINER_RESOURCE;
	must(m->name && *m->name && m->source && *m->source, "no name or source");
	must((m->type == METRIC_CONTAINER_RESOURCE) == (m->container != NULL), "type %d",
	     (int)m->type);
	must(built_in || (m->query && *m->query), "no query");
	check_target(&m->target);
	check_target(&m->forecast_target);
	check_target(&m->reactive_target);
	must(m->forecast_target.type == m->target.type &&
		     m->reactive_target.type == m->target.type,
	     "another unit");
}

static void check_rules(const struct scaling_rules *r)
{
	must(r->count >= 0 && r->count <= POLICY_RULES_MAX, "%d rules", r->count);
	must(!r->has_stabilization ||
		     (r->stabilization_s >= 0 && r->stabilization_s <= 3600),
	     "%d s", r->stabilization_s);
	must(!r->has_tolerance || (isfinite(r->tolerance) && r->tolerance >= 0), "%g",
	     r->tolerance);
	for (int32_t i = 0; i < r->count; i++)
		must(r->rules[i].value > 0 && r->rules[i].period_s > 0 &&
			     r->rules[i].period_s <= 1800,
		     "%d in %d s", r->rules[i].value, r->rules[i].period_s);
}

static void check_forecast(const struct policy_forecast *f)
{
	must(f->models && !(f->models >> 2), "%u", f->models);
	must(f->horizon_ms >= 0 && f->lead_time_ms >= 0 && f->step_ms >= 0, "negative");
	must(f->history_ms >= MS_PER_DAY && f->history_ms <= 35 * MS_PER_DAY, "%lld",
	     (long long)f->history_ms);
	must(f->quantile >= 0.5 && f->quantile <= 0.999, "%g", f->quantile);
	must(f->objective == 0 || (f->objective > 0.9 && f->objective < 1), "%g",
	     f->objective);
	must(f->season_count >= 0 && f->season_count <= POLICY_SEASONS_MAX, "%d",
	     f->season_count);
	for (int32_t i = 0; i < f->season_count; i++)
		must(f->seasons_ms[i] > 0, "%lld", (long long)f->seasons_ms[i]);
	must(!f->step_ms || MS_PER_H % f->step_ms == 0, "%lld", (long long)f->step_ms);
	must(zone_name_is_valid(f->time_zone), "%s", f->time_zone);
	must(f->exclude_count >= 0 && f->exclude_count <= POLICY_EXCLUDES_MAX, "%d",
	     f->exclude_count);
	for (int32_t i = 0; i < f->exclude_count; i++)
		must(f->excludes[i].from_ms < f->excludes[i].to_ms, "empty");
	must(f->max_over_reactive >= 1 && f->max_over_reactive <= 100, "%g",
	     f->max_over_reactive);
}

static void check_schedules(const struct policy *p)
{
	must(p->schedule_count >= 0 && p->schedule_count <= POLICY_SCHEDULES_MAX, "%d",
	     p->schedule_count);
	for (int32_t i = 0; i < p->schedule_count; i++) {
		const struct policy_schedule *s = &p->schedules[i];
		must(s->duration_ms >= MS_PER_MIN && s->duration_ms <= 31 * MS_PER_DAY,
		     "%lld", (long long)s->duration_ms);
		must(s->min_replicas >= -1 && s->min_replicas <= p->max_replicas, "%d",
		     s->min_replicas);
		must(s->max_replicas == -1 ||
			     (s->max_replicas > 0 && s->max_replicas >= p->min_replicas),
		     "%d", s->max_replicas);
		must(zone_name_is_valid(s->time_zone), "%s", s->time_zone);
	}
}

static void check_guards(const struct policy *p)
{
	must(p->guard_count >= 0 && p->guard_count <= POLICY_GUARDS_MAX, "%d",
	     p->guard_count);
	for (int32_t i = 0; i < p->guard_count; i++) {
		const struct policy_guard *g = &p->guards[i];
		must(isfinite(g->limit), "%g", g->limit);
		must(g->for_ms >= 0 && g->for_ms <= MS_PER_H, "%lld",
		     (long long)g->for_ms);
		for (int32_t j = 0; j < i; j++)
			must(strcmp(g->name, p->guards[j].name) != 0, "%s twice",
			     g->name);
	}
}

static void check_limits(const struct policy *p)
{
	must(p->min_replicas >= 0 && p->max_replicas >= 1 &&
		     p->min_replicas <= p->max_replicas,
	     "%d to %d", p->min_replicas, p->max_replicas);
	must(p->target.kind && p->target.name, "no target");
	must(p->metric_count >= 1 && p->metric_count <= POLICY_METRICS_MAX, "%d",
	     p->metric_count);
	for (int32_t i = 0; i < p->metric_count; i++)
		check_metric(&p->metrics[i]);
	check_rules(&p->up);
	check_rules(&p->down);
	check_forecast(&p->forecast);
	check_schedules(p);
	check_guards(p);
	must(p->metrics_loss_limit_ms >= MS_PER_MIN &&
		     p->metrics_loss_limit_ms <= 6 * MS_PER_H,
	     "%lld", (long long)p->metrics_loss_limit_ms);
	must(p->holds.respect_manual_scale_ms >= 0, "negative");
}

static void same_target(const struct metric_target *a, const struct metric_target *b)
{
	must(a->type == b->type && a->value_m == b->value_m &&
		     a->utilization_pct == b->utilization_pct,
	     "%lld and %lld, %d and %d", (long long)a->value_m, (long long)b->value_m,
	     a->utilization_pct, b->utilization_pct);
}

static void same_metric(const struct policy_metric *a, const struct policy_metric *b)
{
	must(a->type == b->type && a->forecast == b->forecast, "types %d and %d",
	     (int)a->type, (int)b->type);
	must_equal(a->name, b->name);
	must_equal(a->container, b->container);
	must_equal(a->query, b->query);
	must_equal(a->history_query, b->history_query);
	must_equal(a->source, b->source);
	same_target(&a->target, &b->target);
	if (a->forecast) {
		same_target(&a->forecast_target, &b->forecast_target);
		same_target(&a->reactive_target, &b->reactive_target);
	}
}

static void same_rules(const struct scaling_rules *a, const struct scaling_rules *b)
{
	must(a->count == b->count && a->select == b->select, "%d and %d rules", a->count,
	     b->count);
	must(a->has_stabilization == b->has_stabilization &&
		     a->stabilization_s == b->stabilization_s,
	     "%d and %d s", a->stabilization_s, b->stabilization_s);
	must(a->has_tolerance == b->has_tolerance && a->tolerance == b->tolerance,
	     "%.17g and %.17g", a->tolerance, b->tolerance);
	for (int32_t i = 0; i < a->count; i++)
		must(a->rules[i].type == b->rules[i].type &&
			     a->rules[i].value == b->rules[i].value &&
			     a->rules[i].period_s == b->rules[i].period_s,
		     "rule %d", i);
}

static void same_forecast(const struct policy_forecast *a,
			  const struct policy_forecast *b)
{
	must(a->mode == b->mode && a->models == b->models && a->release == b->release &&
		     a->seasons_auto == b->seasons_auto,
	     "mode or models");
	must(a->horizon_ms == b->horizon_ms && a->lead_time_ms == b->lead_time_ms &&
		     a->history_ms == b->history_ms && a->step_ms == b->step_ms,
	     "durations");
	must(a->objective == b->objective &&
		     (a->objective > 0 || a->quantile == b->quantile) &&
		     a->max_over_reactive == b->max_over_reactive,
	     "%.17g and %.17g, %.17g and %.17g", a->quantile, b->quantile, a->objective,
	     b->objective);
	must(a->season_count == b->season_count && a->exclude_count == b->exclude_count,
	     "counts");
	must(memcmp(a->seasons_ms, b->seasons_ms, sizeof(a->seasons_ms)) == 0, "seasons");
	for (int32_t i = 0; i < a->exclude_count; i++)
		must(a->excludes[i].from_ms == b->excludes[i].from_ms &&
			     a->excludes[i].to_ms == b->excludes[i].to_ms,
		     "exclude %d", i);
	must_equal(a->time_zone, b->time_zone);
}

static void same_lists(const struct policy *a, const struct policy *b)
{
	must(a->schedule_count == b->schedule_count && a->guard_count == b->guard_count,
	     "counts");
	for (int32_t i = 0; i < a->schedule_count; i++) {
		const struct policy_schedule *x = &a->schedules[i], *y = &b->schedules[i];
		must_equal(x->cron_text, y->cron_text);
		must_equal(x->time_zone, y->time_zone);
		must(x->duration_ms == y->duration_ms &&
			     x->min_replicas == y->min_replicas &&
			     x->max_replicas == y->max_replicas,
		     "schedule %d", i);
	}
	for (int32_t i = 0; i < a->guard_count; i++) {
		const struct policy_guard *x = &a->guards[i], *y = &b->guards[i];
		must_equal(x->name, y->name);
		must_equal(x->query, y->query);
		must_equal(x->source, y->source);
		must(x->above == y->above && x->limit == y->limit &&
			     x->for_ms == y->for_ms && x->action == y->action,
		     "guard %d", i);
	}
}

static void same_policy(const struct policy *a, const struct policy *b)
{
	must_equal(a->target.api_version, b->target.api_version);
	must_equal(a->target.kind, b->target.kind);
	must_equal(a->target.name, b->target.name);
	must(a->mode == b->mode && a->pause == b->pause &&
		     a->min_replicas == b->min_replicas &&
		     a->max_replicas == b->max_replicas &&
		     a->metric_count == b->metric_count &&
		     a->has_behavior == b->has_behavior,
	     "the top");
	for (int32_t i = 0; i < a->metric_count; i++)
		same_metric(&a->metrics[i], &b->metrics[i]);
	same_rules(&a->up, &b->up);
	same_rules(&a->down, &b->down);
	same_forecast(&a->forecast, &b->forecast);
	same_lists(a, b);
	must(a->on_metrics_loss == b->on_metrics_loss &&
		     a->metrics_loss_limit_ms == b->metrics_loss_limit_ms &&
		     a->holds.scale_down_during_rollout ==
			     b->holds.scale_down_during_rollout &&
		     a->holds.respect_manual_scale_ms == b->holds.respect_manual_scale_ms,
	     "holds");
}

static int problems_of(const char *text, size_t len)
{
	struct str lines AUTO(str_fini);
	str_init(&lines, 1 << 16);
	int count = policy_check(text, len, &lines);
	must((count == 0) == (lines.len == 0), "%d: %s", count, str_text(&lines));
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct err err = {0};
	struct policy *p AUTO(policy_cleanup) =
		policy_parse("shop", "web", text, size, &err);
	must((p != NULL) == (problems_of(text, size) == 0), "%s", err.msg);
	if (!p) {
		must_explain(&err);
		must(err.code == ERR_INVALID, "code %d", (int)err.code);
		return 0;
	}
	check_limits(p);
	char *printed AUTO_FREE = policy_text(p);
	struct policy *back AUTO(policy_cleanup) =
		policy_parse("shop", "web", printed, strlen(printed), &err);
	must(back, "%s\n%s", err.msg, printed);
	same_policy(p, back);
	char *again AUTO_FREE = policy_text(back);
	must_equal(printed, again);
	return 0;
}
