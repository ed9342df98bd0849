/* Splits before anything is decoded: %2F in a name is no slash, %26 in a token no ampersand. */
#include "target.h"

#include <string.h>

/* Takes what stands before separator off rest, and the separator too; all of rest when there is
   none, which leaves rest absent. */
static struct target_part take(struct target_part *rest, char separator) {
  const char *found = rest->length == 0 ? NULL : memchr(rest->bytes, separator, rest->length);
  struct target_part part = *rest;
  if (found == NULL) {
    *rest = (struct target_part){NULL, 0};
  } else {
    part.length = (size_t)(found - rest->bytes);
    *rest = (struct target_part){found + 1, rest->length - part.length - 1};
  }
  return part;
}

static bool is(struct target_part part, const char *text) {
  return part.length == strlen(text) && memcmp(part.bytes, text, part.length) == 0;
}

static enum target_path parse_path(struct target_part path, struct target *parts) {
  if (take(&path, '/').length != 0 || path.bytes == NULL) {
    return TARGET_UNKNOWN;
  }
  const struct target_part first = take(&path, '/');
  if (is(first, "tokens") && path.bytes == NULL) {
    return TARGET_TOKENS;
  }
  if (!is(first, "topics") || path.bytes == NULL) {
    return TARGET_UNKNOWN;
  }
  parts->cache = take(&path, '/');
  parts->topic = path;
  const bool two_segments =
      path.bytes != NULL && (path.length == 0 || memchr(path.bytes, '/', path.length) == NULL);
  return two_segments ? TARGET_TOPIC : TARGET_UNKNOWN;
}

static void set_once(struct target_part *parameter, struct target_part value, bool *repeated) {
  *repeated = *repeated || parameter->bytes != NULL;
  *parameter = value;
}

static void parse_query(struct target_part query, struct target *parts) {
  while (query.bytes != NULL) {
    struct target_part value = take(&query, '&');
    const char *end = value.bytes + value.length;
    const struct target_part name = take(&value, '=');
    if (value.bytes == NULL) { /* "name" is "name=" */
      value = (struct target_part){end, 0};
    }
    if (is(name, "token")) {
      set_once(&parts->token, value, &parts->repeated);
    } else if (is(name, "sequence_number")) {
      set_once(&parts->sequence_number, value, &parts->repeated);
    } else if (is(name, "sequence_page")) {
      set_once(&parts->sequence_page, value, &parts->repeated);
    }
  }
}

void target_parse(const char *target, size_t length, struct target *parts) {
  struct target_part query = {target, length};
  memset(parts, 0, sizeof *parts);
  const struct target_part path = take(&query, '?');
  parts->path = parse_path(path, parts);
  parse_query(query, parts);
}
