#include "serve/request.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const method_names[] = {
	[METHOD_GET] = "GET",         [METHOD_HEAD] = "HEAD",
	[METHOD_POST] = "POST",       [METHOD_PUT] = "PUT",
	[METHOD_PATCH] = "PATCH",     [METHOD_DELETE] = "DELETE",
	[METHOD_OPTIONS] = "OPTIONS",
};

const char *http_method_name(enum http_method method)
{
	return method_names[method];
}

static const char *find(const struct http_arg *args, int count, const char *name,
			const char *fallback)
{
	for (int i = 0; i < count; i++)
		if (strcmp(args[i].name, name) == 0)
			return args[i].value;
	return fallback;
}

const char *request_arg(const struct request *q, const char *name, const char *fallback)
{
	return find(q->args, q->arg_count, name, fallback);
}

static void free_args(struct http_arg *args, int count)
{
	for (int i = 0; i < count; i++) {
		free(args[i].name);
		free(args[i].value);
	}
}

void request_fini(struct request *q)
{
	if (!q)
		return;
	free_args(q->args, q->arg_count);
	free(q->path);
	free(q->host);
	free(q->origin);
	free(q->authorization);
	free(q->content_type);
	free(q->accept);
	free(q->user_agent);
	*q = (struct request){0};
}

bool request_is_loopback(const char *address)
{
	static const char mapped[] = "::ffff:";
	if (strncasecmp(address, mapped, strlen(mapped)) == 0)
		address += strlen(mapped);
	return strcmp(address, "::1") == 0 || strncmp(address, "127.", 4) == 0;
}

void request_copy(struct request *to, const struct request *from)
{
	*to = (struct request){
		.method = from->method,
		.path = xstrdup(from->path),
		.arg_count = from->arg_count,
		.host = xstrdup(from->host),
		.origin = xstrdup(from->origin),
		.authorization = xstrdup(from->authorization),
		.content_type = xstrdup(from->content_type),
		.accept = xstrdup(from->accept),
		.user_agent = xstrdup(from->user_agent),
		.body = "",
	};
	for (int i = 0; i < from->arg_count; i++) {
		to->args[i].name = xstrdup(from->args[i].name);
		to->args[i].value = xstrdup(from->args[i].value);
	}
}

/* One name or value of a form: plus signs are blanks, the rest is percent-encoded. */
static char *decode(const char *text, size_t len)
{
	char *plain AUTO_FREE = xstrndup(text, len);
	for (char *c = plain; *c; c++)
		if (*c == '+')
			*c = ' ';
	char *decoded = mem_or_die(curl_easy_unescape(NULL, plain, 0, NULL));
	char *copy = xstrdup(decoded);
	curl_free(decoded);
	return copy;
}

static int parse_field(struct http_form *form, const char *field, size_t len,
		       struct err *err)
{
	if (len == 0)
		return 0;
	if (form->arg_count == HTTP_ARGS_MAX)
		return err_set(err, ERR_INVALID, "more than %d fields in the form",
			       HTTP_ARGS_MAX);
	const char *equals = memchr(field, '=', len);
	size_t name_len = equals ? (size_t)(equals - field) : len;
	struct http_arg *arg = &form->args[form->arg_count++];
	arg->name = decode(field, name_len);
	arg->value = equals ? decode(equals + 1, len - name_len - 1) : xstrdup("");
	return 0;
}

int http_form_parse(struct http_form *form, const char *text, size_t len, struct err *err)
{
	struct http_form result = {0};
	const char *end = text + len;
	while (text < end) {
		const char *stop = memchr(text, '&', (size_t)(end - text));
		if (!stop)
			stop = end;
		if (parse_field(&result, text, (size_t)(stop - text), err) < 0) {
			http_form_fini(&result);
			return -1;
		}
		text = stop + 1;
	}
	*form = result;
	return 0;
}

const char *http_form_get(const struct http_form *form, const char *name,
			  const char *fallback)
{
	return find(form->args, form->arg_count, name, fallback);
}

void http_form_fini(struct http_form *form)
{
	if (!form)
		return;
	free_args(form->args, form->arg_count);
	*form = (struct http_form){0};
}
