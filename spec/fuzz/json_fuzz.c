/* The JSON scanner against a second one, written for shortness: both take the same texts. The value
   of a string is put together byte by byte beside it, and comes back when it is written and read.
 */
#include "../../src/wire/json.h"
#include "../../src/wire/utf8.h"

#include "fuzz.h"

#include <errno.h>

enum { TEXT_MAX = 1024 };

static const char *const pieces[] = {
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    " ",
    "\n",
    "\t",
    "\\",
    "\\\"",
    "\\\\",
    "\\/",
    "\\b",
    "\\n",
    "\\u",
    "\\u0041",
    "\\u00e9",
    "\\u20AC",
    "\\ud83d",
    "\\ude00",
    "\\ud83d\\ude00",
    "\\uDBFF\\uDFFF",
    "0",
    "1",
    "9",
    "42",
    "-",
    "+",
    ".",
    "e",
    "E",
    "1.5e-3",
    "18446744073709551615",
    "18446744073709551616",
    "99999999",
    "1844674407370955161",
    "true",
    "false",
    "null",
    "nul",
    "\"a\":",
    "\"key\":[",
    "\"text\"",
    "[[[[[[[[[[[[[[[[",
    "]]]]]]]]]]]]]]]]",
    "{\"a\":{\"b\":",
    "}}",
    "[]",
    "{}",
    "abc",
    "0123456789abcdef",
    "\x1f",
    "\x7f",
    "\xc3\xa9",
    "\xe2\x82\xac",
    "\xf0\x9f\x98\x80",
    "\xed\xa0\x80",
    "\xc0",
    "\x80",
    "\xff",
    "/",
    "u",
};

/* The second scanner: each function returns where what it takes ends, NULL when it is not there.
   The text ends with a NUL, which no token has. */
static const char *space(const char *at) {
  return at + strspn(at, " \t\r\n");
}

static const char *digits(const char *at) {
  size_t count = strspn(at, "0123456789");
  return count > 0 ? at + count : NULL;
}

static const char *number(const char *at) {
  at += *at == '-';
  at = *at == '0' ? at + 1 : digits(at);
  if (at != NULL && *at == '.') at = digits(at + 1);
  if (at != NULL && (*at == 'e' || *at == 'E')) at = digits(at + 1 + strspn(at + 1, "+-") % 2);
  return at;
}

static const char *quoted(const char *at) {
  if (*at++ != '"') return NULL;
  while (*at != '"') {
    size_t size = utf8_sequence(at, strlen(at));
    if (*at == '\\' && at[1] != '\0' && strchr("\"\\/bfnrt", at[1]) != NULL)
      size = 2;
    else if (*at == '\\')
      size = at[1] == 'u' && strspn(at + 2, "0123456789abcdefABCDEF") >= 4 ? 6 : 0;
    if (size == 0 || (unsigned char)*at < 0x20) return NULL;
    at += size;
  }
  return at + 1;
}

static const char *value(const char *at, int depth);

static const char *list(const char *at, int depth, char close) {
  if (depth == JSON_MAX_DEPTH) return NULL;
  at = space(at + 1);
  if (*at == close) return at + 1;
  for (;;) {
    if (close == '}') {
      at = quoted(at);
      at = at != NULL ? space(at) : NULL;
      if (at == NULL || *at != ':') return NULL;
      at++;
    }
    at = value(at, depth + 1);
    at = at != NULL ? space(at) : NULL;
    if (at == NULL || (*at != ',' && *at != close)) return NULL;
    if (*at++ == close) return at;
    at = space(at);
  }
}

static const char *value(const char *at, int depth) {
  at = space(at);
  if (*at == '{') return list(at, depth, '}');
  if (*at == '[') return list(at, depth, ']');
  if (*at == '"') return quoted(at);
  if (strncmp(at, "true", 4) == 0 || strncmp(at, "null", 4) == 0) return at + 4;
  if (strncmp(at, "false", 5) == 0) return at + 5;
  return number(at);
}

static size_t unit_at(const char *at, uint32_t *unit) {
  char hex[5] = {at[2], at[3], at[4], at[5], '\0'};
  *unit = (uint32_t)strtoul(hex, NULL, 16);
  return 6;
}

static size_t decode_slowly(const char *at, const char *end, char *out) {
  static const char letters[] = "bfnrt";
  static const char controls[] = "\b\f\n\r\t";
  size_t written = 0;
  while (at < end) {
    if (*at != '\\') {
      out[written++] = *at++;
    } else if (at[1] != 'u') {
      const char *letter = strchr(letters, at[1]);
      out[written++] = letter != NULL ? controls[letter - letters] : at[1];
      at += 2;
    } else {
      uint32_t unit;
      uint32_t other = 0;
      at += unit_at(at, &unit);
      bool high = unit >= 0xD800 && unit <= 0xDBFF;
      if (high && end - at >= 6 && at[0] == '\\' && at[1] == 'u') unit_at(at, &other);
      if (other >= 0xDC00 && other <= 0xDFFF) {
        unit = 0x10000 + (unit - 0xD800) * 0x400 + (other - 0xDC00);
        at += 6;
      } else if (unit >= 0xD800 && unit <= 0xDFFF) {
        unit = 0xFFFD;
      }
      written += utf8_encode(unit, out + written);
    }
  }
  return written;
}

static void check_string(const struct json_string *string) {
  char *out = fuzz_room(string->length);
  char *slow = fuzz_room(string->length + UTF8_MAX_SIZE);
  size_t length = json_string_decode(string, out);
  size_t slow_length = decode_slowly(string->raw, string->raw + string->length, slow);
  demand(length == slow_length && memcmp(out, slow, length) == 0 && utf8_valid(out, length));
  demand(json_string_is(string, out, length) && !json_string_is(string, "\x01unlikely", 9));
  demand(string->escaped == (memchr(string->raw, '\\', string->length) != NULL));
  char *again = fuzz_room(json_quoted_max(length));
  struct json json = {again, again + json_quote(out, length, again)};
  struct json_string read;
  demand(json_string(&json, &read) && json_at_end(&json) && json_string_is(&read, out, length));
  free(again);
  free(slow);
  free(out);
}

/* Taken into room, a string is the same one, and decodes to the same. */
static void check_into(const char *text, const char *end) {
  struct json plain = {text, end}, decoding = {text, end};
  struct json_string string, other;
  const size_t size = (size_t)(end - text) % 2 == 0 ? (size_t)(end - text) / 2 : TEXT_MAX * 8;
  struct json_room room = {fuzz_room(size), size, 0};
  const bool taken = json_string_rest(&plain, &string);
  demand(json_string_rest_into(&decoding, &other, &room) == taken);
  if (taken) {
    demand(decoding.at == plain.at && other.raw == string.raw && other.length == string.length &&
           other.escaped == string.escaped);
    char *slow = fuzz_room(string.length + UTF8_MAX_SIZE);
    const size_t length = decode_slowly(string.raw, string.raw + string.length, slow);
    demand(room.length == JSON_UNDECODED ||
           (room.length == length && memcmp(room.bytes, slow, length) == 0));
    free(slow);
  }
  free(room.bytes);
}

static void check_number(const char *bytes, size_t length, const char *text) {
  const char *start = space(text);
  const char *end = digits(start);
  bool good = end != NULL && (*start != '0' || end == start + 1) &&
              (*end == '\0' || strchr(".eE", *end) == NULL);
  errno = 0;
  uint64_t expected = good ? strtoull(start, NULL, 10) : 0;
  good = good && errno == 0;
  struct json json = {bytes, bytes + length};
  uint64_t read;
  demand(json_u64(&json, &read) == good && (!good || read == expected));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length) {
  struct fuzz_text input =
      fuzz_text(data, length, pieces, sizeof pieces / sizeof *pieces, TEXT_MAX);
  char *text = fuzz_room(input.length + 1); /* the same, with a NUL behind it */
  memcpy(text, input.bytes, input.length);
  text[input.length] = '\0';
  const char *all = text + input.length;

  const char *end = value(text, 0);
  bool expected = end != NULL && space(end) == all;
  struct json json = {input.bytes, input.bytes + input.length};
  demand((json_skip(&json) && json_at_end(&json)) == expected);
  check_number(input.bytes, input.length, text);

  struct json_string string;
  json = (struct json){input.bytes, input.bytes + input.length};
  bool is_string = json_string(&json, &string);
  demand(is_string == (quoted(space(text)) != NULL));
  if (is_string) check_string(&string);

  /* Most texts are no JSON as a whole, but many are once a quote closes them. */
  text[input.length] = '"';
  json = (struct json){text, all + 1};
  if (json_string_rest(&json, &string)) check_string(&string);
  check_into(text, all + 1);
  free(text);
  free(input.bytes);
  return 0;
}
