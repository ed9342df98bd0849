/* Strings of the JSON scanner: read, decoded, compared, written. */
#include "../../src/wire/json.h"

#include "check.h"

static const struct {
  const char *name;
  const char *token;
  bool escaped;
  const char *value;
  size_t length;
} strings[] = {
    {"empty", "\"\"", false, CHECK_LITERAL("")},
    {"plain", "\"hello\"", false, CHECK_LITERAL("hello")},
    {"UTF-8", "\"\xf0\x9f\x98\x80\"", false, CHECK_LITERAL("\xf0\x9f\x98\x80")},
    {"a slash is no escape", "\"a/b\"", false, CHECK_LITERAL("a/b")},
    {"every short escape", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", true,
     CHECK_LITERAL("\"\\/\b\f\n\r\t")},
    {"an escaped backslash before a quote", "\"\\\\\"", true, CHECK_LITERAL("\\")},
    {"escapes between runs", "\"ab\\ncd\\tef\"", true, CHECK_LITERAL("ab\ncd\tef")},
    {"escapes between long runs", "\"0123456789\\n0123456789abcdefghij\\\"klmnopqrst\"", true,
     CHECK_LITERAL("0123456789\n0123456789abcdefghij\"klmnopqrst")},
    {"NUL", "\"a\\u0000b\"", true, CHECK_LITERAL("a\0b")},
    {"one byte", "\"\\u0041\"", true, CHECK_LITERAL("A")},
    {"two bytes, mixed case", "\"\\u00E9\\u00e9\"", true, CHECK_LITERAL("\xc3\xa9\xc3\xa9")},
    {"three bytes", "\"\\u20AC\"", true, CHECK_LITERAL("\xe2\x82\xac")},
    {"last of the basic plane", "\"\\uffff\"", true, CHECK_LITERAL("\xef\xbf\xbf")},
    {"pair", "\"\\ud83d\\ude00\"", true, CHECK_LITERAL("\xf0\x9f\x98\x80")},
    {"first pair", "\"\\ud800\\udc00\"", true, CHECK_LITERAL("\xf0\x90\x80\x80")},
    {"last pair", "\"\\uDBFF\\uDFFF\"", true, CHECK_LITERAL("\xf4\x8f\xbf\xbf")},
    {"high alone at the end", "\"a\\ud83d\"", true, CHECK_LITERAL("a\xef\xbf\xbd")},
    {"high before a letter", "\"\\ud83dz\"", true, CHECK_LITERAL("\xef\xbf\xbdz")},
    {"high before a short escape", "\"\\ud83d\\n\"", true, CHECK_LITERAL("\xef\xbf\xbd\n")},
    {"high before another sign", "\"\\ud83d\\u0041\"", true,
     CHECK_LITERAL("\xef\xbf\xbd"
                   "A")},
    {"high before a pair", "\"\\ud83d\\ud83d\\ude00\"", true,
     CHECK_LITERAL("\xef\xbf\xbd\xf0\x9f\x98\x80")},
    {"high before six letters", "\"\\ud83dabcdef\"", true,
     CHECK_LITERAL("\xef\xbf\xbd"
                   "abcdef")},
    {"low alone", "\"\\ude00\"", true, CHECK_LITERAL("\xef\xbf\xbd")},
    {"low before high", "\"\\ude00\\ud83d\"", true, CHECK_LITERAL("\xef\xbf\xbd\xef\xbf\xbd")},
    {"two lows", "\"\\ude00\\ude01\"", true, CHECK_LITERAL("\xef\xbf\xbd\xef\xbf\xbd")},
    {"just below the surrogates", "\"\\ud7ff\"", true, CHECK_LITERAL("\xed\x9f\xbf")},
    {"just above the surrogates", "\"\\ue000\"", true, CHECK_LITERAL("\xee\x80\x80")},
};

static void decodes_strings(void) {
  for (size_t i = 0; i < CHECK_COUNT(strings); i++) {
    check_row(strings[i].name);
    char *token = check_copy(strings[i].token, strlen(strings[i].token));
    struct json json = {token, token + strlen(strings[i].token)};
    struct json_string string;
    if (CHECK(json_string(&json, &string) && json_at_end(&json))) {
      CHECK(string.raw == token + 1 && string.length == strlen(strings[i].token) - 2);
      CHECK(string.escaped == strings[i].escaped);
      char *out = check_copy(string.raw, string.length); /* as long as is promised to be enough */
      size_t length = json_string_decode(&string, out);
      CHECK_BYTES(out, length, strings[i].value, strings[i].length);
      CHECK(json_string_is(&string, strings[i].value, strings[i].length));
      CHECK(!json_string_is(&string, "other", 5));
      CHECK(json_string_paired(&string) == (strstr(strings[i].value, "\xef\xbf\xbd") == NULL));
      free(out);
    }
    free(token);
  }
}

/* Every \uXXXX alone: its UTF-8, or U+FFFD for a surrogate. */
static void decodes_every_unit(void) {
  check_row("every unit");
  bool all = true;
  for (unsigned unit = 0; unit <= 0xFFFF; unit++) {
    char token[16];
    int size = snprintf(token, sizeof token, "\"\\u%04x\"", unit);
    struct json json = {token, token + size};
    struct json_string string;
    char out[6];
    bool surrogate = unit >= 0xD800 && unit <= 0xDFFF;
    all = all && json_string(&json, &string);
    size_t length = json_string_decode(&string, out);
    size_t expected = unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
    all = all && length == expected && (!surrogate || memcmp(out, "\xef\xbf\xbd", 3) == 0);
  }
  CHECK(all);
}

/* The pieces that a text is put together from, as they stand between quotes and as they decode. */
static const struct {
  const char *raw;
  const char *value;
} pieces[] = {
    {"\\\"", "\""},
    {"\\\\", "\\"},
    {"\\n\\/", "\n/"},
    {"\\u0041", "A"},
    {"\\u00e9\\u20ac", "\xc3\xa9\xe2\x82\xac"},
    {"\\ud83d\\ude00", "\xf0\x9f\x98\x80"},
    {"\\ud83d", "\xef\xbf\xbd"},
    {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
    {"\xc3\xa9\\n", "\xc3\xa9\n"},
    {"abc", "abc"},
};

enum { PADDING = 20, TEXT_SIZE = 128 };

/* What is written is read as the same. */
static bool comes_back(const char *bytes, size_t length) {
  char *out = malloc(json_quoted_max(length));
  size_t size = json_quote(bytes, length, out);
  struct json json = {out, out + size};
  struct json_string string;
  bool same = size <= json_quoted_max(length) && json_string(&json, &string) &&
              json_at_end(&json) && json_string_is(&string, bytes, length);
  free(out);
  return same;
}

/* What is taken into room of any size is what is taken without, and decoded, if it is, to the same.
   The room has exactly that size, and `more` bytes follow the token. */
static bool comes_into(const char *token, size_t more, size_t room_size, const char *expected) {
  char text[2 * TEXT_SIZE];
  const size_t size = strlen(token);
  memcpy(text, token, size);
  memset(text + size, 'z', more);
  char *copy = check_copy(text, size + more);
  struct json_room room = {check_copy(text, room_size), room_size, 0};
  struct json json = {copy, copy + size + more};
  struct json_string string;
  bool good = json_string_rest_into(&json, &string, &room) && json.at == copy + size &&
              string.raw == copy && string.length == size - 1 &&
              string.escaped == (strchr(token, '\\') != NULL);
  if (room.length != JSON_UNDECODED)
    good = good && string.escaped && room.length == strlen(expected) &&
           memcmp(room.bytes, expected, room.length) == 0;
  free(room.bytes);
  free(copy);
  return good;
}

static void decodes_into_room(void) {
  check_row("into room");
  struct json_room room;
  char bytes[64];
  static const char quoted[] = "{\\\"id\\\":1}\",             ";
  struct json json = {quoted, quoted + sizeof quoted - 1};
  struct json_string string;
  room = (struct json_room){bytes, sizeof bytes, 0};
  CHECK(json_string_rest_into(&json, &string, &room));
  CHECK_BYTES(bytes, room.length, "{\"id\":1}", 8);
  json.at = quoted;
  room = (struct json_room){bytes, 16, 0};
  CHECK(json_string_rest_into(&json, &string, &room) && room.length == JSON_UNDECODED);
}

/* Two pieces with text before, between and after them, each of every length that words can cut. */
static void decodes_wherever_words_end(void) {
  check_row("two pieces anywhere");
  bool all = true;
  for (size_t i = 0; i < CHECK_COUNT(pieces) * CHECK_COUNT(pieces); i++) {
    const char *raw[] = {pieces[i / CHECK_COUNT(pieces)].raw, pieces[i % CHECK_COUNT(pieces)].raw};
    const char *value[] = {pieces[i / CHECK_COUNT(pieces)].value,
                           pieces[i % CHECK_COUNT(pieces)].value};
    for (int before = 0; before < PADDING; before++)
      for (int between = 0; between < PADDING; between += 1 + before % 3)
        for (int after = 0; after < PADDING; after += 1 + (before + between) % 5) {
          static const char padding[] = "0123456789abcdefghijk";
          char token[TEXT_SIZE];
          char expected[TEXT_SIZE];
          snprintf(token, sizeof token, "%.*s%s%.*s%s%.*s\"", before, padding, raw[0], between,
                   padding, raw[1], after, padding);
          snprintf(expected, sizeof expected, "%.*s%s%.*s%s%.*s", before, padding, value[0],
                   between, padding, value[1], after, padding);
          char *copy = check_copy(token, strlen(token));
          struct json json = {copy, copy + strlen(token)};
          struct json_string string = {NULL, 0, false};
          bool good = json_string_rest(&json, &string) && json.at == json.end;
          char *out = check_copy(string.raw, string.length);
          size_t length = json_string_decode(&string, out);
          good = good && length == strlen(expected) && memcmp(out, expected, length) == 0;
          all = all && good && string.escaped == (strchr(token, '\\') != NULL);
          free(out);
          free(copy);
          all = all && comes_back(expected, strlen(expected));
          all = all && comes_into(token, 8 * (size_t)(after % 4), 0, expected);
          all = all && comes_into(token, 8 * (size_t)(between % 4), TEXT_SIZE, expected);
          all = all && comes_into(token, 8 * (size_t)(before % 4), 30 + (size_t)between, expected);
        }
  }
  CHECK(all);
}

/* A byte that may not stand in a string is found wherever it stands. */
static void refuses_wherever_words_end(void) {
  static const char *const faults[] = {"\x01", "\x1f",         "\x80", "\xff",
                                       "\xc3", "\xed\xa0\x80", "\\x",  "\\u00g0"};
  check_row("a fault anywhere");
  bool all = true;
  for (size_t i = 0; i < CHECK_COUNT(faults); i++)
    for (size_t at = 0; at < 2 * PADDING; at++)
      for (size_t after = 0; after < PADDING; after++) {
        char token[TEXT_SIZE];
        int size = snprintf(token, sizeof token, "%0*d%s%0*d\"", (int)at + 1, 0, faults[i],
                            (int)after + 1, 0);
        char *copy = check_copy(token, (size_t)size);
        struct json json = {copy, copy + size};
        struct json_string string;
        all = all && !json_string_rest(&json, &string);
        free(copy);
        /* With an escape before it, so that it would be decoded, and bytes after it. */
        char room_bytes[2 * TEXT_SIZE];
        struct json_room room = {room_bytes, sizeof room_bytes, 0};
        size = snprintf(token, sizeof token, "\\n%0*d%s%0*d\"", (int)at + 1, 0, faults[i],
                        (int)after + 1, 0);
        copy = check_copy(token, (size_t)size);
        json = (struct json){copy, copy + size};
        all = all && !json_string_rest_into(&json, &string, &room);
        free(copy);
      }
  CHECK(all);
}

static void compares_strings(void) {
  static const struct json_string plain = {"items", 5, false};
  static const struct json_string escaped = {"\\u0069t\\u0065ms", 15, true};
  static const struct json_string *const both[] = {&plain, &escaped};
  for (size_t i = 0; i < CHECK_COUNT(both); i++) {
    check_row(i == 0 ? "compare plain" : "compare escaped");
    CHECK(json_string_is(both[i], "items", 5));
    CHECK(!json_string_is(both[i], "item", 4));
    CHECK(!json_string_is(both[i], "itemsx", 6));
    CHECK(!json_string_is(both[i], "itemz", 5));
    CHECK(!json_string_is(both[i], "", 0));
  }
}

static const struct {
  const char *bytes;
  size_t length;
  const char *quoted;
} quoted[] = {
    {CHECK_LITERAL(""), "\"\""},
    {CHECK_LITERAL("plain/text"), "\"plain/text\""},
    {CHECK_LITERAL("\"\\"), "\"\\\"\\\\\""},
    {CHECK_LITERAL("\n\r\t"), "\"\\n\\r\\t\""},
    {CHECK_LITERAL("\0\x1f\x7f"), "\"\\u0000\\u001f\x7f\""},
    {CHECK_LITERAL("\xf0\x9f\x98\x80"), "\"\xf0\x9f\x98\x80\""},
};

static void quotes_and_back(void) {
  for (size_t i = 0; i < CHECK_COUNT(quoted); i++) {
    check_row(quoted[i].quoted);
    char *out = malloc(json_quoted_max(quoted[i].length));
    size_t length = json_quote(quoted[i].bytes, quoted[i].length, out);
    CHECK_BYTES(out, length, quoted[i].quoted, strlen(quoted[i].quoted));
    CHECK(comes_back(quoted[i].bytes, quoted[i].length));
    free(out);
  }
}

int main(void) {
  decodes_strings();
  decodes_every_unit();
  decodes_into_room();
  decodes_wherever_words_end();
  refuses_wherever_words_end();
  compares_strings();
  quotes_and_back();
  return check_report();
}
