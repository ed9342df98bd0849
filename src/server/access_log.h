/* The access log: a line for each request, in a file that can be rotated. Never holds a token: of a
   target, only the path is written. Nothing here waits: lines that cannot be written are kept, and
   lost when there are too many of them. Knows nothing of connections. */
#ifndef TOPICSD_ACCESS_LOG_H
#define TOPICSD_ACCESS_LOG_H

#include "address.h"
#include "field.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct access_log;

struct access_entry {
  struct address client;
  struct field_text method; /* length 0: it was no request */
  struct field_text target; /* as sent; what comes after a '?' is left out */
  unsigned status;          /* 0: the client left before it had its answer */
  uint64_t bytes;           /* of the answer, that were sent */
  uint64_t duration_ms;
};

/* Opens, or makes, the file at path (mode 0640) to append to it; "-" is stdout. path must outlive
   the log. NULL with errno set. */
struct access_log *access_log_open(const char *path);

/* Writes what can be written, and closes; NULL is allowed. */
void access_log_close(struct access_log *log);

/* Opens path again, as after a rotation; returns false with errno set, and goes on with the old
   file, when that fails. What the old one does not take goes into the new one. */
bool access_log_reopen(struct access_log *log);

/* Adds a line; it reaches the file with access_log_flush, if not earlier. now_ms: since the epoch.
   Returns false when the line is lost. */
bool access_log_add(struct access_log *log, uint64_t now_ms, const struct access_entry *entry);

/* Writes as much as can be written now. */
void access_log_flush(struct access_log *log);

#endif
