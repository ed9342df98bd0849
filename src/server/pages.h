/* Sequence pages: seconds since the epoch, but always greater than any page given before, also by
   an earlier process that was killed in this very second. For that the last one lives in a small
   shared memory file, one per user; tests and anybody else may keep it in a variable instead. */
#ifndef TOPICSD_PAGES_H
#define TOPICSD_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pages {
  uint64_t *last; /* the greatest page ever given; in the file once it is open */
  uint64_t local; /* where it lives when there is no file */
};

enum { PAGES_PATH_SIZE = 64 };

/* Remembers in memory alone. The struct must not be moved afterwards. */
void pages_start(struct pages *pages);

/* Remembers in the file at path, which is made (mode 0600) when missing. A file that is not a
   regular one of this user's own, or not of our making, is refused: returns false with errno set,
   and pages then works as after pages_start. Several processes may share the file. */
bool pages_open(struct pages *pages, const char *path);

/* Lets go of the file, which stays. */
void pages_close(struct pages *pages);

/* Where the file of this user belongs: /dev/shm, or /var/tmp where there is none. */
void pages_default_path(char path[PAGES_PATH_SIZE]);

/* The next page. */
uint64_t pages_next(struct pages *pages, uint64_t now_seconds);

#endif
