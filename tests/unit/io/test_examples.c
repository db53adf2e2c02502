/* The policies under manifests/examples are what people paste first: each must be one
 * that is served. */
#include "unit/harness.h"

#include "io/io.h"
#include "policy/policy.h"

#include <glob.h>
#include <string.h>

#define FILE_MAX (64 * 1024)

static char *read_example(const char *path)
{
	struct err err;
	char *text = NULL;
	ck_assert_msg(file_read(path, FILE_MAX, &text, NULL, &err) == 0, "%s: %s", path,
		      err.msg);
	return text;
}

static void check_example(const char *path)
{
	struct err err;
	struct yaml_node *object AUTO(yaml_node_cleanup) = NULL;
	char *text AUTO_FREE = read_example(path);
	ck_assert_msg(yaml_parse(text, strlen(text), &object, &err) == 0, "%s: %s", path,
		      err.msg);
	const struct yaml_node *metadata = yaml_get(object, "metadata");
	const char *label =
		yaml_str(yaml_get(metadata, "labels"), "foretop.io/policy", "");
	const char *policy_text = yaml_str(yaml_get(object, "data"), "policy.yaml", "");
	ck_assert_str_eq(yaml_str(object, "kind", ""), "ConfigMap");
	ck_assert_msg(!strcmp(label, "v1"), "%s: not labelled as a policy", path);
	struct policy *policy = policy_parse(yaml_str(metadata, "namespace", ""),
					     yaml_str(metadata, "name", ""), policy_text,
					     strlen(policy_text), &err);
	ck_assert_msg(policy != NULL, "%s: %s", path, err.msg);
	ck_assert_msg(policy->mode != MODE_SCALE,
		      "%s: an example must not scale at once, when it is pasted", path);
	policy_free(policy);
}

START_TEST(every_example_is_a_valid_policy)
{
	glob_t found;
	ck_assert_int_eq(glob("manifests/examples/*.yaml", 0, NULL, &found), 0);
	ck_assert_uint_ge(found.gl_pathc, 6);
	for (size_t i = 0; i < found.gl_pathc; i++)
		check_example(found.gl_pathv[i]);
	globfree(&found);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("examples");
	TCase *t = tcase_create("examples");
	tcase_add_test(t, every_example_is_a_valid_policy);
	suite_add_tcase(s, t);
	return run_suite(s);
}
