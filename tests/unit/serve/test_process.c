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

int main(void)
{
	Suite *suite = suite_create("process");
	TCase *tc = tcase_create("stats");
	tcase_add_test(tc, this_process_is_read);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
