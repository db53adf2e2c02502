/* foretop simulate: what a policy would have done to a load of the past, beside others.
 */
#include "cmd.h"

#include "advice.h"
#include "crew.h"
#include "flags.h"
#include "io/io.h"
#include "loop/loop.h"
#include "progress.h"
#include "recorder.h"
#include "report.h"
#include "runlog.h"
#include "simulate_cluster.h"
#include "simulate_flags.h"
#include "verdict.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_LIMIT (16 * 1024 * 1024)
#define POLICY_LIMIT (1024 * 1024)
#define SYNC_MS      (15 * MS_PER_S)
#define LEAD_DEFAULT (120 * MS_PER_S)
#define LEAD_MAX     (2 * MS_PER_H) /* as forecast.leadTime */
/* A forecast that has seen less than this says nothing. */
#define BEFORE_MIN MS_PER_H
#define PEAK_SHARE 0.999
/* Sums of larger ones are not exact any more. */
#define LOAD_MAX 1e15
/* Beyond it a capacity is more likely wrong than a workload so large. */
#define PODS_MAX 5000

/* Of the half that settings are chosen on, so much is only learned from: a quarter, at
 * most a week. */
#define LEARN_SHARE 4
#define LEARN_MAX   (7 * MS_PER_DAY)

struct simulation {
	struct simulate_flags flags;
	struct trace *demand;
	char *text; /* of the policy's file */
	size_t text_len;
	struct policy *policy;
	struct str notes;
	struct str query; /* the policy's own */
	char *name;       /* of the trace, for people */
	double capacity, cpu_cores;
	int64_t lead_ms, start_ms, end_ms;
	char lead[128]; /* for people */
	struct runlog log;
	FILE *report; /* open until it is written; NULL: none */
	bool report_is_new;
	struct recorder recorder;
	struct sweep sweep;
	struct policy *whole; /* as it was written; NULL: not needed */
	struct progress progress;
	double swept; /* share of the sweep that is done */
};

static void simulation_fini(struct simulation *s)
{
	if (s->report) {
		fclose(s->report);
		if (s->report_is_new)
			unlink(s->flags.report);
	}
	trace_free(s->demand);
	free(s->text);
	policy_free(s->policy);
	str_fini(&s->notes);
	str_fini(&s->query);
	free(s->name);
	runlog_fini(&s->log);
	recorder_fini(&s->recorder);
	sweep_fini(&s->sweep);
	policy_free(s->whole);
}

/* --- input --- */

static const char *policy_name(const struct simulation *s)
{
	const struct simulate_flags *f = &s->flags;
	return f->policy ? f->policy : f->hpa ? f->hpa : f->cluster_policy;
}

/* Without --query: the policy's own, at its own source. */
static int choose_query(struct simulation *s, struct err *err)
{
	struct demand_source *from = &s->flags.from;
	if (from->input || from->query)
		return 0;
	if (loop_history_query(s->policy, 0, &s->query, err) < 0)
		return err_wrap(err, "%s: metrics[0]", policy_name(s));
	from->query = str_text(&s->query);
	if (!from->source && !from->prometheus_url)
		from->source = s->policy->metrics[0].source;
	return 0;
}

/* A load that is unknown throughout, or no load at all, would be replayed as one of zero.
 */
static int check_values(const struct demand *d, struct str *notes, struct err *err)
{
	char time[32];
	size_t known = 0, negative = 0, first = 0;
	if (d->count < 2)
		return err_set(err, ERR_INVALID, "one value alone: two are the least");
	for (size_t i = 0; i < d->count; i++) {
		const struct sample *at = &d->items[i];
		known += !isnan(at->v);
		if (at->v < 0 && negative++ == 0)
			first = i;
		if (at->v > LOAD_MAX)
			return err_set(err, ERR_INVALID,
				       "%.6g at %s: at most %g is allowed", at->v,
				       time_format(at->t_ms, time, sizeof(time)),
				       LOAD_MAX);
	}
	if (known == 0)
		return err_set(err, ERR_INVALID, "%zu values, and not one of them known",
			       d->count);
	if (negative > 0)
		str_printf(notes,
			   "%zu of %zu values are below 0 and taken as 0 (%.6g at "
			   "%s)\n",
			   negative, d->count, d->items[first].v,
			   time_format(d->items[first].t_ms, time, sizeof(time)));
	return 0;
}

static int read_demand(struct simulation *s, struct err *err)
{
	struct demand demand AUTO(demand_fini) = {0};
	const char *name = s->flags.from.input ? s->flags.from.input : "--query";
	if (choose_query(s, err) < 0)
		return -1;
	if (demand_load(&s->flags.from, &demand, err) < 0)
		return -1;
	if (check_values(&demand, &s->notes, err) < 0)
		return err_wrap(err, "%s", name);
	s->demand = trace_of_samples(demand.items, demand.count, demand.step_ms, err);
	return s->demand ? 0 : err_wrap(err, "%s", name);
}

static int read_policy(struct simulation *s, struct err *err)
{
	const char *file = s->flags.policy;
	if (file) {
		if (file_read(file, POLICY_LIMIT, &s->text, &s->text_len, err) < 0)
			return -1;
	} else {
		s->text = simulate_fetch(&s->flags, &s->notes, &s->cpu_cores, err);
		if (!s->text)
			return -1;
		s->text_len = strlen(s->text);
	}
	s->policy = replay_policy(s->text, s->text_len, &s->notes, err);
	return s->policy ? 0 : err_wrap(err, "%s", policy_name(s));
}

/* --- the world --- */

static int choose_capacity(struct simulation *s, struct err *err)
{
	const struct metric_target *target = &s->policy->metrics[0].target;
	s->capacity = s->flags.capacity > 0 ? s->flags.capacity : s->cpu_cores;
	if (s->capacity > 0)
		return 0;
	if (target->type == TARGET_UTILIZATION && !(s->flags.peak_pods > 0))
		return err_set(err, ERR_INVALID,
			       "--capacity is needed: metrics[0] (%s) has a target in "
			       "percent of what a pod requests",
			       s->policy->metrics[0].name);
	s->capacity =
		target->type == TARGET_UTILIZATION ? 1 : (double)target->value_m / 1000;
	if (target->type != TARGET_UTILIZATION)
		str_puts(&s->notes,
			 "without --capacity a pod is taken to serve the metric's "
			 "target and no more\n");
	return 0;
}

/* Whoever plans for more than a pod serves loses load by design: more likely a slip. */
static void check_plan(struct simulation *s)
{
	const struct policy_metric *m = &s->policy->metrics[0];
	const struct verdict pod = {.capacity = s->capacity};
	double planned = verdict_load(&pod, &m->forecast_target);
	if (planned > s->capacity * (1 + 1e-9))
		str_printf(
			&s->notes,
			"forecast.target %.6g is more than the %.6g that a pod serves\n",
			planned, s->capacity);
}

static int scale_demand(struct simulation *s, struct err *err)
{
	double peak = trace_percentile(s->demand, PEAK_SHARE);
	if (!(s->flags.peak_pods > 0))
		return 0;
	if (!(peak > 0))
		return err_set(err, ERR_INVALID,
			       "--peak-pods: the trace's 99.9th percentile is 0");
	trace_scale(s->demand, s->flags.peak_pods * s->capacity / peak);
	return 0;
}

/* The shortest decides whether the trace can tell, the longest is planned for. Returns
 * who asks for them. */
static const char *find_leads(struct simulation *s, int64_t *ret_least)
{
	const struct simulate_flags *f = &s->flags;
	int64_t configured = s->policy->forecast.lead_time_ms;
	int64_t step = s->demand->step_ms;
	s->lead_ms = *ret_least = configured > 0        ? configured
				  : step > LEAD_DEFAULT ? step
							: LEAD_DEFAULT;
	for (int32_t i = 0; i < f->lead_count; i++) {
		int64_t lead = f->leads_ms[i];
		if (i == 0)
			s->lead_ms = *ret_least = lead;
		s->lead_ms = lead > s->lead_ms ? lead : s->lead_ms;
		*ret_least = lead < *ret_least ? lead : *ret_least;
	}
	return f->lead_count    ? "--lead"
	       : configured > 0 ? "leadTime"
				: "lead by the step";
}

static int choose_lead(struct simulation *s, struct err *err)
{
	char least[48], most[48], step[48];
	int64_t shortest;
	const char *asker = find_leads(s, &shortest);
	duration_format(s->lead_ms, most, sizeof(most));
	duration_format(shortest, least, sizeof(least));
	if (shortest == s->lead_ms)
		snprintf(s->lead, sizeof(s->lead), "%s", most);
	else
		snprintf(s->lead, sizeof(s->lead), "%s to %s", least, most);
	if (s->lead_ms > LEAD_MAX)
		return err_set(err, ERR_INVALID, "%s %s: at most 2h", asker, most);
	if (shortest < s->demand->step_ms)
		return err_set(err, ERR_INVALID,
			       "%s %s: shorter than the trace's step of %s, within "
			       "which the load is constant: its first moments would "
			       "tell the rest",
			       asker, least,
			       duration_format(s->demand->step_ms, step, 48));
	return 0;
}

static int64_t ceil_to(int64_t ms, int64_t unit)
{
	int64_t over = ((ms % unit) + unit) % unit;
	return over ? ms + unit - over : ms;
}

static int choose_span(struct simulation *s, struct err *err)
{
	char first[32], last[32];
	int64_t from = s->demand->start_ms, to = trace_end_ms(s->demand);
	int64_t earliest = from + BEFORE_MIN, latest = to - BEFORE_MIN;
	int64_t start = s->flags.start_ms;
	if (earliest > latest)
		return err_set(err, ERR_INVALID,
			       "the trace is shorter than two hours: too short to learn "
			       "from and to judge by");
	if (start == INT64_MIN)
		start = from + (to - from) / 2;
	else if (start < earliest || start > latest)
		return err_set(err, ERR_INVALID, "--start: allowed: %s to %s",
			       time_format(earliest, first, sizeof(first)),
			       time_format(latest, last, sizeof(last)));
	s->start_ms = ceil_to(start, SYNC_MS);
	s->end_ms = ceil_to(to - SYNC_MS + 1, SYNC_MS);
	return 0;
}

/* More than the policy allows is worth a word, more than makes sense an error. */
static int check_size(struct simulation *s, struct err *err)
{
	double peak = fmax(trace_at(s->demand, s->start_ms),
			   trace_max(s->demand, s->start_ms, s->end_ms - 1));
	double pods = ceil(peak / s->capacity);
	int32_t most = s->policy->max_replicas;
	if (fmin(pods, most) > PODS_MAX)
		return err_set(
			err, ERR_INVALID,
			"--capacity %.6g: the load's peak of %.6g needs %.10g pods, "
			"at most %d are simulated",
			s->capacity, peak, pods, PODS_MAX);
	if (pods > most)
		str_printf(&s->notes,
			   "the load's peak of %.6g needs %.10g pods, maxReplicas allows "
			   "%d\n",
			   peak, pods, most);
	return 0;
}

static int read_whole(struct simulation *s, struct err *err)
{
	if (!s->flags.sweep)
		return 0;
	s->whole = replay_policy_whole(s->text, s->text_len, err);
	return s->whole ? 0 : -1;
}

static void name_trace(struct simulation *s)
{
	const struct demand_source *from = &s->flags.from;
	s->name = xstrdup(from->column  ? from->column
			  : from->query ? from->query
					: from->input);
}

/* Before the work: a name that cannot be written is better known now. What an earlier run
 * has left there stays until there is something to put in its place. */
static int open_report(struct simulation *s, struct err *err)
{
	if (!s->flags.report)
		return 0;
	s->report_is_new = access(s->flags.report, F_OK) != 0;
	s->report = fopen(s->flags.report, "a");
	if (!s->report)
		return err_set(err, ERR_INVALID, "--report %s: %s", s->flags.report,
			       strerror(errno));
	recorder_init(&s->recorder, s->start_ms, s->end_ms, s->capacity);
	return 0;
}

static int prepare(struct simulation *s, struct err *err)
{
	if (read_policy(s, err) < 0 || read_whole(s, err) < 0 ||
	    read_demand(s, err) < 0 || choose_capacity(s, err) < 0 ||
	    scale_demand(s, err) < 0 || choose_lead(s, err) < 0 ||
	    choose_span(s, err) < 0 || check_size(s, err) < 0)
		return -1;
	check_plan(s);
	name_trace(s);
	if (open_report(s, err) < 0)
		return -1;
	return runlog_open(&s->log, s->flags.out, err);
}

/* --- the run --- */

/* Of all that is to be done, what one part is. */
#define CONTEST_SHARE 0.06

static void contest_progress(void *arg, double share)
{
	struct simulation *s = arg;
	progress_show(&s->progress, s->flags.sweep ? share * CONTEST_SHARE : share);
}

/* Threads come here in any order: the bar never goes back. */
static void sweep_progress(void *arg, double share)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct simulation *s = arg;
	pthread_mutex_lock(&lock);
	if (share > s->swept)
		s->swept = share;
	progress_show(&s->progress, CONTEST_SHARE + (1 - CONTEST_SHARE) * s->swept);
	pthread_mutex_unlock(&lock);
}

static void heed(void *arg, const struct replay_row *row)
{
	struct simulation *s = arg;
	runlog_heed(&s->log, row);
	if (s->recorder.cells)
		recorder_heed(&s->recorder, row);
}

/* CPU is used in proportion to the load, in the trace's own units. */
static struct workload_config workload_of(const struct simulation *s)
{
	bool several = s->flags.lead_count > 1;
	return (struct workload_config){
		.demand = s->demand,
		.capacity = s->capacity,
		.lead_ms = s->lead_ms,
		.leads_ms = several ? s->flags.leads_ms : NULL,
		.lead_count = several ? s->flags.lead_count : 0,
		.cpu_full = s->capacity,
		.cpu_request = s->capacity,
	};
}

static int run(struct simulation *s, struct contest_result *ret, struct err *err)
{
	const struct contest_config config = {
		.policy = s->text,
		.policy_len = s->text_len,
		.workload = workload_of(s),
		.start_ms = s->start_ms,
		.end_ms = s->end_ms,
		.heed = heed,
		.arg = s,
		.progress = contest_progress,
		.progress_arg = s,
	};
	if (contest_run(&config, ret, err) < 0)
		return err_wrap(err, "%s", policy_name(s));
	if (s->recorder.cells)
		recorder_end(&s->recorder);
	return runlog_close(&s->log, s->end_ms, err);
}

static int run_sweep(struct simulation *s, struct err *err)
{
	int64_t from = s->demand->start_ms;
	int64_t learn = (s->start_ms - from) / LEARN_SHARE;
	if (learn > LEARN_MAX)
		learn = LEARN_MAX;
	const struct sweep_config config = {
		.policy = s->text,
		.policy_len = s->text_len,
		.workload = workload_of(s),
		.first_ms = ceil_to(from + learn, SYNC_MS),
		.start_ms = s->start_ms,
		.end_ms = s->end_ms,
		.progress = sweep_progress,
		.progress_arg = s,
		.spread = crew_spread,
	};
	if (!s->flags.sweep)
		return 0;
	if (sweep_run(&config, &s->sweep, err) < 0)
		return err_wrap(err, "%s", policy_name(s));
	return 0;
}

static int write_report(struct simulation *s, const struct report *report,
			struct err *err)
{
	struct str page AUTO(str_fini) = {0};
	if (!s->flags.report)
		return 0;
	str_init(&page, OUTPUT_LIMIT);
	report_html(report, &page);
	/* A device has no length. */
	bool failed = ftruncate(fileno(s->report), 0) < 0 && errno != EINVAL;
	failed |= fputs(str_text(&page), s->report) < 0;
	failed |= fclose(TAKE(s->report)) != 0;
	return failed ? err_set(err, ERR_RETRY, "--report %s: %s", s->flags.report,
				strerror(errno))
		      : 0;
}

static int simulate(struct simulation *s, struct str *out, struct err *err)
{
	struct contest_result result;
	if (prepare(s, err) < 0 || run(s, &result, err) < 0 || run_sweep(s, err) < 0)
		return -1;
	progress_end(&s->progress);
	const struct verdict verdict = {
		.name = s->name,
		.demand = s->demand,
		.policy = s->policy,
		.notes = str_text(&s->notes),
		.capacity = s->capacity,
		.lead_ms = s->lead_ms,
		.lead = s->lead,
		.start_ms = s->start_ms,
		.end_ms = s->end_ms,
		.result = &result,
	};
	struct advice advice;
	if (s->flags.sweep)
		advice = advice_make(&s->sweep, s->policy, s->whole);
	const struct advice *swept = s->flags.sweep ? &advice : NULL;
	if (s->flags.output == SIMULATE_JSON) {
		verdict_json(&verdict, swept ? advice_json(swept) : NULL, out);
	} else {
		verdict_table(&verdict, out);
		if (swept) {
			str_puts(out, "\n");
			advice_table(swept, flag_utf8_terminal(), out);
		}
	}
	const struct report report = {.verdict = &verdict,
				      .recorder = &s->recorder,
				      .advice = swept,
				      .price_per_pod_h = s->flags.price_per_pod_h};
	return write_report(s, &report, err);
}

int cmd_simulate(int argc, char **argv)
{
	struct simulation s AUTO(simulation_fini) = {0};
	struct str out AUTO(str_fini);
	struct err err;
	str_init(&out, OUTPUT_LIMIT);
	str_init(&s.notes, OUTPUT_LIMIT);
	str_init(&s.query, OUTPUT_LIMIT);
	int code = simulate_flags_parse(&s.flags, argc, argv, &err);
	if (code > 0)
		return EXIT_SUCCESS;
	if (code < 0) {
		fprintf(stderr, "foretop simulate: %s\nSee foretop simulate --help\n",
			err.msg);
		return EXIT_USAGE;
	}
	progress_begin(&s.progress, stderr, isatty(STDERR_FILENO));
	if (simulate(&s, &out, &err) < 0) {
		progress_end(&s.progress);
		fprintf(stderr, "foretop simulate: %s\n", err.msg);
		return EXIT_FAILURE;
	}
	fputs(str_text(&out), stdout);
	return EXIT_SUCCESS;
}
