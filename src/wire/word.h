/* Eight bytes of text at a time, in portable C: loads through memcpy, and masks in which the top
   bit of a byte says that the byte is one looked for. Only the first such byte of a mask is sure:
   a subtraction borrows from the bytes after a hit, never from those before it. */
#ifndef MOMENTO_WIRE_WORD_H
#define MOMENTO_WIRE_WORD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { WORD_SIZE = 8 };

#define WORD_EACH(byte) (UINT64_C(0x0101010101010101) * (uint64_t)(byte))
#define WORD_TOP_BITS WORD_EACH(0x80)

/* The first byte in memory becomes the least significant one. */
static inline uint64_t word_load(const char *bytes) {
  uint64_t word;
  memcpy(&word, bytes, sizeof word);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  return word;
}

/* Marks exactly the bytes equal to `byte`. */
static inline uint64_t word_equal(uint64_t word, unsigned char byte) {
  uint64_t others = word ^ WORD_EACH(byte);
  return ~(others | ((others | WORD_TOP_BITS) - WORD_EACH(1))) & WORD_TOP_BITS;
}

/* Index of the first byte marked in a mask that is not 0. */
static inline size_t word_first(uint64_t mask) {
#if defined(__GNUC__)
  return (size_t)__builtin_ctzll(mask) / 8;
#else
  size_t index = 0;
  while ((mask & 0x80) == 0) {
    mask >>= 8;
    index++;
  }
  return index;
#endif
}

#endif
