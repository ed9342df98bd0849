/* Unsigned 64-bit numbers as decimal text. */
#include "number.h"

#include "word.h"

/* How many of the eight bytes, from the first on, are digits. */
static size_t count_digits(uint64_t word) {
  uint64_t others = word | (word - WORD_EACH('0')) | (word + WORD_EACH(0x7F - '9'));
  others &= WORD_TOP_BITS; /* of these only the first is sure */
  return others == 0 ? WORD_SIZE : word_first(others);
}

/* Value of eight digits: neighbours are joined to pairs, pairs to fours, and those. */
static uint64_t join_digits(uint64_t word) {
  word = ((word & WORD_EACH(0x0F)) * (10 * (1 << 8) + 1)) >> 8;
  word = ((word & UINT64_C(0x00FF00FF00FF00FF)) * (100 * (1 << 16) + 1)) >> 16;
  return ((word & UINT64_C(0x0000FFFF0000FFFF)) * (10000 * (UINT64_C(1) << 32) + 1)) >> 32;
}

static unsigned digit_at(const char *text) {
  return (unsigned)(unsigned char)*text - '0'; /* more than 9 for any other byte */
}

size_t number_scan_u64(const char *text, size_t length, uint64_t *value) {
  static const uint64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
  uint64_t sum = 0;
  size_t digits = 0;
  size_t count = WORD_SIZE;
  while (count == WORD_SIZE && digits < 2 * WORD_SIZE && length - digits >= WORD_SIZE) {
    uint64_t word = word_load(text + digits);
    count = count_digits(word);
    if (count > 0) /* shifted to the end, behind zeros */
      sum = sum * powers[count] + join_digits(word << (8 * (WORD_SIZE - count)));
    digits += count;
  }
  if (count == WORD_SIZE) {
    for (; digits < length && digit_at(text + digits) <= 9; digits++) {
      unsigned digit = digit_at(text + digits);
      if (sum > UINT64_MAX / 10 || sum * 10 > UINT64_MAX - digit) return 0;
      sum = sum * 10 + digit;
    }
  }
  if (digits == 0 || (digits > 1 && text[0] == '0')) return 0;
  *value = sum;
  return digits;
}

bool number_parse_u64(const char *text, size_t length, uint64_t *value) {
  uint64_t number;
  if (length == 0 || number_scan_u64(text, length, &number) != length) return false;
  *value = number;
  return true;
}

size_t number_format_u64(uint64_t value, char out[NUMBER_U64_SIZE]) {
  char digits[NUMBER_U64_SIZE];
  size_t at = sizeof digits;
  do {
    digits[--at] = (char)('0' + value % 10);
    value /= 10;
  } while (value != 0);
  size_t length = sizeof digits - at;
  memcpy(out, digits + at, length);
  out[length] = '\0';
  return length;
}
