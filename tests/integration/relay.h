/* A proxy that speaks CONNECT, as a process of its own: whatever name it is asked for, it
 * goes to one port of loopback. */
#ifndef FORETOP_TESTS_RELAY_H
#define FORETOP_TESTS_RELAY_H

#include <sys/types.h>

struct relay {
	pid_t pid; /* 0: not running */
	int port;
	const char *log; /* the head of each request that it was sent; borrowed */
};

/* Listens on a port that the kernel chooses. log: the path of a file, borrowed. */
void relay_start(struct relay *r, int to_port, const char *log);
/* Cuts all connections. Accepts one that does not run. */
void relay_stop(struct relay *r);

#endif
