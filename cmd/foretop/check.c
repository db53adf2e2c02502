/* foretop check: can a controller with this configuration and these rights do its work?
 */
#include "cluster.h"
#include "cmd.h"
#include "needs.h"

#include "loop/loop.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_LIMIT (1024 * 1024)
/* Every Prometheus-compatible API computes it without reading a series. The value is the
 * moment at which the server evaluates, the time of the sample what it says of that:
 * VictoriaMetrics looks at what was known 30 s ago and calls it the present. */
#define PROBE_QUERY "vector(time())"
/* Some write times in whole seconds. */
#define LAG_MIN_MS 2000

static const char help[] =
	"usage: foretop check --config FILE [flags]\n\n"
	"Asks the API server whether it lets a controller with this configuration do all "
	"that it\nneeds, and every source whether it answers. Writes nothing. `helm "
	"test` "
	"runs it in the\ncluster, with the controller's own ServiceAccount.\n\n"
	"      --config FILE           the controller's configuration (YAML)\n"
	"  -n, --namespace NS          it serves this namespace alone, as foretop run "
	"--namespace\n"
	"      --dry-run               the rights to write are not needed\n"
	"      --without MODE          Scale or Floor is not used: its rights are not "
	"needed;\n"
	"                              may be given for both\n" CLUSTER_SERVER_HELP;

enum { OPT_CONFIG = CLUSTER_OPTION_END, OPT_DRY_RUN, OPT_WITHOUT };

static const struct option options[] = {
	CLUSTER_OPTIONS,
	{"config", required_argument, NULL, OPT_CONFIG},
	{"dry-run", no_argument, NULL, OPT_DRY_RUN},
	{"without", required_argument, NULL, OPT_WITHOUT},
	{"help", no_argument, NULL, 'h'},
	{0},
};

struct check {
	const char *config_file;
	struct cluster_flags flags;
	struct needs_wish wish;
	struct cluster cluster;
	struct controller_config config;
	int failed;
};

static int take_without(struct check *c, struct err *err)
{
	static const char *const modes[] = {"Scale", "Floor"};
	int mode;
	if (flag_word(optarg, modes, ARRAY_LEN(modes), &mode, err) < 0)
		return -1;
	*(mode == 0 ? &c->wish.scale : &c->wish.floor) = false;
	return 0;
}

static int take(void *arg, int option, struct err *err)
{
	struct check *c = arg;
	int taken = cluster_flag(&c->flags, option, err);
	if (taken)
		return taken < 0 ? -1 : 0;
	switch (option) {
	case OPT_CONFIG:
		c->config_file = optarg;
		return 0;
	case OPT_WITHOUT:
		return take_without(c, err);
	default:
		c->wish.write = false;
		return 0;
	}
}

/* -1: go on; else the exit code. */
static int parse_flags(struct check *c, int argc, char **argv)
{
	struct flag_table table = {.help = help,
				   .letters = ":h" CLUSTER_LETTERS,
				   .options = options,
				   .take = take,
				   .arg = c};
	c->wish = (struct needs_wish){.write = true, .scale = true, .floor = true};
	int code = flags_read(&table, argc, argv);
	if (code >= 0)
		return code;
	if (optind < argc)
		return flags_wrong(argv[0], "%s: takes flags only", argv[optind]);
	return c->config_file ? -1 : flags_wrong(argv[0], "--config is needed");
}

/* One line per fact, the bad ones counted. */
static void tell(struct check *c, bool good, const char *text)
{
	printf("%-4s %s\n", good ? "ok" : "FAIL", text);
	c->failed += !good;
}

static void tell_error(struct check *c, const char *what, const struct err *err)
{
	char *text AUTO_FREE = xasprintf("%s: %s", what, err->msg);
	tell(c, false, text);
}

/* --- the configuration --- */

static int check_config(struct check *c)
{
	struct err err = {0};
	char *text AUTO_FREE = NULL;
	size_t len;
	/* Its error names the file. */
	if (file_read(c->config_file, CONFIG_LIMIT, &text, &len, &err) < 0) {
		tell(c, false, err.msg);
		return -1;
	}
	if (config_parse(text, len, &c->config, &err) < 0) {
		tell_error(c, c->config_file, &err);
		return -1;
	}
	char *said AUTO_FREE = xasprintf("%s is valid, %d source%s", c->config_file,
					 (int)c->config.source_count,
					 c->config.source_count == 1 ? "" : "s");
	tell(c, c->config.source_count > 0, said);
	return 0;
}

/* --- the API server --- */

static int check_server(struct check *c)
{
	struct err err = {0};
	if (cluster_open(&c->cluster, &c->flags, &err) < 0) {
		tell_error(c, "the API server", &err);
		return -1;
	}
	struct kube_request request = {.method = KUBE_GET, .path = "/version"};
	struct cluster_answer a = {.cluster = &c->cluster};
	kube_send(c->cluster.kube, &request, cluster_take, &a);
	int ret = cluster_wait(&a);
	if (ret < 0) {
		tell_error(c, "the API server", &a.err);
	} else {
		char *said AUTO_FREE = xasprintf(
			"the API server %s answers, Kubernetes %s",
			c->cluster.config.server, json_str(a.object, "gitVersion", "?"));
		tell(c, true, said);
	}
	cluster_answer_fini(&a);
	return ret;
}

static void check_right(struct check *c, const struct need *right, const char *verb,
			const char *ns)
{
	cJSON *body AUTO(json_cleanup) = needs_review(right, verb, ns);
	struct kube_request request = {
		.method = KUBE_POST, .path = NEEDS_REVIEW_PATH, .body = body};
	struct cluster_answer a = {.cluster = &c->cluster};
	kube_send(c->cluster.kube, &request, cluster_take, &a);
	char *what AUTO_FREE = needs_text(right, verb, ns);
	if (cluster_wait(&a) < 0) {
		tell_error(c, what, &a.err);
	} else if (!cJSON_IsTrue(json_at(a.object, "status.allowed"))) {
		char *said AUTO_FREE = xasprintf("may not %s", what);
		tell(c, false, said);
	}
	cluster_answer_fini(&a);
}

static void check_rights(struct check *c)
{
	int before = c->failed, asked = 0;
	const char *own = c->cluster.config.namespace_;
	char *only[] = {(char *)c->flags.ns};
	struct config_names one = {only, 1};
	struct needs_scope scope = {
		.served = c->flags.ns ? &one : &c->config.serve,
		.status_ns =
			c->config.status_namespace ? c->config.status_namespace : own,
		.lease_ns = c->config.election.lease_namespace
				    ? c->config.election.lease_namespace
				    : own,
	};
	for (int i = 0; i < needs_count(); i++) {
		const struct need *right = needs_at(i);
		if (!needs_needed(right, &c->wish))
			continue;
		for (int v = 0; v < NEEDS_VERBS && right->verbs[v]; v++)
			for (int n = 0; n < needs_namespaces(right, &scope); n++, asked++)
				check_right(c, right, right->verbs[v],
					    needs_namespace(right, &scope, n));
	}
	char *said AUTO_FREE = xasprintf("has the %d rights that it needs", asked);
	if (c->failed == before)
		tell(c, true, said);
}

/* --- the sources --- */

struct asked {
	struct check *check;
	struct err err;
	bool good;
	int64_t lag_ms; /* of what it answers behind the time that it says */
};

static void answered(void *arg, const struct prom_answer *answer)
{
	struct asked *a = arg;
	a->good = answer->outcome == PROM_OK;
	a->err = answer->err;
	const struct sample *s = a->good ? answer->result->series[0].samples : NULL;
	if (s && fabs(s->v) <= PROM_SECONDS_MAX)
		a->lag_ms = s->t_ms - llround(s->v * MS_PER_S);
	reactor_stop(a->check->cluster.reactor);
}

/* Not a failure: there may be a reason, and what it costs is time. */
static void tell_lag(const struct config_source *config, int64_t lag_ms)
{
	printf("WARN source %s says what was about %.0f s ago: sizes follow the load so "
	       "much later (VictoriaMetrics, unless queryParameters has "
	       "latency_offset: 1ms)\n",
	       config->name, (double)lag_ms / MS_PER_S);
}

static void check_source(struct check *c, const struct config_source *config)
{
	struct asked a = {.check = c};
	struct prom_source *source = source_open(c->cluster.reactor, config, &a.err);
	if (source) {
		prom_query(source, PROBE_QUERY, PROM_NOW, answered, &a);
		reactor_run(c->cluster.reactor);
	}
	if (a.good) {
		char *said AUTO_FREE =
			xasprintf("source %s answers (%s)", config->name, config->url);
		tell(c, true, said);
		if (a.lag_ms >= LAG_MIN_MS)
			tell_lag(config, a.lag_ms);
	} else {
		tell_error(c, config->url, &a.err);
	}
	prom_source_free(source);
}

int cmd_check(int argc, char **argv)
{
	struct check c = {0};
	int code = parse_flags(&c, argc, argv);
	if (code >= 0)
		return code;
	if (check_config(&c) == 0 && check_server(&c) == 0)
		check_rights(&c);
	for (int i = 0; c.cluster.reactor && i < c.config.source_count; i++)
		check_source(&c, &c.config.sources[i]);
	cluster_close(&c.cluster);
	config_free(&c.config);
	return c.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
