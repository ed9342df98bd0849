/* When which waiter has to be answered at the latest: a binary heap over the waiters' own fields.
   Adding in order of time, as holds do, is O(1); taking out any one is O(log n). */
#ifndef TOPICSD_DEADLINES_H
#define TOPICSD_DEADLINES_H

#include "waiter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct deadlines {
  struct waiter **heap;
  size_t count;
  size_t capacity;
};

void deadlines_start(struct deadlines *deadlines);
void deadlines_end(struct deadlines *deadlines);

/* By waiter->deadline_ms, which must not change meanwhile. false: no memory. */
bool deadlines_add(struct deadlines *deadlines, struct waiter *waiter);

/* waiter is among them. */
void deadlines_remove(struct deadlines *deadlines, struct waiter *waiter);

/* The one with the earliest deadline, or NULL. */
struct waiter *deadlines_first(const struct deadlines *deadlines);

#endif
