/* A listening TCP socket. Knows nothing of who accepts on it. */
#ifndef TOPICSD_LISTENER_H
#define TOPICSD_LISTENER_H

#include <stdint.h>

enum { LISTENER_PROBLEM_SIZE = 256 };

/* Listens on host (a name or an address of either family, without brackets) and *port; for 0 takes
   any free port, which is then in *port. Returns the descriptor, non-blocking and closed on exec,
   which is the caller's; or -1, and in problem what went wrong, for people. */
int listener_open(const char *host, uint16_t *port, char problem[LISTENER_PROBLEM_SIZE]);

/* The next client that has connected: a descriptor as above. -1 with errno set as by accept. */
int listener_accept(int listener);

#endif
