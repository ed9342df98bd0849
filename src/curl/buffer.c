/* Bytes that grow by doubling. */
#include "buffer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SMALLEST = 64 };

bool buffer_reserve(struct buffer *buffer, size_t more) {
  if (more >= SIZE_MAX / 2 - buffer->length) return false;
  size_t needed = buffer->length + more + 1;
  if (needed <= buffer->capacity) return true;
  size_t capacity = buffer->capacity < SMALLEST ? SMALLEST : buffer->capacity;
  while (capacity < needed)
    capacity *= 2;
  char *bytes = realloc(buffer->bytes, capacity);
  if (bytes == NULL) return false;
  buffer->bytes = bytes;
  buffer->capacity = capacity;
  return true;
}

bool buffer_append(struct buffer *buffer, const char *bytes, size_t length) {
  if (!buffer_reserve(buffer, length)) return false;
  if (length > 0) memcpy(buffer->bytes + buffer->length, bytes, length);
  buffer->length += length;
  buffer->bytes[buffer->length] = '\0';
  return true;
}

void buffer_clear(struct buffer *buffer, size_t keep) {
  buffer->length = 0;
  if (buffer->capacity <= keep) return;
  free(buffer->bytes);
  buffer->bytes = NULL;
  buffer->capacity = 0;
}
