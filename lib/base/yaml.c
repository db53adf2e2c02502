#include "base/yaml.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define DEPTH_MAX     32
#define NODES_MAX     20000
#define ANCHORS_MAX   256 /* they are searched one by one */
#define DOCUMENTS_MAX 1000

/* An anchor's value: a shallow copy whose pointers stay owned by the tree in the making.
 */
struct anchor {
	char *name;
	struct yaml_node node;
};

struct builder {
	yaml_parser_t parser;
	struct anchor *anchors;
	size_t anchor_count;
	size_t node_count;
	struct err *err;
};

static int read_node(struct builder *b, const yaml_event_t *event, int depth,
		     struct yaml_node *ret);

static int refuse(struct builder *b, const yaml_mark_t *mark, const char *what)
{
	return err_set(b->err, ERR_INVALID, "line %zu column %zu: %s", mark->line + 1,
		       mark->column + 1, what);
}

static void node_fini(struct yaml_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		node_fini(&node->items[i]);
	free(node->items);
	free(node->key);
	free(node->text);
	*node = (struct yaml_node){0};
}

/* The reader knows a byte only, the scanner and the parser a place. */
static int parser_failed(struct builder *b)
{
	yaml_parser_t *p = &b->parser;
	const char *problem = p->problem ? p->problem : "not YAML";
	yaml_mark_t mark = p->problem_mark;
	if (p->error == YAML_MEMORY_ERROR)
		mem_or_die(NULL); /* a text must not be called wrong for it */
	if (p->error == YAML_READER_ERROR) {
		mark = (yaml_mark_t){0};
		const unsigned char *text = p->input.string.start;
		size_t len = (size_t)(p->input.string.end - text);
		for (size_t i = 0; i < p->problem_offset && i < len; i++) {
			mark.column++;
			if (text[i] == '\n')
				mark = (yaml_mark_t){.line = mark.line + 1};
		}
	}
	return refuse(b, &mark, problem);
}

static int next_event(struct builder *b, yaml_event_t *event)
{
	if (!yaml_parser_parse(&b->parser, event)) {
		memset(event, 0, sizeof(*event));
		return parser_failed(b);
	}
	return 0;
}

static int take_budget(struct builder *b, const yaml_mark_t *mark, int depth)
{
	if (depth > DEPTH_MAX)
		return refuse(b, mark, "nested too deeply: at most 32 levels");
	if (++b->node_count > NODES_MAX)
		return refuse(b, mark,
			      "too many values: at most 20000, aliases counted in full");
	return 0;
}

/* The later definition of a name wins, as YAML says. */
static int remember(struct builder *b, const yaml_event_t *event, const yaml_char_t *name,
		    const struct yaml_node *node)
{
	if (!name)
		return 0;
	struct yaml_node value = *node;
	value.key = NULL;
	for (size_t i = 0; i < b->anchor_count; i++) {
		if (strcmp(b->anchors[i].name, (const char *)name) == 0) {
			b->anchors[i].node = value;
			return 0;
		}
	}
	if (b->anchor_count == ANCHORS_MAX)
		return refuse(b, &event->start_mark, "too many anchors: at most 256");
	b->anchors = xrealloc(b->anchors, (b->anchor_count + 1) * sizeof(*b->anchors));
	b->anchors[b->anchor_count++] =
		(struct anchor){.name = xstrdup((const char *)name), .node = value};
	return 0;
}

/* Copies with the budget in hand, so that a small text cannot become a large tree. */
static int copy_node(struct builder *b, const yaml_mark_t *mark,
		     const struct yaml_node *from, int depth, struct yaml_node *ret)
{
	*ret = (struct yaml_node){0};
	if (take_budget(b, mark, depth) < 0)
		return -1;
	*ret = *from;
	ret->key = xstrdup(from->key);
	ret->text = xstrdup(from->text);
	ret->items = from->count ? xcalloc(from->count, sizeof(*ret->items)) : NULL;
	for (size_t i = 0; i < from->count; i++) {
		if (copy_node(b, mark, &from->items[i], depth + 1, &ret->items[i]) < 0) {
			ret->count = i + 1;
			return -1;
		}
	}
	return 0;
}

static int read_alias(struct builder *b, const yaml_event_t *event, int depth,
		      struct yaml_node *ret)
{
	const char *name = (const char *)event->data.alias.anchor;
	for (size_t i = 0; i < b->anchor_count; i++)
		if (strcmp(b->anchors[i].name, name) == 0)
			return copy_node(b, &event->start_mark, &b->anchors[i].node,
					 depth, ret);
	return err_set(b->err, ERR_INVALID,
		       "line %zu column %zu: no anchor named \"%.64s\" before it",
		       event->start_mark.line + 1, event->start_mark.column + 1, name);
}

/* Only the tags of the core schema: any other asks for a program's own type, which nobody
 * here has. */
static int check_tag(struct builder *b, const yaml_event_t *event, const yaml_char_t *tag,
		     const char *const allowed[])
{
	if (!tag || strcmp((const char *)tag, "!") == 0)
		return 0;
	static const char prefix[] = "tag:yaml.org,2002:";
	const char *name = (const char *)tag;
	if (strncmp(name, prefix, strlen(prefix)) == 0)
		for (size_t i = 0; allowed[i]; i++)
			if (strcmp(name + strlen(prefix), allowed[i]) == 0)
				return 0;
	return err_set(b->err, ERR_INVALID,
		       "line %zu column %zu: tag \"%.64s\" is not allowed here",
		       event->start_mark.line + 1, event->start_mark.column + 1, name);
}

static int read_scalar(struct builder *b, const yaml_event_t *event,
		       struct yaml_node *ret)
{
	static const char *const tags[] = {"str", "int", "float", "bool", "null", NULL};
	const yaml_char_t *tag = event->data.scalar.tag;
	if (check_tag(b, event, tag, tags) < 0)
		return -1;
	const char *value = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	if (memchr(value, '\0', len))
		return refuse(b, &event->start_mark, "a NUL character is not allowed");
	ret->kind = YAML_SCALAR;
	ret->text = xstrndup(value, len);
	ret->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	if (tag)
		ret->quoted = strcmp((const char *)tag, "!") == 0 ||
			      strcmp((const char *)tag, YAML_STR_TAG) == 0;
	return remember(b, event, event->data.scalar.anchor, ret);
}

/* A new zeroed last child; earlier pointers to children become invalid. */
static struct yaml_node *new_item(struct yaml_node *parent, size_t *cap)
{
	if (parent->count == *cap) {
		*cap = *cap ? *cap * 2 : 4;
		parent->items = xrealloc(parent->items, *cap * sizeof(*parent->items));
	}
	struct yaml_node *item = &parent->items[parent->count++];
	*item = (struct yaml_node){0};
	return item;
}

static int read_list(struct builder *b, const yaml_event_t *start, int depth,
		     struct yaml_node *ret)
{
	static const char *const tags[] = {"seq", NULL};
	if (check_tag(b, start, start->data.sequence_start.tag, tags) < 0)
		return -1;
	ret->kind = YAML_LIST;
	size_t cap = 0;
	for (;;) {
		yaml_event_t event;
		if (next_event(b, &event) < 0)
			return -1;
		bool end = event.type == YAML_SEQUENCE_END_EVENT;
		int rc = end ? 0 : read_node(b, &event, depth + 1, new_item(ret, &cap));
		yaml_event_delete(&event);
		if (rc < 0)
			return -1;
		if (end)
			break;
	}
	return remember(b, start, start->data.sequence_start.anchor, ret);
}

static int by_key(const void *pa, const void *pb)
{
	const struct yaml_node *a = *(const struct yaml_node *const *)pa;
	const struct yaml_node *b = *(const struct yaml_node *const *)pb;
	int order = strcmp(a->key, b->key);
	return order ? order : (a > b) - (a < b);
}

/* Sorted, so that a map of thousands of keys costs no square. Names the first repetition
 * in the text. */
static int check_duplicates(struct builder *b, const struct yaml_node *map)
{
	if (map->count < 2)
		return 0;
	AUTO_FREE const struct yaml_node **sorted = xcalloc(map->count, sizeof(*sorted));
	for (size_t i = 0; i < map->count; i++)
		sorted[i] = &map->items[i];
	qsort(sorted, map->count, sizeof(*sorted), by_key);
	const struct yaml_node *first = NULL;
	for (size_t i = 1; i < map->count; i++)
		if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0 &&
		    (!first || sorted[i] < first))
			first = sorted[i];
	if (!first)
		return 0;
	return err_set(b->err, ERR_INVALID,
		       "line %d column %d: key \"%.64s\" is given twice", first->line,
		       first->column, first->key);
}

static int read_key(struct builder *b, const yaml_event_t *event, int depth,
		    char **ret_key)
{
	if (event->type != YAML_SCALAR_EVENT && event->type != YAML_ALIAS_EVENT)
		return refuse(b, &event->start_mark, "a key must be a plain text");
	struct yaml_node key = {0};
	int rc = event->type == YAML_SCALAR_EVENT ? read_scalar(b, event, &key)
						  : read_alias(b, event, depth, &key);
	if (rc == 0 && key.kind != YAML_SCALAR)
		rc = refuse(b, &event->start_mark, "a key must be a plain text");
	if (rc == 0 && !key.quoted && strcmp(key.text, "<<") == 0)
		rc = refuse(b, &event->start_mark, "merge keys (<<) are not supported");
	if (rc == 0 && event->type == YAML_SCALAR_EVENT && event->data.scalar.anchor)
		rc = refuse(b, &event->start_mark, "a key cannot have an anchor");
	if (rc == 0)
		*ret_key = TAKE(key.text);
	node_fini(&key);
	return rc;
}

static int read_pair(struct builder *b, const yaml_event_t *key, int depth,
		     struct yaml_node *ret)
{
	AUTO_FREE char *name = NULL;
	if (read_key(b, key, depth + 1, &name) < 0)
		return -1;
	yaml_event_t event;
	if (next_event(b, &event) < 0)
		return -1;
	int rc = read_node(b, &event, depth + 1, ret);
	yaml_event_delete(&event);
	/* A field stands where its key stands: that is what a message must point at. */
	ret->key = TAKE(name);
	ret->line = (int)key->start_mark.line + 1;
	ret->column = (int)key->start_mark.column + 1;
	return rc;
}

static int read_map(struct builder *b, const yaml_event_t *start, int depth,
		    struct yaml_node *ret)
{
	static const char *const tags[] = {"map", NULL};
	if (check_tag(b, start, start->data.mapping_start.tag, tags) < 0)
		return -1;
	ret->kind = YAML_MAP;
	size_t cap = 0;
	for (;;) {
		yaml_event_t event;
		if (next_event(b, &event) < 0)
			return -1;
		bool end = event.type == YAML_MAPPING_END_EVENT;
		int rc = end ? 0 : read_pair(b, &event, depth, new_item(ret, &cap));
		yaml_event_delete(&event);
		if (rc < 0)
			return -1;
		if (end)
			break;
	}
	if (check_duplicates(b, ret) < 0)
		return -1;
	return remember(b, start, start->data.mapping_start.anchor, ret);
}

/* On failure *ret holds what was read so far, for its owner to free. */
static int read_node(struct builder *b, const yaml_event_t *event, int depth,
		     struct yaml_node *ret)
{
	if (event->type == YAML_ALIAS_EVENT)
		return read_alias(b, event, depth, ret);
	if (take_budget(b, &event->start_mark, depth) < 0)
		return -1;
	ret->line = (int)event->start_mark.line + 1;
	ret->column = (int)event->start_mark.column + 1;
	if (event->type == YAML_SEQUENCE_START_EVENT)
		return read_list(b, event, depth, ret);
	if (event->type == YAML_MAPPING_START_EVENT)
		return read_map(b, event, depth, ret);
	return read_scalar(b, event, ret);
}

static void empty_map(struct yaml_node *root, int line, int column)
{
	node_fini(root);
	*root = (struct yaml_node){.kind = YAML_MAP, .line = line, .column = column};
}

static bool is_empty(const struct yaml_node *root)
{
	return root->kind == YAML_SCALAR && !root->quoted && root->text && !*root->text;
}

/* The node of a document that has started, and its end. */
static int read_document(struct builder *b, struct yaml_node *root)
{
	yaml_event_t event;
	if (next_event(b, &event) < 0)
		return -1;
	int rc = read_node(b, &event, 1, root);
	yaml_event_delete(&event);
	if (rc < 0 || next_event(b, &event) < 0) /* the document's end */
		return -1;
	yaml_event_delete(&event);
	return 0;
}

static int read_only_document(struct builder *b, struct yaml_node *root)
{
	yaml_event_t event;
	if (read_document(b, root) < 0 || next_event(b, &event) < 0)
		return -1;
	int rc = event.type == YAML_STREAM_END_EVENT
			 ? 0
			 : refuse(b, &event.start_mark,
				  "more than one document: only one is allowed");
	yaml_event_delete(&event);
	if (is_empty(root))
		empty_map(root, 1, 1);
	return rc;
}

/* *ret_end: the stream holds no more. */
static int next_document(struct builder *b, bool *ret_end)
{
	yaml_event_t event;
	if (next_event(b, &event) < 0)
		return -1;
	*ret_end = event.type == YAML_STREAM_END_EVENT;
	yaml_event_delete(&event);
	return 0;
}

static int start_stream(struct builder *b, bool *ret_end)
{
	yaml_event_t event;
	if (next_event(b, &event) < 0)
		return -1;
	yaml_event_delete(&event);
	return next_document(b, ret_end);
}

static int read_single(struct builder *b, struct yaml_node *root)
{
	bool empty;
	if (start_stream(b, &empty) < 0)
		return -1;
	if (!empty)
		return read_only_document(b, root);
	empty_map(root, 1, 1);
	return 0;
}

/* Anchors and the budget are a document's own. */
static void forget_document(struct builder *b)
{
	for (size_t i = 0; i < b->anchor_count; i++)
		free(b->anchors[i].name);
	b->anchor_count = 0;
	b->node_count = 0;
}

static int read_several(struct builder *b, struct yaml_node *root)
{
	size_t cap = 0;
	bool end;
	*root = (struct yaml_node){.kind = YAML_LIST, .line = 1, .column = 1};
	if (start_stream(b, &end) < 0)
		return -1;
	while (!end) {
		if (root->count == DOCUMENTS_MAX)
			return refuse(b, &b->parser.mark,
				      "too many documents: at most 1000");
		struct yaml_node *document = new_item(root, &cap);
		if (read_document(b, document) < 0)
			return -1;
		if (is_empty(document)) {
			node_fini(document);
			root->count--;
		}
		forget_document(b);
		if (next_document(b, &end) < 0)
			return -1;
	}
	return 0;
}

static int parse(const char *text, size_t len,
		 int (*read)(struct builder *b, struct yaml_node *root),
		 struct yaml_node **ret_root, struct err *err)
{
	struct builder b = {.err = err};
	if (!yaml_parser_initialize(&b.parser))
		mem_or_die(NULL);
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)text, len);
	struct yaml_node *root = xcalloc(1, sizeof(*root));
	int rc = read(&b, root);
	yaml_parser_delete(&b.parser);
	forget_document(&b);
	free(b.anchors);
	if (rc == 0)
		*ret_root = TAKE(root);
	yaml_node_free(root);
	return rc;
}

int yaml_parse(const char *text, size_t len, struct yaml_node **ret_root, struct err *err)
{
	return parse(text, len, read_single, ret_root, err);
}

int yaml_parse_all(const char *text, size_t len, struct yaml_node **ret_list,
		   struct err *err)
{
	return parse(text, len, read_several, ret_list, err);
}

void yaml_node_free(struct yaml_node *root)
{
	if (!root)
		return;
	node_fini(root);
	free(root);
}

void yaml_node_cleanup(struct yaml_node **root)
{
	yaml_node_free(*root);
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	if (!map || map->kind != YAML_MAP)
		return NULL;
	for (size_t i = 0; i < map->count; i++)
		if (strcmp(map->items[i].key, key) == 0)
			return &map->items[i];
	return NULL;
}

const char *yaml_str(const struct yaml_node *map, const char *key, const char *fallback)
{
	const struct yaml_node *node = yaml_get(map, key);
	return node && node->kind == YAML_SCALAR ? node->text : fallback;
}

static bool is_one_of(const char *text, const char *const words[])
{
	for (size_t i = 0; words[i]; i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return false;
}

bool yaml_is_null(const struct yaml_node *node)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL", NULL};
	return node && node->kind == YAML_SCALAR && !node->quoted &&
	       is_one_of(node->text, words);
}

int yaml_bool(const struct yaml_node *node, bool *ret_value)
{
	/* The list of YAML 1.1 (yaml.org/type/bool.html), which kubectl's reader follows.
	 */
	static const char *const yes[] = {"true", "True", "TRUE", "yes", "Yes", "YES",
					  "on",   "On",   "ON",   "y",   "Y",   NULL};
	static const char *const no[] = {"false", "False", "FALSE", "no", "No", "NO",
					 "off",   "Off",   "OFF",   "n",  "N",  NULL};
	if (!node || node->kind != YAML_SCALAR || node->quoted)
		return -1;
	bool value = is_one_of(node->text, yes);
	if (!value && !is_one_of(node->text, no))
		return -1;
	*ret_value = value;
	return 0;
}
