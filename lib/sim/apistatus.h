/* Private to sim: what the API server says when something is not right. */
#ifndef FORETOP_SIM_APISTATUS_H
#define FORETOP_SIM_APISTATUS_H

#include "sim/apiobject.h"
#include "sim/bend.h"

struct apistatus {
	int code;           /* HTTP; 0: nothing is wrong */
	const char *reason; /* "Conflict", ...; constant */
	const char *cause;  /* of details.causes; NULL: none */
	char message[512];
	char name[256]; /* details.name; "": none */
	char kind[128]; /* details.kind: the plural */
	char group[64];
	int retry_after_s; /* 0: none */
};

/* The usual reason of a code: 404 -> "NotFound". */
const char *apistatus_reason(int code);
/* Sets code, reason and message; returns -1, so that a caller can return it. */
int apistatus_set(struct apistatus *s, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Adds what it is about. Returns -1. */
int apistatus_about(struct apistatus *s, enum kubeapi_resource resource,
		    const char *name);
/* The Status object; the caller frees it. */
char *apistatus_text(const struct apistatus *s);
/* Answers with it, bent as the request was struck. A 429 is plain text, as priority and
 * fairness sends it. */
void apistatus_reply(const struct apistatus *s, struct bends *b, struct exchange *x);

#endif
