/* Private to sim: the faults that strike the requests of one server, and the events of
 * its watches. Every answer of the server goes out through bends_reply. */
#ifndef FORETOP_SIM_BEND_H
#define FORETOP_SIM_BEND_H

#include "serve/serve.h"
#include "sim/fault.h"
#include "sim/seen.h"

#define BENDS_MAX 64

struct bend_held;

struct bends {
	struct reactor *reactor;
	const struct clock *clock;
	struct fault armed[BENDS_MAX];
	int count;
	int struck; /* requests and events, so far */
	bool bent;  /* the request that is being carried out was struck by `now` */
	struct fault now;
	struct bend_held *held; /* answers that wait or drip */
	request_seen *seen;     /* may be NULL */
	void *seen_arg;
};

/* What a request is, for those who choose. */
struct bend_request {
	enum fault_on on; /* READS, WRITES or WATCHES */
	const char *of;   /* plural of a resource, or "" */
};

enum bend_verdict {
	BEND_GO_ON,  /* carry it out now */
	BEND_DEALT,  /* it is dealt with; x is not to be touched */
	BEND_REFUSE, /* answer it with bends->now.code */
};

void bends_init(struct bends *b, struct reactor *r, const struct clock *clock);
/* After the server: its end lets go of what is held. */
void bends_fini(struct bends *b);
/* From now on; of requests or of events. Dropped when BENDS_MAX wait already. */
void bends_arm(struct bends *b, const struct fault *f);

/* Before a request is carried out. `again` carries it out later, after a delay. */
enum bend_verdict bends_take(struct bends *b, struct exchange *x,
			     const struct bend_request *q,
			     void (*again)(struct exchange *x, void *arg), void *arg);
/* The same for the upgrade to a WebSocket: 0, or the HTTP status to refuse it with. */
int bends_upgrade(struct bends *b, const struct request *q, const char *of);
/* The answer of a request, bent as it was struck. */
void bends_reply(struct bends *b, struct exchange *x, int status,
		 const char *content_type, const char *body, size_t len);
void bends_reply_text(struct bends *b, struct exchange *x, int status,
		      const char *content_type, const char *text);

/* What strikes the next event of a watch of this resource; -1: nothing. */
int bends_event(struct bends *b, const char *of);

#endif
