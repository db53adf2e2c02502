/* How tests see the requests that a served simulation gets, one by one: to count them,
 * and to do something at a chosen moment of a chosen one. */
#ifndef FORETOP_SIM_SEEN_H
#define FORETOP_SIM_SEEN_H

#include "serve/serve.h"

enum seen_phase {
	SEEN_ARRIVED, /* nothing was done about it yet */
	SEEN_DONE,    /* it was carried out; nothing was answered yet */
	SEEN_ANSWERED /* the answer is on its way */
};

/* True at SEEN_ARRIVED and SEEN_DONE: not any further, the connection breaks here. `q` is
 * borrowed for the call. */
typedef bool request_seen(void *arg, enum seen_phase phase, const struct request *q);

#endif
