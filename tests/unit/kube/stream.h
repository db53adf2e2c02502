/* What a stream calls, written down as text: "open", "[message]", "end ...". */
#ifndef FORETOP_TESTS_KUBE_STREAM_H
#define FORETOP_TESTS_KUBE_STREAM_H

#include "kube/stream.h"
#include "unit/kube/api.h"

struct stream_record {
	struct api *api;
	struct str told;
	struct stream_end end;
	bool ended;
	const char *stop_at; /* stops the loop when `told` ends like this */
	void (*on_event)(struct stream_record *r);
};

static inline void stream_note(struct stream_record *r, const char *text)
{
	str_puts(&r->told, text);
	size_t n = r->told.len, m = r->stop_at ? strlen(r->stop_at) : 0;
	if (m && n >= m && !strcmp(r->told.data + n - m, r->stop_at))
		api_stop(r->api);
	if (r->on_event)
		r->on_event(r);
}

static inline void stream_on_open(void *arg)
{
	stream_note(arg, "open ");
}

static inline void stream_on_message(void *arg, const char *text, size_t len)
{
	char *line AUTO_FREE = xstrndup(text, strcspn(text, "\n"));
	char *note AUTO_FREE = xasprintf("[%s] ", line);
	ck_assert_uint_eq(strlen(text), len);
	stream_note(arg, note);
}

static inline void stream_on_end(void *arg, const struct stream_end *end)
{
	static const char *const kinds[] = {
		[STREAM_UNREACHED] = "unreached",
		[STREAM_REFUSED] = "refused",
		[STREAM_CLOSED] = "closed",
		[STREAM_TOO_LARGE] = "too large",
	};
	struct stream_record *r = arg;
	ck_assert(!r->ended);
	r->ended = true;
	r->end = *end;
	stream_note(r, kinds[end->kind]);
	api_stop(r->api);
}

static inline struct stream_handler stream_handler_of(struct stream_record *r)
{
	return (struct stream_handler){stream_on_open, stream_on_message, stream_on_end,
				       r};
}

#endif
