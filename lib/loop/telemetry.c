/* /metrics, /readyz and /api/v1/policies. Labels are chosen not to collide with those
 * that Prometheus adds to a scraped target: `policy_namespace`, not `namespace`. */
#include "loop/inside.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SERIES_MAX 200000

enum family {
	F_BUILD_INFO,
	F_LEADER,
	F_POLICIES,
	F_CURRENT,
	F_DESIRED,
	F_REACTIVE,
	F_PREDICTED,
	F_READY_PODS,
	F_MIN,
	F_MAX,
	F_DEMAND,
	F_FORECAST,
	F_UPPER,
	F_SKILL,
	F_COVERAGE,
	F_WINDOW,
	F_ANOMALIES,
	F_LEAD,
	F_GATE_OPEN,
	F_GATE_COST,
	F_GATE_EVIDENCE,
	F_CAPPED,
	F_CONDITION,
	F_DECISIONS,
	F_WRITES,
	F_CONFLICTS,
	F_FAILURES,
	F_BREAKER,
	F_QUERIES,
	F_EVENTS,
	F_WRITE_ERRORS,
	F_COUNT,
};

#define PER_POLICY .labels = {"policy_namespace", "policy"}
#define PER_METRIC .labels = {"policy_namespace", "policy", "metric"}

static const struct metric_family families[F_COUNT] = {
	[F_BUILD_INFO] = {.name = "foretop_build_info",
			  .help = "The version that runs; always 1.",
			  .kind = FAMILY_GAUGE,
			  .labels = {"version"}},
	[F_LEADER] = {.name = "leader_election_master_status",
		      .help = "1 while this replica leads.",
		      .kind = FAMILY_GAUGE,
		      .labels = {"name"}},
	[F_POLICIES] = {.name = "foretop_policies",
			.help = "Policies that this replica serves.",
			.kind = FAMILY_GAUGE},
	[F_CURRENT] = {.name = "foretop_current_replicas",
		       .help = "Replicas that the target asks for now.",
		       .kind = FAMILY_GAUGE,
		       PER_POLICY},
	[F_DESIRED] = {.name = "foretop_desired_replicas",
		       .help = "Replicas of the last decision.",
		       .kind = FAMILY_GAUGE,
		       PER_POLICY},
	[F_REACTIVE] = {.name = "foretop_reactive_replicas",
			.help = "Best proposal of the HPA's rule, before limits.",
			.kind = FAMILY_GAUGE,
			PER_POLICY},
	[F_PREDICTED] = {.name = "foretop_predicted_replicas",
			 .help = "Best proposal of a forecast, before limits.",
			 .kind = FAMILY_GAUGE,
			 PER_POLICY},
	[F_READY_PODS] = {.name = "foretop_ready_pods",
			  .help = "Pods of the target that are Ready.",
			  .kind = FAMILY_GAUGE,
			  PER_POLICY},
	[F_MIN] = {.name = "foretop_min_replicas",
		   .help = "minReplicas of the policy.",
		   .kind = FAMILY_GAUGE,
		   PER_POLICY},
	[F_MAX] = {.name = "foretop_max_replicas",
		   .help = "maxReplicas of the policy.",
		   .kind = FAMILY_GAUGE,
		   PER_POLICY},
	[F_DEMAND] = {.name = "foretop_metric_demand",
		      .help = "Demand on the workload, in the metric's unit; NaN while "
			      "unknown.",
		      .kind = FAMILY_GAUGE,
		      PER_METRIC},
	[F_FORECAST] = {.name = "foretop_metric_forecast",
			.help = "Expected largest demand within the window.",
			.kind = FAMILY_GAUGE,
			PER_METRIC},
	[F_UPPER] = {.name = "foretop_metric_forecast_upper",
		     .help = "Upper quantile of the largest demand within the window: "
			     "what is "
			     "planned for.",
		     .kind = FAMILY_GAUGE,
		     PER_METRIC},
	[F_SKILL] = {.name = "foretop_metric_forecast_skill_ratio",
		     .help = "1 - loss / loss of the best baseline.",
		     .kind = FAMILY_GAUGE,
		     PER_METRIC},
	[F_COVERAGE] = {.name = "foretop_metric_forecast_coverage_ratio",
			.help = "Share of recent load that the upper quantile covered.",
			.kind = FAMILY_GAUGE,
			PER_METRIC},
	[F_WINDOW] = {.name = "foretop_metric_forecast_window_seconds",
		      .help = "Length of the window that is forecast.",
		      .kind = FAMILY_GAUGE,
		      PER_METRIC},
	[F_ANOMALIES] =
		{.name = "foretop_metric_anomalies_total",
		 .help = "Times that a metric was far from what was expected: not "
			 "learned, and scale-down held.",
		 .kind = FAMILY_COUNTER,
		 PER_METRIC},
	[F_LEAD] = {.name = "foretop_lead_time_seconds",
		    .help = "Time that new pods need to become Ready: measured, "
			    "configured or "
			    "default.",
		    .kind = FAMILY_GAUGE,
		    PER_POLICY},
	[F_GATE_OPEN] = {.name = "foretop_gate_open",
			 .help = "1 while the forecast has earned its place.",
			 .kind = FAMILY_GAUGE,
			 PER_POLICY},
	[F_GATE_COST] =
		{.name = "foretop_gate_cost_pods",
		 .help = "Recent cost of following the forecast and of the "
			 "reactive rule alone, in pods, load not served included; "
			 "NaN before the first forecast.",
		 .kind = FAMILY_GAUGE,
		 .labels = {"policy_namespace", "policy", "rule"}},
	[F_GATE_EVIDENCE] = {.name = "foretop_gate_evidence_seconds",
			     .help = "Time with a forecast that the gate has seen.",
			     .kind = FAMILY_GAUGE,
			     PER_POLICY},
	[F_CAPPED] = {.name = "foretop_forecast_capped",
		      .help = "1 while a forecast that has not proved itself asks for "
			      "more than it may.",
		      .kind = FAMILY_GAUGE,
		      PER_POLICY},
	[F_CONDITION] = {.name = "foretop_policy_condition",
			 .help = "1 while the condition is True.",
			 .kind = FAMILY_GAUGE,
			 .labels = {"policy_namespace", "policy", "condition"}},
	[F_DECISIONS] = {.name = "foretop_decisions_total",
			 .help = "Decisions made.",
			 .kind = FAMILY_COUNTER,
			 PER_POLICY},
	[F_WRITES] = {.name = "foretop_scale_writes_total",
		      .help = "Writes of replicas that went through.",
		      .kind = FAMILY_COUNTER,
		      PER_POLICY},
	[F_CONFLICTS] = {.name = "foretop_scale_conflicts_total",
			 .help = "Writes refused because the target had changed.",
			 .kind = FAMILY_COUNTER,
			 PER_POLICY},
	[F_FAILURES] = {.name = "foretop_scale_failures_total",
			.help = "Writes that failed.",
			.kind = FAMILY_COUNTER,
			PER_POLICY},
	[F_BREAKER] = {.name = "foretop_breaker_trips_total",
		       .help = "Times that many policies of a source wanted much less at "
			       "once and were held.",
		       .kind = FAMILY_COUNTER},
	[F_QUERIES] = {.name = "foretop_queries_total",
		       .help = "Queries asked for, by kind.",
		       .kind = FAMILY_COUNTER,
		       .labels = {"kind"}},
	[F_EVENTS] = {.name = "foretop_events_total",
		      .help = "Kubernetes Events, by reason.",
		      .kind = FAMILY_COUNTER,
		      .labels = {"reason"}},
	[F_WRITE_ERRORS] =
		{.name = "foretop_write_errors_total",
		 .help = "Requests to the API server that failed to write, by kind.",
		 .kind = FAMILY_COUNTER,
		 .labels = {"kind"}},
};

struct telemetry {
	struct loop *loop;
	struct metrics *metrics;
	struct face *face;
};

static void set_replicas(struct metrics *m, int family, const char *const *labels,
			 int32_t replicas)
{
	if (replicas != DECIDE_NO_REPLICAS)
		metrics_set(m, family, labels, replicas);
}

static void put_metric(struct metrics *m, const struct policy_status *s, int32_t i)
{
	const struct metric_status *st = &s->metrics[i];
	const char *const *labels = LABELS(s->ns, s->name, s->policy->metrics[i].name);
	metrics_set(m, F_DEMAND, labels, st->known ? st->current : NAN);
	if (!st->forecast_on)
		return;
	metrics_set(m, F_ANOMALIES, labels, (double)st->anomalies);
	if (st->forecast.state != FORECAST_READY)
		return;
	metrics_set(m, F_FORECAST, labels, st->forecast.mean);
	metrics_set(m, F_UPPER, labels, st->forecast.upper);
	metrics_set(m, F_SKILL, labels, st->forecast.skill);
	metrics_set(m, F_COVERAGE, labels, st->forecast.coverage);
	metrics_set(m, F_WINDOW, labels, st->window_min * 60.0);
}

static void put_gate(struct metrics *m, const struct policy_status *s)
{
	const char *const *labels = LABELS(s->ns, s->name);
	if (!status_has_forecast(s))
		return;
	metrics_set(m, F_GATE_OPEN, labels, s->gate.open);
	metrics_set(m, F_GATE_COST, LABELS(s->ns, s->name, "forecast"),
		    gate_cost_ours(&s->gate));
	metrics_set(m, F_GATE_COST, LABELS(s->ns, s->name, "reactive"),
		    gate_cost_reactive(&s->gate));
	metrics_set(m, F_GATE_EVIDENCE, labels, 60.0 * (double)s->gate.evidence_min);
	metrics_set(m, F_CAPPED, labels, s->capped);
}

static void put_policy(struct metrics *m, const struct policy_status *s)
{
	const char *const *labels = LABELS(s->ns, s->name);
	for (int c = 0; c < PC_COUNT; c++)
		metrics_set(m, F_CONDITION,
			    LABELS(s->ns, s->name, policy_condition_name(c)),
			    s->conditions[c].status == STATUS_TRUE);
	if (!s->policy)
		return;
	set_replicas(m, F_CURRENT, labels, s->current);
	set_replicas(m, F_DESIRED, labels, s->desired);
	set_replicas(m, F_REACTIVE, labels, s->reactive);
	set_replicas(m, F_PREDICTED, labels, s->predicted);
	metrics_set(m, F_READY_PODS, labels, s->ready_pods);
	metrics_set(m, F_MIN, labels, s->policy->min_replicas);
	metrics_set(m, F_MAX, labels, s->policy->max_replicas);
	metrics_set(m, F_LEAD, labels, (double)s->lead_ms / 1000.0);
	put_gate(m, s);
	metrics_set(m, F_DECISIONS, labels, (double)s->decisions);
	metrics_set(m, F_WRITES, labels, (double)s->writes);
	metrics_set(m, F_CONFLICTS, labels, (double)s->conflicts);
	metrics_set(m, F_FAILURES, labels, (double)s->failures);
	for (int32_t i = 0; i < s->policy->metric_count; i++)
		put_metric(m, s, i);
}

static void before_scrape(void *arg)
{
	struct telemetry *t = arg;
	const struct engine *e = t->loop->engine;
	int32_t served = 0;
	for (int32_t i = 0; i < engine_policy_count(e); i++) {
		const struct policy_status *s = engine_policy_status(e, i);
		if (!s)
			continue;
		served++;
		put_policy(t->metrics, s);
	}
	metrics_set(t->metrics, F_POLICIES, NO_LABELS, served);
	metrics_set(t->metrics, F_BREAKER, NO_LABELS, (double)engine_breaker_trips(e));
	metrics_set(t->metrics, F_LEADER,
		    LABELS(t->loop->config.controller->election.lease_name),
		    t->loop->leading);
}

static void write_policies(struct str *json, void *arg)
{
	struct telemetry *t = arg;
	cJSON *answer AUTO(json_cleanup) = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(answer, "policies");
	for (int32_t i = 0; i < engine_policy_count(t->loop->engine); i++) {
		const struct policy_status *s = engine_policy_status(t->loop->engine, i);
		if (s)
			cJSON_AddItemToArray(list, status_summary(s));
	}
	char *text AUTO_FREE = json_text(answer);
	str_puts(json, text);
}

struct telemetry *telemetry_new(struct loop *l, const char *listen, struct err *err)
{
	struct telemetry *t = xcalloc(1, sizeof(*t));
	t->loop = l;
	t->metrics = metrics_new(families, F_COUNT, SERIES_MAX);
	metrics_set(t->metrics, F_BUILD_INFO, LABELS(FORETOP_VERSION), 1);
	struct face_config config = {
		.listen = listen,
		.metrics = t->metrics,
		.before_scrape = before_scrape,
		.policies = write_policies,
		.arg = t,
	};
	t->face = face_new(l->config.reactor, &config, err);
	if (!t->face) {
		telemetry_free(t);
		return NULL;
	}
	face_set_ready(t->face, false, "waiting for the first list of policies");
	log_info("Listens", KV_TEXT("url", face_url(t->face)));
	return t;
}

void telemetry_free(struct telemetry *t)
{
	if (!t)
		return;
	face_free(t->face);
	metrics_free(t->metrics);
	free(t);
}

void telemetry_count(struct telemetry *t, const struct action *a)
{
	static const char *const kinds[] = {[QUERY_CURRENT] = "current",
					    [QUERY_HISTORY] = "history",
					    [QUERY_GUARD] = "guard"};
	if (a->type == ACTION_QUERY)
		metrics_add(t->metrics, F_QUERIES, LABELS(kinds[a->u.query.ref.kind]), 1);
	else if (a->type == ACTION_EVENT)
		metrics_add(t->metrics, F_EVENTS, LABELS(a->u.event.reason), 1);
}

void telemetry_write_failed(struct telemetry *t, const char *kind)
{
	metrics_add(t->metrics, F_WRITE_ERRORS, LABELS(kind), 1);
}

void telemetry_forget(struct telemetry *t, const char *ns, const char *name)
{
	const struct metric_label labels[] = {{"policy_namespace", ns}, {"policy", name}};
	metrics_forget(t->metrics, labels, ARRAY_LEN(labels));
}

void telemetry_ready(struct telemetry *t, bool ready, const char *text)
{
	face_set_ready(t->face, ready, text);
}

const char *telemetry_url(const struct telemetry *t)
{
	return face_url(t->face);
}
