/* The one table of all metrics: it drives what is exported and what docs/metrics.md says.
 * Labels of policies are chosen not to collide with those that Prometheus adds to a
 * scraped target: `target_namespace`, not `namespace`. */
#include "loop/families.h"

#include "loop/loop.h"

#define POLICY_LABELS "target_namespace", "policy", "target_name"

#define FAMILY(name_, kind_, help_)                                                      \
	.name = (name_), .kind = FAMILY_##kind_, .help = (help_)
#define PER_POLICY(name_, kind_, help_)                                                  \
	{                                                                                \
		FAMILY(name_, kind_, help_), .labels = {POLICY_LABELS}, .live = true     \
	}
#define PER_POLICY_AND(label_, name_, kind_, help_)                                      \
	{                                                                                \
		FAMILY(name_, kind_, help_), .labels = {POLICY_LABELS, label_},          \
					     .live = true                                \
	}
#define PER_METRIC(name_, kind_, help_) PER_POLICY_AND("metric", name_, kind_, help_)
#define PROCESS(name_, kind_, help_)                                                     \
	{                                                                                \
		FAMILY(name_, kind_, help_), .live = true                                \
	}
/* client-go's buckets, so that dashboards for other controllers fit. */
#define REQUEST_BOUNDS                                                                   \
	.bounds = {0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60},                \
	.bound_count = 12

static const struct metric_family families[F_COUNT] = {
	/* --- the process --- */
	[F_BUILD_INFO] = {FAMILY("foretop_build_info", GAUGE,
				 "The version that runs; always 1."),
			  .labels = {"version"}},
	[F_LEADER] = {FAMILY("leader_election_master_status", GAUGE,
			     "1 while this replica leads: of a shard, by the name of its "
			     "Lease."),
		      .labels = {"name"}},
	[F_SHARDS] = {FAMILY("foretop_shards", GAUGE,
			     "Shards that policies are split over; 1: one leader for "
			     "all.")},
	[F_SHARDS_HELD] = {FAMILY("foretop_shards_held", GAUGE,
				  "Shards whose policies this replica decides.")},
	[F_REPLICAS] = {FAMILY("foretop_replicas_seen", GAUGE,
			       "Replicas that share the shards as this one sees it, "
			       "itself included; 1 with one shard.")},
	[F_DRY_RUN] = {FAMILY("foretop_dry_run", GAUGE,
			      "1 when this process was told to write nothing.")},
	[F_POLICIES] = {FAMILY("foretop_policies", GAUGE,
			       "Policies that this replica serves.")},
	[F_TURNED_AWAY] = {FAMILY("foretop_policies_turned_away", GAUGE,
				  "Policies for which there is no place beside "
				  "`maxPolicies` others.")},
	[F_RELOADED] = {FAMILY("foretop_config_last_reload_successful", GAUGE,
			       "1 while the newest configuration is in force, 0 when it "
			       "was refused and the one before it stays.")},
	[F_RELOADED_AT] = {FAMILY("foretop_config_last_reload_success_timestamp_seconds",
				  GAUGE,
				  "When the configuration in force was read, Unix "
				  "time.")},
	[F_LATENESS] = {FAMILY("foretop_tick_lateness_seconds", HISTOGRAM,
			       "How late the loop came to what was due: large when the "
			       "process gets too little CPU."),
			.bounds = {0.001, 0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 15},
			.bound_count = 9},
	[F_STEP] = {FAMILY("foretop_step_duration_seconds", HISTOGRAM,
			   "Time of one step of the engine with its actions: nothing "
			   "else happens meanwhile."),
		    .bounds = {0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.005, 0.025, 0.1,
			       0.5},
		    .bound_count = 9},
	[F_RECONCILES] = {FAMILY("controller_runtime_reconcile_total", COUNTER,
				 "Decisions of all policies, by result: error when "
				 "something was unknown."),
			  .labels = {"controller", "result"}},
	[F_RECONCILE_ERRORS] =
		{FAMILY(
			 "controller_runtime_reconcile_errors_total", COUNTER,
			 "Decisions of all policies for which something was unknown."),
		 .labels = {"controller"}},
	[F_BREAKER] = {FAMILY("foretop_breaker_trips_total", COUNTER,
			      "Times that many policies of a source wanted much less at "
			      "once and were held.")},
	[F_DROPPED] = {FAMILY("foretop_metric_series_dropped_total", COUNTER,
			      "Updates of series beyond the limit of this page, which "
			      "are not exported.")},
	/* --- the Kubernetes client --- */
	[F_REST_REQUESTS] = {FAMILY("rest_client_requests_total", COUNTER,
				    "Requests to the API server by code (\"<error>\" "
				    "without an answer), method and host; watches over "
				    "WebSocket are not in it."),
			     .labels = {"code", "method", "host"}},
	[F_REST_DURATION] = {FAMILY("rest_client_request_duration_seconds", HISTOGRAM,
				    "Time of requests to the API server, waiting in "
				    "queues and watches apart."),
			     .labels = {"verb", "host"}, REQUEST_BOUNDS},
	[F_QUEUE_DEPTH] = {FAMILY("workqueue_depth", GAUGE,
				  "Requests to the API server that wait for the rate "
				  "limit (name kubernetes-requests), Events that wait "
				  "to be written (events)."),
			   .labels = {"name", "controller"}},
	[F_WATCH_BREAKS] = {FAMILY("foretop_watch_interruptions_total", COUNTER,
				   "Times that a watch broke or could not begin, by what "
				   "it watches."),
			    .labels = {"resource"}},
	[F_WATCH_EXPIRED] = {FAMILY("foretop_watch_expired_total", COUNTER,
				    "Times that the API server had forgotten where a "
				    "watch was (410), so that all was listed anew, by "
				    "what it watches."),
			     .labels = {"resource"}},
	[F_WRITE_ERRORS] = {FAMILY("foretop_write_errors_total", COUNTER,
				   "Writes that the API server refused or did not "
				   "answer, by kind: scale, floor (minReplicas of an "
				   "HPA), status; conflicts are not in it."),
			    .labels = {"kind"}},
	[F_EVENTS] = {FAMILY("foretop_events_total", COUNTER,
			     "Kubernetes Events, by reason."),
		      .labels = {"reason"}},
	[F_EVENTS_LOST] = {FAMILY("foretop_events_lost_total", COUNTER,
				  "Events that were not written: too many at once, or "
				  "the API server refused them.")},
	/* --- the Prometheus client --- */
	[F_PROM_REQUESTS] = {FAMILY("foretop_prometheus_requests_total", COUNTER,
				    "Requests to a source by code; \"<error>\" without "
				    "an answer."),
			     .labels = {"source", "code"}},
	[F_PROM_DURATION] = {FAMILY("foretop_prometheus_request_duration_seconds",
				    HISTOGRAM,
				    "Time of requests to a source, waiting in queues "
				    "apart."),
			     .labels = {"source"}, REQUEST_BOUNDS},
	[F_QUERIES] = {FAMILY("foretop_queries_total", COUNTER,
			      "Queries of policies, by source and kind: current, "
			      "history, guard. Equal ones share a request."),
		       .labels = {"source", "kind"}},
	[F_QUERY_FAILURES] =
		{FAMILY(
			 "foretop_query_failures_total", COUNTER,
			 "Queries that brought no value to act on, by cause: empty, "
			 "partial, refused (the query is wrong), failed, late (no answer "
			 "within the cycle)."),
		 .labels = {"source", "kind", "cause"}},
	/* --- each policy --- */
	[F_INFO] = {FAMILY("foretop_policy_info", GAUGE,
			   "What a policy is about; always 1."),
		    .labels = {POLICY_LABELS, "target_kind", "mode"}, .live = true},
	[F_CONDITION] = PER_POLICY_AND("condition", "foretop_policy_condition", GAUGE,
				       "1 while the condition is True, 0 while it is "
				       "False; missing while unknown."),
	[F_CURRENT] = PER_POLICY("foretop_current_replicas", GAUGE,
				 "Replicas that the target asks for now."),
	[F_DESIRED] = PER_POLICY("foretop_desired_replicas", GAUGE,
				 "Replicas of the last decision."),
	[F_REACTIVE] = PER_POLICY("foretop_reactive_replicas", GAUGE,
				  "Best proposal of the HPA's rule, before limits."),
	[F_PREDICTED] = PER_POLICY("foretop_predicted_replicas", GAUGE,
				   "Best proposal of a forecast, before limits; missing "
				   "while there is none."),
	[F_READY_PODS] = PER_POLICY("foretop_ready_pods", GAUGE,
				    "Pods of the target that are Ready."),
	[F_MIN] = PER_POLICY("foretop_min_replicas", GAUGE, "minReplicas of the policy."),
	[F_MAX] = PER_POLICY("foretop_max_replicas", GAUGE, "maxReplicas of the policy."),
	[F_FLOOR] = PER_POLICY("foretop_floor_replicas", GAUGE,
			       "minReplicas of the HPA that a policy of mode Floor "
			       "moves."),
	[F_FLOOR_OWN] = PER_POLICY("foretop_floor_original_replicas", GAUGE,
				   "minReplicas that its user gave that HPA."),
	[F_LEAD] = PER_POLICY("foretop_lead_time_seconds", GAUGE,
			      "Time that new pods need to become Ready: measured, "
			      "configured or default."),
	[F_GATE_OPEN] = PER_POLICY("foretop_gate_open", GAUGE,
				   "1 while the forecast has earned its place; only with "
				   "a forecast."),
	[F_GATE_COST] = PER_POLICY_AND("rule", "foretop_gate_cost_pods", GAUGE,
				       "Recent cost of following the forecast and of the "
				       "reactive rule alone, in pods, load not served "
				       "included; NaN before the first forecast."),
	[F_GATE_EVIDENCE] = PER_POLICY("foretop_gate_evidence_seconds", GAUGE,
				       "Time with a forecast that the gate has seen."),
	[F_CAPPED] = PER_POLICY("foretop_forecast_capped", GAUGE,
				"1 while a forecast that has not proved itself asks for "
				"more than it may."),
	[F_DECIDED_AT] = PER_POLICY("foretop_last_decision_timestamp_seconds", GAUGE,
				    "When the policy last decided, Unix time."),
	[F_SCALED_AT] = PER_POLICY("foretop_last_scale_timestamp_seconds", GAUGE,
				   "When its replicas were last written, Unix time."),
	[F_DECISIONS] = PER_POLICY_AND("reason", "foretop_decisions_total", COUNTER,
				       "Decisions by what their size rests on: reactive, "
				       "forecast, bounds, held, unknown, disabled."),
	[F_CLAMPS] =
		PER_POLICY_AND("clamp", "foretop_decision_clamps_total", COUNTER,
			       "Decisions in whose way something stood: bounds, "
			       "rates, stabilization, holds, the cap of a forecast."),
	[F_WRITES] = {FAMILY("foretop_scale_writes_total", COUNTER,
			     "Writes of replicas (mode Floor: of minReplicas) that went "
			     "through, by direction and by what they rest on."),
		      .labels = {POLICY_LABELS, "direction", "reason"}, .live = true},
	[F_CONFLICTS] = PER_POLICY("foretop_scale_conflicts_total", COUNTER,
				   "Writes refused because the target had changed; it is "
				   "read and decided again."),
	[F_FAILURES] = PER_POLICY("foretop_scale_failures_total", COUNTER,
				  "Writes that failed."),
	/* --- each metric of a policy --- */
	[F_DEMAND] = PER_METRIC("foretop_metric_demand", GAUGE,
				"Demand on the workload, in the metric's unit; NaN while "
				"unknown."),
	[F_FORECAST] = PER_METRIC("foretop_metric_forecast", GAUGE,
				  "Expected largest demand within the window."),
	[F_UPPER] = PER_METRIC("foretop_metric_forecast_upper", GAUGE,
			       "Upper quantile of the largest demand within the window: "
			       "what is planned for."),
	[F_WINDOW] = PER_METRIC("foretop_metric_forecast_window_seconds", GAUGE,
				"Length of the window that is forecast: the horizon."),
	[F_USABLE] = PER_METRIC("foretop_metric_forecast_usable", GAUGE,
				"1 while the metric's forecast may propose replicas."),
	[F_SKILL] = PER_METRIC("foretop_metric_forecast_skill_ratio", GAUGE,
			       "1 - loss / loss of the best baseline."),
	[F_COVERAGE] = PER_METRIC("foretop_metric_forecast_coverage_ratio", GAUGE,
				  "Share of recent load that the upper quantile "
				  "covered."),
	[F_ANOMALIES] = PER_METRIC("foretop_metric_anomalies_total", COUNTER,
				   "Times that a metric was far from what was expected: "
				   "not learned, and scale-down held."),
	/* --- what every Prometheus client exports --- */
	[F_CPU] = PROCESS("process_cpu_seconds_total", COUNTER,
			  "Total user and system CPU time spent in seconds."),
	[F_RSS] = PROCESS("process_resident_memory_bytes", GAUGE,
			  "Resident memory size in bytes."),
	[F_RSS_ANON] = PROCESS("process_resident_anonymous_memory_bytes", GAUGE,
			       "Resident memory that is not backed by files, in bytes."),
	[F_VIRTUAL] = PROCESS("process_virtual_memory_bytes", GAUGE,
			      "Virtual memory size in bytes."),
	[F_OPEN_FDS] =
		PROCESS("process_open_fds", GAUGE, "Number of open file descriptors."),
	[F_MAX_FDS] = PROCESS("process_max_fds", GAUGE,
			      "Maximum number of open file descriptors."),
	[F_START] = PROCESS("process_start_time_seconds", GAUGE,
			    "Start time of the process since unix epoch in seconds."),
};

const struct metric_family *loop_families(int *ret_count)
{
	*ret_count = F_COUNT;
	return families;
}
