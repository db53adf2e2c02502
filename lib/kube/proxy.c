#include "kube/proxy.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- addresses --- */

/* IPv4 as IPv6 has it (::ffff:10.0.0.1), so that all are 16 bytes. */
struct address {
	unsigned char bytes[16];
	int prefix; /* bits of bytes that count */
};

static bool read_address(const char *text, struct address *ret_address)
{
	struct address a = {.prefix = 128};
	unsigned char four[4];
	if (inet_pton(AF_INET, text, four) == 1) {
		a.bytes[10] = a.bytes[11] = 0xff;
		memcpy(a.bytes + 12, four, sizeof(four));
	} else if (inet_pton(AF_INET6, text, a.bytes) != 1) {
		return false;
	}
	*ret_address = a;
	return true;
}

static bool read_range(const char *text, struct address *ret_range)
{
	const char *slash = strchr(text, '/');
	if (!slash)
		return false;
	char *address AUTO_FREE = xstrndup(text, (size_t)(slash - text));
	char *end;
	long bits = strtol(slash + 1, &end, 10);
	long most = strchr(address, ':') ? 128 : 32;
	if (!slash[1] || *end || bits < 0 || bits > most ||
	    !read_address(address, ret_range))
		return false;
	ret_range->prefix = (int)(128 - most + bits);
	return true;
}

static bool in_range(const struct address *a, const struct address *range)
{
	int whole = range->prefix / 8, rest = range->prefix % 8;
	if (memcmp(a->bytes, range->bytes, (size_t)whole) != 0)
		return false;
	return !rest || (a->bytes[whole] ^ range->bytes[whole]) >> (8 - rest) == 0;
}

static bool is_loopback(const struct address *a)
{
	static const char *const ranges[] = {"127.0.0.0/8", "::1/128"};
	struct address range;
	for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
		if (read_range(ranges[i], &range) && in_range(a, &range))
			return true;
	return false;
}

/* --- who is exempt --- */

struct server {
	const char *host;
	int port;
	bool numeric;
	struct address address;
};

/* Takes ":PORT" off "name:PORT", "[v6]:PORT"; 0: none is said. */
static int take_port(char *entry)
{
	char *colon = strrchr(entry, ':');
	bool bracketed = *entry == '[';
	if (!colon || (bracketed ? colon[-1] != ']' : strchr(entry, ':') != colon))
		return 0;
	int port = atoi(colon + 1);
	*colon = '\0';
	return port > 0 ? port : -1;
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);
	return n >= m && !strcasecmp(text + n - m, end);
}

static bool domain_matches(const char *domain, const char *host)
{
	if (*domain == '*')
		domain++;
	if (*domain == '.')
		return ends_with(host, domain);
	size_t n = strlen(host), m = strlen(domain);
	return !strcasecmp(host, domain) ||
	       (n > m && host[n - m - 1] == '.' && ends_with(host, domain));
}

static bool entry_matches(char *entry, const struct server *s)
{
	struct address range;
	if (!strcmp(entry, "*"))
		return true;
	if (read_range(entry, &range))
		return s->numeric && in_range(&s->address, &range);
	int port = take_port(entry);
	size_t n = strlen(entry);
	if (*entry == '[' && entry[n - 1] == ']') {
		entry[n - 1] = '\0';
		entry++;
	}
	if (!*entry || (port && port != s->port))
		return false;
	if (read_address(entry, &range))
		return s->numeric && in_range(&s->address, &range);
	return !s->numeric && domain_matches(entry, s->host);
}

bool proxy_exempts(const char *list, const char *host, int port)
{
	struct server s = {.host = host, .port = port};
	s.numeric = read_address(host, &s.address);
	for (const char *p = list; p && *p;) {
		size_t n = strcspn(p, ","), from = strspn(p, " \t");
		size_t to = n;
		while (to > from && strchr(" \t", p[to - 1]))
			to--;
		if (to > from) {
			char *entry AUTO_FREE = xstrndup(p + from, to - from);
			if (entry_matches(entry, &s))
				return true;
		}
		p += n + (p[n] == ',');
	}
	return false;
}

/* --- the environment --- */

/* The first that says something. */
static const char *variable(const char *large, const char *small)
{
	const char *value = getenv(large);
	if (!value || !*value)
		value = getenv(small);
	return value && *value ? value : NULL;
}

int proxy_of_environment(bool tls, const char *host, int port, char **ret_url,
			 struct err *err)
{
	struct address address;
	const char *url = tls ? variable("HTTPS_PROXY", "https_proxy")
			      : variable("HTTP_PROXY", "http_proxy");
	*ret_url = NULL;
	if (!url || !strcasecmp(host, "localhost") ||
	    (read_address(host, &address) && is_loopback(&address)) ||
	    proxy_exempts(variable("NO_PROXY", "no_proxy"), host, port))
		return 0;
	if (proxy_normalize(url, ret_url, err) < 0)
		return err_wrap(err, "%s", tls ? "HTTPS_PROXY" : "HTTP_PROXY");
	return 0;
}

/* --- a proxy's URL --- */

static void url_cleanup(CURLU **u)
{
	curl_url_cleanup(*u);
}

/* A part as a string of ours; NULL when it has none. */
static char *part_of(CURLU *u, CURLUPart part, unsigned flags)
{
	char *text = NULL;
	CURLUcode code = curl_url_get(u, part, &text, flags);
	if (code == CURLUE_OUT_OF_MEMORY)
		mem_or_die(NULL);
	char *copy = code == CURLUE_OK ? xstrdup(text) : NULL;
	curl_free(text);
	return copy;
}

static int set_part(CURLU *u, CURLUPart part, const char *text)
{
	CURLUcode code = curl_url_set(u, part, text, CURLU_NON_SUPPORT_SCHEME);
	if (code == CURLUE_OUT_OF_MEMORY)
		mem_or_die(NULL);
	return code == CURLUE_OK ? 0 : -1;
}

/* What kubectl can go through. Its socks5 lets the proxy resolve names, as curl's socks5h
 * does; curl's port would be 1080 for all of them. */
static const struct {
	const char *scheme, *as, *port;
} kinds[] = {
	{"http", "http", "80"},
	{"https", "https", "443"},
	{"socks5", "socks5h", "1080"},
	{"socks5h", "socks5h", "1080"},
};

int proxy_normalize(const char *text, char **ret_url, struct err *err)
{
	char *full AUTO_FREE =
		strstr(text, "://") ? xstrdup(text) : xasprintf("http://%s", text);
	CURLU *u AUTO(url_cleanup) = mem_or_die(curl_url());
	char *scheme AUTO_FREE = NULL;
	if (set_part(u, CURLUPART_URL, full) == 0)
		scheme = part_of(u, CURLUPART_SCHEME, 0);
	for (size_t i = 0; scheme && i < ARRAY_LEN(kinds); i++) {
		if (strcmp(scheme, kinds[i].scheme) != 0)
			continue;
		char *port AUTO_FREE = part_of(u, CURLUPART_PORT, 0);
		if (set_part(u, CURLUPART_SCHEME, kinds[i].as) == 0 &&
		    (port || set_part(u, CURLUPART_PORT, kinds[i].port) == 0)) {
			*ret_url = mem_or_die(part_of(u, CURLUPART_URL, 0));
			return 0;
		}
	}
	return err_set(err, ERR_INVALID,
		       "a proxy's URL expected: http, https or socks5://HOST:PORT");
}

static void wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

int proxy_read(const char *url, struct proxy *ret_proxy)
{
	CURLU *u AUTO(url_cleanup) = mem_or_die(curl_url());
	if (!url || set_part(u, CURLUPART_URL, url) < 0)
		return -1;
	char *scheme AUTO_FREE = part_of(u, CURLUPART_SCHEME, 0);
	char *host AUTO_FREE = part_of(u, CURLUPART_HOST, 0);
	char *port AUTO_FREE = part_of(u, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	if (!scheme || strcmp(scheme, "http") != 0 || !host || !port)
		return -1;
	char *user = part_of(u, CURLUPART_USER, CURLU_URLDECODE);
	char *password = part_of(u, CURLUPART_PASSWORD, CURLU_URLDECODE);
	size_t n = strlen(host);
	*ret_proxy = (struct proxy){
		.host = *host == '[' ? xstrndup(host + 1, n - 2) : xstrdup(host),
		.port = atoi(port),
		.login = user ? xasprintf("%s:%s", user, password ? password : "") : NULL,
	};
	wipe(user);
	wipe(password);
	return 0;
}

void proxy_fini(struct proxy *p)
{
	free(p->host);
	wipe(p->login);
	*p = (struct proxy){0};
}
