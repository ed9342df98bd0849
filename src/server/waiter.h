/* A poll that waits for the next message of a topic. Embedded in whatever stands for the client (a
   connection), which finds itself again by the member's offset. All fields belong to the broker;
   whoever embeds it zeroes it once (memset or = {0}) and asks waiter_is_waiting, no more. Kept
   small: there is one for every connection. */
#ifndef TOPICSD_WAITER_H
#define TOPICSD_WAITER_H

#include "list.h"

#include <stdbool.h>
#include <stdint.h>

struct topic;

struct waiter {
  struct list_link link; /* among the waiters of its topic */
  struct topic *topic;   /* NULL: not waiting */
  uint64_t deadline_ms;
  uint32_t *count;     /* goes down when the wait ends, or NULL */
  uint32_t heap_index; /* among all deadlines */
  bool positioned;     /* it gave a position, so an empty answer tells it enough */
  bool expires;        /* at the deadline its permission ends, not only its hold */
};

static inline bool waiter_is_waiting(const struct waiter *waiter) {
  return waiter->topic != NULL;
}

#endif
