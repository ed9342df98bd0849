/* The envelope reader: it stays within the body, gives the elements before a break and nothing
   after a fault, and takes what the writer writes as the same. A body is the input as it is, or put
   together from pieces that the input chooses, which goes deeper. */
#include "../../src/wire/envelope.h"
#include "../../src/wire/utf8.h"

#include "fuzz.h"

enum { BODY_MAX = 4096 };

static const char *const pieces[] = {
    "{\"items\":[",
    "]}",
    "{\"item\":{\"topic_sequence_number\":",
    ",\"sequence_page\":",
    ",\"value\":{\"text\":\"",
    "\"}}}",
    "\"},\"publisher_id\":\"",
    "\"}}",
    "{\"item\":{\"topic_sequence_number\":7,\"sequence_page\":1748358253,\"value\":{\"text\":\"",
    "{\"item\":{\"topic_sequence_number\":8,\"sequence_page\":1748358253,\"value\":{\"binary\":\"",
    "{\"item\":{\"topic_sequence_number\":9,\"sequence_page\":1748358253,\"value\":{\"binary\":[",
    "{\"discontinuity\":{\"last_topic_sequence\":1,\"new_topic_sequence\":2,",
    "\"new_sequence_page\":3}}",
    "]}}}",
    "\"item\"",
    "\"discontinuity\"",
    "\"topic_sequence_number\"",
    "\"sequence_page\"",
    "\"value\"",
    "\"text\"",
    "\"binary\"",
    "\"publisher_id\"",
    "\"token_id\"",
    "\"last_topic_sequence\"",
    "\"new_topic_sequence\"",
    "\"new_sequence_page\"",
    "\"it\\u0065ms\"",
    "\"items\"",
    "\"unknown\":",
    "{",
    "}",
    "[",
    ",",
    ":",
    "\"",
    " ",
    "\n",
    "0",
    "1",
    "255",
    "256",
    "-1",
    "1.0",
    "1e1",
    "18446744073709551615",
    "18446744073709551616",
    "null",
    "true",
    "false",
    "hello",
    "aGVsbG8=",
    "aGVsbG8",
    "-_8",
    "\\/",
    "\\\"",
    "\\n",
    "\\u002b",
    "\\ud83d\\ude00",
    "\\ud83d",
    "\xf0\x9f\x98\x80",
    "\xc3\xa9",
    "\xff",
    "0123456789abcdef",
    "\\",
};

static struct fuzz_text decode_value(const struct envelope_value *value) {
  struct fuzz_text text = {fuzz_room(value->string.length), 0};
  text.length = envelope_value_decode(value, text.bytes);
  demand(text.length <= value->string.length);
  if (envelope_value_plain(value))
    demand(text.length == value->string.length &&
           memcmp(text.bytes, value->string.raw, text.length) == 0);
  if (value->form == ENVELOPE_TEXT) demand(utf8_valid(text.bytes, text.length));
  return text;
}

static struct fuzz_text decode_publisher_id(const struct envelope_element *element) {
  struct fuzz_text text = {NULL, 0};
  if (!element->has_publisher_id) return text;
  text.bytes = fuzz_room(element->publisher_id.length);
  text.length = json_string_decode(&element->publisher_id, text.bytes);
  return text;
}

static bool same_text(struct fuzz_text a, struct fuzz_text b) {
  return a.length == b.length && (a.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

static bool same_element(const struct envelope_element *a, const struct envelope_element *b) {
  if (a->kind != b->kind || a->sequence_number != b->sequence_number ||
      a->sequence_page != b->sequence_page)
    return false;
  if (a->kind == ENVELOPE_DISCONTINUITY) return a->last_sequence_number == b->last_sequence_number;
  struct fuzz_text values[] = {decode_value(&a->value), decode_value(&b->value)};
  struct fuzz_text ids[] = {decode_publisher_id(a), decode_publisher_id(b)};
  bool same = (a->value.form == ENVELOPE_TEXT) == (b->value.form == ENVELOPE_TEXT) &&
              same_text(values[0], values[1]) && a->has_publisher_id == b->has_publisher_id &&
              same_text(ids[0], ids[1]);
  for (size_t i = 0; i < 2; i++) {
    free(values[i].bytes);
    free(ids[i].bytes);
  }
  return same;
}

static size_t write_element(const struct envelope_element *element, char **out) {
  if (element->kind == ENVELOPE_DISCONTINUITY) {
    *out = fuzz_room(ENVELOPE_DISCONTINUITY_MAX);
    return envelope_write_discontinuity(*out, element->last_sequence_number,
                                        element->sequence_number, element->sequence_page);
  }
  struct fuzz_text value = decode_value(&element->value);
  struct fuzz_text id = decode_publisher_id(element);
  size_t most = envelope_message_max(value.length, id.length);
  *out = fuzz_room(most);
  size_t length = envelope_write_message(*out, element->sequence_number, element->sequence_page,
                                         element->value.form != ENVELOPE_TEXT, value.bytes,
                                         value.length, id.bytes, id.length);
  demand(length <= most);
  free(value.bytes);
  free(id.bytes);
  return length;
}

/* The element as the writer writes it, once as it is and once with a space that sends the reader
   the general way. */
static void write_and_read(const struct envelope_element *element) {
  char *written;
  size_t length = write_element(element, &written);
  for (int spaced = 0; spaced <= 1; spaced++) {
    char *body = fuzz_room(length + sizeof ENVELOPE_HEAD " " ENVELOPE_TAIL);
    size_t used = sizeof ENVELOPE_HEAD - 1;
    memcpy(body, ENVELOPE_HEAD, used);
    body[used++] = written[0];
    if (spaced) body[used++] = ' ';
    memcpy(body + used, written + 1, length - 1);
    used += length - 1;
    memcpy(body + used, ENVELOPE_TAIL, sizeof ENVELOPE_TAIL - 1);
    used += sizeof ENVELOPE_TAIL - 1;
    struct envelope_reader reader;
    struct envelope_element read;
    envelope_open(&reader, body, used);
    demand(envelope_next(&reader, &read) == element->kind && same_element(element, &read));
    demand(envelope_next(&reader, &read) == ENVELOPE_END);
    free(body);
  }
  free(written);
}

static void demand_within(const struct json_string *string, const char *body, size_t length) {
  demand(string->raw >= body && string->raw + string->length <= body + length);
}

static bool is_element(enum envelope_kind kind) {
  return kind == ENVELOPE_MESSAGE || kind == ENVELOPE_DISCONTINUITY;
}

/* A body that breaks off at `cut` gives the elements of the whole one, as far as they go. */
static void read_broken(const char *body, size_t length, size_t cut) {
  char *copy = fuzz_copy(body, cut);
  struct envelope_reader whole;
  struct envelope_reader broken;
  struct envelope_element expected;
  struct envelope_element element;
  envelope_open(&whole, body, length);
  envelope_open(&broken, copy, cut);
  while (is_element(envelope_next(&broken, &element))) {
    demand(is_element(envelope_next(&whole, &expected)));
    demand(same_element(&element, &expected));
  }
  free(copy);
}

static void read_whole(const char *body, size_t length) {
  struct envelope_reader reader;
  struct envelope_element element;
  envelope_open(&reader, body, length);
  bool used_up = false;
  while (is_element(envelope_next(&reader, &element))) {
    demand(!used_up);
    used_up = envelope_used_up(&reader);
    if (element.kind == ENVELOPE_MESSAGE) demand_within(&element.value.string, body, length);
    if (element.has_publisher_id) demand_within(&element.publisher_id, body, length);
    write_and_read(&element);
  }
  enum envelope_kind last = element.kind;
  demand(!used_up || last == ENVELOPE_END);
  demand(envelope_next(&reader, &element) == last && element.kind == last);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length) {
  if (length == 0) return 0;
  struct fuzz_text body =
      fuzz_text(data + 1, length - 1, pieces, sizeof pieces / sizeof *pieces, BODY_MAX);
  read_whole(body.bytes, body.length);
  read_broken(body.bytes, body.length, body.length * data[0] / UINT8_MAX);
  free(body.bytes);
  return 0;
}
