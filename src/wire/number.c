/* Unsigned 64-bit numbers as decimal text. */
#include "number.h"

#include "word.h"

enum { SAFE_DIGITS = 19 }; /* this many never overflow a u64 */

/* Marks the bytes of a word that are no digits; only the first mark is sure. */
static uint64_t mark_others(uint64_t word) {
  uint64_t others = word | (word - WORD_EACH('0')) | (word + WORD_EACH(0x7F - '9'));
  return others & WORD_TOP_BITS;
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

/* A number of one to seven digits, followed by something else, within a word: what most are. */
static size_t scan_short(uint64_t word, uint64_t *value) {
  uint64_t others = mark_others(word);
  size_t digits = others != 0 ? word_first(others) : 0;
  bool leading_zero = (word & 0xFF) == '0' && digits > 1;
  if (digits == 0 || leading_zero) return 0;
  *value = join_digits(word << (8 * (WORD_SIZE - digits))); /* behind zeros */
  return digits;
}

size_t number_scan_u64(const char *text, size_t length, uint64_t *value) {
  size_t few = length >= WORD_SIZE ? scan_short(word_load(text), value) : 0;
  if (few > 0) return few;
  uint64_t sum = 0;
  size_t digits = 0;
  size_t safe = SAFE_DIGITS;
  if (length < safe) safe = length;
  while (safe - digits >= WORD_SIZE && mark_others(word_load(text + digits)) == 0) {
    sum = sum * 100000000 + join_digits(word_load(text + digits));
    digits += WORD_SIZE;
  }
  for (; digits < safe && digit_at(text + digits) <= 9; digits++)
    sum = sum * 10 + digit_at(text + digits);
  if (digits == SAFE_DIGITS && digits < length && digit_at(text + digits) <= 9) {
    unsigned last = digit_at(text + digits++);
    bool too_many = digits < length && digit_at(text + digits) <= 9;
    if (too_many || sum > UINT64_MAX / 10 || sum * 10 > UINT64_MAX - last) return 0;
    sum = sum * 10 + last;
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
