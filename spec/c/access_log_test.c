/* The access log when nobody takes its lines: nothing blocks, and no line is ever in pieces. */
#include "../../src/server/access_log.h"
#include "check.h"

#include <fcntl.h>
#include <unistd.h>

enum { TARGET_LENGTH = 1000, LINES_MAX = 100000 };

static struct access_log *log_file;

/* Adds a line that a letter tells from others; whether it was taken. */
static bool add(char letter) {
  char target[TARGET_LENGTH];
  memset(target, letter, sizeof target);
  const struct access_entry entry = {
      .method = {"GET", 3}, .target = {target, sizeof target}, .status = 200};
  return access_log_add(log_file, 0, &entry);
}

/* Adds and flushes until lines are lost; how many were taken. */
static size_t fill(char letter) {
  size_t taken = 0;
  while (taken < LINES_MAX && add(letter)) {
    taken++;
    access_log_flush(log_file);
  }
  return taken;
}

/* Reads and flushes in turn until nothing comes any more; how many whole lines came. */
static size_t drain(int descriptor, size_t *broken) {
  char bytes[4096];
  size_t lines = 0, length = 0;
  ssize_t got;
  *broken = 0;
  access_log_flush(log_file);
  while ((got = read(descriptor, bytes, sizeof bytes)) > 0) {
    for (ssize_t i = 0; i < got; i++) {
      length++;
      if (bytes[i] != '\n') continue;
      lines++;
      *broken += length != sizeof "1970-01-01T00:00:00.000Z - \"GET \" 200 0 0.000" + TARGET_LENGTH;
      length = 0;
    }
    access_log_flush(log_file);
  }
  *broken += length != 0;
  return lines;
}

static void gives_up_lines_for_a_full_stdout(void) {
  int ends[2];
  size_t broken;
  check_row("stdout is a pipe that nobody reads");
  const int own_stdout = dup(STDOUT_FILENO);
  if (own_stdout < 0 || pipe(ends) != 0 || dup2(ends[1], STDOUT_FILENO) < 0) abort();
  log_file = access_log_open("-");
  if (log_file == NULL) abort();
  const size_t taken = fill('a');
  const int flags = fcntl(STDOUT_FILENO, F_GETFL);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  const size_t came = drain(ends[0], &broken);
  const bool goes_on = add('b');
  size_t broken_after;
  const size_t came_after = drain(ends[0], &broken_after);
  access_log_close(log_file);
  dup2(own_stdout, STDOUT_FILENO);
  close(own_stdout);
  close(ends[0]);
  close(ends[1]);

  CHECK(taken > 0 && taken < LINES_MAX);
  CHECK((flags & O_NONBLOCK) == 0);
  CHECK(came == taken);
  CHECK(broken == 0);
  CHECK(goes_on);
  CHECK(came_after == 1);
  CHECK(broken_after == 0);
}

int main(void) {
  gives_up_lines_for_a_full_stdout();
  return check_report();
}
