#include "unit/harness.h"

#include "io/io.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char path[64];

static void write_file(const char *text)
{
	FILE *f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void setup(void)
{
	strcpy(path, "/tmp/foretop-file-XXXXXX");
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
}

static void teardown(void)
{
	unlink(path);
}

START_TEST(reads_a_whole_file)
{
	write_file("token\n");
	char *text AUTO_FREE = NULL;
	size_t len;
	ck_assert_int_eq(file_read(path, 100, &text, &len, NULL), 0);
	ck_assert_str_eq(text, "token\n");
	ck_assert_uint_eq(len, 6);
}
END_TEST

START_TEST(too_large_a_file_is_refused_with_its_name)
{
	write_file("0123456789");
	char *text = NULL;
	struct err err;
	ck_assert_int_eq(file_read(path, 9, &text, NULL, &err), -1);
	ck_assert_ptr_null(text);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(err.msg, path));
	ck_assert_int_eq(file_read(path, 10, &text, NULL, &err), 0);
	free(text);
}
END_TEST

START_TEST(a_missing_file_may_come_later)
{
	struct err err;
	char *text = NULL;
	ck_assert_int_eq(file_read("/nonexistent/file", 9, &text, NULL, &err), -1);
	ck_assert_int_eq(err.code, ERR_RETRY);
}
END_TEST

START_TEST(a_change_is_seen_once)
{
	struct file_watch w = {0};
	write_file("a");
	ck_assert(file_changed(&w, path));
	ck_assert(!file_changed(&w, path));
	write_file("ab");
	ck_assert(file_changed(&w, path));
	ck_assert(!file_changed(&w, path));
}
END_TEST

START_TEST(a_vanished_file_is_no_change)
{
	struct file_watch w = {0};
	ck_assert(file_changed(&w, path));
	unlink(path);
	ck_assert(!file_changed(&w, path));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("file");
	TCase *t = tcase_create("file");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, reads_a_whole_file);
	tcase_add_test(t, too_large_a_file_is_refused_with_its_name);
	tcase_add_test(t, a_missing_file_may_come_later);
	tcase_add_test(t, a_change_is_seen_once);
	tcase_add_test(t, a_vanished_file_is_no_change);
	suite_add_tcase(s, t);
	return run_suite(s);
}
