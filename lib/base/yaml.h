/* YAML (libyaml) as a tree that remembers lines, for configuration that people write.
 * JSON is read too. */
#ifndef FORETOP_BASE_YAML_H
#define FORETOP_BASE_YAML_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
	enum yaml_kind kind;
	int line;    /* from 1, in the text that was parsed */
	int column;  /* from 1 */
	char *key;   /* in a map: its key; NULL elsewhere */
	char *text;  /* scalar: its text, anchors resolved; NULL elsewhere */
	bool quoted; /* scalar: written in quotes or as a block, so it is a string
			whatever it looks like */
	struct yaml_node
		*items; /* list or map: count children in the order of the text */
	size_t count;
};

/* Parses the first document of a text. Refuses duplicate keys, keys that are not scalars,
 * more than 32 levels, more than 20,000 nodes after aliases are expanded, and more than
 * one document. An empty text gives an empty map. 0, or -1 with *err = ERR_INVALID that
 * names line and column. The caller owns *ret_root (yaml_node_free). */
int yaml_parse(const char *text, size_t len, struct yaml_node **ret_root,
	       struct err *err);
/* Parses every document of a text, as manifests have them: a list of their roots, empty
 * documents left out. Limits and refusals are those of yaml_parse for each document;
 * lines count from the beginning of the text. At most 1000 documents. */
int yaml_parse_all(const char *text, size_t len, struct yaml_node **ret_list,
		   struct err *err);
/* Frees the whole tree; accepts NULL. (libyaml itself exports a yaml_free, which must
 * stay its own.) */
void yaml_node_free(struct yaml_node *root);
void yaml_node_cleanup(struct yaml_node **root);

/* The child of a map with this key, or NULL (also when `map` is NULL or no map). */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
/* The text of a scalar child, or `fallback`. Borrowed. */
const char *yaml_str(const struct yaml_node *map, const char *key, const char *fallback);
/* A plain scalar that stands for null in YAML 1.2 core: empty, ~, null, Null, NULL. */
bool yaml_is_null(const struct yaml_node *node);
/* true/false as written in YAML 1.2 and kubectl's YAML 1.1 reading (true, True, TRUE,
 * yes, on, ...): 0, or -1. */
int yaml_bool(const struct yaml_node *node, bool *ret_value);

#endif
