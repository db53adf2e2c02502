/* What the servers say of a policy: its target, the rights, its queries. */
#include "validate.h"

#include "rights.h"
#include "sourcefile.h"

#include "loop/loop.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Points of a history that is looked at. */
#define POINTS 1000
/* Less of a history is no day, which it takes before a forecast may be followed. */
#define HISTORY_MIN_MS MS_PER_DAY
#define QUERY_LIMIT    65536

struct prober {
	const struct validate_flags *flags;
	struct cluster cluster;
	struct controller_config config;
	struct prom_source **sources; /* beside config.sources; opened when asked */
	struct rights *rights;
};

struct prober *prober_new(const struct validate_flags *flags, struct err *err)
{
	struct prober *p = xcalloc(1, sizeof(*p));
	p->flags = flags;
	if (sourcefile_read(flags->config, flags->prometheus_url, &p->config, err) < 0 ||
	    cluster_open(&p->cluster, &flags->cluster, err) < 0) {
		prober_free(p);
		return NULL;
	}
	p->sources = xcalloc((size_t)p->config.source_count, sizeof(p->sources[0]));
	p->rights = rights_new(&p->cluster, flags->account, flags->cluster.foretop_ns);
	return p;
}

void prober_free(struct prober *p)
{
	if (!p)
		return;
	for (int32_t i = 0; p->sources && i < p->config.source_count; i++)
		prom_source_free(p->sources[i]);
	free(p->sources);
	rights_free(p->rights);
	cluster_close(&p->cluster);
	config_free(&p->config);
	free(p);
}

const char *prober_namespace(const struct prober *p)
{
	return cluster_namespace(&p->cluster, &p->flags->cluster);
}

/* --- the target --- */

struct discovery {
	struct prober *prober;
	struct kube_resource resource;
	struct err err;
};

static void on_discovered(void *arg, const struct kube_resource *resource,
			  const struct err *err)
{
	struct discovery *d = arg;
	if (resource)
		d->resource = *resource;
	else
		d->err = *err;
	reactor_stop(d->prober->cluster.reactor);
}

/* 0, or -1 after a finding. */
static int find_resource(struct prober *p, const struct policy_target *target,
			 struct kube_resource *ret_resource, struct findings *f)
{
	struct discovery d = {.prober = p};
	if (kube_resource_of_kind(target->api_version, target->kind, ret_resource))
		return 0;
	kube_discover(p->cluster.kube, target->api_version, target->kind, on_discovered,
		      &d);
	reactor_run(p->cluster.reactor);
	if (d.err.code != ERR_NONE)
		finding_error(f, "target: %s", d.err.msg);
	else if (!d.resource.known)
		finding_error(f, "target: the server has no kind %s in %s", target->kind,
			      target->api_version);
	else if (!d.resource.scalable)
		finding_error(f, "target: a %s has no scale subresource", target->kind);
	else if (!d.resource.namespaced)
		finding_error(f, "target: a %s is in no namespace", target->kind);
	else
		*ret_resource = d.resource;
	return d.resource.known && d.resource.scalable && d.resource.namespaced ? 0 : -1;
}

static void check_target(struct prober *p, const struct policy *policy,
			 struct findings *f)
{
	const struct policy_target *t = &policy->target;
	struct kube_resource resource;
	struct err err;
	long status;
	if (find_resource(p, t, &resource, f) < 0)
		return;
	char *object AUTO_FREE = cluster_path(resource.group_version, resource.plural,
					      policy->ns, t->name);
	char *path AUTO_FREE = xasprintf("%s/scale", object);
	cJSON *scale AUTO(json_cleanup) = cluster_get(&p->cluster, path, &status, &err);
	if (scale)
		finding_ok(f, "target %s %s has %d replicas", t->kind, t->name,
			   (int)json_int(scale, "spec.replicas", 0));
	else if (status == 404)
		finding_error(f, "target: there is no %s %s in namespace %s", t->kind,
			      t->name, policy->ns);
	else
		finding_error(f, "target: %s", err.msg);
	rights_check(p->rights, policy, &resource, f);
}

/* --- queries --- */

struct asking {
	struct reactor *reactor;
	struct findings *findings;
	const char *what; /* "metric requests" */
	bool by_pod, builtin;
	int64_t from_ms, history_ms;
	struct err err;
	bool answered;
};

static void tell_value(struct asking *a, const struct prom_result *r)
{
	char one[96], two[96], value[32];
	const struct prom_series *s = &r->series[0];
	if (a->builtin) {
		size_t count;
		free(prom_usages(r, &count));
		finding_ok(a->findings, "%s: %zu containers in the namespace", a->what,
			   count);
	} else if (a->by_pod) {
		for (size_t i = 0; i < r->series_count; i++)
			if (!*r->series[i].pod) {
				finding_error(a->findings,
					      "%s: series %s has no label pod", a->what,
					      prom_series_text(&r->series[i], one,
							       sizeof(one)));
				return;
			}
		finding_ok(a->findings, "%s: %zu series", a->what, r->series_count);
	} else if (r->series_count > 1) {
		finding_error(a->findings,
			      "%s: %zu series (%s, %s...): one is needed, as by sum(...)",
			      a->what, r->series_count,
			      prom_series_text(s, one, sizeof(one)),
			      prom_series_text(s + 1, two, sizeof(two)));
	} else if (isnan(s->samples[0].v)) {
		finding_error(a->findings, "%s: the value is not a number", a->what);
	} else {
		finding_ok(a->findings, "%s: %s now", a->what,
			   number_format(s->samples[0].v, false, value, sizeof(value)));
	}
}

static void on_value(void *arg, const struct prom_answer *answer)
{
	struct asking *a = arg;
	if (answer->outcome == PROM_OK)
		tell_value(a, answer->result);
	else
		finding_error(a->findings, "%s: %s", a->what, answer->err.msg);
	reactor_stop(a->reactor);
}

/* To hours from two days on: nobody needs more. */
static const char *span(int64_t ms, char buf[48])
{
	int64_t unit = ms >= 2 * MS_PER_DAY ? MS_PER_H : MS_PER_MIN;
	return duration_format(ms / unit * unit, buf, 48);
}

static void tell_history(struct asking *a, const struct prom_result *r)
{
	char have[48], want[48];
	const struct prom_series *s = &r->series[0];
	if (r->series_count > 1) {
		finding_error(a->findings, "%s: its history is %zu series, one is needed",
			      a->what, r->series_count);
		return;
	}
	int64_t now = wall_ms(), first = now;
	for (size_t i = s->sample_count; i-- > 0;)
		if (!isnan(s->samples[i].v))
			first = s->samples[i].t_ms;
	span(now - first, have);
	span(a->history_ms, want);
	/* Ends are moved to the grid of steps. */
	if (now - first >= a->history_ms - 2 * a->history_ms / POINTS)
		finding_ok(a->findings, "%s: a history of %s", a->what, want);
	else
		finding_warning(a->findings,
				"%s: %s of the %s of history that are asked "
				"for%s",
				a->what, have, want,
				now - first < HISTORY_MIN_MS
					? "; no forecast is followed before a day"
					: "");
}

static void on_history(void *arg, const struct prom_answer *answer)
{
	struct asking *a = arg;
	if (answer->outcome == PROM_OK)
		tell_history(a, answer->result);
	else if (answer->outcome == PROM_EMPTY)
		finding_warning(a->findings, "%s: no history", a->what);
	else
		finding_error(a->findings, "%s: its history: %s", a->what,
			      answer->err.msg);
	reactor_stop(a->reactor);
}

/* NULL after a finding. */
static struct prom_source *source_of(struct prober *p, const char *name, const char *ns,
				     const char *what, struct findings *f)
{
	struct err err;
	for (int32_t i = 0; i < p->config.source_count; i++) {
		const struct config_source *c = &p->config.sources[i];
		if (strcmp(c->name, name))
			continue;
		if (!config_source_allows(c, ns)) {
			finding_error(f, "%s: namespace %s may not use the source %s",
				      what, ns, name);
			return NULL;
		}
		if (!p->sources[i])
			p->sources[i] = source_open(p->cluster.reactor, c, &err);
		if (!p->sources[i])
			finding_error(f, "%s: %s", what, err.msg);
		return p->sources[i];
	}
	if (!p->config.source_count)
		finding_warning(f,
				"%s: its query was not run: give --prometheus-url or "
				"--config",
				what);
	else
		finding_error(f, "%s: there is no source %s in the configuration", what,
			      name);
	return NULL;
}

static int present_query(const struct policy *policy, const struct policy_metric *m,
			 struct str *out)
{
	enum prom_resource resource;
	const char *namespaces[] = {policy->ns};
	const struct prom_pods pods = {.namespaces = namespaces,
				       .namespace_count = 1,
				       .container = m->container};
	if (m->query)
		return str_puts(out, m->query);
	return prom_resource_parse(m->name, &resource) < 0
		       ? -1
		       : prom_usage_query(resource, &pods, out);
}

static void check_history(struct prober *p, struct prom_source *source,
			  const struct policy *policy, int32_t metric, struct asking *a)
{
	struct str text AUTO(str_fini);
	struct err err = {0};
	int64_t now = wall_ms();
	str_init(&text, QUERY_LIMIT);
	a->history_ms = policy->forecast.history_ms;
	const struct prom_range range = {.start_ms = now - a->history_ms,
					 .end_ms = now,
					 .step_ms = a->history_ms / POINTS / MS_PER_MIN *
						    MS_PER_MIN};
	if (loop_history_query(policy, metric, &text, &err) < 0) {
		finding_error(a->findings, "%s: %s", a->what, err.msg);
		return;
	}
	prom_query_range(source, str_text(&text), &range, on_history, a);
	reactor_run(p->cluster.reactor);
}

static void check_metric(struct prober *p, const struct policy *policy, int32_t metric,
			 struct findings *f)
{
	const struct policy_metric *m = &policy->metrics[metric];
	struct str text AUTO(str_fini);
	char *what AUTO_FREE = xasprintf("metric %s", m->name);
	struct asking a = {.reactor = p->cluster.reactor,
			   .findings = f,
			   .what = what,
			   .builtin = !m->query,
			   .by_pod = m->query && m->type != METRIC_OBJECT &&
				     m->type != METRIC_EXTERNAL};
	struct prom_source *source = source_of(p, m->source, policy->ns, what, f);
	str_init(&text, QUERY_LIMIT);
	if (!source)
		return;
	int errors = f->errors;
	if (present_query(policy, m, &text) < 0)
		finding_error(f, "%s: there is no built-in query for it", what);
	else {
		prom_query(source, str_text(&text), wall_ms(), on_value, &a);
		reactor_run(p->cluster.reactor);
	}
	if (f->errors == errors && m->forecast &&
	    policy->forecast.mode != FORECAST_DISABLED)
		check_history(p, source, policy, metric, &a);
}

static void check_guard(struct prober *p, const struct policy *policy,
			const struct policy_guard *g, struct findings *f)
{
	char *what AUTO_FREE = xasprintf("guard %s", g->name);
	struct asking a = {.reactor = p->cluster.reactor, .findings = f, .what = what};
	struct prom_source *source = source_of(p, g->source, policy->ns, what, f);
	if (!source)
		return;
	prom_query(source, g->query, wall_ms(), on_value, &a);
	reactor_run(p->cluster.reactor);
}

void prober_check(struct prober *p, const struct policy *policy, struct findings *f)
{
	check_target(p, policy, f);
	for (int32_t i = 0; i < policy->metric_count; i++)
		check_metric(p, policy, i, f);
	for (int32_t i = 0; i < policy->guard_count; i++)
		check_guard(p, policy, &policy->guards[i], f);
}
