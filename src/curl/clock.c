/* Time that never goes back. */
#include "clock.h"

#include <limits.h>
#include <time.h>

int64_t clock_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int clock_milliseconds_until(int64_t deadline) {
  if (deadline == CLOCK_NEVER) return -1;
  if (deadline <= 0) return 0; /* spares the system call of those who only look */
  int64_t left = deadline - clock_now();
  if (left <= 0) return 0;
  left = (left + 999) / 1000;
  return left > INT_MAX ? INT_MAX : (int)left;
}
