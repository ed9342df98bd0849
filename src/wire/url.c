/* Percent-encoding (RFC 3986). */
#include "url.h"

#include "hex.h"

static bool unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

size_t url_escaped_max(size_t length) {
  return length * 3;
}

size_t url_escape(const char *bytes, size_t length, char *out) {
  static const char digits[] = "0123456789ABCDEF";
  const char *start = out;
  for (size_t i = 0; i < length; i++) {
    if (unreserved(bytes[i])) {
      *out++ = bytes[i];
      continue;
    }
    unsigned char byte = (unsigned char)bytes[i];
    *out++ = '%';
    *out++ = digits[byte >> 4];
    *out++ = digits[byte & 0x0F];
  }
  return (size_t)(out - start);
}

bool url_unescape(const char *text, size_t length, char *out, size_t *out_length) {
  size_t written = 0;
  for (size_t i = 0; i < length; i++) {
    if (text[i] != '%') {
      out[written++] = text[i];
      continue;
    }
    if (length - i < 3) return false;
    unsigned high = hex_digit(text[i + 1]);
    unsigned low = hex_digit(text[i + 2]);
    if ((high & low & HEX_IS_DIGIT) == 0) return false;
    out[written++] = (char)((high & HEX_VALUE) << 4 | (low & HEX_VALUE));
    i += 2;
  }
  *out_length = written;
  return true;
}

bool url_name_valid(const char *name, size_t length) {
  for (size_t i = 0; i < length; i++) {
    unsigned char byte = (unsigned char)name[i];
    if (byte < 0x20 || byte == 0x7F) return false;
  }
  return length > 0;
}
