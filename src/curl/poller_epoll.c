/* The poller of Linux: an epoll descriptor that holds a timerfd beside the watched ones. The
   timerfd is for other people's loops: our own waits know their deadline and leave it alone. */
#include "poller.h"

#include "clock.h"

#ifdef MOMENTO_POLLER_EPOLL

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct poller {
  int epoll;
  int timer;     /* -1 until somebody polls the descriptor */
  int64_t armed; /* when the timer goes off; CLOCK_NEVER: it does not */
  bool rang;     /* it has gone off, or a wait was over, and poller_due has not told yet */
};

enum { EVENTS_AT_ONCE = 64 };

struct poller *poller_open(void) {
  struct poller *poller = malloc(sizeof *poller);
  if (poller == NULL) return NULL;
  poller->timer = -1;
  poller->armed = CLOCK_NEVER;
  poller->rang = false;
  poller->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (poller->epoll < 0) {
    free(poller);
    return NULL;
  }
  return poller;
}

void poller_close(struct poller *poller) {
  if (poller == NULL) return;
  close(poller->epoll);
  if (poller->timer >= 0) close(poller->timer);
  free(poller);
}

int poller_descriptor(struct poller *poller) {
  if (poller->timer < 0) {
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (timer < 0) return -1;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = timer};
    if (epoll_ctl(poller->epoll, EPOLL_CTL_ADD, timer, &event) != 0) {
      close(timer);
      return -1;
    }
    poller->timer = timer;
  }
  return poller->epoll;
}

bool poller_watch(struct poller *poller, int fd, int before, int interest) {
  struct epoll_event event = {.data.fd = fd};
  if (interest & POLLER_READ) event.events |= EPOLLIN;
  if (interest & POLLER_WRITE) event.events |= EPOLLOUT;
  if (interest == 0) return epoll_ctl(poller->epoll, EPOLL_CTL_DEL, fd, &event) == 0;
  int operation = before == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  if (epoll_ctl(poller->epoll, operation, fd, &event) == 0) return true;
  /* A number that was closed and given out again behind our back. */
  if (operation == EPOLL_CTL_ADD && errno == EEXIST)
    operation = EPOLL_CTL_MOD;
  else if (operation == EPOLL_CTL_MOD && errno == ENOENT)
    operation = EPOLL_CTL_ADD;
  else
    return false;
  return epoll_ctl(poller->epoll, operation, fd, &event) == 0;
}

static void set_timer(struct poller *poller, int64_t deadline) {
  struct itimerspec when = {.it_value = {0, 0}};
  if (deadline != CLOCK_NEVER) {
    /* All zero would disarm it. */
    int64_t at = deadline > 0 ? deadline : 1;
    when.it_value.tv_sec = (time_t)(at / 1000000);
    when.it_value.tv_nsec = (long)(at % 1000000) * 1000;
  }
  timerfd_settime(poller->timer, TFD_TIMER_ABSTIME, &when, NULL);
  poller->armed = deadline;
}

void poller_arm(struct poller *poller, int64_t deadline) {
  if (poller->timer >= 0 && deadline < poller->armed) set_timer(poller, deadline);
}

bool poller_due(struct poller *poller) {
  bool due = poller->timer < 0 || poller->rang;
  poller->rang = false;
  return due;
}

int poller_wait(struct poller *poller, struct poller_event *events, int capacity,
                int64_t deadline) {
  struct epoll_event ready[EVENTS_AT_ONCE];
  if (capacity > EVENTS_AT_ONCE) capacity = EVENTS_AT_ONCE;
  int count = epoll_wait(poller->epoll, ready, capacity, clock_milliseconds_until(deadline));
  if (count == 0 && deadline > 0) poller->rang = true;
  int written = 0;
  for (int i = 0; i < count; i++) {
    if (ready[i].data.fd == poller->timer) {
      set_timer(poller, CLOCK_NEVER); /* which also makes it unreadable */
      poller->rang = true;
      continue;
    }
    events[written].fd = ready[i].data.fd;
    events[written].ready = ((ready[i].events & EPOLLIN) ? POLLER_READ : 0) |
                            ((ready[i].events & EPOLLOUT) ? POLLER_WRITE : 0) |
                            ((ready[i].events & (EPOLLERR | EPOLLHUP)) ? POLLER_FAILED : 0);
    written++;
  }
  return count < 0 ? -1 : written;
}

#endif
