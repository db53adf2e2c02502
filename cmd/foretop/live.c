#include "live.h"

#include "view.h"

#include <string.h>

static struct policy *parse(const struct view *v, struct err *err)
{
	const cJSON *text = cJSON_GetObjectItemCaseSensitive(json_at(v->object, "data"),
							     VIEW_POLICY_KEY);
	if (!cJSON_IsString(text)) {
		*err = v->broken;
		return NULL;
	}
	struct policy *policy = policy_parse(v->ns, v->name, text->valuestring,
					     strlen(text->valuestring), err);
	if (!policy)
		err_wrap(err, "policy %s/%s", v->ns, v->name);
	return policy;
}

struct policy *live_policy(const struct cluster_flags *f, const char *name,
			   struct err *err)
{
	char *names[] = {(char *)name};
	struct cluster_flags one = *f;
	struct cluster cluster = {0};
	struct views views AUTO(views_fini) = {0};
	struct policy *policy = NULL;
	one.names = names;
	one.name_count = 1;
	if (cluster_open(&cluster, &one, err) == 0 &&
	    views_read(&cluster, &one, NULL, &views, err) == 0)
		policy = parse(&views.items[0], err);
	cluster_close(&cluster);
	return policy;
}

int32_t live_metric(const struct policy *policy, const char *name, struct err *err)
{
	struct str names AUTO(str_fini);
	str_init(&names, 200);
	for (int32_t i = 0; i < policy->metric_count; i++) {
		const struct policy_metric *m = &policy->metrics[i];
		if (name ? !strcmp(m->name, name) : m->forecast)
			return i;
		str_printf(&names, "%s%s", i ? ", " : "", m->name);
	}
	return err_set(
		err, ERR_INVALID,
		name ? "policy %s has no metric %s (there are: %s)"
		     : "no metric of policy %s can be forecast%.0s (there are: %s)",
		policy->name, name ? name : "", str_text(&names));
}
