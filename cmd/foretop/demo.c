/* foretop demo: the very loop and clients of `run` against an embedded world, a day in
 * about a minute.
 *
 * Two clocks: an accelerated one for the engine and the world, the real one for time-outs
 * and leases. Three Deployments get the same load: one with Foretop's forecast, two that
 * follow the HPA's rules alone. */
#include "cmd.h"

#include "chart.h"

#include "loop/loop.h"
#include "sim/sim.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define DAY_MS        (24 * MS_PER_H)
#define HISTORY_DAYS  14
#define CAPACITY      100.0 /* requests per second that a pod serves */
#define PEAK          2400.0
#define LEAD_MS       (150 * MS_PER_S)
#define LEAD_JITTER   (60 * MS_PER_S)
#define WORLD_STEP_MS (5 * MS_PER_S)
#define DRAW_MS       250
/* Decisions every 30 s of the world are 20 ms apart at full speed: as close as real
 * requests allow. */
#define SYNC_MS (30 * MS_PER_S)
#define WARM_UP_MS                                                                       \
	(2 * MS_PER_H) /* first hours of the world: history is read, nothing is counted  \
			*/
#define RECENT 6

enum { FORETOP, HPA_70, HPA_90, WORKLOADS };

static const struct {
	const char *name, *title;
	int target;
	/* Under a forecast: the load planned for, and the reactive rule as its net. */
	int forecast, net;
} cases[WORKLOADS] = {
	[FORETOP] = {"checkout", "foretop, planned for 95 %", 70, 95, 110},
	[HPA_70] = {"checkout-hpa70", "HPA's rules, target 70 %", 70, 0, 0},
	[HPA_90] = {"checkout-hpa90", "HPA's rules, target 90 %", 90, 0, 0},
};

struct demo {
	double seconds; /* real time for the day */
	uint64_t seed;
	bool plain, utf8;
	const char *listen; /* NULL: no face */
	struct reactor *reactor;
	struct clock clock;
	struct trace *demand;
	struct served *served;
	struct controller_config config;
	struct loop *loop;
	struct chart chart;
	struct timer draw, finish;
	int64_t start_ms; /* of the day that is shown and counted */
	bool counting;
	char recent[RECENT][256];
	int recent_count;
	bool drawn;
	int ca_fd;
	int verbosity;
};

static const char help[] =
	"usage: foretop demo [flags]\n\n"
	"A simulated shop for a day in about a minute: two weeks of history in a "
	"loopback Prometheus, a\n"
	"loopback Kubernetes API, and the real controller between them.\n\n"
	"      --seconds N   how long the day takes (default 60, at least 20)\n"
	"      --seed N      another shop, other pods (default 1)\n"
	"      --plain       lines only, no chart that moves\n"
	"      --listen ADDRESS:PORT  the controller's /metrics meanwhile (default: "
	"none)\n"
	"  -v, --v LEVEL     the controller's log on standard error: 0, 4 (debug)\n"
	"  -h, --help\n";

static const struct option options[] = {
	{"seconds", required_argument, NULL, 's'},
	{"seed", required_argument, NULL, 'r'},
	{"plain", no_argument, NULL, 'p'},
	{"v", required_argument, NULL, 'v'},
	{"help", no_argument, NULL, 'h'},
	{"listen", required_argument, NULL, 'l'},
	{0},
};

/* 0 to go on, 1 when the help was asked for, else the exit code of wrong usage. */
static int parse_flags(struct demo *d, int argc, char **argv)
{
	int c;
	char *end = "";
	optind = 1;
	while ((c = getopt_long(argc, argv, "v:h", options, NULL)) != -1) {
		switch (c) {
		case 's':
			d->seconds = strtod(optarg, &end);
			if (*end || !(d->seconds >= 20 && d->seconds <= 3600)) {
				fprintf(stderr,
					"foretop demo: --seconds %s: allowed: 20 to "
					"3600\n",
					optarg);
				return EXIT_USAGE;
			}
			break;
		case 'r':
			d->seed = strtoull(optarg, &end, 10);
			if (*end) {
				fprintf(stderr,
					"foretop demo: --seed %s: allowed: a number\n",
					optarg);
				return EXIT_USAGE;
			}
			break;
		case 'p':
			d->plain = true;
			break;
		case 'l':
			d->listen = optarg;
			break;
		case 'v':
			d->verbosity = (int)strtol(optarg, &end, 10);
			if (*end) {
				fprintf(stderr,
					"foretop demo: --v %s: allowed: a number\n",
					optarg);
				return EXIT_USAGE;
			}
			break;
		case 'h':
			fputs(help, stdout);
			return 1;
		default:
			fputs("run `foretop demo --help` for the flags\n", stderr);
			return EXIT_USAGE;
		}
	}
	return 0;
}

static char *policy_text_of(int i)
{
	char *query AUTO_FREE = served_requests_query("shop", cases[i].name);
	char *targets AUTO_FREE =
		xasprintf("  forecast: {target: \"%d\", reactiveTarget: \"%d\"}\n",
			  (int)(cases[i].forecast * CAPACITY / 100),
			  (int)(cases[i].net * CAPACITY / 100));
	return xasprintf(
		"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: %s}\n"
		"mode: Scale\n"
		"minReplicas: 2\n"
		"maxReplicas: 60\n"
		"metrics:\n"
		"- type: External\n"
		"  external:\n"
		"    metric: {name: requests}\n"
		"    target: {type: AverageValue, averageValue: \"%d\"}\n"
		"  query: %s\n"
		"%s"
		"forecast: {mode: %s, leadTime: %ds}\n",
		cases[i].name, (int)(cases[i].target * CAPACITY / 100), query,
		cases[i].forecast ? targets : "", cases[i].forecast ? "Auto" : "Disabled",
		(int)((LEAD_MS + LEAD_JITTER) / MS_PER_S));
}

static struct workload *workload_of(const struct demo *d, int i)
{
	return world_find(served_world(d->served), "shop", cases[i].name);
}

/* --- the world --- */

static int start_world(struct demo *d, struct err *err)
{
	/* A Monday; the trace begins two weeks before it. */
	if (time_parse("2026-01-19T00:00:00Z", &d->start_ms, err) < 0)
		return -1;
	struct shop_config shop = {
		.start_ms = d->start_ms - HISTORY_DAYS * DAY_MS - DAY_MS,
		.step_ms = MS_PER_MIN,
		.count = (HISTORY_DAYS + 3) * 1440,
		.peak = PEAK,
		.noise = 0.03,
		.seed = d->seed,
	};
	d->demand = trace_shop(&shop);
	char *policies[WORKLOADS];
	struct served_workload workloads[WORKLOADS];
	for (int i = 0; i < WORKLOADS; i++) {
		policies[i] = policy_text_of(i);
		workloads[i] = (struct served_workload){
			.workload = {.ns = "shop",
				     .name = cases[i].name,
				     .demand = d->demand,
				     .capacity = CAPACITY,
				     .lead_ms = LEAD_MS,
				     .lead_jitter_ms = LEAD_JITTER,
				     .replicas = 8,
				     .cpu_full = 1,
				     .cpu_request = 1,
				     .seed = d->seed + 1},
			.policy = policies[i],
		};
	}
	clock_init_scaled(&d->clock, d->start_ms - WARM_UP_MS,
			  DAY_MS / (d->seconds * 1000.0));
	struct served_config config = {
		.clock = &d->clock,
		.step_ms = WORLD_STEP_MS,
		.tls = true,
		.workloads = workloads,
		.count = WORKLOADS,
	};
	d->served = served_new(d->reactor, &config, err);
	for (int i = 0; i < WORKLOADS; i++)
		free(policies[i]);
	return d->served ? 0 : -1;
}

/* --- what is shown --- */

static void clock_text(int64_t ms, char *buf, size_t size)
{
	snprintf(buf, size, "%02d:%02d", (int)(ms / MS_PER_H % 24),
		 (int)(ms / MS_PER_MIN % 60));
}

static void observe(void *arg, const struct action *a, int64_t now_ms)
{
	struct demo *d = arg;
	if (a->type != ACTION_SCALE ||
	    strcmp(a->policy->target.name, cases[FORETOP].name))
		return;
	char at[8];
	clock_text(now_ms, at, sizeof(at));
	char *line = d->recent[d->recent_count++ % RECENT];
	snprintf(line, sizeof(d->recent[0]), "%s  %s", at, a->u.scale.reason);
	if (d->plain && d->counting)
		puts(line);
}

static const struct policy_status *status_of(const struct demo *d, const char *name)
{
	const struct engine *e = loop_engine(d->loop);
	for (int32_t i = 0; i < engine_policy_count(e); i++) {
		const struct policy_status *s = engine_policy_status(e, i);
		if (s && !strcmp(s->name, name))
			return s;
	}
	return NULL;
}

static void stepped(void *arg)
{
	struct demo *d = arg;
	const struct workload *w = workload_of(d, FORETOP);
	if (!d->counting && w->now_ms >= d->start_ms) {
		d->counting = true;
		for (int i = 0; i < WORKLOADS; i++)
			workload_reset_outcome(workload_of(d, i));
	}
	if (!d->counting)
		return;
	const struct policy_status *s =
		d->loop ? status_of(d, cases[FORETOP].name) : NULL;
	bool usable = s && s->metrics[0].forecast_usable;
	chart_add(&d->chart, w->now_ms, trace_at(d->demand, w->now_ms) / CAPACITY,
		  workload_ready(w),
		  usable ? s->metrics[0].forecast.upper / CAPACITY : NAN);
}

static void draw(void *arg)
{
	struct demo *d = arg;
	struct str out AUTO(str_fini);
	str_init(&out, 65536);
	if (d->drawn)
		str_printf(&out, "\033[%dA", CHART_ROWS + 3 + RECENT);
	chart_draw(&d->chart, d->utf8, &out);
	char at[8];
	clock_text(clock_now_ms(&d->clock), at, sizeof(at));
	str_printf(&out, "\033[K%s  what it just did:\n", at);
	for (int i = 0; i < RECENT; i++) {
		int at_line = d->recent_count - RECENT + i;
		const char *line = at_line < 0 ? "" : d->recent[at_line % RECENT];
		str_printf(&out, "\033[K%.100s\n", line);
	}
	fputs(str_text(&out), stdout);
	fflush(stdout);
	d->drawn = true;
	timer_set(d->reactor, &d->draw, DRAW_MS, draw, d);
}

static void print_table(const struct demo *d)
{
	printf("\n%-26s %10s %12s %14s %10s\n", "same load, one day", "pod-hours",
	       "unserved", "minutes short", "writes");
	for (int i = 0; i < WORKLOADS; i++) {
		const struct outcome *o = &workload_of(d, i)->outcome;
		printf("%-26s %10.1f %11.3f%% %14.1f %10d\n", cases[i].title, o->pod_h,
		       100 * outcome_unserved_ratio(o), o->short_min, (int)o->actions);
	}
	double pods = workload_of(d, FORETOP)->outcome.pod_h,
	       hpa = workload_of(d, HPA_70)->outcome.pod_h;
	printf("\nAgainst the HPA's rules at 70 %%: %.1f %% %s pod-hours; unserved %.3f "
	       "%% "
	       "against %.3f %% of the load.\n",
	       fabs(100 * (1 - pods / hpa)), pods < hpa ? "fewer" : "more",
	       100 * outcome_unserved_ratio(&workload_of(d, FORETOP)->outcome),
	       100 * outcome_unserved_ratio(&workload_of(d, HPA_70)->outcome));
	puts("Every number comes from real HTTP and WebSocket requests of the controller "
	     "that `foretop run` starts.");
}

static void stopped(void *arg)
{
	struct demo *d = arg;
	reactor_stop(d->reactor);
}

static void finish(void *arg)
{
	struct demo *d = arg;
	served_catch_up(d->served);
	if (!d->plain) {
		timer_cancel(&d->draw);
		draw(d);
		timer_cancel(&d->draw);
	} else {
		struct str out AUTO(str_fini);
		str_init(&out, 65536);
		chart_draw(&d->chart, d->utf8, &out);
		printf("\n%s", str_text(&out));
	}
	print_table(d);
	loop_shutdown(d->loop, 1000, stopped, d);
}

static void lost(void *arg)
{
	fputs("foretop demo: the lease was lost: this machine was too busy, run it "
	      "again\n",
	      stderr);
	stopped(arg);
}

/* --- the controller --- */

static int start_loop(struct demo *d, struct err *err)
{
	char *kubeconfig AUTO_FREE = served_kubeconfig(d->served);
	struct kube_config kube AUTO(kube_config_fini) = {0};
	if (kube_config_parse(kubeconfig, ".", NULL, &kube, err) < 0)
		return -1;
	/* The configuration names files: the certificate that was made a moment ago is
	 * one without a name. */
	const char *ca = served_ca_pem(d->served);
	d->ca_fd = memfd_create("foretop-demo-ca", MFD_CLOEXEC);
	if (d->ca_fd < 0 || write(d->ca_fd, ca, strlen(ca)) != (ssize_t)strlen(ca))
		return err_set(err, ERR_FATAL, "memfd: %s", strerror(errno));
	config_defaults(&d->config);
	d->config.sync_period_ms = SYNC_MS;
	if (config_set_url(&d->config, served_prom_url(d->served), err) < 0)
		return -1;
	d->config.sources[0].ca_file = xasprintf("/proc/self/fd/%d", d->ca_fd);
	struct loop_config config = {
		.reactor = d->reactor,
		.clock = &d->clock,
		.kube = &kube,
		.controller = &d->config,
		.instance = "demo",
		.listen = d->listen,
		.observe = observe,
		.on_lost = lost,
		.arg = d,
	};
	d->loop = loop_new(&config, err);
	return d->loop ? 0 : -1;
}

static int play(struct demo *d, struct err *err)
{
	d->reactor = reactor_new(err);
	if (!d->reactor || start_world(d, err) < 0 || start_loop(d, err) < 0)
		return -1;
	chart_init(&d->chart, d->start_ms, DAY_MS);
	served_on_step(d->served, stepped, d);
	printf("A shop's day in %.0f seconds: %d days of history in a loopback "
	       "Prometheus, a loopback Kubernetes API,\n"
	       "pods that need %d to %d s to become Ready, and the real controller "
	       "between them.\n\n",
	       d->seconds, HISTORY_DAYS, (int)(LEAD_MS / MS_PER_S),
	       (int)((LEAD_MS + LEAD_JITTER) / MS_PER_S));
	if (d->listen)
		printf("Metrics at %s/metrics\n\n", loop_url(d->loop));
	fflush(stdout);
	if (!d->plain)
		draw(d);
	timer_set(d->reactor, &d->finish, clock_delay_ms(&d->clock, d->start_ms + DAY_MS),
		  finish, d);
	reactor_run(d->reactor);
	return 0;
}

int cmd_demo(int argc, char **argv)
{
	struct demo d = {.seconds = 60,
			 .seed = 1,
			 .plain = !isatty(STDOUT_FILENO),
			 .ca_fd = -1,
			 .verbosity = -1};
	int code = parse_flags(&d, argc, argv);
	if (code)
		return code == EXIT_USAGE ? EXIT_USAGE : EXIT_SUCCESS;
	const char *lang = getenv("LC_ALL") ? getenv("LC_ALL") : getenv("LANG");
	d.utf8 = lang && (strstr(lang, "UTF-8") || strstr(lang, "utf8"));
	log_configure(&(struct log_config){.verbosity = d.verbosity});
	struct err err;
	if (play(&d, &err) < 0) {
		fprintf(stderr, "foretop demo: %s\n", err.msg);
		code = EXIT_FAILURE;
	}
	timer_cancel(&d.draw);
	timer_cancel(&d.finish);
	loop_free(d.loop);
	served_free(d.served);
	reactor_free(d.reactor);
	config_free(&d.config);
	trace_free(d.demand);
	if (d.ca_fd >= 0)
		close(d.ca_fd);
	return code;
}
