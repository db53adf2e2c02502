/* What many policies cost: the real process against the served simulation, with three
 * pods each, either all on CPU (built-in queries) or each with a query of its own; no
 * forecasts. Shows the growth: CPU of foretop per cycle of 15 s, memory, requests, and
 * how long after the start every policy was decided on.
 * usage: fleet [POLICIES]... (100 1000) */
#include "prom/prom.h"
#include "sim/cluster.h"
#include "sim/sim.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PER_NAMESPACE 50
#define CYCLE_MS      15000
#define CYCLES        2
#define PODS          3
#define START_MAX_MS  180000

enum query { BUILT_IN, OWN };

struct fleet {
	struct reactor *reactor;
	struct clock clock;
	struct kubeapi *kube;
	struct promapi *prom;
	struct workload *workloads;
	struct shown_workload *shown;
	char **names, **namespaces;
	int count;
	enum query query;
	char wanted[65536]; /* namespaces of the query under way, "a|b" */
	char folder[64];
	pid_t pid;
	struct timer slice;
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "fleet: %s\n", what);
	exit(EXIT_FAILURE);
}

/* --- Prometheus --- */

static bool among(const char *names, const char *name)
{
	size_t len = strlen(name);
	const char *at = strstr(names, name);
	while (at && ((at > names && at[-1] != '|') || (at[len] && at[len] != '|')))
		at = strstr(at + 1, name);
	return at != NULL;
}

static void usage_row(struct promapi_rows *rows, const char *ns, const char *pod,
		      const char *mark, double value)
{
	const struct promapi_label labels[] = {{"namespace", ns},
					       {"pod", pod},
					       {"container", SHOWN_CONTAINER},
					       {"foretop", mark}};
	promapi_rows_add(rows, labels, ARRAY_LEN(labels), value);
}

/* Half of what is requested, so that nothing changes. */
static void usage(void *arg, int64_t at_ms, struct promapi_rows *rows)
{
	const struct fleet *f = arg;
	for (int i = 0; i < f->count; i++) {
		const struct workload *w = &f->workloads[i];
		if (i % PER_NAMESPACE == 0 && !among(f->wanted, w->config.ns)) {
			i += PER_NAMESPACE - 1;
			continue;
		}
		for (int32_t k = 0; k < w->pod_count; k++) {
			char pod[SHOWN_POD_NAME_SIZE];
			shown_pod_name(w, w->pods[k].serial, pod, sizeof(pod));
			usage_row(rows, w->config.ns, pod, "usage", 0.7);
			usage_row(rows, w->config.ns, pod, "time", (double)at_ms / 1e3);
		}
	}
}

static void constant(void *arg, int64_t at_ms, struct promapi_rows *rows)
{
	(void)arg;
	(void)at_ms;
	promapi_rows_add(rows, NULL, 0, 100.0 * PODS);
}

static promapi_eval *look_up(void *arg, const char *expression, void **ret_arg)
{
	struct fleet *f = arg;
	*ret_arg = f;
	if (!strncmp(expression, "demand{", 7))
		return constant;
	const char *list = strstr(expression, "namespace=");
	list = list ? strchr(list, '"') : NULL;
	if (!list)
		return NULL;
	snprintf(f->wanted, sizeof(f->wanted), "%.*s", (int)strcspn(list + 1, "\""),
		 list + 1);
	return usage;
}

/* --- Kubernetes --- */

static void put_policy(struct fleet *f, int i)
{
	char *text AUTO_FREE = xasprintf(
		f->query == OWN
			? "scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: "
			  "%s}\nmode: Scale\nmaxReplicas: 9\nforecast: {mode: Disabled}\n"
			  "metrics:\n- type: External\n  external: {metric: {name: "
			  "demand}, target: {type: AverageValue, averageValue: "
			  "\"100\"}}\n"
			  "  query: demand{policy=\"%s\"}\n"
			: "scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: "
			  "%s}\nmode: Scale\nmaxReplicas: 9\nforecast: {mode: Disabled}\n"
			  "metrics:\n- type: Resource\n  resource: {name: cpu, target: "
			  "{type: Utilization, averageUtilization: 70}}\n# %s\n",
		f->names[i], f->names[i]);
	cJSON *o AUTO(json_cleanup) = cJSON_CreateObject();
	cJSON *meta = cJSON_AddObjectToObject(o, "metadata");
	cJSON_AddStringToObject(meta, "name", f->names[i]);
	cJSON_AddStringToObject(meta, "namespace", f->workloads[i].config.ns);
	cJSON *labels = cJSON_AddObjectToObject(meta, "labels");
	cJSON_AddStringToObject(labels, "foretop.io/policy", "v1");
	cJSON *data = cJSON_AddObjectToObject(o, "data");
	cJSON_AddStringToObject(data, "policy.yaml", text);
	kubeapi_put_tree(f->kube, KUBEAPI_CONFIGMAPS, o, NULL);
}

static void fill(struct fleet *f, const struct trace *demand)
{
	f->workloads = xcalloc((size_t)f->count, sizeof(*f->workloads));
	f->shown = xcalloc((size_t)f->count, sizeof(*f->shown));
	f->names = xcalloc((size_t)f->count, sizeof(*f->names));
	f->namespaces = xcalloc((size_t)f->count / PER_NAMESPACE + 1, sizeof(char *));
	for (int i = 0; i < f->count; i++) {
		char **ns = &f->namespaces[i / PER_NAMESPACE];
		if (!*ns)
			*ns = xasprintf("team-%05d", i / PER_NAMESPACE);
		f->names[i] = xasprintf("service-%d", i);
		const struct workload_config config = {.ns = *ns,
						       .name = f->names[i],
						       .demand = demand,
						       .capacity = 100,
						       .replicas = PODS,
						       .cpu_full = 1,
						       .cpu_request = 1};
		workload_init(&f->workloads[i], &config, clock_now_ms(&f->clock));
		shown_workload_init(&f->shown[i], f->kube, &f->workloads[i]);
		put_policy(f, i);
	}
}

/* --- the process --- */

static void write_file(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");
	if (!out || fputs(text, out) < 0 || fclose(out) != 0)
		die("cannot write its files");
}

static void start(struct fleet *f)
{
	char self[1024];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[n > 0 ? n : 0] = '\0';
	char *slash = strrchr(self, '/');
	if (!slash)
		die("does not know where it is");
	*slash = '\0';
	char *binary AUTO_FREE = xasprintf("%s/../foretop", self);
	char *config AUTO_FREE = xasprintf("%s/config", f->folder);
	char *kubeconfig AUTO_FREE = xasprintf("%s/kubeconfig", f->folder);
	char *log AUTO_FREE = xasprintf("%s/log", f->folder);
	char *text AUTO_FREE =
		xasprintf("sources:\n- {name: default, url: \"%s\"}\n"
			  "listen: \"127.0.0.1:0\"\nstatusNamespace: foretop\n",
			  promapi_url(f->prom));
	char *kube AUTO_FREE = xasprintf(
		"{current-context: x, contexts: [{name: x, context: {cluster: c}}], "
		"clusters: [{name: c, cluster: {server: '%s'}}]}",
		kubeapi_url(f->kube));
	write_file(config, text);
	write_file(kubeconfig, kube);
	pid_t parent = getpid();
	f->pid = fork();
	if (f->pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || !freopen(log, "w", stderr))
		_exit(125);
	close_range(STDERR_FILENO + 1, ~0U, 0);
	execl(binary, binary, "run", "--config", config, "--kubeconfig", kubeconfig,
	      (char *)NULL);
	_exit(127);
}

/* --- measuring --- */

/* User and system time in milliseconds. */
static double cpu_ms(const struct fleet *f)
{
	char path[64];
	char *text AUTO_FREE = NULL;
	unsigned long user = 0, system = 0;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)f->pid);
	if (file_read(path, 65536, &text, NULL, NULL) < 0 || !strrchr(text, ')') ||
	    sscanf(strrchr(text, ')') + 2,
		   "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
		   &system) != 2)
		die("foretop has ended; see its log");
	return (double)(user + system) * 1000.0 / (double)sysconf(_SC_CLK_TCK);
}

static double memory_mib(const struct fleet *f, const char *field)
{
	char path[64];
	char *text AUTO_FREE = NULL;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)f->pid);
	if (file_read(path, 65536, &text, NULL, NULL) < 0)
		die("foretop has ended");
	const char *at = strstr(text, field);
	return at ? atof(at + strlen(field) + 1) / 1024 : 0;
}

static void stop_slice(void *arg)
{
	struct fleet *f = arg;
	reactor_stop(f->reactor);
}

static void serve(struct fleet *f, int64_t ms)
{
	timer_set(f->reactor, &f->slice, ms, stop_slice, f);
	reactor_run(f->reactor);
}

/* Policies with a status object. */
static int decided(const struct fleet *f)
{
	int n = 0;
	for (int i = 0; i < f->count; i++) {
		char *name AUTO_FREE =
			xasprintf("%s.%s", f->workloads[i].config.ns, f->names[i]);
		cJSON *o AUTO(json_cleanup) =
			kubeapi_get(f->kube, KUBEAPI_CONFIGMAPS, "foretop", name);
		n += o != NULL;
	}
	return n;
}

/* Every decision is a line of the log the first time. */
static int logged(const struct fleet *f)
{
	char *path AUTO_FREE = xasprintf("%s/log", f->folder);
	char *text AUTO_FREE = NULL;
	int n = 0;
	if (file_read(path, 256 << 20, &text, NULL, NULL) < 0)
		return 0;
	for (const char *at = text; (at = strstr(at, "\"Decided\"")); at++)
		n++;
	return n;
}

static void measure(struct fleet *f)
{
	int64_t began = monotonic_ms();
	start(f);
	while (logged(f) < f->count) {
		if (monotonic_ms() - began > START_MAX_MS)
			break;
		serve(f, 500);
	}
	double start_s = (double)(monotonic_ms() - began) / 1000, start_cpu = cpu_ms(f);
	int all = logged(f) >= f->count;
	serve(f, CYCLE_MS); /* status objects of the start are written */
	double cpu = cpu_ms(f);
	uint64_t asked = promapi_requests(f->prom);
	serve(f, (int64_t)CYCLES * CYCLE_MS);
	printf("%-9s %8d %9.1f %9.0f %12.1f %9.1f %9.1f %12.1f %7d%s\n",
	       f->query == OWN ? "own" : "built-in", f->count, start_s, start_cpu,
	       (cpu_ms(f) - cpu) / CYCLES, memory_mib(f, "VmRSS:"),
	       memory_mib(f, "RssAnon:"),
	       (double)(promapi_requests(f->prom) - asked) / CYCLES, decided(f),
	       all ? "" : "  (not all decided)");
	fflush(stdout);
	kill(f->pid, SIGKILL);
	waitpid(f->pid, NULL, 0);
}

static void clean(struct fleet *f)
{
	static const char *const files[] = {"config", "kubeconfig", "log"};
	for (int i = 0; i < f->count; i++) {
		shown_workload_fini(&f->shown[i]);
		workload_fini(&f->workloads[i]);
		free(f->names[i]);
	}
	for (int i = 0; i <= f->count / PER_NAMESPACE; i++)
		free(f->namespaces[i]);
	free(f->workloads);
	free(f->shown);
	free(f->names);
	free(f->namespaces);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		char *path AUTO_FREE = xasprintf("%s/%s", f->folder, files[i]);
		unlink(path);
	}
	rmdir(f->folder);
}

static void run(int count, enum query query)
{
	struct err err = {0};
	struct fleet *f = xcalloc(1, sizeof(*f));
	double *value = xcalloc(1, sizeof(*value)); /* goes to the trace */
	*value = 100.0 * PODS;
	f->count = count;
	f->query = query;
	strcpy(f->folder, "/tmp/foretop-fleet.XXXXXX");
	if (!mkdtemp(f->folder))
		die("cannot make a folder");
	clock_init_real(&f->clock);
	f->reactor = reactor_new(&err);
	const struct kubeapi_config kube = {.listen = "127.0.0.1:0", .clock = &f->clock};
	const struct promapi_config prom = {.listen = "127.0.0.1:0", .clock = &f->clock};
	f->kube = f->reactor ? kubeapi_new(f->reactor, &kube, &err) : NULL;
	f->prom = f->kube ? promapi_new(f->reactor, &prom, &err) : NULL;
	if (!f->prom)
		die(err.msg);
	promapi_otherwise(f->prom, look_up, f);
	struct trace *demand = trace_new(wall_ms() - MS_PER_DAY, MS_PER_DAY, value, 1);
	fill(f, demand);
	measure(f);
	kubeapi_free(f->kube);
	promapi_free(f->prom);
	reactor_free(f->reactor);
	trace_free(demand);
	clean(f);
	free(f);
}

int main(int argc, char **argv)
{
	static const char *const usual[] = {"100", "1000"};
	const char *const *counts = argc > 1 ? (const char *const *)argv + 1 : usual;
	enum { BOTH, ONLY_BUILT_IN, ONLY_OWN } only = BOTH;
	int n = argc > 1 ? argc - 1 : (int)ARRAY_LEN(usual);
	log_configure(&(struct log_config){.verbosity = -1});
	printf("%-9s %8s %9s %9s %12s %9s %9s %12s %7s\n", "queries", "policies",
	       "start s", "start ms", "ms a cycle", "RSS MiB", "anon MiB",
	       "asked a cycle", "status");
	for (int i = 0; i < n; i++) {
		int count = atoi(counts[i]);
		bool built_in = !strcmp(counts[i], "built-in");
		if (built_in || !strcmp(counts[i], "own")) {
			only = built_in ? ONLY_BUILT_IN : ONLY_OWN;
			continue;
		}
		if (count < 1)
			die("usage: fleet [built-in|own] [POLICIES]...");
		if (only != ONLY_OWN)
			run(count, BUILT_IN);
		if (only != ONLY_BUILT_IN)
			run(count, OWN);
	}
	return 0;
}
