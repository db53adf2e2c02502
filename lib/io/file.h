/* Small files: tokens, certificates, configuration. */
#ifndef FORETOP_IO_FILE_H
#define FORETOP_IO_FILE_H

#include "base/base.h"

#include <stdbool.h>

/* Reads a whole file of at most `limit` bytes; "-" is standard input. *ret_text is
 * NUL-terminated, the caller frees it. ret_len may be NULL. 0, or -1 with *err =
 * ERR_RETRY (not there, not readable) or ERR_INVALID (too large). */
int file_read(const char *path, size_t limit, char **ret_text, size_t *ret_len,
	      struct err *err);

/* A small file that others rewrite (a rotated token, a mounted ConfigMap), read again
 * only when it changed. */
struct file_watch {
	int64_t mtime_ns, size, inode; /* as last read; all 0 before */
};
/* True when the file differs from the last call that returned true. A missing file is not
 * a change: the last content stays in force. Follows symbolic links, as projected volumes
 * use them. */
bool file_changed(struct file_watch *w, const char *path);

#endif
