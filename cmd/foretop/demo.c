/* foretop demo: the very loop and clients of `run` against an embedded world, a day in
 * about a minute.
 *
 * Two clocks: an accelerated one for the engine and the world, the real one for time-outs
 * and leases. Three Deployments get the same load: one with Foretop's forecast, two that
 * follow the HPA's rules alone. */
#include "cmd.h"

#include "demo.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* Decisions every 30 s of the world are 20 ms apart at full speed: as close as real
 * requests allow. */
#define SYNC_MS     (30 * MS_PER_S)
#define SECONDS_MIN 20.0
#define SECONDS_MAX 3600.0
#define DAY_S       86400.0
#define PAGE_LISTEN "127.0.0.1:0"
/* Of the log. */
#define ERRORS_ONLY (-1)
#define NOTHING     (-2)

static const char help[] =
	"usage: foretop demo [flags]\n\n"
	"A simulated shop for a day in about a minute: two weeks of history in a "
	"loopback Prometheus, a\n"
	"loopback Kubernetes API, and the real controller between them.\n\n"
	"      --scenario NAME         morning (default), spike, outage or deploy\n"
	"      --page[=ADDRESS:PORT]   serve the page as well, until Ctrl-C (default "
	"127.0.0.1, a free port)\n"
	"      --seconds N             how long the day takes (default 60, 20 to 3600)\n"
	"      --speed N               the same as seconds of the shop in one (default "
	"1440, 24 to 4320)\n"
	"      --seed N                another shop, other pods (default 1)\n"
	"      --plain                 lines only, no chart that moves\n"
	"      --listen ADDRESS:PORT   the controller's /metrics meanwhile (default: "
	"none)\n"
	"  -v, --v LEVEL               the controller's log on standard error: 0, 4 "
	"(debug)\n"
	"  -h, --help\n";

enum {
	OPT_SCENARIO = 256,
	OPT_PAGE,
	OPT_SECONDS,
	OPT_SPEED,
	OPT_SEED,
	OPT_PLAIN,
	OPT_LISTEN
};

static const struct option options[] = {
	{"scenario", required_argument, NULL, OPT_SCENARIO},
	{"page", optional_argument, NULL, OPT_PAGE},
	{"seconds", required_argument, NULL, OPT_SECONDS},
	{"speed", required_argument, NULL, OPT_SPEED},
	{"seed", required_argument, NULL, OPT_SEED},
	{"plain", no_argument, NULL, OPT_PLAIN},
	{"listen", required_argument, NULL, OPT_LISTEN},
	{"v", required_argument, NULL, 'v'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static int wrong(const char *flag, const char *value, const char *allowed)
{
	fprintf(stderr, "foretop demo: %s %s: allowed: %s\n", flag, value, allowed);
	return EXIT_USAGE;
}

static int take_seconds(struct demo *d, const char *text)
{
	char *end;
	double seconds = strtod(text, &end);
	if (end == text || *end || !(seconds >= SECONDS_MIN && seconds <= SECONDS_MAX))
		return wrong("--seconds", text, "20 to 3600");
	d->seconds = seconds;
	return 0;
}

static int take_speed(struct demo *d, const char *text)
{
	char *end;
	double speed = strtod(text, &end);
	if (end == text || *end ||
	    !(speed >= DAY_S / SECONDS_MAX && speed <= DAY_S / SECONDS_MIN))
		return wrong("--speed", text, "24 to 4320");
	d->seconds = DAY_S / speed;
	return 0;
}

static int take_page(struct demo *d, const char *text)
{
	struct controller_config config;
	struct err err;
	config_defaults(&config);
	int rc = config_set_page(&config, text ? text : PAGE_LISTEN, &err);
	config_free(&config);
	if (rc < 0) {
		fprintf(stderr, "foretop demo: --page: %s\n", err.msg);
		return EXIT_USAGE;
	}
	d->page = text ? text : PAGE_LISTEN;
	return 0;
}

/* One flag: 0, or the exit code. */
static int take_flag(struct demo *d, int c)
{
	char *end;
	switch (c) {
	case OPT_SCENARIO:
		return scenario_parse(optarg, &d->scenario) < 0
			       ? wrong("--scenario", optarg, scenario_names())
			       : 0;
	case OPT_PAGE:
		return take_page(d, optarg);
	case OPT_SECONDS:
		return take_seconds(d, optarg);
	case OPT_SPEED:
		return take_speed(d, optarg);
	case OPT_SEED:
		d->seed = strtoull(optarg, &end, 10);
		return !*optarg || *end ? wrong("--seed", optarg, "a number") : 0;
	case OPT_PLAIN:
		d->plain = true;
		return 0;
	case OPT_LISTEN:
		d->listen = optarg;
		return 0;
	case 'v':
		d->verbosity = (int)strtol(optarg, &end, 10);
		return !*optarg || *end ? wrong("--v", optarg, "a number") : 0;
	default:
		fputs("run `foretop demo --help` for the flags\n", stderr);
		return EXIT_USAGE;
	}
}

/* 0 to go on, 1 when the help was asked for, else the exit code of wrong usage. */
static int parse_flags(struct demo *d, int argc, char **argv)
{
	int c;
	optind = 1;
	while ((c = getopt_long(argc, argv, "v:h", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(help, stdout);
			return 1;
		}
		int code = take_flag(d, c);
		if (code)
			return code;
	}
	if (optind == argc)
		return 0;
	fprintf(stderr, "foretop demo: unexpected argument %s: demo takes flags only\n",
		argv[optind]);
	return EXIT_USAGE;
}

/* --- the end --- */

static void stopped(void *arg)
{
	struct demo *d = arg;
	reactor_stop(d->reactor);
}

static void finish(void *arg)
{
	struct demo *d = arg;
	demo_conclude(d);
	if (!d->page)
		loop_shutdown(d->loop, 1000, stopped, d);
}

static void lost(void *arg)
{
	fputs("foretop demo: the lease was lost: this machine was too busy, run it "
	      "again\n",
	      stderr);
	stopped(arg);
}

static void on_signal(struct fd_watch *w)
{
	struct signalfd_siginfo info;
	if (read(w->fd, &info, sizeof(info)) == sizeof(info))
		stopped(w->arg);
}

/* Who watches a page ends the demo by Ctrl-C, with an exit code of 0. */
static int open_signals(struct demo *d, struct err *err)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	d->signals =
		(struct fd_watch){.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
				  .ready = on_signal,
				  .arg = d};
	return fd_watch_start(d->reactor, &d->signals, err);
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
	if (d->page && config_set_page(&d->config, d->page, err) < 0)
		return -1;
	struct loop_config config = {
		.reactor = d->reactor,
		.clock = &d->clock,
		.kube = &kube,
		.controller = &d->config,
		.instance = "demo",
		.listen = d->listen,
		.page = d->page ? &d->config.page : NULL,
		.observe = demo_observe,
		.on_lost = lost,
		.arg = d,
	};
	d->loop = loop_new(&config, err);
	if (d->loop && d->page && !loop_page_url(d->loop))
		return err_set(err, ERR_RETRY, "--page: %s is not free", d->page);
	return d->loop ? 0 : -1;
}

static int play(struct demo *d, struct err *err)
{
	d->reactor = reactor_new(err);
	if (!d->reactor || open_signals(d, err) < 0 || demo_world_start(d, err) < 0 ||
	    start_loop(d, err) < 0)
		return -1;
	chart_init(&d->chart, d->start_ms, DAY_MS);
	served_on_step(d->served, demo_stepped, d);
	printf("A shop's day in %.0f seconds: two weeks of history in a loopback "
	       "Prometheus, a loopback Kubernetes API,\n"
	       "pods that need 150 to 210 s to become Ready, and the real controller "
	       "between them.\n%s\n",
	       d->seconds, scenario_story(d->scenario));
	if (d->page)
		printf("Its page: %s\n", loop_page_url(d->loop));
	if (d->listen)
		printf("Metrics at %s/metrics\n", loop_url(d->loop));
	puts("");
	fflush(stdout);
	if (!d->plain)
		demo_draw(d);
	timer_set(d->reactor, &d->finish, clock_delay_ms(&d->clock, d->start_ms + DAY_MS),
		  finish, d);
	reactor_run(d->reactor);
	return 0;
}

static void clean_up(struct demo *d)
{
	timer_cancel(&d->draw);
	timer_cancel(&d->finish);
	loop_free(d->loop);
	demo_world_stop(d);
	reactor_free(d->reactor);
	config_free(&d->config);
	if (d->ca_fd >= 0)
		close(d->ca_fd);
	if (d->signals.fd >= 0)
		close(d->signals.fd);
}

int cmd_demo(int argc, char **argv)
{
	struct demo d = {.seconds = 60,
			 .seed = 1,
			 .plain = !isatty(STDOUT_FILENO),
			 .ca_fd = -1,
			 .signals = {.fd = -1},
			 .verbosity = ERRORS_ONLY};
	int code = parse_flags(&d, argc, argv);
	if (code)
		return code == EXIT_USAGE ? EXIT_USAGE : EXIT_SUCCESS;
	const char *lang = getenv("LC_ALL") ? getenv("LC_ALL") : getenv("LANG");
	d.utf8 = lang && (strstr(lang, "UTF-8") || strstr(lang, "utf8"));
	/* The errors of an outage are what it is about: reasons tell them. */
	bool silent = d.scenario == SCENARIO_OUTAGE && d.verbosity == ERRORS_ONLY;
	log_configure(&(struct log_config){.verbosity = silent ? NOTHING : d.verbosity});
	struct err err;
	if (play(&d, &err) < 0) {
		fprintf(stderr, "foretop demo: %s\n", err.msg);
		code = EXIT_FAILURE;
	}
	clean_up(&d);
	return code;
}
