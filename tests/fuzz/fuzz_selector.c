/* Label selectors as text: the printed form selects the same. The input's first line is
 * the selector, each further line a label "key=value" of one object. Beside it: names'
 * versions are in one order. */
#include "fuzz/fuzz.h"

#include "kube/kube.h"

#include <stdlib.h>
#include <string.h>

static cJSON *labels_of(char *lines)
{
	cJSON *labels = cJSON_CreateObject();
	for (char *line; (line = strsep(&lines, "\n"));) {
		char *key = strsep(&line, "=");
		cJSON_AddStringToObject(labels, key, line ? line : "");
	}
	return labels;
}

static void selector_cleanup(struct kube_selector **s)
{
	kube_selector_free(*s);
}

static int sign(int value)
{
	return (value > 0) - (value < 0);
}

static void check_versions(const char *a, const char *b)
{
	must(kube_version_compare(a, a) == 0 && kube_version_compare(b, b) == 0, "self");
	must(sign(kube_version_compare(a, b)) == -sign(kube_version_compare(b, a)),
	     "\"%s\" and \"%s\"", a, b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text AUTO_FREE = fuzz_text(data, size);
	char *rest = text, *line = strsep(&rest, "\n");
	char *version AUTO_FREE = xstrdup(rest ? rest : "");
	check_versions(line, version);
	struct err err = {0};
	struct kube_selector *s AUTO(selector_cleanup) = kube_selector_parse(line, &err);
	if (!s) {
		must_explain(&err);
		must(err.code == ERR_INVALID, "code %d", (int)err.code);
		return 0;
	}
	char *printed AUTO_FREE = kube_selector_text(s);
	struct kube_selector *back AUTO(selector_cleanup) =
		kube_selector_parse(printed, &err);
	must(back, "\"%s\": %s", printed, err.msg);
	char *again AUTO_FREE = kube_selector_text(back);
	must_equal(printed, again);
	must(kube_selector_is_empty(s) == (*printed == '\0'), "\"%s\"", printed);
	cJSON *labels AUTO(json_cleanup) = labels_of(rest ? rest : version);
	must(kube_selector_match(s, labels) == kube_selector_match(back, labels), "%s",
	     printed);
	must(kube_selector_match(s, NULL) == kube_selector_match(back, NULL), "%s",
	     printed);
	must(!kube_selector_is_empty(s) || kube_selector_match(s, labels), "%s", printed);
	return 0;
}
