#include "policy/source.h"

#include "policy/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SECRET_BYTES_MAX 16384
#define URL_BYTES_MAX    2048
#define VALUE_BYTES_MAX  4096

void source_defaults(struct config_source *source)
{
	*source = (struct config_source){
		.method = SOURCE_POST_OR_GET,
		.timeout_ms = 10 * MS_PER_S,
		.max_response_bytes = 8 << 20,
	};
}

static void forget(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

static void pairs_fini(struct config_pairs *pairs)
{
	for (int32_t i = 0; i < pairs->count; i++) {
		free(pairs->pairs[i].name);
		forget(pairs->pairs[i].value);
	}
	free(pairs->pairs);
}

void source_fini(struct config_source *source)
{
	free(source->name);
	free(source->url);
	forget(source->bearer_token);
	free(source->bearer_token_file);
	free(source->username);
	free(source->password_file);
	free(source->ca_file);
	free(source->cert_file);
	free(source->key_file);
	pairs_fini(&source->headers);
	pairs_fini(&source->query_parameters);
	names_fini(&source->namespaces);
	*source = (struct config_source){0};
}

/* URLs */

/* "[::1]:9090", "prometheus:9090": a host that is not empty and, when there is a colon, a
 * port. */
static bool authority_is_right(const char *authority, size_t len)
{
	char text[256];
	if (len < 1 || len >= sizeof(text))
		return false;
	memcpy(text, authority, len);
	text[len] = '\0';
	char *port = text;
	if (*text == '[') {
		port = strchr(text, ']');
		if (!port || port == text + 1 || (port[1] && port[1] != ':'))
			return false;
		port++;
	} else {
		port = text + strcspn(text, ":");
		if (port == text || strpbrk(text, "[]"))
			return false;
	}
	if (!*port)
		return true;
	size_t digits = strspn(port + 1, "0123456789");
	long number = digits >= 1 && digits <= 5 ? strtol(port + 1, NULL, 10) : 0;
	return !port[1 + digits] && number >= 1 && number <= 65535;
}

const char *source_url_problem(const char *url)
{
	size_t scheme = strncmp(url, "http://", 7) == 0    ? 7
			: strncmp(url, "https://", 8) == 0 ? 8
							   : 0;
	if (!scheme)
		return "must begin with http:// or https://";
	for (const char *p = url; *p; p++)
		if (*p <= ' ' || *p >= 0x7f || strchr("\"<>\\^`{|}", *p))
			return "must be ASCII without spaces, quotes and control "
			       "characters";
	const char *authority = url + scheme;
	size_t len = strcspn(authority, "/?#");
	if (memchr(authority, '@', len))
		return "must not hold a user or a password: use username and "
		       "passwordFile";
	if (strpbrk(authority, "?#"))
		return "must not have a query or a fragment: use queryParameters";
	if (!authority_is_right(authority, len))
		return "must name a host, with a port from 1 to 65535 if any";
	size_t end = strlen(url);
	while (url[end - 1] == '/')
		end--;
	if (end >= 7 && strncmp(url + end - 7, "/api/v1", 7) == 0)
		return "must be what stands before /api/v1";
	return NULL;
}

char *source_url_copy(const char *url)
{
	size_t len = strlen(url);
	while (len && url[len - 1] == '/')
		len--;
	return xstrndup(url, len);
}

/* Fields of a source */

static void read_url(const struct place *at, const struct field *f, void *object)
{
	struct config_source *source = object;
	(void)f;
	if (!scalar_check(at, "a URL") || !*at->node->text)
		return;
	const char *problem = strlen(at->node->text) > URL_BYTES_MAX
				      ? "must be at most 2048 bytes"
				      : source_url_problem(at->node->text);
	if (problem)
		place_problem(at, "Invalid value: %s", problem);
	else
		source->url = source_url_copy(at->node->text);
}

/* What goes into a header must not end it. */
static bool is_header_value(const char *text)
{
	for (; *text; text++)
		if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
			return false;
	return true;
}

static void read_header_text(const struct place *at, const struct field *f, void *object)
{
	if (at->node->kind == YAML_SCALAR && !is_header_value(at->node->text))
		place_problem(at, "Invalid value: must not have line feeds or other "
				  "control characters");
	else
		field_text(at, f, object);
}

/* A colon would end the user's name: RFC 7617. */
static void read_username(const struct place *at, const struct field *f, void *object)
{
	if (at->node->kind == YAML_SCALAR && strchr(at->node->text, ':'))
		place_problem(at, "Invalid value: must not have a colon");
	else
		read_header_text(at, f, object);
}

static void read_bytes(const struct place *at, const struct field *f, void *object)
{
	int64_t milli = 0;
	int before = at->problems->count;
	field_quantity(at, &(struct field){.offset = 0}, &milli);
	if (at->problems->count > before)
		return;
	if (milli % 1000 || milli / 1000 < f->min || milli / 1000 > f->max)
		place_problem(
			at,
			"Invalid value: must be a whole number of bytes from 1Ki to 1Gi");
	else
		((struct config_source *)object)->max_response_bytes = milli / 1000;
}

/* RFC 9110 token. */
static bool is_token(const char *name)
{
	for (const char *p = name; *p; p++)
		if (*p <= ' ' || *p >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", *p))
			return false;
	return *name != '\0';
}

static bool is_one_of(const char *name, const char *const words[])
{
	for (; *words; words++)
		if (strcasecmp(name, *words) == 0)
			return true;
	return false;
}

static const char *header_problem(const char *name)
{
	/* The client sets them itself; a second one would split or hide a request. */
	static const char *const own[] = {"Host",
					  "Content-Length",
					  "Content-Type",
					  "Content-Encoding",
					  "Transfer-Encoding",
					  "Connection",
					  "Accept-Encoding",
					  "Upgrade",
					  NULL};
	if (!is_token(name))
		return "is no name of a header";
	return is_one_of(name, own) ? "is set by the client itself" : NULL;
}

static const char *parameter_problem(const char *name)
{
	static const char *const own[] = {"query", "time",    "start", "end",
					  "step",  "timeout", NULL};
	if (!*name)
		return "must not be empty";
	return is_one_of(name, own) ? "is set by the client itself" : NULL;
}

static bool pairs_have(const struct config_pairs *pairs, const char *name)
{
	for (int32_t i = 0; i < pairs->count; i++)
		if (strcasecmp(pairs->pairs[i].name, name) == 0)
			return true;
	return false;
}

static void read_pair(const struct place *at, struct config_pairs *pairs,
		      const char *problem)
{
	char *value = NULL;
	if (problem) {
		place_problem(at, "Forbidden: %s", problem);
		return;
	}
	if (pairs_have(pairs, at->key)) {
		place_problem(at, "Duplicate value: names differ in case only");
		return;
	}
	read_header_text(at, &(struct field){.max = VALUE_BYTES_MAX}, &value);
	if (value)
		pairs->pairs[pairs->count++] =
			(struct config_pair){xstrdup(at->key), value};
}

/* A map of free names; table: what is wrong with a name. */
static void read_pairs(const struct place *at, const struct field *f, void *object)
{
	struct config_pairs *pairs = (struct config_pairs *)((char *)object + f->offset);
	if (at->node->kind != YAML_MAP) {
		place_wrong_type(at, "a map of names and values");
		return;
	}
	if (at->node->count > CONFIG_PAIRS_MAX) {
		place_problem(at, "Too many: %zu: must have at most %d items",
			      at->node->count, CONFIG_PAIRS_MAX);
		return;
	}
	pairs->pairs = xcalloc(at->node->count, sizeof(*pairs->pairs));
	for (size_t i = 0; i < at->node->count; i++) {
		const char *name = at->node->items[i].key;
		struct place item = place_field(at, name);
		if (item.node)
			read_pair(&item, pairs,
				  f->table_count ? header_problem(name)
						 : parameter_problem(name));
	}
}

static const struct choice methods[] = {
	{"GET", SOURCE_GET},
	{"POST", SOURCE_POST},
	{NULL, 0},
};

#define MEMBER(member) .offset = offsetof(struct config_source, member)
#define PATH_FIELD(field_name, member)                                                   \
	{                                                                                \
		.name = field_name, .read = field_text, MEMBER(member), .max = 4096      \
	}

static const struct field source_fields[] = {
	{.name = "name", .read = field_subdomain, MEMBER(name)},
	{.name = "url", .read = read_url},
	{.name = "bearerToken",
	 .read = read_header_text,
	 MEMBER(bearer_token),
	 .max = SECRET_BYTES_MAX},
	PATH_FIELD("bearerTokenFile", bearer_token_file),
	{.name = "username",
	 .read = read_username,
	 MEMBER(username),
	 .max = VALUE_BYTES_MAX},
	PATH_FIELD("passwordFile", password_file),
	PATH_FIELD("caFile", ca_file),
	PATH_FIELD("certFile", cert_file),
	PATH_FIELD("keyFile", key_file),
	{.name = "insecureSkipVerify", .read = field_bool, MEMBER(insecure_skip_verify)},
	{.name = "headers", .read = read_pairs, MEMBER(headers), .table_count = 1},
	{.name = "queryParameters", .read = read_pairs, MEMBER(query_parameters)},
	{.name = "method", .read = field_choice, MEMBER(method), .table = methods},
	{.name = "timeout",
	 .read = field_duration,
	 MEMBER(timeout_ms),
	 .min = 100,
	 .max = 5 * MS_PER_MIN},
	{.name = "maxResponseBytes", .read = read_bytes, .min = 1 << 10, .max = 1 << 30},
	{.name = "namespaces", .read = field_label_list, MEMBER(namespaces)},
	{.name = "password", .low = "passwords stand in files only: use passwordFile"},
};

/* Contradictions */

/* Two fields that exclude each other; said at the second. */
static void check_exclusive(const struct place *at, const char *first, const char *second)
{
	struct place place = place_field(at, second);
	if (place_has(at, first) && place.node)
		place_problem(&place, "Forbidden: may not set both %s and %s", first,
			      second);
}

static void check_needs(const struct place *at, const char *given, const char *needed)
{
	char detail[80];
	snprintf(detail, sizeof(detail), "%s is given", given);
	if (place_has(at, given))
		place_require(at, needed, detail);
}

/* Two fields that need each other. */
static void check_together(const struct place *at, const char *first, const char *second)
{
	check_needs(at, first, second);
	check_needs(at, second, first);
}

static void check_credentials(const struct place *at, const struct config_source *source)
{
	check_exclusive(at, "bearerToken", "bearerTokenFile");
	check_exclusive(at, "username", "bearerToken");
	check_exclusive(at, "username", "bearerTokenFile");
	check_together(at, "username", "passwordFile");
	if (!source->username && !source->bearer_token && !source->bearer_token_file)
		return;
	struct place headers = place_field(at, "headers");
	if (pairs_have(&source->headers, "Authorization"))
		place_problem(
			&headers,
			"Forbidden: Authorization comes from the credentials given");
}

static void check_tls(const struct place *at, const struct config_source *source)
{
	static const char *const fields[] = {"caFile", "certFile", "keyFile"};
	check_together(at, "certFile", "keyFile");
	if (source->insecure_skip_verify)
		check_exclusive(at, "insecureSkipVerify", "caFile");
	if (!source->url || strncmp(source->url, "https:", 6) == 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		struct place place = place_field(at, fields[i]);
		if (place.node)
			place_problem(&place, "Forbidden: the url is not https");
	}
}

static void check_name(const struct place *at, const struct controller_config *c,
		       const struct config_source *source)
{
	struct place name = place_field(at, "name");
	if (source->name && config_find_source(c, source->name))
		place_problem(&name, "Duplicate value: another source has this name");
}

void sources_read(const struct place *at, const struct field *f, void *object)
{
	struct controller_config *c = object;
	(void)f;
	at->problems->quiet = true;
	if (at->node->kind == YAML_LIST && at->node->count > CONFIG_SOURCES_MAX) {
		place_problem(at, "Too many: %zu: must have at most %d items",
			      at->node->count, CONFIG_SOURCES_MAX);
	} else if (list_check(at)) {
		c->sources = xcalloc(at->node->count, sizeof(*c->sources));
		for (size_t i = 0; i < at->node->count; i++) {
			struct config_source *source = &c->sources[i];
			struct place item = place_item(at, i);
			source_defaults(source);
			fields_read(&item, source_fields, ARRAY_LEN(source_fields),
				    source);
			place_require(&item, "name", NULL);
			place_require(&item, "url", NULL);
			check_name(&item, c, source);
			check_credentials(&item, source);
			check_tls(&item, source);
			c->source_count++;
		}
	}
	at->problems->quiet = false;
}
