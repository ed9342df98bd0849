/* Lines are gathered in memory and written when the loop has a moment, never more than there is
   room for: a reader that is slow, or a full disk, costs lines and keeps nobody waiting. */
#include "access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
  PENDING_MAX = 1048576, /* bytes that wait; a line is taken while there are fewer */
  TIME_SIZE = 32
};

struct access_log {
  const char *path;
  int descriptor;
  FILE *lines; /* into pending */
  char *pending;
  size_t length; /* of pending, as of the latest line */
  size_t sent;   /* of those */
};

static int open_file(const char *path) {
  if (strcmp(path, "-") == 0) return dup(STDOUT_FILENO);
  const int flags = O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK;
  const int descriptor = open(path, flags | O_WRONLY, 0640);
  /* A FIFO that nobody reads yet can only be opened by one who could read it, too. */
  return descriptor < 0 && errno == ENXIO ? open(path, flags | O_RDWR) : descriptor;
}

struct access_log *access_log_open(const char *path) {
  struct access_log *log = calloc(1, sizeof *log);
  if (log == NULL) return NULL;
  log->path = path;
  log->descriptor = open_file(path);
  if (log->descriptor >= 0) {
    log->lines = open_memstream(&log->pending, &log->length);
    if (log->lines != NULL) return log;
  }
  const int problem = errno;
  if (log->descriptor >= 0) close(log->descriptor);
  free(log);
  errno = problem;
  return NULL;
}

void access_log_close(struct access_log *log) {
  if (log == NULL) return;
  access_log_flush(log);
  fclose(log->lines);
  free(log->pending);
  close(log->descriptor);
  free(log);
}

bool access_log_reopen(struct access_log *log) {
  const int descriptor = open_file(log->path);
  if (descriptor < 0) return false;
  access_log_flush(log);
  close(log->descriptor);
  log->descriptor = descriptor;
  return true;
}

/* What could end the quoted string is written as bytes; the rest of a target is printable. */
static void put_quoted(FILE *file, struct field_text text) {
  for (size_t i = 0; i < text.length; i++) {
    const unsigned char byte = (unsigned char)text.bytes[i];
    if (byte == '"' || byte == '\\' || byte < 0x20 || byte >= 0x7f)
      fprintf(file, "\\x%02x", (unsigned)byte);
    else
      putc(byte, file);
  }
}

static struct field_text path_of(struct field_text target) {
  const char *query = target.length > 0 ? memchr(target.bytes, '?', target.length) : NULL;
  if (query != NULL) target.length = (size_t)(query - target.bytes);
  return target;
}

static void put_line(FILE *file, uint64_t now_ms, const struct access_entry *entry) {
  const time_t seconds = (time_t)(now_ms / 1000);
  struct tm utc;
  char when[TIME_SIZE];
  char client[ADDRESS_TEXT_SIZE];
  gmtime_r(&seconds, &utc);
  strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &utc);
  address_format(&entry->client, client);
  fprintf(file, "%s.%03uZ %s ", when, (unsigned)(now_ms % 1000), client);
  if (entry->method.length > 0) {
    putc('"', file);
    put_quoted(file, entry->method);
    putc(' ', file);
    put_quoted(file, path_of(entry->target));
    putc('"', file);
  } else {
    fputs("\"-\"", file);
  }
  if (entry->status != 0)
    fprintf(file, " %u", entry->status);
  else
    fputs(" -", file);
  fprintf(file, " %llu %llu.%03u\n", (unsigned long long)entry->bytes,
          (unsigned long long)(entry->duration_ms / 1000), (unsigned)(entry->duration_ms % 1000));
}

bool access_log_add(struct access_log *log, uint64_t now_ms, const struct access_entry *entry) {
  if (log->length >= PENDING_MAX) access_log_flush(log);
  if (log->length >= PENDING_MAX) return false;
  put_line(log->lines, now_ms, entry);
  return fflush(log->lines) == 0;
}

/* Writes what there is room for; false: none, or it failed. stdout is shared with whoever started
   us and so not made non-blocking: as much as PIPE_BUF always fits where poll says that something
   does. */
static bool write_some(struct access_log *log) {
  struct pollfd room = {.fd = log->descriptor, .events = POLLOUT};
  const size_t rest = log->length - log->sent;
  if (poll(&room, 1, 0) != 1) return false;
  const ssize_t written =
      write(log->descriptor, log->pending + log->sent, rest < PIPE_BUF ? rest : PIPE_BUF);
  if (written < 0) return false;
  log->sent += (size_t)written;
  return true;
}

void access_log_flush(struct access_log *log) {
  if (log->length == 0) return;
  while (log->sent < log->length)
    if (!write_some(log)) return;
  rewind(log->lines);
  log->length = log->sent = 0;
}
