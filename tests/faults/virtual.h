/* Virtual time and a virtual network in one process, in place of lib/io's reactor and
 * clock, lib/http's transfers, lib/kube's WebSockets and lib/serve's sockets: everything
 * above them is the product's own code, and so is the simulation that it talks to. A
 * program that is linked with these files runs minutes in milliseconds, and the same seed
 * runs the same way to the last bit. */
#ifndef FORETOP_TESTS_VIRTUAL_H
#define FORETOP_TESTS_VIRTUAL_H

#include "serve/serve.h"
#include "sim/squatter.h"

/* Starts again at time 0 with this seed, for everything that is random in the network and
 * in the programs. Nothing of an earlier run may be left. */
void virtual_reset(uint64_t seed);
/* Serves what is due until that much more time has passed. */
void virtual_run(struct reactor *r, int64_t ms);
/* By how much the wall clock is off from now on, in all. */
void virtual_set_wall(int64_t offset_ms);
/* On whose behalf things happen now: what a callback starts is on the side of the
 * callback.
 */
enum virtual_side { SIDE_NONE, SIDE_SERVER, SIDE_CLIENT };
enum virtual_side virtual_side(void);
void virtual_set_side(enum virtual_side side);
/* Uniform in [0, 1), from the seed. */
double virtual_chance(void);

/* --- between the two sides of the network --- */

struct wire; /* one request, or one WebSocket, on its way */

/* What comes back to a client. After `ended` the wire is gone. */
struct wire_client {
	/* Of a WebSocket: 101 when it is open. */
	void (*head)(void *arg, int status, const char *type, int64_t retry_after_ms);
	/* A piece of the body; of a WebSocket a fragment, `last` when its message is
	 * complete. */
	void (*data)(void *arg, const char *data, size_t len, bool last);
	/* code: 0, or the code of a WebSocket's close. */
	void (*ended)(void *arg, bool whole, int code);
	void *arg;
};

enum wire_port { PORT_REFUSES, PORT_SERVES, PORT_DEAF, PORT_BABBLES, PORT_FALSE };
/* What is behind "127.0.0.1:PORT". */
enum wire_port wire_port(const char *authority);
/* Sends a request to a port that serves. Takes over the request and the body. */
struct wire *wire_send(const char *authority, struct request *q, char *body,
		       bool websocket, const struct wire_client *client);
/* The client goes away; no callback comes any more. Accepts NULL. */
void wire_leave(struct wire *w);

#endif
