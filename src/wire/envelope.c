/* The envelope reader. Two ways through an element: the general one takes any JSON that means an
   element; the fast one takes the exact bytes of envelope_write_message, and leaves the element to
   the general one at the first byte that differs. */
#include "envelope.h"

#include "base64.h"
#include "number.h"

#include <string.h>

/* The literals of a text message, in the order in which they are written. */
#define NUMBER_FOLLOWS "{\"item\":{\"topic_sequence_number\":"
#define PAGE_FOLLOWS ",\"sequence_page\":"
#define TEXT_FOLLOWS ",\"value\":{\"text\":\""
#define BINARY_FOLLOWS ",\"value\":{\"binary\":\""
#define PUBLISHER_FOLLOWS ",\"publisher_id\":\""

enum { BEFORE_ITEMS, BEFORE_FIRST, AFTER_ELEMENT, FINISHED, BROKEN };

static bool key_is(const struct json_string *key, const char *name) {
  return json_string_is(key, name, strlen(name));
}

/* Marks the member `bit` as seen; false when it was: which of the two is meant cannot be known. */
static bool first_time(unsigned *seen, unsigned bit) {
  bool before = (*seen & bit) != 0;
  *seen |= bit;
  return !before;
}

/* A string, or null for none. */
static bool read_optional_string(struct json *json, struct json_string *string, bool *present) {
  *present = json_peek(json) == '"';
  return *present ? json_string(json, string) : json_word(json, "null");
}

static bool base64_string_valid(const struct json_string *string) {
  struct base64_check check = {0};
  const char *at = string->raw;
  const char *end = at + string->length;
  while (at < end) {
    const char *escape = string->escaped ? memchr(at, '\\', (size_t)(end - at)) : NULL;
    size_t run = (size_t)((escape ? escape : end) - at);
    if (!base64_check_piece(&check, at, run)) return false;
    at += run;
    if (escape == NULL) break;
    /* A surrogate pair is looked at in halves here, but is as wrong as a whole. */
    struct json_string one = {at, at[1] == 'u' ? 6 : 2, true};
    char decoded[6];
    if (!base64_check_piece(&check, decoded, json_string_decode(&one, decoded))) return false;
    at += one.length;
  }
  return base64_check_whole(&check);
}

static bool read_octets(struct json *json, struct json_string *slice) {
  slice->raw = json->at;
  slice->length = 0;
  slice->escaped = false;
  if (json_take(json, ']')) return true;
  do {
    uint64_t octet;
    if (!json_u64(json, &octet) || octet > 255) return false;
  } while (json_take(json, ','));
  if (!json_take(json, ']')) return false;
  slice->length = (size_t)(json->at - 1 - slice->raw);
  return true;
}

static bool read_binary(struct json *json, struct envelope_value *value, bool *present) {
  if (json_take(json, '[')) {
    *present = true;
    value->form = ENVELOPE_OCTETS;
    return read_octets(json, &value->string);
  }
  value->form = ENVELOPE_BASE64;
  return read_optional_string(json, &value->string, present) &&
         (!*present || base64_string_valid(&value->string));
}

/* {"text": ...} or {"binary": ...}: exactly one of the two, a null counts as none. */
static bool read_value(struct json *json, struct envelope_value *value) {
  enum { TEXT = 1, BINARY = 2 };
  struct envelope_value text = {.form = ENVELOPE_TEXT};
  struct envelope_value binary = {.form = ENVELOPE_BASE64};
  bool has_text = false;
  bool has_binary = false;
  unsigned seen = 0;
  bool first = true;
  struct json_string key;
  enum json_member next;
  if (!json_take(json, '{')) return false;
  while ((next = json_member(json, &first, &key)) == JSON_MEMBER) {
    bool good;
    if (key_is(&key, "text"))
      good = first_time(&seen, TEXT) && read_optional_string(json, &text.string, &has_text);
    else if (key_is(&key, "binary"))
      good = first_time(&seen, BINARY) && read_binary(json, &binary, &has_binary);
    else
      good = json_skip(json);
    if (!good) return false;
  }
  *value = has_text ? text : binary;
  return next == JSON_OBJECT_END && has_text != has_binary;
}

static bool read_item(struct json *json, struct envelope_element *element) {
  enum { NUMBER = 1, PAGE = 2, VALUE = 4, REQUIRED = 7, PUBLISHER = 8, TOKEN = 16 };
  struct json_string token;
  bool has_token = false;
  unsigned seen = 0;
  bool first = true;
  struct json_string key;
  enum json_member next;
  if (!json_take(json, '{')) return false;
  while ((next = json_member(json, &first, &key)) == JSON_MEMBER) {
    bool good;
    if (key_is(&key, "topic_sequence_number"))
      good = first_time(&seen, NUMBER) && json_u64(json, &element->sequence_number);
    else if (key_is(&key, "sequence_page"))
      good = first_time(&seen, PAGE) && json_u64(json, &element->sequence_page);
    else if (key_is(&key, "value"))
      good = first_time(&seen, VALUE) && read_value(json, &element->value);
    else if (key_is(&key, "publisher_id"))
      good = first_time(&seen, PUBLISHER) &&
             read_optional_string(json, &element->publisher_id, &element->has_publisher_id);
    else if (key_is(&key, "token_id"))
      good = first_time(&seen, TOKEN) && read_optional_string(json, &token, &has_token);
    else
      good = json_skip(json);
    if (!good) return false;
  }
  if (has_token && !element->has_publisher_id) {
    element->has_publisher_id = true;
    element->publisher_id = token;
  }
  return next == JSON_OBJECT_END && (seen & REQUIRED) == REQUIRED;
}

static bool read_discontinuity(struct json *json, struct envelope_element *element) {
  enum { LAST = 1, NEW = 2, PAGE = 4, REQUIRED = 7 };
  unsigned seen = 0;
  bool first = true;
  struct json_string key;
  enum json_member next;
  if (!json_take(json, '{')) return false;
  while ((next = json_member(json, &first, &key)) == JSON_MEMBER) {
    bool good;
    if (key_is(&key, "last_topic_sequence"))
      good = first_time(&seen, LAST) && json_u64(json, &element->last_sequence_number);
    else if (key_is(&key, "new_topic_sequence"))
      good = first_time(&seen, NEW) && json_u64(json, &element->sequence_number);
    else if (key_is(&key, "new_sequence_page"))
      good = first_time(&seen, PAGE) && json_u64(json, &element->sequence_page);
    else
      good = json_skip(json);
    if (!good) return false;
  }
  return next == JSON_OBJECT_END && seen == REQUIRED;
}

/* Any element. One that is neither kind (a heartbeat, say) becomes ENVELOPE_END: nothing to give.
 */
static bool read_element(struct json *json, struct envelope_element *element) {
  bool first = true;
  struct json_string key;
  enum json_member next;
  element->kind = ENVELOPE_END;
  element->has_publisher_id = false;
  if (!json_take(json, '{')) return false;
  while ((next = json_member(json, &first, &key)) == JSON_MEMBER) {
    bool item = key_is(&key, "item");
    if (!item && !key_is(&key, "discontinuity")) {
      if (!json_skip(json)) return false;
      continue;
    }
    if (element->kind != ENVELOPE_END) /* two things in one element */
      return false;
    element->kind = item ? ENVELOPE_MESSAGE : ENVELOPE_DISCONTINUITY;
    if (!(item ? read_item(json, element) : read_discontinuity(json, element))) return false;
  }
  return next == JSON_OBJECT_END;
}

static bool take_bytes(struct json *json, const char *bytes, size_t length) {
  if ((size_t)(json->end - json->at) < length || memcmp(json->at, bytes, length) != 0) return false;
  json->at += length;
  return true;
}

#define TAKE(json, literal) take_bytes(json, literal, sizeof(literal) - 1)

static bool take_u64(struct json *json, uint64_t *value) {
  size_t digits = number_scan_u64(json->at, (size_t)(json->end - json->at), value);
  json->at += digits;
  return digits > 0;
}

/* From the number of a message to its text. What stands there holds no more than the page, so it is
   mostly the same as in the message before: then one comparison tells. */
static bool take_page(struct envelope_reader *reader, struct json *at, uint64_t *page) {
  if (reader->between_length > 0 &&
      take_bytes(at, reader->between, (size_t)reader->between_length)) {
    *page = reader->page;
    return true;
  }
  const char *start = at->at;
  if (!TAKE(at, PAGE_FOLLOWS) || !take_u64(at, page) || !TAKE(at, TEXT_FOLLOWS)) return false;
  reader->page = *page;
  reader->between = start;
  reader->between_length = (int)(at->at - start);
  return true;
}

/* The exact bytes of a text message as envelope_write_message writes it. What is no such message
   may still be an element: then the reader is left where it was. */
static bool read_canonical(struct envelope_reader *reader, struct envelope_element *element,
                           struct json_room *room) {
  struct json at = reader->json;
  if (!TAKE(&at, NUMBER_FOLLOWS) || !take_u64(&at, &element->sequence_number) ||
      !take_page(reader, &at, &element->sequence_page) ||
      !json_string_rest_into(&at, &element->value.string, room) || !TAKE(&at, "}"))
    return false;
  element->has_publisher_id = TAKE(&at, PUBLISHER_FOLLOWS);
  if (element->has_publisher_id && !json_string_rest(&at, &element->publisher_id)) return false;
  if (!TAKE(&at, "}}")) return false;
  element->kind = ENVELOPE_MESSAGE;
  element->value.form = ENVELOPE_TEXT;
  reader->json = at;
  return true;
}

/* The envelope up to the '[' of items. */
static bool read_head(struct json *json) {
  bool first = true;
  struct json_string key;
  if (TAKE(json, ENVELOPE_HEAD)) return true;
  if (!json_take(json, '{')) return false;
  while (json_member(json, &first, &key) == JSON_MEMBER) {
    if (key_is(&key, "items")) return json_take(json, '[');
    if (!json_skip(json)) return false;
  }
  return false;
}

/* What follows the ']' of items. */
static bool read_tail(struct json *json) {
  bool first = false;
  struct json_string key;
  enum json_member next;
  while ((next = json_member(json, &first, &key)) == JSON_MEMBER)
    if (key_is(&key, "items") || !json_skip(json)) return false;
  return next == JSON_OBJECT_END && json_at_end(json);
}

void envelope_open(struct envelope_reader *reader, const char *body, size_t length) {
  *reader = (struct envelope_reader){.json = {body, body + length}, .state = BEFORE_ITEMS};
}

static enum envelope_kind finish(struct envelope_reader *reader, struct envelope_element *element,
                                 bool whole) {
  reader->state = whole ? FINISHED : BROKEN;
  element->kind = whole ? ENVELOPE_END : ENVELOPE_MALFORMED;
  return element->kind;
}

static bool read_either(struct envelope_reader *reader, struct envelope_element *element,
                        struct json_room *room) {
  if (read_canonical(reader, element, room)) return true;
  room->length = JSON_UNDECODED;
  return read_element(&reader->json, element);
}

enum envelope_kind envelope_next_into(struct envelope_reader *reader,
                                      struct envelope_element *element, struct json_room *room) {
  struct json *json = &reader->json;
  if (reader->state == FINISHED || reader->state == BROKEN)
    return finish(reader, element, reader->state == FINISHED);
  if (reader->state == BEFORE_ITEMS) {
    if (!read_head(json)) return finish(reader, element, false);
    reader->state = BEFORE_FIRST;
  }
  do {
    bool first = reader->state == BEFORE_FIRST;
    if (first ? json_take(json, ']') : !json_take(json, ','))
      return finish(reader, element, (first || json_take(json, ']')) && read_tail(json));
    reader->state = AFTER_ELEMENT;
    if (!read_either(reader, element, room)) return finish(reader, element, false);
  } while (element->kind == ENVELOPE_END);
  return element->kind;
}

enum envelope_kind envelope_next(struct envelope_reader *reader, struct envelope_element *element) {
  struct json_room none = {.size = 0};
  return envelope_next_into(reader, element, &none);
}

bool envelope_used_up(const struct envelope_reader *reader) {
  struct json rest = reader->json;
  return reader->state == AFTER_ELEMENT && TAKE(&rest, ENVELOPE_TAIL) && rest.at == rest.end;
}

bool envelope_value_plain(const struct envelope_value *value) {
  return value->form == ENVELOPE_TEXT && !value->string.escaped;
}

static size_t decode_octets(const struct json_string *slice, char *out) {
  struct json json = {slice->raw, slice->raw + slice->length};
  size_t written = 0;
  uint64_t octet;
  while (json_u64(&json, &octet)) {
    out[written++] = (char)octet;
    json_take(&json, ',');
  }
  return written;
}

size_t envelope_value_decode(const struct envelope_value *value, char *out) {
  if (value->form == ENVELOPE_OCTETS) return decode_octets(&value->string, out);
  size_t length = json_string_decode(&value->string, out);
  if (value->form == ENVELOPE_BASE64) base64_decode(out, length, out, &length);
  return length;
}

static char *put(char *out, const char *literal) {
  size_t length = strlen(literal);
  memcpy(out, literal, length);
  return out + length;
}

static char *put_u64(char *out, uint64_t value) {
  char digits[NUMBER_U64_SIZE];
  size_t length = number_format_u64(value, digits);
  memcpy(out, digits, length);
  return out + length;
}

size_t envelope_message_max(size_t value_length, size_t publisher_id_length) {
  enum { FRAME = 160 }; /* the literals below and two numbers */
  return FRAME + json_quoted_max(value_length) + json_quoted_max(publisher_id_length);
}

size_t envelope_write_message(char *out, uint64_t number, uint64_t page, bool binary,
                              const char *value, size_t value_length, const char *publisher_id,
                              size_t publisher_id_length) {
  char *at = put(out, NUMBER_FOLLOWS);
  at = put_u64(at, number);
  at = put(at, PAGE_FOLLOWS);
  at = put_u64(at, page);
  if (binary) {
    at = put(at, BINARY_FOLLOWS);
    base64_encode(value, value_length, at);
    at += base64_encoded_size(value_length);
  } else {
    at = put(at, TEXT_FOLLOWS);
    at += json_escape(value, value_length, at);
  }
  at = put(at, "\"}");
  if (publisher_id != NULL) {
    at = put(at, PUBLISHER_FOLLOWS);
    at += json_escape(publisher_id, publisher_id_length, at);
    at = put(at, "\"");
  }
  return (size_t)(put(at, "}}") - out);
}

size_t envelope_write_discontinuity(char *out, uint64_t last, uint64_t next, uint64_t page) {
  char *at = put(out, "{\"discontinuity\":{\"last_topic_sequence\":");
  at = put_u64(at, last);
  at = put(at, ",\"new_topic_sequence\":");
  at = put_u64(at, next);
  at = put(at, ",\"new_sequence_page\":");
  at = put_u64(at, page);
  return (size_t)(put(at, "}}") - out);
}
