/* UTF-8 (RFC 3629): validation and encoding of single code points. */
#ifndef MOMENTO_WIRE_UTF8_H
#define MOMENTO_WIRE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UTF8_MAX_SIZE = 4 };

/* Whether bytes[0..length) is valid UTF-8: no overlong form, no surrogate, nothing past U+10FFFF.
 */
bool utf8_valid(const char *bytes, size_t length);

/* The rest is in line, since it is called for every sign past ASCII of a text. */

static inline bool utf8_continues(unsigned char byte) {
  return (byte & 0xC0) == 0x80;
}

/* Size of the valid sequence that bytes[0..length) begins with (1 to 4), 0 when it begins with
   none. By the table of well-formed byte sequences of the Unicode standard. In line: it is called
   for every sign past ASCII of a text. */
static inline size_t utf8_sequence(const char *bytes, size_t length) {
  const unsigned char *b = (const unsigned char *)bytes;
  if (length == 0) return 0;
  unsigned char lead = b[0];
  if (lead < 0x80) return 1;
  if (lead < 0xC2) /* a continuation byte, or the overlong C0 and C1 */
    return 0;
  if (lead < 0xE0) return length >= 2 && utf8_continues(b[1]) ? 2 : 0;
  if (lead < 0xF0) {
    if (length < 3 || !utf8_continues(b[1]) || !utf8_continues(b[2])) return 0;
    bool overlong = lead == 0xE0 && b[1] < 0xA0;
    bool surrogate = lead == 0xED && b[1] >= 0xA0;
    return overlong || surrogate ? 0 : 3;
  }
  if (lead > 0xF4 || length < 4 || !utf8_continues(b[1]) || !utf8_continues(b[2]) ||
      !utf8_continues(b[3]))
    return 0;
  bool overlong = lead == 0xF0 && b[1] < 0x90;
  bool past_the_last = lead == 0xF4 && b[1] >= 0x90;
  return overlong || past_the_last ? 0 : 4;
}

/* Writes code_point (<= 0x10FFFF, not a surrogate) to out; returns its 1 to 4 bytes. */
static inline size_t utf8_encode(uint32_t code_point, char out[UTF8_MAX_SIZE]) {
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

#endif
