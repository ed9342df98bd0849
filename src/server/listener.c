#define _GNU_SOURCE /* accept4 */
#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

static bool prepare(int descriptor) {
  const int status = fcntl(descriptor, F_GETFL);
  return status >= 0 && fcntl(descriptor, F_SETFL, status | O_NONBLOCK) == 0 &&
         fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0;
}

int listener_accept(int listener) {
#ifdef SOCK_NONBLOCK
  return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
#else
  const int descriptor = accept(listener, NULL, NULL);
  if (descriptor >= 0) (void)prepare(descriptor);
  return descriptor;
#endif
}

/* Returns the descriptor, or -1 with errno set. */
static int listen_on(const struct addrinfo *address) {
  const int descriptor = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
  if (descriptor < 0) return -1;
  const int on = 1;
  const int off = 0;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* accepted ones inherit it */
  if (address->ai_family == AF_INET6)                               /* "::" is for both families */
    setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (prepare(descriptor) && bind(descriptor, address->ai_addr, address->ai_addrlen) == 0 &&
      listen(descriptor, BACKLOG) == 0)
    return descriptor;
  const int problem = errno;
  close(descriptor);
  errno = problem;
  return -1;
}

static uint16_t port_of(int descriptor) {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } address;
  socklen_t size = sizeof address;
  if (getsockname(descriptor, &address.any, &size) != 0) return 0;
  return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

int listener_open(const char *host, uint16_t *port, char problem[LISTENER_PROBLEM_SIZE]) {
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                 .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
  struct addrinfo *addresses = NULL;
  char service[8];
  snprintf(service, sizeof service, "%u", (unsigned)*port);
  const int unknown = getaddrinfo(host, service, &hints, &addresses);
  if (unknown != 0) {
    snprintf(problem, LISTENER_PROBLEM_SIZE, "cannot listen on %s: %s", host,
             gai_strerror(unknown));
    return -1;
  }
  int descriptor = -1;
  for (const struct addrinfo *at = addresses; at != NULL && descriptor < 0; at = at->ai_next)
    descriptor = listen_on(at);
  if (descriptor < 0)
    snprintf(problem, LISTENER_PROBLEM_SIZE, "cannot listen on %s port %u: %s", host,
             (unsigned)*port, strerror(errno));
  else
    *port = port_of(descriptor);
  freeaddrinfo(addresses);
  return descriptor;
}
