/* The sockets libcurl works on. */
#include "sockets.h"

#include "lane.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS_AT_ONCE = 64, FIRST_CAPACITY = 64 };

bool sockets_start(struct sockets *sockets) {
  sockets->poller = poller_open();
  return sockets->poller != NULL;
}

void sockets_stop(struct sockets *sockets) {
  poller_close(sockets->poller);
  free(sockets->states);
  *sockets = (struct sockets){0};
}

/* NULL: no memory. */
static struct socket_state *state_of(struct sockets *sockets, int fd) {
  size_t index = (size_t)fd;
  if (index >= sockets->capacity) {
    size_t capacity = sockets->capacity == 0 ? FIRST_CAPACITY : sockets->capacity;
    while (capacity <= index)
      capacity *= 2;
    struct socket_state *states = realloc(sockets->states, capacity * sizeof *states);
    if (states == NULL) return NULL;
    memset(states + sockets->capacity, 0, (capacity - sockets->capacity) * sizeof *states);
    sockets->states = states;
    sockets->capacity = capacity;
  }
  return &sockets->states[index];
}

static bool watch(struct sockets *sockets, int fd, struct socket_state *state, int interest) {
  bool done = poller_watch(sockets->poller, fd, state->watched, interest);
  /* Forgetting fails for a descriptor that is closed already, which comes to the same. */
  if (!done && interest != 0) return false;
  state->watched = (unsigned char)interest;
  return true;
}

curl_socket_t sockets_open(struct sockets *sockets, struct lane *lane,
                           const struct curl_sockaddr *address) {
#ifdef SOCK_CLOEXEC
  int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
#else
  int fd = socket(address->family, address->socktype, address->protocol);
  if (fd >= 0) fcntl(fd, F_SETFD, FD_CLOEXEC);
#endif
  if (fd < 0) return CURL_SOCKET_BAD;
  struct socket_state *state = state_of(sockets, fd);
  if (state == NULL) {
    close(fd);
    return CURL_SOCKET_BAD;
  }
  *state = (struct socket_state){.lane = lane, .is_owned = 1};
  lane->connections++;
  return fd;
}

int sockets_shut(struct sockets *sockets, curl_socket_t fd) {
  if ((size_t)fd < sockets->capacity && sockets->states[fd].is_owned) {
    struct socket_state *state = &sockets->states[fd];
    if (state->watched != 0) watch(sockets, fd, state, 0);
    state->lane->connections--;
    *state = (struct socket_state){0};
  }
  return close(fd);
}

int sockets_changed(CURL *easy, curl_socket_t fd, int what, void *data, void *unused) {
  struct lane *lane = data;
  struct sockets *sockets = lane->sockets;
  struct socket_state *state = state_of(sockets, fd);
  (void)easy;
  (void)unused;
  if (state == NULL) return -1;
  int wanted = 0;
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) wanted |= POLLER_READ;
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) wanted |= POLLER_WRITE;
  state->lane = lane;
  state->wanted = (unsigned char)wanted;
  if (wanted == state->watched) return 0;
  /* An idle connection of ours: its next request will most likely come. */
  if (wanted == 0 && state->is_owned && state->watched == POLLER_READ) return 0;
  return watch(sockets, fd, state, wanted) ? 0 : -1;
}

static void handle(struct sockets *sockets, const struct poller_event *event) {
  struct socket_state *state = state_of(sockets, event->fd);
  if (state == NULL || state->watched == 0) return; /* closed by what an earlier event did */
  if (state->wanted == 0) {                         /* the server has closed an idle connection */
    watch(sockets, event->fd, state, 0);
    return;
  }
  int ready = event->ready & POLLER_FAILED ? state->wanted : event->ready;
  int bits = ((ready & POLLER_READ) ? CURL_CSELECT_IN : 0) |
             ((ready & POLLER_WRITE) ? CURL_CSELECT_OUT : 0);
  lane_work(state->lane, event->fd, bits);
}

int sockets_wait(struct sockets *sockets, int64_t deadline) {
  struct poller_event events[EVENTS_AT_ONCE];
  int count = poller_wait(sockets->poller, events, EVENTS_AT_ONCE, deadline);
  for (int i = 0; i < count; i++)
    handle(sockets, &events[i]);
  return count;
}
