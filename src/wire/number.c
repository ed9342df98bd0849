/* Unsigned 64-bit numbers as decimal text. */
#include "number.h"

#include <string.h>

enum { SAFE_DIGITS = 19 }; /* this many digits never overflow a u64 */

bool number_parse_u64(const char *text, size_t length, uint64_t *value) {
  if (length == 0 || length > SAFE_DIGITS + 1 || (text[0] == '0' && length > 1)) return false;
  uint64_t sum = 0;
  for (size_t i = 0; i < length; i++) {
    unsigned digit = (unsigned)(unsigned char)text[i] - '0';
    if (digit > 9) return false;
    if (i == SAFE_DIGITS && (sum > UINT64_MAX / 10 || sum * 10 > UINT64_MAX - digit)) return false;
    sum = sum * 10 + digit;
  }
  *value = sum;
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
