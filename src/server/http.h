/* The HTTP/1.1 server: listens, owns the connections and the event loop, hands requests to the API
   and answers back to clients. Knows nothing of topics. The http files and main.c are the only ones
   that know of libevent. */
#ifndef TOPICSD_HTTP_H
#define TOPICSD_HTTP_H

#include "access_log.h"
#include "address.h"
#include "api.h"
#include "faults.h"
#include "request.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http;

enum http_site {
  HTTP_TOPICS, /* the API */
  HTTP_ADMIN   /* the operator's, see admin.h */
};

/* Clients above max_connections that are told so; further ones wait unaccepted, and the operator is
   let in all the same. */
enum { HTTP_OVERLOADED_MAX = 64 };

/* Times in milliseconds. */
struct http_options {
  struct request_limits limits; /* its body is set from api_body_max */
  size_t max_connections;       /* above it: 503 */
  uint32_t request_timeout_ms;  /* from the first byte of a request to its last; then 408 */
  uint32_t idle_timeout_ms;     /* without a byte of a request */
  uint32_t write_timeout_ms;    /* without the client taking a byte of its answer */
  uint32_t drain_ms;            /* for clients to take their last answers at the end */

  struct access_log *log;              /* NULL: none; must outlive the server */
  const struct address_range *trusted; /* proxies whose word on the client is logged; likewise */
  size_t trusted_count;
  struct faults *faults; /* what goes wrong on purpose; NULL: nothing; likewise */
  void (*reload)(void *context,
                 uint64_t now_ms); /* called for SIGHUP, may call anything of the API; NULL: none */
  void *reload_context;
};

/* All but max_connections, which is for the caller to know. No log, no proxies, no faults, no
   reload. */
void http_options_default(struct http_options *options);

/* Takes over SIGTERM, SIGINT and SIGHUP. api was made with http_wake as its wake, and must outlive
   the server. NULL: no memory, or no event loop. */
struct http *http_new(const struct http_options *options, struct api *api);

/* Closes whatever is open. NULL is allowed. */
void http_free(struct http *http);

/* Takes over a listening socket and serves that site on it; at most one socket each. Returns false
   when there is no memory. */
bool http_listen(struct http *http, int descriptor, enum http_site site);

/* Serves until the first SIGTERM or SIGINT, then answers every waiting poll, and returns when all
   clients have their answers or the time to drain is over. A second one ends the process; SIGHUP
   does then what it did before http_new. */
void http_run(struct http *http);

/* For api_options.wake. */
void http_wake(struct waiter *waiter, struct answer *answer);

#endif
