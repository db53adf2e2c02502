#include "http/endpoint.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_TIMEOUT_MS 3000
#define TIMEOUT_MS         5000
#define RESPONSE_BYTES     ((size_t)8 << 20)

static void url_cleanup(CURLU **u)
{
	curl_url_cleanup(*u);
}

static void curl_string_cleanup(char **s)
{
	curl_free(*s);
}

/* Is it a URL? Want of memory must not say no. */
static bool url_taken(CURLUcode code)
{
	if (code == CURLUE_OUT_OF_MEMORY)
		mem_or_die(NULL);
	return code == CURLUE_OK;
}

/* NULL: it is not there. The caller frees it with curl_free. */
static char *part_of(CURLU *u, CURLUPart part, unsigned int flags)
{
	char *text = NULL;
	if (curl_url_get(u, part, &text, flags) == CURLUE_OUT_OF_MEMORY)
		mem_or_die(NULL);
	return text;
}

static bool has_part(CURLU *u, CURLUPart part)
{
	char *text AUTO(curl_string_cleanup) = part_of(u, part, 0);
	return text && text[0];
}

/* Refuses what would not survive: other schemes, credentials (they would end up in logs),
 * a query that could not be appended to. The text must not quote the URL before it is
 * known to hold no password. */
static int check_url(CURLU *u, const char *text, struct err *err)
{
	if (!text || !text[0])
		return err_set(err, ERR_INVALID, "no URL");
	if (!url_taken(curl_url_set(u, CURLUPART_URL, text, 0)))
		return err_set(err, ERR_INVALID,
			       "not a URL: http://HOST:PORT/PREFIX or https:// expected");
	if (has_part(u, CURLUPART_USER) || has_part(u, CURLUPART_PASSWORD))
		return err_set(err, ERR_INVALID,
			       "credentials in the URL: give them as basic auth");
	char *scheme AUTO(curl_string_cleanup) =
		mem_or_die(part_of(u, CURLUPART_SCHEME, 0));
	if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
		return err_set(err, ERR_INVALID, "%s: http or https expected", text);
	if (has_part(u, CURLUPART_QUERY) || has_part(u, CURLUPART_FRAGMENT))
		return err_set(err, ERR_INVALID, "%s: a query or fragment is not allowed",
			       text);
	return 0;
}

static bool is_default_port(bool tls, const char *port)
{
	return !strcmp(port, tls ? "443" : "80");
}

/* With a server name for TLS the URL carries that name (curl takes SNI and the check from
 * it), curl connects to the configured host, and "Host:" stays as it would have been. */
static int take_url(struct endpoint *e, const struct http_client_config *c,
		    struct err *err)
{
	CURLU *u AUTO(url_cleanup) = mem_or_die(curl_url());
	if (check_url(u, c->base_url, err) < 0)
		return -1;
	/* A URL of http or https that was taken has all of them. */
	char *scheme AUTO(curl_string_cleanup) = part_of(u, CURLUPART_SCHEME, 0);
	char *host AUTO(curl_string_cleanup) = mem_or_die(part_of(u, CURLUPART_HOST, 0));
	char *port AUTO(curl_string_cleanup) =
		part_of(u, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	char *path AUTO(curl_string_cleanup) = part_of(u, CURLUPART_PATH, 0);
	size_t prefix = strlen(path);
	while (prefix > 0 && path[prefix - 1] == '/')
		prefix--;
	e->tls = !strcmp(scheme, "https");
	e->authority = xasprintf("%s:%s", host, port);
	const char *name = c->tls_server_name ? c->tls_server_name : host;
	e->url = xasprintf("%s://%s:%s%.*s", scheme, name, port, (int)prefix, path);
	if (c->connect_to || c->tls_server_name) {
		char *to AUTO_FREE =
			xasprintf("::%s", c->connect_to ? c->connect_to : e->authority);
		e->connect_to = list_add(NULL, to);
	}
	if (c->tls_server_name) {
		char *value AUTO_FREE = is_default_port(e->tls, port)
						? xstrdup(host)
						: xstrdup(e->authority);
		e->headers = header_add(e->headers, "Host", value);
	}
	return 0;
}

bool header_is_clean(const struct http_header *h)
{
	if (!h->name || !h->value || !h->name[0])
		return false;
	for (const char *p = h->name; *p; p++)
		if (*p <= ' ' || *p == ':' || *p == 0x7f || (unsigned char)*p > 0x7f)
			return false;
	for (const char *p = h->value; *p; p++)
		if (((unsigned char)*p < ' ' && *p != '\t') || *p == 0x7f)
			return false;
	return true;
}

struct curl_slist *list_add(struct curl_slist *list, const char *line)
{
	/* A request that lacks a header may mean something else. */
	return mem_or_die(curl_slist_append(list, line));
}

struct curl_slist *header_add(struct curl_slist *list, const char *name,
			      const char *value)
{
	/* "Name;" is how curl is told to send a header without content. */
	char *line AUTO_FREE =
		value[0] ? xasprintf("%s: %s", name, value) : xasprintf("%s;", name);
	struct curl_slist *longer = list_add(list, line);
	explicit_bzero(line, strlen(line));
	return longer;
}

static int take_headers(struct endpoint *e, const struct http_client_config *c,
			struct err *err)
{
	for (size_t i = 0; i < c->header_count; i++) {
		const struct http_header *h = &c->headers[i];
		if (!header_is_clean(h))
			return err_set(err, ERR_INVALID,
				       "header %zu: a name without spaces or colon and a "
				       "value without line breaks expected",
				       i + 1);
		e->headers = header_add(e->headers, h->name, h->value);
	}
	return 0;
}

/* A wrong proxy URL would be quoted, password and all, by curl. */
static int check_proxy(const char *proxy, struct err *err)
{
	if (!proxy || !proxy[0])
		return 0;
	CURLU *u AUTO(url_cleanup) = mem_or_die(curl_url());
	if (!url_taken(curl_url_set(u, CURLUPART_URL, proxy, CURLU_NON_SUPPORT_SCHEME)))
		return err_set(err, ERR_INVALID,
			       "proxy: not a URL: http://HOST:PORT expected");
	return 0;
}

/* Half a pair can only fail later, with a text that does not say so. */
static int check_pairs(const struct http_client_config *c, struct err *err)
{
	bool cert = c->cert_pem || c->cert_file, key = c->key_pem || c->key_file;
	bool token = c->token || c->token_file;
	if (cert != key)
		return err_set(err, ERR_INVALID,
			       "a client certificate needs its key and "
			       "the key its certificate");
	if (token && c->username)
		return err_set(err, ERR_INVALID,
			       "a bearer token and a user name exclude each other");
	if ((c->password || c->password_file) && !c->username)
		return err_set(err, ERR_INVALID, "a password needs a user name");
	return 0;
}

static void take_secrets(struct endpoint *e, const struct http_client_config *c)
{
	struct secret *s = e->secrets;
	secret_init(&s[SECRET_CA], c->ca_pem, c->ca_file, false);
	secret_init(&s[SECRET_CERT], c->cert_pem, c->cert_file, false);
	secret_init(&s[SECRET_KEY], c->key_pem, c->key_file, false);
	secret_init(&s[SECRET_TOKEN], c->token, c->token_file, true);
	secret_init(&s[SECRET_PASSWORD], c->password, c->password_file, true);
}

int endpoint_init(struct endpoint *e, const struct http_client_config *c, struct err *err)
{
	*e = (struct endpoint){
		.proxy = xstrdup(c->proxy ? c->proxy : ""),
		.username = xstrdup(c->username),
		.insecure = c->insecure,
		.connect_timeout_ms = c->connect_timeout_ms > 0 ? c->connect_timeout_ms
								: CONNECT_TIMEOUT_MS,
		.timeout_ms = c->timeout_ms > 0 ? c->timeout_ms : TIMEOUT_MS,
		.max_response_bytes =
			c->max_response_bytes ? c->max_response_bytes : RESPONSE_BYTES,
	};
	take_secrets(e, c);
	if (take_url(e, c, err) < 0 || take_headers(e, c, err) < 0 ||
	    check_proxy(c->proxy, err) < 0 || check_pairs(c, err) < 0) {
		endpoint_fini(e);
		return -1;
	}
	return 0;
}

static void set_authorization(struct endpoint *e, char *value)
{
	if (e->authorization)
		explicit_bzero(e->authorization, strlen(e->authorization));
	free(e->authorization);
	e->authorization = value;
}

void endpoint_fini(struct endpoint *e)
{
	set_authorization(e, NULL);
	for (int i = 0; i < SECRET_KINDS; i++)
		secret_fini(&e->secrets[i]);
	curl_slist_free_all(e->headers);
	free(e->url);
	free(e->authority);
	curl_slist_free_all(e->connect_to);
	free(e->proxy);
	free(e->username);
	*e = (struct endpoint){0};
}

/* RFC 7617: base64 of "user:password". */
static char *basic_value(const char *username, const char *password)
{
	char *pair AUTO_FREE = xasprintf("%s:%s", username, password ? password : "");
	size_t len = strlen(pair);
	char *coded AUTO_FREE = xcalloc(1, 4 * ((len + 2) / 3) + 1);
	EVP_EncodeBlock((unsigned char *)coded, (const unsigned char *)pair, (int)len);
	char *value = xasprintf("Basic %s", coded);
	explicit_bzero(pair, len);
	explicit_bzero(coded, strlen(coded));
	return value;
}

static void renew_authorization(struct endpoint *e)
{
	const char *token = secret_text(&e->secrets[SECRET_TOKEN]);
	if (token)
		set_authorization(e, xasprintf("Bearer %s", token));
	else if (e->username)
		set_authorization(e,
				  basic_value(e->username,
					      secret_text(&e->secrets[SECRET_PASSWORD])));
	else
		set_authorization(e, NULL);
}

static bool is_tls(enum secret_kind kind)
{
	return kind == SECRET_CA || kind == SECRET_CERT || kind == SECRET_KEY;
}

int endpoint_refresh(struct endpoint *e, struct err *err)
{
	bool tls_changed = false, other_changed = false;
	int result = 0;
	for (int i = 0; i < SECRET_KINDS && result == 0; i++)
		result = secret_refresh(&e->secrets[i],
					is_tls(i) ? &tls_changed : &other_changed, err);
	if (tls_changed)
		e->tls_generation++;
	if (other_changed || !e->authorization)
		renew_authorization(e);
	return result;
}

void endpoint_set(struct endpoint *e, enum secret_kind kind, const char *given)
{
	const char *old = secret_text(&e->secrets[kind]);
	if (given && old && !strcmp(given, old))
		return;
	secret_set(&e->secrets[kind], given);
	secret_forget(&e->secrets[kind]);
	if (is_tls(kind))
		e->tls_generation++;
	else
		renew_authorization(e);
}
