#include "kube/status.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define EXCERPT 120

static const char *name_of(long status)
{
	static const struct {
		long status;
		const char *name;
	} names[] = {
		{400, "bad request"},
		{401, "unauthorized"},
		{403, "forbidden"},
		{404, "not found"},
		{405, "method not allowed"},
		{406, "not acceptable"},
		{409, "conflict"},
		{410, "gone"},
		{413, "too large"},
		{415, "unsupported media type"},
		{422, "invalid"},
		{429, "too many requests"},
		{500, "internal error"},
		{502, "bad gateway"},
		{503, "unavailable"},
		{504, "timeout"},
	};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].status == status)
			return names[i].name;
	return status >= 300 && status < 400 ? "redirect, not followed" : "refused";
}

/* What to do about it, where the server does not say it. */
static const char *advice(long status, const char *reason, const char *message)
{
	if (status == 401)
		return " (the token or certificate is not accepted)";
	if (status == 403 && !*message)
		return " without a text (a Role that is not bound, or a proxy)";
	if (status >= 300 && status < 400)
		return " (is this the API server's URL?)";
	return !strcmp(reason, "ServiceUnavailable") ? " (is the server starting?)" : "";
}

static enum err_code code_of(long status)
{
	switch (status) {
	case 409:
	case 410:
		return ERR_CONFLICT;
	case 400:
	case 404:
	case 405:
	case 406:
	case 413:
	case 415:
	case 422:
		return ERR_INVALID;
	default:
		return ERR_RETRY;
	}
}

/* The beginning of a body that is no Status, without what a terminal could not show. */
static void excerpt(const char *body, size_t len, char out[EXCERPT])
{
	size_t n = 0;
	for (size_t i = 0; i < len && n + 1 < EXCERPT; i++) {
		bool space = isspace((unsigned char)body[i]);
		if (space && (!n || out[n - 1] == ' '))
			continue;
		out[n++] = space ? ' ' : isprint((unsigned char)body[i]) ? body[i] : '?';
	}
	while (n && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

static void set(struct kube_status *s, const char *what, const char *message)
{
	err_set(&s->err, code_of(s->status), "%s: %ld %s%s%s%s", what, s->status,
		name_of(s->status), advice(s->status, s->reason, message),
		*message ? ": " : "", message);
}

static bool is_status(const cJSON *object)
{
	return !strcmp(json_str(object, "kind", ""), "Status");
}

void kube_status_of_object(const char *what, const cJSON *object,
			   struct kube_status *ret_status)
{
	struct kube_status s = {.status = (long)json_int(object, "code", 500)};
	snprintf(s.reason, sizeof(s.reason), "%s", json_str(object, "reason", ""));
	int64_t seconds = json_int(object, "details.retryAfterSeconds", 0);
	if (seconds > 0 && seconds < 86400)
		s.retry_after_ms = seconds * MS_PER_S;
	const cJSON *cause, *causes = json_at(object, "details.causes");
	cJSON_ArrayForEach (cause, causes)
		if (!strcmp(json_str(cause, "reason", ""), "ResourceVersionTooLarge"))
			snprintf(s.reason, sizeof(s.reason), "ResourceVersionTooLarge");
	set(&s, what, json_str(object, "message", ""));
	*ret_status = s;
}

void kube_status_read(const char *what, long status, const char *body, size_t len,
		      int64_t header_retry_after_ms, struct kube_status *ret_status)
{
	cJSON *object AUTO(json_cleanup) = len ? json_parse(body, len, NULL) : NULL;
	struct kube_status s = {.status = status};
	if (is_status(object)) {
		kube_status_of_object(what, object, &s);
		s.status = status;
		set(&s, what, json_str(object, "message", ""));
	} else {
		char text[EXCERPT];
		excerpt(body, len, text);
		set(&s, what, text);
	}
	if (header_retry_after_ms >= 0)
		s.retry_after_ms = header_retry_after_ms;
	*ret_status = s;
}

bool kube_status_is_expired(const struct kube_status *s)
{
	return s->status == 410 || !strcmp(s->reason, "Expired") ||
	       !strcmp(s->reason, "Gone");
}

bool kube_status_is_too_new(const struct kube_status *s)
{
	/* Servers before 1.19 say it in the message only. */
	return !strcmp(s->reason, "ResourceVersionTooLarge") ||
	       strstr(s->err.msg, "Too large resource version");
}
