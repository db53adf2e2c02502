#include "kube/resolve.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

struct resolve {
	struct transfer transfer; /* first: done finds us by it */
	struct reactor *reactor;
	resolved done;
	void *arg;
	char error[CURL_ERROR_SIZE];
};

bool resolve_is_address(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];
	return inet_pton(AF_INET, host, address) == 1 ||
	       inet_pton(AF_INET6, host, address) == 1;
}

void resolve_cancel(struct resolve *res)
{
	if (!res)
		return;
	transfer_stop(res->reactor, &res->transfer);
	curl_easy_cleanup(res->transfer.easy);
	free(res);
}

static void on_done(struct transfer *t, CURLcode result)
{
	struct resolve *res = (struct resolve *)t;
	char address[INET6_ADDRSTRLEN] = "";
	struct err err = {0};
	char *found = NULL;
	curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_IP, &found);
	if (result != CURLE_OK || !found || !*found)
		err_set(&err, ERR_RETRY, "%s",
			*res->error ? res->error : curl_easy_strerror(result));
	else
		snprintf(address, sizeof(address), "%s", found);
	resolved done = res->done;
	void *arg = res->arg;
	resolve_cancel(res);
	done(arg, *address ? address : NULL, &err);
}

struct resolve *resolve_start(struct reactor *r, const char *host, int port,
			      int64_t timeout_ms, resolved done, void *arg,
			      struct err *err)
{
	struct resolve *res = xcalloc(1, sizeof(*res));
	*res = (struct resolve){
		.transfer = {.easy = curl_easy_init(), .done = on_done},
		.reactor = r,
		.done = done,
		.arg = arg,
	};
	char *url AUTO_FREE = xasprintf("http://%s:%d", host, port);
	CURL *easy = res->transfer.easy;
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, res->error);
	if (transfer_start(r, &res->transfer, err) < 0) {
		curl_easy_cleanup(easy);
		free(res);
		return NULL;
	}
	return res;
}
