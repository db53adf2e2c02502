#include "prom/tree.h"

#include <string.h>

/* sizeof(cJSON) is 64; malloc makes blocks of 80 of that. */
#define NODE_BYTES 80
/* The block of a string takes at most 32 bytes more than the text between its quotes. */
#define QUOTE_BYTES 16

/* Every value but the outermost follows a bracket or a comma (a member's value its name,
 * which does). Commas and quotes inside of strings are counted too: an upper bound needs
 * no reader. */
uint64_t tree_bytes(const char *text, size_t len)
{
	uint64_t nodes = 1, quotes = 0;
	for (size_t i = 0; i < len; i++) {
		nodes += text[i] == ',' || text[i] == '[' || text[i] == '{';
		quotes += text[i] == '"';
	}
	return nodes * NODE_BYTES + quotes * QUOTE_BYTES + len;
}

/* A NUL, raw or as an escape; a backslash that is itself escaped begins none. */
static const char *find_nul(const char *text, size_t len)
{
	static const char escape[] = "\\u0000";
	const char *end = text + len, *p = text;
	const char *raw = memchr(text, '\0', len);
	if (raw)
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

cJSON *tree_parse(const struct prom_body *body, struct err *err)
{
	const char *nul = find_nul(body->text, body->len);
	if (nul) {
		err_set(err, ERR_RETRY, "answered with a NUL (byte %zu of %zu)",
			(size_t)(nul - body->text), body->len);
		return NULL;
	}
	uint64_t bytes = tree_bytes(body->text, body->len);
	if (bytes > TREE_BYTES) {
		err_set(err, ERR_RETRY,
			"answered with too much: %zu bytes that take %llu MiB once read, "
			"more than %d MiB",
			body->len, (unsigned long long)(bytes >> 20), TREE_MIB);
		return NULL;
	}
	cJSON *tree = json_parse(body->text, body->len, err);
	if (tree)
		return tree;
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
