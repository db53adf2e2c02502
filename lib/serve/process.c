#include "serve/process.h"

#include "io/io.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
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

int process_metrics_write(const struct process_stats *stats, struct str *out)
{
	const struct {
		const char *name, *kind, *help;
		double value;
	} rows[] = {
		{"process_cpu_seconds_total", "counter",
		 "Total user and system CPU time spent in seconds.", stats->cpu_s},
		{"process_resident_memory_bytes", "gauge",
		 "Resident memory size in bytes.", stats->resident_bytes},
		{"process_resident_anonymous_memory_bytes", "gauge",
		 "Resident memory that is not backed by files, in bytes.",
		 stats->resident_anon_bytes},
		{"process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes.",
		 stats->virtual_bytes},
		{"process_open_fds", "gauge", "Number of open file descriptors.",
		 stats->open_fds},
		{"process_max_fds", "gauge", "Maximum number of open file descriptors.",
		 stats->max_fds},
		{"process_start_time_seconds", "gauge",
		 "Start time of the process since unix epoch in seconds.",
		 stats->start_time_s},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!isnan(rows[i].value))
			str_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %.15g\n",
				   rows[i].name, rows[i].help, rows[i].name, rows[i].kind,
				   rows[i].name, rows[i].value);
	return out->cut ? -1 : 0;
}
