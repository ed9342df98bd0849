/* Base64. What is an encoding is said once, by struct base64_check; decoding checks first and then
   does not have to look. */
#include "base64.h"

#include <limits.h>
#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum { NO_DIGIT = -1 };

static int digit_value(char character) {
  if (character >= 'A' && character <= 'Z') return character - 'A';
  if (character >= 'a' && character <= 'z') return character - 'a' + 26;
  if (character >= '0' && character <= '9') return character - '0' + 52;
  if (character == '+' || character == '-') return 62;
  if (character == '/' || character == '_') return 63;
  return NO_DIGIT;
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
  for (size_t i = 0; i < length; i++) {
    if (text[i] == '=') {
      if (++check->padding > 2) return false;
      continue;
    }
    int value = digit_value(text[i]);
    if (value == NO_DIGIT || check->padding > 0) return false;
    check->last = (unsigned)value;
    check->digits++;
  }
  return true;
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
  size_t written = 0;
  uint32_t bits = 0;
  unsigned count = 0;
  for (size_t i = 0; i < check.digits; i++) {
    bits = bits << 6 | (uint32_t)digit_value(text[i]);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out[written++] = (char)(bits >> count & UCHAR_MAX);
    }
  }
  *out_length = written;
  return true;
}
