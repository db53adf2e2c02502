/* foretop run: the controller. */
#include "cluster.h"
#include "cmd.h"
#include "runsay.h"

#include "loop/loop.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define CONFIG_LIMIT     (1024 * 1024)
#define CONFIG_PERIOD_MS 5000
#define SHUTDOWN_MS      1500 /* the whole process is gone within 2 s of SIGTERM */
#define LOOK_PERIOD_MS   500  /* at what is decided, for those who read along */
#define ONCE_PERIOD_MS   100
#define ONCE_MAX_MS      60000
#define ONCE_LIST_MS     5000  /* and a failure, until the policies must be listed */
#define ONCE_WRITES_MS   10000 /* for what was decided to be written */

struct flags {
	struct cluster_flags cluster;
	const char *config, *prometheus_url, *listen, *page;
	struct log_config log;
	bool dry_run, once, diff, exit_code;
	enum runsay_output output;
	int64_t for_ms; /* 0: until it is ended */
};

struct run {
	struct flags flags;
	struct reactor *reactor;
	struct loop *loop;
	struct clock clock;
	struct controller_config *config; /* in force */
	struct file_watch config_watch;
	struct timer config_timer, once_timer, look_timer, end_timer;
	struct runsay say;
	struct fd_watch signals;
	char instance[128];
	int64_t started_ms;
	int64_t settled_ms; /* --once: when every policy had decided; 0: not yet */
	bool ending;
	int exit_code;
};

static const char help[] =
	"usage: foretop run [flags]\n\n"
	"Serves the policies of a cluster: reads demand from Prometheus, decides, writes "
	"replicas.\n\n"
	"      --config FILE           the controller's configuration (YAML)\n"
	"      --prometheus-url URL    the source named default\n"
	"  -n, --namespace NS          only policies of this namespace\n"
	"      --dry-run               decide and report everything, write nothing to "
	"the "
	"cluster\n"
	"      --diff                  a dry run beside an HPA: print where the decided "
	"size "
	"differs from\n"
	"                              the one that is there, and sums at the end\n"
	"      --for DURATION          end after this time\n"
	"      --once                  decide once for every policy, print it and end\n"
	"  -o, --output FORMAT         of --once: table or json\n"
	"      --exit-code             exit with 3 when a dry run would have written, or "
	"--diff differs\n"
	"      --listen ADDRESS:PORT   /metrics, /livez, /readyz; \"\" for none (default "
	":8080)\n"
	"      --page ADDRESS:PORT     the page and /api/v1; \"\" for none (default "
	"127.0.0.1:8081)\n"
	"      --log-format FORMAT     text or json\n"
	"  -v, --v LEVEL               verbosity: 0 (default) to 4 and more "
	"(debug)\n" CLUSTER_SERVER_HELP;

enum {
	OPT_CONFIG = CLUSTER_OPTION_END,
	OPT_PROMETHEUS,
	OPT_DRY_RUN,
	OPT_DIFF,
	OPT_FOR,
	OPT_ONCE,
	OPT_EXIT_CODE,
	OPT_LISTEN,
	OPT_PAGE,
	OPT_LOG_FORMAT
};

static const struct option options[] = {
	{"config", required_argument, NULL, OPT_CONFIG},
	{"prometheus-url", required_argument, NULL, OPT_PROMETHEUS},
	CLUSTER_OPTIONS,
	{"dry-run", no_argument, NULL, OPT_DRY_RUN},
	{"diff", no_argument, NULL, OPT_DIFF},
	{"for", required_argument, NULL, OPT_FOR},
	{"once", no_argument, NULL, OPT_ONCE},
	{"output", required_argument, NULL, 'o'},
	{"exit-code", no_argument, NULL, OPT_EXIT_CODE},
	{"listen", required_argument, NULL, OPT_LISTEN},
	{"page", required_argument, NULL, OPT_PAGE},
	{"log-format", required_argument, NULL, OPT_LOG_FORMAT},
	{"v", required_argument, NULL, 'v'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static int take_log_format(enum log_format *ret, struct err *err)
{
	static const char *const formats[] = {[LOG_TEXT] = "text", [LOG_JSON] = "json"};
	int index;
	if (flag_word(optarg, formats, ARRAY_LEN(formats), &index, err) < 0)
		return -1;
	*ret = (enum log_format)index;
	return 0;
}

static int take_output(enum runsay_output *ret, struct err *err)
{
	static const char *const outputs[] = {
		[RUNSAY_TABLE] = "table", [RUNSAY_JSON] = "json"};
	int index;
	if (flag_word(optarg, outputs, ARRAY_LEN(outputs), &index, err) < 0)
		return -1;
	*ret = (enum runsay_output)index;
	return 0;
}

/* The flags whose text is taken as it is: false when c is none of them. */
static bool take_text(struct flags *f, int c)
{
	const char **at = c == OPT_CONFIG       ? &f->config
			  : c == OPT_PROMETHEUS ? &f->prometheus_url
			  : c == OPT_LISTEN     ? &f->listen
			  : c == OPT_PAGE       ? &f->page
						: NULL;
	if (at)
		*at = optarg;
	return at != NULL;
}

static int take(void *arg, int c, struct err *err)
{
	struct flags *f = arg;
	int taken = cluster_flag(&f->cluster, c, err);
	if (taken || take_text(f, c))
		return taken < 0 ? -1 : 0;
	switch (c) {
	case OPT_DIFF:
		f->diff = f->dry_run = true;
		return 0;
	case OPT_EXIT_CODE:
		f->exit_code = true;
		return 0;
	case OPT_DRY_RUN:
		f->dry_run = true;
		return 0;
	case OPT_ONCE:
		f->once = true;
		return 0;
	case OPT_FOR:
		return flag_duration(optarg, &f->for_ms, err);
	case 'o':
		return take_output(&f->output, err);
	case OPT_LOG_FORMAT:
		return take_log_format(&f->log.format, err);
	default: /* 'v' */
		return flag_verbosity(optarg, &f->log.verbosity, err);
	}
}

/* -1 to go on, else the exit code. */
static int parse_flags(struct flags *f, int argc, char **argv)
{
	const struct flag_table table = {.help = help,
					 .letters = ":o:v:h" CLUSTER_LETTERS,
					 .options = options,
					 .take = take,
					 .arg = f};
	int code = flags_read(&table, argc, argv);
	if (code >= 0)
		return code;
	if (optind < argc)
		return flags_wrong(argv[0], "unexpected argument %s", argv[optind]);
	if (f->output && !f->once)
		return flags_wrong(argv[0], "--output belongs to --once");
	if (f->once && (f->diff || f->for_ms))
		return flags_wrong(argv[0], "--once and %s exclude each other",
				   f->diff ? "--diff" : "--for");
	if (f->exit_code && !f->dry_run)
		return flags_wrong(argv[0], "--exit-code belongs to --dry-run or --diff");
	return -1;
}

/* --- the configuration file --- */

/* The result is the caller's (drop_config), NULL with *err on failure. */
static void drop_config(struct controller_config *c)
{
	config_free(c); /* accepts NULL */
	free(c);
}

static int parse_config(const struct flags *f, struct controller_config *ret,
			struct err *err)
{
	char *text AUTO_FREE = NULL;
	size_t len;
	if (!f->config) {
		config_defaults(ret);
		return 0;
	}
	if (file_read(f->config, CONFIG_LIMIT, &text, &len, err) < 0)
		return -1;
	return config_parse(text, len, ret, err) < 0 ? err_wrap(err, "%s", f->config) : 0;
}

static int check_config(const struct flags *f, struct controller_config *c,
			struct err *err)
{
	if (f->prometheus_url && config_set_url(c, f->prometheus_url, err) < 0)
		return err_wrap(err, "--prometheus-url");
	if (f->page && config_set_page(c, f->page, err) < 0)
		return err_wrap(err, "--page");
	if (!c->source_count)
		return err_set(err, ERR_INVALID,
			       "no Prometheus is named: give --prometheus-url, or "
			       "sources in --config");
	return 0;
}

static struct controller_config *read_config(const struct run *r, struct err *err)
{
	struct controller_config *c = xcalloc(1, sizeof(*c));
	if (parse_config(&r->flags, c, err) == 0 && check_config(&r->flags, c, err) == 0)
		return c;
	drop_config(c);
	return NULL;
}

static void reload(struct run *r)
{
	struct err err;
	struct controller_config *fresh = read_config(r, &err);
	if (!fresh || loop_reload(r->loop, fresh, &err) < 0) {
		log_error("Kept the configuration in force", KV_TEXT("err", err.msg));
		loop_reload_failed(r->loop);
		drop_config(fresh);
		return;
	}
	drop_config(r->config);
	r->config = fresh;
	log_info("Took over the configuration",
		 KV_TEXT("file", r->flags.config ? r->flags.config : "defaults"));
}

static void watch_config(void *arg)
{
	struct run *r = arg;
	if (file_changed(&r->config_watch, r->flags.config))
		reload(r);
	timer_set(r->reactor, &r->config_timer, CONFIG_PERIOD_MS, watch_config, r);
}

/* --- the end --- */

static void ended(void *arg)
{
	struct run *r = arg;
	reactor_stop(r->reactor);
}

static void end(struct run *r, int exit_code)
{
	if (r->ending)
		return;
	r->ending = true;
	r->exit_code = exit_code;
	loop_shutdown(r->loop, SHUTDOWN_MS, ended, r);
}

static void on_signal(struct fd_watch *w)
{
	struct run *r = w->arg;
	struct signalfd_siginfo info;
	if (read(w->fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP) {
		reload(r);
		return;
	}
	log_info("Ends", KV_TEXT("signal", strsignal((int)info.ssi_signo)));
	if (r->ending)
		reactor_stop(r->reactor); /* asked twice: now */
	end(r, EXIT_SUCCESS);
}

static int open_signals(struct run *r, struct err *err)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	r->signals =
		(struct fd_watch){.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
				  .ready = on_signal,
				  .arg = r};
	return fd_watch_start(r->reactor, &r->signals, err);
}

/* Whoever lost the lead must not write any more, not even to say goodbye. */
static void lost(void *arg)
{
	(void)arg;
	_exit(EXIT_FAILURE);
}

/* --- what is printed --- */

static void look(void *arg)
{
	struct run *r = arg;
	if (r->ending)
		return;
	runsay_look(&r->say, loop_engine(r->loop), monotonic_ms());
	timer_set(r->reactor, &r->look_timer, LOOK_PERIOD_MS, look, r);
}

static void time_is_up(void *arg)
{
	end(arg, EXIT_SUCCESS);
}

/* As much of it as was asked for. */
static void start_saying(struct run *r)
{
	const struct flags *f = &r->flags;
	r->say = (struct runsay){
		.output = f->output, .dry_run = f->dry_run, .diff = f->diff};
	if (f->dry_run && !f->once)
		look(r);
	if (f->for_ms)
		timer_set(r->reactor, &r->end_timer, f->for_ms, time_is_up, r);
}

/* --- --once --- */

static void check_once(void *arg)
{
	struct run *r = arg;
	if (r->ending)
		return;
	int64_t now = monotonic_ms();
	if (!r->settled_ms && loop_settled(r->loop))
		r->settled_ms = now;
	const char *trouble = loop_trouble(r->loop);
	bool late = !r->settled_ms &&
		    now - r->started_ms > (trouble ? ONCE_LIST_MS : ONCE_MAX_MS);
	bool written = r->settled_ms &&
		       (loop_idle(r->loop) || now - r->settled_ms > ONCE_WRITES_MS);
	if (!late && !written) {
		timer_set(r->reactor, &r->once_timer, ONCE_PERIOD_MS, check_once, r);
		return;
	}
	runsay_once(&r->say, loop_engine(r->loop));
	if (late && trouble)
		fprintf(stderr, "foretop run: the policies could not be listed: %s\n",
			trouble);
	else if (late)
		fprintf(stderr,
			"foretop run: not every policy was read and decided on within %d "
			"s: the log says why\n",
			ONCE_MAX_MS / 1000);
	else if (!engine_policy_count(loop_engine(r->loop)))
		fputs("No policies found\n", stderr);
	end(r, late ? EXIT_FAILURE : EXIT_SUCCESS);
}

static void name_instance(struct run *r)
{
	const char *pod = getenv("POD_NAME");
	char host[64] = "localhost";
	gethostname(host, sizeof(host) - 1);
	if (pod && *pod)
		snprintf(r->instance, sizeof(r->instance), "%s", pod);
	else
		snprintf(r->instance, sizeof(r->instance), "%s_%d", host, (int)getpid());
}

static int find_cluster(const struct run *r, struct kube_config *ret, struct err *err)
{
	const char *given = r->flags.cluster.kubeconfig;
	const struct kube_config_options where = cluster_where(&r->flags.cluster);
	if (kube_config_load(&where, ret, err) == 0)
		return 0;
	if (given && !strstr(err->msg, given))
		err_wrap(err, "%s", given);
	return err_wrap(err, "finding the API server");
}

static int open_loop(struct run *r, struct err *err)
{
	struct kube_config kube AUTO(kube_config_fini) = {0};
	r->config = read_config(r, err);
	if (!r->config)
		return -1;
	if (find_cluster(r, &kube, err) < 0)
		return -1;
	const char *listen = r->flags.listen ? r->flags.listen : r->config->listen;
	struct loop_config config = {
		.reactor = r->reactor,
		.clock = &r->clock,
		.kube = &kube,
		.controller = r->config,
		.only_namespace = r->flags.cluster.ns,
		.instance = r->instance,
		.dry_run = r->flags.dry_run,
		.listen = *listen && !r->flags.once ? listen : NULL,
		.page = r->flags.once ? NULL : &r->config->page,
		.request_timeout_ms = r->flags.cluster.timeout_ms,
		.on_lost = lost,
		.arg = r,
	};
	log_info("Starts", KV_TEXT("version", FORETOP_VERSION),
		 KV_TEXT("cluster", kube.server), KV_TEXT("from", kube.source),
		 KV_TEXT("dryRun", r->flags.dry_run ? "true" : "false"));
	if (kube.insecure)
		log_error("The API server's certificate is not checked "
			  "(insecure-skip-tls-verify)");
	r->loop = loop_new(&config, err);
	return r->loop ? 0 : -1;
}

static int serve(struct run *r, struct err *err)
{
	r->reactor = reactor_new(err);
	if (!r->reactor || open_signals(r, err) < 0 || open_loop(r, err) < 0)
		return -1;
	if (r->flags.config) {
		file_changed(&r->config_watch, r->flags.config);
		timer_set(r->reactor, &r->config_timer, CONFIG_PERIOD_MS, watch_config,
			  r);
	}
	start_saying(r);
	if (r->flags.once)
		check_once(r);
	reactor_run(r->reactor);
	runsay_end(&r->say);
	return 0;
}

int cmd_run(int argc, char **argv)
{
	struct run r = {.started_ms = monotonic_ms(), .signals = {.fd = -1}};
	int code = parse_flags(&r.flags, argc, argv);
	if (code >= 0)
		return code;
	log_configure(&r.flags.log);
	clock_init_real(&r.clock);
	name_instance(&r);
	struct err err;
	if (serve(&r, &err) < 0) {
		fprintf(stderr, "foretop run: %s\n", err.msg);
		r.exit_code = EXIT_FAILURE;
	}
	if (r.flags.exit_code && !r.exit_code && r.say.differs)
		r.exit_code = EXIT_DIFFERS;
	timer_cancel(&r.config_timer);
	timer_cancel(&r.once_timer);
	timer_cancel(&r.look_timer);
	timer_cancel(&r.end_timer);
	runsay_fini(&r.say);
	loop_free(r.loop);
	reactor_free(r.reactor);
	if (r.signals.fd >= 0)
		close(r.signals.fd);
	drop_config(r.config);
	return r.exit_code;
}
