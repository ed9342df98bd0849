/* What a failed transfer means: libcurl's many errors in the few kinds a caller can act on, with
   a message for people. Never shows a header or a target. */
#ifndef MOMENTO_CURL_FAILURE_H
#define MOMENTO_CURL_FAILURE_H

#include <stdbool.h>
#include <stddef.h>

struct transfer;

enum failure_kind {
  FAILURE_CONNECTION, /* no connection, or one that broke */
  FAILURE_TIMEOUT,    /* the deadline passed */
  FAILURE_SERVICE     /* what came is no answer: not HTTP, or too large */
};

struct failure {
  enum failure_kind kind;
  bool retryable; /* trying again may help */
  char message[512];
};

/* transfer has ended with status 0. */
void failure_describe(struct failure *failure, const struct transfer *transfer);

#endif
