/* The sockets libcurl works on: which of them the poller watches, for what, and which lane to tell.
   A connection that waits in libcurl's cache for its next request stays watched, so that a request
   on a kept connection costs no system call of ours. */
#ifndef MOMENTO_CURL_SOCKETS_H
#define MOMENTO_CURL_SOCKETS_H

#include "poller.h"

#include <curl/curl.h>
#include <stddef.h>

struct lane;

struct socket_state {
  struct lane *lane;      /* whose libcurl multi uses it */
  unsigned char watched;  /* POLLER_* bits the poller has */
  unsigned char wanted;   /* POLLER_* bits libcurl asks for */
  unsigned char is_owned; /* opened by sockets_open, so its closing will be told of */
};

struct sockets {
  struct poller *poller;
  struct socket_state *states; /* by descriptor */
  size_t capacity;
};

/* Zeroed sockets may be closed. */
bool sockets_start(struct sockets *sockets);
void sockets_stop(struct sockets *sockets);

/* Opens a socket for a connection of `lane`; CURL_SOCKET_BAD when the system refuses. */
curl_socket_t sockets_open(struct sockets *sockets, struct lane *lane,
                           const struct curl_sockaddr *address);
int sockets_shut(struct sockets *sockets, curl_socket_t fd);

/* CURLMOPT_SOCKETFUNCTION; its user pointer is the lane. */
int sockets_changed(CURL *easy, curl_socket_t fd, int what, void *lane, void *unused);

/* Waits until `deadline` or until a socket is ready, and lets libcurl work on the ready ones.
   Returns how many were, or -1 with errno set. */
int sockets_wait(struct sockets *sockets, int64_t deadline);

#endif
