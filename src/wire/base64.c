/* Base64. What is an encoding is said once, by struct base64_check; decoding checks first and then
   does not have to look. */
#include "base64.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum { VALUE = 0x3F, IS_DIGIT = 0x40 };

#define DIGIT(value) (IS_DIGIT | (value))

/* Of both alphabets: IS_DIGIT | value for a digit, 0 for any other byte. */
static const unsigned char digits[256] = {
    ['A'] = DIGIT(0),  ['B'] = DIGIT(1),  ['C'] = DIGIT(2),  ['D'] = DIGIT(3),  ['E'] = DIGIT(4),
    ['F'] = DIGIT(5),  ['G'] = DIGIT(6),  ['H'] = DIGIT(7),  ['I'] = DIGIT(8),  ['J'] = DIGIT(9),
    ['K'] = DIGIT(10), ['L'] = DIGIT(11), ['M'] = DIGIT(12), ['N'] = DIGIT(13), ['O'] = DIGIT(14),
    ['P'] = DIGIT(15), ['Q'] = DIGIT(16), ['R'] = DIGIT(17), ['S'] = DIGIT(18), ['T'] = DIGIT(19),
    ['U'] = DIGIT(20), ['V'] = DIGIT(21), ['W'] = DIGIT(22), ['X'] = DIGIT(23), ['Y'] = DIGIT(24),
    ['Z'] = DIGIT(25), ['a'] = DIGIT(26), ['b'] = DIGIT(27), ['c'] = DIGIT(28), ['d'] = DIGIT(29),
    ['e'] = DIGIT(30), ['f'] = DIGIT(31), ['g'] = DIGIT(32), ['h'] = DIGIT(33), ['i'] = DIGIT(34),
    ['j'] = DIGIT(35), ['k'] = DIGIT(36), ['l'] = DIGIT(37), ['m'] = DIGIT(38), ['n'] = DIGIT(39),
    ['o'] = DIGIT(40), ['p'] = DIGIT(41), ['q'] = DIGIT(42), ['r'] = DIGIT(43), ['s'] = DIGIT(44),
    ['t'] = DIGIT(45), ['u'] = DIGIT(46), ['v'] = DIGIT(47), ['w'] = DIGIT(48), ['x'] = DIGIT(49),
    ['y'] = DIGIT(50), ['z'] = DIGIT(51), ['0'] = DIGIT(52), ['1'] = DIGIT(53), ['2'] = DIGIT(54),
    ['3'] = DIGIT(55), ['4'] = DIGIT(56), ['5'] = DIGIT(57), ['6'] = DIGIT(58), ['7'] = DIGIT(59),
    ['8'] = DIGIT(60), ['9'] = DIGIT(61), ['+'] = DIGIT(62), ['/'] = DIGIT(63), ['-'] = DIGIT(62),
    ['_'] = DIGIT(63),
};

static unsigned digit_at(const char *text) {
  return digits[(unsigned char)*text];
}

size_t base64_encoded_size(size_t length) {
  return (length + 2) / 3 * 4;
}

void base64_encode(const char *bytes, size_t length, char *out) {
  const unsigned char *b = (const unsigned char *)bytes;
  for (; length >= 3; b += 3, length -= 3) {
    *out++ = alphabet[b[0] >> 2];
    *out++ = alphabet[(b[0] & 0x03) << 4 | b[1] >> 4];
    *out++ = alphabet[(b[1] & 0x0F) << 2 | b[2] >> 6];
    *out++ = alphabet[b[2] & 0x3F];
  }
  if (length == 0) return;
  unsigned second = length == 2 ? b[1] : 0;
  *out++ = alphabet[b[0] >> 2];
  *out++ = alphabet[(b[0] & 0x03u) << 4 | second >> 4];
  *out++ = length == 2 ? alphabet[(second & 0x0F) << 2] : '=';
  *out++ = '=';
}

size_t base64_decoded_max(size_t length) {
  return length / 4 * 3 + 2;
}

bool base64_check_piece(struct base64_check *check, const char *text, size_t length) {
  const char *end = text + length;
  if (check->padding == 0) {
    const char *start = text;
    while (text < end && digit_at(text) != 0)
      text++;
    check->digits += (size_t)(text - start);
    if (text > start) check->last = digit_at(text - 1) & VALUE;
  }
  while (text < end && *text == '=' && check->padding < 2) {
    check->padding++;
    text++;
  }
  return text == end;
}

bool base64_check_whole(const struct base64_check *check) {
  if (check->padding > 0 && (check->digits + check->padding) % 4 != 0) return false;
  switch (check->digits % 4) {
  case 0:
    return check->padding == 0;
  case 2:
    return (check->last & 0x0F) == 0;
  case 3:
    return (check->last & 0x03) == 0;
  default:
    return false;
  }
}

bool base64_decode(const char *text, size_t length, char *out, size_t *out_length) {
  struct base64_check check = {0};
  if (!base64_check_piece(&check, text, length) || !base64_check_whole(&check)) return false;
  const char *start = out;
  const char *whole = text + check.digits / 4 * 4;
  for (; text < whole; text += 4) {
    uint32_t bits = (digit_at(text) & VALUE) << 18 | (digit_at(text + 1) & VALUE) << 12 |
                    (digit_at(text + 2) & VALUE) << 6 | (digit_at(text + 3) & VALUE);
    *out++ = (char)(bits >> 16 & 0xFF);
    *out++ = (char)(bits >> 8 & 0xFF);
    *out++ = (char)(bits & 0xFF);
  }
  size_t rest = check.digits % 4; /* 0, 2 or 3 */
  if (rest > 0) {
    uint32_t bits = (digit_at(text) & VALUE) << 18 | (digit_at(text + 1) & VALUE) << 12;
    if (rest == 3) bits |= (digit_at(text + 2) & VALUE) << 6;
    *out++ = (char)(bits >> 16 & 0xFF);
    if (rest == 3) *out++ = (char)(bits >> 8 & 0xFF);
  }
  *out_length = (size_t)(out - start);
  return true;
}
