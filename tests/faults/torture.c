/* Every allocation that the product makes in a scenario in virtual time fails once. At
 * each of them a child is forked in which it fails; the child lives on to the end of the
 * scenario, or dies as xmalloc does. It must not crash, hang, leak, write what is wrong,
 * or fail to recover.
 *
 *   torture [EVERY]           every allocation, or every EVERYth (101)
 *   torture --run NUMBER      one of them, with what the process says */
#include "faults/crew.h"
#include "faults/stage.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHARE      101
#define HANG_S     20
#define TELL_MAX   20
#define WRITES_MAX 64
#define STACK_MAX  24

/* The C library's own, below whoever takes its names. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void __libc_free(void *p);

/* How a child ends. */
enum ending {
	SURVIVED,
	OUT_OF_MEMORY = 70, /* as xmalloc says it */
	WRONG_WRITE,
	MAIMED, /* an object without what must be in it */
	LOST,   /* the size is not what is needed at the end */
	LEAKED,
};

static struct {
	bool counting, is_child;
	long count, every, only; /* only: the one that fails, or 0 */
	long live;               /* allocations */
	long live_usual;         /* of an undisturbed scenario, when it is over */
	long tried, survived, refused, findings;
	int maimed, wrong;
} t;

/* --- the scenario --- */

static const struct plateau plan[] = {
	{0, 410},
	{20 * MS_PER_S, 900},
	{50 * MS_PER_S, 300},
};
#define PLAY_MS (4 * MS_PER_MIN)

static const struct stage_config scenario = {
	.seed = 1,
	.actors = 1,
	.plan = plan,
	.plan_count = ARRAY_LEN(plan),
	.policy = "forecast: {mode: Disabled}\n",
	.watch_lists = true,
};

static void on_done(void *arg)
{
	*(bool *)arg = true;
}

static bool has_text(const cJSON *o, const char *path)
{
	return *json_str(o, path, "") != '\0';
}

/* What must never be missing from a write, whatever was short of memory. */
static bool is_maimed(const struct request *q)
{
	cJSON *o AUTO(json_cleanup) = json_parse(q->body, q->body_len, NULL);
	if (strstr(q->path, "/scale"))
		return !has_text(o, "metadata.resourceVersion") ||
		       !has_text(o, "metadata.uid") ||
		       json_int(o, "spec.replicas", -1) < 0;
	if (strstr(q->path, "/leases"))
		return !json_at(o, "spec.holderIdentity") ||
		       !has_text(o, "spec.renewTime") ||
		       json_int(o, "spec.leaseDurationSeconds", 0) <= 0;
	if (!strstr(q->path, "/configmaps"))
		return false;
	const cJSON *text =
		cJSON_GetObjectItemCaseSensitive(json_at(o, "data"), "status.json");
	const char *said = cJSON_IsString(text) ? text->valuestring : "";
	cJSON *status AUTO(json_cleanup) = json_parse(said, strlen(said), NULL);
	return !json_at(status, "record") || !json_at(status, "conditions");
}

static bool on_request(void *arg, enum seen_phase phase, const struct request *q)
{
	(void)arg;
	bool writes = q->method == METHOD_PUT || q->method == METHOD_POST;
	if (phase == SEEN_ARRIVED && writes)
		t.maimed += is_maimed(q);
	return false;
}

static void judge_writes(const struct stage *s)
{
	struct stage_write writes[WRITES_MAX];
	int count = stage_writes(s, writes, WRITES_MAX);
	for (int i = 0; i < count; i++) {
		const struct stage_write *w = &writes[i];
		bool good = w->to >= STAGE_MIN && w->to <= STAGE_MAX &&
			    (w->to >= w->from || w->to >= stage_need(s, w->at_ms));
		t.wrong += !good;
	}
}

/* Plays it; true when the size was right at the end. */
static bool play(void)
{
	struct stage s;
	bool done = false;
	t.wrong = t.maimed = 0;
	stage_open(&s, &scenario);
	kubeapi_on_request(s.kube, on_request, NULL);
	stage_run(&s, PLAY_MS);
	bool right = stage_replicas(&s) == stage_need(&s, PLAY_MS);
	if (s.actors[0].loop)
		loop_shutdown(s.actors[0].loop, 1000, on_done, &done);
	stage_run(&s, 2000);
	judge_writes(&s);
	stage_close(&s);
	return right;
}

/* --- allocations --- */

static const char *ending_of(int status, bool *ret_finding)
{
	static char text[64];
	*ret_finding = true;
	if (WIFSIGNALED(status)) {
		snprintf(text, sizeof(text), "killed by signal %d (%s)", WTERMSIG(status),
			 WTERMSIG(status) == SIGALRM ? "it hung" : "it crashed");
		return text;
	}
	switch (WEXITSTATUS(status)) {
	case SURVIVED:
	case OUT_OF_MEMORY:
		*ret_finding = false;
		return "well";
	case WRONG_WRITE:
		return "a wrong write";
	case MAIMED:
		return "a write without what must be in it";
	case LOST:
		return "not recovered";
	case LEAKED:
		return "a leak";
	default:
		snprintf(text, sizeof(text), "exit code %d", WEXITSTATUS(status));
		return text;
	}
}

/* In the parent: the child has seen it fail. */
static void wait_for_child(pid_t pid)
{
	int status = 0;
	bool finding;
	waitpid(pid, &status, 0);
	const char *how = ending_of(status, &finding);
	t.tried++;
	t.survived += WIFEXITED(status) && WEXITSTATUS(status) == SURVIVED;
	t.refused += WIFEXITED(status) && WEXITSTATUS(status) == OUT_OF_MEMORY;
	t.findings += finding;
	if (finding && t.findings <= TELL_MAX)
		dprintf(STDOUT_FILENO,
			"allocation %ld: %s; again: build/tests/faults/torture --run "
			"%ld\n",
			t.count, how, t.count);
}

/* Does this one fail? */
static bool strikes(void)
{
	if (!t.counting || t.is_child || virtual_side() != SIDE_CLIENT)
		return false;
	t.count++;
	if (t.only) {
		t.is_child = t.count == t.only;
		return t.is_child;
	}
	if (t.count % t.every)
		return false;
	pid_t pid = fork();
	if (pid > 0) {
		wait_for_child(pid);
		return false;
	}
	t.is_child = true;
	alarm(HANG_S);
	return pid == 0;
}

void *malloc(size_t size)
{
	if (strikes()) {
		errno = ENOMEM;
		return NULL;
	}
	t.live++;
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	if (strikes()) {
		errno = ENOMEM;
		return NULL;
	}
	t.live++;
	return __libc_calloc(count, size);
}

void *realloc(void *p, size_t size)
{
	if (strikes()) {
		errno = ENOMEM;
		return NULL;
	}
	t.live += !p;
	return __libc_realloc(p, size);
}

void free(void *p)
{
	t.live -= p != NULL;
	__libc_free(p);
}

/* xmalloc's end, after its line; assert()'s own abort stays a crash. */
void abort(void)
{
	if (t.is_child)
		_exit(OUT_OF_MEMORY);
	signal(SIGABRT, SIG_DFL);
	raise(SIGABRT);
	_exit(1);
}

/* --- the whole --- */

static int verdict(bool right, long live_before)
{
	if (t.wrong)
		return WRONG_WRITE;
	if (t.maimed)
		return MAIMED;
	if (!right)
		return LOST;
	return t.live - live_before == t.live_usual ? SURVIVED : LEAKED;
}

static void torture(void)
{
	long before = t.live;
	t.counting = true;
	bool right = play();
	t.counting = false;
	int how = verdict(right, before);
	if (t.only)
		printf("%s\n", how == SURVIVED ? "all is well"
			       : how == LEAKED ? "a leak"
					       : "this must not be");
	fflush(NULL);
	if (t.is_child)
		_exit(how);
}

int main(int argc, char **argv)
{
	t.every = argc > 1 ? atol(argv[1]) : SHARE;
	if (argc > 2 && !strcmp(argv[1], "--run"))
		t.only = atol(argv[2]);
	else
		crew_hush();
	log_configure(&(struct log_config){.verbosity = -1}); /* lines allocate */
	setvbuf(stdout, NULL, _IONBF, 0);
	play(); /* what libraries keep is there from now on */
	long before = t.live;
	bool right = play();
	t.live_usual = t.live - before;
	if (!right || t.wrong || t.maimed) {
		printf("the scenario itself does not end well\n");
		return EXIT_FAILURE;
	}
	torture();
	if (t.only)
		return EXIT_SUCCESS;
	printf("%ld allocations, %ld of them failed once: %ld ended as xmalloc does, %ld "
	       "lived on; %ld findings\n",
	       t.count, t.tried, t.refused, t.survived, t.findings);
	printf("%ld passed, %ld failed\n", t.findings ? 0 : t.tried, t.findings);
	return t.findings || !t.tried ? EXIT_FAILURE : EXIT_SUCCESS;
}
