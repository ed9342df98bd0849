/* One HTTP/1.1 request out of the bytes of a connection. Pure: no I/O, no allocation, no clock; it
   may be fed a byte at a time and comes to the same result as when it gets everything at once. The
   buffer belongs to the caller, and so does what is done about a request; nothing here knows
   topics.

   Strict, because two readers that disagree about where a request ends can be played against each
   other: lines end in CRLF, a body has one Content-Length or the one transfer coding "chunked" and
   never both, and whatever cannot be framed beyond doubt is refused, after which the connection has
   to be closed. */
#ifndef TOPICSD_REQUEST_H
#define TOPICSD_REQUEST_H

#include "field.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bounds on what a client may make the server hold. */
struct request_limits {
  size_t line;         /* request line; above it: 414 */
  size_t fields_bytes; /* header lines and trailer lines together, line ends included: 431 */
  size_t fields_count; /* header lines and trailer lines together: 431 */
  size_t body;         /* above it: REQUEST_OVERSIZED */
};

enum request_verdict {
  REQUEST_PARTIAL,   /* more bytes are needed */
  REQUEST_WHOLE,     /* *request is filled; the next one begins at request->size */
  REQUEST_OVERSIZED, /* *request is filled but for the body, which is longer than the limit and has
                        not been read: answer, then close */
  REQUEST_REFUSED    /* not a request, or none that can be served: answer what request_refusal says,
                        then close */
};

/* Slices of the caller's buffer, good until it changes. A field that was not sent has bytes NULL.
 */
struct request {
  struct field_text method;
  struct field_text target; /* "/path?query" without scheme and host, or "*" */
  struct field_text authorization;
  struct field_text content_type;
  struct field_text fields; /* all header lines, each with its CRLF */
  struct field_text body;   /* decoded */
  size_t size;              /* bytes from the start of the buffer to the end of the request */
  bool keep_alive;          /* the client means to send another request on this connection */
  bool http_1_0;            /* such a client keeps the connection only if told so */
};

/* All private. Positions, not pointers, since the buffer may move between two calls. */
struct request_parser {
  const struct request_limits *limits;
  int state;
  size_t at;      /* where the line or the piece of body that is awaited begins */
  size_t scanned; /* up to here no line end was found */
  size_t method_at, method_length;
  size_t target_at, target_length;
  size_t authorization_at, authorization_length;
  size_t content_type_at, content_type_length;
  size_t fields_at, fields_end;
  size_t body_at, body_end;
  size_t fields_left; /* of limits->fields_bytes */
  size_t fields_seen;
  uint64_t pending;  /* bytes of body, or of the chunk, still to come */
  unsigned sent;     /* bits of the fields that came */
  unsigned status;   /* of the refusal */
  const char *fault; /* likewise */
  bool http_1_0, close, keep_alive, chunked, expects_continue, body_begun;
};

/* limits must outlive the parser. */
void request_start(struct request_parser *parser, const struct request_limits *limits);

/* Goes on with bytes[0..*length): everything from the start of the request, so the bytes of the
   call before and new ones after them. Of a chunked body the framing is squeezed out in place,
   which may move bytes and lower *length when the verdict is REQUEST_PARTIAL. Once the verdict is
   another one it stays; to read the next request, start anew at request->size. */
enum request_verdict request_parse(struct request_parser *parser, char *bytes, size_t *length,
                                   struct request *request);

/* After REQUEST_PARTIAL: whether the client waits for "100 Continue" before it sends the body. True
   at most once for a request. */
bool request_take_continue(struct request_parser *parser);

/* After REQUEST_REFUSED: the status to answer, and why, for people. */
unsigned request_refusal(const struct request_parser *parser, const char **why);

/* The value of the header line of that name (lower case) in a request; bytes NULL when it was not
   sent, the last when it was sent more than once: proxies put theirs behind those of the client. */
struct field_text request_field(const struct request *request, const char *name);

#endif
