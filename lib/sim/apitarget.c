#include "sim/apitarget.h"

#include <stdlib.h>
#include <string.h>

#define PARTS_MAX 9

/* Cuts the copy at its slashes; PARTS_MAX + 1 when there are more. */
static int split(char *path, char *parts[PARTS_MAX])
{
	int n = 0;
	char *save = NULL;
	for (char *p = strtok_r(path, "/", &save); p; p = strtok_r(NULL, "/", &save)) {
		if (n == PARTS_MAX)
			return PARTS_MAX + 1;
		parts[n++] = p;
	}
	return n;
}

static int find_resource(const char *group, const char *version, const char *plural)
{
	for (int i = 0; i < KUBEAPI_RESOURCES; i++) {
		const struct apiresource *r = apiresource_of((enum kubeapi_resource)i);
		if (strcmp(r->group, group) == 0 && strcmp(r->version, version) == 0 &&
		    strcmp(r->plural, plural) == 0)
			return i;
	}
	return -1;
}

static bool subresource_ok(const struct apitarget *t)
{
	const struct apiresource *r = apiresource_of(t->resource);
	if (strcmp(t->subresource, "scale") == 0)
		return r->scalable;
	return !*t->subresource ||
	       (strcmp(t->subresource, "status") == 0 && r->has_status);
}

/* [namespaces NS] PLURAL [NAME [SUBRESOURCE]] */
static int read_parts(char **parts, int n, const char *group, const char *version,
		      struct apitarget *t)
{
	int i = 0;
	/* A namespace itself is /api/v1/namespaces/NAME. */
	if (n > 2 && strcmp(parts[0], "namespaces") == 0 &&
	    find_resource(group, version, parts[2]) >= 0) {
		snprintf(t->ns, sizeof(t->ns), "%s", parts[1]);
		i = 2;
	}
	if (i >= n)
		return -1;
	int resource = find_resource(group, version, parts[i]);
	if (resource < 0 || n - i > 3)
		return -1;
	t->resource = (enum kubeapi_resource)resource;
	if (n - i > 1)
		snprintf(t->name, sizeof(t->name), "%s", parts[i + 1]);
	if (n - i > 2)
		snprintf(t->subresource, sizeof(t->subresource), "%s", parts[i + 2]);
	bool namespaced = apiresource_of(t->resource)->namespaced;
	if (namespaced ? (*t->name && !*t->ns) : *t->ns != '\0')
		return -1;
	return subresource_ok(t) ? 0 : -1;
}

int apitarget_parse(const char *path, struct apitarget *ret_target,
		    struct apistatus *ret_status)
{
	char *copy AUTO_FREE = xstrdup(path), *parts[PARTS_MAX];
	struct apitarget t = {0};
	int n = split(copy, parts), ret = -1;
	if (n > 2 && n <= PARTS_MAX && strcmp(parts[0], "api") == 0)
		ret = read_parts(parts + 2, n - 2, "", parts[1], &t);
	else if (n > 3 && n <= PARTS_MAX && strcmp(parts[0], "apis") == 0)
		ret = read_parts(parts + 3, n - 3, parts[1], parts[2], &t);
	if (ret < 0)
		return apistatus_set(ret_status, 404,
				     "the server could not find the requested resource");
	*ret_target = t;
	return 0;
}

static bool is_true(const struct request *q, const char *name)
{
	const char *value = request_arg(q, name, "");
	return strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
}

bool apitarget_is_watch(const struct request *q)
{
	return is_true(q, "watch");
}

static int read_count(const struct request *q, const char *name, uint64_t *ret_value)
{
	const char *text = request_arg(q, name, "");
	char *end = NULL;
	*ret_value = strtoull(text, &end, 10);
	return *end || *text == '-' ? -1 : 0;
}

static int read_version(const struct request *q, bool watch, struct apiquery *p,
			struct apistatus *ret_status)
{
	const char *version = request_arg(q, "resourceVersion", "");
	const char *match = request_arg(q, "resourceVersionMatch", "");
	p->has_version = *version != '\0';
	p->exact = strcmp(match, "Exact") == 0;
	/* A watch from "abc" is an internal error of the real server too. */
	if (read_count(q, "resourceVersion", &p->version) < 0)
		return apistatus_set(ret_status, watch ? 500 : 400,
				     "Invalid value: \"%s\": strconv.ParseUint: parsing "
				     "\"%s\": invalid syntax",
				     version, version);
	if (*match && !p->exact && strcmp(match, "NotOlderThan") != 0)
		return apistatus_set(ret_status, 422,
				     "resourceVersionMatch: Unsupported value: \"%s\"",
				     match);
	if (*match && !p->has_version && !p->initial_events)
		return apistatus_set(ret_status, 422,
				     "resourceVersionMatch: Forbidden: "
				     "resourceVersionMatch is forbidden unless "
				     "resourceVersion is provided");
	if (p->initial_events && strcmp(match, "NotOlderThan") != 0)
		return apistatus_set(ret_status, 422,
				     "resourceVersionMatch: Forbidden: sendInitialEvents "
				     "requires setting resourceVersionMatch to "
				     "NotOlderThan");
	return 0;
}

int apiquery_parse(const struct apitarget *t, const struct request *q,
		   struct apiquery *ret_query, struct apistatus *ret_status)
{
	struct apiquery p = {
		.initial_events = is_true(q, "sendInitialEvents"),
		.bookmarks = is_true(q, "allowWatchBookmarks"),
		.token = request_arg(q, "continue", ""),
	};
	uint64_t limit = 0, timeout = 0;
	struct err err;
	if (read_version(q, apitarget_is_watch(q), &p, ret_status) < 0)
		return -1;
	if (read_count(q, "limit", &limit) < 0 ||
	    read_count(q, "timeoutSeconds", &timeout) < 0)
		return apistatus_set(ret_status, 400,
				     "limit and timeoutSeconds must be numbers");
	p.limit = (size_t)limit;
	p.timeout_s = (int64_t)timeout;
	if (apiselector_parse(&p.select, t->resource, t->ns,
			      request_arg(q, "labelSelector", ""),
			      request_arg(q, "fieldSelector", ""), &err) < 0)
		return apistatus_set(ret_status, 400, "%s", err.msg);
	*ret_query = p;
	return 0;
}

void apiquery_fini(struct apiquery *q)
{
	if (!q)
		return;
	apiselector_fini(&q->select);
	*q = (struct apiquery){0};
}
