#include "sim/apiserver.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LIST_LIMIT (512u << 20)

static void snapshot_clear(struct apisnapshot *s)
{
	for (size_t i = 0; i < s->count; i++)
		apiobject_release(s->items[i]);
	free(s->items);
	*s = (struct apisnapshot){0};
}

void apilist_forget(struct kubeapi *k)
{
	for (int i = 0; i < APISNAPSHOTS; i++)
		snapshot_clear(&k->snapshots[i]);
}

/* Tokens are "NUMBER:OFFSET"; clients must not care. */
static struct apisnapshot *snapshot_find(struct kubeapi *k, const char *token,
					 size_t *ret_offset)
{
	char *end;
	uint64_t number = strtoull(token, &end, 10);
	struct apisnapshot *s = &k->snapshots[number % APISNAPSHOTS];
	if (number == 0 || s->number != number || *end != ':')
		return NULL;
	size_t offset = strtoull(end + 1, &end, 10);
	if (*end || offset > s->count)
		return NULL;
	*ret_offset = offset;
	return s;
}

static struct apisnapshot *
snapshot_take(struct kubeapi *k, const struct apiselector *select, uint64_t version)
{
	uint64_t number = ++k->snapshot_count;
	struct apisnapshot *s = &k->snapshots[number % APISNAPSHOTS];
	snapshot_clear(s);
	s->number = number;
	s->version = version;
	s->items = apistore_list_at(k->store, select, version, &s->count);
	return s;
}

/* Can the version that is asked for be served from what is there? */
static int check_version(const struct kubeapi *k, const struct apiquery *p,
			 uint64_t *ret_version, struct apistatus *ret_status)
{
	/* Without a version the quorum answers, else what the cache has. */
	uint64_t now = p->has_version ? apiserver_view(k) : apistore_version(k->store);
	if (p->has_version && p->version > now) {
		apistatus_set(ret_status, 504,
			      "Too large resource version: %" PRIu64
			      ", current: %" PRIu64,
			      p->version, now);
		ret_status->cause = "ResourceVersionTooLarge";
		ret_status->retry_after_s = 1;
		return -1;
	}
	if (p->exact && p->version < now)
		return apistatus_set(ret_status, 410,
				     "The resourceVersion for the provided list is too "
				     "old.");
	*ret_version = now;
	return 0;
}

static void write_page(const struct apisnapshot *s, const struct apitarget *t,
		       size_t offset, size_t count, struct str *out)
{
	char group_version[64];
	size_t rest = s->count - offset - count;
	apiresource_group_version(t->resource, group_version, sizeof(group_version));
	str_printf(out,
		   "{\"kind\":\"%s\",\"apiVersion\":\"%s\",\"metadata\":{"
		   "\"resourceVersion\":\"%" PRIu64 "\"",
		   apiresource_of(t->resource)->list_kind, group_version, s->version);
	if (rest > 0)
		str_printf(out,
			   ",\"continue\":\"%" PRIu64 ":%zu\",\"remainingItemCount\":%zu",
			   s->number, offset + count, rest);
	str_puts(out, "},\"items\":[");
	for (size_t i = offset; i < offset + count; i++) {
		const struct apiobject *o = s->items[i];
		str_puts(out, i > offset ? ",{" : "{");
		str_add(out, o->text + o->item, o->len - o->item);
	}
	str_puts(out, "]}\n");
}

static void answer_page(struct kubeapi *k, struct exchange *x, struct apisnapshot *s,
			const struct apitarget *t, size_t offset, size_t limit)
{
	struct str out AUTO(str_fini);
	str_init(&out, LIST_LIMIT);
	size_t count = s->count - offset;
	if (limit && limit < count)
		count = limit;
	write_page(s, t, offset, count, &out);
	bends_reply(&k->bends, x, 200, API_JSON, str_text(&out), out.len);
	if (offset + count == s->count)
		snapshot_clear(s);
}

void apilist_answer(struct kubeapi *k, struct exchange *x, const struct apitarget *t)
{
	struct apiquery p AUTO(apiquery_fini) = {0};
	struct apistatus status;
	size_t offset = 0;
	uint64_t version = 0;
	if (apiquery_parse(t, exchange_request(x), &p, &status) < 0) {
		apistatus_reply(&status, &k->bends, x);
		return;
	}
	struct apisnapshot *s = NULL;
	if (*p.token) {
		s = snapshot_find(k, p.token, &offset);
		if (!s)
			apistatus_set(&status, 410,
				      "The provided continue parameter is too old to "
				      "display a consistent list result.");
	} else if (check_version(k, &p, &version, &status) == 0) {
		s = snapshot_take(k, &p.select, version);
	}
	if (s)
		answer_page(k, x, s, t, offset, p.limit);
	else
		apistatus_reply(&status, &k->bends, x);
}
