#include "vectors/exact.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_OF_A_DOUBLE 15
#define FILE_LIMIT         (64u << 20)

static char *read_file(const char *path, size_t *ret_len)
{
	FILE *f = fopen(path, "rb");
	if (!f) {
		perror(path);
		exit(2);
	}
	char *text = NULL;
	size_t len = 0, cap = 0, n;
	do {
		cap = cap ? 2 * cap : 1 << 16;
		text = xrealloc(text, cap);
		n = fread(text + len, 1, cap - len, f);
		len += n;
	} while (n > 0 && len < FILE_LIMIT);
	fclose(f);
	*ret_len = len;
	return text;
}

static bool in_number(char c)
{
	return (c >= '0' && c <= '9') || c == '-';
}

/* Long integers into quotes; strings are copied as they are. */
static char *quote_long_integers(const char *text, size_t len, size_t *ret_len)
{
	char *out = xmalloc(2 * len + 2);
	size_t n = 0;
	bool in_string = false;

	for (size_t i = 0; i < len;) {
		if (in_string && text[i] == '\\' && i + 1 < len) {
			out[n++] = text[i++];
		} else if (text[i] == '"') {
			in_string = !in_string;
		} else if (!in_string && in_number(text[i])) {
			size_t end = i;
			while (end < len && in_number(text[end]))
				end++;
			bool whole = end == len || !strchr(".eE", text[end]);
			bool quote = whole && end - i > DIGITS_OF_A_DOUBLE &&
				     (i == 0 || text[i - 1] != '.');
			if (quote)
				out[n++] = '"';
			memcpy(out + n, text + i, end - i);
			n += end - i;
			if (quote)
				out[n++] = '"';
			i = end;
			continue;
		}
		out[n++] = text[i++];
	}
	*ret_len = n;
	return out;
}

cJSON *exact_read(const char *path)
{
	size_t len, quoted_len;
	AUTO_FREE char *text = read_file(path, &len);
	AUTO_FREE char *quoted = quote_long_integers(text, len, &quoted_len);
	struct err err;
	cJSON *tree = json_parse(quoted, quoted_len, &err);
	if (!tree) {
		fprintf(stderr, "%s: %s\n", path, err.msg);
		exit(2);
	}
	return tree;
}

const cJSON *exact_get(const cJSON *o, const char *name)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);
	return cJSON_IsNull(v) ? NULL : v;
}

int64_t exact_value(const cJSON *number)
{
	return cJSON_IsString(number) ? strtoll(number->valuestring, NULL, 10)
				      : (int64_t)number->valuedouble;
}

int64_t exact_int(const cJSON *o, const char *name, int64_t fallback)
{
	const cJSON *v = exact_get(o, name);
	return v ? exact_value(v) : fallback;
}

double exact_double(const cJSON *o, const char *name, double fallback)
{
	const cJSON *v = exact_get(o, name);
	return v ? v->valuedouble : fallback;
}

const char *exact_text(const cJSON *o, const char *name, const char *fallback)
{
	const cJSON *v = exact_get(o, name);
	return cJSON_IsString(v) ? v->valuestring : fallback;
}

bool exact_bool(const cJSON *o, const char *name, bool fallback)
{
	const cJSON *v = exact_get(o, name);
	return v ? cJSON_IsTrue(v) : fallback;
}
