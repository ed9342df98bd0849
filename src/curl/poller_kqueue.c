/* The poller of the BSDs and macOS: a kqueue that holds a timer beside the watched descriptors. */
#include "poller.h"

#include "clock.h"

#ifdef MOMENTO_POLLER_KQUEUE

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/types.h>

#include <sys/event.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct poller {
  int queue;
  bool polled;   /* somebody has asked for the descriptor */
  int64_t armed; /* when the timer goes off; CLOCK_NEVER: it does not */
};

enum { EVENTS_AT_ONCE = 64, TIMER = 1 };

struct poller *poller_open(void) {
  struct poller *poller = malloc(sizeof *poller);
  if (poller == NULL) return NULL;
  *poller = (struct poller){.queue = kqueue(), .armed = CLOCK_NEVER};
  if (poller->queue < 0) {
    free(poller);
    return NULL;
  }
  return poller;
}

void poller_close(struct poller *poller) {
  if (poller == NULL) return;
  close(poller->queue);
  free(poller);
}

int poller_descriptor(struct poller *poller) {
  poller->polled = true;
  return poller->queue;
}

static bool change(struct poller *poller, uintptr_t ident, short filter, unsigned short flags,
                   int64_t data) {
  struct kevent event;
  EV_SET(&event, ident, filter, flags, 0, data, NULL);
  return kevent(poller->queue, &event, 1, NULL, 0, NULL) == 0;
}

static bool change_filter(struct poller *poller, int fd, short filter, bool before, bool after) {
  if (before == after) return true;
  return change(poller, (uintptr_t)fd, filter, after ? EV_ADD : EV_DELETE, 0);
}

bool poller_watch(struct poller *poller, int fd, int before, int interest) {
  bool read = change_filter(poller, fd, EVFILT_READ, before & POLLER_READ, interest & POLLER_READ);
  bool write =
      change_filter(poller, fd, EVFILT_WRITE, before & POLLER_WRITE, interest & POLLER_WRITE);
  return read && write;
}

void poller_arm(struct poller *poller, int64_t deadline) {
  if (!poller->polled || deadline >= poller->armed) return;
  int64_t left = deadline > 0 ? deadline - clock_now() : 0;
  left = left > 0 ? (left + 999) / 1000 : 1; /* milliseconds; some systems round 0 up to for ever */
  if (change(poller, TIMER, EVFILT_TIMER, EV_ADD | EV_ONESHOT, left)) poller->armed = deadline;
}

bool poller_due(struct poller *poller) {
  (void)poller; /* its timer counts whole milliseconds from when it was set, and may be early */
  return true;
}

int poller_wait(struct poller *poller, struct poller_event *events, int capacity,
                int64_t deadline) {
  struct kevent ready[EVENTS_AT_ONCE];
  struct timespec wait = {0, 0};
  if (capacity > EVENTS_AT_ONCE) capacity = EVENTS_AT_ONCE;
  int64_t left = deadline > 0 && deadline != CLOCK_NEVER ? deadline - clock_now() : 0;
  if (left > 0) {
    wait.tv_sec = (time_t)(left / 1000000);
    wait.tv_nsec = (long)(left % 1000000) * 1000;
  }
  int count =
      kevent(poller->queue, NULL, 0, ready, capacity, deadline == CLOCK_NEVER ? NULL : &wait);
  int written = 0;
  for (int i = 0; i < count; i++) {
    if (ready[i].filter == EVFILT_TIMER) {
      poller->armed = CLOCK_NEVER; /* one shot */
      continue;
    }
    events[written].fd = (int)ready[i].ident;
    events[written].ready = (ready[i].filter == EVFILT_READ ? POLLER_READ : POLLER_WRITE) |
                            ((ready[i].flags & EV_ERROR) ? POLLER_FAILED : 0);
    written++;
  }
  return count < 0 ? -1 : written;
}

#endif
