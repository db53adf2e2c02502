#include "manifest.h"

#include "io/io.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_LIMIT (64u * 1024 * 1024)

struct manifest_file {
	char *name, *text;
	struct yaml_node *list;
};

static void add_document(struct manifest *m, size_t file, const struct yaml_node *node)
{
	const struct yaml_node *items = yaml_get(node, "items");
	const char *kind = yaml_str(node, "kind", "");
	size_t n = strlen(kind);
	if (items && items->kind == YAML_LIST && n >= 4 &&
	    !strcmp(kind + n - 4, "List")) {
		for (size_t i = 0; i < items->count; i++)
			add_document(m, file, &items->items[i]);
		return;
	}
	m->items = xrealloc(m->items, (m->count + 1) * sizeof(m->items[0]));
	m->items[m->count++] = (struct document){
		.file = m->files[file].name, .text = m->files[file].text, .node = node};
}

static int add_file(struct manifest *m, const char *path, struct err *err)
{
	bool input = !strcmp(path, "-");
	const char *name = input ? "standard input" : path;
	struct manifest_file f = {0};
	size_t len;
	if (file_read(path, FILE_LIMIT, &f.text, &len, err) < 0)
		return -1;
	if (yaml_parse_all(f.text, len, &f.list, err) < 0) {
		free(f.text);
		return err_wrap(err, "%s", name);
	}
	f.name = xstrdup(name);
	m->files = xrealloc(m->files, (m->file_count + 1) * sizeof(m->files[0]));
	m->files[m->file_count++] = f;
	for (size_t i = 0; i < f.list->count; i++)
		add_document(m, m->file_count - 1, &f.list->items[i]);
	return 0;
}

static int is_manifest(const struct dirent *e)
{
	static const char *const ends[] = {".yaml", ".yml", ".json"};
	size_t n = strlen(e->d_name);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (n > strlen(ends[i]) &&
		    !strcmp(e->d_name + n - strlen(ends[i]), ends[i]))
			return e->d_name[0] != '.';
	return 0;
}

void manifest_add(struct manifest *m, const char *path,
		  void (*failed)(void *arg, const char *text), void *arg)
{
	struct err err = {0};
	struct stat st;
	struct dirent **entries = NULL;
	if (!strcmp(path, "-") || stat(path, &st) < 0 || !S_ISDIR(st.st_mode)) {
		if (add_file(m, path, &err) < 0)
			failed(arg, err.msg);
		return;
	}
	int n = scandir(path, &entries, is_manifest, alphasort);
	if (n <= 0) {
		err_set(&err, ERR_INVALID, "%s: %s", path,
			n < 0 ? strerror(errno) : "no .yaml, .yml or .json file in it");
		failed(arg, err.msg);
	}
	for (int i = 0; i < n; i++) {
		char *file AUTO_FREE = xasprintf("%s/%s", path, entries[i]->d_name);
		if (add_file(m, file, &err) < 0)
			failed(arg, err.msg);
		free(entries[i]);
	}
	free(entries);
}

void manifest_fini(struct manifest *m)
{
	for (size_t i = 0; i < m->file_count; i++) {
		free(m->files[i].name);
		free(m->files[i].text);
		yaml_node_free(m->files[i].list);
	}
	free(m->files);
	free(m->items);
	*m = (struct manifest){0};
}

const char *document_name(const struct document *d, char *buf, size_t size)
{
	const struct yaml_node *meta = yaml_get(d->node, "metadata");
	const char *ns = yaml_str(meta, "namespace", "");
	snprintf(buf, size, "%s%s%s", ns, *ns ? "/" : "", yaml_str(meta, "name", ""));
	return buf;
}

/* Ends the key's line with "|", "|-", "|2+" or the like? */
int document_text_line(const struct document *d, const struct yaml_node *scalar)
{
	const char *line = d->text;
	for (int i = 1; i < scalar->line && line; i++) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	if (!line || !scalar->quoted)
		return -1;
	size_t n = strcspn(line, "\r\n");
	while (n && strchr(" \t", line[n - 1]))
		n--;
	while (n && strchr("+-123456789", line[n - 1]))
		n--;
	return n && line[n - 1] == '|' ? scalar->line : -1;
}
