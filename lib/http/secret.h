/* A text that is given, or stands in a file that others may rewrite: CA, certificate,
 * key, token, password. Inside http only. */
#ifndef FORETOP_HTTP_SECRET_H
#define FORETOP_HTTP_SECRET_H

#include "base/base.h"
#include "io/io.h"

/* Larger than any bundle of CAs in use. */
#define SECRET_LIMIT ((size_t)1 << 20)

struct secret {
	char *given; /* bytes from the configuration or set at run time; win */
	char *path;
	char *read; /* last content of the file that was not empty */
	struct file_watch watch;
	bool line; /* one line of text; white space at its end is no part of it */
};

void secret_init(struct secret *s, const char *given, const char *path, bool line);
/* Wipes and frees. */
void secret_fini(struct secret *s);

/* What is in force; NULL when nothing is given, or the file was never readable. */
const char *secret_text(const struct secret *s);
/* Replaces the given bytes; NULL goes back to the file. */
void secret_set(struct secret *s, const char *given);
/* The next refresh reads the file again, changed or not. */
void secret_forget(struct secret *s);
/* Reads the file when it changed. *changed is set to true when another text is in force
 * now, else left. 0, or -1 with *err = ERR_RETRY when there is a file and no content of
 * it yet. */
int secret_refresh(struct secret *s, bool *changed, struct err *err);

#endif
