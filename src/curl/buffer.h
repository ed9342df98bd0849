/* Bytes that grow: what a transfer sends and what it has received. Knows nothing of transfers. */
#ifndef MOMENTO_CURL_BUFFER_H
#define MOMENTO_CURL_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct buffer {
  char *bytes;
  size_t length;
  size_t capacity;
};

/* Makes room for `more` bytes after the length and a NUL; false: no memory, nothing changed. */
bool buffer_reserve(struct buffer *buffer, size_t more);

/* Appends, and keeps a NUL after the last byte. */
bool buffer_append(struct buffer *buffer, const char *bytes, size_t length);

/* Empties the buffer; gives its memory back when it is more than `keep` bytes. */
void buffer_clear(struct buffer *buffer, size_t keep);

#endif
