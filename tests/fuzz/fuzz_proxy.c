/* NO_PROXY and proxies' URLs: three lines, a list, a host and a URL. What is taken once
 * is taken again, unchanged. */
#include "fuzz/fuzz.h"

#include "kube/proxy.h"

#include <stdlib.h>
#include <string.h>

#define PORT 443

static void check_list(const char *list, const char *host)
{
	bool exempt = proxy_exempts(list, host, PORT);
	char *all AUTO_FREE = xasprintf("%s,*", list);
	char *twice AUTO_FREE = xasprintf("%s, ,%s", list, list);
	must(proxy_exempts(all, host, PORT), "* does not exempt %s", host);
	must(proxy_exempts(twice, host, PORT) == exempt, "%s, %s", list, host);
}

static void check_url(const char *text)
{
	char *url AUTO_FREE = NULL, *again AUTO_FREE = NULL;
	struct err err = {0};
	struct proxy p;
	if (proxy_normalize(text, &url, &err) < 0) {
		must_explain(&err);
		must(!url && err.code == ERR_INVALID, "touched");
		return;
	}
	must(proxy_normalize(url, &again, &err) == 0, "%s: %s", url, err.msg);
	must_equal(again, url);
	bool http = !strncmp(url, "http://", 7);
	must(proxy_read(url, &p) == (http ? 0 : -1), "%s", url);
	if (!http)
		return;
	must(p.host && *p.host && *p.host != '[', "%s", url);
	must(p.port >= 0 && p.port <= 65535, "%s: %d", url, p.port);
	proxy_fini(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text AUTO_FREE = fuzz_text(data, size);
	char *rest = text;
	const char *list = strsep(&rest, "\n");
	const char *host = rest ? strsep(&rest, "\n") : "";
	check_list(list, host);
	if (rest)
		check_url(rest);
	return 0;
}
