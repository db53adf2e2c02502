/* Who sits on a server's port while the server is away: clients that check what they talk
 * to must notice. */
#ifndef FORETOP_SIM_SQUATTER_H
#define FORETOP_SIM_SQUATTER_H

#include "io/io.h"

struct squatter;

enum squatter_kind {
	SQUATTER_NONE,   /* nobody: connections are refused */
	SQUATTER_DEAF,   /* takes connections and says nothing */
	SQUATTER_BABBLE, /* answers with what is neither TLS nor HTTP */
	SQUATTER_FALSE,  /* a server that speaks TLS with a certificate of its own, and
			    says yes to everything */
};

/* Listens at "127.0.0.1:PORT", which nobody listens on. NULL for SQUATTER_NONE, and when
 * it cannot listen: then connections are refused, which is a fault too. */
struct squatter *squatter_new(struct reactor *r, enum squatter_kind kind,
			      const char *address);
/* Accepts NULL. */
void squatter_free(struct squatter *s);

#endif
