/* The controller's configuration: reading and checking agree, what is taken is within the
 * stated limits. */
#include "fuzz/fuzz.h"

#include "policy/policy.h"

#include <stdlib.h>
#include <string.h>

static void check_pairs(const struct config_pairs *pairs)
{
	must(pairs->count >= 0 && pairs->count <= CONFIG_PAIRS_MAX, "%d", pairs->count);
	for (int32_t i = 0; i < pairs->count; i++)
		must(pairs->pairs[i].name && pairs->pairs[i].value, "pair %d", i);
}

/* No header may bring another one along. */
static void check_headers(const struct config_pairs *headers)
{
	check_pairs(headers);
	for (int32_t i = 0; i < headers->count; i++) {
		must(headers->pairs[i].name[0] &&
			     !strpbrk(headers->pairs[i].name, "\r\n: "),
		     "\"%s\"", headers->pairs[i].name);
		must(!strpbrk(headers->pairs[i].value, "\r\n"), "\"%s\"",
		     headers->pairs[i].value);
	}
}

static void check_source(const struct config_source *s)
{
	must(s->name && *s->name && s->url && *s->url, "no name or URL");
	must(!strncasecmp(s->url, "http://", 7) || !strncasecmp(s->url, "https://", 8),
	     "%s", s->url);
	must(!strpbrk(s->url, "?# \r\n") && s->url[strlen(s->url) - 1] != '/', "%s",
	     s->url);
	must(!(s->bearer_token && s->bearer_token_file), "two tokens");
	must(!s->username == !s->password_file && !s->cert_file == !s->key_file,
	     "halves");
	must(!(s->username && (s->bearer_token || s->bearer_token_file)), "two ways");
	must(s->timeout_ms >= 100 && s->timeout_ms <= 5 * MS_PER_MIN, "%lld",
	     (long long)s->timeout_ms);
	must(s->max_response_bytes >= 1024 && s->max_response_bytes <= 1 << 30, "%lld",
	     (long long)s->max_response_bytes);
	must(s->namespaces.count >= 0 && s->namespaces.count <= CONFIG_NAMES_MAX, "%d",
	     s->namespaces.count);
	check_headers(&s->headers);
	check_pairs(&s->query_parameters);
}

static void check_limits(const struct controller_config *c)
{
	const struct config_election *e = &c->election;
	must(c->source_count >= 0 && c->source_count <= CONFIG_SOURCES_MAX, "%d",
	     c->source_count);
	for (int32_t i = 0; i < c->source_count; i++) {
		check_source(&c->sources[i]);
		must(config_find_source(c, c->sources[i].name) == &c->sources[i],
		     "%s stands twice", c->sources[i].name);
	}
	must(c->sync_period_ms >= MS_PER_S && c->sync_period_ms <= MS_PER_H, "%lld",
	     (long long)c->sync_period_ms);
	must(c->hpa.tolerance >= 0, "%g", c->hpa.tolerance);
	must(c->hpa.downscale_stabilization_ms >= 0 &&
		     c->hpa.downscale_stabilization_ms <= MS_PER_H,
	     "%lld", (long long)c->hpa.downscale_stabilization_ms);
	must(e->lease_duration_ms > e->renew_deadline_ms &&
		     (double)e->renew_deadline_ms > 1.2 * (double)e->retry_period_ms &&
		     e->lease_duration_ms % MS_PER_S == 0,
	     "%lld > %lld > 1.2 * %lld", (long long)e->lease_duration_ms,
	     (long long)e->renew_deadline_ms, (long long)e->retry_period_ms);
	must(c->listen && e->lease_name, "nothing given");
}

static int problems_of(const char *text, size_t len)
{
	struct str lines AUTO(str_fini);
	str_init(&lines, 1 << 16);
	int count = config_check(text, len, &lines);
	must((count == 0) == (lines.len == 0), "%d: %s", count, str_text(&lines));
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct err err = {0};
	struct controller_config c AUTO(config_free) = {0};
	int result = config_parse(text, size, &c, &err);
	must((result == 0) == (problems_of(text, size) == 0), "%s", err.msg);
	if (result < 0) {
		must_explain(&err);
		must(err.code == ERR_INVALID && !c.sources && !c.listen, "touched");
		return 0;
	}
	check_limits(&c);
	return 0;
}
