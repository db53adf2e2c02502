#include "runsay.h"

#include "table.h"

#include "io/io.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUT_MAX (64u << 20)

/* --- what would be written --- */

/* The size that a write would bring about, from *ret_from; DECIDE_NO_REPLICAS: nothing
 * would be written. */
static int32_t would_write(const struct policy_status *s, int32_t *ret_from)
{
	*ret_from = DECIDE_NO_REPLICAS;
	if (!s->policy || !s->decided_ms || s->rests)
		return DECIDE_NO_REPLICAS;
	if (s->policy->mode == MODE_SCALE) {
		*ret_from = s->current;
		return s->desired != s->current ? s->desired : DECIDE_NO_REPLICAS;
	}
	if (s->policy->mode != MODE_FLOOR || !s->floor.autoscaler)
		return DECIDE_NO_REPLICAS;
	*ret_from = s->floor.min;
	return s->floor.wanted != s->floor.min ? s->floor.wanted : DECIDE_NO_REPLICAS;
}

/* "deployment.apps/checkout": as kubectl names what it changes. */
static void target_name(const struct policy_status *s, char *buf, size_t size)
{
	const struct policy_target *t = &s->policy->target;
	const char *slash = strchr(t->api_version, '/');
	int group = slash ? (int)(slash - t->api_version) : 0;
	char kind[64];
	snprintf(kind, sizeof(kind), "%s", t->kind);
	for (char *p = kind; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	snprintf(buf, size, "%s%s%.*s/%s", kind, group ? "." : "", group, t->api_version,
		 t->name);
}

/* Mode Floor's own: a ScaledObject of KEDA's has other names for the same. */
static bool is_keda(const struct policy_status *s)
{
	return s->floor.kind && !strcmp(s->floor.kind, "ScaledObject");
}

static const char *minimum_field(const struct policy_status *s)
{
	return is_keda(s) ? "minReplicaCount" : "minReplicas";
}

static void say_write(const struct policy_status *s, int32_t from, int32_t to)
{
	char name[384];
	target_name(s, name, sizeof(name));
	if (s->policy->mode == MODE_SCALE)
		printf("%s scaled in %s: %d to %d (dry run): %s\n", name, s->ns, from, to,
		       s->reason);
	else
		printf("%s/%s patched in %s: %s %d to %d (dry run): %s\n",
		       is_keda(s) ? "scaledobject.keda.sh"
				  : "horizontalpodautoscaler.autoscaling",
		       s->floor.autoscaler, s->ns, minimum_field(s), from, to, s->reason);
}

/* --- the policies --- */

static int by_name(const void *left, const void *right)
{
	const struct policy_status *const *a = left, *const *b = right;
	int order = strcmp((*a)->ns, (*b)->ns);
	return order ? order : strcmp((*a)->name, (*b)->name);
}

/* Borrowed statuses in the order of their names; the caller frees the array. */
static const struct policy_status **sorted(const struct engine *e, size_t *ret_count)
{
	int32_t all = engine_policy_count(e);
	const struct policy_status **list = xcalloc((size_t)all + 1, sizeof(list[0]));
	size_t count = 0;
	for (int32_t i = 0; i < all; i++) {
		list[count] = engine_policy_status(e, i);
		count += list[count] != NULL;
	}
	if (count)
		qsort(list, count, sizeof(list[0]), by_name);
	*ret_count = count;
	return list;
}

static struct runsay_policy *find(struct runsay *r, const char *ns, const char *name)
{
	for (size_t i = 0; i < r->count; i++)
		if (!strcmp(r->policies[i].name, name) && !strcmp(r->policies[i].ns, ns))
			return &r->policies[i];
	r->policies = xrealloc(r->policies, (r->count + 1) * sizeof(r->policies[0]));
	struct runsay_policy *p = &r->policies[r->count++];
	*p = (struct runsay_policy){.ns = xstrdup(ns),
				    .name = xstrdup(name),
				    .would = DECIDE_NO_REPLICAS,
				    .theirs = DECIDE_NO_REPLICAS,
				    .ours = DECIDE_NO_REPLICAS};
	return p;
}

static void look_dry(struct runsay *r, struct runsay_policy *p,
		     const struct policy_status *s)
{
	int32_t from, to = would_write(s, &from);
	if (to == p->would)
		return;
	p->would = to;
	if (to == DECIDE_NO_REPLICAS)
		return;
	r->differs = true;
	say_write(s, from, to);
}

/* The time since the last look belongs to the sizes of that look. */
static void count(struct runsay_policy *p, int64_t passed_ms)
{
	if (p->theirs < 0 || p->ours < 0)
		return;
	p->watched_ms += passed_ms;
	p->their_pod_ms += (double)p->theirs * (double)passed_ms;
	p->our_pod_ms += (double)p->ours * (double)passed_ms;
	if (p->ours > p->theirs)
		p->above_ms += passed_ms;
	if (p->ours < p->theirs)
		p->below_ms += passed_ms;
}

static void say_difference(const struct runsay_policy *p, const char *reason)
{
	char at[32];
	printf("%s %s/%s: now %d, foretop %d (%+d): %s\n",
	       time_format(wall_ms(), at, sizeof(at)), p->ns, p->name, p->theirs, p->ours,
	       p->ours - p->theirs, reason);
}

static void look_diff(struct runsay *r, struct runsay_policy *p,
		      const struct policy_status *s, int64_t passed_ms)
{
	count(p, passed_ms);
	bool known = s->policy && s->decided_ms && !s->rests && s->current >= 0 &&
		     s->desired >= 0;
	int32_t theirs = known ? s->current : DECIDE_NO_REPLICAS,
		ours = known ? s->desired : DECIDE_NO_REPLICAS;
	if (theirs == p->theirs && ours == p->ours)
		return;
	p->their_changes += p->theirs >= 0 && theirs >= 0 && theirs != p->theirs;
	p->our_changes += p->ours >= 0 && ours >= 0 && ours != p->ours;
	bool news = known && (ours != theirs || p->ours != p->theirs);
	p->theirs = theirs;
	p->ours = ours;
	if (!known)
		return;
	if (ours - theirs > p->most_above)
		p->most_above = ours - theirs;
	if (theirs - ours > p->most_below)
		p->most_below = theirs - ours;
	r->differs |= ours != theirs;
	if (news)
		say_difference(p, s->reason);
}

void runsay_look(struct runsay *r, const struct engine *e, int64_t now_ms)
{
	size_t count;
	const struct policy_status **all AUTO_FREE = sorted(e, &count);
	int64_t passed_ms = r->looked_ms ? now_ms - r->looked_ms : 0;
	r->looked_ms = now_ms;
	for (size_t i = 0; i < count; i++) {
		const struct policy_status *s = all[i];
		struct runsay_policy *p = find(r, s->ns, s->name);
		if (r->diff)
			look_diff(r, p, s, passed_ms);
		else if (r->dry_run)
			look_dry(r, p, s);
	}
	fflush(stdout);
}

/* --- --once --- */

static void cell_replicas(struct table *t, int32_t replicas)
{
	if (replicas == DECIDE_NO_REPLICAS)
		table_cell(t, "<unknown>");
	else
		table_cellf(t, "%d", (int)replicas);
}

static const char *reason_of(const struct policy_status *s)
{
	return s->policy ? s->reason : s->conditions[PC_READY].message;
}

static void once_table(struct runsay *r, const struct engine *e)
{
	size_t count;
	const struct policy_status **all AUTO_FREE = sorted(e, &count);
	struct table t AUTO(table_fini);
	struct str out AUTO(str_fini);
	static const char *const names[] = {"NAMESPACE", "POLICY",  "MODE",
					    "CURRENT",   "DESIRED", "REASON"};
	str_init(&out, OUTPUT_MAX);
	table_init(&t, ARRAY_LEN(names));
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		table_cell(&t, names[i]);
	for (size_t i = 0; i < count; i++) {
		const struct policy_status *s = all[i];
		table_cell(&t, s->ns);
		table_cell(&t, s->name);
		table_cell(&t, s->policy ? policy_mode_name(s->policy->mode) : NULL);
		cell_replicas(&t, s->current);
		cell_replicas(&t, s->desired);
		table_cell(&t, reason_of(s));
	}
	table_print(&t, "", &out);
	fputs(str_text(&out), stdout);
	if (r->dry_run)
		runsay_look(r, e, monotonic_ms());
}

/* As `get -o json`, with what would be written beside the status. */
static cJSON *once_tree(struct runsay *r, const struct policy_status *s)
{
	int32_t from, to = would_write(s, &from);
	cJSON *o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "apiVersion", "foretop.io/v1");
	cJSON_AddStringToObject(o, "kind", "Policy");
	cJSON *meta = cJSON_AddObjectToObject(o, "metadata");
	cJSON_AddStringToObject(meta, "name", s->name);
	cJSON_AddStringToObject(meta, "namespace", s->ns);
	cJSON_AddItemToObject(o, "status", status_summary(s));
	if (!r->dry_run || to == DECIDE_NO_REPLICAS)
		return o;
	r->differs = true;
	cJSON *write = cJSON_AddObjectToObject(o, "wouldWrite");
	bool scale = s->policy->mode == MODE_SCALE;
	char *field AUTO_FREE =
		xasprintf("spec.%s", scale ? "replicas" : minimum_field(s));
	cJSON_AddStringToObject(write, "field", field);
	cJSON_AddStringToObject(write, "kind",
				scale ? s->policy->target.kind : s->floor.kind);
	cJSON_AddStringToObject(write, "name",
				scale ? s->policy->target.name : s->floor.autoscaler);
	cJSON_AddNumberToObject(write, "from", from);
	cJSON_AddNumberToObject(write, "to", to);
	return o;
}

static void once_json(struct runsay *r, const struct engine *e)
{
	size_t count;
	const struct policy_status **all AUTO_FREE = sorted(e, &count);
	cJSON *list AUTO(json_cleanup) = cJSON_CreateObject();
	cJSON_AddStringToObject(list, "apiVersion", "v1");
	cJSON_AddStringToObject(list, "kind", "List");
	cJSON *items = cJSON_AddArrayToObject(list, "items");
	for (size_t i = 0; i < count; i++)
		cJSON_AddItemToArray(items, once_tree(r, all[i]));
	char *text = cJSON_Print(list);
	printf("%s\n", text);
	cJSON_free(text);
}

void runsay_once(struct runsay *r, const struct engine *e)
{
	if (r->output == RUNSAY_JSON)
		once_json(r, e);
	else
		once_table(r, e);
	fflush(stdout);
}

/* --- the sums --- */

static void add_sums(struct table *t, const struct runsay_policy *p)
{
	char span[24];
	double hours = (double)p->watched_ms / (double)MS_PER_H;
	table_cell(t, p->ns);
	table_cell(t, p->name);
	table_cell(t, age_format(p->watched_ms, span, sizeof(span)));
	if (!p->watched_ms) {
		for (int i = 0; i < 6; i++)
			table_cell(t, "<unknown>");
		return;
	}
	table_cellf(t, "%.2f", p->their_pod_ms / (double)p->watched_ms);
	table_cellf(t, "%.2f", p->our_pod_ms / (double)p->watched_ms);
	table_cellf(t, "%+.2f",
		    (p->our_pod_ms - p->their_pod_ms) / (double)p->watched_ms * hours);
	table_cellf(t, "%s(+%d)", age_format(p->above_ms, span, sizeof(span)),
		    p->most_above);
	table_cellf(t, "%s(-%d)", age_format(p->below_ms, span, sizeof(span)),
		    p->most_below);
	table_cellf(t, "%d/%d", p->their_changes, p->our_changes);
}

static int by_policy_name(const void *left, const void *right)
{
	const struct runsay_policy *a = left, *b = right;
	int order = strcmp(a->ns, b->ns);
	return order ? order : strcmp(a->name, b->name);
}

void runsay_end(struct runsay *r)
{
	struct table t AUTO(table_fini) = {0};
	struct str out AUTO(str_fini) = {0};
	static const char *const names[] = {"NAMESPACE", "POLICY",       "TIME",
					    "NOW-PODS",  "FORETOP-PODS", "POD-HOURS",
					    "ABOVE",     "BELOW",        "CHANGES"};
	if (!r->diff)
		return;
	if (r->count)
		qsort(r->policies, r->count, sizeof(r->policies[0]), by_policy_name);
	str_init(&out, OUTPUT_MAX);
	table_init(&t, ARRAY_LEN(names));
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		table_cell(&t, names[i]);
	for (size_t i = 0; i < r->count; i++)
		add_sums(&t, &r->policies[i]);
	table_print(&t, "", &out);
	fputs(str_text(&out), stdout);
	fflush(stdout);
}

void runsay_fini(struct runsay *r)
{
	for (size_t i = 0; i < r->count; i++) {
		free(r->policies[i].ns);
		free(r->policies[i].name);
	}
	free(r->policies);
	*r = (struct runsay){0};
}
