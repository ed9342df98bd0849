/* What the envelope writer writes, byte for byte; that the reader gives it back; and what the
   reader makes of such a body when it breaks off or is damaged at any byte. */
#include "envelope_line.h"

static const struct message {
  uint64_t number;
  uint64_t page;
  bool binary;
  const char *value;
  size_t length;
  const char *publisher_id;
  const char *written;
  const char *line;
} messages[] = {
    {104, 1748358253, false, CHECK_LITERAL("hello"), NULL,
     "{\"item\":{\"topic_sequence_number\":104,\"sequence_page\":1748358253,"
     "\"value\":{\"text\":\"hello\"}}}",
     "104/1748358253 text hello; "},
    {0, UINT64_MAX, false, CHECK_LITERAL(""), "ann",
     "{\"item\":{\"topic_sequence_number\":0,\"sequence_page\":18446744073709551615,"
     "\"value\":{\"text\":\"\"},\"publisher_id\":\"ann\"}}",
     "0/18446744073709551615 text  by ann; "},
    {UINT64_MAX, 1, false, CHECK_LITERAL("a\"\\/\n\0\xe2\x82\xac"), "a\"n",
     "{\"item\":{\"topic_sequence_number\":18446744073709551615,\"sequence_page\":1,"
     "\"value\":{\"text\":\"a\\\"\\\\/\\n\\u0000\xe2\x82\xac\"},\"publisher_id\":\"a\\\"n\"}}",
     "18446744073709551615/1 text a\"\\/<0a><00>\xe2\x82\xac by a\"n; "},
    {7, 8, true, CHECK_LITERAL("\xfb\xff\0\"x"), NULL,
     "{\"item\":{\"topic_sequence_number\":7,\"sequence_page\":8,"
     "\"value\":{\"binary\":\"+/8AIng=\"}}}",
     "7/8 base64 \xfb\xff<00>\"x; "},
    {9, 8, true, CHECK_LITERAL(""), "ann",
     "{\"item\":{\"topic_sequence_number\":9,\"sequence_page\":8,"
     "\"value\":{\"binary\":\"\"},\"publisher_id\":\"ann\"}}",
     "9/8 base64  by ann; "},
};

enum { GAP_LAST = 100, GAP_NEXT = 104, GAP_PAGE = 1748358253 };
static const char gap_written[] = "{\"discontinuity\":{\"last_topic_sequence\":100,"
                                  "\"new_topic_sequence\":104,\"new_sequence_page\":1748358253}}";

enum { ELEMENTS = CHECK_COUNT(messages) + 1, BODY_SIZE = 2048 };

/* A body with every message and one discontinuity. */
struct body {
  char bytes[BODY_SIZE];
  size_t length;
  size_t starts[ELEMENTS];
  size_t ends[ELEMENTS];
  char line[LINE_SIZE];              /* of the whole body, without "end" */
  size_t line_lengths[ELEMENTS + 1]; /* how long the line of the first elements is */
};

static void put(struct body *body, const char *literal) {
  memcpy(body->bytes + body->length, literal, strlen(literal));
  body->length += strlen(literal);
}

static void build(struct body *body) {
  memset(body, 0, sizeof *body);
  put(body, ENVELOPE_HEAD);
  for (size_t i = 0; i < ELEMENTS; i++) {
    if (i > 0) put(body, ",");
    char *at = body->bytes + body->length;
    body->starts[i] = body->length;
    if (i + 1 < ELEMENTS) {
      const struct message *m = &messages[i];
      body->length +=
          envelope_write_message(at, m->number, m->page, m->binary, m->value, m->length,
                                 m->publisher_id, m->publisher_id ? strlen(m->publisher_id) : 0);
      strcat(body->line, m->line);
    } else {
      body->length += envelope_write_discontinuity(at, GAP_LAST, GAP_NEXT, GAP_PAGE);
      strcat(body->line, "100>104/1748358253; ");
    }
    body->ends[i] = body->length;
    body->line_lengths[i + 1] = strlen(body->line);
  }
  put(body, ENVELOPE_TAIL);
}

static void writes_messages(void) {
  for (size_t i = 0; i < CHECK_COUNT(messages); i++) {
    const struct message *m = &messages[i];
    check_row(m->line);
    size_t publisher_length = m->publisher_id ? strlen(m->publisher_id) : 0;
    size_t most = envelope_message_max(m->length, publisher_length);
    char *out = malloc(most);
    size_t length = envelope_write_message(out, m->number, m->page, m->binary, m->value, m->length,
                                           m->publisher_id, publisher_length);
    CHECK(length <= most);
    CHECK_BYTES(out, length, m->written, strlen(m->written));
    free(out);
  }
}

static void fits_what_it_announces(void) {
  check_row("longest message");
  char value[64];
  memset(value, 1, sizeof value); /* \u0001: six bytes each */
  size_t most = envelope_message_max(sizeof value, sizeof value);
  char *out = malloc(most);
  CHECK(envelope_write_message(out, UINT64_MAX, UINT64_MAX, false, value, sizeof value, value,
                               sizeof value) <= most);
  free(out);
  check_row("longest discontinuity");
  out = malloc(ENVELOPE_DISCONTINUITY_MAX);
  CHECK(envelope_write_discontinuity(out, UINT64_MAX, UINT64_MAX, UINT64_MAX) <=
        ENVELOPE_DISCONTINUITY_MAX);
  size_t length = envelope_write_discontinuity(out, GAP_LAST, GAP_NEXT, GAP_PAGE);
  CHECK_BYTES(out, length, gap_written, sizeof gap_written - 1);
  free(out);
}

static void reads_what_was_written(void) {
  check_row("whole body");
  static struct body body;
  char line[LINE_SIZE];
  build(&body);
  strcat(body.line, "end");
  line_read(body.bytes, body.length, line);
  CHECK_BYTES(line, strlen(line), body.line, strlen(body.line));
}

static void gives_what_came_before_the_break(void) {
  static struct body body;
  build(&body);
  for (size_t cut = 0; cut < body.length; cut++) {
    char name[64];
    snprintf(name, sizeof name, "cut at byte %zu", cut);
    check_row(name);
    size_t whole = 0;
    while (whole < ELEMENTS && body.ends[whole] <= cut)
      whole++;
    char expected[LINE_SIZE];
    snprintf(expected, sizeof expected, "%.*smalformed", (int)body.line_lengths[whole], body.line);
    char line[LINE_SIZE];
    line_read(body.bytes, cut, line);
    CHECK_BYTES(line, strlen(line), expected, strlen(expected));
  }
}

/* A space in front of each element's first key sends the reader the general way. */
static size_t write_spaced(const struct body *body, char *out) {
  size_t length = 0;
  size_t element = 0;
  for (size_t i = 0; i < body->length; i++) {
    out[length++] = body->bytes[i];
    if (element < ELEMENTS && i == body->starts[element]) {
      out[length++] = ' ';
      element++;
    }
  }
  return length;
}

/* Whatever byte is put anywhere (one of each kind that the grammar tells apart), both ways through
 * an element come to the same result. */
static void reads_alike_both_ways(void) {
  static const char bytes[] = "\"\\{}[],:/019-.eantu= \n\x00\x1f\x7f\x80\xbf\xc3\xe2\xed\xf0\xff";
  static struct body body;
  static char spaced[BODY_SIZE + ELEMENTS];
  build(&body);
  for (size_t at = 0; at < body.length; at++) {
    char kept = body.bytes[at];
    char name[64];
    snprintf(name, sizeof name, "damaged at byte %zu", at);
    check_row(name);
    bool alike = true;
    for (size_t i = 0; i < sizeof bytes && alike; i++) {
      body.bytes[at] = bytes[i];
      char line[LINE_SIZE];
      char line_spaced[LINE_SIZE];
      line_read(body.bytes, body.length, line);
      line_read(spaced, write_spaced(&body, spaced), line_spaced);
      alike = strcmp(line, line_spaced) == 0;
    }
    CHECK(alike);
    body.bytes[at] = kept;
  }
}

int main(void) {
  writes_messages();
  fits_what_it_announces();
  reads_what_was_written();
  gives_what_came_before_the_break();
  reads_alike_both_ways();
  return check_report();
}
