/* The address behind a host name, found by libcurl, because libwebsockets would block the
 * loop while it asks. */
#ifndef FORETOP_KUBE_RESOLVE_H
#define FORETOP_KUBE_RESOLVE_H

#include "io/io.h"

#include <netinet/in.h>

struct resolve;

/* address: NULL on error. Borrowed for the call. */
typedef void (*resolved)(void *arg, const char *address, const struct err *err);

/* True for "10.0.0.1" and "fd00::1", which need no resolving. */
bool resolve_is_address(const char *host);
/* Resolves and connects once, so the address is one that answers (the connection is given
 * up). `done` is called once, from the loop. NULL with *err = ERR_RETRY: it is not. */
struct resolve *resolve_start(struct reactor *r, const char *host, int port,
			      int64_t timeout_ms, resolved done, void *arg,
			      struct err *err);
/* Ends without calling back. Accepts NULL. */
void resolve_cancel(struct resolve *res);

#endif
