#include "loop/inside.h"

#include <stdlib.h>
#include <string.h>

/* Who counts a source's requests. */
struct meter {
	struct loop *loop;
	const char *source; /* borrowed from the configuration */
};

struct sources {
	const struct controller_config *config;
	struct meter *meters;      /* beside config->sources */
	struct prom_source **open; /* beside config->sources */
};

static void on_request(void *arg, const char *method, bool stream,
		       const struct http_response *response)
{
	const struct meter *m = arg;
	(void)method;
	(void)stream;
	if (m->loop->telemetry)
		telemetry_prom_request(m->loop->telemetry, m->source, response);
}

/* meter NULL: nobody counts. */
static struct prom_source *open_metered(struct reactor *r, const struct config_source *c,
					struct meter *meter, struct err *err)
{
	struct http_header *headers AUTO_FREE =
		xcalloc((size_t)c->headers.count, sizeof(*headers));
	for (int32_t i = 0; i < c->headers.count; i++)
		headers[i] = (struct http_header){c->headers.pairs[i].name,
						  c->headers.pairs[i].value};
	struct prom_parameter *parameters AUTO_FREE =
		xcalloc((size_t)c->query_parameters.count, sizeof(*parameters));
	for (int32_t i = 0; i < c->query_parameters.count; i++)
		parameters[i] =
			(struct prom_parameter){c->query_parameters.pairs[i].name,
						c->query_parameters.pairs[i].value};
	static const enum prom_method methods[] = {
		[SOURCE_POST_OR_GET] = PROM_POST_OR_GET,
		[SOURCE_POST] = PROM_POST,
		[SOURCE_GET] = PROM_GET,
	};
	struct prom_source_config config = {
		.name = c->name,
		.http = {.base_url = c->url,
			 .ca_file = c->ca_file,
			 .cert_file = c->cert_file,
			 .key_file = c->key_file,
			 .insecure = c->insecure_skip_verify,
			 .token = c->bearer_token,
			 .token_file = c->bearer_token_file,
			 .username = c->username,
			 .password_file = c->password_file,
			 .headers = headers,
			 .header_count = (size_t)c->headers.count,
			 .timeout_ms = c->timeout_ms,
			 .max_response_bytes = (size_t)c->max_response_bytes,
			 .observe = meter ? on_request : NULL,
			 .observe_arg = meter},
		.method = methods[c->method],
		.parameters = parameters,
		.parameter_count = (size_t)c->query_parameters.count,
	};
	return prom_source_new(r, &config, err);
}

struct prom_source *source_open(struct reactor *r, const struct config_source *c,
				struct err *err)
{
	return open_metered(r, c, NULL, err);
}

struct sources *sources_new(struct loop *l, const struct controller_config *c,
			    struct err *err)
{
	struct sources *s = xcalloc(1, sizeof(*s));
	s->config = c;
	s->open = xcalloc((size_t)c->source_count, sizeof(s->open[0]));
	s->meters = xcalloc((size_t)c->source_count, sizeof(s->meters[0]));
	for (int32_t i = 0; i < c->source_count; i++) {
		s->meters[i] = (struct meter){l, c->sources[i].name};
		s->open[i] = open_metered(l->config.reactor, &c->sources[i],
					  &s->meters[i], err);
		if (!s->open[i]) {
			sources_free(s);
			return NULL;
		}
	}
	return s;
}

void sources_free(struct sources *s)
{
	if (!s)
		return;
	for (int32_t i = 0; i < s->config->source_count; i++)
		prom_source_free(s->open[i]);
	free(s->open);
	free(s->meters);
	free(s);
}

struct prom_source *sources_find(const struct sources *s, const char *name,
				 const char *ns, struct err *err)
{
	for (int32_t i = 0; i < s->config->source_count; i++) {
		const struct config_source *c = &s->config->sources[i];
		if (strcmp(c->name, name))
			continue;
		if (config_source_allows(c, ns))
			return s->open[i];
		err_set(err, ERR_INVALID, "namespace %s may not use the source %s", ns,
			name);
		return NULL;
	}
	err_set(err, ERR_INVALID,
		"there is no source %s in the controller's configuration", name);
	return NULL;
}
