/* Between YAML and cJSON trees: what people write read as Kubernetes would read it, and
 * trees printed for people. */
#ifndef FORETOP_BASE_YAML_JSON_H
#define FORETOP_BASE_YAML_JSON_H

#include "base/json.h"
#include "base/str.h"
#include "base/yaml.h"

/* The tree as JSON has it: plain scalars that look like null, a truth value (of YAML 1.1,
 * which kubectl reads) or a decimal number become one, all else is text. The caller owns
 * the result; NULL gives NULL. */
cJSON *yaml_to_json(const struct yaml_node *node);

/* Appends the tree as one document in block style (no "---" before it). Text that a
 * reader could take for something else is quoted; text of several lines is a literal
 * block where YAML allows that. 0, or -1 when out's limit is passed or memory ran out. */
int yaml_print(const cJSON *tree, struct str *out);

#endif
