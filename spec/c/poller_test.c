/* poller.c of this system: what is watched, deadlines, and the one descriptor. */
#include "check.h"

#include "curl/clock.h"
#include "curl/poller.h"

#include <poll.h>
#include <unistd.h>

enum { SECOND = 1000000 };

static bool readable(int fd, int milliseconds) {
  struct pollfd one = {.fd = fd, .events = POLLIN};
  return poll(&one, 1, milliseconds) == 1;
}

static void watches(void) {
  struct poller *poller = poller_open();
  struct poller_event event;
  int pipes[2];
  check_row("what is watched");
  if (!CHECK(poller != NULL) || !CHECK(pipe(pipes) == 0)) return;
  CHECK(poller_wait(poller, &event, 1, 0) == 0);
  CHECK(poller_watch(poller, pipes[0], 0, POLLER_READ));
  CHECK(poller_wait(poller, &event, 1, 0) == 0);
  CHECK(write(pipes[1], "x", 1) == 1);
  CHECK(poller_wait(poller, &event, 1, CLOCK_NEVER) == 1);
  CHECK(event.fd == pipes[0] && event.ready == POLLER_READ);
  CHECK(poller_wait(poller, &event, 1, 0) == 1); /* it stays ready */
  CHECK(poller_watch(poller, pipes[0], POLLER_READ, 0));
  CHECK(poller_wait(poller, &event, 1, 0) == 0);
  CHECK(poller_watch(poller, pipes[1], 0, POLLER_WRITE));
  CHECK(poller_wait(poller, &event, 1, CLOCK_NEVER) == 1);
  CHECK(event.fd == pipes[1] && event.ready == POLLER_WRITE);
  close(pipes[0]);
  CHECK(poller_wait(poller, &event, 1, CLOCK_NEVER) == 1);
  CHECK((event.ready & POLLER_FAILED) != 0);
  CHECK(poller_watch(poller, pipes[1], POLLER_WRITE, 0));
  close(pipes[1]);
  poller_close(poller);
}

static void waits(void) {
  struct poller *poller = poller_open();
  struct poller_event event;
  check_row("deadlines");
  if (!CHECK(poller != NULL)) return;
  int64_t deadline = clock_now() + SECOND / 20;
  CHECK(poller_wait(poller, &event, 1, deadline) == 0);
  CHECK(clock_now() >= deadline);
  CHECK(poller_wait(poller, &event, 1, deadline) == 0); /* one that is over */
  CHECK(clock_milliseconds_until(CLOCK_NEVER) == -1);
  CHECK(clock_milliseconds_until(0) == 0);
  CHECK(clock_milliseconds_until(deadline) == 0);
  CHECK(clock_milliseconds_until(clock_now() + 1) <= 1);
  poller_close(poller);
}

static void wakes(void) {
  struct poller *poller = poller_open();
  struct poller_event event;
  check_row("the one descriptor");
  if (!CHECK(poller != NULL)) return;
  poller_arm(poller, 0); /* nobody polls yet */
  int fd = poller_descriptor(poller);
  if (fd < 0) { /* a system without one */
    poller_close(poller);
    return;
  }
  CHECK(poller_descriptor(poller) == fd);
  CHECK(!readable(fd, 0));
  poller_arm(poller, CLOCK_NEVER);
  CHECK(!readable(fd, 0));
  poller_arm(poller, 0);
  CHECK(readable(fd, 20000));
  CHECK(poller_wait(poller, &event, 1, 0) == 0);
  CHECK(!readable(fd, 0));
  int64_t deadline = clock_now() + SECOND / 20;
  poller_arm(poller, deadline);
  poller_arm(poller, deadline + 600 * (int64_t)SECOND); /* later: the earlier one stays */
  CHECK(readable(fd, 20000));
  CHECK(clock_now() >= deadline);
  CHECK(poller_wait(poller, &event, 1, 0) == 0);
  poller_arm(poller, clock_now() + 600 * (int64_t)SECOND);
  CHECK(!readable(fd, 0));
  poller_close(poller);
}

/* That it is never too late in saying so; a poller without a timer may always say so. */
static void tells_what_is_due(void) {
  struct poller *poller = poller_open();
  struct poller_event event;
  check_row("what is due");
  if (!CHECK(poller != NULL)) return;
  CHECK(poller_due(poller)); /* nothing tells of deadlines yet */
  int fd = poller_descriptor(poller);
  poller_due(poller);
  poller_arm(poller, 0);
  if (fd >= 0) CHECK(readable(fd, 20000));
  CHECK(poller_wait(poller, &event, 1, 0) == 0);
  CHECK(poller_due(poller));
  CHECK(poller_wait(poller, &event, 1, clock_now() + SECOND / 100) == 0);
  CHECK(poller_due(poller)); /* the deadline of a wait, which was not armed */
#ifdef MOMENTO_POLLER_EPOLL
  CHECK(!poller_due(poller)); /* once */
  CHECK(poller_wait(poller, &event, 1, 0) == 0);
  CHECK(!poller_due(poller));
#endif
  poller_close(poller);
}

int main(void) {
  watches();
  waits();
  wakes();
  tells_what_is_due();
  poller_close(NULL);
  return check_report();
}
