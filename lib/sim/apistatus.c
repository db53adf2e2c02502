#include "sim/apistatus.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	int code;
	const char *reason;
} reasons[] = {
	{400, "BadRequest"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "NotFound"},
	{405, "MethodNotAllowed"},
	{409, "Conflict"},
	{410, "Expired"},
	{413, "RequestEntityTooLarge"},
	{415, "UnsupportedMediaType"},
	{422, "Invalid"},
	{429, "TooManyRequests"},
	{500, "InternalError"},
	{503, "ServiceUnavailable"},
	{504, "Timeout"},
};

const char *apistatus_reason(int code)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (reasons[i].code == code)
			return reasons[i].reason;
	return "";
}

int apistatus_set(struct apistatus *s, int code, const char *fmt, ...)
{
	*s = (struct apistatus){.code = code, .reason = apistatus_reason(code)};
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(s->message, sizeof(s->message), fmt, ap);
	va_end(ap);
	return -1;
}

int apistatus_about(struct apistatus *s, enum kubeapi_resource resource, const char *name)
{
	const struct apiresource *r = apiresource_of(resource);
	snprintf(s->name, sizeof(s->name), "%s", name);
	snprintf(s->kind, sizeof(s->kind), "%s", r->plural);
	snprintf(s->group, sizeof(s->group), "%s", r->group);
	return -1;
}

static cJSON *details(const struct apistatus *s)
{
	cJSON *d = cJSON_CreateObject();
	if (*s->name)
		cJSON_AddStringToObject(d, "name", s->name);
	if (*s->group)
		cJSON_AddStringToObject(d, "group", s->group);
	if (*s->kind)
		cJSON_AddStringToObject(d, "kind", s->kind);
	if (s->cause) {
		cJSON *cause = cJSON_CreateObject();
		cJSON_AddStringToObject(cause, "reason", s->cause);
		cJSON_AddStringToObject(cause, "message", s->message);
		cJSON_AddItemToArray(cJSON_AddArrayToObject(d, "causes"), cause);
	}
	if (s->retry_after_s)
		cJSON_AddNumberToObject(d, "retryAfterSeconds", s->retry_after_s);
	return d;
}

char *apistatus_text(const struct apistatus *s)
{
	cJSON *o AUTO(json_cleanup) = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "kind", "Status");
	cJSON_AddStringToObject(o, "apiVersion", "v1");
	cJSON_AddObjectToObject(o, "metadata");
	cJSON_AddStringToObject(o, "status", s->code < 400 ? "Success" : "Failure");
	if (*s->message)
		cJSON_AddStringToObject(o, "message", s->message);
	if (s->reason && *s->reason)
		cJSON_AddStringToObject(o, "reason", s->reason);
	if (*s->kind || *s->name || s->cause || s->retry_after_s)
		cJSON_AddItemToObject(o, "details", details(s));
	cJSON_AddNumberToObject(o, "code", s->code);
	return json_text(o);
}

void apistatus_reply(const struct apistatus *s, struct bends *b, struct exchange *x)
{
	if (s->retry_after_s) {
		char seconds[16];
		snprintf(seconds, sizeof(seconds), "%d", s->retry_after_s);
		exchange_header(x, "Retry-After", seconds);
	}
	if (s->code == 429) {
		bends_reply_text(b, x, 429, "text/plain; charset=utf-8",
				 "Too many requests, please try again later.\n");
		return;
	}
	char *text AUTO_FREE = apistatus_text(s);
	bends_reply_text(b, x, s->code, "application/json", text);
}
