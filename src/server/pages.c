/* The last page given, in a shared mapping of a file or in memory. */
#include "pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The whole file: tells it from one that something else made. */
struct pages_file {
  char magic[8];
  uint64_t last;
};

static const char file_magic[8] = {'t', 'o', 'p', 'i', 'c', 's', 'd', '1'};

void pages_start(struct pages *pages) {
  pages->local = 0;
  pages->last = &pages->local;
}

/* The file is in a directory that everybody may write to: nothing in it is trusted that is not a
   plain file of ours, with no second name and closed to others. */
static bool is_ours(const struct stat *status) {
  return S_ISREG(status->st_mode) && status->st_uid == geteuid() && status->st_nlink == 1 &&
         (status->st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

/* Maps the file at descriptor, which is ours; a new one is empty and gets its size here. */
static struct pages_file *map_file(int descriptor, off_t size) {
  if (size == 0 && ftruncate(descriptor, (off_t)sizeof(struct pages_file)) != 0) {
    return NULL;
  }
  if (size != 0 && size != (off_t)sizeof(struct pages_file)) {
    errno = EINVAL;
    return NULL;
  }
  void *mapped =
      mmap(NULL, sizeof(struct pages_file), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  return mapped == MAP_FAILED ? NULL : mapped;
}

/* A file of zeroes is a new one, perhaps of a process that was killed before it wrote the magic. */
static bool claim_file(struct pages_file *file) {
  static const char no_magic[sizeof file->magic] = {0};
  if (memcmp(file->magic, no_magic, sizeof file->magic) == 0 && file->last == 0) {
    memcpy(file->magic, file_magic, sizeof file->magic);
  }
  return memcmp(file->magic, file_magic, sizeof file->magic) == 0;
}

bool pages_open(struct pages *pages, const char *path) {
  pages_start(pages);
  const int descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
  if (descriptor < 0) {
    return false;
  }
  struct stat status;
  struct pages_file *file = NULL;
  int problem = 0;
  if (fstat(descriptor, &status) != 0) {
    problem = errno;
  } else if (!is_ours(&status)) {
    problem = EPERM;
  } else if ((file = map_file(descriptor, status.st_size)) == NULL) {
    problem = errno;
  } else if (!claim_file(file)) {
    munmap(file, sizeof *file);
    problem = EINVAL;
  }
  close(descriptor); /* the mapping stays */
  if (problem != 0) {
    errno = problem;
    return false;
  }
  pages->last = &file->last;
  return true;
}

void pages_close(struct pages *pages) {
  if (pages->last != &pages->local) {
    munmap((char *)pages->last - offsetof(struct pages_file, last), sizeof(struct pages_file));
    pages_start(pages);
  }
}

void pages_default_path(char path[PAGES_PATH_SIZE]) {
  const char *directory = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/var/tmp";
  (void)snprintf(path, PAGES_PATH_SIZE, "%s/topicsd-pages-%lu", directory,
                 (unsigned long)geteuid());
}

uint64_t pages_next(struct pages *pages, uint64_t now_seconds) {
  uint64_t last = __atomic_load_n(pages->last, __ATOMIC_SEQ_CST);
  uint64_t next;
  do { /* another topicsd may share the file */
    next = now_seconds > last ? now_seconds : last + 1;
  } while (!__atomic_compare_exchange_n(pages->last, &last, next, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST));
  return next;
}
