/* The syntax of one HTTP header line and of what stands in it (RFC 9110, section 5): tokens, field
   values, comma lists. Knows no particular header and keeps no state. Strict: what two readers
   could take for two different things is refused, not repaired. */
#ifndef TOPICSD_FIELD_H
#define TOPICSD_FIELD_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes that belong to somebody else's buffer. bytes NULL: there is no such thing. */
struct field_text {
  const char *bytes;
  size_t length;
};

/* Whether text is a token: one or more of the characters that names and methods are made of. */
bool field_token(struct field_text text);

/* Whether text, a token or not, equals name (lower case letters, NUL-terminated) but for case. */
bool field_is(struct field_text text, const char *name);

/* Takes a line without its CRLF apart: a token, a colon right after it, and a value with spaces and
   tabs around it removed. Returns false for anything else: no colon, a space before it, a line that
   goes on from the one before, a control byte in the value. */
bool field_split(struct field_text line, struct field_text *name, struct field_text *value);

/* Takes the next member off a comma list and trims it; empty members are skipped. Returns false
   when nothing is left. */
bool field_next(struct field_text *list, struct field_text *member);

#endif
