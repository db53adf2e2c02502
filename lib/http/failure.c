#include "http/failure.h"

#include <string.h>

static bool passed(CURL *easy, CURLINFO info)
{
	curl_off_t us = 0;
	curl_easy_getinfo(easy, info, &us);
	return us > 0;
}

static enum http_phase phase_by_progress(const struct http_exchange *x)
{
	CURL *easy = x->transfer.easy;
	long sent = 0;
	curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent);
	if (x->answered)
		return HTTP_BODY;
	if (sent > 0)
		return HTTP_FIRST_BYTE;
	if (!passed(easy, CURLINFO_NAMELOOKUP_TIME_T))
		return HTTP_RESOLVE;
	bool secured = passed(easy, CURLINFO_APPCONNECT_TIME_T);
	if (x->handshake && !secured)
		return HTTP_TLS;
	if (!secured && (x->endpoint->tls || !passed(easy, CURLINFO_CONNECT_TIME_T)))
		return HTTP_CONNECT;
	return HTTP_SEND;
}

static enum http_phase phase_of(const struct http_exchange *x, CURLcode result)
{
	if (x->too_large)
		return HTTP_TOO_LARGE;
	switch (result) {
	case CURLE_FILESIZE_EXCEEDED:
		return HTTP_TOO_LARGE;
	case CURLE_URL_MALFORMAT:
	case CURLE_OUT_OF_MEMORY:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CIPHER:
		return HTTP_NOT_SENT;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return HTTP_RESOLVE;
	case CURLE_COULDNT_CONNECT:
		return HTTP_CONNECT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
		return HTTP_TLS;
	case CURLE_SEND_ERROR:
		return HTTP_SEND;
	default:
		return phase_by_progress(x);
	}
}

static const char *const doing[] = {
	[HTTP_ANSWERED] = "",
	[HTTP_NOT_SENT] = "preparing the request",
	[HTTP_RESOLVE] = "resolving the name",
	[HTTP_CONNECT] = "connecting",
	[HTTP_TLS] = "in the TLS handshake",
	[HTTP_SEND] = "sending the request",
	[HTTP_FIRST_BYTE] = "waiting for the first byte",
	[HTTP_BODY] = "reading the answer",
	[HTTP_TOO_LARGE] = "reading the answer",
};

static void describe_timeout(const struct http_exchange *x, CURLcode result,
			     struct http_response *r)
{
	curl_off_t us = 0;
	curl_easy_getinfo(x->transfer.easy, CURLINFO_TOTAL_TIME_T, &us);
	r->timed_out = true;
	r->failed = phase_by_progress(x);
	long long ms = result == CURLE_OK ? (long long)x->first_byte_ms : us / 1000;
	err_set(&r->err, ERR_RETRY, "%s: time-out after %lld ms %s",
		x->endpoint->authority, ms, doing[r->failed]);
}

/* curl's own words where it has some, the system's where it only says "couldn't connect".
 */
static const char *cause_of(const struct http_exchange *x, CURLcode result)
{
	long system_error = 0;
	curl_easy_getinfo(x->transfer.easy, CURLINFO_OS_ERRNO, &system_error);
	if (result == CURLE_COULDNT_CONNECT && system_error)
		return strerror((int)system_error);
	if (x->no_status)
		return "the status line is not one of HTTP";
	if (result == CURLE_GOT_NOTHING)
		return "the connection was closed without an answer";
	return x->error[0] ? x->error : curl_easy_strerror(result);
}

void failure_describe(const struct http_exchange *x, CURLcode result,
		      struct http_response *r)
{
	if (x->late || (result == CURLE_OPERATION_TIMEDOUT && !x->too_large)) {
		describe_timeout(x, x->late ? CURLE_OK : result, r);
		return;
	}
	r->failed = phase_of(x, result);
	if (r->failed == HTTP_TOO_LARGE)
		err_set(&r->err, ERR_INVALID, "%s: answer larger than %zu bytes",
			x->endpoint->authority, x->endpoint->max_response_bytes);
	else
		err_set(&r->err, ERR_RETRY, "%s: %s: %s", x->endpoint->authority,
			doing[r->failed], cause_of(x, result));
}
