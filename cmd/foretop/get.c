/* foretop get: policies with their sizes, forecasts and states. */
#include "get.h"

#include "cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDE_COLUMNS 10
#define OUTPUT_LIMIT (256u * 1024 * 1024)

static const char help[] =
	"usage: foretop get [NS/]POLICY... | [-A] [-l SELECTOR] [flags]\n\n"
	"Policies with their sizes now, as decided and as forecast.\n\n"
	"  -A, --all-namespaces        in every namespace\n"
	"  -l, --selector SELECTOR     with these labels only\n"
	"  -o, --output FORMAT         wide, json, yaml or name\n"
	"  -w, --watch                 and every change from now on\n"
	"      --no-headers            rows alone\n" CLUSTER_FORETOP_HELP
		CLUSTER_FLAGS_HELP "\n"
	"States: Predictive (a forecast is followed), Reactive (the HPA's rules alone), "
	"Held (the size\nis kept, `foretop explain` says by what), Unknown (no metric or "
	"no target), Conflict (an HPA\nor an older policy has the target), Paused, "
	"Invalid "
	"(the text is refused), Waiting (nothing\ndecided yet).\n";

enum { OPT_NO_HEADERS = CLUSTER_OPTION_END };

static const struct option options[] = {
	CLUSTER_OPTIONS,
	CLUSTER_FORETOP_OPTION,
	{"all-namespaces", no_argument, NULL, 'A'},
	{"selector", required_argument, NULL, 'l'},
	{"output", required_argument, NULL, 'o'},
	{"watch", no_argument, NULL, 'w'},
	{"no-headers", no_argument, NULL, OPT_NO_HEADERS},
	{"help", no_argument, NULL, 'h'},
	{0},
};

/* kubectl's outputs that need a language of their own. */
static bool is_template(const char *output)
{
	static const char *const templates[] = {"jsonpath", "go-template", "template",
						"custom-columns"};
	for (size_t i = 0; i < ARRAY_LEN(templates); i++)
		if (!strncmp(output, templates[i], strlen(templates[i])))
			return true;
	return false;
}

static int take(void *arg, int c, struct err *err)
{
	static const char *const outputs[] = {[GET_WIDE] = "wide",
					      [GET_JSON] = "json",
					      [GET_YAML] = "yaml",
					      [GET_NAME] = "name"};
	struct get *g = arg;
	int taken = cluster_flag(&g->flags, c, err), index;
	if (taken)
		return taken < 0 ? -1 : 0;
	switch (c) {
	case 'l':
		g->selector = optarg;
		return 0;
	case 'w':
		g->watch = true;
		return 0;
	case OPT_NO_HEADERS:
		g->no_headers = true;
		return 0;
	default: /* 'o' */
		if (is_template(optarg))
			return err_set(
				err, ERR_INVALID,
				"\"%s\": foretop fills in no templates: take -o json "
				"and jq, as in -o json | jq -r "
				"'.items[].status.desiredReplicas'",
				optarg);
		if (flag_word(optarg, outputs + GET_WIDE, ARRAY_LEN(outputs) - GET_WIDE,
			      &index, err) < 0)
			return -1;
		g->output = (enum get_output)(index + GET_WIDE);
		return 0;
	}
}

/* --- rows --- */

static void cell_replicas(struct table *t, int32_t replicas, const char *none)
{
	if (replicas >= 0)
		table_cellf(t, "%d", replicas);
	else
		table_cell(t, none);
}

static void cell_spec_int(struct table *t, const struct view *v, const char *path,
			  const char *none)
{
	cell_replicas(t, (int32_t)json_int(v->spec, path, -1), none);
}

/* The metric whose proposal won, else the first one. */
static const cJSON *metric_shown(const struct view *v)
{
	const char *winner = json_str(v->status, "lastDecision.winner.metric", "");
	const cJSON *metrics = json_at(v->status, "metrics"), *metric;
	cJSON_ArrayForEach (metric, metrics)
		if (!strcmp(json_str(metric, "name", ""), winner))
			return metric;
	return cJSON_GetArrayItem(metrics, 0);
}

static void cell_number(struct table *t, const cJSON *metric, const char *key)
{
	const cJSON *number = json_at(metric, key);
	bool binary = !strcmp(json_str(metric, "name", ""), "memory");
	char text[32];
	table_cell(t, cJSON_IsNumber(number) ? number_format(number->valuedouble, binary,
							     text, sizeof(text))
					     : NULL);
}

static void cell_age(struct table *t, int64_t then_ms)
{
	char text[24];
	table_cell(t, then_ms ? age_format(wall_ms() - then_ms, text, sizeof(text))
			      : "<unknown>");
}

static void add_wide(struct table *t, const struct view *v)
{
	const cJSON *metric = metric_shown(v);
	const char *reason = json_str(v->status, "lastDecision.reason", "");
	int64_t ready = json_int(v->status, "readyPods", -1),
		pods = json_int(v->status, "pods", -1);
	if (ready >= 0)
		table_cellf(t, "%d/%d", (int)ready, (int)pods);
	else
		table_cell(t, "<unknown>");
	table_cell(t, json_str(metric, "name", ""));
	cell_number(t, metric, "current");
	cell_number(t, metric, "forecast");
	cell_number(t, metric, "upper");
	table_cell(t, json_str(metric, "horizon", ""));
	table_cell(t, json_str(metric, "model", ""));
	if (json_at(v->status, "shard"))
		table_cellf(t, "%d", (int)json_int(v->status, "shard", -1));
	else
		table_cell(t, NULL);
	const char *holder = json_str(v->status, "holder", "");
	table_cell(t, *holder ? holder : NULL);
	if (view_is(v, "Ready", "False"))
		reason = json_str(view_condition(v, "Ready"), "message", "");
	table_cell(t, reason);
}

static void add_row(struct get *g, const struct view *v)
{
	struct table *t = &g->table;
	const cJSON *target = json_at(v->spec, "scaleTargetRef");
	if (g->flags.all)
		table_cell(t, v->ns);
	table_cell(t, v->name);
	if (target)
		table_cellf(t, "%s/%s", json_str(target, "kind", "?"),
			    json_str(target, "name", "?"));
	else
		table_cell(t, "<unknown>");
	table_cell(t, json_str(v->spec, "mode", v->spec ? "Recommend" : "<unknown>"));
	cell_spec_int(t, v, "minReplicas", v->spec ? "1" : "<unknown>");
	cell_spec_int(t, v, "maxReplicas", "<unknown>");
	cell_replicas(t, view_replicas(v, "currentReplicas"), "<unknown>");
	cell_replicas(t, view_replicas(v, "desiredReplicas"), "<unknown>");
	cell_replicas(t, view_replicas(v, "predictedReplicas"), "<none>");
	table_cell(t, view_state(v));
	cell_age(t, view_time(v->object, "metadata.creationTimestamp"));
	if (g->output == GET_WIDE)
		add_wide(t, v);
}

char *get_row_key(const struct get *g, const struct view *v)
{
	struct str out AUTO(str_fini);
	struct get bare = {.output = g->output, .headed = true};
	str_init(&out, OUTPUT_LIMIT);
	struct view ageless = *v;
	ageless.object = NULL;
	table_init(&bare.table, 10 + (g->output == GET_WIDE ? WIDE_COLUMNS : 0));
	add_row(&bare, &ageless);
	table_print(&bare.table, "", &out);
	table_fini(&bare.table);
	return str_take(&out);
}

static void add_header(struct get *g)
{
	static const char *const names[] = {"NAME",  "TARGET",  "MODE",    "MIN",
					    "MAX",   "CURRENT", "DESIRED", "FORECAST",
					    "STATE", "AGE"};
	static const char *const wide[] = {"READY",  "METRIC",  "DEMAND", "MEAN",
					   "UPPER",  "HORIZON", "MODEL",  "SHARD",
					   "LEADER", "REASON"};
	if (g->flags.all)
		table_cell(&g->table, "NAMESPACE");
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		table_cell(&g->table, names[i]);
	for (size_t i = 0; g->output == GET_WIDE && i < ARRAY_LEN(wide); i++)
		table_cell(&g->table, wide[i]);
}

static void table_begin(struct get *g)
{
	int columns =
		10 + (g->flags.all ? 1 : 0) + (g->output == GET_WIDE ? WIDE_COLUMNS : 0);
	table_init(&g->table, columns);
}

static void print_tree(const struct get *g, const cJSON *tree, struct str *out)
{
	if (g->output == GET_YAML) {
		yaml_print(tree, out);
		return;
	}
	char *text = cJSON_Print(tree);
	str_printf(out, "%s\n", text);
	cJSON_free(text);
}

void get_add(struct get *g, const struct view *v)
{
	if (g->output == GET_NAME) {
		str_printf(&g->out, "policy/%s\n", v->name);
	} else if (g->output == GET_JSON || g->output == GET_YAML) {
		cJSON *tree AUTO(json_cleanup) = view_tree(v);
		if (g->output == GET_YAML)
			str_puts(&g->out, "---\n");
		print_tree(g, tree, &g->out);
	} else {
		if (!g->headed && !g->no_headers)
			add_header(g);
		g->headed = true;
		add_row(g, v);
	}
}

void get_flush(struct get *g)
{
	table_print(&g->table, "", &g->out);
	fputs(str_text(&g->out), stdout);
	fflush(stdout);
	str_clear(&g->out);
}

/* --- once --- */

static cJSON *tree_of(const struct get *g, const struct views *v)
{
	if (g->flags.name_count == 1)
		return view_tree(&v->items[0]);
	cJSON *list = cJSON_CreateObject();
	cJSON_AddStringToObject(list, "apiVersion", "v1");
	cJSON_AddStringToObject(list, "kind", "List");
	cJSON *items = cJSON_AddArrayToObject(list, "items");
	for (size_t i = 0; i < v->count; i++)
		cJSON_AddItemToArray(items, view_tree(&v->items[i]));
	return list;
}

static void print_all(struct get *g, const struct views *v, struct str *out)
{
	if (g->output == GET_JSON || g->output == GET_YAML) {
		cJSON *tree AUTO(json_cleanup) = tree_of(g, v);
		print_tree(g, tree, out);
		return;
	}
	for (size_t i = 0; g->output == GET_NAME && i < v->count; i++)
		str_printf(out, "policy/%s\n", v->items[i].name);
	if (g->output == GET_NAME)
		return;
	if (!g->no_headers)
		add_header(g);
	for (size_t i = 0; i < v->count; i++)
		add_row(g, &v->items[i]);
	table_print(&g->table, "", out);
}

static void tell_none(const struct get *g)
{
	if (g->flags.all)
		fputs("No policies found\n", stderr);
	else
		fprintf(stderr, "No policies found in %s namespace.\n",
			cluster_namespace(&g->cluster, &g->flags));
}

static int print_once(struct get *g, struct err *err)
{
	struct views views AUTO(views_fini) = {0};
	struct str out AUTO(str_fini);
	str_init(&out, OUTPUT_LIMIT);
	if (views_read(&g->cluster, &g->flags, g->selector, &views, err) < 0)
		return -1;
	bool tree = g->output == GET_JSON || g->output == GET_YAML;
	if (!views.count && !tree) {
		tell_none(g);
		return 0;
	}
	print_all(g, &views, &out);
	fputs(str_text(&out), stdout);
	if (views.status_err.code != ERR_NONE)
		return err_set(err, views.status_err.code, "what is decided: %s",
			       views.status_err.msg);
	return 0;
}

int cmd_get(int argc, char **argv)
{
	struct get g = {.flags.foretop_ns = CLUSTER_FORETOP_NAMESPACE};
	const struct flag_table table = {.help = help,
					 .letters = ":Al:o:wh" CLUSTER_LETTERS,
					 .options = options,
					 .take = take,
					 .arg = &g};
	struct err err = {0};
	int code = flags_read(&table, argc, argv);
	if (code < 0)
		code = cluster_take_names(&g.flags, argc, argv);
	if (code >= 0)
		return code;
	if (g.flags.name_count && (g.flags.all || g.selector))
		return flags_wrong(argv[0], "%s: either names, or -A and -l",
				   g.flags.names[0]);
	table_begin(&g);
	str_init(&g.out, OUTPUT_LIMIT);
	code = EXIT_SUCCESS;
	if (cluster_open(&g.cluster, &g.flags, &err) < 0 ||
	    (g.watch ? get_watch(&g, &err) : print_once(&g, &err)) < 0) {
		fprintf(stderr, "foretop get: %s\n", err.msg);
		code = EXIT_FAILURE;
	}
	cluster_close(&g.cluster);
	table_fini(&g.table);
	str_fini(&g.out);
	return code;
}
