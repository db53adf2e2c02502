#include "sim/apiserver.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define QUEUE_HIGH  (1u << 20) /* bytes that wait for a client before we do */
#define DEFAULT_S   1800       /* a watch without timeoutSeconds */
#define EVENT_LIMIT (32u << 20)
#define BIG_BYTES   (17u << 20) /* above every client's limit on a message */
#define SWAP_MS     1000        /* an event waits so long for the one behind it */

struct apiwatch {
	struct kubeapi *api;
	struct apiwatch *next, **link;
	struct websock *socket; /* one of the two */
	struct exchange *exchange;
	struct apiselector select;
	uint64_t cursor; /* newest version that was looked at */
	bool bookmarks;
	bool initial_end; /* a bookmark ends the first state */
	bool over;        /* its end is on the way */
	/* The state at the beginning, still to be sent from `sent` on. */
	struct apiobject **initial;
	size_t initial_count, sent;
	struct timer timeout;
	struct str swapped; /* an event that waits for the one behind it */
	struct timer swap;
	bool expires; /* its next word is a 410 */
	bool breaks;  /* it is cut once what is queued is out */
	bool orphan;  /* it says nothing any more */
};

/* --- the connection --- */

static int deliver(struct apiwatch *w, const struct str *text)
{
	return w->socket ? websock_send(w->socket, str_text(text), text->len)
			 : exchange_send(w->exchange, str_text(text), text->len);
}

static size_t queued(const struct apiwatch *w)
{
	return w->socket ? websock_queued(w->socket) : exchange_queued(w->exchange);
}

static void watch_free(struct apiwatch *w)
{
	timer_cancel(&w->timeout);
	timer_cancel(&w->swap);
	str_fini(&w->swapped);
	*w->link = w->next;
	if (w->next)
		w->next->link = w->link;
	w->api->watch_count--;
	for (size_t i = w->sent; i < w->initial_count; i++)
		apiobject_release(w->initial[i]);
	free(w->initial);
	apiselector_fini(&w->select);
	free(w);
}

void apiwatch_gone(struct apiwatch *w)
{
	watch_free(w);
}

/* The carrier of a WebSocket's watch goes with `closed`, later; an answer's ends here. */
static void end(struct apiwatch *w, bool normally)
{
	w->over = true;
	if (w->socket) {
		if (normally)
			websock_close(w->socket, 1000);
		else
			websock_abort(w->socket);
		return;
	}
	exchange_on_gone(w->exchange, NULL, NULL);
	if (normally)
		exchange_end(w->exchange);
	else
		exchange_abort(w->exchange);
	watch_free(w);
}

/* --- events --- */

static void swap_over(void *arg)
{
	struct apiwatch *w = arg;
	if (!w->over)
		deliver(w, &w->swapped);
	str_clear(&w->swapped);
}

static int send_swapped(struct apiwatch *w, int ret)
{
	if (!w->swapped.len)
		return ret;
	timer_cancel(&w->swap);
	if (ret == 0)
		ret = deliver(w, &w->swapped);
	str_clear(&w->swapped);
	return ret;
}

/* In two fragments; of a chunked answer, in two chunks. */
static int deliver_part(struct apiwatch *w, const struct str *text, bool last)
{
	size_t half = text->len / 2;
	const char *from = str_text(text) + (last ? half : 0);
	size_t len = last ? text->len - half : half;
	return w->socket ? websock_send_part(w->socket, from, len, last)
			 : exchange_send(w->exchange, from, len);
}

static int deliver_big(struct apiwatch *w)
{
	struct str text AUTO(str_fini);
	char *blanks AUTO_FREE = xmalloc(BIG_BYTES);
	memset(blanks, ' ', BIG_BYTES);
	str_init(&text, EVENT_LIMIT);
	str_add(&text, blanks, BIG_BYTES);
	w->breaks = true;
	return deliver(w, &text);
}

static int deliver_bent(struct apiwatch *w, struct str *text)
{
	const char *of = apiresource_of(w->select.resource)->plural;
	int ret;
	switch (bends_event(&w->api->bends, of)) {
	case FAULT_TWICE:
		ret = deliver(w, text);
		return ret == 0 ? deliver(w, text) : ret;
	case FAULT_SWAP:
		if (w->swapped.len)
			break;
		str_add(&w->swapped, str_text(text), text->len);
		timer_set(w->api->reactor, &w->swap, SWAP_MS, swap_over, w);
		return 0;
	case FAULT_PIECES:
		ret = deliver_part(w, text, false);
		return ret == 0 ? deliver_part(w, text, true) : ret;
	case FAULT_BREAK:
		w->breaks = true;
		return deliver_part(w, text, false);
	case FAULT_NOISE:
		str_clear(text);
		str_puts(text, "{\"type\":\"MODIFIED\",\"object\":{\"metadata\"\n");
		break;
	case FAULT_BIG:
		return deliver_big(w);
	case FAULT_EXPIRE:
		w->expires = true;
		return -1;
	}
	return send_swapped(w, deliver(w, text));
}

static int send_object(struct apiwatch *w, const char *type, const char *object)
{
	struct str text AUTO(str_fini);
	str_init(&text, EVENT_LIMIT);
	str_printf(&text, "{\"type\":\"%s\",\"object\":%s}\n", type, object);
	return strcmp(type, "ERROR") ? deliver_bent(w, &text) : deliver(w, &text);
}

static int send_bookmark(struct apiwatch *w, bool initial_end)
{
	char group_version[64];
	enum kubeapi_resource resource = w->select.resource;
	apiresource_group_version(resource, group_version, sizeof(group_version));
	char *object AUTO_FREE = xasprintf(
		"{\"kind\":\"%s\",\"apiVersion\":\"%s\",\"metadata\":{"
		"\"resourceVersion\":"
		"\"%" PRIu64 "\",\"creationTimestamp\":null%s}}",
		apiresource_of(resource)->kind, group_version, w->cursor,
		initial_end ? ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}"
			    : "");
	return send_object(w, "BOOKMARK", object);
}

static void send_expired(struct apiwatch *w, uint64_t version)
{
	struct apistatus status;
	apistatus_set(&status, 410, "too old resource version: %" PRIu64 " (%" PRIu64 ")",
		      version, apistore_compacted(w->api->store));
	char *text AUTO_FREE = apistatus_text(&status);
	send_object(w, "ERROR", text);
	end(w, true);
}

/* What an event means to those who see only what they selected. */
static int send_event(struct apiwatch *w, const struct apievent *e)
{
	static const char *const types[] = {
		[API_ADDED] = "ADDED",
		[API_MODIFIED] = "MODIFIED",
		[API_DELETED] = "DELETED",
	};
	bool was = apiselector_matches(&w->select, e->before);
	bool is = e->change != API_DELETED && apiselector_matches(&w->select, e->object);
	if (!was && !is)
		return 0;
	enum apichange seen = was && is ? API_MODIFIED : is ? API_ADDED : API_DELETED;
	return send_object(w, types[seen], e->object->text);
}

/* The state at the beginning. True when it is all sent. -1 in *ret: the client is lost.
 */
static bool send_initial(struct apiwatch *w, int *ret)
{
	while (w->sent < w->initial_count && queued(w) < QUEUE_HIGH && *ret == 0) {
		struct apiobject *o = w->initial[w->sent++];
		*ret = send_object(w, "ADDED", o->text);
		apiobject_release(o);
	}
	if (w->sent < w->initial_count || *ret < 0)
		return false;
	if (w->initial_end)
		*ret = send_bookmark(w, true);
	w->initial_end = false;
	return *ret == 0;
}

static bool is_silent(const struct apiwatch *w)
{
	return w->api->silent || w->orphan;
}

static void pump(struct apiwatch *w)
{
	const struct apistore *store = w->api->store;
	int ret = 0;
	uint64_t view = apiserver_view(w->api);
	if (w->over || w->breaks || is_silent(w) || w->cursor > view)
		return;
	bool sent = send_initial(w, &ret);
	if (w->expires) {
		send_expired(w, w->cursor);
		return;
	}
	if (!sent)
		return;
	if (w->cursor < apistore_compacted(store)) {
		end(w, true); /* too slow: the real cache ends such watches too */
		return;
	}
	while (w->cursor < view && queued(w) < QUEUE_HIGH && ret == 0 && !w->breaks)
		ret = send_event(w, apistore_event(store, ++w->cursor));
	if (w->expires)
		send_expired(w, w->cursor);
}

void apiwatch_drained(struct apiwatch *w)
{
	if (w->breaks && !w->over)
		end(w, false);
	else
		pump(w);
}

void apiwatch_pump_all(struct kubeapi *k)
{
	for (struct apiwatch *w = k->watches, *next; w; w = next) {
		next = w->next;
		pump(w);
	}
}

void apiwatch_bookmark_all(struct kubeapi *k)
{
	for (struct apiwatch *w = k->watches; w; w = w->next)
		if (w->bookmarks && !w->over && !is_silent(w) &&
		    w->sent == w->initial_count && w->cursor == apiserver_view(k) &&
		    !w->breaks)
			send_bookmark(w, false);
}

void apiwatch_orphan_all(struct kubeapi *k)
{
	for (struct apiwatch *w = k->watches; w; w = w->next)
		w->orphan = true;
}

void apiwatch_end_all(struct kubeapi *k, bool normally)
{
	for (struct apiwatch *w = k->watches, *next; w; w = next) {
		next = w->next;
		if (!w->over || !normally)
			end(w, normally);
	}
}

/* --- the beginning --- */

int apiwatch_check(const struct kubeapi *k, const struct apitarget *t,
		   const struct request *q, struct apistatus *ret_status)
{
	struct apiquery p AUTO(apiquery_fini) = {0};
	if (*t->name)
		return apistatus_set(ret_status, 405,
				     "watch is only allowed on collections here");
	if (apiquery_parse(t, q, &p, ret_status) < 0)
		return -1;
	if (p.initial_events && k->no_watchlist)
		return apistatus_set(ret_status, 422,
				     "sendInitialEvents: Forbidden: sendInitialEvents is "
				     "forbidden for watch unless the WatchList feature "
				     "gate is enabled");
	return 0;
}

static void timed_out(void *arg)
{
	struct apiwatch *w = arg;
	if (is_silent(w) || w->over)
		return; /* some old servers forget to end a watch */
	if (w->bookmarks && w->cursor == apiserver_view(w->api) && !w->breaks)
		send_bookmark(w, false);
	end(w, true);
}

static void exchange_gone(struct exchange *x, void *arg)
{
	(void)x;
	apiwatch_gone(arg);
}

static void exchange_drained(struct exchange *x, void *arg)
{
	(void)x;
	apiwatch_drained(arg);
}

static struct apiwatch *watch_new(struct kubeapi *k, struct apiquery *p)
{
	struct apiwatch *w = xcalloc(1, sizeof(*w));
	w->api = k;
	w->next = k->watches;
	w->link = &k->watches;
	if (w->next)
		w->next->link = &w->next;
	k->watches = w;
	k->watch_count++;
	w->select = p->select;
	p->select = (struct apiselector){0};
	w->bookmarks = p->bookmarks;
	w->cursor = apistore_version(k->store);
	w->initial_end = p->initial_events;
	/* Without a version, or from "0", the state comes first. */
	if (p->has_version && p->version == 0 && !p->initial_events) {
		w->cursor = apiserver_view(k);
		w->initial = apistore_list_at(k->store, &w->select, w->cursor,
					      &w->initial_count);
	} else if (p->initial_events || !p->has_version)
		w->initial = apistore_list(k->store, &w->select, &w->initial_count);
	else
		w->cursor = p->version;
	str_init(&w->swapped, EVENT_LIMIT);
	int64_t timeout_s = p->timeout_s ? p->timeout_s : DEFAULT_S;
	timer_set(k->reactor, &w->timeout, timeout_s * MS_PER_S, timed_out, w);
	return w;
}

void apiwatch_start(struct kubeapi *k, const struct apitarget *t, struct websock *socket,
		    struct exchange *x, bool expired)
{
	const struct request *q = socket ? websock_request(socket) : exchange_request(x);
	struct apiquery p AUTO(apiquery_fini) = {0};
	struct apistatus status;
	if (apiquery_parse(t, q, &p, &status) < 0)
		return; /* it was checked before */
	struct apiwatch *w = watch_new(k, &p);
	w->socket = socket;
	w->exchange = x;
	if (socket) {
		websock_set_data(socket, w);
	} else {
		exchange_on_gone(x, exchange_gone, w);
		exchange_stream(x, 200, API_JSON, exchange_drained);
	}
	if (expired || w->cursor < apistore_compacted(k->store))
		send_expired(w, w->cursor);
	else
		pump(w);
}
