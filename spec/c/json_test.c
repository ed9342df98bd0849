/* The JSON scanner against RFC 8259: a row for every construct taken and for every one refused. */
#include "../../src/wire/json.h"

#include "check.h"

struct row {
  const char *name;
  const char *text;
  size_t length;
};

static const struct row taken[] = {
    {"true", CHECK_LITERAL("true")},
    {"false", CHECK_LITERAL("false")},
    {"null", CHECK_LITERAL("null")},
    {"zero", CHECK_LITERAL("0")},
    {"minus zero", CHECK_LITERAL("-0")},
    {"integer", CHECK_LITERAL("1234567890")},
    {"negative", CHECK_LITERAL("-12")},
    {"fraction", CHECK_LITERAL("0.5")},
    {"fraction with zeros", CHECK_LITERAL("10.00")},
    {"exponent", CHECK_LITERAL("1e5")},
    {"exponent, capital, plus", CHECK_LITERAL("1E+05")},
    {"exponent, minus", CHECK_LITERAL("-1.5e-300")},
    {"past any double", CHECK_LITERAL("1e999999")},
    {"forty digits", CHECK_LITERAL("1234567890123456789012345678901234567890")},
    {"empty string", CHECK_LITERAL("\"\"")},
    {"string", CHECK_LITERAL("\"abc\"")},
    {"every short escape", CHECK_LITERAL("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"")},
    {"unicode escape, both cases", CHECK_LITERAL("\"\\u00eF\"")},
    {"escaped NUL", CHECK_LITERAL("\"\\u0000\"")},
    {"surrogate pair", CHECK_LITERAL("\"\\ud83d\\ude00\"")},
    {"lone surrogate", CHECK_LITERAL("\"\\ud83d\"")},
    {"DEL", CHECK_LITERAL("\"\x7f\"")},
    {"UTF-8 of 2, 3 and 4 bytes", CHECK_LITERAL("\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"")},
    {"U+2028", CHECK_LITERAL("\"\xe2\x80\xa8\"")},
    {"empty array", CHECK_LITERAL("[]")},
    {"empty array with space", CHECK_LITERAL("[ ]")},
    {"array", CHECK_LITERAL("[1,\"a\",null,[true],{}]")},
    {"empty object", CHECK_LITERAL("{}")},
    {"empty object with space", CHECK_LITERAL("{\n}")},
    {"object", CHECK_LITERAL("{\"a\":1,\"b\":{\"c\":[]}}")},
    {"empty key", CHECK_LITERAL("{\"\":0}")},
    {"same key twice", CHECK_LITERAL("{\"a\":1,\"a\":2}")},
    {"every white space", CHECK_LITERAL(" \t\r\n{ \t\r\n\"a\" : [ 1 , 2 ] } \t\r\n")},
};

static const struct row refused[] = {
    {"nothing", CHECK_LITERAL("")},
    {"white space alone", CHECK_LITERAL(" \n")},
    {"byte order mark", CHECK_LITERAL("\xef\xbb\xbf{}")},
    {"capital literal", CHECK_LITERAL("True")},
    {"literal cut", CHECK_LITERAL("tru")},
    {"literal too long", CHECK_LITERAL("nulll")},
    {"bare word", CHECK_LITERAL("abc")},
    {"undefined", CHECK_LITERAL("undefined")},
    {"NaN", CHECK_LITERAL("NaN")},
    {"Infinity", CHECK_LITERAL("-Infinity")},
    {"leading zero", CHECK_LITERAL("01")},
    {"negative leading zero", CHECK_LITERAL("-01")},
    {"plus", CHECK_LITERAL("+1")},
    {"minus alone", CHECK_LITERAL("-")},
    {"two minuses", CHECK_LITERAL("--1")},
    {"no integer part", CHECK_LITERAL(".5")},
    {"no integer part, negative", CHECK_LITERAL("-.5")},
    {"no fraction", CHECK_LITERAL("1.")},
    {"no fraction before exponent", CHECK_LITERAL("1.e5")},
    {"no exponent", CHECK_LITERAL("1e")},
    {"no exponent after sign", CHECK_LITERAL("1e+")},
    {"exponent with fraction", CHECK_LITERAL("1e1.5")},
    {"hexadecimal", CHECK_LITERAL("0x1F")},
    {"digits with space between", CHECK_LITERAL("1 2")},
    {"thousands", CHECK_LITERAL("1_000")},
    {"string not closed", CHECK_LITERAL("\"abc")},
    {"quote alone", CHECK_LITERAL("\"")},
    {"string closed by an escaped quote", CHECK_LITERAL("\"abc\\\"")},
    {"single quotes", CHECK_LITERAL("'a'")},
    {"NUL in a string", CHECK_LITERAL("\"a\0b\"")},
    {"newline in a string", CHECK_LITERAL("\"a\nb\"")},
    {"tab in a string", CHECK_LITERAL("\"a\tb\"")},
    {"last control byte in a string", CHECK_LITERAL("\"\x1f\"")},
    {"control byte late in a string", CHECK_LITERAL("\"0123456789abcdef\x01\"")},
    {"escape cut", CHECK_LITERAL("\"\\")},
    {"unknown escape", CHECK_LITERAL("\"\\x41\"")},
    {"escaped single quote", CHECK_LITERAL("\"\\'\"")},
    {"escaped NUL byte", CHECK_LITERAL("\"\\\0\"")},
    {"escaped newline", CHECK_LITERAL("\"\\\n\"")},
    {"capital U", CHECK_LITERAL("\"\\U0041\"")},
    {"three hex digits", CHECK_LITERAL("\"\\u004\"")},
    {"no hex digits", CHECK_LITERAL("\"\\u\"")},
    {"hex cut by the end", CHECK_LITERAL("\"\\u00")},
    {"hex digit G, first", CHECK_LITERAL("\"\\ug041\"")},
    {"hex digit G, last", CHECK_LITERAL("\"\\u004g\"")},
    {"hex digit past ASCII", CHECK_LITERAL("\"\\u004\xb1\"")},
    {"hex with a sign", CHECK_LITERAL("\"\\u+041\"")},
    {"UTF-8 continuation alone", CHECK_LITERAL("\"\x80\"")},
    {"UTF-8 cut by the quote", CHECK_LITERAL("\"\xe2\x82\"")},
    {"UTF-8 cut by the end", CHECK_LITERAL("\"\xf0\x9f")},
    {"UTF-8 overlong", CHECK_LITERAL("\"\xc0\xaf\"")},
    {"UTF-8 surrogate", CHECK_LITERAL("\"\xed\xa0\xbd\"")},
    {"UTF-8 past the last code point", CHECK_LITERAL("\"\xf4\x90\x80\x80\"")},
    {"Latin-1", CHECK_LITERAL("\"caf\xe9\"")},
    {"array not closed", CHECK_LITERAL("[1")},
    {"array not closed after comma", CHECK_LITERAL("[1,")},
    {"array with trailing comma", CHECK_LITERAL("[1,]")},
    {"array with leading comma", CHECK_LITERAL("[,1]")},
    {"array with two commas", CHECK_LITERAL("[1,,2]")},
    {"array without comma", CHECK_LITERAL("[1 2]")},
    {"array closed as object", CHECK_LITERAL("[1}")},
    {"array with a colon", CHECK_LITERAL("[1:2]")},
    {"close alone", CHECK_LITERAL("]")},
    {"object not closed", CHECK_LITERAL("{\"a\":1")},
    {"object closed as array", CHECK_LITERAL("{\"a\":1]")},
    {"object with trailing comma", CHECK_LITERAL("{\"a\":1,}")},
    {"object with leading comma", CHECK_LITERAL("{,\"a\":1}")},
    {"object without comma", CHECK_LITERAL("{\"a\":1 \"b\":2}")},
    {"key without quotes", CHECK_LITERAL("{a:1}")},
    {"number as a key", CHECK_LITERAL("{1:1}")},
    {"key without colon", CHECK_LITERAL("{\"a\" 1}")},
    {"key without value", CHECK_LITERAL("{\"a\":}")},
    {"key alone", CHECK_LITERAL("{\"a\"}")},
    {"equals for colon", CHECK_LITERAL("{\"a\"=1}")},
    {"two values", CHECK_LITERAL("1 1")},
    {"two objects", CHECK_LITERAL("{}{}")},
    {"rest after a value", CHECK_LITERAL("[]x")},
    {"NUL after a value", CHECK_LITERAL("[]\0")},
    {"block comment", CHECK_LITERAL("/* */1")},
    {"line comment", CHECK_LITERAL("1//")},
    {"form feed as white space", CHECK_LITERAL("\f1")},
    {"vertical tab as white space", CHECK_LITERAL("\v1")},
    {"no-break space as white space", CHECK_LITERAL("\xc2\xa0"
                                                    "1")},
};

static bool is_one_value(const char *text, size_t length) {
  char *copy = check_copy(text, length);
  struct json json = {copy, copy + length};
  bool good = json_skip(&json) && json_at_end(&json);
  free(copy);
  return good;
}

static void is_strict(void) {
  for (size_t i = 0; i < CHECK_COUNT(taken); i++) {
    check_row(taken[i].name);
    CHECK(is_one_value(taken[i].text, taken[i].length));
  }
  for (size_t i = 0; i < CHECK_COUNT(refused); i++) {
    check_row(refused[i].name);
    CHECK(!is_one_value(refused[i].text, refused[i].length));
  }
}

/* A document that ends with a bracket is whole at no earlier byte. */
static void refuses_every_beginning(void) {
  static const char document[] = "{\"a\":[1.5e3,\"\\u20ac\xe2\x82\xac\",{\"b\":null}],\"c\":true}";
  check_row("every beginning of a document");
  bool all = true;
  for (size_t cut = 0; cut < sizeof document - 1; cut++)
    all = all && !is_one_value(document, cut);
  CHECK(all);
  CHECK(is_one_value(document, sizeof document - 1));
}

static bool nested_taken(const char *open, const char *close, size_t depth) {
  char text[8 * (JSON_MAX_DEPTH + 1)] = "";
  for (size_t i = 0; i < depth; i++)
    strcat(text, open);
  strcat(text, "1");
  for (size_t i = 0; i < depth; i++)
    strcat(text, close);
  return is_one_value(text, strlen(text));
}

static void caps_depth(void) {
  check_row("depth");
  CHECK(nested_taken("[", "]", JSON_MAX_DEPTH));
  CHECK(!nested_taken("[", "]", JSON_MAX_DEPTH + 1));
  CHECK(nested_taken("{\"a\":", "}", JSON_MAX_DEPTH));
  CHECK(!nested_taken("{\"a\":", "}", JSON_MAX_DEPTH + 1));
  static char opens[1 << 20];
  memset(opens, '[', sizeof opens);
  CHECK(!is_one_value(opens, sizeof opens));
}

static const struct {
  const char *text;
  bool good;
  uint64_t value;
} numbers[] = {
    {"0", true, 0},
    {" \n7 ", true, 7},
    {"18446744073709551615", true, UINT64_MAX},
    {"18446744073709551616", false, 0},
    {"00", false, 0},
    {"01", false, 0},
    {"-1", false, 0},
    {"-0", false, 0},
    {"1.0", false, 0},
    {"1e3", false, 0},
    {"1E3", false, 0},
    {"\"1\"", false, 0},
    {"null", false, 0},
    {"", false, 0},
};

static void reads_numbers(void) {
  for (size_t i = 0; i < CHECK_COUNT(numbers); i++) {
    check_row(numbers[i].text);
    char *copy = check_copy(numbers[i].text, strlen(numbers[i].text));
    struct json json = {copy, copy + strlen(numbers[i].text)};
    uint64_t value = 0;
    bool good = json_u64(&json, &value) && json_at_end(&json);
    CHECK(good == numbers[i].good && (!good || value == numbers[i].value));
    free(copy);
  }
}

static void takes_punctuation(void) {
  check_row("punctuation");
  static const char text[] = " { x";
  struct json json = {text, text + 4};
  CHECK(!json_take(&json, '[') && json.at == text);
  CHECK(json_peek(&json) == '{');
  CHECK(json_take(&json, '{') && !json_at_end(&json));
  CHECK(json_peek(&json) == 'x');
  json.at++;
  CHECK(json_peek(&json) == '\0' && json_at_end(&json) && !json_take(&json, '}'));
}

static void walks_members(void) {
  check_row("members");
  static const char text[] = "{\"a\":1 , \"b\" : 2}{}{\"a\":1,}";
  struct json json = {text, text + sizeof text - 1};
  struct json_string key;
  bool first = true;
  CHECK(json_take(&json, '{'));
  CHECK(json_member(&json, &first, &key) == JSON_MEMBER && json_string_is(&key, "a", 1));
  CHECK(json_skip(&json));
  CHECK(json_member(&json, &first, &key) == JSON_MEMBER && json_string_is(&key, "b", 1));
  CHECK(json_skip(&json));
  CHECK(json_member(&json, &first, &key) == JSON_OBJECT_END);
  first = true;
  CHECK(json_take(&json, '{') && json_member(&json, &first, &key) == JSON_OBJECT_END);
  first = true;
  CHECK(json_take(&json, '{') && json_member(&json, &first, &key) == JSON_MEMBER);
  CHECK(json_skip(&json) && json_member(&json, &first, &key) == JSON_FAULT);
}

int main(void) {
  is_strict();
  refuses_every_beginning();
  caps_depth();
  reads_numbers();
  takes_punctuation();
  walks_members();
  return check_report();
}
