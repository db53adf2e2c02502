#include "http/secret.h"

#include <stdlib.h>
#include <string.h>

static void wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

void secret_init(struct secret *s, const char *given, const char *path, bool line)
{
	*s = (struct secret){
		.given = xstrdup(given),
		.path = xstrdup(path),
		.line = line,
	};
}

void secret_fini(struct secret *s)
{
	wipe(s->given);
	wipe(s->read);
	free(s->path);
	*s = (struct secret){0};
}

const char *secret_text(const struct secret *s)
{
	return s->given ? s->given : s->read;
}

void secret_set(struct secret *s, const char *given)
{
	wipe(s->given);
	s->given = xstrdup(given);
}

void secret_forget(struct secret *s)
{
	s->watch = (struct file_watch){0};
}

static size_t content_length(const struct secret *s, const char *text)
{
	size_t len = strlen(text);
	while (s->line && len > 0 && strchr(" \t\r\n", text[len - 1]))
		len--;
	return len;
}

/* The old content stays in force while the file cannot be read or is empty, as it may be
 * in the middle of a rotation; the next call tries again. */
static int keep_old(struct secret *s, const struct err *why, struct err *err)
{
	s->watch = (struct file_watch){0};
	if (s->read)
		return 0;
	return err_set(err, ERR_RETRY, "%s", why->msg);
}

int secret_refresh(struct secret *s, bool *changed, struct err *err)
{
	if (s->given || !s->path)
		return 0;
	if (!file_changed(&s->watch, s->path) && s->read)
		return 0;
	struct err why = {0};
	char *text = NULL;
	if (file_read(s->path, SECRET_LIMIT, &text, NULL, &why) < 0)
		return keep_old(s, &why, err);
	text[content_length(s, text)] = '\0';
	if (!text[0] || (s->line && strpbrk(text, "\r\n"))) {
		err_set(&why, ERR_RETRY, "%s: %s", s->path,
			text[0] ? "more than one line" : "empty");
		wipe(text);
		return keep_old(s, &why, err);
	}
	if (!s->read || strcmp(s->read, text) != 0)
		*changed = true;
	wipe(s->read);
	s->read = text;
	return 0;
}
