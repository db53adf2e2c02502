#include "kube/pause.h"

#include "base/base.h"

#include <stdio.h>
#include <string.h>

#define KEY_MAX 253

char *kube_pause_key(const char *ns, const char *name)
{
	char *key = xasprintf("%s.%s", ns, name);
	if (strlen(key) > KEY_MAX)
		snprintf(key + KEY_MAX - 17, 18, "-%016llx",
			 (unsigned long long)hash_text(key));
	return key;
}

int kube_pause_read(const char *text, int64_t *ret_until_ms)
{
	if (strcmp(text, KUBE_PAUSE_FOREVER))
		return time_parse(text, ret_until_ms, NULL);
	*ret_until_ms = INT64_MAX;
	return 0;
}
