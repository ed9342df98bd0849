/* What the fuzz targets are written with: demands that end the run, memory that is exactly as long
   as asked for (so that the sanitizer sees a step past it), and texts put together from pieces,
   which get deeper into a grammar than bytes at random do. */
#ifndef MOMENTO_SPEC_FUZZ_H
#define MOMENTO_SPEC_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

static inline void demand(bool holds) {
  if (!holds) abort();
}

static inline char *fuzz_room(size_t length) {
  char *bytes = malloc(length > 0 ? length : 1);
  if (bytes == NULL) abort();
  return bytes;
}

static inline char *fuzz_copy(const char *bytes, size_t length) {
  char *copy = fuzz_room(length);
  if (length > 0) memcpy(copy, bytes, length);
  return copy;
}

struct fuzz_text {
  char *bytes; /* the caller frees it */
  size_t length;
};

/* The input as it is when its first byte is even, else one piece for each further byte, while they
   fit into `most` bytes. */
static inline struct fuzz_text fuzz_text(const uint8_t *data, size_t length,
                                         const char *const *pieces, size_t count, size_t most) {
  struct fuzz_text text = {NULL, 0};
  if (length == 0 || data[0] % 2 == 0) {
    text.length = length == 0 ? 0 : length - 1;
    text.bytes = fuzz_copy((const char *)data + (length > 0), text.length);
    return text;
  }
  char *bytes = fuzz_room(most);
  for (size_t i = 1; i < length; i++) {
    const char *piece = pieces[data[i] % count];
    if (text.length + strlen(piece) > most) break;
    memcpy(bytes + text.length, piece, strlen(piece));
    text.length += strlen(piece);
  }
  text.bytes = fuzz_copy(bytes, text.length);
  free(bytes);
  return text;
}

#endif
