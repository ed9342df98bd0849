#include "access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER_SIZE = 65536, TIME_SIZE = 32 };

struct access_log {
  const char *path;
  FILE *file;
  bool dirty;
};

static FILE *open_file(const char *path) {
  const int descriptor = strcmp(path, "-") == 0
                             ? dup(STDOUT_FILENO)
                             : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (descriptor < 0) return NULL;
  FILE *file = fdopen(descriptor, "a");
  if (file == NULL) {
    const int problem = errno;
    close(descriptor);
    errno = problem;
    return NULL;
  }
  setvbuf(file, NULL, _IOFBF, BUFFER_SIZE);
  return file;
}

struct access_log *access_log_open(const char *path) {
  struct access_log *log = calloc(1, sizeof *log);
  if (log == NULL) return NULL;
  log->path = path;
  log->file = open_file(path);
  if (log->file != NULL) return log;
  const int problem = errno;
  free(log);
  errno = problem;
  return NULL;
}

void access_log_close(struct access_log *log) {
  if (log == NULL) return;
  fclose(log->file);
  free(log);
}

bool access_log_reopen(struct access_log *log) {
  FILE *file = open_file(log->path);
  if (file == NULL) return false;
  fclose(log->file);
  log->file = file;
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

void access_log_add(struct access_log *log, uint64_t now_ms, const struct access_entry *entry) {
  const time_t seconds = (time_t)(now_ms / 1000);
  struct tm utc;
  char when[TIME_SIZE];
  char client[ADDRESS_TEXT_SIZE];
  gmtime_r(&seconds, &utc);
  strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &utc);
  address_format(&entry->client, client);
  fprintf(log->file, "%s.%03uZ %s ", when, (unsigned)(now_ms % 1000), client);
  if (entry->method.length > 0) {
    putc('"', log->file);
    put_quoted(log->file, entry->method);
    putc(' ', log->file);
    put_quoted(log->file, path_of(entry->target));
    putc('"', log->file);
  } else {
    fputs("\"-\"", log->file);
  }
  if (entry->status != 0)
    fprintf(log->file, " %u", entry->status);
  else
    fputs(" -", log->file);
  fprintf(log->file, " %llu %llu.%03u\n", (unsigned long long)entry->bytes,
          (unsigned long long)(entry->duration_ms / 1000), (unsigned)(entry->duration_ms % 1000));
  log->dirty = true;
}

void access_log_flush(struct access_log *log) {
  if (!log->dirty) return;
  fflush(log->file);
  log->dirty = false;
}
