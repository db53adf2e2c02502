#include "simulate_flags.h"

#include "flags.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define HISTORY_DEFAULT (14 * MS_PER_DAY)

static const char help[] =
	"usage: foretop simulate (-f POLICY.yaml | --policy NS/NAME | --hpa NS/NAME)\n"
	"                        (--trace FILE.csv | --prometheus-url URL [--query "
	"PROMQL]) [flags]\n\n"
	"What a policy would have done to a load, through the engine of foretop run, "
	"beside the HPA's\n"
	"rules, a fixed size and a perfect forecast.\n\n"
	"  -f, --filename FILE         the policy, or a ConfigMap that holds it; - is "
	"standard input.\n"
	"                              Its first demand metric is the trace\n"
	"      --policy NS/NAME        the policy of that ConfigMap in the cluster\n"
	"      --hpa NS/NAME           what if this HorizontalPodAutoscaler were moved?\n"
	"      --trace FILE            lines unix_seconds,value: the load from then on\n"
	"      --column NAME           of a table with several columns and a header "
	"line\n"
	"      --query PROMQL          the load of each minute, one series (the policy's "
	"own)\n"
	"      --prometheus-url URL    the server; or --config FILE [--source NAME] of "
	"foretop run\n"
	"      --history DURATION      how far the query reaches back (14d)\n"
	"      --capacity N            what a pod serves (the metric's target; of CPU in "
	"the cluster what\n"
	"                              a pod requests)\n"
	"      --lead DURATION,...     from a pod's creation until it is Ready; of "
	"several each as likely\n"
	"                              as the others (the policy's leadTime, or 2m, or "
	"the step\n"
	"                              of a trace that is coarser)\n"
	"      --peak-pods N           scales the load: its 99.9th percentile needs N "
	"pods\n"
	"      --start TIME            judged from then on, learned from before (RFC "
	"3339 "
	"or Unix\n"
	"                              seconds; default: the second half)\n"
	"      --out FILE              every decision as CSV: unix_seconds,demand,ready,"
	"pods,desired,\n"
	"                              reactive,forecast,upper,reason\n"
	"      --sweep                 other settings too, on one grid: which serve as "
	"well for less?\n"
	"                              Chosen on what is before --start, judged on what "
	"is after it\n"
	"      --report FILE           all of it as one HTML page with charts\n"
	"      --price-per-pod-hour N  for the page's costs\n"
	"  -o, --output FORMAT         table or json\n" CLUSTER_FLAGS_HELP "\n"
	"The world: the load is constant within a step; a pod is paid from its creation; "
	"a scale-down\n"
	"takes pods that are not Ready first, then the newest, at once; metrics are a "
	"rate over the\n"
	"last minute, scraped every 15 s and known 5 s later. A lead below the trace's "
	"step is refused.\n";

enum {
	OPT_TRACE = CLUSTER_OPTION_END,
	OPT_COLUMN,
	OPT_QUERY,
	OPT_PROMETHEUS,
	OPT_CONFIG,
	OPT_SOURCE,
	OPT_HISTORY,
	OPT_CAPACITY,
	OPT_LEAD,
	OPT_PEAK_PODS,
	OPT_START,
	OPT_OUT,
	OPT_POLICY,
	OPT_HPA,
	OPT_SWEEP,
	OPT_REPORT,
	OPT_PRICE,
};

static const struct option options[] = {
	{"filename", required_argument, NULL, 'f'},
	{"trace", required_argument, NULL, OPT_TRACE},
	{"column", required_argument, NULL, OPT_COLUMN},
	{"query", required_argument, NULL, OPT_QUERY},
	{"prometheus-url", required_argument, NULL, OPT_PROMETHEUS},
	{"config", required_argument, NULL, OPT_CONFIG},
	{"source", required_argument, NULL, OPT_SOURCE},
	{"history", required_argument, NULL, OPT_HISTORY},
	{"capacity", required_argument, NULL, OPT_CAPACITY},
	{"lead", required_argument, NULL, OPT_LEAD},
	{"peak-pods", required_argument, NULL, OPT_PEAK_PODS},
	{"start", required_argument, NULL, OPT_START},
	{"out", required_argument, NULL, OPT_OUT},
	{"policy", required_argument, NULL, OPT_POLICY},
	{"hpa", required_argument, NULL, OPT_HPA},
	CLUSTER_OPTIONS,
	{"sweep", no_argument, NULL, OPT_SWEEP},
	{"report", required_argument, NULL, OPT_REPORT},
	{"price-per-pod-hour", required_argument, NULL, OPT_PRICE},
	{"output", required_argument, NULL, 'o'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static int take_output(const char *text, enum simulate_output *ret, struct err *err)
{
	static const char *const names[] = {
		[SIMULATE_TABLE] = "table", [SIMULATE_JSON] = "json"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!strcmp(text, names[i])) {
			*ret = (enum simulate_output)i;
			return 0;
		}
	}
	return err_set(err, ERR_INVALID, "\"%s\": allowed: table, json", text);
}

/* The flags whose text is taken as it is: false when c is none of them. */
static bool take_text(struct simulate_flags *f, int c)
{
	const char **at = c == 'f'              ? &f->policy
			  : c == OPT_TRACE      ? &f->from.input
			  : c == OPT_COLUMN     ? &f->from.column
			  : c == OPT_QUERY      ? &f->from.query
			  : c == OPT_PROMETHEUS ? &f->from.prometheus_url
			  : c == OPT_CONFIG     ? &f->from.config
			  : c == OPT_SOURCE     ? &f->from.source
			  : c == OPT_OUT        ? &f->out
			  : c == OPT_REPORT     ? &f->report
			  : c == OPT_POLICY     ? &f->cluster_policy
			  : c == OPT_HPA        ? &f->hpa
						: NULL;
	if (at)
		*at = optarg;
	return at != NULL;
}

static int take_leads(const char *text, struct simulate_flags *f, struct err *err)
{
	f->lead_count = 0;
	for (const char *at = text;; at++) {
		size_t len = strcspn(at, ",");
		char *one AUTO_FREE = xstrndup(at, len);
		if (f->lead_count == SIMULATE_LEADS_MAX)
			return err_set(err, ERR_INVALID, "more than %d durations",
				       SIMULATE_LEADS_MAX);
		if (flag_duration(one, &f->leads_ms[f->lead_count], err) < 0)
			return -1;
		f->lead_count++;
		at += len;
		if (!*at)
			return 0;
	}
}

static int take_flag(struct simulate_flags *f, int c, const char *flag, struct err *err)
{
	int taken = cluster_flag(&f->cluster, c, err);
	if (taken || take_text(f, c))
		return taken < 0 ? -1 : 0;
	switch (c) {
	case OPT_HISTORY:
		return flag_duration(optarg, &f->from.history_ms, err);
	case OPT_CAPACITY:
		return flag_positive(optarg, &f->capacity, err);
	case OPT_LEAD:
		return take_leads(optarg, f, err);
	case OPT_SWEEP:
		f->sweep = true;
		return 0;
	case OPT_PRICE:
		return flag_positive(optarg, &f->price_per_pod_h, err);
	case OPT_PEAK_PODS:
		return flag_positive(optarg, &f->peak_pods, err);
	case OPT_START:
		return flag_time(optarg, &f->start_ms, err);
	case 'o':
		return take_output(optarg, &f->output, err);
	case ':':
		return err_set(err, ERR_INVALID, "%s needs a value", flag);
	default:
		return err_set(err, ERR_INVALID, "unknown flag %s", flag);
	}
}

static int check_flags(const struct simulate_flags *f, struct err *err)
{
	const struct demand_source *from = &f->from;
	int policies =
		(f->policy != NULL) + (f->cluster_policy != NULL) + (f->hpa != NULL);
	if (policies == 0)
		return err_set(err, ERR_INVALID,
			       "-f is needed: the policy; or --policy or --hpa");
	if (policies > 1)
		return err_set(err, ERR_INVALID,
			       "-f, --policy and --hpa exclude each other");
	const char *name = f->hpa ? f->hpa : f->cluster_policy;
	if (name && !cluster_name_check(name))
		return err_set(err, ERR_INVALID, "--%s: \"%s\": " CLUSTER_NAME_ALLOWED,
			       f->hpa ? "hpa" : "policy", name);
	if (f->price_per_pod_h > 0 && !f->report)
		return err_set(err, ERR_INVALID,
			       "--price-per-pod-hour belongs to --report");
	const char *file = f->out && !strcmp(f->out, "-")         ? "out"
			   : f->report && !strcmp(f->report, "-") ? "report"
								  : NULL;
	if (file)
		return err_set(err, ERR_INVALID,
			       "--%s -: must be a file, as standard output has the table",
			       file);
	bool server = from->prometheus_url || from->config;
	if (from->input && (from->query || server))
		return err_set(err, ERR_INVALID,
			       "--trace is all that is needed: no --query, "
			       "--prometheus-url or --config");
	if (demand_source_check(from, "--trace", err) < 0)
		return -1;
	if (from->query && !server)
		return err_set(err, ERR_INVALID,
			       "--query needs --prometheus-url or --config");
	if (!from->input && !server)
		return err_set(err, ERR_INVALID,
			       "a load is needed: --trace, --prometheus-url or --config");
	if (from->input && f->policy && !strcmp(from->input, "-") &&
	    !strcmp(f->policy, "-"))
		return err_set(err, ERR_INVALID,
			       "-f and --trace cannot both be standard input");
	return 0;
}

static const char *name_of(int c)
{
	size_t i = 0;
	while (options[i].name && options[i].val != c)
		i++;
	return options[i].name;
}

int simulate_flags_parse(struct simulate_flags *ret_flags, int argc, char **argv,
			 struct err *err)
{
	struct simulate_flags *f = ret_flags;
	int c;
	*f = (struct simulate_flags){
		.from = {.step_ms = MS_PER_MIN, .at_ms = INT64_MAX},
		.start_ms = INT64_MIN,
	};
	optind = 1;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":f:o:h" CLUSTER_LETTERS, options, NULL)) !=
	       -1) {
		if (c == 'h') {
			fputs(help, stdout);
			return 1;
		}
		if (take_flag(f, c, argv[optind - 1], err) < 0)
			return c == ':' || c == '?' ? -1
						    : err_wrap(err, "--%s", name_of(c));
	}
	if (optind < argc)
		return err_set(err, ERR_INVALID, "unexpected argument %s", argv[optind]);
	if (check_flags(f, err) < 0)
		return -1;
	if (!f->from.history_ms)
		f->from.history_ms = HISTORY_DEFAULT;
	return 0;
}
