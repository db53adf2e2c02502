#include "unit/harness.h"

#include "base/base.h"
#include "io/io.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Runs `write` with standard error going into a buffer. */
static const char *captured(void (*write)(void))
{
	static char text[4096];
	FILE *out = tmpfile();
	ck_assert_ptr_nonnull(out);
	int saved = dup(STDERR_FILENO);
	fflush(stderr);
	dup2(fileno(out), STDERR_FILENO);
	write();
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(out);
	size_t n = fread(text, 1, sizeof(text) - 1, out);
	text[n] = '\0';
	fclose(out);
	return text;
}

static void scaled(void)
{
	log_info("Scaled", KV_TEXT("policy", "shop/\"checkout\"\n"), KV_NUM("to", 5));
}

static void decided(void)
{
	log_info("Decided", KV_OBJECT("policy", "shop", "checkout"),
		 KV_BOOL("dryRun", true));
}

static void debug(void)
{
	log_debug("Detail");
}

START_TEST(text_lines_are_klogs_and_quote_values)
{
	log_configure(&(struct log_config){.format = LOG_TEXT});
	const char *line = captured(scaled);
	ck_assert_int_eq(line[0], 'I');
	ck_assert_ptr_nonnull(strstr(line, "test_log.c:"));
	ck_assert_ptr_nonnull(
		strstr(line, "] \"Scaled\" policy=\"shop/\\\"checkout\\\"\\n\" to=5\n"));
	ck_assert_ptr_eq(strchr(line, '\n'), line + strlen(line) - 1);
}
END_TEST

START_TEST(json_lines_are_one_object)
{
	log_configure(&(struct log_config){.format = LOG_JSON});
	const char *line = captured(scaled);
	struct err err;
	cJSON *o = json_parse(line, strlen(line), &err);
	ck_assert_msg(o != NULL, "%s", err.msg);
	ck_assert_str_eq(json_str(o, "msg", ""), "Scaled");
	ck_assert_str_eq(json_str(o, "policy", ""), "shop/\"checkout\"\n");
	ck_assert_int_eq(json_int(o, "to", 0), 5);
	ck_assert_int_gt(json_int(o, "ts", 0), 1600000000);
	cJSON_Delete(o);
}
END_TEST

START_TEST(objects_are_named_as_klog_names_them)
{
	log_configure(&(struct log_config){.format = LOG_TEXT});
	ck_assert_ptr_nonnull(
		strstr(captured(decided), " policy=\"shop/checkout\" dryRun=\"true\"\n"));
	log_configure(&(struct log_config){.format = LOG_JSON});
	ck_assert_ptr_nonnull(strstr(captured(decided),
				     "\"policy\":{\"name\":\"checkout\","
				     "\"namespace\":\"shop\"}"));
}
END_TEST

START_TEST(debug_is_silent_below_verbosity_4)
{
	log_configure(&(struct log_config){.verbosity = 3});
	ck_assert_str_eq(captured(debug), "");
	log_configure(&(struct log_config){.verbosity = 4});
	ck_assert_str_ne(captured(debug), "");
}
END_TEST

static void failed(void)
{
	log_error("Failed");
}

START_TEST(errors_are_silent_at_verbosity_minus_2_alone)
{
	log_configure(&(struct log_config){.verbosity = -1});
	ck_assert_str_ne(captured(failed), "");
	log_configure(&(struct log_config){.verbosity = -2});
	ck_assert_str_eq(captured(failed), "");
}
END_TEST

START_TEST(library_lines_are_kept_for_whoever_needs_the_reason)
{
	log_configure(&(struct log_config){0});
	log_library_emit(1, "SSL error: self signed\n");
	ck_assert_str_eq(log_library_line(), "SSL error: self signed");
	log_take_library_line();
	ck_assert_str_eq(log_library_line(), "");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("log");
	TCase *t = tcase_create("log");
	tcase_add_test(t, text_lines_are_klogs_and_quote_values);
	tcase_add_test(t, json_lines_are_one_object);
	tcase_add_test(t, objects_are_named_as_klog_names_them);
	tcase_add_test(t, debug_is_silent_below_verbosity_4);
	tcase_add_test(t, errors_are_silent_at_verbosity_minus_2_alone);
	tcase_add_test(t, library_lines_are_kept_for_whoever_needs_the_reason);
	suite_add_tcase(s, t);
	return run_suite(s);
}
