/* foretop demo: the very loop and clients of `run` against an embedded world, a day in
 * about a minute.
 *
 * Two clocks: an accelerated one for the engine and the world, the real one for time-outs
 * and leases. Three Deployments get the same load: one with Foretop's forecast, two that
 * follow the HPA's rules alone. */
#include "cmd.h"

#include "demo.h"
#include "flags.h"

#include <ctype.h>
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
#define SYNC_MS         (30 * MS_PER_S)
#define SECONDS_MIN     20.0
#define SECONDS_MAX     3600.0
#define SECONDS_DEFAULT 60.0
#define DAY_S           86400.0
#define PAGE_LISTEN     "127.0.0.1:0"
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

static int take_number(const char *text, double least, double most, double *ret,
		       struct err *err)
{
	char *end;
	double value = strtod(text, &end);
	if (!*text || *end || !(value >= least && value <= most))
		return err_set(err, ERR_INVALID, "\"%s\": allowed: %g to %g", text, least,
			       most);
	*ret = value;
	return 0;
}

static int take_page(struct demo *d, const char *text, struct err *err)
{
	struct controller_config config;
	config_defaults(&config);
	d->page = text ? text : PAGE_LISTEN;
	int rc = config_set_page(&config, d->page, err);
	config_free(&config);
	return rc;
}

static int take_seed(struct demo *d, const char *text, struct err *err)
{
	char *end;
	errno = 0;
	d->seed = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || errno)
		return err_set(err, ERR_INVALID,
			       "\"%s\": allowed: a whole number from 0 to %llu", text,
			       (unsigned long long)UINT64_MAX);
	return 0;
}

static int take_flag(void *arg, int c, struct err *err)
{
	struct demo *d = arg;
	switch (c) {
	case OPT_SCENARIO:
		if (scenario_parse(optarg, &d->scenario) < 0)
			return err_set(err, ERR_INVALID, "\"%s\": allowed: %s", optarg,
				       scenario_names());
		return 0;
	case OPT_PAGE:
		return take_page(d, optarg, err);
	case OPT_SECONDS:
		return take_number(optarg, SECONDS_MIN, SECONDS_MAX, &d->seconds, err);
	case OPT_SPEED:
		return take_number(optarg, DAY_S / SECONDS_MAX, DAY_S / SECONDS_MIN,
				   &d->speed, err);
	case OPT_SEED:
		return take_seed(d, optarg, err);
	case OPT_PLAIN:
		d->plain = true;
		return 0;
	case OPT_LISTEN:
		d->listen = optarg;
		return 0;
	default: /* 'v' */
		return flag_verbosity(optarg, &d->verbosity, err);
	}
}

/* -1 to go on, else the exit code. */
static int parse_flags(struct demo *d, int argc, char **argv)
{
	const struct flag_table table = {.help = help,
					 .letters = ":v:h",
					 .options = options,
					 .take = take_flag,
					 .arg = d};
	int code = flags_read(&table, argc, argv);
	if (code >= 0)
		return code;
	if (optind < argc)
		return flags_wrong(argv[0], "unexpected argument %s", argv[optind]);
	if (d->seconds > 0 && d->speed > 0)
		return flags_wrong(argv[0], "--seconds and --speed exclude each other");
	if (d->speed > 0)
		d->seconds = DAY_S / d->speed;
	if (!(d->seconds > 0))
		d->seconds = SECONDS_DEFAULT;
	return -1;
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
	struct demo d = {.seed = 1,
			 .plain = !isatty(STDOUT_FILENO),
			 .ca_fd = -1,
			 .signals = {.fd = -1},
			 .verbosity = ERRORS_ONLY};
	int code = parse_flags(&d, argc, argv);
	if (code >= 0)
		return code;
	d.utf8 = flag_utf8_terminal();
	/* The errors of an outage are what it is about: reasons tell them. */
	bool silent = d.scenario == SCENARIO_OUTAGE && d.verbosity == ERRORS_ONLY;
	log_configure(&(struct log_config){.verbosity = silent ? NOTHING : d.verbosity});
	struct err err;
	code = EXIT_SUCCESS;
	if (play(&d, &err) < 0) {
		fprintf(stderr, "foretop demo: %s\n", err.msg);
		code = EXIT_FAILURE;
	}
	clean_up(&d);
	return code;
}
