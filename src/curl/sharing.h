/* Who may go ahead when many polls want to share few connections (HTTP/2 over TLS). libcurl learns
   only after the handshake whether a connection can be shared; polls that come meanwhile would each
   open one of their own. They are held back while exactly one connection is being made, and no
   longer: a connection that turns out to carry one request only, or one that is full, never makes a
   poll wait for the answer to another. Knows counts, no libcurl. */
#ifndef MOMENTO_CURL_SHARING_H
#define MOMENTO_CURL_SHARING_H

#include <stdbool.h>
#include <stddef.h>

enum sharing_protocol { SHARING_UNKNOWN, SHARING_HTTP1, SHARING_HTTP2 };

struct sharing {
  bool possible;                  /* otherwise everybody goes ahead */
  bool serial;                    /* connections carry one request each, as far as we can tell */
  enum sharing_protocol protocol; /* of the last answer */
  size_t starting;                /* admitted, no request written yet */
  size_t started;                 /* request written, not ended */
  size_t
      allowance; /* how many may join a new connection before the server says how many it takes */
  size_t credit; /* what is left of it */
  int words;     /* what the server has said on it so far, up to 2 */
};

void sharing_begin(struct sharing *sharing, bool possible);

/* Whether one more poll may be handed to libcurl, and if so counts it as starting. `connections`:
   how many there are. */
bool sharing_admit(struct sharing *sharing, size_t connections);

/* One that was admitted opens a connection, beside so many others. */
void sharing_connecting(struct sharing *sharing, size_t connections);

/* One that was admitted writes its request. */
void sharing_started(struct sharing *sharing);

/* One that was admitted is gone. */
void sharing_ended(struct sharing *sharing, bool had_started);

/* The server has said something on some connection. */
void sharing_heard(struct sharing *sharing);

/* It has been silent for long enough: whoever waits for its word goes ahead. */
void sharing_lose_patience(struct sharing *sharing);

/* It has answered in this protocol. */
void sharing_answered(struct sharing *sharing, enum sharing_protocol protocol);

/* It did not take one that had joined. */
void sharing_refused(struct sharing *sharing);

#endif
