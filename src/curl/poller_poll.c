/* The poller of systems with neither epoll nor kqueue: poll() over all that is watched. It has no
   descriptor of its own, so other people's loops must step from time to time. */
#include "poller.h"

#include "clock.h"

#ifdef MOMENTO_POLLER_POLL

#include <poll.h>
#include <stdlib.h>

struct poller {
  struct pollfd *watched;
  size_t count, capacity;
  size_t turn; /* where to begin to look, so that nobody is overlooked for ever */
};

struct poller *poller_open(void) {
  return calloc(1, sizeof(struct poller));
}

void poller_close(struct poller *poller) {
  if (poller == NULL) return;
  free(poller->watched);
  free(poller);
}

int poller_descriptor(struct poller *poller) {
  (void)poller;
  return -1;
}

static size_t find(const struct poller *poller, int fd) {
  size_t i = 0;
  while (i < poller->count && poller->watched[i].fd != fd)
    i++;
  return i;
}

bool poller_watch(struct poller *poller, int fd, int before, int interest) {
  (void)before;
  size_t at = find(poller, fd);
  if (interest == 0) {
    if (at < poller->count) poller->watched[at] = poller->watched[--poller->count];
    return true;
  }
  if (at == poller->capacity) {
    size_t capacity = poller->capacity == 0 ? 16 : poller->capacity * 2;
    struct pollfd *watched = realloc(poller->watched, capacity * sizeof *watched);
    if (watched == NULL) return false;
    poller->watched = watched;
    poller->capacity = capacity;
  }
  if (at == poller->count) poller->count++;
  poller->watched[at] = (struct pollfd){.fd = fd};
  if (interest & POLLER_READ) poller->watched[at].events |= POLLIN;
  if (interest & POLLER_WRITE) poller->watched[at].events |= POLLOUT;
  return true;
}

void poller_arm(struct poller *poller, int64_t deadline) {
  (void)poller;
  (void)deadline;
}

bool poller_due(struct poller *poller) {
  (void)poller;
  return true;
}

int poller_wait(struct poller *poller, struct poller_event *events, int capacity,
                int64_t deadline) {
  int ready = poll(poller->watched, (nfds_t)poller->count, clock_milliseconds_until(deadline));
  int written = 0;
  for (size_t i = 0; ready > 0 && i < poller->count && written < capacity; i++) {
    const struct pollfd *one = &poller->watched[(poller->turn + i) % poller->count];
    if (one->revents == 0) continue;
    events[written].fd = one->fd;
    events[written].ready = ((one->revents & POLLIN) ? POLLER_READ : 0) |
                            ((one->revents & POLLOUT) ? POLLER_WRITE : 0) |
                            ((one->revents & (POLLERR | POLLHUP | POLLNVAL)) ? POLLER_FAILED : 0);
    written++;
  }
  poller->turn++;
  return ready < 0 ? -1 : written;
}

#endif
