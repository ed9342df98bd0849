#include "start_line.h"

#include <string.h>

static bool digit(char byte) {
  return byte >= '0' && byte <= '9';
}

static unsigned read_version(struct field_text version, bool *http_1_0, const char **why) {
  if (version.length != 8 || memcmp(version.bytes, "HTTP/", 5) != 0 || !digit(version.bytes[5]) ||
      version.bytes[6] != '.' || !digit(version.bytes[7])) {
    *why = "the request line does not end in an HTTP version";
    return 400;
  }
  if (version.bytes[5] != '1' || version.bytes[7] > '1') {
    *why = "only HTTP/1.0 and HTTP/1.1 are spoken here";
    return 505;
  }
  *http_1_0 = version.bytes[7] == '0';
  return 0;
}

static bool starts_with(struct field_text text, const char *prefix) {
  size_t length = strlen(prefix);
  return text.length >= length && field_is((struct field_text){text.bytes, length}, prefix);
}

/* Of a target in absolute form leaves path and query. A name and password before the host, and a
   query without a path, are things that no client sends: refused. */
static bool strip_origin(struct field_text *target) {
  size_t scheme = 0;
  if (starts_with(*target, "http://")) scheme = 7;
  if (starts_with(*target, "https://")) scheme = 8;
  if (scheme == 0) return false;

  size_t slash = scheme;
  while (slash < target->length && target->bytes[slash] != '/') {
    if (strchr("?@\\", target->bytes[slash]) != NULL) return false;
    slash++;
  }
  if (slash == scheme) return false;
  *target = (struct field_text){target->bytes + slash, target->length - slash};
  return true;
}

static bool read_target(struct field_text method, struct field_text *target) {
  for (size_t i = 0; i < target->length; i++) {
    unsigned char byte = (unsigned char)target->bytes[i];
    if (byte <= 0x20 || byte >= 0x7f || byte == '#') return false;
  }
  if (target->length == 0) return false;
  if (target->bytes[0] == '/') return true;
  if (target->length == 1 && target->bytes[0] == '*')
    return method.length == 7 && memcmp(method.bytes, "OPTIONS", 7) == 0;
  return strip_origin(target);
}

unsigned start_line_read(struct field_text line, struct start_line *out, const char **why) {
  const char *end = line.bytes + line.length;
  const char *space = line.length > 0 ? memchr(line.bytes, ' ', line.length) : NULL;
  out->method = (struct field_text){line.bytes, space != NULL ? (size_t)(space - line.bytes) : 0};
  if (!field_token(out->method)) {
    *why = "the request line does not begin with a method";
    return 400;
  }
  const char *second = memchr(space + 1, ' ', (size_t)(end - space - 1));
  if (second == NULL) {
    *why = "the request line is not: method, target, HTTP version";
    return 400;
  }
  struct field_text version = {second + 1, (size_t)(end - second - 1)};
  unsigned status = read_version(version, &out->http_1_0, why);
  if (status != 0) return status;

  out->target = (struct field_text){space + 1, (size_t)(second - space - 1)};
  if (!read_target(out->method, &out->target)) {
    *why = "the request target is neither a path nor an http URL";
    return 400;
  }
  return 0;
}
