/* What the envelope reader takes and what it refuses (protocol section 2): a row for each rule. */
#include "envelope_line.h"

struct row {
  const char *name;
  const char *body;
  const char *line;
};

static void check_rows(const struct row *rows, size_t count) {
  for (size_t i = 0; i < count; i++) {
    char line[LINE_SIZE];
    check_row(rows[i].name);
    line_read(rows[i].body, strlen(rows[i].body), line);
    CHECK_BYTES(line, strlen(line), rows[i].line, strlen(rows[i].line));
  }
}

/* Bodies with one item whose value is written out, and with one whose members are. */
#define VALUE(value)                                                                               \
  "{\"items\":[{\"item\":{\"topic_sequence_number\":1,\"sequence_page\":2,\"value\":" value "}}]}"
#define ITEM(members) "{\"items\":[{\"item\":{" members "}}]}"
#define GAP(members) "{\"items\":[{\"discontinuity\":{" members "}}]}"
#define NUMBER "\"topic_sequence_number\":1"
#define PAGE "\"sequence_page\":2"
#define TEXT "\"value\":{\"text\":\"a\"}"
#define ONE "{\"item\":{" NUMBER "," PAGE "," TEXT "}}"

static const struct row shapes[] = {
    {"the example of the API page",
     "{\"items\":[\n"
     "  {\"item\":{\"topic_sequence_number\":104,\"sequence_page\":1748358253,"
     "\"value\":{\"text\":\"hello\"}}},\n"
     "  {\"discontinuity\":{\"last_topic_sequence\":100,\"new_topic_sequence\":104,"
     "\"new_sequence_page\":1748358253}}\n]}",
     "104/1748358253 text hello; 100>104/1748358253; end"},
    {"no items", "{\"items\":[]}", "end"},
    {"no items, with white space", " {\t\"items\" :\r\n[ ] } \n", "end"},
    {"two items", "{\"items\":[" ONE "," ONE "]}", "1/2 text a; 1/2 text a; end"},
    {"white space everywhere",
     " { \"items\" : [ { \"item\" : { \"topic_sequence_number\" : 1 , \"sequence_page\" : 2 , "
     "\"value\" : { \"text\" : \"a\" } } } , " ONE " ] } ",
     "1/2 text a; 1/2 text a; end"},
    {"members in another order", ITEM(TEXT "," PAGE "," NUMBER), "1/2 text a; end"},
    {"members of a discontinuity in another order",
     GAP("\"new_sequence_page\":9,\"new_topic_sequence\":8,\"last_topic_sequence\":7"),
     "7>8/9; end"},
    {"unknown members everywhere",
     "{\"a\":[1,{\"b\":null}],\"items\":[{\"c\":1.5e3,\"item\":{\"d\":{\"e\":[]}," NUMBER
     ",\"f\":true," PAGE ",\"value\":{\"g\":-1,\"text\":\"a\",\"h\":\"\\u0000\"},\"i\":[]},"
     "\"j\":{}}],\"k\":{\"items\":[" ONE "]}}",
     "1/2 text a; end"},
    {"escapes in keys",
     "{\"\\u0069tems\":[{\"ite\\u006d\":{\"topic\\u005fsequence_number\":1," PAGE
     ",\"valu\\u0065\":{\"t\\u0065xt\":\"a\"}}}]}",
     "1/2 text a; end"},
    {"an element of neither kind", "{\"items\":[{\"heartbeat\":{}}," ONE ",{}]}",
     "1/2 text a; end"},
    {"number 0", ITEM("\"topic_sequence_number\":0," PAGE "," TEXT), "0/2 text a; end"},
    {"greatest numbers",
     ITEM("\"topic_sequence_number\":18446744073709551615,"
          "\"sequence_page\":18446744073709551615," TEXT),
     "18446744073709551615/18446744073709551615 text a; end"},
    {"numbers that no double holds",
     GAP("\"last_topic_sequence\":9007199254740993,\"new_topic_sequence\":9223372036854775809,"
         "\"new_sequence_page\":10000000000000000001"),
     "9007199254740993>9223372036854775809/10000000000000000001; end"},
    {"publisher id last", ITEM(NUMBER "," PAGE "," TEXT ",\"publisher_id\":\"ann\""),
     "1/2 text a by ann; end"},
    {"publisher id first", ITEM("\"publisher_id\":\"ann\"," NUMBER "," PAGE "," TEXT),
     "1/2 text a by ann; end"},
    {"publisher id with an escape", ITEM(NUMBER "," PAGE "," TEXT ",\"publisher_id\":\"a\\\"n\""),
     "1/2 text a by a\"n; end"},
    {"token id", ITEM(NUMBER "," PAGE "," TEXT ",\"token_id\":\"ann\""), "1/2 text a by ann; end"},
    {"both ids", ITEM("\"token_id\":\"bob\"," NUMBER "," PAGE "," TEXT ",\"publisher_id\":\"ann\""),
     "1/2 text a by ann; end"},
    {"null ids", ITEM(NUMBER "," PAGE "," TEXT ",\"publisher_id\":null,\"token_id\":null"),
     "1/2 text a; end"},
    {"an id is not kept for the next element",
     "{\"items\":[{\"item\":{" NUMBER "," PAGE "," TEXT ",\"publisher_id\":\"ann\"}}," ONE "]}",
     "1/2 text a by ann; 1/2 text a; end"},
};

static const struct row values[] = {
    {"empty text", VALUE("{\"text\":\"\"}"), "1/2 text ; end"},
    {"text with escapes", VALUE("{\"text\":\"a\\\"b\\\\c\\/d\\n\\u0000\"}"),
     "1/2 text a\"b\\c/d<0a><00>; end"},
    {"surrogate pair", VALUE("{\"text\":\"\\ud83d\\ude00\"}"), "1/2 text \xf0\x9f\x98\x80; end"},
    {"lone surrogate", VALUE("{\"text\":\"\\ud83d!\"}"), "1/2 text \xef\xbf\xbd!; end"},
    {"text that looks like the end", VALUE("{\"text\":\"\\\"}}]}\"}"), "1/2 text \"}}]}; end"},
    {"text with a null beside it", VALUE("{\"binary\":null,\"text\":\"a\"}"), "1/2 text a; end"},
    {"base64", VALUE("{\"binary\":\"aGVsbG8=\"}"), "1/2 base64 hello; end"},
    {"base64 without padding", VALUE("{\"binary\":\"aGVsbG8\"}"), "1/2 base64 hello; end"},
    {"base64, standard alphabet", VALUE("{\"binary\":\"+/8A\"}"), "1/2 base64 \xfb\xff<00>; end"},
    {"base64, URL alphabet", VALUE("{\"binary\":\"-_8A\"}"), "1/2 base64 \xfb\xff<00>; end"},
    {"base64 with escaped slashes", VALUE("{\"binary\":\"\\/\\/\\/\\/\"}"),
     "1/2 base64 \xff\xff\xff; end"},
    {"base64 with unicode escapes", VALUE("{\"binary\":\"\\u002b\\/8A\\u0041A\\u003d\\u003d\"}"),
     "1/2 base64 \xfb\xff<00><00>; end"},
    {"empty base64", VALUE("{\"binary\":\"\"}"), "1/2 base64 ; end"},
    {"octets", VALUE("{\"binary\":[104,101,0,255]}"), "1/2 octets he<00>\xff; end"},
    {"octets with white space", VALUE("{\"binary\":[ 104 ,\n101 ]}"), "1/2 octets he; end"},
    {"one octet", VALUE("{\"binary\":[7]}"), "1/2 octets <07>; end"},
    {"no octets", VALUE("{\"binary\":[ ]}"), "1/2 octets ; end"},
    {"binary with a null beside it", VALUE("{\"text\":null,\"binary\":[1]}"),
     "1/2 octets <01>; end"},
};

#define MALFORMED(name, body)                                                                      \
  { name, body, "malformed" }

static const struct row malformed[] = {
    MALFORMED("nothing", ""),
    MALFORMED("an array", "[]"),
    MALFORMED("null", "null"),
    MALFORMED("HTML", "<html></html>"),
    MALFORMED("no items member", "{}"),
    MALFORMED("another member only", "{\"error\":\"x\"}"),
    MALFORMED("items in a member of a member", "{\"a\":{\"items\":[]}}"),
    MALFORMED("items is an object", "{\"items\":{}}"),
    MALFORMED("items is null", "{\"items\":null}"),
    MALFORMED("items twice", "{\"items\":[],\"items\":[]}"),
    MALFORMED("rest after the body", "{\"items\":[]}x"),
    MALFORMED("two bodies", "{\"items\":[]}{\"items\":[]}"),
    MALFORMED("not closed", "{\"items\":[]"),
    MALFORMED("closed as an array", "{\"items\":[]]"),
    MALFORMED("trailing comma in the envelope", "{\"items\":[],}"),
    MALFORMED("leading comma in items", "{\"items\":[," ONE "]}"),
    MALFORMED("a string for an element", "{\"items\":[\"a\"]}"),
    MALFORMED("null for an element", "{\"items\":[null]}"),
    MALFORMED("both kinds in one element",
              "{\"items\":[{\"item\":{" NUMBER "," PAGE "," TEXT
              "},\"discontinuity\":{\"last_topic_sequence\":1,\"new_topic_sequence\":2,"
              "\"new_sequence_page\":3}}]}"),
    MALFORMED("item twice in one element", "{\"items\":[{\"item\":{" NUMBER "," PAGE "," TEXT
                                           "},\"item\":{" NUMBER "," PAGE "," TEXT "}}]}"),
    MALFORMED("item is null", "{\"items\":[{\"item\":null}]}"),
    MALFORMED("item is an array", "{\"items\":[{\"item\":[]}]}"),
    MALFORMED("no number", ITEM(PAGE "," TEXT)),
    MALFORMED("no page", ITEM(NUMBER "," TEXT)),
    MALFORMED("no value", ITEM(NUMBER "," PAGE)),
    MALFORMED("number twice", ITEM(NUMBER "," NUMBER "," PAGE "," TEXT)),
    MALFORMED("page twice", ITEM(NUMBER "," PAGE "," PAGE "," TEXT)),
    MALFORMED("value twice", ITEM(NUMBER "," PAGE "," TEXT "," TEXT)),
    MALFORMED("publisher id twice",
              ITEM(NUMBER "," PAGE "," TEXT ",\"publisher_id\":\"a\",\"publisher_id\":\"a\"")),
    MALFORMED("token id twice",
              ITEM(NUMBER "," PAGE "," TEXT ",\"token_id\":\"a\",\"token_id\":\"a\"")),
    MALFORMED("publisher id is a number", ITEM(NUMBER "," PAGE "," TEXT ",\"publisher_id\":1")),
    MALFORMED("token id is an object", ITEM(NUMBER "," PAGE "," TEXT ",\"token_id\":{}")),
    MALFORMED("trailing comma in an item", ITEM(NUMBER "," PAGE "," TEXT ",")),
    MALFORMED("no comma in an item", ITEM(NUMBER PAGE "," TEXT)),
    MALFORMED("negative number", ITEM("\"topic_sequence_number\":-1," PAGE "," TEXT)),
    MALFORMED("plus", ITEM("\"topic_sequence_number\":+1," PAGE "," TEXT)),
    MALFORMED("fraction", ITEM("\"topic_sequence_number\":1.0," PAGE "," TEXT)),
    MALFORMED("exponent", ITEM("\"topic_sequence_number\":1e2," PAGE "," TEXT)),
    MALFORMED("leading zero", ITEM("\"topic_sequence_number\":01," PAGE "," TEXT)),
    MALFORMED("number too great",
              ITEM("\"topic_sequence_number\":18446744073709551616," PAGE "," TEXT)),
    MALFORMED("number of 21 digits",
              ITEM("\"topic_sequence_number\":100000000000000000000," PAGE "," TEXT)),
    MALFORMED("number as a string", ITEM("\"topic_sequence_number\":\"1\"," PAGE "," TEXT)),
    MALFORMED("number is null", ITEM("\"topic_sequence_number\":null," PAGE "," TEXT)),
    MALFORMED("page too great", ITEM(NUMBER ",\"sequence_page\":18446744073709551616," TEXT)),
    MALFORMED("page with a leading zero", ITEM(NUMBER ",\"sequence_page\":00," TEXT)),
    MALFORMED("page is missing its digits", ITEM(NUMBER ",\"sequence_page\":," TEXT)),
    MALFORMED("value is a string", VALUE("\"a\"")),
    MALFORMED("value is null", VALUE("null")),
    MALFORMED("value is empty", VALUE("{}")),
    MALFORMED("value of an unknown kind", VALUE("{\"number\":1}")),
    MALFORMED("value with both kinds", VALUE("{\"text\":\"a\",\"binary\":\"\"}")),
    MALFORMED("text twice", VALUE("{\"text\":\"a\",\"text\":\"a\"}")),
    MALFORMED("text twice, once null", VALUE("{\"text\":null,\"text\":\"a\"}")),
    MALFORMED("binary twice", VALUE("{\"binary\":\"\",\"binary\":[]}")),
    MALFORMED("text is a number", VALUE("{\"text\":1}")),
    MALFORMED("text is null", VALUE("{\"text\":null}")),
    MALFORMED("text with a control byte", VALUE("{\"text\":\"a\tb\"}")),
    MALFORMED("text with an unknown escape", VALUE("{\"text\":\"\\q\"}")),
    MALFORMED("text that is no UTF-8", VALUE("{\"text\":\"\xff\"}")),
    MALFORMED("text that is a UTF-8 surrogate", VALUE("{\"text\":\"\xed\xa0\x80\"}")),
    MALFORMED("base64 with a foreign character", VALUE("{\"binary\":\"aGV*bG8=\"}")),
    MALFORMED("base64 of no length", VALUE("{\"binary\":\"aGVsb\"}")),
    MALFORMED("base64 with wrong padding", VALUE("{\"binary\":\"aGVsbG8==\"}")),
    MALFORMED("base64 with set bits past the end", VALUE("{\"binary\":\"aGVsbG9=\"}")),
    MALFORMED("base64 with an escaped newline", VALUE("{\"binary\":\"aGVs\\n\"}")),
    MALFORMED("base64 with a surrogate pair", VALUE("{\"binary\":\"\\ud83d\\ude00\"}")),
    MALFORMED("an octet past 255", VALUE("{\"binary\":[256]}")),
    MALFORMED("a negative octet", VALUE("{\"binary\":[-1]}")),
    MALFORMED("an octet with a fraction", VALUE("{\"binary\":[1.0]}")),
    MALFORMED("an octet as a string", VALUE("{\"binary\":[\"1\"]}")),
    MALFORMED("octets with a trailing comma", VALUE("{\"binary\":[1,]}")),
    MALFORMED("octets without comma", VALUE("{\"binary\":[1 2]}")),
    MALFORMED("octets closed as an object", VALUE("{\"binary\":[1}}")),
    MALFORMED("binary is an object", VALUE("{\"binary\":{}}")),
    MALFORMED("a discontinuity without last", GAP("\"new_topic_sequence\":2,"
                                                  "\"new_sequence_page\":3")),
    MALFORMED("a discontinuity without new", GAP("\"last_topic_sequence\":2,"
                                                 "\"new_sequence_page\":3")),
    MALFORMED("a discontinuity without page", GAP("\"last_topic_sequence\":1,"
                                                  "\"new_topic_sequence\":2")),
    MALFORMED("a discontinuity with a member twice",
              GAP("\"last_topic_sequence\":1,\"new_topic_sequence\":2,\"new_topic_sequence\":2,"
                  "\"new_sequence_page\":3")),
    MALFORMED("a discontinuity with a negative number",
              GAP("\"last_topic_sequence\":-1,\"new_topic_sequence\":2,\"new_sequence_page\":3")),
    MALFORMED("a discontinuity that is null", "{\"items\":[{\"discontinuity\":null}]}"),
    MALFORMED("an unknown member that is malformed", ITEM(NUMBER "," PAGE "," TEXT ",\"x\":01")),
};

/* What was read before a fault is given; the fault comes after it. */
static const struct row faults_later[] = {
    {"second element malformed", "{\"items\":[" ONE ",{\"item\":{}}," ONE "]}",
     "1/2 text a; malformed"},
    {"no comma between elements", "{\"items\":[" ONE ONE "]}", "1/2 text a; malformed"},
    {"trailing comma", "{\"items\":[" ONE ",]}", "1/2 text a; malformed"},
    {"items closed as an object", "{\"items\":[" ONE "}", "1/2 text a; malformed"},
    {"rest after the body", "{\"items\":[" ONE "]} {", "1/2 text a; malformed"},
    {"a malformed member after items", "{\"items\":[" ONE "],\"x\":tru}", "1/2 text a; malformed"},
    {"items twice", "{\"items\":[" ONE "],\"items\":[" ONE "]}", "1/2 text a; malformed"},
};

/* Unknown members are as deep as any value may be, and no deeper. */
static void caps_depth(void) {
  char body[512];
  char line[LINE_SIZE];
  for (int excess = 0; excess <= 1; excess++) {
    check_row(excess ? "an unknown member too deep" : "an unknown member as deep as may be");
    int depth = JSON_MAX_DEPTH + excess;
    char opened[2 * JSON_MAX_DEPTH];
    char closed[2 * JSON_MAX_DEPTH];
    memset(opened, '[', sizeof opened);
    memset(closed, ']', sizeof closed);
    int length = snprintf(body, sizeof body, "{\"x\":%.*s%.*s,\"items\":[" ONE "]}", depth, opened,
                          depth, closed);
    line_read(body, (size_t)length, line);
    const char *expected = excess ? "malformed" : "1/2 text a; end";
    CHECK_BYTES(line, strlen(line), expected, strlen(expected));
  }
}

/* A body is used up with its last element when its usual end follows that. */
static void tells_when_used_up(void) {
  static const struct {
    const char *name;
    const char *body;
    size_t elements;
    bool used_up; /* after the last of them */
  } rows[] = {
      {"one element", "{\"items\":[" ONE "]}", 1, true},
      {"the first of two", "{\"items\":[" ONE "," ONE "]}", 1, false},
      {"the second of two", "{\"items\":[" ONE "," ONE "]}", 2, true},
      {"an end with a space", "{\"items\":[" ONE "] }", 1, false},
      {"a member after items", "{\"items\":[" ONE "],\"x\":1}", 1, false},
      {"no end", "{\"items\":[" ONE, 1, false},
      {"half an end", "{\"items\":[" ONE "]", 1, false},
      {"nothing read yet", "{\"items\":[]}", 0, false},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    check_row(rows[i].name);
    struct envelope_reader reader;
    struct envelope_element element;
    envelope_open(&reader, rows[i].body, strlen(rows[i].body));
    for (size_t read = 0; read < rows[i].elements; read++)
      CHECK(envelope_next(&reader, &element) == ENVELOPE_MESSAGE);
    CHECK(envelope_used_up(&reader) == rows[i].used_up);
    if (rows[i].used_up) CHECK(envelope_next(&reader, &element) == ENVELOPE_END);
  }
}

int main(void) {
  check_rows(shapes, CHECK_COUNT(shapes));
  check_rows(values, CHECK_COUNT(values));
  check_rows(malformed, CHECK_COUNT(malformed));
  check_rows(faults_later, CHECK_COUNT(faults_later));
  caps_depth();
  tells_when_used_up();
  return check_report();
}
