#include "io/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void close_stream(FILE **f)
{
	if (*f && *f != stdin)
		fclose(*f);
}

int file_read(const char *path, size_t limit, char **ret_text, size_t *ret_len,
	      struct err *err)
{
	FILE *in AUTO(close_stream) = !strcmp(path, "-") ? stdin : fopen(path, "re");
	if (!in)
		return err_set(err, ERR_RETRY, "%s: %s", path, strerror(errno));
	struct str text AUTO(str_fini);
	str_init(&text, limit);
	char chunk[4096];
	size_t n;
	while ((n = fread(chunk, 1, sizeof(chunk), in)) > 0)
		if (str_add(&text, chunk, n) < 0)
			return err_set(err, ERR_INVALID, "%s: larger than %zu bytes",
				       path, limit);
	if (ferror(in))
		return err_set(err, ERR_RETRY, "%s: %s", path, strerror(errno));
	if (ret_len)
		*ret_len = text.len;
	*ret_text = str_take(&text);
	return 0;
}

bool file_changed(struct file_watch *w, const char *path)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return false;
	struct file_watch now = {
		.mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
		.size = st.st_size,
		.inode = (int64_t)st.st_ino,
	};
	if (!memcmp(&now, w, sizeof(now)))
		return false;
	*w = now;
	return true;
}
