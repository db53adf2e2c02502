#include "flags.h"

#include "cmd.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERBOSITY_MAX 10

#define UNIX_SECONDS_MAX 1e11 /* beyond it people give milliseconds */

int flags_wrong(const char *command, const char *fmt, ...)
{
	va_list ap;
	fprintf(stderr, "foretop %s: ", command);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nSee foretop %s --help\n", command);
	return EXIT_USAGE;
}

/* "--output" of 'o'; the letter alone when there is no long name. */
static void name_of(const struct flag_table *t, int c, char *buf, size_t size)
{
	snprintf(buf, size, "-%c", c);
	for (const struct option *o = t->options; o->name; o++) {
		if (o->val == c) {
			snprintf(buf, size, "--%s", o->name);
			return;
		}
	}
}

int flags_read(const struct flag_table *t, int argc, char **argv)
{
	int c;
	optind = 1;
	opterr = 0;
	while ((c = getopt_long(argc, argv, t->letters, t->options, NULL)) != -1) {
		struct err err = {0};
		char name[64];
		if (c == 'h') {
			fputs(t->help, stdout);
			return EXIT_SUCCESS;
		}
		if (c == ':')
			return flags_wrong(argv[0], "%s needs a value", argv[optind - 1]);
		if (c == '?')
			return flags_wrong(argv[0], "unknown flag %s", argv[optind - 1]);
		name_of(t, c, name, sizeof(name));
		if (t->take(t->arg, c, &err) < 0)
			return flags_wrong(argv[0], "%s: %s", name, err.msg);
	}
	return -1;
}

int flag_word(const char *text, const char *const *names, size_t count, int *ret_index,
	      struct err *err)
{
	struct str all AUTO(str_fini);
	str_init(&all, 256);
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(text, names[i])) {
			*ret_index = (int)i;
			return 0;
		}
		str_printf(&all, "%s%s", i ? ", " : "", names[i]);
	}
	return err_set(err, ERR_INVALID, "\"%s\": allowed: %s", text, str_text(&all));
}

int flag_duration(const char *text, int64_t *ret_ms, struct err *err)
{
	int64_t ms;
	if (duration_parse(text, &ms, err) < 0)
		return -1;
	if (ms < MS_PER_S)
		return err_set(err, ERR_INVALID, "\"%s\": at least 1s", text);
	*ret_ms = ms;
	return 0;
}

int flag_time(const char *text, int64_t *ret_ms, struct err *err)
{
	char *end;
	double seconds = strtod(text, &end);
	if (*text && !*end && fabs(seconds) < UNIX_SECONDS_MAX) {
		*ret_ms = llround(seconds * 1000);
		return 0;
	}
	return time_parse(text, ret_ms, err);
}

int flag_positive(const char *text, double *ret_value, struct err *err)
{
	char *end;
	double value = strtod(text, &end);
	if (!*text || *end || !isfinite(value) || value <= 0)
		return err_set(err, ERR_INVALID, "\"%s\": allowed: a number above 0",
			       text);
	*ret_value = value;
	return 0;
}

int flag_whole(const char *text, int least, int most, int *ret_value, struct err *err)
{
	char *end;
	long value = strtol(text, &end, 10);
	if (!*text || *end || value < least || value > most)
		return err_set(err, ERR_INVALID, "\"%s\": allowed: %d to %d", text, least,
			       most);
	*ret_value = (int)value;
	return 0;
}

int flag_verbosity(const char *text, int *ret_level, struct err *err)
{
	return flag_whole(text, 0, VERBOSITY_MAX, ret_level, err);
}

bool flag_utf8_terminal(void)
{
	const char *lang = getenv("LC_ALL") ? getenv("LC_ALL") : getenv("LANG");
	return lang && (strstr(lang, "UTF-8") || strstr(lang, "utf8"));
}
