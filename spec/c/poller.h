/* A client of topicsd's core for C specs: the waiter of a poll together with what it was told. */
#ifndef TOPICSD_SPEC_POLLER_H
#define TOPICSD_SPEC_POLLER_H

#include "../../src/server/answer.h"
#include "../../src/server/waiter.h"

#include <stdbool.h>
#include <stddef.h>

struct poller {
  struct waiter waiter;
  struct answer *answer; /* the last one, or NULL; holds one reference */
  unsigned woken;
};

static inline void poller_take(struct poller *poller, struct answer *answer) {
  answer_release(poller->answer);
  poller->answer = answer;
}

/* The wake of every spec. */
static inline void poller_wake(struct waiter *waiter, struct answer *answer) {
  struct poller *poller = LIST_OWNER(waiter, struct poller, waiter);
  poller->woken++;
  poller_take(poller, answer);
}

static inline bool poller_waits(const struct poller *poller) {
  return waiter_is_waiting(&poller->waiter);
}

static inline const char *poller_body(const struct poller *poller) {
  return poller->answer == NULL ? "" : poller->answer->bytes + poller->answer->body_at;
}

static inline size_t poller_body_length(const struct poller *poller) {
  return poller->answer == NULL ? 0 : poller->answer->length - poller->answer->body_at;
}

#define CHECK_BODY(poller, expected)                                                               \
  CHECK_BYTES(poller_body(poller), poller_body_length(poller), expected, strlen(expected))

#endif
