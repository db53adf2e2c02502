#include "policy/config.h"

#include "policy/config_page.h"
#include "policy/fields.h"
#include "policy/names.h"
#include "policy/source.h"

#include <stdlib.h>
#include <string.h>

#define JITTER_TENTHS 12 /* client-go's JitterFactor 1.2 */

void config_defaults(struct controller_config *ret_config)
{
	*ret_config = (struct controller_config){
		.sync_period_ms = 15 * MS_PER_S,
		.max_policies = 10000,
		.hpa =
			{
				.tolerance = 0.1,
				.downscale_stabilization_ms = 5 * MS_PER_MIN,
				.cpu_initialization_ms = 5 * MS_PER_MIN,
				.initial_readiness_delay_ms = 30 * MS_PER_S,
			},
		.election =
			{
				.enabled = true,
				.lease_name = xstrdup("foretop"),
				.lease_duration_ms = 15 * MS_PER_S,
				.renew_deadline_ms = 10 * MS_PER_S,
				.retry_period_ms = 2 * MS_PER_S,
				.shards = 1,
			},
		.listen = xstrdup(":8080"),
	};
	config_page_defaults(&ret_config->page);
}

#define ELECTION(member)   .offset = offsetof(struct config_election, member)
#define HPA(member)        .offset = offsetof(struct config_hpa, member)
#define CONTROLLER(member) .offset = offsetof(struct controller_config, member)

static const struct field election_fields[] = {
	{.name = "enabled", .read = field_bool, ELECTION(enabled)},
	{.name = "leaseName", .read = field_subdomain, ELECTION(lease_name)},
	{.name = "leaseNamespace", .read = field_label, ELECTION(lease_namespace)},
	{.name = "leaseDuration",
	 .read = field_duration,
	 ELECTION(lease_duration_ms),
	 .min = MS_PER_S,
	 .max = MS_PER_H},
	{.name = "renewDeadline",
	 .read = field_duration,
	 ELECTION(renew_deadline_ms),
	 .min = 100,
	 .max = MS_PER_H},
	{.name = "retryPeriod",
	 .read = field_duration,
	 ELECTION(retry_period_ms),
	 .min = 100,
	 .max = MS_PER_H},
	{.name = "shards",
	 .read = field_int32,
	 ELECTION(shards),
	 .min = 1,
	 .max = CONFIG_SHARDS_MAX},
};

static const struct field hpa_fields[] = {
	{.name = "tolerance", .read = field_fraction, HPA(tolerance)},
	{.name = "downscaleStabilization",
	 .read = field_duration,
	 HPA(downscale_stabilization_ms),
	 .max = MS_PER_H},
	{.name = "cpuInitializationPeriod",
	 .read = field_duration,
	 HPA(cpu_initialization_ms),
	 .max = MS_PER_H},
	{.name = "initialReadinessDelay",
	 .read = field_duration,
	 HPA(initial_readiness_delay_ms),
	 .max = MS_PER_H},
};

static const struct field namespace_fields[] = {
	{.name = "serve", .read = field_label_list, CONTROLLER(serve)},
	{.name = "refuse", .read = field_label_list, CONTROLLER(refuse)},
};

#define MAP(fields) .read = field_map, .table = fields, .table_count = ARRAY_LEN(fields)

static const struct field config_fields[] = {
	{.name = "sources", .read = sources_read},
	{.name = "syncPeriod",
	 .read = field_duration,
	 CONTROLLER(sync_period_ms),
	 .min = MS_PER_S,
	 .max = MS_PER_H},
	{.name = "maxPolicies",
	 .read = field_int32,
	 CONTROLLER(max_policies),
	 .min = 1,
	 .max = 100000},
	{.name = "hpa", MAP(hpa_fields), CONTROLLER(hpa)},
	{.name = "namespaces", MAP(namespace_fields)},
	{.name = "leaderElection", MAP(election_fields), CONTROLLER(election)},
	{.name = "statusNamespace", .read = field_label, CONTROLLER(status_namespace)},
	{.name = "listen", .read = field_listen, CONTROLLER(listen)},
	{.name = "page", .read = config_page_read, CONTROLLER(page)},
};

/* "-15-of-16" behind it makes a name of 253 characters at most. */
#define LEASE_NAME_MAX (253 - 9)

/* client-go's own conditions, and the Lease's whole seconds. */
static void check_election(const struct place *root, const struct config_election *e)
{
	struct place at = place_field(root, "leaderElection");
	struct place lease = place_field(&at, "leaseDuration");
	struct place renew = place_field(&at, "renewDeadline");
	struct place name = place_field(&at, "leaseName");
	if (e->lease_duration_ms % MS_PER_S)
		place_problem(&lease, "must be whole seconds");
	if (e->lease_duration_ms <= e->renew_deadline_ms)
		place_problem(&lease, "must be greater than renewDeadline");
	if (e->shards > 1 && strlen(e->lease_name) > LEASE_NAME_MAX)
		place_problem(&name,
			      "must have at most %d characters with more than one shard: "
			      "the number is put behind it",
			      LEASE_NAME_MAX);
	if (10 * e->renew_deadline_ms <= JITTER_TENTHS * e->retry_period_ms)
		place_problem(&renew, "must be greater than 1.2 times retryPeriod");
}

static void check_namespaces(const struct place *root, const struct controller_config *c)
{
	struct place at = place_field(root, "namespaces");
	for (int32_t i = 0; i < c->refuse.count; i++)
		if (names_have(&c->serve, c->refuse.names[i]))
			place_problem(&at,
				      "\"%s\" is in both serve and refuse: allowed: one "
				      "of them",
				      c->refuse.names[i]);
}

/* YAML's reader quotes the names of tags and anchors, and a password may begin with '!'
 * or '*'. */
static void hide_quotes(char *message)
{
	char *first = strchr(message, '"'), *last = strrchr(message, '"');
	if (first && first < last)
		memmove(first + 1, last, strlen(last) + 1);
}

static void parse(const char *text, size_t len, struct controller_config *c,
		  struct problems *problems)
{
	struct err err;
	AUTO(yaml_node_cleanup) struct yaml_node *tree = place_tree(text, len, &err);
	config_defaults(c);
	if (!tree) {
		hide_quotes(err.msg);
		problems_add(problems, err.msg);
		return;
	}
	struct place root = place_root(tree, problems);
	fields_read(&root, config_fields, ARRAY_LEN(config_fields), c);
	check_election(&root, &c->election);
	check_namespaces(&root, c);
}

int config_parse(const char *text, size_t len, struct controller_config *ret_config,
		 struct err *err)
{
	struct problems problems;
	struct controller_config c;
	problems_init(&problems);
	parse(text, len, &c, &problems);
	int rc = problems_first(&problems, err);
	problems_fini(&problems);
	if (rc == 0)
		*ret_config = c;
	else
		config_free(&c);
	return rc;
}

int config_check(const char *text, size_t len, struct str *ret_lines)
{
	struct problems problems;
	struct controller_config c;
	problems_init(&problems);
	parse(text, len, &c, &problems);
	config_free(&c);
	str_puts(ret_lines, str_text(&problems.lines));
	int count = problems.count;
	problems_fini(&problems);
	return count;
}

void config_free(struct controller_config *c)
{
	if (!c)
		return;
	for (int32_t i = 0; i < c->source_count; i++)
		source_fini(&c->sources[i]);
	free(c->sources);
	names_fini(&c->serve);
	names_fini(&c->refuse);
	free(c->election.lease_name);
	free(c->election.lease_namespace);
	free(c->status_namespace);
	free(c->listen);
	config_page_fini(&c->page);
	*c = (struct controller_config){0};
}

static struct config_source *find(const struct controller_config *c, const char *name)
{
	for (int32_t i = 0; i < c->source_count; i++)
		if (c->sources[i].name && strcmp(c->sources[i].name, name) == 0)
			return &c->sources[i];
	return NULL;
}

int config_set_url(struct controller_config *c, const char *url, struct err *err)
{
	const char *problem = source_url_problem(url);
	struct config_source *source = find(c, "default");
	if (problem)
		return err_set(err, ERR_INVALID, "URL of Prometheus: %s", problem);
	if (!source && c->source_count == CONFIG_SOURCES_MAX)
		return err_set(err, ERR_INVALID, "more than %d sources",
			       CONFIG_SOURCES_MAX);
	if (!source) {
		c->sources = xrealloc(c->sources, (size_t)(c->source_count + 1) *
							  sizeof(*c->sources));
		source = &c->sources[c->source_count++];
		source_defaults(source);
		source->name = xstrdup("default");
	}
	free(source->url);
	source->url = source_url_copy(url);
	return 0;
}

const struct config_source *config_find_source(const struct controller_config *c,
					       const char *name)
{
	return find(c, name);
}

bool config_source_allows(const struct config_source *source, const char *ns)
{
	return source->namespaces.count == 0 || names_have(&source->namespaces, ns);
}

bool config_serves(const struct controller_config *c, const char *ns)
{
	if (names_have(&c->refuse, ns))
		return false;
	if (c->serve.count)
		return names_have(&c->serve, ns);
	return strcmp(ns, "kube-system") != 0;
}
