/* The heap of deadlines against a list that is searched. */
#include "../../src/server/deadlines.h"

#include "check.h"

enum { WAITERS = 200, STEPS = 20000 };

static uint32_t random_state = 1;

static uint32_t random_below(uint32_t limit) {
  random_state = random_state * 1664525u + 1013904223u;
  return (random_state >> 8) % limit;
}

static void agrees_with_a_list(void) {
  check_row("random adds and removes");
  static struct waiter waiters[WAITERS];
  static bool among[WAITERS];
  struct deadlines deadlines;
  deadlines_start(&deadlines);
  for (int step = 0; step < STEPS; step++) {
    uint32_t chosen = random_below(WAITERS);
    if (deadlines.count > WAITERS / 4 && random_below(3) == 0)
      chosen = (uint32_t)(deadlines_first(&deadlines) - waiters); /* as a tick does */
    if (among[chosen]) {
      deadlines_remove(&deadlines, &waiters[chosen]);
    } else {
      waiters[chosen].deadline_ms = random_below(150); /* some are equal */
      if (!deadlines_add(&deadlines, &waiters[chosen])) abort();
    }
    among[chosen] = !among[chosen];
    size_t count = 0;
    uint64_t earliest = UINT64_MAX;
    for (size_t i = 0; i < WAITERS; i++) {
      count += among[i];
      if (among[i] && waiters[i].deadline_ms < earliest) earliest = waiters[i].deadline_ms;
    }
    const struct waiter *first = deadlines_first(&deadlines);
    CHECK(deadlines.count == count);
    CHECK(count == 0 ? first == NULL : first->deadline_ms == earliest && among[first - waiters]);
  }
  deadlines_end(&deadlines);
}

static void gives_them_in_order(void) {
  check_row("in order of time");
  static struct waiter waiters[WAITERS];
  struct deadlines deadlines;
  deadlines_start(&deadlines);
  CHECK(deadlines_first(&deadlines) == NULL);
  for (size_t i = 0; i < WAITERS; i++) {
    waiters[i].deadline_ms = i * 7919 % WAITERS; /* each of 0..199 once */
    if (!deadlines_add(&deadlines, &waiters[i])) abort();
  }
  for (uint64_t expected = 0; expected < WAITERS; expected++) {
    struct waiter *first = deadlines_first(&deadlines);
    CHECK(first->deadline_ms == expected);
    deadlines_remove(&deadlines, first);
  }
  CHECK(deadlines_first(&deadlines) == NULL);
  deadlines_end(&deadlines);
}

int main(void) {
  agrees_with_a_list();
  gives_them_in_order();
  return check_report();
}
