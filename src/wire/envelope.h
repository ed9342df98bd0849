/* The long-poll answer (the items of a topic): a pull reader that decodes one element at a time out
   of the body it is given, and a writer of the same shape. No allocation, no tree, no copy of the
   body. */
#ifndef MOMENTO_WIRE_ENVELOPE_H
#define MOMENTO_WIRE_ENVELOPE_H

#include "json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum envelope_kind {
  ENVELOPE_MESSAGE,
  ENVELOPE_DISCONTINUITY,
  ENVELOPE_END,      /* the body was whole and nothing is left */
  ENVELOPE_MALFORMED /* the body breaks off or is not an envelope from here on; sticks */
};

enum envelope_form {                  /* how the bytes of a value stand in the body */
                     ENVELOPE_TEXT,   /* a JSON string: text */
                     ENVELOPE_BASE64, /* a JSON string: binary in base64 */
                     ENVELOPE_OCTETS  /* an array of integers 0..255: binary */
};

struct envelope_value {
  enum envelope_form form;
  struct json_string string; /* raw slice of the body; for OCTETS what stands between [ and ] */
};

struct envelope_element {
  enum envelope_kind kind;
  uint64_t sequence_number;      /* of a message; new_topic_sequence of a discontinuity */
  uint64_t sequence_page;        /* of a message; new_sequence_page of a discontinuity */
  uint64_t last_sequence_number; /* discontinuity only */
  struct envelope_value value;   /* message only */
  bool has_publisher_id;         /* publisher_id, or token_id */
  struct json_string publisher_id;
};

struct envelope_reader {
  struct json json;
  /* The rest is private. */
  int state;
  int between_length;
  const char
      *between;  /* what stood between number and text of the last message in the usual form */
  uint64_t page; /* of that message */
};

/* Reads body[0..length), which must stay where it is as long as the reader is used. */
void envelope_open(struct envelope_reader *reader, const char *body, size_t length);

/* Reads the next element into *element and returns its kind. Members may come in any order; unknown
   ones, and elements of neither kind, are skipped; null is as good as absent for publisher_id,
   token_id, text and binary. Malformed is, besides what is no JSON: a known member that is missing,
   of the wrong type, or there twice (which one is meant cannot be known), and a value that does not
   decode (bad base64, an octet past 255). */
enum envelope_kind envelope_next(struct envelope_reader *reader, struct envelope_element *element);

/* The same; room->length is then that of the decoded text of a message, or JSON_UNDECODED. */
enum envelope_kind envelope_next_into(struct envelope_reader *reader,
                                      struct envelope_element *element, struct json_room *room);

/* Whether nothing but the usual end of a body is left, so that ENVELOPE_END comes next. */
bool envelope_used_up(const struct envelope_reader *reader);

/* Text without escapes is its own value: the slice of the body can be used as it is. */
bool envelope_value_plain(const struct envelope_value *value);

/* Writes the decoded bytes to out, which has room for value->string.length bytes (all of it may be
   written to), and returns how many they are. Cannot fail for a value that envelope_next gave. */
size_t envelope_value_decode(const struct envelope_value *value, char *out);

/* Writing. The caller provides room: a body is ENVELOPE_HEAD, elements with ',' between,
 * ENVELOPE_TAIL. */
#define ENVELOPE_HEAD "{\"items\":["
#define ENVELOPE_TAIL "]}"

/* Most bytes envelope_write_message writes for such lengths. */
size_t envelope_message_max(size_t value_length, size_t publisher_id_length);

/* Writes {"item":{...}}; text must be valid UTF-8; publisher_id may be NULL. Returns bytes written.
 */
size_t envelope_write_message(char *out, uint64_t number, uint64_t page, bool binary,
                              const char *value, size_t value_length, const char *publisher_id,
                              size_t publisher_id_length);

enum { ENVELOPE_DISCONTINUITY_MAX = 192 };

/* Writes {"discontinuity":{...}}; returns bytes written. */
size_t envelope_write_discontinuity(char *out, uint64_t last, uint64_t next, uint64_t page);

#endif
