#include "faults/vurl.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

static char *decoded(const char *text, size_t len)
{
	char *plain = mem_or_die(curl_easy_unescape(NULL, text, (int)len, NULL));
	char *copy = xstrdup(len ? plain : "");
	curl_free(plain);
	return copy;
}

static enum http_method method_of(const char *name)
{
	for (int m = METHOD_GET; m <= METHOD_OPTIONS; m++)
		if (!strcmp(http_method_name((enum http_method)m), name))
			return (enum http_method)m;
	return METHOD_GET;
}

void virtual_request(struct request *q, const char *method, const char *target)
{
	size_t path_len = strcspn(target, "?");
	const char *query = target + path_len + (target[path_len] == '?');
	struct http_form form = {0};
	http_form_parse(&form, query, strlen(query), NULL);
	*q = (struct request){
		.method = method_of(method),
		.path = decoded(target, path_len),
		.arg_count = form.arg_count,
		.host = xstrdup(""),
		.origin = xstrdup(""),
		.authorization = xstrdup(""),
		.content_type = xstrdup(""),
		.accept = xstrdup("application/json"),
		.user_agent = xstrdup("foretop/virtual"),
		.body = "",
	};
	memcpy(q->args, form.args, sizeof(q->args));
}
