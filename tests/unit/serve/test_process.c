#include "serve/process.h"

#include "io/io.h"
#include "unit/harness.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

START_TEST(this_process_is_read)
{
	struct process_stats before, after;
	process_stats_read(&before);
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	process_stats_read(&after);
	close(fd);
	ck_near(after.open_fds, before.open_fds + 1, 0);
	ck_assert(after.max_fds >= after.open_fds);
	ck_assert(after.resident_bytes > 1e5 && after.resident_bytes < 1e9);
	ck_assert(after.resident_anon_bytes > 0 &&
		  after.resident_anon_bytes <= after.resident_bytes);
	ck_assert(after.virtual_bytes >= after.resident_bytes);
	ck_assert(after.cpu_s >= before.cpu_s && after.cpu_s < 60);
	double age = (double)wall_ms() / 1000 - after.start_time_s;
	ck_assert_msg(age > -2 && age < 600, "started %g s ago", age);
}
END_TEST

START_TEST(what_is_unknown_is_left_out)
{
	struct str out AUTO(str_fini);
	str_init(&out, 4096);
	const struct process_stats stats = {1.5, 2048, NAN, NAN, 7, NAN, NAN};
	ck_assert_int_eq(process_metrics_write(&stats, &out), 0);
	ck_assert_str_eq(
		str_text(&out),
		"# HELP process_cpu_seconds_total Total user and system CPU time "
		"spent in seconds.\n"
		"# TYPE process_cpu_seconds_total counter\n"
		"process_cpu_seconds_total 1.5\n"
		"# HELP process_resident_memory_bytes Resident memory size in "
		"bytes.\n"
		"# TYPE process_resident_memory_bytes gauge\n"
		"process_resident_memory_bytes 2048\n"
		"# HELP process_open_fds Number of open file descriptors.\n"
		"# TYPE process_open_fds gauge\n"
		"process_open_fds 7\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("process");
	TCase *tc = tcase_create("stats");
	tcase_add_test(tc, this_process_is_read);
	tcase_add_test(tc, what_is_unknown_is_left_out);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
