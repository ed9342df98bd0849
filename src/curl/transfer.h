/* One request and its answer on a libcurl easy handle. The handle is made and given its unchanging
   options once, then used again for request after request; what a request changes is set only when
   it differs from the last. Owns the bytes it sends and those it has received. */
#ifndef MOMENTO_CURL_TRANSFER_H
#define MOMENTO_CURL_TRANSFER_H

#include "buffer.h"
#include "lane.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether libcurl (7.80.0) tells when it is about to write a request. Without that a request counts
   as written once libcurl has it, and polls do not share connections. */
#define TRANSFER_TELLS_START (LIBCURL_VERSION_NUM >= 0x075000)

enum transfer_state {
  TRANSFER_IDLE,
  TRANSFER_HELD,
  TRANSFER_RUNNING,
  TRANSFER_ENDED,
  TRANSFER_COLLECTED /* its body is being read */
};

/* What only a publish has; there are many more polls. */
struct publication {
  struct buffer target;
  struct buffer type; /* "Content-Type: ..." */
  struct buffer body;
  struct curl_slist headers;
};

struct transfer {
  CURL *easy;
  struct lane *lane;
  struct transfer *previous, *next; /* in the list of those that are held, or that have ended */
  struct publication *publication;  /* NULL: a poll */
  int64_t deadline;                 /* the timeout as a clock_now() */
  enum transfer_state state;
  uint32_t slot; /* makes the ticket, together with the count of its uses */
  uint32_t uses;
  int timeout;  /* milliseconds, as libcurl was told */
  int preamble; /* bytes that went to a proxy before the request */

  unsigned char restarts; /* of this request */
  bool long_answer;       /* the last one was */
  bool large_buffer;      /* what libcurl was told to have */
  bool connecting;        /* has opened a connection of its own */
  bool started;           /* its request was about to be written */
  bool awaited;           /* somebody asked whether it has started, and it had not */
  bool cut;       /* its connection broke afterwards, and libcurl was kept from beginning again */
  bool too_large; /* the answer is */
  bool no_memory; /* for the answer */
  bool unsent;    /* no byte of the request can have reached the server */

  int open_error; /* errno when the system gave no socket */
  CURLcode result;
  int status;         /* 0: no answer */
  int retry_after;    /* seconds; 0: not told */
  struct buffer body; /* of the answer */
  char reason[CURL_ERROR_SIZE];
};

struct transfer_request {
  const char *target; /* path and query, from the slash on; a NUL follows */
  size_t target_length;
  const char *body; /* publish only */
  size_t body_length;
  const char *content_type; /* publish only; NULL: state none */
  size_t content_type_length;
  int timeout; /* milliseconds, above 0, for all of it */
};

/* NULL: no memory. The lane outlives it. */
struct transfer *transfer_new(struct lane *lane, bool publishes);
void transfer_free(struct transfer *transfer);

/* Makes it ready for one request, whose bytes it copies. false: no memory. */
bool transfer_prepare(struct transfer *transfer, const struct transfer_request *request);

/* Its request is about to be written, for the first time or again. */
void transfer_started(struct transfer *transfer);

/* After it was concluded: makes a poll that was cut ready to go again. false: it has ended. */
bool transfer_restart(struct transfer *transfer);

/* Takes off its timeout what has passed of it since it was prepared. */
void transfer_shorten(struct transfer *transfer);

/* libcurl is done with it: fills the fields from result on. */
void transfer_conclude(struct transfer *transfer, CURLcode result);

/* The same for one that libcurl was never given. */
void transfer_fail(struct transfer *transfer, CURLcode result, const char *reason);

/* Gives back what a long answer took. */
void transfer_recycle(struct transfer *transfer);

#endif
