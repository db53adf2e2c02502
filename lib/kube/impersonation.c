#include "kube/impersonation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXTRA "Impersonate-Extra-"

void impersonation_fini(struct impersonation *as)
{
	if (!as)
		return;
	free(as->user);
	free(as->uid);
	texts_free(as->groups);
	texts_free(as->extra_keys);
	texts_free(as->extra_values);
	*as = (struct impersonation){0};
}

void impersonation_copy(const struct impersonation *as, struct impersonation *ret_copy)
{
	*ret_copy = (struct impersonation){
		.user = xstrdup(as->user),
		.uid = xstrdup(as->uid),
		.groups = texts_copy(as->groups),
		.extra_keys = texts_copy(as->extra_keys),
		.extra_values = texts_copy(as->extra_values),
	};
}

/* --- what the kubeconfig says --- */

/* NULL and null: not given. */
static const struct yaml_node *given(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *node = yaml_get(map, key);
	return node && !yaml_is_null(node) ? node : NULL;
}

static int read_text(const struct yaml_node *user, const char *key, char **ret_text,
		     struct err *err)
{
	const struct yaml_node *node = given(user, key);
	if (!node)
		return 0;
	if (node->kind != YAML_SCALAR)
		return err_set(err, ERR_INVALID, "%s: line %d: a text expected", key,
			       node->line);
	*ret_text = *node->text ? xstrdup(node->text) : NULL;
	return 0;
}

static int check_texts(const struct yaml_node *list, const char *key, struct err *err)
{
	if (list->kind != YAML_LIST)
		return err_set(err, ERR_INVALID, "%s: line %d: a list of texts expected",
			       key, list->line);
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].kind != YAML_SCALAR)
			return err_set(err, ERR_INVALID, "%s: line %d: a text expected",
				       key, list->items[i].line);
	return 0;
}

static int read_groups(const struct yaml_node *user, struct impersonation *as,
		       struct err *err)
{
	const struct yaml_node *list = given(user, "as-groups");
	if (!list)
		return 0;
	if (check_texts(list, "as-groups", err) < 0)
		return -1;
	if (!list->count)
		return 0;
	as->groups = xcalloc(list->count + 1, sizeof(*as->groups));
	for (size_t i = 0; i < list->count; i++)
		as->groups[i] = xstrdup(list->items[i].text);
	return 0;
}

/* A map of lists, laid out flat. */
static int read_extra(const struct yaml_node *user, struct impersonation *as,
		      struct err *err)
{
	const struct yaml_node *map = given(user, "as-user-extra");
	size_t total = 0, n = 0;
	if (!map)
		return 0;
	if (map->kind != YAML_MAP)
		return err_set(err, ERR_INVALID,
			       "as-user-extra: line %d: a map of lists expected",
			       map->line);
	for (size_t i = 0; i < map->count; i++) {
		if (check_texts(&map->items[i], "as-user-extra", err) < 0)
			return -1;
		total += map->items[i].count;
	}
	if (!total)
		return 0;
	as->extra_keys = xcalloc(total + 1, sizeof(*as->extra_keys));
	as->extra_values = xcalloc(total + 1, sizeof(*as->extra_values));
	for (size_t i = 0; i < map->count; i++) {
		for (size_t v = 0; v < map->items[i].count; v++, n++) {
			as->extra_keys[n] = xstrdup(map->items[i].key);
			as->extra_values[n] = xstrdup(map->items[i].items[v].text);
		}
	}
	return 0;
}

/* What would end a header's line, or be no header. */
static int check_value(const char *field, const char *value, struct err *err)
{
	for (const char *p = value; *p; p++)
		if (((unsigned char)*p < ' ' && *p != '\t') || *p == 0x7f)
			return err_set(err, ERR_INVALID,
				       "%s: a text without control characters expected",
				       field);
	return 0;
}

int impersonation_check(const struct impersonation *as, struct err *err)
{
	if (!as->user && (as->uid || as->groups || as->extra_keys))
		return err_set(err, ERR_INVALID,
			       "%s without as: whom to impersonate is missing",
			       as->uid      ? "as-uid"
			       : as->groups ? "as-groups"
					    : "as-user-extra");
	if (as->user && check_value("as", as->user, err) < 0)
		return -1;
	if (as->uid && check_value("as-uid", as->uid, err) < 0)
		return -1;
	for (size_t i = 0; i < texts_count(as->groups); i++)
		if (check_value("as-groups", as->groups[i], err) < 0)
			return -1;
	for (size_t i = 0; i < texts_count(as->extra_values); i++) {
		if (!*as->extra_keys[i])
			return err_set(err, ERR_INVALID, "as-user-extra: an empty key");
		if (check_value("as-user-extra", as->extra_values[i], err) < 0)
			return -1;
	}
	return 0;
}

int impersonation_read(const struct yaml_node *user, struct impersonation *ret_as,
		       struct err *err)
{
	struct impersonation as = {0};
	if (read_text(user, "as", &as.user, err) < 0 ||
	    read_text(user, "as-uid", &as.uid, err) < 0 ||
	    read_groups(user, &as, err) < 0 || read_extra(user, &as, err) < 0 ||
	    impersonation_check(&as, err) < 0) {
		impersonation_fini(&as);
		return -1;
	}
	*ret_as = as;
	return 0;
}

/* --- headers --- */

/* A token of RFC 9110, 5.6.2, but for '%', which starts an escape here. */
static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("!#$&'*+-.^_`|~", c));
}

/* Writes the header's name of an extra key, at most EXTRA and three bytes for each. */
static size_t write_extra_name(char *out, const char *key)
{
	size_t n = (size_t)sprintf(out, "%s", EXTRA);
	for (const char *p = key; *p; p++) {
		if (is_plain(*p))
			out[n++] = *p;
		else
			n += (size_t)sprintf(out + n, "%%%02X", (unsigned char)*p);
	}
	out[n] = '\0';
	return n + 1;
}

size_t impersonation_headers(const struct impersonation *as,
			     struct http_header **ret_headers)
{
	size_t groups = texts_count(as->groups), extras = texts_count(as->extra_keys);
	size_t room = (2 + groups + extras) * sizeof(**ret_headers), n = 0;
	size_t names = 0;
	for (size_t i = 0; i < extras; i++)
		names += sizeof(EXTRA) + 3 * strlen(as->extra_keys[i]);
	struct http_header *list = xcalloc(1, room + names);
	char *name = (char *)list + room;
	if (as->user)
		list[n++] = (struct http_header){"Impersonate-User", as->user};
	if (as->uid)
		list[n++] = (struct http_header){"Impersonate-Uid", as->uid};
	for (size_t i = 0; i < groups; i++)
		list[n++] = (struct http_header){"Impersonate-Group", as->groups[i]};
	for (size_t i = 0; i < extras; i++) {
		list[n++] = (struct http_header){name, as->extra_values[i]};
		name += write_extra_name(name, as->extra_keys[i]);
	}
	*ret_headers = list;
	return n;
}
