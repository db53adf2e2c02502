/* May this request be answered, going by its Host and Origin? A page of somebody else
 * whose name was made to lead to our address (DNS rebinding) comes with that name in
 * Host; a script of somebody else's page comes with its Origin. Private to serve. */
#ifndef FORETOP_SERVE_VISITOR_H
#define FORETOP_SERVE_VISITOR_H

#include "serve/request.h"

#include <stdbool.h>
#include <stdint.h>

struct visitor_rules {
	/* Names that Host may have beside "localhost" and numeric addresses, which no
	 * foreign name server can turn into ours. Lower case. Borrowed. */
	char *const *hosts;
	int32_t host_count;
	bool tls; /* the scheme of our own Origin */
};

/* NULL when it may; otherwise the sentence of the refusal, without a newline. */
const char *visitor_problem(const struct request *q, const struct visitor_rules *rules);

#endif
