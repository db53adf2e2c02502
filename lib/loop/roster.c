#include "loop/roster.h"

#include <stdio.h>
#include <string.h>

void roster_init(struct roster *r, const char *self, int64_t living_ms)
{
	*r = (struct roster){.living_ms = living_ms};
	snprintf(r->self, sizeof(r->self), "%s", self);
}

static const struct roster_member *find(const struct roster *r, const char *identity)
{
	for (int32_t i = 0; i < r->other_count; i++)
		if (!strcmp(r->others[i].identity, identity))
			return &r->others[i];
	return NULL;
}

void roster_read(struct roster *r, const char *text, int64_t now_ms)
{
	struct roster fresh = *r;
	cJSON *object AUTO(json_cleanup) =
		text ? json_parse(text, strlen(text), NULL) : NULL;
	const cJSON *item;
	fresh.other_count = 0;
	cJSON_ArrayForEach (item, object) {
		if (!cJSON_IsNumber(item) || !item->string ||
		    !strcmp(item->string, r->self) || fresh.other_count == ROSTER_MAX)
			continue;
		struct roster_member *m = &fresh.others[fresh.other_count++];
		const struct roster_member *before = find(r, item->string);
		snprintf(m->identity, sizeof(m->identity), "%s", item->string);
		m->count = (int64_t)item->valuedouble;
		m->seen_ms =
			before && before->count == m->count ? before->seen_ms : now_ms;
	}
	*r = fresh;
}

bool roster_lives(const struct roster *r, int32_t i, int64_t now_ms)
{
	return now_ms - r->others[i].seen_ms < r->living_ms;
}

int32_t roster_others(const struct roster *r, int64_t now_ms)
{
	int32_t count = 0;
	for (int32_t i = 0; i < r->other_count; i++)
		count += roster_lives(r, i, now_ms);
	return count;
}

char *roster_write(struct roster *r, bool with_self, int64_t now_ms)
{
	cJSON *object AUTO(json_cleanup) = cJSON_CreateObject();
	for (int32_t i = 0; i < r->other_count; i++)
		if (roster_lives(r, i, now_ms))
			cJSON_AddNumberToObject(object, r->others[i].identity,
						(double)r->others[i].count);
	if (with_self)
		cJSON_AddNumberToObject(object, r->self, (double)++r->count);
	return json_text(object);
}
