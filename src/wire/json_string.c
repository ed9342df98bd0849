/* Strings of the JSON scanner: they are where the bytes are, so they are read, and their escapes
   decoded, a word at a time. */
#include "hex.h"
#include "json.h"
#include "utf8.h"
#include "word.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum { ESCAPE_SIZE = 2, UNICODE_ESCAPE_SIZE = 6, REPLACEMENT = 0xFFFD };

/* As much as may be written past the place that has been looked at. */
enum { DECODING_MARGIN = 4 * WORD_SIZE };

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

/* Special is what cannot just be passed over: a quote, a backslash, a control, a byte past ASCII.
   Flipping bit 1 swaps 0x20 with the quote, 0x22: then quote and controls are all below 0x21. */
static uint64_t quote_below_21(uint64_t word) {
  return word ^ WORD_EACH(0x02);
}

/* Marks exactly the special bytes of a word: with the top bits set first, nothing borrows. */
static uint64_t mark_special(uint64_t word) {
  uint64_t not_quote_or_control = (quote_below_21(word) | WORD_TOP_BITS) - WORD_EACH(0x21);
  uint64_t not_backslash = ((word ^ WORD_EACH('\\')) | WORD_TOP_BITS) - WORD_EACH(1);
  return (word | ~(not_quote_or_control & not_backslash)) & WORD_TOP_BITS;
}

/* A mask without the marks of the first `count` bytes, fewer than all. */
static uint64_t forget_first(uint64_t mask, size_t count) {
  return mask & ~UINT64_C(0) << (8 * count);
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

/* The string ends with the quote at `at`. */
static bool close_string(struct json *json, const char *at, struct json_string *out) {
  out->length = (size_t)(at - out->raw);
  json->at = at + 1;
  return true;
}

/* Takes the rest of a string from `at` on, where something other than the closing quote may be.
   Words are taken at a fixed stride and the special bytes of each found in its marks, so that the
   next word need not wait until it is known where an escape of this one ends. */
static bool take_special(struct json *json, const char *at, struct json_string *out) {
  const char *end = json->end;
  while (end - at >= WORD_SIZE) {
    const char *next = at + WORD_SIZE;
    uint64_t special = mark_special(word_load(at));
    while (special != 0) {
      const char *byte = at + word_first(special);
      if (*byte == '"') return close_string(json, byte, out);
      if (*byte == '\\') out->escaped = true;
      if (*byte == '\\' && end - byte >= ESCAPE_SIZE && short_escape(byte[1]) != '\0')
        byte += ESCAPE_SIZE; /* the usual one, so without a call */
      else
        byte = skip_special(byte, end);
      if (byte == NULL) return false;
      if (byte >= next) {
        next = byte;
        break;
      }
      special = forget_first(special, (size_t)(byte - at));
    }
    at = next;
  }
  while (at < end && *at != '"') {
    if (*at == '\\') out->escaped = true;
    const char *after = skip_special(at, end);
    if (after == NULL) return false;
    at = after > at ? after : at + 1;
  }
  return at < end && close_string(json, at, out);
}

/* Skips what is not special, a block at a time: the first special byte, or, when only a part of a
   block is left, where that begins. */
static inline const char *skip_plain(const char *at, const char *end) {
#if defined(__SSE2__)
  const __m128i space = _mm_set1_epi8(0x20), quote = _mm_set1_epi8('"'),
                backslash = _mm_set1_epi8('\\');
  for (; end - at >= (ptrdiff_t)sizeof space; at += sizeof space) {
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i special = _mm_cmplt_epi8(bytes, space); /* a byte past ASCII is below 0 */
    special = _mm_or_si128(special, _mm_cmpeq_epi8(bytes, quote));
    special = _mm_or_si128(special, _mm_cmpeq_epi8(bytes, backslash));
    int marks = _mm_movemask_epi8(special);
    if (marks != 0) return at + __builtin_ctz((unsigned)marks);
  }
#else
  for (; end - at >= WORD_SIZE; at += WORD_SIZE) {
    uint64_t marks = mark_special(word_load(at));
    if (marks != 0) return at + word_first(marks);
  }
#endif
  return at;
}

/* At the end of a string whose value has been decoded up to `to`. */
static bool close_decoded(struct json *json, const char *at, struct json_string *out,
                          struct json_room *room, const char *to) {
  room->length = (size_t)(to - room->bytes);
  return close_string(json, at, out);
}

/* The last bytes of the JSON, one by one. */
static bool take_last(struct json *json, const char *at, struct json_string *out,
                      struct json_room *room, char *to) {
  const char *end = json->end;
  while (at < end && *at != '"') {
    size_t size = (unsigned char)*at < 0x20 ? 0 : utf8_sequence(at, (size_t)(end - at));
    if (size == 0) return false;
    memcpy(to, at, size);
    at += size;
    if (*to == '\\') {
      *to = at < end ? short_escape(*at) : '\0';
      if (*to == '\0') return take_special(json, at - 1, out);
      at++;
    }
    to += size;
  }
  return at < end && close_decoded(json, at, out, room, to);
}

/* As take_special, from the first escape on, but decodes what it takes, as json_string_decode does.
   Gives that up where it would be difficult. */
static bool take_decoding(struct json *json, const char *at, struct json_string *out,
                          struct json_room *room) {
  const char *end = json->end;
  const char *full = room->bytes + room->size - DECODING_MARGIN;
  char *to = room->bytes + (at - out->raw);
  memcpy(room->bytes, out->raw, (size_t)(at - out->raw));
  out->escaped = true;
  while (end - at >= 2 * WORD_SIZE && to <= full) {
    const char *next = at + WORD_SIZE;
    const char *run = at;
    uint64_t special = mark_special(word_load(at));
    memcpy(to, run, WORD_SIZE);
    while (special != 0) {
      const char *byte = at + word_first(special);
      to += byte - run;
      if (*byte == '"') return close_decoded(json, byte, out, room, to);
      if (*byte == '\\') {
        *to = short_escape(byte[1]);
        if (*to == '\0') return take_special(json, byte, out);
        to++;
        run = byte + ESCAPE_SIZE;
      } else {
        size_t size = (unsigned char)*byte < 0x20 ? 0 : utf8_sequence(byte, (size_t)(end - byte));
        if (size == 0) return false;
        memcpy(to, byte, UTF8_MAX_SIZE);
        to += size;
        run = byte + size;
      }
      if (run >= next) {
        next = run;
        break;
      }
      memcpy(to, run, WORD_SIZE);
      special = forget_first(special, (size_t)(run - at));
    }
    to += next - run;
    at = next;
  }
  return to <= full ? take_last(json, at, out, room, to) : take_special(json, at, out);
}

bool json_string_rest_into(struct json *json, struct json_string *out, struct json_room *room) {
  out->raw = json->at;
  out->escaped = false;
  room->length = JSON_UNDECODED;
  const char *at = skip_plain(json->at, json->end);
  if (at < json->end && *at == '"') return close_string(json, at, out);
  bool fits = (size_t)(at - out->raw) + DECODING_MARGIN <= room->size;
  if (fits && json->end - at >= ESCAPE_SIZE && at[0] == '\\' && at[1] != 'u')
    return take_decoding(json, at, out, room);
  return take_special(json, at, out);
}

bool json_string_rest(struct json *json, struct json_string *out) {
  struct json_room none = {.size = 0};
  return json_string_rest_into(json, out, &none);
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

bool json_string_paired(const struct json_string *string) {
  const char *at = string->raw;
  const char *end = at + string->length;
  while (string->escaped && (at = memchr(at, '\\', (size_t)(end - at))) != NULL) {
    const uint32_t unit = at[1] == 'u' ? hex_four(at + 2) : 0;
    at += at[1] == 'u' ? UNICODE_ESCAPE_SIZE : ESCAPE_SIZE;
    if (!is_high_surrogate(unit) && !is_low_surrogate(unit)) continue;
    const char *half = at;
    char decoded[UTF8_MAX_SIZE];
    (void)decode_surrogate(unit, &at, end, decoded);
    if (at == half) return false;
  }
  return true;
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

/* At the same stride. A whole word is copied before it is looked into: no more has been written
   than read, so that there is room, and what is too much gets overwritten. */
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
      backslashes = forget_first(backslashes, (size_t)(run - at));
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
    for (; length - i > WORD_SIZE && mark_special(word_load(bytes + i)) == 0; i += WORD_SIZE) {
      memcpy(out, bytes + i, WORD_SIZE);
      out += WORD_SIZE;
    }
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
