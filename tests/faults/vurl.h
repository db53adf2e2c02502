/* Requests of virtual clients as a server reads them. */
#ifndef FORETOP_TESTS_VURL_H
#define FORETOP_TESTS_VURL_H

#include "serve/request.h"

/* From a method and "/path?query", both escaped. The caller finishes it. */
void virtual_request(struct request *q, const char *method, const char *target);

#endif
