/* Documents of files, folders and standard input, as -f names them. */
#ifndef FORETOP_MANIFEST_H
#define FORETOP_MANIFEST_H

#include "base/base.h"

struct document {
	const char *file; /* "standard input" for "-" */
	const char *text; /* of the whole file */
	/* One object: lists are taken apart. */
	const struct yaml_node *node;
};

/* What was read; documents borrow from it. */
struct manifest {
	struct document *items;
	size_t count;
	struct manifest_file *files;
	size_t file_count;
};

/* Reads a file of YAML or JSON documents, "-" standard input, or every .yaml, .yml and
 * .json file of a folder in the order of their names. Each file that cannot be read is
 * told to `failed` with its name in the text, and the others are read all the same. */
void manifest_add(struct manifest *m, const char *path,
		  void (*failed)(void *arg, const char *text), void *arg);
/* Accepts zeroed. */
void manifest_fini(struct manifest *m);

/* "shop/checkout" or "checkout" of an object's metadata; "" without a name. Returns buf.
 */
const char *document_name(const struct document *d, char *buf, size_t size);
/* The line of the file on which the text of this scalar begins, less one, so that adding
 * a line of the text gives that of the file; -1 when lines do not stand below each other
 * there as in the text (it is no literal block). */
int document_text_line(const struct document *d, const struct yaml_node *scalar);

#endif
