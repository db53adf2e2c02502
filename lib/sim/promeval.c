#include "sim/promeval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct row {
	uint64_t hash; /* of labels */
	char *labels;  /* JSON object */
	double value;
};

struct promapi_rows {
	struct row *items;
	size_t count, cap;
};

void promapi_rows_add(struct promapi_rows *rows, const struct promapi_label *labels,
		      int count, double value)
{
	cJSON *metric AUTO(json_cleanup) = cJSON_CreateObject();
	for (int i = 0; i < count; i++)
		cJSON_AddStringToObject(metric, labels[i].name, labels[i].value);
	if (rows->count == rows->cap) {
		rows->cap = rows->cap ? rows->cap * 2 : 8;
		rows->items = xrealloc(rows->items, rows->cap * sizeof(*rows->items));
	}
	char *text = json_text(metric);
	rows->items[rows->count++] =
		(struct row){.hash = hash_text(text), .labels = text, .value = value};
}

static void rows_clear(struct promapi_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		free(rows->items[i].labels);
	rows->count = 0;
}

static void rows_fini(struct promapi_rows *rows)
{
	rows_clear(rows);
	free(rows->items);
}

static void evaluate(const struct promeval *e, int64_t at_ms, struct promapi_rows *rows)
{
	rows_clear(rows);
	if (e->eval)
		e->eval(e->arg, at_ms, rows);
	for (size_t i = 0; e->bend.nan && i < rows->count; i++)
		rows->items[i].value = NAN;
}

/* [1768780800.500,"12.5"]: numbers are strings, so that NaN and Inf can be said. */
static void write_point(struct str *out, int64_t at_ms, double v)
{
	char text[32];
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	if (isnan(v))
		snprintf(text, sizeof(text), "NaN");
	else if (isinf(v))
		snprintf(text, sizeof(text), v > 0 ? "+Inf" : "-Inf");
	str_printf(out, "[%.3f,\"%s\"]", (double)at_ms / 1000, text);
}

int promeval_vector(const struct promeval *e, int64_t at_ms, struct str *out)
{
	struct promapi_rows rows AUTO(rows_fini) = {0};
	int64_t known_ms = at_ms < e->bend.frozen_ms ? at_ms : e->bend.frozen_ms;
	evaluate(e, known_ms, &rows);
	str_puts(out, "{\"resultType\":\"vector\",\"result\":[");
	for (size_t i = 0; i < rows.count; i++) {
		str_printf(out, "%s{\"metric\":%s,\"value\":", i ? "," : "",
			   rows.items[i].labels);
		write_point(out, known_ms + e->bend.stamp_ms, rows.items[i].value);
		str_puts(out, "}");
	}
	str_puts(out, "]}");
	return out->cut ? -1 : 0;
}

struct column {
	uint64_t hash;
	char *labels;
	struct str points;
};

struct columns {
	struct column *items;
	size_t count, cap;
	size_t limit; /* bytes of points of one column */
};

static void columns_fini(struct columns *c)
{
	for (size_t i = 0; i < c->count; i++) {
		free(c->items[i].labels);
		str_fini(&c->items[i].points);
	}
	free(c->items);
}

static struct column *column_of(struct columns *c, struct row *row)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->items[i].hash == row->hash &&
		    strcmp(c->items[i].labels, row->labels) == 0)
			return &c->items[i];
	if (c->count == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 8;
		c->items = xrealloc(c->items, c->cap * sizeof(*c->items));
	}
	struct column *added = &c->items[c->count++];
	*added = (struct column){.hash = row->hash, .labels = TAKE(row->labels)};
	str_init(&added->points, c->limit);
	return added;
}

int promeval_matrix(const struct promeval *e, int64_t start_ms, int64_t end_ms,
		    int64_t step_ms, struct str *out)
{
	struct promapi_rows rows AUTO(rows_fini) = {0};
	struct columns columns AUTO(columns_fini) = {.limit = out->limit};
	for (int64_t at = start_ms; at <= end_ms && at <= e->bend.frozen_ms;
	     at += step_ms) {
		evaluate(e, at, &rows);
		for (size_t i = 0; i < rows.count; i++) {
			struct column *c = column_of(&columns, &rows.items[i]);
			str_puts(&c->points, c->points.len ? "," : "");
			write_point(&c->points, at + e->bend.stamp_ms,
				    rows.items[i].value);
			out->cut |= c->points.cut;
		}
	}
	str_puts(out, "{\"resultType\":\"matrix\",\"result\":[");
	for (size_t i = 0; i < columns.count; i++)
		str_printf(out, "%s{\"metric\":%s,\"values\":[%s]}", i ? "," : "",
			   columns.items[i].labels, str_text(&columns.items[i].points));
	str_puts(out, "]}");
	return out->cut ? -1 : 0;
}
