/* The JSON scanner: plain recursive descent. Its strings are in json_string.c. */
#include "json.h"

#include "number.h"

#include <string.h>

static void skip_space(struct json *json) {
  while (json->at < json->end &&
         (*json->at == ' ' || *json->at == '\n' || *json->at == '\r' || *json->at == '\t'))
    json->at++;
}

bool json_take(struct json *json, char punctuation) {
  const char *start = json->at;
  skip_space(json);
  if (json->at < json->end && *json->at == punctuation) {
    json->at++;
    return true;
  }
  json->at = start;
  return false;
}

char json_peek(struct json *json) {
  skip_space(json);
  return json->at < json->end ? *json->at : '\0';
}

bool json_at_end(struct json *json) {
  skip_space(json);
  return json->at == json->end;
}

bool json_string(struct json *json, struct json_string *out) {
  return json_take(json, '"') && json_string_rest(json, out);
}

bool json_u64(struct json *json, uint64_t *value) {
  skip_space(json);
  size_t digits = number_scan_u64(json->at, (size_t)(json->end - json->at), value);
  json->at += digits;
  bool goes_on = json->at < json->end && (*json->at == '.' || *json->at == 'e' || *json->at == 'E');
  return digits > 0 && !goes_on;
}

static bool skip_digits(struct json *json) {
  const char *start = json->at;
  while (json->at < json->end && *json->at >= '0' && *json->at <= '9')
    json->at++;
  return json->at > start;
}

static bool next_is(const struct json *json, char c) {
  return json->at < json->end && *json->at == c;
}

static bool skip_number(struct json *json) {
  if (next_is(json, '-')) json->at++;
  if (next_is(json, '0'))
    json->at++;
  else if (!skip_digits(json))
    return false;
  if (next_is(json, '.')) {
    json->at++;
    if (!skip_digits(json)) return false;
  }
  if (next_is(json, 'e') || next_is(json, 'E')) {
    json->at++;
    if (next_is(json, '+') || next_is(json, '-')) json->at++;
    return skip_digits(json);
  }
  return true;
}

bool json_word(struct json *json, const char *word) {
  skip_space(json);
  size_t length = strlen(word);
  if ((size_t)(json->end - json->at) < length || memcmp(json->at, word, length) != 0) return false;
  json->at += length;
  return true;
}

enum json_member json_member(struct json *json, bool *first, struct json_string *key) {
  if (json_take(json, '}')) return JSON_OBJECT_END;
  if (!*first && !json_take(json, ',')) return JSON_FAULT;
  *first = false;
  return json_string(json, key) && json_take(json, ':') ? JSON_MEMBER : JSON_FAULT;
}

static bool skip_value(struct json *json, int depth);

static bool skip_members(struct json *json, int depth) {
  struct json_string key;
  bool first = true;
  enum json_member next;
  while ((next = json_member(json, &first, &key)) == JSON_MEMBER)
    if (!skip_value(json, depth)) return false;
  return next == JSON_OBJECT_END;
}

static bool skip_elements(struct json *json, int depth) {
  if (json_take(json, ']')) return true;
  do {
    if (!skip_value(json, depth)) return false;
  } while (json_take(json, ','));
  return json_take(json, ']');
}

static bool skip_value(struct json *json, int depth) {
  struct json_string string;
  switch (json_peek(json)) {
  case '{':
    json->at++;
    return depth < JSON_MAX_DEPTH && skip_members(json, depth + 1);
  case '[':
    json->at++;
    return depth < JSON_MAX_DEPTH && skip_elements(json, depth + 1);
  case '"':
    return json_string(json, &string);
  case 't':
    return json_word(json, "true");
  case 'f':
    return json_word(json, "false");
  case 'n':
    return json_word(json, "null");
  default:
    return skip_number(json);
  }
}

bool json_skip(struct json *json) {
  return skip_value(json, 0);
}
