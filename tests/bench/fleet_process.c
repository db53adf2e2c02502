#include "fleet.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLICE_MS 200 /* how often it is looked whether the process lives */
#define LOG_END  4096
#define LOG_MAX  (1 << 30)

void fleet_die(const char *what)
{
	fprintf(stderr, "fleet: %s\n", what);
	exit(EXIT_FAILURE);
}

static void write_file(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");
	if (!out || fputs(text, out) < 0 || fclose(out) != 0)
		fleet_die("cannot write its files");
}

static char *binary(void)
{
	char self[1024];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[n > 0 ? n : 0] = '\0';
	char *slash = strrchr(self, '/');
	if (!slash)
		fleet_die("does not know where it is");
	*slash = '\0';
	return xasprintf("%s/../foretop", self);
}

void fleet_start(struct fleet *f)
{
	char *program AUTO_FREE = binary();
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
	execl(program, program, "run", "--config", config, "--kubeconfig", kubeconfig,
	      (char *)NULL);
	_exit(127);
}

void fleet_stop(struct fleet *f)
{
	static const char *const files[] = {"config", "kubeconfig", "log"};
	kill(f->pid, SIGKILL);
	waitpid(f->pid, NULL, 0);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		char *path AUTO_FREE = xasprintf("%s/%s", f->folder, files[i]);
		unlink(path);
	}
	rmdir(f->folder);
}

/* What is known of a process that ended by itself; its folder stays. */
static _Noreturn void tell_end(const struct fleet *f, int status)
{
	char *path AUTO_FREE = xasprintf("%s/log", f->folder);
	char *text AUTO_FREE = NULL;
	size_t len = 0;
	if (WIFSIGNALED(status))
		fprintf(stderr, "fleet: foretop was ended by signal %d (%s)\n",
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		fprintf(stderr, "fleet: foretop ended with exit status %d\n",
			WEXITSTATUS(status));
	if (file_read(path, LOG_MAX, &text, &len, NULL) == 0)
		fprintf(stderr, "the end of its log (%s):\n...%s\n", path,
			text + (len > LOG_END ? len - LOG_END : 0));
	exit(EXIT_FAILURE);
}

static void look_after(const struct fleet *f)
{
	int status;
	if (waitpid(f->pid, &status, WNOHANG) == f->pid)
		tell_end(f, status);
}

static void stop_slice(void *arg)
{
	struct fleet *f = arg;
	reactor_stop(f->reactor);
}

void fleet_serve(struct fleet *f, int64_t ms)
{
	int64_t end = monotonic_ms() + ms;
	for (int64_t left = ms; left > 0; left = end - monotonic_ms()) {
		timer_set(f->reactor, &f->slice, left < SLICE_MS ? left : SLICE_MS,
			  stop_slice, f);
		reactor_run(f->reactor);
		look_after(f);
	}
}

/* The caller frees it. */
static char *of_process(const struct fleet *f, const char *file)
{
	char path[64];
	char *text = NULL;
	look_after(f);
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)f->pid, file);
	if (file_read(path, 65536, &text, NULL, NULL) < 0)
		fleet_die("/proc cannot be read");
	return text;
}

double fleet_cpu_ms(struct fleet *f)
{
	char *text AUTO_FREE = of_process(f, "stat");
	unsigned long user = 0, system = 0;
	if (!strrchr(text, ')') ||
	    sscanf(strrchr(text, ')') + 2,
		   "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
		   &system) != 2)
		fleet_die("/proc says nothing");
	return (double)(user + system) * 1000.0 / (double)sysconf(_SC_CLK_TCK);
}

double fleet_memory_mib(struct fleet *f, const char *field)
{
	char *text AUTO_FREE = of_process(f, "status");
	const char *at = strstr(text, field);
	return at ? atof(at + strlen(field) + 1) / 1024 : 0;
}

int fleet_logged(const struct fleet *f, const char *part)
{
	char *path AUTO_FREE = xasprintf("%s/log", f->folder);
	char *text AUTO_FREE = NULL;
	int n = 0;
	if (file_read(path, LOG_MAX, &text, NULL, NULL) < 0)
		return 0;
	for (const char *at = text; (at = strstr(at, part)); at++)
		n++;
	return n;
}
