/* What foretop wrote, as the simulated API server has it. */
#include "integration/bed.h"

#include <stdlib.h>
#include <string.h>

#define NS "shop"

int bed_writes(const struct bed *b, enum kubeapi_resource resource, int status)
{
	int count = 0;
	for (size_t i = 0; i < kubeapi_audit_count(b->kube); i++) {
		const struct audit_entry *e = kubeapi_audit(b->kube, i);
		count += (resource == KUBEAPI_RESOURCES || e->resource == resource) &&
			 (!status || e->status == status);
	}
	return count;
}

static bool is_scale(const struct audit_entry *e, const char *name)
{
	return e->resource == KUBEAPI_DEPLOYMENTS && !strcmp(e->subresource, "scale") &&
	       !strcmp(e->name, name) && e->status == 200;
}

int bed_scaled(const struct bed *b, const char *name)
{
	int count = 0;
	for (size_t i = 0; i < kubeapi_audit_count(b->kube); i++)
		count += is_scale(kubeapi_audit(b->kube, i), name);
	return count;
}

int32_t bed_scaled_to(const struct bed *b, const char *name, int i)
{
	for (size_t k = 0; k < kubeapi_audit_count(b->kube); k++)
		if (is_scale(kubeapi_audit(b->kube, k), name) && i-- == 0)
			return kubeapi_audit(b->kube, k)->to;
	return -1;
}

int bed_events(const struct bed *b, const char *about, const char *reason,
	       const char *note)
{
	int count = 0;
	for (size_t i = 0; i < kubeapi_audit_count(b->kube); i++) {
		const struct audit_entry *e = kubeapi_audit(b->kube, i);
		if (e->resource != KUBEAPI_EVENTS || e->status != 201)
			continue;
		cJSON *event AUTO(json_cleanup) =
			kubeapi_get(b->kube, KUBEAPI_EVENTS, e->ns, e->name);
		count += (!about ||
			  !strcmp(json_str(event, "regarding.name", ""), about)) &&
			 (!reason || !strcmp(json_str(event, "reason", ""), reason)) &&
			 (!note || strstr(json_str(event, "note", ""), note));
	}
	return count;
}

cJSON *bed_status(const struct bed *b, const char *policy)
{
	char *name AUTO_FREE = xasprintf(NS ".%s", policy);
	cJSON *map AUTO(json_cleanup) =
		kubeapi_get(b->kube, KUBEAPI_CONFIGMAPS, BED_STATUS_NS, name);
	const cJSON *text =
		cJSON_GetObjectItemCaseSensitive(json_at(map, "data"), "status.json");
	return cJSON_IsString(text)
		       ? json_parse(text->valuestring, strlen(text->valuestring), NULL)
		       : NULL;
}

bool bed_condition(const struct bed *b, const char *policy, const char *type,
		   const char *status, const char *message)
{
	cJSON *s AUTO(json_cleanup) = bed_status(b, policy);
	const cJSON *condition;
	cJSON_ArrayForEach (condition, json_at(s, "conditions"))
		if (!strcmp(json_str(condition, "type", ""), type))
			return !strcmp(json_str(condition, "status", ""), status) &&
			       (!message ||
				strstr(json_str(condition, "message", ""), message));
	return false;
}

int64_t bed_status_int(const struct bed *b, const char *policy, const char *path)
{
	cJSON *s AUTO(json_cleanup) = bed_status(b, policy);
	return json_int(s, path, -1);
}

bool bed_reason(const struct bed *b, const char *policy, const char *text)
{
	cJSON *s AUTO(json_cleanup) = bed_status(b, policy);
	return strstr(json_str(s, "lastDecision.reason", ""), text) != NULL;
}

char *bed_leader(const struct bed *b)
{
	cJSON *lease AUTO(json_cleanup) =
		kubeapi_get(b->kube, KUBEAPI_LEASES, BED_LEASE_NS, "foretop");
	return lease ? xstrdup(json_str(lease, "spec.holderIdentity", "")) : NULL;
}

bool bed_leads(const struct bed *b, const char *identity)
{
	char *leader AUTO_FREE = bed_leader(b);
	return leader && !strcmp(leader, identity);
}
