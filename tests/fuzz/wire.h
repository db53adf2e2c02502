/* A loop and sockets on loopback for targets whose bytes come over a connection. One
 * reactor for the life of the process: starting one takes longer than most inputs. */
#ifndef FORETOP_TESTS_FUZZ_WIRE_H
#define FORETOP_TESTS_FUZZ_WIRE_H

#include "fuzz/fuzz.h"
#include "io/io.h"

struct reactor *wire_reactor(void);
/* Serves until *flag is true; a finding when that takes longer than any input may. */
void wire_run_until(const bool *flag);
/* Serves what is ready now, so many rounds. */
void wire_rounds(int rounds);

/* A client's socket to a port on loopback; reading never blocks. */
int wire_connect(int port);

/* A server that waits for the end of a request's head, answers with these bytes
 * (borrowed) and closes. */
struct wire_server {
	struct fd_watch listener, peer; /* fd < 0: nobody is connected */
	struct str head;
	const uint8_t *answer;
	size_t size;
	int port;
};
void wire_server_start(struct wire_server *s);

#endif
