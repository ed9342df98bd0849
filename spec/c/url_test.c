/* Percent-encoding of names, and which names may be used. */
#include "../../src/wire/url.h"

#include "check.h"

static const struct {
  const char *bytes;
  size_t length;
  const char *escaped;
} names[] = {
    {CHECK_LITERAL(""), ""},
    {CHECK_LITERAL("my-cache"), "my-cache"},
    {CHECK_LITERAL("AZaz09-._~"), "AZaz09-._~"},
    {CHECK_LITERAL("a/b"), "a%2Fb"},
    {CHECK_LITERAL("a b+c"), "a%20b%2Bc"},
    {CHECK_LITERAL("100%"), "100%25"},
    {CHECK_LITERAL("?x=1&y=2#z"), "%3Fx%3D1%26y%3D2%23z"},
    {CHECK_LITERAL("\0\n\x7f"), "%00%0A%7F"},
    {CHECK_LITERAL("\xf0\x9f\x98\x80"), "%F0%9F%98%80"},
    {CHECK_LITERAL("!*'()"), "%21%2A%27%28%29"},
    {CHECK_LITERAL("%2F"), "%252F"},
};

static const struct {
  const char *text;
  const char *bytes;
  size_t length;
} also_read[] = {
    {"a%2fb", CHECK_LITERAL("a/b")},
    {"a+b", CHECK_LITERAL("a+b")},
    {"a%252Fb", CHECK_LITERAL("a%2Fb")}, /* decoded once */
    {"!$&'()*,;=:@", CHECK_LITERAL("!$&'()*,;=:@")},
    {"%00", CHECK_LITERAL("\0")},
    {"\xc3\xa9", CHECK_LITERAL("\xc3\xa9")},
};

static const char *const refused[] = {"%",   "a%",  "%2",  "a%4", "%%",  "%G0",
                                      "%0G", "%2 ", "% 2", "%-1", "%25%"};

static const struct {
  const char *name;
  const char *bytes;
  size_t length;
  bool valid;
} usable[] = {
    {"empty", CHECK_LITERAL(""), false},
    {"NUL", CHECK_LITERAL("\0"), false},
    {"NUL at the end", CHECK_LITERAL("chat\0"), false},
    {"newline", CHECK_LITERAL("a\nb"), false},
    {"last control byte", CHECK_LITERAL("a\x1f"), false},
    {"DEL", CHECK_LITERAL("a\x7f"), false},
    {"space", CHECK_LITERAL(" "), true},
    {"slash", CHECK_LITERAL("a/b"), true},
    {"percent", CHECK_LITERAL("%"), true},
    {"emoji", CHECK_LITERAL("\xf0\x9f\x98\x80"), true},
    {"dots", CHECK_LITERAL(".."), true},
};

static void unescapes(const char *text, const char *bytes, size_t length) {
  char *copy = check_copy(text, strlen(text));
  size_t decoded = 0;
  if (CHECK(url_unescape(copy, strlen(text), copy, &decoded)))
    CHECK_BYTES(copy, decoded, bytes, length);
  free(copy);
}

static void escapes_and_back(void) {
  for (size_t i = 0; i < CHECK_COUNT(names); i++) {
    check_row(names[i].escaped);
    char out[128];
    size_t length = url_escape(names[i].bytes, names[i].length, out);
    CHECK_BYTES(out, length, names[i].escaped, strlen(names[i].escaped));
    CHECK(length <= url_escaped_max(names[i].length));
    unescapes(names[i].escaped, names[i].bytes, names[i].length);
  }
  for (size_t i = 0; i < CHECK_COUNT(also_read); i++) {
    check_row(also_read[i].text);
    unescapes(also_read[i].text, also_read[i].bytes, also_read[i].length);
  }
}

static void refuses_malformed_escapes(void) {
  for (size_t i = 0; i < CHECK_COUNT(refused); i++) {
    check_row(refused[i]);
    char *copy = check_copy(refused[i], strlen(refused[i]));
    size_t length;
    CHECK(!url_unescape(copy, strlen(refused[i]), copy, &length));
    free(copy);
  }
}

static void brings_every_byte_back(void) {
  check_row("every byte");
  char bytes[256];
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = (char)i;
  char escaped[3 * sizeof bytes];
  size_t length = url_escape(bytes, sizeof bytes, escaped);
  CHECK(length == 66 + 3 * (256 - 66)); /* 66 unreserved characters */
  size_t decoded = 0;
  if (CHECK(url_unescape(escaped, length, escaped, &decoded)))
    CHECK_BYTES(escaped, decoded, bytes, sizeof bytes);
}

static void tells_usable_names(void) {
  for (size_t i = 0; i < CHECK_COUNT(usable); i++) {
    check_row(usable[i].name);
    CHECK(url_name_valid(usable[i].bytes, usable[i].length) == usable[i].valid);
  }
}

static void tells_origins(void) {
  static const struct {
    const char *text;
    bool valid;
  } rows[] = {
      {"http://localhost", true},
      {"https://topics.example.com:443", true},
      {"http://127.0.0.1:65535", true},
      {"http://[::1]:8080", true},
      {"https://[fe80::1]", true},
      {"", false},
      {"foo", false},
      {"localhost:8080", false},
      {"ftp://host", false},
      {"http://", false},
      {"http://:80", false},
      {"http://host:", false},
      {"http://host:0", false},
      {"http://host:65536", false},
      {"http://host:http", false},
      {"http://host:80:80", false},
      {"http://[::1", false},
      {"http://[::1]8080", false},
      {"http://host/", false},
      {"http://host/path", false},
      {"http://host?x", false},
      {"http://user@host", false},
      {"http://a b", false},
      {"http://a\r\nb", false},
      {"http://h\xc3\xb6st", false},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    check_row(rows[i].text);
    CHECK(url_origin_valid(rows[i].text, strlen(rows[i].text)) == rows[i].valid);
  }
  check_row("a NUL in it");
  CHECK(!url_origin_valid("http://a\0b", 10));
}

int main(void) {
  escapes_and_back();
  refuses_malformed_escapes();
  brings_every_byte_back();
  tells_usable_names();
  tells_origins();
  return check_report();
}
