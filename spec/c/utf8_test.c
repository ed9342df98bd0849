/* UTF-8: every code point both ways, and each kind of ill-formed sequence. */
#include "../../src/wire/utf8.h"

#include "check.h"

struct text {
  const char *name;
  const char *bytes;
  size_t length;
};

static const struct text valid[] = {
    {"empty", CHECK_LITERAL("")},
    {"ASCII with NUL", CHECK_LITERAL("a\0b\x7f")},
    {"first and last of two bytes", CHECK_LITERAL("\xc2\x80\xdf\xbf")},
    {"first and last of three bytes", CHECK_LITERAL("\xe0\xa0\x80\xef\xbf\xbf")},
    {"around the surrogates", CHECK_LITERAL("\xed\x9f\xbf\xee\x80\x80")},
    {"first and last of four bytes", CHECK_LITERAL("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")},
    {"long ASCII, then a sign", CHECK_LITERAL("0123456789abcdef0123456789\xe2\x82\xac")},
};

static const struct text invalid[] = {
    {"continuation alone", CHECK_LITERAL("\x80")},
    {"last continuation alone", CHECK_LITERAL("\xbf")},
    {"two bytes cut", CHECK_LITERAL("\xc3")},
    {"two bytes, no continuation", CHECK_LITERAL("\xc3(")},
    {"two bytes, a lead for continuation", CHECK_LITERAL("\xc3\xc3")},
    {"three bytes cut after one", CHECK_LITERAL("\xe2")},
    {"three bytes cut after two", CHECK_LITERAL("\xe2\x82")},
    {"three bytes, second wrong", CHECK_LITERAL("\xe2(\xa1")},
    {"three bytes, third wrong", CHECK_LITERAL("\xe2\x82(")},
    {"four bytes cut after three", CHECK_LITERAL("\xf0\x9f\x98")},
    {"four bytes, second wrong", CHECK_LITERAL("\xf0(\x98\x80")},
    {"four bytes, third wrong", CHECK_LITERAL("\xf0\x9f(\x80")},
    {"four bytes, fourth wrong", CHECK_LITERAL("\xf0\x9f\x98(")},
    {"overlong C0", CHECK_LITERAL("\xc0\xaf")},
    {"overlong C1", CHECK_LITERAL("\xc1\xbf")},
    {"overlong three bytes", CHECK_LITERAL("\xe0\x9f\xbf")},
    {"overlong four bytes", CHECK_LITERAL("\xf0\x8f\xbf\xbf")},
    {"overlong NUL", CHECK_LITERAL("\xc0\x80")},
    {"first surrogate", CHECK_LITERAL("\xed\xa0\x80")},
    {"last surrogate", CHECK_LITERAL("\xed\xbf\xbf")},
    {"U+110000", CHECK_LITERAL("\xf4\x90\x80\x80")},
    {"lead F5", CHECK_LITERAL("\xf5\x80\x80\x80")},
    {"five bytes", CHECK_LITERAL("\xf8\x88\x80\x80\x80")},
    {"FE", CHECK_LITERAL("\xfe")},
    {"FF", CHECK_LITERAL("\xff")},
    {"after long ASCII", CHECK_LITERAL("0123456789abcdef\xff")},
    {"Latin-1", CHECK_LITERAL("caf\xe9 noir")},
};

static void tells_valid_from_invalid(void) {
  for (size_t i = 0; i < CHECK_COUNT(valid); i++) {
    check_row(valid[i].name);
    char *copy = check_copy(valid[i].bytes, valid[i].length);
    CHECK(utf8_valid(copy, valid[i].length));
    free(copy);
  }
  for (size_t i = 0; i < CHECK_COUNT(invalid); i++) {
    check_row(invalid[i].name);
    char *copy = check_copy(invalid[i].bytes, invalid[i].length);
    CHECK(!utf8_valid(copy, invalid[i].length));
    free(copy);
  }
}

/* A fault is found wherever it lies within the words that are skipped at once. */
static void finds_a_fault_anywhere(void) {
  check_row("a fault at each place");
  char text[40];
  bool all = true;
  for (size_t at = 0; at < sizeof text; at++) {
    memset(text, 'x', sizeof text);
    text[at] = '\x80';
    all = all && !utf8_valid(text, sizeof text) && utf8_valid(text, at);
  }
  CHECK(all);
}

static void encodes_every_code_point(void) {
  check_row("every code point");
  bool all = true;
  for (uint32_t point = 0; point <= 0x10FFFF; point++) {
    if (point >= 0xD800 && point <= 0xDFFF) continue;
    char out[UTF8_MAX_SIZE];
    size_t size = utf8_encode(point, out);
    size_t expected = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    all = all && size == expected && utf8_sequence(out, size) == size;
    all = all && (size == 1 || utf8_sequence(out, size - 1) == 0);
  }
  CHECK(all);
  char out[UTF8_MAX_SIZE];
  size_t size = utf8_encode(0x20AC, out);
  CHECK_BYTES(out, size, "\xe2\x82\xac", (size_t)3);
  size = utf8_encode(0x1F600, out);
  CHECK_BYTES(out, size, "\xf0\x9f\x98\x80", (size_t)4);
  CHECK(utf8_sequence("", 0) == 0);
}

int main(void) {
  tells_valid_from_invalid();
  finds_a_fault_anywhere();
  encodes_every_code_point();
  return check_report();
}
