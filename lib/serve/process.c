#include "serve/process.h"

#include "io/io.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define PROC_LIMIT (1u << 20) /* /proc/stat grows with the machine's processors */

/* The number behind `name` at the beginning of a line; NaN when it is not there. */
static double line_number(const char *text, const char *name)
{
	size_t n = strlen(name);
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, n) == 0)
			return strtod(line + n, NULL);
	}
	return NAN;
}

/* Fields of /proc/self/stat, counted from 1 as in proc(5). The second one is a name in
 * parentheses that may hold blanks. */
static void read_stat(struct process_stats *s, double boot_s)
{
	char *text AUTO_FREE = NULL;
	if (file_read("/proc/self/stat", PROC_LIMIT, &text, NULL, NULL) < 0)
		return;
	double fields[25] = {0};
	char *at = strrchr(text, ')');
	for (int i = 3; at && i < 25; i++) {
		at = strchr(at, ' ');
		if (!at)
			return;
		fields[i] = strtod(++at, NULL);
	}
	double tick = (double)sysconf(_SC_CLK_TCK);
	s->cpu_s = (fields[14] + fields[15]) / tick;
	s->start_time_s = boot_s + fields[22] / tick;
	s->virtual_bytes = fields[23];
	s->resident_bytes = fields[24] * (double)sysconf(_SC_PAGESIZE);
}

static double count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	if (!dir)
		return NAN;
	int n = 0;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 3; /* without ".", ".." and the directory's own */
}

void process_stats_read(struct process_stats *ret_stats)
{
	struct process_stats s = {NAN, NAN, NAN, NAN, NAN, NAN, NAN};
	char *boot AUTO_FREE = NULL, *status AUTO_FREE = NULL;
	struct rlimit limit;
	double boot_s = NAN;
	if (file_read("/proc/stat", PROC_LIMIT, &boot, NULL, NULL) == 0)
		boot_s = line_number(boot, "btime");
	if (file_read("/proc/self/status", PROC_LIMIT, &status, NULL, NULL) == 0)
		s.resident_anon_bytes = line_number(status, "RssAnon:") * 1024;
	read_stat(&s, boot_s);
	s.open_fds = count_fds();
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		s.max_fds = (double)limit.rlim_cur;
	*ret_stats = s;
}
