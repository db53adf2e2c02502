/* A scenario is played once undisturbed; then once more for each request that it makes,
 * and each of three moments of it, with the process killed at that moment and started
 * again. The promise: no write is lower than the undisturbed twin's, and the same
 * sequence of sizes follows within two cycles. The same with a server that lags when the
 * process comes back, and with states that nobody saw. And where it writes, with a demand
 * that falls at that very moment, for it and for its twin: no write may be lower.
 *
 *   sweep [EVERY]                every request, or every EVERYth (61)
 *   sweep --run KIND POINT       one run, with what the process says */
#include "faults/crew.h"
#include "faults/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHARE      61 /* in `make test`: every 61st request */
#define PLAY_MS    (20 * MS_PER_MIN)
#define DEAD_MS    MS_PER_S
#define LAG_MS     (20 * MS_PER_S)
#define WRITES_MAX 64
#define TELL_MAX   6
#define PHASES     3

enum kind { PLAIN, STALE, UNSEEN, FALLEN, KINDS };
static const char *const kind_names[] = {"plain", "stale", "unseen", "fallen"};

/* Each stays until its size is reached, and three cycles longer: within two cycles a
 * killed process may be ahead or behind, by the phase of its cycles, and must not meet
 * another demand then. */
static const struct plateau plan[] = {
	{0, 410},
	{70 * MS_PER_S, 1250},
	{200 * MS_PER_S, 640},
	{540 * MS_PER_S, 1130},
	{680 * MS_PER_S, 420},
};
/* FALLEN: the demand from the moment of the request on. */
#define FALLEN_TO 210
/* No multiple of a cycle: when a wait ends must not hang on milliseconds. */
static const struct stage_config scenario = {
	.seed = 1,
	.actors = 1,
	.stabilization_ms = 127 * MS_PER_S,
	.plan = plan,
	.plan_count = ARRAY_LEN(plan),
	.policy = "behavior:\n"
		  "  scaleDown:\n"
		  "    policies: [{type: Pods, value: 2, periodSeconds: 52}]\n"
		  "forecast: {mode: Disabled}\n",
	.watch_lists = true,
};

/* One run. */
struct run {
	enum kind kind;
	long point;            /* the request at which it is killed; 0: never */
	enum seen_phase phase; /* and the moment of it */
	struct stage stage;
	long requests;
	bool struck;
	int64_t killed_ms;
	struct timer kill, unlag;
	struct stage_write writes[WRITES_MAX];
	int write_count;
	char at[200]; /* what the request was */
	struct plateau plan[ARRAY_LEN(plan) + 1];
	int plan_count; /* 0: the usual one */
};

static struct run twin;

#define REQUESTS_MAX 4096
/* Of the undisturbed run, by the number of the request. */
static struct {
	int64_t at_ms;
	bool writes; /* replicas, or a record */
	bool scales;
} seen[REQUESTS_MAX];

struct tally {
	long runs, failed, crashed;
	long of_kind[KINDS];
	int told;
};
static struct tally *tally;

/* --- one run --- */

static void unlag(void *arg)
{
	struct run *r = arg;
	kubeapi_lag(r->stage.kube, false);
}

/* Somebody scales, and takes it back; then nobody can tell any more. */
static void unseen(struct run *r)
{
	struct kubeapi *k = r->stage.kube;
	for (int i = 0; i < 2; i++) {
		cJSON *d AUTO(json_cleanup) =
			kubeapi_get(k, KUBEAPI_DEPLOYMENTS, "shop", "checkout");
		cJSON *spec = cJSON_GetObjectItemCaseSensitive(d, "spec");
		int64_t replicas = json_int(spec, "replicas", 0) + (i ? -1 : 1);
		cJSON_DeleteItemFromObjectCaseSensitive(spec, "replicas");
		cJSON_AddNumberToObject(spec, "replicas", (double)replicas);
		kubeapi_put_tree(k, KUBEAPI_DEPLOYMENTS, d, NULL);
	}
	stage_put_policy(&r->stage, 2 * STAGE_UNITS, STAGE_MAX);
	stage_put_policy(&r->stage, STAGE_UNITS, STAGE_MAX);
	kubeapi_cut_watches(k);
	kubeapi_compact(k);
}

static void kill_now(void *arg)
{
	struct run *r = arg;
	r->killed_ms = stage_now(&r->stage);
	stage_kill(&r->stage.actors[0], DEAD_MS);
	if (r->kind == UNSEEN)
		unseen(r);
	if (r->kind != STALE)
		return;
	kubeapi_lag(r->stage.kube, true);
	timer_set(r->stage.reactor, &r->unlag, LAG_MS, unlag, r);
}

/* The answer has come, and what the process does at once about it is done. */
#define ANSWERED_MS 20

static bool on_request(void *arg, enum seen_phase phase, const struct request *q)
{
	struct run *r = arg;
	r->requests += phase == SEEN_ARRIVED;
	if (r == &twin && phase == SEEN_ARRIVED && r->requests < REQUESTS_MAX) {
		seen[r->requests].at_ms = stage_now(&r->stage);
		seen[r->requests].scales = strstr(q->path, "/scale") != NULL;
		seen[r->requests].writes =
			(q->method == METHOD_PUT || q->method == METHOD_POST) &&
			(strstr(q->path, "/scale") || strstr(q->path, "/configmaps"));
	}
	if (r->struck || r->requests != r->point || phase != r->phase)
		return false;
	r->struck = true;
	snprintf(r->at, sizeof(r->at), "%s %s", http_method_name(q->method), q->path);
	timer_set(r->stage.reactor, &r->kill, phase == SEEN_ANSWERED ? ANSWERED_MS : 0,
		  kill_now, r);
	return phase != SEEN_ANSWERED;
}

static void play(struct run *r)
{
	struct stage_config config = scenario;
	if (r->plan_count) {
		config.plan = r->plan;
		config.plan_count = r->plan_count;
	}
	stage_open(&r->stage, &config);
	kubeapi_on_request(r->stage.kube, on_request, r);
	promapi_on_request(served_prom(r->stage.served), on_request, r);
	stage_run(&r->stage, PLAY_MS);
	r->write_count = stage_writes(&r->stage, r->writes, WRITES_MAX);
	timer_cancel(&r->kill);
	timer_cancel(&r->unlag);
	stage_close(&r->stage);
}

/* --- the promise --- */

/* A process that is dead cannot write, one that comes back must list first; then two
 * cycles. */
static int64_t slack_ms(const struct run *r)
{
	return 2 * STAGE_SYNC_MS + DEAD_MS + MS_PER_S + (r->kind == STALE ? LAG_MS : 0);
}

/* The lowest that the twin was within so long before, and at, this moment. */
static int32_t low_of(const struct run *t, int64_t from_ms, int64_t to_ms)
{
	int32_t low = INT32_MAX, now = t->writes[0].from;
	for (int i = 0; i < t->write_count && t->writes[i].at_ms <= to_ms; i++) {
		if (t->writes[i].at_ms >= from_ms && now < low)
			low = now;
		now = t->writes[i].to;
	}
	return now < low ? now : low;
}

/* Its cycles may come up to one earlier than the twin's. */
#define EARLY_MS (STAGE_SYNC_MS + MS_PER_S)

static bool is_lower(const struct run *r, const struct run *t, int i)
{
	const struct stage_write *w = &r->writes[i];
	return w->to < low_of(t, w->at_ms - slack_ms(r), w->at_ms + EARLY_MS);
}

/* Which of two sizes is seen first, the old demand's or the new one's, hangs on
 * milliseconds: only what is lower than its own twin's counts. */
static const char *broken_fallen(const struct run *r, const struct run *own)
{
	for (int i = 0; i < r->write_count; i++)
		if (is_lower(r, own, i))
			return "a write that is lower than its twin's";
	return NULL;
}

static const char *broken_promise(const struct run *r)
{
	if (r->write_count != twin.write_count)
		return "another number of writes than the twin's";
	for (int i = 0; i < r->write_count; i++) {
		const struct stage_write *w = &r->writes[i], *t = &twin.writes[i];
		if (is_lower(r, &twin, i))
			return "a write that is lower than the twin's";
		if (w->to != t->to)
			return "another sequence of sizes than the twin's";
		if (llabs(w->at_ms - t->at_ms) > slack_ms(r))
			return "a size that comes more than two cycles apart from the "
			       "twin's";
	}
	return NULL;
}

static void show(const struct run *r, struct str *out)
{
	for (int i = 0; i < r->write_count; i++)
		str_printf(out, " %.1fs:%d", (double)r->writes[i].at_ms / 1000,
			   (int)r->writes[i].to);
	str_puts(out, "\n");
}

static void tell(const struct run *r, const struct run *t, uint64_t point,
		 const char *what)
{
	if (__atomic_fetch_add(&tally->told, 1, __ATOMIC_RELAXED) >= TELL_MAX)
		return;
	struct str text AUTO(str_fini);
	str_init(&text, 8192);
	str_printf(&text, "%s: %s, killed at %.1f s, moment %d of request %ld, %s\n",
		   kind_names[r->kind], what, (double)r->killed_ms / 1000, (int)r->phase,
		   r->point, r->at);
	str_puts(&text, "  twin:");
	show(t, &text);
	str_puts(&text, "  it:  ");
	show(r, &text);
	str_printf(&text, "  again: build/tests/faults/sweep --run %s %llu\n",
		   kind_names[r->kind], (unsigned long long)point);
	fputs(str_text(&text), stdout);
	fflush(stdout);
}

/* --- all runs --- */

/* Points count the moments of requests from 3 on: request, and moment. */
static struct run *new_run(enum kind kind, uint64_t point)
{
	struct run *r = xcalloc(1, sizeof(*r));
	r->kind = kind;
	r->point = (long)(point / PHASES);
	r->phase = (enum seen_phase)(point % PHASES);
	if (kind != FALLEN)
		return r;
	int64_t at_ms = seen[r->point].at_ms;
	while (r->plan_count < (int)ARRAY_LEN(plan) &&
	       plan[r->plan_count].from_ms < at_ms) {
		r->plan[r->plan_count] = plan[r->plan_count];
		r->plan_count++;
	}
	r->plan[r->plan_count++] = (struct plateau){at_ms, FALLEN_TO};
	return r;
}

/* What is wrong with it, or NULL. *ret_twin: with what it was compared; own: room for its
 * own twin. */
static const char *judge(struct run *r, struct run *own, const struct run **ret_twin)
{
	*ret_twin = &twin;
	if (r->kind != FALLEN)
		return broken_promise(r);
	own->kind = FALLEN;
	own->plan_count = r->plan_count;
	memcpy(own->plan, r->plan, sizeof(own->plan));
	play(own);
	*ret_twin = own;
	return broken_fallen(r, own);
}

struct job {
	enum kind kind;
	uint64_t every;
};

/* What never came to the server, its twin has written before the demand fell: there is
 * nothing to compare. */
static bool is_asked(enum kind kind, uint64_t point)
{
	uint64_t request = point / PHASES;
	if (request >= REQUESTS_MAX)
		return false;
	bool kept_away = seen[request].scales && point % PHASES == SEEN_ARRIVED;
	return kind != FALLEN || (seen[request].writes && !kept_away);
}

static void run_point(void *arg, uint64_t i)
{
	const struct job *job = arg;
	uint64_t point = PHASES + i / PHASES * PHASES * job->every + i % PHASES;
	if (!is_asked(job->kind, point))
		return;
	struct run *r AUTO_FREE = new_run(job->kind, point);
	struct run *own AUTO_FREE = xcalloc(1, sizeof(*own));
	const struct run *t;
	play(r);
	if (!r->struck)
		return; /* a watch has no moments but its arrival */
	const char *broken = judge(r, own, &t);
	crew_add(&tally->runs, 1);
	crew_add(&tally->of_kind[r->kind], 1);
	if (!broken)
		return;
	crew_add(&tally->failed, 1);
	tell(r, t, point, broken);
}

static void crashed(void *arg, uint64_t i)
{
	const struct job *job = arg;
	crew_add(&tally->crashed, 1);
	printf("%s: run %llu crashed\n", kind_names[job->kind], (unsigned long long)i);
}

static int run_all(uint64_t every)
{
	for (int kind = 0; kind < KINDS; kind++) {
		/* Writes are few: all of them. */
		uint64_t step = kind == FALLEN ? 1 : every;
		uint64_t count = ((uint64_t)twin.requests + step - 1) / step * PHASES;
		struct job job = {(enum kind)kind, step};
		crew_run(0, count, run_point, crashed, &job);
	}
	bool good = !tally->failed && !tally->crashed && tally->runs;
	printf("%ld requests, %d writes of replicas undisturbed; killed at every %llu. "
	       "request, at %d moments each: %ld plain, %ld stale, %ld with unseen "
	       "states, %ld with a demand that falls: %ld broken promises, %ld crashed\n",
	       twin.requests, twin.write_count, (unsigned long long)every, PHASES,
	       tally->of_kind[PLAIN], tally->of_kind[STALE], tally->of_kind[UNSEEN],
	       tally->of_kind[FALLEN], tally->failed, tally->crashed);
	printf("%ld passed, %d failed\n", good ? tally->runs : 0, good ? 0 : 1);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run_one(const char *name, uint64_t point)
{
	for (int kind = 0; kind < KINDS; kind++) {
		if (strcmp(kind_names[kind], name) != 0)
			continue;
		struct run *r AUTO_FREE = new_run((enum kind)kind, point);
		log_configure(&(struct log_config){.verbosity = 4});
		struct run *own AUTO_FREE = xcalloc(1, sizeof(*own));
		const struct run *t;
		play(r);
		const char *broken = judge(r, own, &t);
		tell(r, t, point, broken ? broken : "all is well");
		return broken ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	log_configure(&(struct log_config){.verbosity = -1});
	tally = crew_memory(sizeof(*tally));
	play(&twin);
	if (argc > 3 && !strcmp(argv[1], "--run"))
		return run_one(argv[2], strtoull(argv[3], NULL, 10));
	crew_hush();
	return run_all(argc > 1 ? strtoull(argv[1], NULL, 10) : SHARE);
}
