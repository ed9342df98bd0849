/* UTF-8, by the table of well-formed byte sequences (Unicode 15, table 3-7). */
#include "utf8.h"

#include "word.h"

static bool continues(unsigned char byte) {
  return (byte & 0xC0) == 0x80;
}

size_t utf8_sequence(const char *bytes, size_t length) {
  const unsigned char *b = (const unsigned char *)bytes;
  if (length == 0) return 0;
  unsigned char lead = b[0];
  if (lead < 0x80) return 1;
  if (lead < 0xC2) /* a continuation byte, or the overlong C0 and C1 */
    return 0;
  if (lead < 0xE0) return length >= 2 && continues(b[1]) ? 2 : 0;
  if (lead < 0xF0) {
    if (length < 3 || !continues(b[1]) || !continues(b[2])) return 0;
    bool overlong = lead == 0xE0 && b[1] < 0xA0;
    bool surrogate = lead == 0xED && b[1] >= 0xA0;
    return overlong || surrogate ? 0 : 3;
  }
  if (lead > 0xF4 || length < 4 || !continues(b[1]) || !continues(b[2]) || !continues(b[3]))
    return 0;
  bool overlong = lead == 0xF0 && b[1] < 0x90;
  bool past_the_last = lead == 0xF4 && b[1] >= 0x90;
  return overlong || past_the_last ? 0 : 4;
}

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
