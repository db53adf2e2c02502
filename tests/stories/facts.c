/* The lines of a story. */
#include "stories/world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 64

/* A line cut into words; "key=value" words are found by key. */
struct words {
	char *at[WORDS_MAX];
	int32_t count;
};

static struct words split(char *text)
{
	struct words w = {0};
	for (char *save, *p = strtok_r(text, " \t", &save); p && w.count < WORDS_MAX;
	     p = strtok_r(NULL, " \t", &save))
		w.at[w.count++] = p;
	return w;
}

static const char *word(const struct words *w, int32_t i)
{
	return i < w->count ? w->at[i] : "";
}

static const char *value_of(const struct words *w, const char *key)
{
	size_t n = strlen(key);
	for (int32_t i = 0; i < w->count; i++)
		if (!strncmp(w->at[i], key, n) && w->at[i][n] == '=')
			return w->at[i] + n + 1;
	return NULL;
}

/* "-3m", "40s". */
static int64_t relative_ms(struct world *w, const char *text)
{
	int64_t ms = 0;
	const char *digits = *text == '-' || *text == '+' ? text + 1 : text;
	if (duration_parse(digits, &ms, NULL) < 0)
		world_problem(w, "\"%s\" is no duration", text);
	return *text == '-' ? -ms : ms;
}

/* The words from `from` on as one text. */
static void read_why(const struct words *line, int32_t from, char *buf, size_t size)
{
	buf[0] = '\0';
	for (int32_t i = from; i < line->count; i++)
		snprintf(buf + strlen(buf), size - strlen(buf), "%s%s",
			 i > from ? " " : "", line->at[i]);
}

static int32_t number_of(const struct words *line, const char *key, int32_t fallback)
{
	const char *text = value_of(line, key);
	return text ? (int32_t)strtol(text, NULL, 10) : fallback;
}

/* --- the API server's facts --- */

static void policy_fact(struct world *w, const struct words *line, const char *body)
{
	struct story_policy *p = world_policy(w, word(line, 1), true);
	if (!p) {
		world_problem(w, "too many policies");
		return;
	}
	if (!strcmp(word(line, 2), "gone")) {
		struct event event = {.type = EVENT_POLICY_GONE};
		event.u.policy_gone.ns = NS;
		event.u.policy_gone.name = p->name;
		world_start(w);
		world_step(w, &event);
		free(p->text);
		free(p->stored);
		free(p->sending);
		*p = (struct story_policy){0};
		return;
	}
	if (value_of(line, "created"))
		p->created_ms = w->now_ms + relative_ms(w, value_of(line, "created"));
	free(p->text);
	p->text = xstrdup(body);
	world_give_policy(w, p);
}

static void target_fact(struct world *w, const struct words *line, bool fresh)
{
	struct story_target *t = world_target(w, word(line, 1), true);
	if (!t) {
		world_problem(w, "too many targets");
		return;
	}
	t->exists = strcmp(word(line, 2), "gone") != 0;
	t->replicas = number_of(line, "replicas", t->replicas);
	t->status_replicas = number_of(line, "status", t->replicas);
	t->unavailable = number_of(line, "unavailable", 0);
	t->rolling = !strcmp(word(line, line->count - 1), "rolling");
	if (value_of(line, "rv"))
		snprintf(t->version, sizeof(t->version), "%s", value_of(line, "rv"));
	if (value_of(line, "uid"))
		snprintf(t->uid, sizeof(t->uid), "%s", value_of(line, "uid"));
	world_give_target(w, t, fresh);
}

static void read_fact(struct world *w, const struct words *line)
{
	if (strcmp(word(line, 2), "failed")) {
		target_fact(w, line, true);
		return;
	}
	struct event event = {.type = EVENT_READ_FAILED};
	event.u.target.ref = (struct target_ref){NS, "Deployment", word(line, 1)};
	world_step(w, &event);
}

/* "autoscaler checkout min=2 max=10 [keda]", "autoscaler checkout gone": the HPA of a
 * target, or its ScaledObject, of the same name. Somebody who sets min has the last word
 * over a floor. */
static void autoscaler_fact(struct world *w, const struct words *line)
{
	struct story_autoscaler *a = world_autoscaler(w, word(line, 1), true);
	if (!a) {
		world_problem(w, "too many autoscalers");
		return;
	}
	a->exists = strcmp(word(line, 2), "gone") != 0;
	a->scaled_object |= !strcmp(word(line, line->count - 1), "keda");
	a->max = number_of(line, "max", a->max);
	if (value_of(line, "min"))
		a->min = a->original = number_of(line, "min", 1);
	a->version++;
	world_give_autoscaler(w, a);
}

/* "pause checkout for=2h", "pause checkout", "resume checkout": by command. */
static void pause_fact(struct world *w, const struct words *line, bool pause)
{
	const char *how_long = value_of(line, "for");
	struct event event = {.type = EVENT_PAUSE};
	event.u.pause.ns = NS;
	event.u.pause.name = word(line, 1);
	if (pause)
		event.u.pause.until_ms = how_long ? w->now_ms + relative_ms(w, how_long)
						  : PAUSE_WITHOUT_END;
	world_step(w, &event);
}

static void set_cpu(struct world *w, struct story_pod *p, const struct words *line)
{
	const char *cpu = value_of(line, "cpu");
	if (cpu && quantity_parse(cpu, &p->cpu_m, NULL) < 0)
		world_problem(w, "\"%s\" is no quantity", cpu);
}

/* "pods checkout ready=3 pending=1 cpu=500m": a list of all pods, old and ready for an
 * hour but for the pending ones. */
static void pods_fact(struct world *w, const struct words *line)
{
	const char *target = word(line, 1);
	int32_t ready = number_of(line, "ready", 0),
		pending = number_of(line, "pending", 0);
	for (int i = 0; i < PODS_MAX; i++)
		if (!strcmp(w->pods[i].target, target))
			w->pods[i] = (struct story_pod){0};
	for (int32_t i = 0; i < ready + pending; i++) {
		char name[64];
		snprintf(name, sizeof(name), "%.40s-%d", target, i + 1);
		struct story_pod *p = world_pod(w, target, name, true);
		if (!p) {
			world_problem(w, "too many pods");
			return;
		}
		set_cpu(w, p, line);
		if (i < ready)
			continue;
		p->phase = POD_PENDING;
		p->ready = READY_FALSE;
		p->created_ms = p->ready_since_ms = w->now_ms;
	}
	world_give_pods(w, target);
}

static void one_pod(struct world *w, const struct words *line, const char *name)
{
	const char *target = word(line, 1), *what = word(line, 3);
	struct story_pod *p = world_pod(w, target, name, true);
	if (!p) {
		world_problem(w, "too many pods");
		return;
	}
	set_cpu(w, p, line);
	if (!strcmp(what, "gone")) {
		struct event event = {.type = EVENT_POD_GONE};
		event.u.pod.ref = (struct target_ref){NS, "Deployment", target};
		event.u.pod.name = name;
		world_step(w, &event);
		*p = (struct story_pod){0};
		return;
	}
	bool created = !strcmp(what, "created");
	if (!created && strcmp(what, "ready"))
		world_problem(w, "a pod is created, ready or gone, not \"%s\"", what);
	if (created)
		p->created_ms = w->now_ms;
	p->phase = created ? POD_PENDING : POD_RUNNING;
	p->ready = created ? READY_FALSE : READY_TRUE;
	p->ready_since_ms = w->now_ms;
	world_give_pod(w, p);
}

/* "pod checkout checkout-7,checkout-8 created": they are there now, not Ready; "ready":
 * they become so; "gone". */
static void pod_fact(struct world *w, const struct words *line)
{
	char names[512];
	snprintf(names, sizeof(names), "%s", word(line, 2));
	for (char *save, *name = strtok_r(names, ",", &save); name;
	     name = strtok_r(NULL, ",", &save))
		one_pod(w, line, name);
}

/* --- Prometheus' facts --- */

static void add_row(struct world *w, struct story_answer *a, char *text)
{
	char *equals = strchr(text, '=');
	if (a->row_count == ROWS_MAX) {
		world_problem(w, "too many rows");
		return;
	}
	if (equals)
		*equals = '\0';
	snprintf(a->rows[a->row_count].pod, sizeof(a->rows[0].pod), "%s",
		 equals ? text : "");
	a->rows[a->row_count++].value = strtod(equals ? equals + 1 : text, NULL);
}

/* What follows the metric's name: a value, POD=VALUE..., each=VALUE, none, fail WHY,
 * daily base=B peak=P; and at=-3m for the samples' age. */
static void read_answer(struct world *w, const struct words *line, int32_t from,
			struct story_answer *a)
{
	const char *kind = word(line, from);
	char name[64];
	snprintf(name, sizeof(name), "%s", a->metric);
	*a = (struct story_answer){0};
	snprintf(a->metric, sizeof(a->metric), "%s", name);
	const char *base = value_of(line, "base"), *peak = value_of(line, "peak");
	if (!strcmp(kind, "fail"))
		a->kind = SAY_FAILURE;
	else if (!strcmp(kind, "none"))
		a->kind = SAY_NONE;
	else if (!strcmp(kind, "daily"))
		a->kind = SAY_DAILY;
	else if (!strcmp(kind, "shift"))
		a->kind = SAY_SHIFT;
	else if (!strcmp(kind, "job"))
		a->kind = SAY_JOB;
	else if (!strcmp(kind, "usage"))
		a->kind = SAY_USAGE;
	else if (!strncmp(kind, "each=", 5))
		a->kind = SAY_EACH;
	if (a->kind == SAY_FAILURE)
		read_why(line, from + 1, a->why, sizeof(a->why));
	a->each = a->kind == SAY_EACH ? strtod(kind + 5, NULL) : 0;
	a->per = value_of(line, "per") ? strtod(value_of(line, "per"), NULL) : 0;
	snprintf(a->of, sizeof(a->of), "%.60s",
		 value_of(line, "of") ? value_of(line, "of") : "");
	a->base = base ? strtod(base, NULL) : 0;
	a->peak = peak ? strtod(peak, NULL) : 0;
	a->noise = value_of(line, "noise") ? strtod(value_of(line, "noise"), NULL) : 0;
	if (value_of(line, "zone"))
		a->zone = world_zone(w, value_of(line, "zone"));
	if (value_of(line, "at"))
		a->at_ms = relative_ms(w, value_of(line, "at"));
	for (int32_t i = from; a->kind == SAY_ROWS && i < line->count; i++)
		if (strncmp(line->at[i], "at=", 3))
			add_row(w, a, line->at[i]);
}

static void values_fact(struct world *w, const struct words *line, bool late)
{
	static struct story_answer a;
	struct story_query *q = world_query(w, word(line, 1), late);
	if (!q) {
		world_problem(w, "%s was not asked for", word(line, 1));
		return;
	}
	a = (struct story_answer){0};
	read_answer(w, line, 2, &a);
	world_answer(w, q, &a);
}

static void fail_fact(struct world *w, const struct words *line)
{
	static struct story_answer a;
	struct story_query *q = world_query(w, word(line, 1), false);
	a = (struct story_answer){.kind = SAY_FAILURE};
	read_why(line, 2, a.why, sizeof(a.why));
	if (q)
		world_answer(w, q, &a);
	else
		world_problem(w, "%s was not asked for", word(line, 1));
}

/* From now on every query is answered so, and no longer told. */
static void always_fact(struct world *w, const struct words *line)
{
	const char *what = word(line, 1);
	if (!strcmp(what, "saved"))
		w->always_saved = true;
	else if (!strcmp(what, "scaled"))
		w->always_scaled = true;
	else if (!strcmp(what, "floored"))
		w->always_floored = true;
	else if (!strcmp(what, "pods"))
		w->always_pods = true;
	else
		read_answer(w, line, 2, world_saying(w->always, what, true));
	world_settle(w);
}

static void history_fact(struct world *w, const struct words *line)
{
	read_answer(w, line, 2, world_saying(w->history, word(line, 1), true));
	world_settle(w);
}

static void never_fact(struct world *w, const struct words *line)
{
	const char *what = word(line, 1);
	struct story_answer *a = world_saying(w->always, what, false);
	struct story_answer *h = world_saying(w->history, what, false);
	if (!strcmp(what, "saved"))
		w->always_saved = false;
	else if (!strcmp(what, "scaled"))
		w->always_scaled = false;
	else if (!strcmp(what, "floored"))
		w->always_floored = false;
	if (a)
		a->metric[0] = '\0';
	if (h)
		h->metric[0] = '\0';
}

static void why_fact(struct world *w, const struct words *line, enum event_type type)
{
	char why[160];
	read_why(line, 1, why, sizeof(why));
	world_written(w, type, why);
}

/* --- words to facts --- */

static bool api_fact(struct world *w, const struct words *line, const char *body)
{
	const char *verb = word(line, 0);
	if (!strcmp(verb, "policy"))
		policy_fact(w, line, body);
	else if (!strcmp(verb, "target"))
		target_fact(w, line, false);
	else if (!strcmp(verb, "read"))
		read_fact(w, line);
	else if (!strcmp(verb, "pods"))
		pods_fact(w, line);
	else if (!strcmp(verb, "pod"))
		pod_fact(w, line);
	else if (!strcmp(verb, "scaled"))
		world_scaled(w, value_of(line, "rv"));
	else if (!strcmp(verb, "conflict"))
		world_written(w, EVENT_CONFLICT, NULL);
	else if (!strcmp(verb, "scale-failed"))
		why_fact(w, line, EVENT_SCALE_FAILED);
	else if (!strcmp(verb, "saved"))
		world_written(w, EVENT_SAVED, NULL);
	else if (!strcmp(verb, "save-failed"))
		why_fact(w, line, EVENT_SAVE_FAILED);
	else
		return false;
	return true;
}

static bool floor_fact(struct world *w, const struct words *line)
{
	const char *verb = word(line, 0);
	char why[160];
	read_why(line, 1, why, sizeof(why));
	if (!strcmp(verb, "autoscaler"))
		autoscaler_fact(w, line);
	else if (!strcmp(verb, "pause") || !strcmp(verb, "resume"))
		pause_fact(w, line, *verb == 'p');
	else if (!strcmp(verb, "floored"))
		world_floored(w, EVENT_FLOORED, NULL);
	else if (!strcmp(verb, "floor-conflict"))
		world_floored(w, EVENT_FLOOR_CONFLICT, NULL);
	else if (!strcmp(verb, "floor-failed"))
		world_floored(w, EVENT_FLOOR_FAILED, why);
	else
		return false;
	return true;
}

void fact(struct world *w, char *text, const char *body)
{
	struct words line = split(text);
	const char *verb = word(&line, 0);
	if (api_fact(w, &line, body) || floor_fact(w, &line))
		return;
	if (!strcmp(verb, "values"))
		values_fact(w, &line, false);
	else if (!strcmp(verb, "late"))
		values_fact(w, &line, true);
	else if (!strcmp(verb, "fail"))
		fail_fact(w, &line);
	else if (!strcmp(verb, "always"))
		always_fact(w, &line);
	else if (!strcmp(verb, "never"))
		never_fact(w, &line);
	else if (!strcmp(verb, "history"))
		history_fact(w, &line);
	else if (!strcmp(verb, "restart"))
		world_restart(w);
	else if (strcmp(verb, "wait"))
		world_problem(w, "\"%s\" is no fact", verb);
}

void fact_setting(struct world *w, char *text)
{
	struct words line = split(text);
	const char *what = word(&line, 0);
	int64_t ms = 0;
	if (!strcmp(what, "dry-run"))
		w->config.dry_run = true;
	else if (!strcmp(what, "quiet-status"))
		w->quiet_status = true;
	else if (!strcmp(what, "day"))
		time_parse(word(&line, 1), &w->day_ms, NULL);
	else if (duration_parse(word(&line, 1), &ms, NULL) < 0)
		world_problem(w, "\"%s\" is no duration", word(&line, 1));
	else if (!strcmp(what, "sync"))
		w->config.sync_period_ms = ms;
	else if (!strcmp(what, "deadline"))
		w->config.answer_deadline_ms = ms;
	else
		world_problem(w, "\"%s\" is no setting", what);
}
