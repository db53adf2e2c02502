#include "io/io.h"

#include "unit/harness.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct reactor *reactor;
static struct child *child;
static struct child_result got;
static char output[256];
static int answers;

static void setup(void)
{
	struct err err;
	reactor = reactor_new(&err);
	ck_assert_msg(reactor != NULL, "%s", err.msg);
	answers = 0;
}

static void teardown(void)
{
	reactor_free(reactor);
	/* Nothing is left behind: no child waits to be collected. */
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}

static void done(void *arg, const struct child_result *result)
{
	(void)arg;
	answers++;
	got = *result;
	snprintf(output, sizeof(output), "%s", result->output);
	reactor_stop(reactor);
}

static void run(const char *script, const char *const *env, int64_t timeout_ms)
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct child_options options = {.argv = argv,
					.env = env,
					.timeout_ms = timeout_ms,
					.output_max = 100,
					.done = done};
	struct err err;
	answers = 0;
	child = child_start(reactor, &options, &err);
	ck_assert_msg(child != NULL, "%s", err.msg);
	ck_assert_int_eq(answers, 0);
	reactor_run(reactor);
	ck_assert_int_eq(answers, 1);
}

START_TEST(its_output_comes_whole_with_what_was_set_in_its_environment)
{
	setenv("FORETOP_CHILD_KEPT", "kept", 1);
	setenv("FORETOP_CHILD_SET", "old", 1);
	const char *const env[] = {"FORETOP_CHILD_SET=new", "FORETOP_CHILD_MORE=a=b",
				   NULL};
	run("echo \"$FORETOP_CHILD_KEPT $FORETOP_CHILD_SET $FORETOP_CHILD_MORE\"; cat; "
	    "echo said >&2; printf end",
	    env, 60000);
	ck_assert_int_eq(got.err.code, ERR_NONE);
	ck_assert_str_eq(output, "kept new a=b\nend");
	ck_assert_uint_eq(got.len, strlen(output));
}
END_TEST

START_TEST(a_failure_tells_code_and_last_line_of_stderr)
{
	run("echo first >&2; printf 'please log in\\n\\n' >&2; exit 3", NULL, 60000);
	ck_assert_int_eq(got.err.code, ERR_RETRY);
	ck_assert_str_eq(got.err.msg, "sh: exit code 3: please log in");
	run("kill -9 $$", NULL, 60000);
	ck_assert_str_eq(got.err.msg, "sh: ended by signal 9");
	run("i=0; while [ $i -lt 999 ]; do echo line $i of many >&2; i=$((i+1)); done; "
	    "exit 1",
	    NULL, 60000);
	ck_assert_str_eq(got.err.msg, "sh: exit code 1: line 998 of many");
}
END_TEST

START_TEST(one_that_takes_too_long_is_killed_with_all_it_started)
{
	run("sleep 600 & echo $!; wait", NULL, 2000);
	ck_assert_int_eq(got.err.code, ERR_RETRY);
	ck_assert_str_eq(got.err.msg, "sh: no answer in time");
	pid_t grandchild = (pid_t)atoi(output);
	ck_assert_int_gt(grandchild, 0);
	/* It is gone, or a zombie of init's that nobody has collected yet. */
	for (int i = 0; i < 1000 && kill(grandchild, 0) == 0; i++) {
		char *path AUTO_FREE = xasprintf("/proc/%d/stat", (int)grandchild);
		char *text AUTO_FREE = NULL;
		if (file_read(path, 4096, &text, NULL, NULL) < 0 || strstr(text, ") Z "))
			return;
		usleep(10000);
	}
	ck_assert_int_ne(kill(grandchild, 0), 0);
}
END_TEST

START_TEST(more_output_than_allowed_is_an_error)
{
	run("while :; do echo 0123456789; done", NULL, 60000);
	ck_assert_int_eq(got.err.code, ERR_RETRY);
	ck_assert_str_eq(got.err.msg, "sh: answered more than 100 bytes");
}
END_TEST

START_TEST(a_descendant_that_keeps_the_pipe_is_not_waited_for)
{
	run("sleep 600 & echo $!", NULL, 60000);
	ck_assert_int_eq(got.err.code, ERR_NONE);
	pid_t grandchild = (pid_t)atoi(output);
	ck_assert_int_gt(grandchild, 0);
	kill(grandchild, SIGKILL);
}
END_TEST

START_TEST(what_does_not_exist_is_told_at_once)
{
	const char *const argv[] = {"/nonexistent/plugin", NULL};
	struct child_options options = {
		.argv = argv, .timeout_ms = 1000, .output_max = 100, .done = done};
	struct err err;
	ck_assert_ptr_null(child_start(reactor, &options, &err));
	ck_assert_int_eq(err.code, ERR_RETRY);
	ck_assert_str_eq(err.msg, "/nonexistent/plugin: No such file or directory");
}
END_TEST

START_TEST(a_killed_child_answers_no_more)
{
	const char *const argv[] = {"sleep", "600", NULL};
	struct child_options options = {
		.argv = argv, .timeout_ms = 1000, .output_max = 100, .done = done};
	struct err err;
	child = child_start(reactor, &options, &err);
	ck_assert_ptr_nonnull(child);
	child_kill(child);
	child_kill(NULL);
	ck_assert_int_eq(answers, 0);
}
END_TEST

START_TEST(none_of_our_descriptors_and_signal_settings_are_inherited)
{
	run("ls /proc/self/fd | wc -l; grep -E '^SigBlk' /proc/self/status", NULL, 60000);
	/* 0, 1, 2 and the directory that ls itself reads. */
	ck_assert_str_eq(output, "4\nSigBlk:\t0000000000000000\n");
	run("kill -s PIPE $$; echo still here", NULL, 60000);
	ck_assert_str_eq(got.err.msg, "sh: ended by signal 13");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("child");
	TCase *t = tcase_create("child");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, its_output_comes_whole_with_what_was_set_in_its_environment);
	tcase_add_test(t, a_failure_tells_code_and_last_line_of_stderr);
	tcase_add_test(t, one_that_takes_too_long_is_killed_with_all_it_started);
	tcase_add_test(t, more_output_than_allowed_is_an_error);
	tcase_add_test(t, a_descendant_that_keeps_the_pipe_is_not_waited_for);
	tcase_add_test(t, what_does_not_exist_is_told_at_once);
	tcase_add_test(t, a_killed_child_answers_no_more);
	tcase_add_test(t, none_of_our_descriptors_and_signal_settings_are_inherited);
	suite_add_tcase(s, t);
	return run_suite(s);
}
