/* The process's own HTTP face: /livez, /readyz, /metrics and a landing page. It lives in
 * the same loop as the work, so that a stuck loop shows. What policies are about is told
 * elsewhere, to fewer (page.h). Read only, but for the log's verbosity: PUT of a number
 * to /debug/flags/v, as Kubernetes' own components have it, from the machine itself
 * alone. */
#ifndef FORETOP_SERVE_FACE_H
#define FORETOP_SERVE_FACE_H

#include "serve/httpd.h"
#include "serve/metrics.h"

struct face;

struct face_config {
	const char *listen;      /* as in struct httpd_config */
	struct metrics *metrics; /* borrowed; NULL: /metrics is not there */
	/* Called before /metrics is written: brings gauges up to date. May be NULL. */
	void (*before_scrape)(void *arg);
	void *arg;
};

/* Listens; not ready at first. NULL with *err as httpd_new. Borrows the reactor and the
 * registry. */
struct face *face_new(struct reactor *r, const struct face_config *config,
		      struct err *err);
/* Accepts NULL. */
void face_free(struct face *f);
void face_cleanup(struct face **f);

/* What /readyz answers: 200 when ready, else 503, with `text` (copied; "ok", "waiting for
 * the first list of policies"). */
void face_set_ready(struct face *f, bool ready, const char *text);

/* "http://127.0.0.1:41234". Borrowed. */
const char *face_url(const struct face *f);
int face_port(const struct face *f);

#endif
