#include "forecast_flags.h"

#include "flags.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEVEL_DEFAULT   .9
#define HISTORY_DEFAULT (14 * MS_PER_DAY)
#define ORIGINS_DEFAULT 20
#define ORIGINS_MAX     1000

static const char help[] =
	"usage: foretop forecast [NS/]POLICY --prometheus-url URL [flags]\n"
	"       foretop forecast --input FILE.csv [flags]\n"
	"       foretop forecast --query PROMQL --prometheus-url URL [flags]\n\n"
	"Forecasts the demand of a policy's workload, or any series, and says what the "
	"forecast rests on.\n\n"
	"      --metric NAME          of the policy (the first that can be forecast)\n"
	"      --input FILE           lines unix_seconds,value; - is standard input\n"
	"      --column NAME          of a table with several columns and a header line\n"
	"      --query PROMQL         of one series\n"
	"      --prometheus-url URL   the server; or --config FILE [--source NAME] of "
	"foretop run\n"
	"      --history DURATION     how far the query reaches back (the policy's, or "
	"14d)\n"
	"      --step DURATION        Auto (default), or the series' mean over such "
	"steps\n"
	"      --horizon DURATION     how far ahead (24h; of fine steps at most 10080)\n"
	"      --levels LIST          shares inside the intervals (0.9), as 0.9,0.95\n"
	"      --seasons LIST         Auto (found in the data), none, or as 24h,7d\n"
	"      --at TIME              ignore everything after it (RFC 3339 or Unix "
	"seconds)\n"
	"      --backtest             forecast from earlier moments, with what was known "
	"then\n"
	"      --origins N            how many of them (20)\n"
	"  -o, --output FORMAT        table, csv, json or svg\n" CLUSTER_FLAGS_HELP;

enum {
	OPT_METRIC = CLUSTER_OPTION_END,
	OPT_INPUT,
	OPT_COLUMN,
	OPT_QUERY,
	OPT_PROMETHEUS,
	OPT_CONFIG,
	OPT_SOURCE,
	OPT_HISTORY,
	OPT_STEP,
	OPT_HORIZON,
	OPT_LEVELS,
	OPT_SEASONS,
	OPT_AT,
	OPT_BACKTEST,
	OPT_ORIGINS,
};

static const struct option options[] = {
	CLUSTER_OPTIONS,
	{"metric", required_argument, NULL, OPT_METRIC},
	{"input", required_argument, NULL, OPT_INPUT},
	{"column", required_argument, NULL, OPT_COLUMN},
	{"query", required_argument, NULL, OPT_QUERY},
	{"prometheus-url", required_argument, NULL, OPT_PROMETHEUS},
	{"config", required_argument, NULL, OPT_CONFIG},
	{"source", required_argument, NULL, OPT_SOURCE},
	{"history", required_argument, NULL, OPT_HISTORY},
	{"step", required_argument, NULL, OPT_STEP},
	{"horizon", required_argument, NULL, OPT_HORIZON},
	{"levels", required_argument, NULL, OPT_LEVELS},
	{"seasons", required_argument, NULL, OPT_SEASONS},
	{"at", required_argument, NULL, OPT_AT},
	{"backtest", no_argument, NULL, OPT_BACKTEST},
	{"origins", required_argument, NULL, OPT_ORIGINS},
	{"output", required_argument, NULL, 'o'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

/* --- flags --- */

static bool is_auto(const char *text)
{
	return !strcasecmp(text, "auto");
}

/* Calls `take` for every part between commas. */
static int for_parts(const char *text,
		     int (*take)(struct forecast_flags *, const char *, struct err *),
		     struct forecast_flags *f, struct err *err)
{
	while (true) {
		size_t len = strcspn(text, ",");
		char *part AUTO_FREE = xstrndup(text, len);
		if (take(f, part, err) < 0)
			return -1;
		if (!text[len])
			return 0;
		text += len + 1;
	}
}

static int take_level(struct forecast_flags *f, const char *text, struct err *err)
{
	char *end;
	double level = strtod(text, &end);
	if (!*text || *end || !(level > 0 && level < 1))
		return err_set(err, ERR_INVALID,
			       "\"%s\": allowed are shares between 0 and 1, as 0.95",
			       text);
	if (f->level_count == PATH_LEVELS_MAX)
		return err_set(err, ERR_INVALID, "more than %d levels", PATH_LEVELS_MAX);
	if (f->level_count && level <= f->levels[f->level_count - 1])
		return err_set(err, ERR_INVALID, "\"%s\": the levels must ascend", text);
	f->levels[f->level_count++] = level;
	return 0;
}

static int take_season(struct forecast_flags *f, const char *text, struct err *err)
{
	int64_t ms;
	if (flag_duration(text, &ms, err) < 0)
		return -1;
	if (f->season_count == PROSPECT_SEASONS)
		return err_set(err, ERR_INVALID, "more than %d seasons",
			       PROSPECT_SEASONS);
	if (f->season_count && ms <= f->seasons_ms[f->season_count - 1])
		return err_set(err, ERR_INVALID, "\"%s\": the seasons must ascend", text);
	f->seasons_ms[f->season_count++] = ms;
	return 0;
}

static int take_seasons(struct forecast_flags *f, const char *text, struct err *err)
{
	f->season_count = 0;
	f->find_seasons = is_auto(text);
	if (f->find_seasons || !strcasecmp(text, "none"))
		return 0;
	return for_parts(text, take_season, f, err);
}

static int take_levels(struct forecast_flags *f, const char *text, struct err *err)
{
	f->level_count = 0;
	return for_parts(text, take_level, f, err);
}

static int take_output(const char *text, enum output *ret, struct err *err)
{
	static const char *const names[] = {[OUTPUT_TABLE] = "table",
					    [OUTPUT_CSV] = "csv",
					    [OUTPUT_JSON] = "json",
					    [OUTPUT_SVG] = "svg"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!strcmp(text, names[i])) {
			*ret = (enum output)i;
			return 0;
		}
	}
	return err_set(err, ERR_INVALID, "\"%s\": allowed: table, csv, json, svg", text);
}

/* The flags that name a source of data: false when c is none of them. */
static bool take_source(struct demand_source *from, int c)
{
	const char **texts[] = {
		[OPT_INPUT - OPT_INPUT] = &from->input,
		[OPT_COLUMN - OPT_INPUT] = &from->column,
		[OPT_QUERY - OPT_INPUT] = &from->query,
		[OPT_PROMETHEUS - OPT_INPUT] = &from->prometheus_url,
		[OPT_CONFIG - OPT_INPUT] = &from->config,
		[OPT_SOURCE - OPT_INPUT] = &from->source,
	};
	if (c < OPT_INPUT || c > OPT_SOURCE)
		return false;
	*texts[c - OPT_INPUT] = optarg;
	return true;
}

static int take_flag(void *arg, int c, struct err *err)
{
	struct forecast_flags *f = arg;
	int taken = cluster_flag(&f->cluster, c, err);
	if (taken || take_source(&f->from, c))
		return taken < 0 ? -1 : 0;
	switch (c) {
	case OPT_METRIC:
		f->metric = optarg;
		return 0;
	case OPT_HISTORY:
		return flag_duration(optarg, &f->from.history_ms, err);
	case OPT_STEP:
		f->step_ms = 0;
		return is_auto(optarg) ? 0 : flag_duration(optarg, &f->step_ms, err);
	case OPT_HORIZON:
		return flag_duration(optarg, &f->horizon_ms, err);
	case OPT_LEVELS:
		return take_levels(f, optarg, err);
	case OPT_SEASONS:
		return take_seasons(f, optarg, err);
	case OPT_AT:
		return flag_time(optarg, &f->from.at_ms, err);
	case OPT_BACKTEST:
		f->backtest = true;
		return 0;
	case OPT_ORIGINS:
		return flag_whole(optarg, 1, ORIGINS_MAX, &f->origins, err);
	default: /* 'o' */
		return take_output(optarg, &f->output, err);
	}
}

static int check_flags(const struct forecast_flags *f, struct err *err)
{
	const struct demand_source *from = &f->from;
	if (!f->policy + !from->input + !from->query != 2)
		return err_set(err, ERR_INVALID,
			       "one is needed: a policy, --input or --query");
	if (f->policy && !cluster_name_check(f->policy))
		return err_set(err, ERR_INVALID, "\"%s\": " CLUSTER_NAME_ALLOWED,
			       f->policy);
	if (demand_source_check(from, "--input", err) < 0)
		return -1;
	if (f->origins && !f->backtest)
		return err_set(err, ERR_INVALID, "--origins belongs to --backtest");
	if (f->metric && !f->policy)
		return err_set(err, ERR_INVALID, "--metric belongs to a policy");
	if (!from->input && !from->prometheus_url && !from->config)
		return err_set(err, ERR_INVALID, "%s needs --prometheus-url or --config",
			       f->policy ? "a policy" : "--query");
	if (f->backtest && f->output == OUTPUT_SVG)
		return err_set(err, ERR_INVALID,
			       "a back-test has no picture: use -o table, csv or json");
	return 0;
}

int forecast_flags_parse(struct forecast_flags *ret_flags, int argc, char **argv)
{
	struct forecast_flags *f = ret_flags;
	const struct flag_table table = {.help = help,
					 .letters = ":o:h" CLUSTER_LETTERS,
					 .options = options,
					 .take = take_flag,
					 .arg = f};
	struct err err;
	*f = (struct forecast_flags){
		.from = {.at_ms = INT64_MAX},
		.cluster = {.foretop_ns = CLUSTER_FORETOP_NAMESPACE},
		.level_count = 1,
		.levels = {LEVEL_DEFAULT},
		.find_seasons = true,
	};
	int code = flags_read(&table, argc, argv);
	if (code >= 0)
		return code;
	if (optind < argc)
		f->policy = argv[optind++];
	if (optind < argc)
		return flags_wrong(argv[0], "unexpected argument %s", argv[optind]);
	if (check_flags(f, &err) < 0)
		return flags_wrong(argv[0], "%s", err.msg);
	if (!f->origins)
		f->origins = ORIGINS_DEFAULT;
	if (!f->from.history_ms && !f->policy)
		f->from.history_ms = HISTORY_DEFAULT;
	return -1;
}
