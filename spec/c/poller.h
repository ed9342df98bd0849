/* A client of topicsd's core for C specs: the waiter of a poll together with what it was told. */
#ifndef TOPICSD_SPEC_POLLER_H
#define TOPICSD_SPEC_POLLER_H

#include "../../src/server/api.h"

#include "check.h"

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

/* Whether part is somewhere in the last answer. */
static inline bool poller_told(const struct poller *poller, const char *part) {
  const size_t length = strlen(part);
  for (size_t i = 0; poller->answer != NULL && i + length <= poller->answer->length; i++) {
    if (memcmp(poller->answer->bytes + i, part, length) == 0) return true;
  }
  return false;
}

/* NULL: absent. */
static inline struct api_text poller_text(const char *text) {
  return (struct api_text){text, text == NULL ? 0 : strlen(text)};
}

/* Sends a request, every piece of it in memory that is exactly as long. */
static inline void poller_ask(struct poller *poller, struct api *api,
                              const struct api_request *request, uint64_t now_ms) {
  struct api_request sent = *request;
  struct api_text *const texts[] = {&sent.method, &sent.target, &sent.authorization,
                                    &sent.content_type, &sent.body};
  char *copies[CHECK_COUNT(texts)];
  for (size_t i = 0; i < CHECK_COUNT(texts); i++) {
    copies[i] = texts[i]->bytes == NULL ? NULL : check_copy(texts[i]->bytes, texts[i]->length);
    texts[i]->bytes = copies[i];
  }
  struct answer *answer = NULL;
  if (api_handle(api, &sent, now_ms, &poller->waiter, &answer) == API_ANSWERED)
    poller_take(poller, answer);
  for (size_t i = 0; i < CHECK_COUNT(texts); i++)
    free(copies[i]);
}

#define CHECK_BODY(poller, expected)                                                               \
  CHECK_BYTES(poller_body(poller), poller_body_length(poller), expected, strlen(expected))

#endif
