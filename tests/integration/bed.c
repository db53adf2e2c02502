#include "integration/bed.h"

#include "unit/serve/client.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define NS        "shop"
#define SLICE_MS  5
#define LIMIT_S   100 /* of one test: several waits, and a slow build */
#define LOG_MAX   (4u << 20)
#define LOG_LINES 120
#define ARGS_MAX  32

#define LANES_MAX 8

/* Folders of the tests of this program; what a failed test leaves there is shown. */
static char root[BED_PATH / 2];
static Suite *lanes[LANES_MAX];
static char lane_names[LANES_MAX][32]; /* check borrows them */
static int lane_count;

/* --- the frame --- */

static int remove_entry(const char *path, const struct stat *st, int type,
			struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_folder(const char *path)
{
	nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static int show_log(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const char *name = path + ftw->base;
	if (type != FTW_F || !st->st_size || !strstr(name, ".log"))
		return 0;
	char *text AUTO_FREE = bed_text(path);
	const char *from = text + strlen(text);
	for (int lines = 0; from > text && lines <= LOG_LINES; from--)
		lines += from[-1] == '\n';
	printf("--- %s of a test that failed:\n%s\n", name, from);
	return 0;
}

static void redirect(const char *path, int to)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd < 0 || dup2(fd, to) < 0)
		_exit(126);
}

TCase *bed_lane(const char *name, void (*setup)(void), void (*teardown)(void))
{
	assert(lane_count < LANES_MAX);
	char *own = lane_names[lane_count];
	snprintf(own, sizeof(lane_names[0]), "%s", name);
	Suite *suite = suite_create(own);
	TCase *tc = tcase_create(own);
	lanes[lane_count++] = suite;
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, LIMIT_S);
	suite_add_tcase(suite, tc);
	return tc;
}

/* What a lane says waits in a file until its turn. */
static pid_t start_lane(int i)
{
	char path[BED_PATH];
	snprintf(path, sizeof(path), "%s/%d.txt", root, i);
	fflush(NULL);
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	redirect(path, STDOUT_FILENO);
	redirect(path, STDERR_FILENO);
	int code = run_suite(lanes[i]);
	fflush(NULL);
	_exit(code);
}

static bool end_lane(int i, pid_t pid)
{
	int status = -1;
	char path[BED_PATH];
	snprintf(path, sizeof(path), "%s/%d.txt", root, i);
	waitpid(pid, &status, 0);
	char *text AUTO_FREE = bed_text(path);
	fputs(text, stdout);
	return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

static bool run_lanes(void)
{
	const char *mode = getenv("CK_FORK");
	pid_t pids[LANES_MAX];
	bool good = true;
	if (mode && !strcmp(mode, "no")) {
		for (int i = 0; i < lane_count; i++)
			good &= run_suite(lanes[i]) == EXIT_SUCCESS;
		return good;
	}
	for (int i = 0; i < lane_count; i++)
		pids[i] = start_lane(i);
	for (int i = 0; i < lane_count; i++)
		good &= end_lane(i, pids[i]);
	return good;
}

int bed_run(void)
{
	const char *tmp = getenv("TMPDIR");
	snprintf(root, sizeof(root), "%s/foretop-integration.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(root)) {
		perror(root);
		return EXIT_FAILURE;
	}
	bool good = run_lanes();
	if (!good)
		nftw(root, show_log, 16, FTW_PHYS);
	remove_folder(root);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* --- the world --- */

static void say_demand(void *arg, int64_t at_ms, struct promapi_rows *rows)
{
	const struct demand *d = arg;
	(void)at_ms;
	if (!isnan(d->value))
		promapi_rows_add(rows, NULL, 0, d->value);
}

static struct demand *demand_of(struct bed *b, const char *name)
{
	for (int i = 0; i < b->demand_count; i++)
		if (!strcmp(b->demands[i].name, name))
			return &b->demands[i];
	ck_assert_int_lt(b->demand_count, BED_WORKLOADS);
	struct demand *d = &b->demands[b->demand_count++];
	snprintf(d->name, sizeof(d->name), "%s", name);
	d->value = NAN;
	return d;
}

void bed_answer(struct bed *b, struct promapi *prom, const char *name)
{
	char *query AUTO_FREE = served_requests_query(NS, name);
	promapi_register(prom, query, say_demand, demand_of(b, name));
}

void bed_demand(struct bed *b, const char *name, double value)
{
	demand_of(b, name)->value = value;
	bed_answer(b, b->prom, name);
}

static void open_world(struct bed *b, const char *const *names, int count)
{
	struct served_workload workloads[BED_WORKLOADS];
	char *spaces[BED_WORKLOADS] = {0};
	double *values = xcalloc(1, sizeof(*values));
	values[0] = 400;
	b->traffic = trace_new(wall_ms(), MS_PER_MIN, values, 1);
	ck_assert_int_le(count, BED_WORKLOADS);
	for (int i = 0; i < count; i++) {
		const char *slash = strchr(names[i], '/');
		if (slash)
			spaces[i] = xstrndup(names[i], (size_t)(slash - names[i]));
		workloads[i] = (struct served_workload){
			.workload = {.ns = slash ? spaces[i] : NS,
				     .name = slash ? slash + 1 : names[i],
				     .demand = b->traffic,
				     .capacity = 100,
				     .lead_ms = 200,
				     .replicas = 4,
				     .cpu_full = 1,
				     .cpu_request = 1,
				     .scrape_every_ms = 500,
				     .scrape_delay_ms = 100}};
	}
	const struct served_config config = {.clock = &b->clock,
					     .step_ms = 100,
					     .tls = true,
					     .workloads = workloads,
					     .count = count};
	struct err err = {0};
	b->served = served_new(b->reactor, &config, &err);
	ck_assert_msg(b->served != NULL, "%s", err.msg);
	b->kube = served_kube(b->served);
	b->prom = served_prom(b->served);
	for (int i = 0; i < count; i++) {
		free(spaces[i]);
		if (!strchr(names[i], '/'))
			bed_demand(b, names[i], 400);
	}
}

static void open_folder(struct bed *b)
{
	snprintf(b->folder, sizeof(b->folder), "%s/bed.XXXXXX", root);
	ck_assert_msg(mkdtemp(b->folder) != NULL, "%s: %s", b->folder, strerror(errno));
	snprintf(b->config, sizeof(b->config), "%s/foretop.yaml", b->folder);
	snprintf(b->kubeconfig, sizeof(b->kubeconfig), "%s/kubeconfig", b->folder);
	snprintf(b->ca, sizeof(b->ca), "%s/ca.pem", b->folder);
	struct child *children[] = {&b->first, &b->second};
	for (size_t i = 0; i < ARRAY_LEN(children); i++) {
		snprintf(children[i]->log, sizeof(b->first.log), "%s/%zu.log", b->folder,
			 i + 1);
		snprintf(children[i]->out, sizeof(b->first.out), "%s/%zu.out", b->folder,
			 i + 1);
	}
}

struct bed *bed_open(const char *const *names, int count)
{
	struct bed *b = xcalloc(1, sizeof(*b));
	struct err err = {0};
	log_configure(&(struct log_config){.verbosity = -1});
	b->reactor = reactor_new(&err);
	ck_assert_msg(b->reactor != NULL, "%s", err.msg);
	clock_init_real(&b->clock);
	b->sync_period = "1s";
	b->election = "leaseDuration: 15s, renewDeadline: 10s, retryPeriod: 500ms";
	b->page = "{listen: \"127.0.0.1:0\"}";
	open_folder(b);
	open_world(b, names, count);
	char *kubeconfig AUTO_FREE = served_kubeconfig(b->served);
	bed_write_file(b->kubeconfig, kubeconfig);
	bed_write_file(b->ca, served_ca_pem(b->served));
	bed_write_config(b, NULL, NULL);
	return b;
}

struct bed *bed_open_shop(void)
{
	static const char *const names[] = {"checkout", "cart"};
	return bed_open(names, ARRAY_LEN(names));
}

static void end_child(struct bed *b, struct child *c)
{
	if (!c->pid)
		return;
	bed_signal(c, SIGTERM);
	int code = bed_wait_end(b, c);
	ck_assert_msg(code == 0, "after SIGTERM foretop ended with %d", code);
}

void bed_close(struct bed *b)
{
	end_child(b, &b->first);
	end_child(b, &b->second);
	served_free(b->served);
	trace_free(b->traffic);
	reactor_free(b->reactor);
	remove_folder(b->folder);
	free(b);
}

/* --- policies and targets --- */

void bed_policy_text(struct bed *b, const char *name, const char *text)
{
	struct err err = {0};
	ck_assert_msg(served_put_policy(b->served, NS, name, text, &err) == 0, "%s",
		      err.msg);
}

void bed_policy(struct bed *b, const char *name, const char *target, const char *more)
{
	char *query AUTO_FREE = served_requests_query(NS, target);
	char *text AUTO_FREE = xasprintf(
		"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: %s}\n"
		"minReplicas: 1\n"
		"maxReplicas: 50\n"
		"metrics:\n"
		"- type: External\n"
		"  external:\n"
		"    metric: {name: requests}\n"
		"    target: {type: AverageValue, averageValue: \"100\"}\n"
		"  query: %s\n"
		"%s%s",
		target, query, more,
		strstr(more, "forecast:") ? "" : "forecast: {mode: Disabled}\n");
	bed_policy_text(b, name, text);
}

int32_t bed_replicas(struct bed *b, const char *name)
{
	cJSON *d AUTO(json_cleanup) = kubeapi_get(b->kube, KUBEAPI_DEPLOYMENTS, NS, name);
	return d ? (int32_t)json_int(d, "spec.replicas", -1) : -1;
}

void bed_set_replicas(struct bed *b, const char *name, int32_t replicas)
{
	cJSON *d AUTO(json_cleanup) = kubeapi_get(b->kube, KUBEAPI_DEPLOYMENTS, NS, name);
	cJSON *spec = cJSON_GetObjectItemCaseSensitive(d, "spec");
	ck_assert_ptr_nonnull(spec);
	cJSON_DeleteItemFromObjectCaseSensitive(spec, "replicas");
	cJSON_AddNumberToObject(spec, "replicas", replicas);
	kubeapi_put_tree(b->kube, KUBEAPI_DEPLOYMENTS, d, NULL);
	workload_scale(world_find(served_world(b->served), NS, name), replicas);
	served_catch_up(b->served);
}

/* --- files --- */

void bed_write_file(const char *path, const char *text)
{
	char *fresh AUTO_FREE = xasprintf("%s.new", path);
	FILE *f = fopen(fresh, "w");
	ck_assert_msg(f && fputs(text, f) >= 0 && fclose(f) == 0, "%s: %s", path,
		      strerror(errno));
	ck_assert_int_eq(rename(fresh, path), 0);
}

char *bed_source(const struct bed *b, const char *name, const char *url)
{
	return xasprintf("- {name: %s, url: \"%s\", caFile: \"%s\"}\n", name, url, b->ca);
}

void bed_write_config(struct bed *b, const char *sources, const char *more)
{
	char *usual AUTO_FREE = bed_source(b, "default", served_prom_url(b->served));
	char *text AUTO_FREE = xasprintf(
		"sources:\n%s"
		"syncPeriod: %s\n"
		"hpa: {downscaleStabilization: 0s, cpuInitializationPeriod: 0s, "
		"initialReadinessDelay: 0s}\n"
		"leaderElection: {%s}\n"
		"statusNamespace: " BED_STATUS_NS "\n"
		"listen: \"127.0.0.1:0\"\n"
		"page: %s\n%s",
		sources ? sources : usual, b->sync_period, b->election, b->page,
		more ? more : "");
	bed_write_file(b->config, text);
}

void bed_short_lease(struct bed *b)
{
	b->election = "leaseDuration: 6s, renewDeadline: 4s, retryPeriod: 500ms";
	bed_write_config(b, NULL, NULL);
}

char *bed_text(const char *path)
{
	char *text;
	if (file_read(path, LOG_MAX, &text, NULL, NULL) < 0)
		return xstrdup("");
	return text;
}

/* --- the process --- */

/* $FORETOP, or the binary that was built with this test. */
static char *binary(void)
{
	char self[1024];
	const char *given = getenv("FORETOP");
	if (given && *given)
		return xstrdup(given);
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	ck_assert(n > 0);
	self[n] = '\0';
	char *slash = strrchr(self, '/');
	ck_assert_ptr_nonnull(slash);
	*slash = '\0';
	return xasprintf("%s/../../foretop", self);
}

/* In the child: nothing of the test's comes along but what is said here. */
static _Noreturn void become(const struct child *c, char *const *argv, char *const *env,
			     pid_t parent)
{
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(125);
	redirect("/dev/null", STDIN_FILENO);
	redirect(c->out, STDOUT_FILENO);
	redirect(c->log, STDERR_FILENO);
	close_range(STDERR_FILENO + 1, ~0U, 0);
	execve(argv[0], argv, env);
	perror(argv[0]);
	_exit(127);
}

static void spawn(struct bed *b, struct child *c, const char *program,
		  const char *pod_name, const char *const *args)
{
	char *argv[ARGS_MAX] = {NULL}, *env[16] = {NULL};
	static const char *const kept[] = {
		"PATH",          "ASAN_OPTIONS", "LSAN_OPTIONS",
		"UBSAN_OPTIONS", "SCREENSHOTS",  "LD_PRELOAD",
		"FAULT_SYSCALL", "HTTPS_PROXY",  "NO_PROXY"};
	int n = 0, e = 0;
	ck_assert_int_eq(c->pid, 0);
	argv[n++] = program ? xstrdup(program) : binary();
	for (; *args && n < ARGS_MAX - 1; args++)
		argv[n++] = xstrdup(*args);
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		if (getenv(kept[i]))
			env[e++] = xasprintf("%s=%s", kept[i], getenv(kept[i]));
	if (BED_SANITIZED && !getenv("UBSAN_OPTIONS"))
		env[e++] = xstrdup("UBSAN_OPTIONS=halt_on_error=1");
	env[e++] = xasprintf("HOME=%s", b->folder);
	if (pod_name)
		env[e++] = xasprintf("POD_NAME=%s", pod_name);
	fflush(NULL);
	pid_t parent = getpid();
	c->pid = fork();
	if (c->pid == 0)
		become(c, argv, env, parent);
	ck_assert(c->pid > 0);
	c->may_end = false;
	for (int i = 0; i < n; i++)
		free(argv[i]);
	for (int i = 0; i < e; i++)
		free(env[i]);
}

void bed_call(struct bed *b, struct child *c, const char *const *args)
{
	spawn(b, c, NULL, NULL, args);
	c->may_end = true;
}

void bed_call_tool(struct bed *b, struct child *c, const char *const *argv)
{
	spawn(b, c, argv[0], NULL, argv + 1);
	c->may_end = true;
}

void bed_start_bare(struct bed *b, struct child *c, const char *const *flags)
{
	const char *args[ARGS_MAX] = {"run"};
	for (int n = 1; *flags && n < ARGS_MAX - 1; flags++)
		args[n++] = *flags;
	bed_call(b, c, args);
}

void bed_start(struct bed *b, struct child *c, const char *pod_name,
	       const char *const *flags)
{
	const char *args[ARGS_MAX] = {"run", "--config", b->config, "--kubeconfig",
				      b->kubeconfig};
	for (int n = 5; flags && *flags && n < ARGS_MAX - 1; flags++)
		args[n++] = *flags;
	spawn(b, c, NULL, pod_name, args);
}

void bed_signal(const struct child *c, int signal)
{
	ck_assert(c->pid > 0);
	kill(c->pid, signal);
}

static void reap(struct child *c)
{
	int status;
	if (!c->pid || waitpid(c->pid, &status, WNOHANG) != c->pid)
		return;
	c->dumped = WIFSIGNALED(status) && WCOREDUMP(status);
	c->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	c->pid = 0;
	ck_assert_msg(c->may_end, "foretop ended with %d", c->exit_code);
}

int bed_wait_end(struct bed *b, struct child *c)
{
	c->may_end = true;
	wait_until(b, !c->pid, "the end of foretop");
	return c->exit_code;
}

void bed_lead(struct bed *b, const char *more)
{
	bed_policy(b, "checkout", "checkout", more);
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, bed_condition(b, "checkout", "MetricsAvailable", "True", NULL),
		   "a first decision");
}

int bed_command(struct bed *b, const char *command, const char *const *flags)
{
	const char *args[24] = {command};
	for (int n = 1; *flags && n < 23; flags++)
		args[n++] = *flags;
	remove(b->first.log);
	remove(b->first.out);
	bed_call(b, &b->first, args);
	/* Works all the time, where others wait for facts. */
	int64_t end_ms = monotonic_ms() + 5 * BED_WAIT_MS;
	b->first.may_end = true;
	while (b->first.pid && monotonic_ms() < end_ms)
		bed_spin(b);
	return bed_wait_end(b, &b->first);
}

char *bed_output(const struct bed *b)
{
	char *log AUTO_FREE = bed_text(b->first.log);
	ck_assert_msg(!*log, "%s", log);
	return bed_text(b->first.out);
}

void bed_spin(struct bed *b)
{
	spin(b->reactor, SLICE_MS);
	reap(&b->first);
	reap(&b->second);
}

int bed_logged(const struct child *c, const char *text)
{
	char *log AUTO_FREE = bed_text(c->log);
	int count = 0;
	for (const char *at = log; (at = strstr(at, text)); at += strlen(text))
		count++;
	return count;
}

/* The newest address that the log tells behind the mark; the caller frees it. NULL: none
 * yet. */
static char *listens(const struct child *c, const char *mark)
{
	char *log AUTO_FREE = bed_text(c->log), *last = NULL;
	char pid[24];
	snprintf(pid, sizeof(pid), " %d ", (int)c->pid);
	for (char *at = log; (at = strstr(at, mark)); at += strlen(mark))
		last = at;
	if (!last)
		return NULL;
	/* The line of an earlier process does not count. */
	char *line = last;
	while (line > log && line[-1] != '\n')
		line--;
	last += strlen(mark);
	char *own = strstr(line, pid);
	return own && own < last ? xstrndup(last, strcspn(last, "\"")) : NULL;
}

char *bed_url(struct bed *b, const struct child *c)
{
	char *url = NULL;
	wait_until(b, (url = listens(c, "\"Listens\" url=\"")) != NULL,
		   "the log tells the address");
	return url;
}

char *bed_page_url(struct bed *b, const struct child *c)
{
	char *url = NULL;
	wait_until(b, (url = listens(c, "\"Shows\" page=\"")) != NULL,
		   "the log tells the address of the page");
	return url;
}

static long get(struct bed *b, const char *base, const char *path, char **ret_body)
{
	char *url AUTO_FREE = xasprintf("%s%s", base, path);
	struct fetch f;
	fetch(&f, b->reactor, "GET", url, NULL);
	ck_assert_msg(f.result == CURLE_OK, "%s: %s", url, curl_easy_strerror(f.result));
	long status = f.status;
	if (ret_body)
		*ret_body = xstrdup(str_text(&f.body));
	fetch_fini(&f);
	return status;
}

long bed_get(struct bed *b, const struct child *c, const char *path, char **ret_body)
{
	char *base AUTO_FREE = bed_url(b, c);
	return get(b, base, path, ret_body);
}

long bed_get_page(struct bed *b, const struct child *c, const char *path, char **ret_body)
{
	char *base AUTO_FREE = bed_page_url(b, c);
	return get(b, base, path, ret_body);
}

double bed_metric(struct bed *b, const struct child *c, const char *sample)
{
	char *text AUTO_FREE = NULL;
	char *line_start AUTO_FREE = xasprintf("\n%s ", sample);
	ck_assert_int_eq(bed_get(b, c, "/metrics", &text), 200);
	const char *line = strstr(text, line_start);
	return line ? strtod(line + strlen(line_start), NULL) : NAN;
}

double bed_metric_sum(struct bed *b, const struct child *c, const char *start)
{
	char *text AUTO_FREE = NULL;
	char *line_start AUTO_FREE = xasprintf("\n%s", start);
	double sum = NAN;
	ck_assert_int_eq(bed_get(b, c, "/metrics", &text), 200);
	for (const char *at = strstr(text, line_start); at;
	     at = strstr(at + 1, line_start)) {
		const char *value = strstr(at, "} ");
		ck_assert_ptr_nonnull(value);
		sum = (isnan(sum) ? 0 : sum) + strtod(value + 2, NULL);
	}
	return sum;
}

int bed_decisions(struct bed *b, const char *policy)
{
	char *start AUTO_FREE = xasprintf("foretop_decisions_total{target_namespace=\"" NS
					  "\",policy=\"%s\",",
					  policy);
	double count = bed_metric_sum(b, &b->first, start);
	return isnan(count) ? 0 : (int)count;
}

void bed_cycles(struct bed *b, const char *policy, int count)
{
	int wanted = bed_decisions(b, policy) + count;
	wait_until(b, bed_decisions(b, policy) >= wanted, "the policy is decided on");
}
