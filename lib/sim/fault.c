#include "sim/fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum class { CLASS_REQUEST, CLASS_EVENT, CLASS_STATE, CLASS_MOMENT, CLASS_AROUND };

#define KUBE  (1 << FAULT_KUBE)
#define PROM  (1 << FAULT_PROM)
#define WORLD (1 << FAULT_WORLD)

/* `weight` is how often it is drawn. */
static const struct {
	const char *name;
	enum class class;
	int servers;
	int weight;
} kinds[FAULT_KINDS] = {
	[FAULT_STATUS] = {"status", CLASS_REQUEST, KUBE | PROM, 8},
	[FAULT_DROP] = {"drop", CLASS_REQUEST, KUBE | PROM, 5},
	[FAULT_HANG] = {"hang", CLASS_REQUEST, KUBE | PROM, 4},
	[FAULT_DELAY] = {"delay", CLASS_REQUEST, KUBE | PROM, 6},
	[FAULT_LOSE] = {"lose", CLASS_REQUEST, KUBE | PROM, 8},
	[FAULT_SWALLOW] = {"swallow", CLASS_REQUEST, KUBE | PROM, 4},
	[FAULT_CUT] = {"cut", CLASS_REQUEST, KUBE | PROM, 4},
	[FAULT_DRIP] = {"drip", CLASS_REQUEST, KUBE | PROM, 3},
	[FAULT_GARBAGE] = {"garbage", CLASS_REQUEST, KUBE | PROM, 4},
	[FAULT_WRONG] = {"wrong", CLASS_REQUEST, KUBE | PROM, 4},
	[FAULT_HUGE] = {"huge", CLASS_REQUEST, KUBE | PROM, 1},
	[FAULT_TWICE] = {"twice", CLASS_EVENT, KUBE, 4},
	[FAULT_SWAP] = {"swap", CLASS_EVENT, KUBE, 4},
	[FAULT_PIECES] = {"pieces", CLASS_EVENT, KUBE, 2},
	[FAULT_BREAK] = {"break", CLASS_EVENT, KUBE, 4},
	[FAULT_NOISE] = {"noise", CLASS_EVENT, KUBE, 3},
	[FAULT_BIG] = {"big", CLASS_EVENT, KUBE, 1},
	[FAULT_EXPIRE] = {"expire", CLASS_EVENT, KUBE, 3},
	[FAULT_DOWN] = {"down", CLASS_STATE, KUBE | PROM, 5},
	[FAULT_FALSE] = {"false", CLASS_STATE, KUBE | PROM, 2},
	[FAULT_DEAF] = {"deaf", CLASS_STATE, KUBE | PROM, 2},
	[FAULT_BABBLE] = {"babble", CLASS_STATE, KUBE | PROM, 2},
	[FAULT_SILENT] = {"silent", CLASS_STATE, KUBE, 4},
	[FAULT_LAG] = {"lag", CLASS_STATE, KUBE, 8},
	[FAULT_EMPTY] = {"empty", CLASS_STATE, PROM, 4},
	[FAULT_NAN] = {"nan", CLASS_STATE, PROM, 3},
	[FAULT_STALE] = {"stale", CLASS_STATE, PROM, 3},
	[FAULT_FUTURE] = {"future", CLASS_STATE, PROM, 2},
	[FAULT_WARNING] = {"warning", CLASS_STATE, PROM, 2},
	[FAULT_HTML] = {"html", CLASS_STATE, PROM, 2},
	[FAULT_CUT_ALL] = {"cut-all", CLASS_MOMENT, KUBE, 4},
	[FAULT_END_ALL] = {"end-all", CLASS_MOMENT, KUBE, 3},
	[FAULT_COMPACT] = {"compact", CLASS_MOMENT, KUBE, 4},
	[FAULT_RESTART] = {"restart", CLASS_MOMENT, KUBE, 4},
	[FAULT_CLOCK] = {"clock", CLASS_AROUND, WORLD, 3},
	[FAULT_KILL] = {"kill", CLASS_AROUND, WORLD, 12},
};

static const char *const servers[] = {
	[FAULT_KUBE] = "kube", [FAULT_PROM] = "prom", [FAULT_WORLD] = "world"};
static const char *const whose[] = {[FAULT_ANY] = "any",
				    [FAULT_READS] = "reads",
				    [FAULT_WRITES] = "writes",
				    [FAULT_WATCHES] = "watches"};

bool fault_is_of_requests(enum fault_kind kind)
{
	return kinds[kind].class == CLASS_REQUEST;
}

bool fault_is_of_events(enum fault_kind kind)
{
	return kinds[kind].class == CLASS_EVENT;
}

/* --- text --- */

static int find(const char *const *names, size_t count, const char *name, int *ret)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(names[i], name) != 0)
			continue;
		*ret = (int)i;
		return 0;
	}
	return -1;
}

static int find_kind(const char *name, enum fault_kind *ret)
{
	for (int i = 0; i < FAULT_KINDS; i++) {
		if (strcmp(kinds[i].name, name) != 0)
			continue;
		*ret = (enum fault_kind)i;
		return 0;
	}
	return -1;
}

static int read_number(const char *text, int *ret, struct err *err)
{
	char *end;
	long n = strtol(text, &end, 10);
	if (!*text || *end || n < 0 || n > 100000)
		return err_set(err, ERR_INVALID, "\"%s\": 0 to 100000 is allowed", text);
	*ret = (int)n;
	return 0;
}

static int read_duration(const char *text, int64_t *ret, struct err *err)
{
	bool minus = *text == '-';
	if (duration_parse(text + minus, ret, err) < 0)
		return -1;
	*ret = minus ? -*ret : *ret;
	return 0;
}

/* "skip=1" */
static int read_setting(const char *word, struct fault *f, struct err *err)
{
	int on;
	const char *equals = strchr(word, '=');
	const char *value = equals ? equals + 1 : "";
	if (!strncmp(word, "skip=", 5))
		return read_number(value, &f->skip, err);
	if (!strncmp(word, "times=", 6))
		return read_number(value, &f->times, err);
	if (!strncmp(word, "code=", 5))
		return read_number(value, &f->code, err);
	if (!strncmp(word, "for=", 4))
		return read_duration(value, &f->ms, err);
	if (!strncmp(word, "of=", 3)) {
		snprintf(f->of, sizeof(f->of), "%s", value);
		return 0;
	}
	if (!strncmp(word, "on=", 3) && find(whose, ARRAY_LEN(whose), value, &on) == 0) {
		f->on = (enum fault_on)on;
		return 0;
	}
	return err_set(err, ERR_INVALID,
		       "\"%s\": on=any|reads|writes|watches, of=RESOURCE, skip=, times=, "
		       "code= and for= are allowed",
		       word);
}

static int check(const struct fault *f, struct err *err)
{
	if (!(kinds[f->kind].servers & 1 << f->server))
		return err_set(err, ERR_INVALID, "%s is not a fault of %s",
			       kinds[f->kind].name, servers[f->server]);
	if (f->kind == FAULT_STATUS && (f->code < 400 || f->code > 599))
		return err_set(err, ERR_INVALID, "status: code=400 to code=599 expected");
	return 0;
}

int fault_parse(const char *line, struct fault *ret_fault, struct err *err)
{
	struct fault f = {0};
	char *copy AUTO_FREE = xstrdup(line), *rest = NULL;
	const char *at = strtok_r(copy, " \t", &rest);
	const char *server = at ? strtok_r(NULL, " \t", &rest) : NULL;
	const char *kind = server ? strtok_r(NULL, " \t", &rest) : NULL;
	int found;
	if (!kind)
		return err_set(err, ERR_INVALID,
			       "\"%s\": TIME kube|prom|world FAULT [SETTING=...] "
			       "expected",
			       line);
	if (read_duration(at, &f.at_ms, err) < 0)
		return -1;
	if (find(servers, ARRAY_LEN(servers), server, &found) < 0)
		return err_set(err, ERR_INVALID, "\"%s\": kube, prom or world expected",
			       server);
	f.server = (enum fault_server)found;
	if (find_kind(kind, &f.kind) < 0)
		return err_set(err, ERR_INVALID, "\"%s\" is no fault", kind);
	for (const char *word; (word = strtok_r(NULL, " \t", &rest));)
		if (read_setting(word, &f, err) < 0)
			return -1;
	if (check(&f, err) < 0)
		return -1;
	*ret_fault = f;
	return 0;
}

int fault_format(const struct fault *f, struct str *out)
{
	char at[48], span[48];
	int64_t ms = f->ms < 0 ? -f->ms : f->ms;
	str_printf(out, "%s %s %s", duration_format(f->at_ms, at, sizeof(at)),
		   servers[f->server], kinds[f->kind].name);
	if (f->on != FAULT_ANY)
		str_printf(out, " on=%s", whose[f->on]);
	if (f->of[0])
		str_printf(out, " of=%s", f->of);
	if (f->skip)
		str_printf(out, " skip=%d", f->skip);
	if (f->times)
		str_printf(out, " times=%d", f->times);
	if (f->code)
		str_printf(out, " code=%d", f->code);
	if (f->ms)
		str_printf(out, " for=%s%s", f->ms < 0 ? "-" : "",
			   duration_format(ms, span, sizeof(span)));
	return out->cut ? -1 : 0;
}

int faults_parse(const char *text, struct fault *ret_faults, int max, struct err *err)
{
	int count = 0;
	for (int number = 1; *text; number++) {
		size_t len = strcspn(text, "\n");
		char *line AUTO_FREE = xstrndup(text, len);
		const char *first = line + strspn(line, " \t");
		text += len + (text[len] == '\n');
		if (!*first || *first == '#')
			continue;
		if (count == max)
			return err_set(err, ERR_INVALID, "more than %d faults", max);
		if (fault_parse(first, &ret_faults[count++], err) < 0)
			return err_wrap(err, "line %d", number);
	}
	return count;
}

/* --- by chance --- */

static int64_t between(struct rng *rng, int64_t low, int64_t high)
{
	return low + (int64_t)(rng_uniform(rng) * (double)(high - low + 1));
}

static enum fault_kind draw_kind(struct rng *rng, bool kills)
{
	int64_t sum = 0;
	for (int i = 0; i < FAULT_KINDS; i++)
		sum += i == FAULT_KILL && !kills ? 0 : kinds[i].weight;
	int64_t at = between(rng, 1, sum);
	for (int i = 0; i < FAULT_KINDS; i++) {
		at -= i == FAULT_KILL && !kills ? 0 : kinds[i].weight;
		if (at <= 0)
			return (enum fault_kind)i;
	}
	return FAULT_DROP;
}

static enum fault_server draw_server(struct rng *rng, enum fault_kind kind)
{
	int can = kinds[kind].servers;
	if (can == (KUBE | PROM))
		return between(rng, 0, 2) ? FAULT_KUBE : FAULT_PROM;
	return can == KUBE ? FAULT_KUBE : can == PROM ? FAULT_PROM : FAULT_WORLD;
}

static void draw_request(struct rng *rng, struct fault *f)
{
	static const int codes[] = {400, 401, 403, 404, 409, 410,
				    422, 429, 500, 502, 503, 504};
	static const char *const resources[] = {
		"",     "",           "",       "deployments", "deployments",
		"pods", "configmaps", "leases", "events"};
	f->times = (int)between(rng, 1, 4);
	f->skip = (int)between(rng, 0, 6);
	f->ms = f->kind == FAULT_DELAY || f->kind == FAULT_DRIP ? between(rng, 50, 12000)
								: 0;
	if (f->kind == FAULT_STATUS)
		f->code = codes[between(rng, 0, (int64_t)ARRAY_LEN(codes) - 1)];
	if (f->kind == FAULT_HUGE)
		f->times = 1;
	if (f->server != FAULT_KUBE)
		return;
	f->on = (enum fault_on)between(rng, FAULT_ANY, FAULT_WATCHES);
	snprintf(f->of, sizeof(f->of), "%s",
		 resources[between(rng, 0, (int64_t)ARRAY_LEN(resources) - 1)]);
}

static int by_time(const void *a, const void *b)
{
	const struct fault *x = a, *y = b;
	return x->at_ms < y->at_ms ? -1 : x->at_ms > y->at_ms;
}

void faults_draw(struct rng *rng, int64_t span_ms, bool kills, struct fault *ret_faults,
		 int count)
{
	for (int i = 0; i < count; i++) {
		struct fault *f = &ret_faults[i];
		*f = (struct fault){.at_ms = between(rng, 0, span_ms - 1),
				    .kind = draw_kind(rng, kills)};
		f->server = draw_server(rng, f->kind);
		switch (kinds[f->kind].class) {
		case CLASS_REQUEST:
			draw_request(rng, f);
			break;
		case CLASS_EVENT:
			f->times = (int)between(rng, 1, 3);
			f->skip = (int)between(rng, 0, 10);
			break;
		case CLASS_STATE:
			f->ms = between(rng, 500, 90000);
			break;
		case CLASS_MOMENT:
			f->ms = f->kind == FAULT_RESTART ? between(rng, 500, 20000) : 0;
			break;
		case CLASS_AROUND:
			f->ms = f->kind == FAULT_KILL ? between(rng, 200, 30000)
						      : between(rng, -MS_PER_H, MS_PER_H);
			break;
		}
	}
	qsort(ret_faults, (size_t)count, sizeof(*ret_faults), by_time);
}
