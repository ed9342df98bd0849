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
  return (hex_digit(text[0]) & HEX_VALUE) << 12 | (hex_digit(text[1]) & HEX_VALUE) << 8 |
         (hex_digit(text[2]) & HEX_VALUE) << 4 | (hex_digit(text[3]) & HEX_VALUE);
}

#endif
