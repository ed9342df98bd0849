/* The heap is an array; every waiter knows its place in it. */
#include "deadlines.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 64 };

void deadlines_start(struct deadlines *deadlines) {
  *deadlines = (struct deadlines){NULL, 0, 0};
}

void deadlines_end(struct deadlines *deadlines) {
  free(deadlines->heap);
  deadlines_start(deadlines);
}

static void place(struct deadlines *deadlines, size_t index, struct waiter *waiter) {
  deadlines->heap[index] = waiter;
  waiter->heap_index = (uint32_t)index;
}

static void sift_up(struct deadlines *deadlines, size_t index, struct waiter *waiter) {
  while (index > 0) {
    const size_t parent = (index - 1) / 2;
    if (deadlines->heap[parent]->deadline_ms <= waiter->deadline_ms) {
      break;
    }
    place(deadlines, index, deadlines->heap[parent]);
    index = parent;
  }
  place(deadlines, index, waiter);
}

static void sift_down(struct deadlines *deadlines, size_t index, struct waiter *waiter) {
  for (;;) {
    size_t child = index * 2 + 1;
    if (child + 1 < deadlines->count &&
        deadlines->heap[child + 1]->deadline_ms < deadlines->heap[child]->deadline_ms) {
      child++;
    }
    if (child >= deadlines->count || waiter->deadline_ms <= deadlines->heap[child]->deadline_ms) {
      break;
    }
    place(deadlines, index, deadlines->heap[child]);
    index = child;
  }
  place(deadlines, index, waiter);
}

bool deadlines_add(struct deadlines *deadlines, struct waiter *waiter) {
  if (deadlines->count == deadlines->capacity) {
    const size_t capacity = deadlines->capacity == 0 ? FIRST_CAPACITY : deadlines->capacity * 2;
    struct waiter **heap =
        capacity > UINT32_MAX ? NULL : realloc(deadlines->heap, capacity * sizeof(struct waiter *));
    if (heap == NULL) {
      return false;
    }
    deadlines->heap = heap;
    deadlines->capacity = capacity;
  }
  sift_up(deadlines, deadlines->count++, waiter);
  return true;
}

void deadlines_remove(struct deadlines *deadlines, struct waiter *waiter) {
  const size_t index = waiter->heap_index;
  struct waiter *last = deadlines->heap[--deadlines->count];
  if (last == waiter) {
    return;
  }
  if (last->deadline_ms < waiter->deadline_ms) {
    sift_up(deadlines, index, last);
  } else {
    sift_down(deadlines, index, last);
  }
}

struct waiter *deadlines_first(const struct deadlines *deadlines) {
  return deadlines->count == 0 ? NULL : deadlines->heap[0];
}
