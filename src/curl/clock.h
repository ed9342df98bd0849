/* Time that never goes back, in microseconds, and deadlines on it. */
#ifndef MOMENTO_CURL_CLOCK_H
#define MOMENTO_CURL_CLOCK_H

#include <stdint.h>

/* A deadline that never comes. */
#define CLOCK_NEVER INT64_MAX

int64_t clock_now(void);

/* Milliseconds to wait for a deadline, rounded up; 0 when it has come, -1 for CLOCK_NEVER: what
   poll() and epoll_wait() take. */
int clock_milliseconds_until(int64_t deadline);

#endif
