#include "base/json.h"

#include "base/mem.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

/* Of the tree that this thread is parsing or building; NULL: it goes to the heap. */
static _Thread_local struct arena *nursery;

static void *allocate(size_t size)
{
	return nursery ? arena_alloc(nursery, size) : xmalloc(size);
}

static void release(void *p)
{
	if (!nursery)
		free(p);
}

static void set_hooks(void)
{
	cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = allocate, .free_fn = release});
}

void json_init(void)
{
	static once_flag once = ONCE_FLAG_INIT;
	call_once(&once, set_hooks);
}

cJSON *json_parse(const char *text, size_t len, struct err *err)
{
	const char *end = NULL;
	cJSON *tree = cJSON_ParseWithLengthOpts(text, len, &end, false);
	size_t at = end ? (size_t)(end - text) : 0;
	while (tree && at < len && strchr(" \t\r\n", text[at]) && text[at])
		at++;
	if (tree && at == len)
		return tree;
	cJSON_Delete(tree);
	err_set(err, ERR_INVALID,
		len ? "not JSON at byte %zu of %zu" : "empty answer, JSON expected", at,
		len);
	return NULL;
}

const cJSON *json_parse_in(struct arena *a, const char *text, size_t len, struct err *err)
{
	json_init();
	nursery = a;
	/* What did not become a tree is given back before it returns. */
	const cJSON *tree = json_parse(text, len, err);
	nursery = NULL;
	return tree;
}

void json_build_in(struct arena *a)
{
	assert(!nursery && !a->most);
	json_init();
	nursery = a;
}

void json_build_end(void)
{
	nursery = NULL;
}

const cJSON *json_at(const cJSON *o, const char *path)
{
	char key[128];
	while (o && *path) {
		size_t n = strcspn(path, ".");
		if (n >= sizeof(key))
			return NULL;
		memcpy(key, path, n);
		key[n] = '\0';
		o = cJSON_GetObjectItemCaseSensitive(o, key);
		path += n + (path[n] == '.');
	}
	return o;
}

const char *json_str(const cJSON *o, const char *path, const char *fallback)
{
	const cJSON *v = json_at(o, path);
	return cJSON_IsString(v) && v->valuestring ? v->valuestring : fallback;
}

int64_t json_int(const cJSON *o, const char *path, int64_t fallback)
{
	const cJSON *v = json_at(o, path);
	if (!cJSON_IsNumber(v) || !isfinite(v->valuedouble))
		return fallback;
	if (v->valuedouble >= 9223372036854775807.0)
		return INT64_MAX;
	if (v->valuedouble <= -9223372036854775808.0)
		return INT64_MIN;
	return (int64_t)v->valuedouble;
}

bool json_bool(const cJSON *o, const char *path, bool fallback)
{
	const cJSON *v = json_at(o, path);
	return cJSON_IsBool(v) ? cJSON_IsTrue(v) : fallback;
}

char *json_text(const cJSON *o)
{
	char *text = cJSON_PrintUnformatted(o);
	return text ? text : xstrdup("null");
}

void json_cleanup(cJSON **tree)
{
	cJSON_Delete(*tree);
}
