/* UTF-8: validation of whole texts. */
#include "utf8.h"

#include "word.h"

bool utf8_valid(const char *bytes, size_t length) {
  size_t at = 0;
  while (at < length) {
    if (length - at >= WORD_SIZE && (word_load(bytes + at) & WORD_TOP_BITS) == 0) {
      at += WORD_SIZE;
      continue;
    }
    size_t size = utf8_sequence(bytes + at, length - at);
    if (size == 0) return false;
    at += size;
  }
  return true;
}
