/* A certificate made on the spot, for servers on loopback whose clients are told to trust
 * exactly it: the served simulation and tests. */
#ifndef FORETOP_SERVE_CERTIFICATE_H
#define FORETOP_SERVE_CERTIFICATE_H

#include "base/base.h"

struct certificate {
	char *cert_pem, *key_pem;
};
/* Self-signed, its own authority, for localhost, kubernetes.default.svc, 127.0.0.1 and
 * ::1, valid for ten years from yesterday; a new P-256 key each time. 0, or -1 with
 * ERR_FATAL. */
int certificate_make(struct certificate *ret_certificate, struct err *err);
/* Accepts NULL and zeroed. */
void certificate_fini(struct certificate *c);

#endif
