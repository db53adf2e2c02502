#include "serve/visitor.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#define HOST_MAX 253

/* "a.b:80", "[::1]:80" into the name alone. -1: it is no Host. */
static int read_host(const char *text, char *ret_name, size_t size, bool *ret_v6)
{
	*ret_v6 = text[0] == '[';
	const char *name = text + *ret_v6;
	size_t len = strcspn(name, *ret_v6 ? "]" : ":");
	const char *rest = name + len + (*ret_v6 && name[len]);
	if (len == 0 || len >= size || (*ret_v6 && !name[len]))
		return -1;
	if (*rest && (*rest != ':' || rest[1 + strspn(rest + 1, "0123456789")]))
		return -1;
	memcpy(ret_name, name, len);
	ret_name[len] = '\0';
	return 0;
}

static bool is_numeric(const char *name, bool v6)
{
	unsigned char address[sizeof(struct in6_addr)];
	return inet_pton(v6 ? AF_INET6 : AF_INET, name, address) == 1;
}

static bool is_known(const char *name, bool v6, const struct visitor_rules *rules)
{
	if (is_numeric(name, v6))
		return true;
	if (v6)
		return false;
	if (!strcasecmp(name, "localhost"))
		return true;
	for (int32_t i = 0; i < rules->host_count; i++)
		if (!strcasecmp(name, rules->hosts[i]))
			return true;
	return false;
}

/* Browsers name where a script came from when it asks across origins. */
static bool is_own_origin(const struct request *q, bool tls)
{
	const char *scheme = tls ? "https://" : "http://";
	size_t len = strlen(scheme);
	return !strncasecmp(q->origin, scheme, len) &&
	       !strcasecmp(q->origin + len, q->host);
}

const char *visitor_problem(const struct request *q, const struct visitor_rules *rules)
{
	char name[HOST_MAX + 1];
	bool v6;
	if (read_host(q->host, name, sizeof(name), &v6) < 0)
		return "a Host header is needed";
	if (!is_known(name, v6, rules))
		return "this Host is not served: allowed: localhost, addresses, and the "
		       "names in page.hosts of the configuration";
	if (*q->origin && !is_own_origin(q, rules->tls))
		return "scripts of other origins are not served";
	return NULL;
}
