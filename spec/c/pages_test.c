/* Pages: always greater, also after a restart and among processes; and a file that is not ours is
   not used. */
#include "../../src/server/pages.h"

#include "check.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGES_EACH = 2000, PROCESSES = 2 };

static char directory[] = "/tmp/pages_test.XXXXXX";
static char path[sizeof directory + 8];
static char other[sizeof directory + 8];

static const struct {
  const char *name;
  uint64_t last;
  uint64_t now;
  uint64_t page;
} rows[] = {
    {"the first is the time", 0, 1748358253, 1748358253},
    {"later: the time", 1748358253, 1748358260, 1748358260},
    {"within the same second: one more", 1748358253, 1748358253, 1748358254},
    {"a clock that went back: one more", 1748358253, 1000, 1748358254},
    {"never 0", 0, 0, 1},
    {"beyond 32 bits", 0xFFFFFFFFFF, 5, 0x10000000000},
};

static void gives_greater_ones(void) {
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    check_row(rows[i].name);
    struct pages pages;
    pages_start(&pages);
    *pages.last = rows[i].last;
    CHECK(pages_next(&pages, rows[i].now) == rows[i].page);
    CHECK(pages_next(&pages, rows[i].now) == rows[i].page + 1);
  }
}

static void goes_on_after_a_restart(void) {
  check_row("restart within the same second");
  struct pages pages;
  if (!CHECK(pages_open(&pages, path))) return;
  CHECK(pages_next(&pages, 500) == 500);
  CHECK(pages_next(&pages, 500) == 501);
  pages_close(&pages);
  struct pages restarted;
  if (!CHECK(pages_open(&restarted, path))) return;
  CHECK(pages_next(&restarted, 500) == 502);
  struct stat status;
  CHECK(stat(path, &status) == 0 && (status.st_mode & 07777) == 0600);
  check_row("two at once");
  if (!CHECK(pages_open(&pages, path))) return;
  CHECK(pages_next(&pages, 500) == 503);
  CHECK(pages_next(&restarted, 500) == 504);
  pages_close(&pages);
  pages_close(&restarted);
  check_row("closed: in memory again");
  CHECK(pages_next(&pages, 7) == 7);
  unlink(path);
}

/* In a child: writes PAGES_EACH pages to descriptor. */
static void give_pages(int descriptor) {
  struct pages pages;
  static uint64_t given[PAGES_EACH];
  if (!pages_open(&pages, path)) _exit(1);
  for (size_t i = 0; i < PAGES_EACH; i++)
    given[i] = pages_next(&pages, 1000);
  _exit(write(descriptor, given, sizeof given) == (ssize_t)sizeof given ? 0 : 1);
}

static void gives_none_twice_among_processes(void) {
  check_row("processes share the file");
  static bool seen[PROCESSES * PAGES_EACH];
  int ends[2];
  pid_t children[PROCESSES];
  if (pipe(ends) != 0) abort();
  for (size_t i = 0; i < PROCESSES; i++) {
    children[i] = fork();
    if (children[i] < 0) abort();
    if (children[i] == 0) give_pages(ends[1]);
  }
  close(ends[1]);
  FILE *all = fdopen(ends[0], "rb");
  if (all == NULL) abort();
  size_t count = 0;
  for (uint64_t page; fread(&page, sizeof page, 1, all) == 1; count++) {
    if (CHECK(page >= 1000 && page < 1000 + PROCESSES * PAGES_EACH)) {
      CHECK(!seen[page - 1000]);
      seen[page - 1000] = true;
    }
  }
  fclose(all);
  for (size_t i = 0; i < PROCESSES; i++) {
    int status = -1;
    CHECK(waitpid(children[i], &status, 0) == children[i] && status == 0);
  }
  CHECK(count == PROCESSES * PAGES_EACH);
  unlink(path);
}

static void make_file(const char *bytes, size_t length, mode_t mode) {
  FILE *file = fopen(path, "wb");
  if (file == NULL || fwrite(bytes, 1, length, file) != length) abort();
  fclose(file);
  if (chmod(path, mode) != 0) abort();
}

static void make_symlink(void) {
  FILE *file = fopen(other, "wb");
  if (file == NULL || fclose(file) != 0 || symlink(other, path) != 0) abort();
}

static void make_second_name(void) {
  make_file("", 0, 0600);
  if (link(path, other) != 0) abort();
}

static void make_open_to_others(void) {
  make_file("", 0, 0660);
}

static void make_short(void) {
  make_file("topicsd1", 8, 0600);
}

static void make_foreign(void) {
  make_file("somebody else's!", 16, 0600);
}

static void make_directory(void) {
  if (mkdir(path, 0700) != 0) abort();
}

static void make_fifo(void) {
  if (mkfifo(path, 0600) != 0) abort();
}

/* Only root can give a file away; others cannot be tricked by one they make themselves. */
static void make_anothers(void) {
  make_file("", 0, geteuid() == 0 ? 0600 : 0660);
  if (geteuid() == 0 && chown(path, 1, (gid_t)-1) != 0) abort();
}

static const struct {
  const char *name;
  void (*make)(void);
  int error;
} refused[] = {
    {"a file of another user", make_anothers, EPERM},
    {"a symbolic link", make_symlink, ELOOP},
    {"a file with a second name", make_second_name, EPERM},
    {"a file others may write to", make_open_to_others, EPERM},
    {"a file of another size", make_short, EINVAL},
    {"a file of something else", make_foreign, EINVAL},
    {"a directory", make_directory, EISDIR},
    {"a FIFO", make_fifo, EPERM},
};

static void refuses_what_is_not_ours(void) {
  for (size_t i = 0; i < CHECK_COUNT(refused); i++) {
    check_row(refused[i].name);
    refused[i].make();
    struct pages pages;
    errno = 0;
    CHECK(!pages_open(&pages, path));
    CHECK(errno == refused[i].error);
    CHECK(pages_next(&pages, 9) == 9); /* works all the same, in memory */
    pages_close(&pages);
    if (unlink(path) != 0) rmdir(path);
    unlink(other);
  }
  check_row("a path that cannot be");
  struct pages pages;
  CHECK(!pages_open(&pages, "/nonexistent/pages") && errno == ENOENT);
}

static void takes_up_a_file_of_zeroes(void) {
  check_row("killed before the first page");
  make_file("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, 0600);
  struct pages pages;
  CHECK(pages_open(&pages, path));
  CHECK(pages_next(&pages, 9) == 9);
  pages_close(&pages);
  unlink(path);
}

static void knows_its_place(void) {
  check_row("default path");
  char place[PAGES_PATH_SIZE];
  char user[32];
  pages_default_path(place);
  (void)snprintf(user, sizeof user, "/topicsd-pages-%lu", (unsigned long)geteuid());
  CHECK(place[0] == '/' && strstr(place, user) != NULL);
}

int main(void) {
  if (mkdtemp(directory) == NULL) abort();
  (void)snprintf(path, sizeof path, "%s/pages", directory);
  (void)snprintf(other, sizeof other, "%s/other", directory);
  gives_greater_ones();
  goes_on_after_a_restart();
  gives_none_twice_among_processes();
  refuses_what_is_not_ours();
  takes_up_a_file_of_zeroes();
  knows_its_place();
  rmdir(directory);
  return check_report();
}
