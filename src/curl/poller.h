/* The one descriptor: a set of watched descriptors and a deadline (see clock.h) behind a single
   descriptor that any event loop can poll. epoll and a timerfd on Linux, kqueue on the BSDs and
   macOS, poll() and no descriptor of its own elsewhere. Knows no libcurl. */
#ifndef MOMENTO_CURL_POLLER_H
#define MOMENTO_CURL_POLLER_H

#include <stdbool.h>
#include <stdint.h>

/* Which one: what the build says, else what the system has. */
#if defined(MOMENTO_POLLER_EPOLL) || defined(MOMENTO_POLLER_KQUEUE) || defined(MOMENTO_POLLER_POLL)
#elif defined(__linux__)
#define MOMENTO_POLLER_EPOLL
#elif defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__)
#define MOMENTO_POLLER_KQUEUE
#else
#define MOMENTO_POLLER_POLL
#endif

enum { POLLER_READ = 1, POLLER_WRITE = 2, POLLER_FAILED = 4 };

struct poller;

struct poller_event {
  int fd;
  int ready; /* POLLER_* bits; FAILED: an error or hang-up, whatever was asked for */
};

/* NULL with errno set when the system refuses. */
struct poller *poller_open(void);
void poller_close(struct poller *poller);

/* The descriptor that is readable whenever poller_wait has something to tell or the deadline of
   poller_arm has come; -1 where there is none. Until it is asked for, poller_arm costs nothing. */
int poller_descriptor(struct poller *poller);

/* Watches fd for POLLER_READ and/or POLLER_WRITE; `before` is what it is watched for now, 0 for
   nothing. interest 0 forgets fd, which must be done before it is closed. false with errno set. */
bool poller_watch(struct poller *poller, int fd, int before, int interest);

/* The descriptor turns readable at `deadline`. It may do so once too early when the deadline was
   earlier before: moving it further away is left to that wake-up. */
void poller_arm(struct poller *poller, int64_t deadline);

/* Waits until a watched descriptor is ready or the deadline comes; 0 or less: only looks. Returns
   how many events were written, 0 too when nothing happened, -1 with errno set (EINTR). */
int poller_wait(struct poller *poller, struct poller_event *events, int capacity, int64_t deadline);

/* Whether the deadline of poller_arm, or that of a wait, may have come since this was asked last.
   Looks at no clock: where no timer tells, it may always have. */
bool poller_due(struct poller *poller);

#endif
