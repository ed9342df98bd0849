/* A strict JSON (RFC 8259) scanner over bytes in memory: tells tokens apart and checks them,
   allocates nothing, builds no tree. Depth is capped. Knows nothing of envelopes. */
#ifndef MOMENTO_WIRE_JSON_H
#define MOMENTO_WIRE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JSON_MAX_DEPTH = 64 };

struct json {
  const char *at;  /* next byte to read */
  const char *end; /* one past the last */
};

/* The inside of a string token, still as it stands between the quotes. */
struct json_string {
  const char *raw;
  size_t length;
  bool escaped; /* has a backslash: json_string_decode is needed to get its value */
};

/* Room in which a string is decoded while it is checked, which spares looking at its escapes twice.
   Afterwards `length` is that of its value, or JSON_UNDECODED: that is left to json_string_decode,
   for a string without escapes, or with one of a \u, or one that is too long. */
struct json_room {
  char *bytes;
  size_t size;
  size_t length;
};

#define JSON_UNDECODED SIZE_MAX

/* Every function below skips white space first, leaves json->at after what it took, and returns
   false when something else (or malformed JSON) stands there; json->at is then of no further use,
   except that json_take leaves it where it was. */

bool json_take(struct json *json, char punctuation); /* one of {}[]:, when it is next */
char json_peek(struct json *json); /* next byte that is not white space; 0 at end */
bool json_string(struct json *json, struct json_string *out); /* valid UTF-8, escapes checked */
bool json_string_rest(struct json *json, struct json_string *out); /* its quote has been taken */
bool json_string_rest_into(struct json *json, struct json_string *out, struct json_room *room);
bool json_word(struct json *json, const char *word); /* one of true, false, null */
bool json_u64(struct json *json, uint64_t *value);   /* digits only, see number.h */

/* The members of an object whose '{' has been taken, one at a time: takes the ',' (unless *first,
   which it clears), the key and the ':', or the closing '}'. The caller takes the value. */
enum json_member { JSON_MEMBER, JSON_OBJECT_END, JSON_FAULT };
enum json_member json_member(struct json *json, bool *first, struct json_string *key);

bool json_skip(struct json *json);   /* any one value, checked strictly */
bool json_at_end(struct json *json); /* only white space is left */

/* Decodes escapes into out, which has room for string->length bytes (all of it may be written to)
   and does not overlap the string; a lone surrogate becomes U+FFFD. Returns the length. */
size_t json_string_decode(const struct json_string *string, char *out);

/* Whether every surrogate in it has its other half: else it is no text, and others refuse it. */
bool json_string_paired(const struct json_string *string);

/* Whether the decoded string equals text[0..length). */
bool json_string_is(const struct json_string *string, const char *text, size_t length);

/* Writes bytes (valid UTF-8) as they stand between the quotes of a JSON string, no NUL; returns the
   bytes written, at most json_quoted_max(length) - 2. */
size_t json_escape(const char *bytes, size_t length, char *out);

/* Bytes json_quote can write at most for length bytes (quotes included). */
size_t json_quoted_max(size_t length);

/* The same with the quotes. */
size_t json_quote(const char *bytes, size_t length, char *out);

#endif
