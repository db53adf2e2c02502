/* What is asked for the past of a metric. */
#include "loop/inside.h"

#include <string.h>

/* Values by pod add up to the workload's demand. A comment at the end of the query must
 * not swallow ours. */
static int ask_sum(const char *query, struct str *out)
{
	return str_printf(out, "sum(%s%s)", query, strchr(query, '#') ? "\n" : "");
}

int loop_history_query(const struct policy *policy, int32_t metric, struct str *out,
		       struct err *err)
{
	const struct policy_metric *m = &policy->metrics[metric];
	enum prom_resource resource;
	if (m->history_query)
		return str_puts(out, m->history_query);
	if (m->query && m->type != METRIC_OBJECT && m->type != METRIC_EXTERNAL)
		return ask_sum(m->query, out);
	if (m->query)
		return str_puts(out, m->query);
	if (prom_resource_parse(m->name, &resource) < 0)
		return err_set(err, ERR_INVALID,
			       "resource %s has no built-in query: give one", m->name);
	const struct prom_workload workload = {.ns = policy->ns,
					       .kind = policy->target.kind,
					       .name = policy->target.name,
					       .container = m->container};
	return prom_workload_query(resource, &workload, out);
}
