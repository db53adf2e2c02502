/* YAML and JSON as trees: within the stated limits, with places inside of the text; JSON
 * that is printed reads back as the same. */
#include "fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEVELS_MAX 32
#define NODES_MAX  20000

struct shape {
	size_t nodes;
	int lines;
};

static void check_node(const struct yaml_node *node, int level, struct shape *shape)
{
	must(level <= LEVELS_MAX && ++shape->nodes <= NODES_MAX, "level %d, %zu nodes",
	     level, shape->nodes);
	must(node->line >= 1 && node->line <= shape->lines && node->column >= 1,
	     "%d:%d of %d", node->line, node->column, shape->lines);
	must((node->kind == YAML_SCALAR) == (node->text != NULL), "kind %d",
	     (int)node->kind);
	must(node->kind != YAML_SCALAR || node->count == 0, "a scalar with children");
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_node *child = &node->items[i];
		must((node->kind == YAML_MAP) == (child->key != NULL), "kind %d",
		     (int)node->kind);
		if (child->key)
			must(yaml_get(node, child->key) == child, "\"%s\" stands twice",
			     child->key);
		check_node(child, level + 1, shape);
	}
}

static void check_yaml(const char *text, size_t len)
{
	struct yaml_node *root AUTO(yaml_node_cleanup) = NULL;
	struct err err = {0};
	if (yaml_parse(text, len, &root, &err) < 0) {
		must_explain(&err);
		must(err.code == ERR_INVALID && !root, "code %d", (int)err.code);
		return;
	}
	/* Line breaks of YAML 1.1: the two ends of a line, and three beyond ASCII. */
	struct shape shape = {.lines = 1};
	for (size_t i = 0; i < len; i++)
		shape.lines += strchr("\n\r\x85\xa8\xa9", text[i]) != NULL;
	check_node(root, 1, &shape);
}

static void check_json(const char *text, size_t len)
{
	struct err err = {0};
	cJSON *tree AUTO(json_cleanup) = json_parse(text, len, &err);
	if (!tree) {
		must_explain(&err);
		must(err.code == ERR_INVALID, "code %d", (int)err.code);
		return;
	}
	char *printed AUTO_FREE = json_text(tree);
	cJSON *back AUTO(json_cleanup) = json_parse(printed, strlen(printed), &err);
	must(back, "%s: %s", printed, err.msg);
	char *again AUTO_FREE = json_text(back);
	must_equal(printed, again);
	/* cJSON is content with 15 digits; times in milliseconds have 13. */
	int64_t number = json_int(tree, "a.b", 5);
	if (llabs(number / 2) < INT64_C(500000000000000))
		must(json_int(back, "a.b", 5) == number, "%s", printed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_yaml((const char *)data, size);
	check_json((const char *)data, size);
	return 0;
}
