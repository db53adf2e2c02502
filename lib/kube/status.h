/* What an answer of the API server means: HTTP status, Status object and the text that an
 * admin needs. Pure. */
#ifndef FORETOP_KUBE_STATUS_H
#define FORETOP_KUBE_STATUS_H

#include "base/base.h"

#include <stdbool.h>

struct kube_status {
	long status;     /* HTTP's, or the code of the Status object */
	char reason[64]; /* "Conflict", "Expired", ...; "" when the body was no Status */
	int64_t retry_after_ms;
	struct err err; /* never ERR_NONE */
};

/* Reads an answer that is not 2xx. `what` is the request ("GET /api/v1/pods"), body any
 * bytes, such as a proxy's HTML. header_retry_after_ms < 0: no such header. */
void kube_status_read(const char *what, long status, const char *body, size_t len,
		      int64_t header_retry_after_ms, struct kube_status *ret_status);
/* A Status object, as it comes in a watch's ERROR event. */
void kube_status_of_object(const char *what, const cJSON *object,
			   struct kube_status *ret_status);

/* 410 in its two forms: a resourceVersion or a continue token that is too old. */
bool kube_status_is_expired(const struct kube_status *s);
/* The server has not seen the asked resourceVersion yet (504 or 500 with this cause). */
bool kube_status_is_too_new(const struct kube_status *s);

#endif
