/* Why a transfer failed, in the words of somebody who has to repair it. Inside http only.
 */
#ifndef FORETOP_HTTP_FAILURE_H
#define FORETOP_HTTP_FAILURE_H

#include "http/exchange.h"

/* Fills failed, timed_out and err of a transfer that ended with `result`. */
void failure_describe(const struct http_exchange *x, CURLcode result,
		      struct http_response *ret_response);

#endif
