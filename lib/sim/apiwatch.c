#include "sim/apiserver.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define QUEUE_HIGH  (1u << 20) /* bytes that wait for a client before we do */
#define DEFAULT_S   1800       /* a watch without timeoutSeconds */
#define EVENT_LIMIT (32u << 20)

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

static int send_object(struct apiwatch *w, const char *type, const char *object)
{
	struct str text AUTO(str_fini);
	str_init(&text, EVENT_LIMIT);
	str_printf(&text, "{\"type\":\"%s\",\"object\":%s}\n", type, object);
	return deliver(w, &text);
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

static void pump(struct apiwatch *w)
{
	const struct apistore *store = w->api->store;
	int ret = 0;
	if (w->over || w->api->silent || !send_initial(w, &ret))
		return;
	if (w->cursor < apistore_compacted(store)) {
		end(w, true); /* too slow: the real cache ends such watches too */
		return;
	}
	while (w->cursor < apistore_version(store) && queued(w) < QUEUE_HIGH && ret == 0)
		ret = send_event(w, apistore_event(store, ++w->cursor));
}

void apiwatch_drained(struct apiwatch *w)
{
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
		if (w->bookmarks && !w->over && !k->silent &&
		    w->sent == w->initial_count &&
		    w->cursor == apistore_version(k->store))
			send_bookmark(w, false);
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
	if (w->api->silent || w->over)
		return; /* some old servers forget to end a watch */
	if (w->bookmarks && w->cursor == apistore_version(w->api->store))
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
	if (p->initial_events || !p->has_version || p->version == 0)
		w->initial = apistore_list(k->store, &w->select, &w->initial_count);
	else
		w->cursor = p->version;
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
