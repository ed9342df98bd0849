/* One pass over the list; each permission is compared with the wish as soon as it is read. */
#include "permissions.h"

#include "../wire/json.h"
#include "../wire/url.h"

#include <stdint.h>
#include <string.h>

/* Decoded names are no longer than their JSON, which is bounded by what a credential may be. */
enum { NAME_MAX_BYTES = 8192 };

struct permission {
  struct json_string role;
  struct json_string cache;
  struct json_string topic;
  bool has_role;
  bool has_cache;
  bool has_topic;
  bool topic_is_prefix;
};

/* A string that has not been there yet. */
static bool read_once(struct json *json, struct json_string *string, bool *has) {
  if (*has) {
    return false;
  }
  *has = true;
  return json_string(json, string);
}

/* A name, or {"prefix": p}. */
static bool read_topic(struct json *json, struct permission *permission) {
  if (json_peek(json) != '{') {
    return read_once(json, &permission->topic, &permission->has_topic);
  }
  struct json_string member;
  permission->topic_is_prefix = true;
  return json_take(json, '{') && json_string(json, &member) &&
         json_string_is(&member, "prefix", 6) && json_take(json, ':') &&
         read_once(json, &permission->topic, &permission->has_topic) && json_take(json, '}');
}

static bool read_permission(struct json *json, struct permission *permission) {
  if (!json_take(json, '{')) {
    return false;
  }
  do {
    struct json_string member;
    bool read = false;
    if (!json_string(json, &member) || !json_take(json, ':')) {
      return false;
    }
    if (json_string_is(&member, "role", 4)) {
      read = read_once(json, &permission->role, &permission->has_role);
    } else if (json_string_is(&member, "cache", 5)) {
      read = read_once(json, &permission->cache, &permission->has_cache);
    } else if (json_string_is(&member, "topic", 5)) {
      read = read_topic(json, permission);
    }
    if (!read) {
      return false;
    }
  } while (json_take(json, ','));
  return json_take(json, '}') && permission->has_role && permission->has_cache &&
         permission->has_topic;
}

static enum permissions_verdict check_role(const struct json_string *role, bool publish) {
  if (json_string_is(role, "publishsubscribe", 16)) {
    return PERMISSIONS_ALLOW;
  }
  if (json_string_is(role, "publishonly", 11)) {
    return publish ? PERMISSIONS_ALLOW : PERMISSIONS_DENY;
  }
  if (json_string_is(role, "subscribeonly", 13)) {
    return publish ? PERMISSIONS_DENY : PERMISSIONS_ALLOW;
  }
  return PERMISSIONS_MALFORMED;
}

/* Whether name is what pattern says: "*", the name itself, or the beginning of it. */
static enum permissions_verdict check_name(const struct json_string *pattern, bool prefix,
                                           const char *name, size_t length) {
  char bytes[NAME_MAX_BYTES];
  if (pattern->length > sizeof bytes || !json_string_paired(pattern)) {
    return PERMISSIONS_MALFORMED;
  }
  const size_t pattern_length = json_string_decode(pattern, bytes);
  if (!url_name_valid(bytes, pattern_length)) {
    return PERMISSIONS_MALFORMED;
  }
  const bool any = !prefix && pattern_length == 1 && bytes[0] == '*';
  const bool long_enough = prefix ? length >= pattern_length : length == pattern_length;
  return any || (long_enough && memcmp(name, bytes, pattern_length) == 0) ? PERMISSIONS_ALLOW
                                                                          : PERMISSIONS_DENY;
}

static enum permissions_verdict check_one(struct json *json, const struct permissions_wish *wish) {
  struct permission permission;
  memset(&permission, 0, sizeof permission);
  if (!read_permission(json, &permission)) {
    return PERMISSIONS_MALFORMED;
  }
  const enum permissions_verdict parts[] = {
      check_role(&permission.role, wish->publish),
      check_name(&permission.cache, false, wish->cache, wish->cache_length),
      check_name(&permission.topic, permission.topic_is_prefix, wish->topic, wish->topic_length),
  };
  enum permissions_verdict least = PERMISSIONS_ALLOW;
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    least = parts[i] < least ? parts[i] : least;
  }
  return least;
}

enum permissions_verdict permissions_check(const char *text, size_t length,
                                           const struct permissions_wish *wish) {
  struct json json = {text, text + length};
  enum permissions_verdict verdict = PERMISSIONS_DENY;
  size_t count = 0;
  if (!json_take(&json, '[')) {
    return PERMISSIONS_MALFORMED;
  }
  do {
    const enum permissions_verdict one = check_one(&json, wish);
    if (one == PERMISSIONS_MALFORMED || ++count > PERMISSIONS_MAX) {
      return PERMISSIONS_MALFORMED;
    }
    verdict = one == PERMISSIONS_ALLOW ? one : verdict;
  } while (json_take(&json, ','));
  return json_take(&json, ']') && json_at_end(&json) ? verdict : PERMISSIONS_MALFORMED;
}
