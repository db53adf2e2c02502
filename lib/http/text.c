#include "http/http.h"

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

static bool unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

int http_escape(struct str *out, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		const char escaped[3] = {'%', hex[c >> 4], hex[c & 15]};
		if (unreserved(c) ? str_add(out, text, 1) < 0
				  : str_add(out, escaped, 3) < 0)
			return -1;
	}
	return 0;
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
