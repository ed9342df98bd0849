/* Percent-encoding (RFC 3986), names and origins. */
#include "url.h"

#include "hex.h"
#include "number.h"

#include <stdint.h>
#include <string.h>

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

/* Bytes of the scheme that text begins with; 0: it has none of ours. */
static size_t scheme_length(const char *text, size_t length) {
  static const char *const schemes[] = {"http://", "https://"};
  for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
    const size_t scheme = strlen(schemes[i]);
    if (length > scheme && memcmp(text, schemes[i], scheme) == 0) return scheme;
  }
  return 0;
}

static bool host_byte(char c) {
  return c > ' ' && c < 127 && strchr("/\\?#@\"<>[]:", c) == NULL;
}

/* Bytes of the host that text begins with. */
static size_t host_length(const char *text, size_t length) {
  size_t at = 0;
  if (text[0] != '[') {
    while (at < length && host_byte(text[at]))
      at++;
    return at;
  }
  for (at = 1; at < length && (host_byte(text[at]) || text[at] == ':');)
    at++;
  return at < length && text[at] == ']' ? at + 1 : 0;
}

bool url_origin_valid(const char *text, size_t length) {
  uint64_t port;
  const size_t scheme = scheme_length(text, length);
  if (scheme == 0) return false;
  const size_t host = host_length(text + scheme, length - scheme);
  const size_t end = scheme + host;
  if (host == 0 || end == length) return host != 0;
  return text[end] == ':' && number_parse_u64(text + end + 1, length - end - 1, &port) &&
         port > 0 && port <= 65535;
}
