/* An envelope read into a line of text that a spec can state, one piece for each element:
   "7/50 text hello by ann; 3>9/51; end" is a message, a discontinuity and the end of a whole body.
   Bytes that do not print stand as <0a>. */
#ifndef MOMENTO_SPEC_ENVELOPE_LINE_H
#define MOMENTO_SPEC_ENVELOPE_LINE_H

#include "../../src/wire/envelope.h"

#include "check.h"

enum { LINE_SIZE = 4096 };

static inline void line_bytes(char *line, const char *bytes, size_t length) {
  size_t used = strlen(line);
  for (size_t i = 0; i < length && used + 5 < LINE_SIZE; i++) {
    unsigned char byte = (unsigned char)bytes[i];
    bool plain = byte >= 0x20 && byte != 0x7F;
    used += (size_t)snprintf(line + used, LINE_SIZE - used, plain ? "%c" : "<%02x>", byte);
  }
}

static inline void line_text(char *line, const char *text) {
  line_bytes(line, text, strlen(text));
}

/* The decoded value, or string when there is no value. */
static inline void line_decoded(char *line, const struct json_string *string,
                                const struct envelope_value *value) {
  char *out = check_copy(string->raw, string->length); /* as long as is promised to be enough */
  size_t length =
      value != NULL ? envelope_value_decode(value, out) : json_string_decode(string, out);
  line_bytes(line, out, length);
  bool same = length == string->length && memcmp(out, string->raw, length) == 0;
  if (value != NULL && envelope_value_plain(value) && !same) line_text(line, " (not plain)");
  free(out);
}

static inline void line_message(char *line, const struct envelope_element *element) {
  static const char *const forms[] = {" text ", " base64 ", " octets "};
  char number[64];
  snprintf(number, sizeof number, "%llu/%llu", (unsigned long long)element->sequence_number,
           (unsigned long long)element->sequence_page);
  line_text(line, number);
  line_text(line, forms[element->value.form]);
  line_decoded(line, &element->value.string, &element->value);
  if (element->has_publisher_id) {
    line_text(line, " by ");
    line_decoded(line, &element->publisher_id, NULL);
  }
}

/* Reads body[0..length) from memory that is exactly as long. */
static inline void line_read(const char *body, size_t length, char *line) {
  char *copy = check_copy(body, length);
  struct envelope_reader reader;
  struct envelope_element element;
  enum envelope_kind kind;
  line[0] = '\0';
  envelope_open(&reader, copy, length);
  while ((kind = envelope_next(&reader, &element)) <= ENVELOPE_DISCONTINUITY) {
    if (kind == ENVELOPE_MESSAGE) {
      line_message(line, &element);
    } else {
      char text[96];
      snprintf(
          text, sizeof text, "%llu>%llu/%llu", (unsigned long long)element.last_sequence_number,
          (unsigned long long)element.sequence_number, (unsigned long long)element.sequence_page);
      line_text(line, text);
    }
    line_text(line, "; ");
  }
  line_text(line, kind == ENVELOPE_END ? "end" : "malformed");
  if (element.kind != kind || envelope_next(&reader, &element) != kind)
    line_text(line, " (does not stick)");
  free(copy);
}

#endif
