/* Hexadecimal digits, read by table. Knows nothing of what they stand for. */
#ifndef MOMENTO_WIRE_HEX_H
#define MOMENTO_WIRE_HEX_H

#include <stdbool.h>
#include <stdint.h>

enum { HEX_VALUE = 0x0F, HEX_IS_DIGIT = 0x10 };

/* HEX_IS_DIGIT | value for a digit, 0 for any other byte. */
extern const unsigned char hex_table[256];

static inline unsigned hex_digit(char c) {
  return hex_table[(unsigned char)c];
}

/* Whether text[0..4) is four digits. */
static inline bool hex_four_valid(const char *text) {
  return (hex_digit(text[0]) & hex_digit(text[1]) & hex_digit(text[2]) & hex_digit(text[3]) &
          HEX_IS_DIGIT) != 0;
}

/* Value of four (valid) digits. */
static inline uint32_t hex_four(const char *text) {
  uint32_t four = (uint32_t)(unsigned char)text[0] << 24 | (uint32_t)(unsigned char)text[1] << 16 |
                  (uint32_t)(unsigned char)text[2] << 8 | (unsigned char)text[3];
  /* Letters have bit 6 set, and their low nibbles begin with 1 for ten. */
  four = (four & 0x0F0F0F0F) + (four >> 6 & 0x01010101) * 9;
  four = (four | four >> 4) & 0x00FF00FF;
  return (four | four >> 8) & 0xFFFF;
}

#endif
