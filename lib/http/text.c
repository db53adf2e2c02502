#include "http/http.h"

#include <curl/curl.h>

/* Go's names of processors, as the API server's audit log knows them. */
#if defined(__x86_64__)
#define ARCHITECTURE "amd64"
#elif defined(__aarch64__)
#define ARCHITECTURE "arm64"
#elif defined(__riscv)
#define ARCHITECTURE "riscv64"
#elif defined(__powerpc64__)
#define ARCHITECTURE "ppc64le"
#elif defined(__s390x__)
#define ARCHITECTURE "s390x"
#else
#define ARCHITECTURE "unknown"
#endif

const char *http_user_agent(void)
{
	return "foretop/" FORETOP_VERSION " (linux/" ARCHITECTURE ")";
}

int http_escape(struct str *out, const char *text)
{
	char *escaped = mem_or_die(curl_easy_escape(NULL, text, 0));
	int result = str_puts(out, escaped);
	curl_free(escaped);
	return result;
}

const char *http_phase_name(enum http_phase phase)
{
	static const char *const names[] = {
		[HTTP_ANSWERED] = "answered",
		[HTTP_NOT_SENT] = "not sent",
		[HTTP_RESOLVE] = "resolve",
		[HTTP_CONNECT] = "connect",
		[HTTP_TLS] = "tls",
		[HTTP_SEND] = "send",
		[HTTP_FIRST_BYTE] = "first byte",
		[HTTP_BODY] = "body",
		[HTTP_TOO_LARGE] = "too large",
	};
	return names[phase];
}
