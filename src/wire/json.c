/* The JSON scanner. Strings are where the bytes are, so they are read a word at a time; the rest is
   plain recursive descent. */
#include "json.h"

#include "hex.h"
#include "number.h"
#include "utf8.h"
#include "word.h"

enum { ESCAPE_SIZE = 2, UNICODE_ESCAPE_SIZE = 6, REPLACEMENT = 0xFFFD };

static void skip_space(struct json *json) {
  while (json->at < json->end &&
         (*json->at == ' ' || *json->at == '\n' || *json->at == '\r' || *json->at == '\t'))
    json->at++;
}

bool json_take(struct json *json, char punctuation) {
  const char *start = json->at;
  skip_space(json);
  if (json->at < json->end && *json->at == punctuation) {
    json->at++;
    return true;
  }
  json->at = start;
  return false;
}

char json_peek(struct json *json) {
  skip_space(json);
  return json->at < json->end ? *json->at : '\0';
}

bool json_at_end(struct json *json) {
  skip_space(json);
  return json->at == json->end;
}

/* The byte that a two-character escape stands for, by its letter; 0 when there is no such escape.
 */
static const char short_escapes[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
    ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
};

static char short_escape(char letter) {
  return short_escapes[(unsigned char)letter];
}

/* Length of the escape that begins at the backslash at[0]; 0 when it is none. */
static size_t escape_length(const char *at, const char *end) {
  if (end - at < ESCAPE_SIZE) return 0;
  if (at[1] != 'u') return short_escape(at[1]) == '\0' ? 0 : ESCAPE_SIZE;
  return end - at >= UNICODE_ESCAPE_SIZE && hex_four_valid(at + 2) ? UNICODE_ESCAPE_SIZE : 0;
}

/* Marks the bytes of a word that need a look of their own: quote, backslash, control, past ASCII.
   Setting the top bits first keeps a subtraction from borrowing, so that every mark is sure. */
static uint64_t mark_special(uint64_t word) {
  /* Flipping bit 1 swaps 0x20 with the quote, 0x22, so one comparison finds it and the controls. */
  uint64_t not_quote_or_control = ((word ^ WORD_EACH(0x02)) | WORD_TOP_BITS) - WORD_EACH(0x21);
  uint64_t not_backslash = ((word ^ WORD_EACH('\\')) | WORD_TOP_BITS) - WORD_EACH(1);
  return (word | ~(not_quote_or_control & not_backslash)) & WORD_TOP_BITS;
}

/* Skips the escapes, then the signs past ASCII at `at`: they come in company. Returns NULL when one
   of them is malformed, or when a control byte stands there. */
static inline const char *skip_special(const char *at, const char *end) {
  if ((unsigned char)*at < 0x20) return NULL;
  while (at < end && *at == '\\') {
    size_t size = escape_length(at, end);
    if (size == 0) return NULL;
    at += size;
  }
  while (at < end && (unsigned char)*at >= 0x80) {
    size_t size = utf8_sequence(at, (size_t)(end - at));
    if (size == 0) return NULL;
    at += size;
  }
  return at;
}

bool json_string_rest(struct json *json, struct json_string *out) {
  const char *at = json->at;
  const char *end = json->end;
  out->raw = at;
  out->escaped = false;
  while (end - at >= WORD_SIZE) {
    const char *next = at + WORD_SIZE;
    uint64_t special = mark_special(word_load(at));
    while (special != 0) {
      const char *byte = at + word_first(special);
      if (*byte == '"') {
        at = byte;
        goto closed;
      }
      if (*byte == '\\') out->escaped = true;
      byte = skip_special(byte, end);
      if (byte == NULL) return false;
      if (byte >= next) {
        next = byte;
        break;
      }
      special &= ~UINT64_C(0) << (8 * (byte - at));
    }
    at = next;
  }
  while (at < end && *at != '"') {
    if (*at == '\\') out->escaped = true;
    if ((unsigned char)*at >= 0x20 && (unsigned char)*at < 0x80 && *at != '\\')
      at++;
    else if ((at = skip_special(at, end)) == NULL)
      return false;
  }
  if (at == end) return false;
closed:
  out->length = (size_t)(at - out->raw);
  json->at = at + 1;
  return true;
}

bool json_string(struct json *json, struct json_string *out) {
  return json_take(json, '"') && json_string_rest(json, out);
}

bool json_u64(struct json *json, uint64_t *value) {
  skip_space(json);
  size_t digits = number_scan_u64(json->at, (size_t)(json->end - json->at), value);
  json->at += digits;
  bool goes_on = json->at < json->end && (*json->at == '.' || *json->at == 'e' || *json->at == 'E');
  return digits > 0 && !goes_on;
}

static bool skip_digits(struct json *json) {
  const char *start = json->at;
  while (json->at < json->end && *json->at >= '0' && *json->at <= '9')
    json->at++;
  return json->at > start;
}

static bool next_is(const struct json *json, char c) {
  return json->at < json->end && *json->at == c;
}

static bool skip_number(struct json *json) {
  if (next_is(json, '-')) json->at++;
  if (next_is(json, '0'))
    json->at++;
  else if (!skip_digits(json))
    return false;
  if (next_is(json, '.')) {
    json->at++;
    if (!skip_digits(json)) return false;
  }
  if (next_is(json, 'e') || next_is(json, 'E')) {
    json->at++;
    if (next_is(json, '+') || next_is(json, '-')) json->at++;
    return skip_digits(json);
  }
  return true;
}

bool json_word(struct json *json, const char *word) {
  skip_space(json);
  size_t length = strlen(word);
  if ((size_t)(json->end - json->at) < length || memcmp(json->at, word, length) != 0) return false;
  json->at += length;
  return true;
}

enum json_member json_member(struct json *json, bool *first, struct json_string *key) {
  if (json_take(json, '}')) return JSON_OBJECT_END;
  if (!*first && !json_take(json, ',')) return JSON_FAULT;
  *first = false;
  return json_string(json, key) && json_take(json, ':') ? JSON_MEMBER : JSON_FAULT;
}

static bool skip_value(struct json *json, int depth);

static bool skip_members(struct json *json, int depth) {
  struct json_string key;
  bool first = true;
  enum json_member next;
  while ((next = json_member(json, &first, &key)) == JSON_MEMBER)
    if (!skip_value(json, depth)) return false;
  return next == JSON_OBJECT_END;
}

static bool skip_elements(struct json *json, int depth) {
  if (json_take(json, ']')) return true;
  do {
    if (!skip_value(json, depth)) return false;
  } while (json_take(json, ','));
  return json_take(json, ']');
}

static bool skip_value(struct json *json, int depth) {
  struct json_string string;
  switch (json_peek(json)) {
  case '{':
    json->at++;
    return depth < JSON_MAX_DEPTH && skip_members(json, depth + 1);
  case '[':
    json->at++;
    return depth < JSON_MAX_DEPTH && skip_elements(json, depth + 1);
  case '"':
    return json_string(json, &string);
  case 't':
    return json_word(json, "true");
  case 'f':
    return json_word(json, "false");
  case 'n':
    return json_word(json, "null");
  default:
    return skip_number(json);
  }
}

bool json_skip(struct json *json) {
  return skip_value(json, 0);
}

static bool is_high_surrogate(uint32_t unit) {
  return unit >> 10 == 0xD800 >> 10;
}

static bool is_low_surrogate(uint32_t unit) {
  return unit >> 10 == 0xDC00 >> 10;
}

/* Decodes a surrogate whose escape ends at *at, together with its other half when that follows. */
static size_t decode_surrogate(uint32_t unit, const char **at, const char *end, char *out) {
  const char *other = *at;
  if (is_low_surrogate(unit) || end - other < UNICODE_ESCAPE_SIZE || other[0] != '\\' ||
      other[1] != 'u')
    return utf8_encode(REPLACEMENT, out);
  uint32_t low = hex_four(other + 2);
  if (!is_low_surrogate(low)) return utf8_encode(REPLACEMENT, out);
  *at += UNICODE_ESCAPE_SIZE;
  return utf8_encode(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00), out);
}

/* Decodes the (valid) escape at *at into out, moves *at past it; returns the bytes written. */
static inline size_t decode_escape(const char **at, const char *end, char *out) {
  const char *escape = *at;
  if (escape[1] != 'u') {
    *at += ESCAPE_SIZE;
    *out = short_escape(escape[1]);
    return 1;
  }
  *at += UNICODE_ESCAPE_SIZE;
  uint32_t unit = hex_four(escape + 2);
  if (is_high_surrogate(unit) || is_low_surrogate(unit))
    return decode_surrogate(unit, at, end, out);
  return utf8_encode(unit, out);
}

size_t json_string_decode(const struct json_string *string, char *out) {
  const char *at = string->raw;
  const char *end = at + string->length;
  const char *start = out;
  while (end - at >= 2 * WORD_SIZE) {
    const char *next = at + WORD_SIZE;
    uint64_t backslashes = word_equal(word_load(at), '\\');
    const char *run = at;
    memcpy(out, run, WORD_SIZE);
    while (backslashes != 0) {
      const char *escape = at + word_first(backslashes);
      out += escape - run;
      run = escape;
      do
        out += decode_escape(&run, end, out);
      while (run < end && *run == '\\');
      if (run >= next) {
        next = run;
        break;
      }
      memcpy(out, run, WORD_SIZE);
      backslashes &= ~UINT64_C(0) << (8 * (run - at));
    }
    out += next - run;
    at = next;
  }
  while (at < end) {
    if (*at == '\\')
      out += decode_escape(&at, end, out);
    else
      *out++ = *at++;
  }
  return (size_t)(out - start);
}

bool json_string_is(const struct json_string *string, const char *text, size_t length) {
  if (!string->escaped) return string->length == length && memcmp(string->raw, text, length) == 0;
  const char *at = string->raw;
  const char *end = at + string->length;
  while (at < end) {
    char piece[UTF8_MAX_SIZE];
    size_t size = 1;
    if (*at == '\\')
      size = decode_escape(&at, end, piece);
    else
      piece[0] = *at++;
    if (size > length || memcmp(piece, text, size) != 0) return false;
    text += size;
    length -= size;
  }
  return length == 0;
}

size_t json_quoted_max(size_t length) {
  return length * UNICODE_ESCAPE_SIZE + 2;
}

size_t json_escape(const char *bytes, size_t length, char *out) {
  static const char digits[] = "0123456789abcdef";
  const char *start = out;
  for (size_t i = 0; i < length; i++) {
    unsigned char byte = (unsigned char)bytes[i];
    if (byte >= 0x20 && byte != '"' && byte != '\\') {
      *out++ = bytes[i];
      continue;
    }
    *out++ = '\\';
    if (byte == '"' || byte == '\\') {
      *out++ = bytes[i];
    } else if (byte == '\n') {
      *out++ = 'n';
    } else if (byte == '\r') {
      *out++ = 'r';
    } else if (byte == '\t') {
      *out++ = 't';
    } else {
      memcpy(out, "u00", 3);
      out[3] = digits[byte >> 4];
      out[4] = digits[byte & 0x0F];
      out += 5;
    }
  }
  return (size_t)(out - start);
}

size_t json_quote(const char *bytes, size_t length, char *out) {
  out[0] = '"';
  size_t inside = json_escape(bytes, length, out + 1);
  out[1 + inside] = '"';
  return inside + 2;
}
