#include "base/yaml_json.h"

#include "base/mem.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* --- reading --- */

/* "12", "-1.5", "1e3"; not "0755" or "1_000", whose meaning depends on the reader. */
static bool is_number(const char *text, double *ret_value)
{
	const char *digits = text + (*text == '-');
	char *end;
	if (!isdigit((unsigned char)*digits) ||
	    (*digits == '0' && isdigit((unsigned char)digits[1])) ||
	    text[strspn(text, "0123456789+-.eE")])
		return false;
	*ret_value = strtod(text, &end);
	return !*end && isfinite(*ret_value);
}

static cJSON *scalar_to_json(const struct yaml_node *node)
{
	bool truth;
	double number;
	if (yaml_is_null(node))
		return cJSON_CreateNull();
	if (yaml_bool(node, &truth) == 0)
		return cJSON_CreateBool(truth);
	if (!node->quoted && is_number(node->text, &number))
		return cJSON_CreateNumber(number);
	return cJSON_CreateString(node->text);
}

cJSON *yaml_to_json(const struct yaml_node *node)
{
	if (!node)
		return NULL;
	if (node->kind == YAML_SCALAR)
		return scalar_to_json(node);
	cJSON *tree = node->kind == YAML_MAP ? cJSON_CreateObject() : cJSON_CreateArray();
	for (size_t i = 0; i < node->count; i++) {
		cJSON *item = yaml_to_json(&node->items[i]);
		if (node->kind == YAML_MAP)
			cJSON_AddItemToObject(tree, node->items[i].key, item);
		else
			cJSON_AddItemToArray(tree, item);
	}
	return tree;
}

/* --- printing --- */

static int write_out(void *arg, unsigned char *bytes, size_t size)
{
	return str_add(arg, (const char *)bytes, size) == 0;
}

/* Would a reader of YAML 1.1 or 1.2 take it for anything but text? Numbers and dates
 * begin like these, and sexagesimals too. */
static bool needs_quotes(const char *text)
{
	struct yaml_node node = {.kind = YAML_SCALAR, .text = (char *)text};
	bool truth;
	return yaml_is_null(&node) || yaml_bool(&node, &truth) == 0 ||
	       strchr("0123456789+-.=<", *text) != NULL;
}

static yaml_scalar_style_t style_of(const char *text)
{
	if (strchr(text, '\n'))
		return YAML_LITERAL_SCALAR_STYLE;
	return needs_quotes(text) ? YAML_DOUBLE_QUOTED_SCALAR_STYLE
				  : YAML_PLAIN_SCALAR_STYLE;
}

static int emit(yaml_emitter_t *e, yaml_event_t *event, int made)
{
	return made && yaml_emitter_emit(e, event) ? 0 : -1;
}

static int emit_scalar(yaml_emitter_t *e, const char *text, yaml_scalar_style_t style)
{
	yaml_event_t event;
	int made = yaml_scalar_event_initialize(&event, NULL, NULL,
						(const yaml_char_t *)text,
						(int)strlen(text), 1, 1, style);
	return emit(e, &event, made);
}

static int emit_node(yaml_emitter_t *e, const cJSON *node);

static int emit_map(yaml_emitter_t *e, const cJSON *map)
{
	yaml_event_t event;
	const cJSON *item;
	yaml_mapping_style_t style =
		map->child ? YAML_BLOCK_MAPPING_STYLE : YAML_FLOW_MAPPING_STYLE;
	if (emit(e, &event,
		 yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, style)) < 0)
		return -1;
	cJSON_ArrayForEach (item, map)
		if (emit_scalar(e, item->string, style_of(item->string)) < 0 ||
		    emit_node(e, item) < 0)
			return -1;
	return emit(e, &event, yaml_mapping_end_event_initialize(&event));
}

static int emit_list(yaml_emitter_t *e, const cJSON *list)
{
	yaml_event_t event;
	const cJSON *item;
	yaml_sequence_style_t style =
		list->child ? YAML_BLOCK_SEQUENCE_STYLE : YAML_FLOW_SEQUENCE_STYLE;
	if (emit(e, &event,
		 yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, style)) < 0)
		return -1;
	cJSON_ArrayForEach (item, list)
		if (emit_node(e, item) < 0)
			return -1;
	return emit(e, &event, yaml_sequence_end_event_initialize(&event));
}

static int emit_node(yaml_emitter_t *e, const cJSON *node)
{
	if (cJSON_IsObject(node))
		return emit_map(e, node);
	if (cJSON_IsArray(node))
		return emit_list(e, node);
	if (cJSON_IsString(node))
		return emit_scalar(e, node->valuestring, style_of(node->valuestring));
	char *text AUTO_FREE = json_text(node);
	return emit_scalar(e, text, YAML_PLAIN_SCALAR_STYLE);
}

static int emit_document(yaml_emitter_t *e, const cJSON *tree)
{
	yaml_event_t event;
	if (emit(e, &event,
		 yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING)) < 0 ||
	    emit(e, &event,
		 yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1)) < 0 ||
	    emit_node(e, tree) < 0 ||
	    emit(e, &event, yaml_document_end_event_initialize(&event, 1)) < 0)
		return -1;
	return emit(e, &event, yaml_stream_end_event_initialize(&event));
}

int yaml_print(const cJSON *tree, struct str *out)
{
	yaml_emitter_t e;
	if (!yaml_emitter_initialize(&e))
		return -1;
	yaml_emitter_set_output(&e, write_out, out);
	yaml_emitter_set_unicode(&e, 1);
	yaml_emitter_set_width(&e, -1);
	int rc = emit_document(&e, tree);
	yaml_emitter_delete(&e);
	return rc;
}
