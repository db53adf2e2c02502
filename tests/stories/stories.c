/* Golden stories: drives the engine through the traces of tests/stories and compares what
 * it does with what the story says it does. usage: stories [FILE...]   (default:
 * tests/stories, from the root of the checkout) UPDATE_STORIES=1 rewrites the
 * expectations. Prints what differs and closes with "N passed, N failed". README.md tells
 * how a story is written. */
#include "stories/world.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIRECTORY   "tests/stories"
#define FILES_MAX   256
#define TEXT_MAX    (8u << 20)
#define LINES_SHOWN 8

struct story {
	const char *path;
	char *text;
	struct world world;
	struct str out;
	int line;      /* number of the line that is read */
	bool has_fact; /* settings are over */
};

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "r");
	if (!f)
		return NULL;
	struct str text;
	str_init(&text, TEXT_MAX);
	char buf[65536];
	for (size_t n; (n = fread(buf, 1, sizeof(buf), f)) > 0;)
		str_add(&text, buf, n);
	fclose(f);
	return str_take(&text);
}

/* Cuts the next line off; NULL at the end. */
static char *next_line(char **rest)
{
	if (!**rest)
		return NULL;
	char *line = *rest, *end = strchr(line, '\n');
	*rest = end ? end + 1 : line + strlen(line);
	if (end)
		*end = '\0';
	return line;
}

static bool is_expectation(const char *line)
{
	return !strncmp(line, "  ->", 4);
}

/* A policy's text: indented lines that are no expectations. */
static bool is_body(const char *line)
{
	return !strncmp(line, "  ", 2) && !is_expectation(line);
}

static void keep_line(struct story *s, const char *line)
{
	str_printf(&s->out, "%s\n", line);
}

/* The indented block at *rest, without two spaces each. */
static char *take_body(struct story *s, char **rest)
{
	struct str body;
	str_init(&body, TEXT_MAX);
	while (is_body(*rest)) {
		char *line = next_line(rest);
		s->line++;
		keep_line(s, line);
		str_printf(&body, "%s\n", line + 2);
	}
	return str_take(&body);
}

/* "08:00:15", hours may pass 24. Returns the length, 0 when it is no time. */
static size_t read_time(const struct story *s, const char *line, int64_t *ret_ms)
{
	int h, m, sec, n = 0;
	if (sscanf(line, "%d:%2d:%2d%n", &h, &m, &sec, &n) != 3)
		return 0;
	*ret_ms = s->world.day_ms + h * MS_PER_H + m * MS_PER_MIN + sec * MS_PER_S;
	return (size_t)n;
}

static void run_fact(struct story *s, char *line, char **rest)
{
	struct world *w = &s->world;
	int64_t at_ms;
	size_t n = read_time(s, line, &at_ms);
	if (!n) {
		world_problem(w, "a fact begins with a time: \"%s\"", line);
		return;
	}
	if (s->has_fact && at_ms < w->now_ms) {
		world_problem(w, "time does not go back");
		return;
	}
	char *body AUTO_FREE = take_body(s, rest);
	w->line_ms = at_ms;
	if (!s->has_fact)
		w->now_ms = at_ms;
	s->has_fact = true;
	world_wait(w, at_ms);
	world_start(w);
	fact(w, line + n, body);
	/* What falls due at this very moment belongs to this line. */
	world_wait(w, at_ms);
}

static void run_line(struct story *s, char *line, char **rest)
{
	if (is_expectation(line))
		return;
	keep_line(s, line);
	if (line[0] == '#' || line[0] == '\0')
		return;
	if (!s->has_fact && !strncmp(line, "set ", 4))
		fact_setting(&s->world, line + 4);
	else
		run_fact(s, line, rest);
}

/* Prints the first place where two texts differ, with the lines around it. */
static void print_difference(const char *path, const char *want, const char *got)
{
	int line = 1;
	const char *w = want, *g = got;
	while (*w && *g) {
		size_t nw = strcspn(w, "\n"), ng = strcspn(g, "\n");
		if (nw != ng || strncmp(w, g, nw))
			break;
		w += nw + (w[nw] == '\n');
		g += ng + (g[ng] == '\n');
		line++;
	}
	printf("%s:%d: the engine tells another story\n", path, line);
	for (int i = 0; i < LINES_SHOWN && *w; i++) {
		size_t n = strcspn(w, "\n");
		printf("  - %.*s\n", (int)n, w);
		w += n + (w[n] == '\n');
	}
	for (int i = 0; i < LINES_SHOWN && *g; i++) {
		size_t n = strcspn(g, "\n");
		printf("  + %.*s\n", (int)n, g);
		g += n + (g[n] == '\n');
	}
}

static void print_end(const char *text)
{
	const char *from = text + strlen(text);
	for (int lines = 0; from > text && (from[-1] != '\n' || ++lines <= LINES_SHOWN);)
		from--;
	printf("%s", from);
}

static bool finish(struct story *s)
{
	const char *got = str_text(&s->out);
	if (s->world.problem) {
		printf("%s:%d: %s; until there:\n", s->path, s->line, s->world.problem);
		print_end(got);
		return false;
	}
	if (getenv("UPDATE_STORIES")) {
		FILE *f = fopen(s->path, "w");
		if (!f)
			return false;
		bool ok = fputs(got, f) >= 0;
		return fclose(f) == 0 && ok;
	}
	char *want AUTO_FREE = read_file(s->path);
	if (want && !strcmp(want, got))
		return true;
	print_difference(s->path, want ? want : "", got);
	return false;
}

static bool run_story(const char *path)
{
	static struct story s;
	s = (struct story){.path = path, .text = read_file(path)};
	if (!s.text) {
		printf("%s: cannot be read\n", path);
		return false;
	}
	str_init(&s.out, TEXT_MAX);
	world_init(&s.world, &s.out);
	char *rest = s.text;
	for (char *line; !s.world.problem && (line = next_line(&rest));) {
		s.line++;
		run_line(&s, line, &rest);
	}
	bool passed = finish(&s);
	world_fini(&s.world);
	str_fini(&s.out);
	free(s.text);
	return passed;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int find_stories(char **paths)
{
	int n = 0;
	DIR *d = opendir(DIRECTORY);
	for (struct dirent *entry; d && n < FILES_MAX && (entry = readdir(d));) {
		const char *dot = strrchr(entry->d_name, '.');
		if (dot && !strcmp(dot, ".trace"))
			paths[n++] = xasprintf("%s/%s", DIRECTORY, entry->d_name);
	}
	if (d)
		closedir(d);
	qsort(paths, (size_t)n, sizeof(paths[0]), by_name);
	return n;
}

int main(int argc, char **argv)
{
	char *found[FILES_MAX];
	int count = argc > 1 ? 0 : find_stories(found), passed = 0, failed = 0;
	for (int i = 0; i < count; i++) {
		*(run_story(found[i]) ? &passed : &failed) += 1;
		free(found[i]);
	}
	for (int i = 1; i < argc; i++)
		*(run_story(argv[i]) ? &passed : &failed) += 1;
	if (passed + failed == 0) {
		printf("there are no stories in %s\n", DIRECTORY);
		return EXIT_FAILURE;
	}
	printf("%d passed, %d failed\n", passed, failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
