#include "http/secret.h"

#include "unit/harness.h"

#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/foretop-secret-XXXXXX";

static void write_file(const char *text)
{
	FILE *f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
}

static void make_file(void)
{
	strcpy(path, "/tmp/foretop-secret-XXXXXX");
	close(mkstemp(path));
}

static void drop_file(void)
{
	unlink(path);
}

static int refresh(struct secret *s, bool *changed)
{
	*changed = false;
	return secret_refresh(s, changed, NULL);
}

START_TEST(a_changed_file_is_told_and_an_equal_one_is_not)
{
	struct secret s;
	bool changed;
	secret_init(&s, NULL, path, true);
	write_file("one \r\n");
	ck_assert_int_eq(refresh(&s, &changed), 0);
	ck_assert(changed);
	ck_assert_str_eq(secret_text(&s), "one");
	write_file("one\n\n\n");
	ck_assert_int_eq(refresh(&s, &changed), 0);
	ck_assert(!changed);
	secret_forget(&s);
	ck_assert_int_eq(refresh(&s, &changed), 0);
	ck_assert(!changed);
	secret_fini(&s);
}
END_TEST

START_TEST(a_pem_keeps_its_lines)
{
	struct secret s;
	bool changed;
	secret_init(&s, NULL, path, false);
	write_file("a\nb\n");
	ck_assert_int_eq(refresh(&s, &changed), 0);
	ck_assert_str_eq(secret_text(&s), "a\nb\n");
	secret_fini(&s);
}
END_TEST

START_TEST(a_bad_first_content_is_an_error_and_a_bad_later_one_is_not)
{
	static const char *const bad[] = {"", " \n", "a\nb"};
	struct secret s;
	struct err err = {0};
	bool changed = false;
	secret_init(&s, NULL, path, true);
	write_file(bad[_i]);
	ck_assert_int_eq(secret_refresh(&s, &changed, &err), -1);
	ck_assert_int_eq(err.code, ERR_RETRY);
	ck_assert_msg(strstr(err.msg, path) != NULL, "%s", err.msg);
	ck_assert_ptr_null(secret_text(&s));
	write_file("good");
	ck_assert_int_eq(refresh(&s, &changed), 0);
	write_file(bad[_i]);
	ck_assert_int_eq(refresh(&s, &changed), 0);
	ck_assert(!changed);
	ck_assert_str_eq(secret_text(&s), "good");
	secret_fini(&s);
}
END_TEST

START_TEST(given_bytes_win_over_the_file)
{
	struct secret s;
	bool changed;
	secret_init(&s, "given", path, true);
	write_file("file");
	ck_assert_int_eq(refresh(&s, &changed), 0);
	ck_assert_str_eq(secret_text(&s), "given");
	secret_set(&s, "newer");
	ck_assert_str_eq(secret_text(&s), "newer");
	secret_set(&s, NULL);
	ck_assert_int_eq(refresh(&s, &changed), 0);
	ck_assert_str_eq(secret_text(&s), "file");
	secret_fini(&s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("http secret");
	TCase *t = tcase_create("secret");
	tcase_add_checked_fixture(t, make_file, drop_file);
	tcase_add_test(t, a_changed_file_is_told_and_an_equal_one_is_not);
	tcase_add_test(t, a_pem_keeps_its_lines);
	tcase_add_loop_test(t, a_bad_first_content_is_an_error_and_a_bad_later_one_is_not,
			    0, 3);
	tcase_add_test(t, given_bytes_win_over_the_file);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
