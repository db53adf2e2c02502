/* Golden transcripts: each file of tests/cli/transcripts is a session at a shell, run
 * against a served world, and compared to the last letter. README.md tells how one is
 * written. UPDATE_CLI=1 rewrites what commands say. `test_cli --serve` keeps the world
 * up, to try commands by hand. */
#include "integration/bed.h"

#include "prom/prom.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLDER    "tests/cli"
#define SESSIONS  FOLDER "/transcripts"
#define FILES_MAX 64
#define TEXT_MAX  (8u << 20)

static struct bed *b;
static char *sessions[FILES_MAX];
static int session_count;

/* --- the world --- */

/* "@-2h30m@" becomes that time before now. */
static char *with_times(const char *text)
{
	struct str out;
	str_init(&out, TEXT_MAX);
	for (const char *at; (at = strstr(text, "@-")); text = strchr(at + 2, '@') + 1) {
		const char *end = strchr(at + 2, '@');
		int64_t ago;
		char stamp[32];
		ck_assert_ptr_nonnull(end);
		char *duration AUTO_FREE = xstrndup(at + 2, (size_t)(end - at - 2));
		ck_assert_int_eq(duration_parse(duration, &ago, NULL), 0);
		str_add(&out, text, (size_t)(at - text));
		str_puts(&out, time_format(wall_ms() - ago, stamp, sizeof(stamp)));
	}
	str_puts(&out, text);
	return str_take(&out);
}

static enum kubeapi_resource resource_of(const cJSON *object)
{
	static const struct {
		const char *kind;
		enum kubeapi_resource resource;
	} kinds[] = {
		{"ConfigMap", KUBEAPI_CONFIGMAPS},
		{"HorizontalPodAutoscaler", KUBEAPI_HPAS},
		{"ScaledObject", KUBEAPI_SCALEDOBJECTS},
		{"Fleet", KUBEAPI_FLEETS},
	};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (!strcmp(json_str(object, "kind", ""), kinds[i].kind))
			return kinds[i].resource;
	ck_abort_msg("a kind that the world does not know");
}

/* Objects were made three days ago. */
static void put_all(const char *path)
{
	AUTO(yaml_node_cleanup) struct yaml_node *list = NULL;
	struct err err = {0};
	char *raw AUTO_FREE = bed_text(path);
	char *text AUTO_FREE = with_times(raw);
	ck_assert_msg(yaml_parse_all(text, strlen(text), &list, &err) == 0, "%s: %s",
		      path, err.msg);
	for (size_t i = 0; i < list->count; i++) {
		cJSON *object AUTO(json_cleanup) = yaml_to_json(&list->items[i]);
		ck_assert_msg(kubeapi_put_at(b->kube, resource_of(object), object,
					     wall_ms() - 3 * MS_PER_DAY - 5 * MS_PER_H,
					     &err) == 0,
			      "%s: %s", path, err.msg);
	}
}

/* --- series beside those of the Deployments --- */

static void say_young(void *arg, int64_t at_ms, struct promapi_rows *rows)
{
	(void)arg;
	if (at_ms > wall_ms() - 5 * MS_PER_H)
		promapi_rows_add(rows, NULL, 0, 3);
}

static void say_many(void *arg, int64_t at_ms, struct promapi_rows *rows)
{
	static const struct promapi_label labels[] = {{"zone", "a"}, {"zone", "b"}};
	(void)arg;
	(void)at_ms;
	promapi_rows_add(rows, &labels[0], 1, 1);
	promapi_rows_add(rows, &labels[1], 1, 2);
}

static int64_t prom_lag_ms;

static void say_time(void *arg, int64_t at_ms, struct promapi_rows *rows)
{
	(void)arg;
	promapi_rows_add(rows, NULL, 0, (double)(at_ms - prom_lag_ms) / MS_PER_S);
}

static void put_series(void)
{
	promapi_register(b->prom, "vector(time())", say_time, NULL);
	promapi_register(b->prom, "sum(young)", say_young, NULL);
	promapi_register(b->prom, "many", say_many, NULL);
}

/* --- the first scrapes --- */

/* A rate needs two scrapes: before them CPU has no value. */
static bool cpu_is_known(void)
{
	const struct world *world = served_world(b->served);
	for (int32_t i = 0; i < world->count; i++) {
		const struct workload *w = &world->workloads[i];
		const struct cpu_window window =
			workload_cpu_window(w, PROM_RATE_WINDOW_MS, wall_ms());
		for (int32_t k = 0; k < w->pod_count; k++)
			if (isnan(workload_pod_cpu(w, &w->pods[k], &window)))
				return false;
	}
	return true;
}

static void put_link(const char *name, const char *to)
{
	char *path AUTO_FREE = xasprintf("%s/%s", b->folder, name);
	ck_assert_int_eq(symlink(to, path), 0);
}

static void put_binary(void)
{
	char self[1024], *slash;
	const char *given = getenv("FORETOP");
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	ck_assert(n > 0);
	self[n] = '\0';
	slash = strrchr(self, '/');
	*slash = '\0';
	char *binary AUTO_FREE = given && *given ? realpath(given, NULL)
						 : xasprintf("%s/../../foretop", self);
	put_link("foretop", binary);
	put_link("kubectl-foretop", binary);
}

static void setup(void)
{
	static const char *const names[] = {"cart", "checkout", "search"};
	b = bed_open(names, 3);
	put_binary();
	put_series();
	wait_until(b, cpu_is_known(), "CPU of every pod");
	put_all(FOLDER "/world/policies.yaml");
	put_all(FOLDER "/world/statuses.yaml");
	put_all(FOLDER "/world/autoscalers.yaml");
	put_all(FOLDER "/world/targets.yaml");
	setenv("PROM", served_prom_url(b->served), 1);
	setenv("CONFIG", b->config, 1);
	setenv("KUBECONFIG", b->kubeconfig, 1);
	setenv("HOME", b->folder, 1);
	setenv("DIR", b->folder, 1);
	setenv("LC_ALL", "C", 1);
	unsetenv("KUBERNETES_SERVICE_HOST");
}

static void teardown(void)
{
	bed_close(b);
}

/* --- one command --- */

static _Noreturn void become(const char *command, const char *out)
{
	char *path AUTO_FREE = xasprintf("%s:%s", b->folder, getenv("PATH"));
	setenv("PATH", path, 1);
	int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	int in = open("/dev/null", O_RDONLY);
	if (fd < 0 || in < 0 || chdir(FOLDER) < 0)
		_exit(126);
	dup2(in, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	close_range(STDERR_FILENO + 1, ~0U, 0);
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(127);
}

static bool ended(pid_t pid, int *status)
{
	return waitpid(pid, status, WNOHANG) == pid;
}

static int run(const char *command, char **ret_text)
{
	char *out AUTO_FREE = xasprintf("%s/session.out", b->folder);
	int status = 0;
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		become(command, out);
	ck_assert_int_gt(pid, 0);
	wait_until(b, ended(pid, &status), command);
	*ret_text = bed_text(out);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* --- what differs from run to run --- */

static char *replaced(const char *text, const char *what, const char *with)
{
	struct str out;
	str_init(&out, TEXT_MAX);
	for (const char *at; *what && (at = strstr(text, what));
	     text = at + strlen(what)) {
		str_add(&out, text, (size_t)(at - text));
		str_puts(&out, with);
	}
	str_puts(&out, text);
	return str_take(&out);
}

/* Times and what a server numbers. */
static char *without_digits(const char *text)
{
	struct str out;
	str_init(&out, TEXT_MAX);
	while (*text) {
		int n = 0;
		/* 2026-01-19T00:00:00Z */
		if (isdigit((unsigned char)*text) &&
		    (sscanf(text, "%*4d-%*2d-%*2dT%*2d:%*2d:%*2dZ%n", &n) >= 0) &&
		    n == 20) {
			str_puts(&out, "<time>");
			text += n;
			continue;
		}
		str_add(&out, text++, 1);
	}
	return str_take(&out);
}

static char *normal(const char *text)
{
	char *a AUTO_FREE = replaced(text, b->folder, "$DIR");
	char *k AUTO_FREE = replaced(a, served_kube_url(b->served), "https://$KUBE");
	char *p AUTO_FREE = replaced(k, served_prom_url(b->served), "$PROM");
	char *h AUTO_FREE =
		replaced(p, strstr(served_kube_url(b->served), "://") + 3, "$KUBE");
	char *q AUTO_FREE =
		replaced(h, strstr(served_prom_url(b->served), "://") + 3, "$PROM_HOST");
	return without_digits(q);
}

/* --- a session --- */

/* "@deny create deployments/scale", "@allow": what the API server lets callers do.
 * "@lag 30s": Prometheus evaluates so much in the past. */
static void direct(const char *line)
{
	char verb[32], resource[64];
	long long lag_s;
	if (sscanf(line, "@deny %31s %63s", verb, resource) == 2)
		kubeapi_deny(b->kube, verb, resource);
	else if (!strcmp(line, "@allow"))
		kubeapi_deny(b->kube, NULL, NULL);
	else if (sscanf(line, "@lag %llds", &lag_s) == 1)
		prom_lag_ms = lag_s * MS_PER_S;
	else
		ck_abort_msg("unknown line: %s", line);
}

static void play(const char *line, struct str *out)
{
	if (*line == '@')
		direct(line);
	str_printf(out, "%s\n", line);
	if (strncmp(line, "$ ", 2))
		return;
	char *said AUTO_FREE = NULL;
	int code = run(line + 2, &said);
	char *shown AUTO_FREE = normal(said);
	str_puts(out, shown);
	if (*shown && shown[strlen(shown) - 1] != '\n')
		str_puts(out, "(no line feed)\n");
	if (code)
		str_printf(out, "[exit code %d]\n", code);
	str_puts(out, "\n");
}

/* Commands, directions and remarks; what commands said is what is checked. A remark
 * stands before a command, behind an empty line. */
static char *replay(const char *text)
{
	struct str out;
	bool said = false; /* in what a command said */
	str_init(&out, TEXT_MAX);
	for (const char *at = text; *at;) {
		size_t n = strcspn(at, "\n");
		char *line AUTO_FREE = xstrndup(at, n);
		at += n + (at[n] == '\n');
		bool command = !strncmp(line, "$ ", 2);
		if (command || *line == '@' || (*line == '#' && !said))
			play(line, &out);
		said = command || (said && *line);
	}
	return str_take(&out);
}

static void tell_difference(const char *path, const char *want, const char *got)
{
	int line = 1;
	while (*want && *want == *got) {
		line += *want == '\n';
		want++;
		got++;
	}
	while (line > 1 && want[-1] != '\n') {
		want--;
		got--;
	}
	ck_abort_msg("%s:%d: wants\n%.*s\nsays\n%.*s\n(UPDATE_CLI=1 rewrites it)", path,
		     line, (int)strcspn(want, "\n"), want, 1200, got);
}

START_TEST(a_session_goes_as_written)
{
	const char *path = sessions[_i];
	char *want AUTO_FREE = bed_text(path);
	char *got AUTO_FREE = replay(want);
	if (getenv("UPDATE_CLI"))
		bed_write_file(path, got);
	else if (strcmp(want, got))
		tell_difference(path, want, got);
}
END_TEST

/* --- files --- */

static int by_text(const void *a, const void *c)
{
	return strcmp(*(char *const *)a, *(char *const *)c);
}

static void find_sessions(void)
{
	DIR *d = opendir(SESSIONS);
	for (struct dirent *e; d && (e = readdir(d));) {
		const char *dot = strrchr(e->d_name, '.');
		if (!dot || strcmp(dot, ".txt") || session_count == FILES_MAX)
			continue;
		sessions[session_count++] = xasprintf(SESSIONS "/%s", e->d_name);
	}
	if (d)
		closedir(d);
	qsort(sessions, (size_t)session_count, sizeof(sessions[0]), by_text);
}

static void serve(void)
{
	setup();
	printf("cd %s; export KUBECONFIG=%s CONFIG=%s PROM=%s DIR=%s PATH=%s:$PATH\n",
	       FOLDER, b->kubeconfig, b->config, served_prom_url(b->served), b->folder,
	       b->folder);
	fflush(stdout);
	reactor_run(b->reactor);
}

static bool asked_to_serve;

START_TEST(the_world_stays_up)
{
	serve();
}
END_TEST

int main(int argc, char **argv)
{
	asked_to_serve = argc > 1 && !strcmp(argv[1], "--serve");
	find_sessions();
	if (!session_count) {
		fprintf(stderr,
			"%s: no transcripts: run it from the root of the checkout\n",
			SESSIONS);
		return EXIT_FAILURE;
	}
	if (asked_to_serve) {
		setenv("CK_FORK", "no", 1);
		TCase *up = bed_lane("serve", NULL, NULL);
		tcase_add_test(up, the_world_stays_up);
		return bed_run();
	}
	TCase *tc = bed_lane("transcripts", setup, teardown);
	tcase_add_loop_test(tc, a_session_goes_as_written, 0, session_count);
	return bed_run();
}
