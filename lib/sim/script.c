#include "sim/script.h"

#include <stdlib.h>
#include <string.h>

/* One fault that begins, or one that ends. */
struct moment {
	int64_t at_ms;
	const struct fault *fault;
	bool ends;
};

struct script {
	struct script_config config;
	struct fault *faults;
	struct moment *moments; /* in the order of time */
	int count, next;
	int64_t start_ms;
	struct timer timer;
	int silent, lags;            /* how many are under way */
	const struct fault *of_prom; /* which one Prometheus suffers from, or NULL */
};

static void play(void *arg);

static void arm(struct script *s)
{
	if (s->next < s->count)
		timer_set(s->config.reactor, &s->timer,
			  clock_delay_ms(s->config.clock, s->moments[s->next].at_ms),
			  play, s);
}

/* --- begin and end --- */

static int64_t real_ms(const struct script *s, int64_t engine_ms)
{
	const struct clock *c = s->config.clock;
	return clock_delay_ms(c, clock_now_ms(c) + engine_ms);
}

static enum squatter_kind squatter_of(enum fault_kind kind)
{
	switch ((int)kind) {
	case FAULT_FALSE:
		return SQUATTER_FALSE;
	case FAULT_DEAF:
		return SQUATTER_DEAF;
	case FAULT_BABBLE:
		return SQUATTER_BABBLE;
	default:
		return SQUATTER_NONE;
	}
}

static void begin_kube(struct script *s, const struct fault *f)
{
	struct kubeapi *k = served_kube(s->config.served);
	switch ((int)f->kind) { /* those that are not of requests or events */
	case FAULT_DOWN:
	case FAULT_FALSE:
	case FAULT_DEAF:
	case FAULT_BABBLE:
		kubeapi_leave(k, squatter_of(f->kind), real_ms(s, f->ms));
		break;
	case FAULT_SILENT:
		s->silent++;
		kubeapi_silence_watches(k, true);
		break;
	case FAULT_LAG:
		s->lags++;
		kubeapi_lag(k, true);
		break;
	case FAULT_CUT_ALL:
		kubeapi_cut_watches(k);
		break;
	case FAULT_END_ALL:
		kubeapi_end_watches(k);
		break;
	case FAULT_COMPACT:
		kubeapi_compact(k);
		break;
	case FAULT_RESTART:
		kubeapi_restart(k, real_ms(s, f->ms));
		break;
	}
}

static void begin_prom(struct script *s, const struct fault *f)
{
	struct promapi *p = served_prom(s->config.served);
	s->of_prom = f;
	switch ((int)f->kind) {
	case FAULT_DOWN:
	case FAULT_FALSE:
	case FAULT_DEAF:
	case FAULT_BABBLE:
		promapi_leave(p, squatter_of(f->kind));
		break;
	case FAULT_EMPTY:
		promapi_fault(p, PROMAPI_EMPTY);
		break;
	case FAULT_NAN:
		promapi_fault(p, PROMAPI_NAN);
		break;
	case FAULT_STALE:
		promapi_fault(p, PROMAPI_STALE);
		break;
	case FAULT_FUTURE:
		promapi_fault(p, PROMAPI_FUTURE);
		break;
	case FAULT_WARNING:
		promapi_fault(p, PROMAPI_WARNINGS);
		break;
	case FAULT_HTML:
		promapi_fault(p, PROMAPI_HTML);
		break;
	}
}

static void begin(struct script *s, const struct fault *f)
{
	bool bends = fault_is_of_requests(f->kind) || fault_is_of_events(f->kind);
	if (f->server == FAULT_WORLD) {
		if (s->config.around)
			s->config.around(s->config.arg, f);
	} else if (f->server == FAULT_KUBE) {
		if (bends)
			kubeapi_bend(served_kube(s->config.served), f);
		else
			begin_kube(s, f);
	} else if (bends) {
		promapi_bend(served_prom(s->config.served), f);
	} else {
		begin_prom(s, f);
	}
}

static void end(struct script *s, const struct fault *f)
{
	struct kubeapi *k = served_kube(s->config.served);
	if (s->of_prom == f) {
		s->of_prom = NULL;
		promapi_fault(served_prom(s->config.served), PROMAPI_OK);
	} else if (f->kind == FAULT_SILENT && --s->silent == 0) {
		kubeapi_silence_watches(k, false);
	} else if (f->kind == FAULT_LAG && --s->lags == 0) {
		kubeapi_lag(k, false);
	}
}

static void play(void *arg)
{
	struct script *s = arg;
	while (s->next < s->count) {
		const struct moment *m = &s->moments[s->next];
		if (m->at_ms > clock_now_ms(s->config.clock))
			break;
		s->next++;
		if (m->ends)
			end(s, m->fault);
		else
			begin(s, m->fault);
	}
	arm(s);
}

/* --- the script --- */

static bool lasts(const struct fault *f)
{
	return f->server != FAULT_WORLD && f->kind >= FAULT_DOWN && f->kind <= FAULT_HTML;
}

static int by_time(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;
	if (x->at_ms != y->at_ms)
		return x->at_ms < y->at_ms ? -1 : 1;
	return x->fault != y->fault ? (x->fault < y->fault ? -1 : 1) : x->ends - y->ends;
}

struct script *script_new(const struct script_config *config)
{
	struct script *s = xcalloc(1, sizeof(*s));
	size_t n = (size_t)config->count;
	s->config = *config;
	s->start_ms = clock_now_ms(config->clock);
	s->faults = xcalloc(n + 1, sizeof(*s->faults));
	s->moments = xcalloc(2 * n + 1, sizeof(*s->moments));
	for (size_t i = 0; i < n; i++) {
		struct fault *f = &s->faults[i];
		*f = config->faults[i];
		int64_t at_ms = s->start_ms + f->at_ms;
		s->moments[s->count++] = (struct moment){at_ms, f, false};
		if (lasts(f))
			s->moments[s->count++] = (struct moment){at_ms + f->ms, f, true};
	}
	qsort(s->moments, (size_t)s->count, sizeof(*s->moments), by_time);
	arm(s);
	return s;
}

void script_free(struct script *s)
{
	if (!s)
		return;
	timer_cancel(&s->timer);
	free(s->faults);
	free(s->moments);
	free(s);
}

int64_t script_end_ms(const struct script *s)
{
	int64_t end_ms = s->start_ms;
	for (int i = 0; i < s->count; i++) {
		const struct moment *m = &s->moments[i];
		int64_t over_ms = m->at_ms;
		if (m->fault->kind == FAULT_RESTART || m->fault->kind == FAULT_KILL)
			over_ms += m->fault->ms;
		if (over_ms > end_ms)
			end_ms = over_ms;
	}
	return end_ms;
}
