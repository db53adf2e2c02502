/* A target without libFuzzer: runs every file of its corpus, former findings included, or
 * those that are named. usage: fuzz_NAME [FILE...] */
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CORPUS "tests/fuzz/corpus"

/* The name goes out first: after a crash it is the last line. */
static int replay(const char *path)
{
	printf("%s\n", path);
	fflush(stdout);
	FILE *f = fopen(path, "rb");
	if (!f || fseek(f, 0, SEEK_END) < 0) {
		perror(path);
		exit(1);
	}
	size_t size = (size_t)ftell(f);
	rewind(f);
	/* Exactly as large as the input, for sanitizers to see the byte behind it. */
	uint8_t *data AUTO_FREE = xmalloc(size);
	size = fread(data, 1, size, f);
	fclose(f);
	LLVMFuzzerTestOneInput(data, size);
	return 1;
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int replay_folder(const char *dir)
{
	struct dirent **entries;
	int count = scandir(dir, &entries, visible, alphasort);
	if (count < 0)
		perror(dir);
	for (int i = 0; i < count; i++) {
		char *path AUTO_FREE = xasprintf("%s/%s", dir, entries[i]->d_name);
		replay(path);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return count;
}

int main(int argc, char **argv)
{
	int count = argc - 1;
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	if (argc < 2) {
		const char *slash = strrchr(argv[0], '/');
		const char *name = strstr(slash ? slash : argv[0], "fuzz_");
		char *dir AUTO_FREE =
			xasprintf(CORPUS "/%s", name ? name + strlen("fuzz_") : "");
		count = replay_folder(dir);
	}
	printf("%d inputs passed, 0 failed\n", count < 0 ? 0 : count);
	return count > 0 ? 0 : 1;
}
