/* The HTTP/1.1 server: listens, owns the connections and the event loop, hands requests to the API
   and answers back to clients. Knows nothing of topics. The http files and main.c are the only ones
   that know of libevent. */
#ifndef TOPICSD_HTTP_H
#define TOPICSD_HTTP_H

#include "api.h"
#include "request.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http;

/* Times in milliseconds. */
struct http_options {
  struct request_limits limits; /* its body is set from api_body_max */
  size_t max_connections;       /* above it: 503 */
  uint32_t request_timeout_ms;  /* from the first byte of a request to its last; then 408 */
  uint32_t idle_timeout_ms;     /* without a byte of a request */
  uint32_t write_timeout_ms;    /* without the client taking a byte of its answer */
  uint32_t drain_ms;            /* for clients to take their last answers at the end */
};

/* All but max_connections, which is for the caller to know. */
void http_options_default(struct http_options *options);

/* Takes over SIGTERM and SIGINT. api was made with http_wake as its wake, and must outlive the
   server. NULL: no memory, or no event loop. */
struct http *http_new(const struct http_options *options, struct api *api);

/* Closes whatever is open. NULL is allowed. */
void http_free(struct http *http);

/* Takes over a listening socket and accepts on it. Returns false when there is no memory. */
bool http_listen(struct http *http, int descriptor);

/* Serves until the first SIGTERM or SIGINT, then answers every waiting poll, and returns when all
   clients have their answers or the time to drain is over. A second signal ends the process. */
void http_run(struct http *http);

/* For api_options.wake. */
void http_wake(struct waiter *waiter, struct answer *answer);

#endif
