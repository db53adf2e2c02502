/* What every Prometheus client exports as process_* metrics, read from /proc. */
#ifndef FORETOP_SERVE_PROCESS_H
#define FORETOP_SERVE_PROCESS_H

#include "base/base.h"

struct process_stats {
	double cpu_s;               /* user and system time */
	double resident_bytes;      /* RSS */
	double resident_anon_bytes; /* RSS without files and shared memory */
	double virtual_bytes;
	double open_fds, max_fds;
	double start_time_s; /* Unix time */
};
/* What could not be read is NaN. */
void process_stats_read(struct process_stats *ret_stats);

#endif
