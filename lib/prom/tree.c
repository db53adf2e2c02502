#include "prom/tree.h"

#include <string.h>

/* A NUL, raw or as an escape; a backslash that is itself escaped begins none. */
static const char *find_nul(const char *text, size_t len)
{
	static const char escape[] = "\\u0000";
	const char *end = text + len, *p = memchr(text, escape[0], len);
	const char *raw = memchr(text, '\0', len);
	if (raw || !p)
		return raw;
	while ((p = memmem(p, (size_t)(end - p), escape, strlen(escape)))) {
		const char *row = p;
		while (row > text && row[-1] == '\\')
			row--;
		if ((p - row) % 2 == 0)
			return p;
		p++;
	}
	return NULL;
}

const cJSON *tree_parse(struct arena *memory, const struct prom_body *body,
			struct err *err)
{
	const char *nul = find_nul(body->text, body->len);
	if (nul) {
		err_set(err, ERR_RETRY, "answered with a NUL (byte %zu of %zu)",
			(size_t)(nul - body->text), body->len);
		return NULL;
	}
	memory->most = TREE_BYTES;
	const cJSON *tree = json_parse_in(memory, body->text, body->len, err);
	if (tree)
		return tree;
	if (memory->full) {
		err_set(err, ERR_RETRY,
			"answered with too much: %zu bytes that take more than %d MiB "
			"once read",
			body->len, TREE_MIB);
		return NULL;
	}
	if (err)
		err->code = ERR_RETRY;
	err_wrap(err, "answered with broken JSON (status %d)", body->status);
	return NULL;
}

bool tree_pick(const cJSON *object, struct tree_member *members, size_t count)
{
	const cJSON *item;
	if (!cJSON_IsObject(object))
		return true;
	cJSON_ArrayForEach (item, object) {
		for (size_t i = 0; i < count; i++) {
			if (strcmp(item->string, members[i].name) != 0)
				continue;
			if (members[i].value)
				return false;
			members[i].value = item;
		}
	}
	return true;
}
