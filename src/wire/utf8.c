/* UTF-8: whole texts, and encoding. */
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

size_t utf8_encode(uint32_t code_point, char out[UTF8_MAX_SIZE]) {
  if (code_point < 0x80) {
    out[0] = (char)code_point;
    return 1;
  }
  if (code_point < 0x800) {
    out[0] = (char)(0xC0 | code_point >> 6);
    out[1] = (char)(0x80 | (code_point & 0x3F));
    return 2;
  }
  if (code_point < 0x10000) {
    out[0] = (char)(0xE0 | code_point >> 12);
    out[1] = (char)(0x80 | (code_point >> 6 & 0x3F));
    out[2] = (char)(0x80 | (code_point & 0x3F));
    return 3;
  }
  out[0] = (char)(0xF0 | code_point >> 18);
  out[1] = (char)(0x80 | (code_point >> 12 & 0x3F));
  out[2] = (char)(0x80 | (code_point >> 6 & 0x3F));
  out[3] = (char)(0x80 | (code_point & 0x3F));
  return 4;
}
