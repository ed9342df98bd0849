#include "field.h"

#include "../wire/word.h"

#include <string.h>

/* tchar of RFC 9110: letters, digits and these. */
static const bool token_bytes[256] = {
    ['!'] = true, ['#'] = true, ['$'] = true, ['%'] = true, ['&'] = true, ['\''] = true,
    ['*'] = true, ['+'] = true, ['-'] = true, ['.'] = true, ['^'] = true, ['_'] = true,
    ['`'] = true, ['|'] = true, ['~'] = true, ['0'] = true, ['1'] = true, ['2'] = true,
    ['3'] = true, ['4'] = true, ['5'] = true, ['6'] = true, ['7'] = true, ['8'] = true,
    ['9'] = true, ['A'] = true, ['B'] = true, ['C'] = true, ['D'] = true, ['E'] = true,
    ['F'] = true, ['G'] = true, ['H'] = true, ['I'] = true, ['J'] = true, ['K'] = true,
    ['L'] = true, ['M'] = true, ['N'] = true, ['O'] = true, ['P'] = true, ['Q'] = true,
    ['R'] = true, ['S'] = true, ['T'] = true, ['U'] = true, ['V'] = true, ['W'] = true,
    ['X'] = true, ['Y'] = true, ['Z'] = true, ['a'] = true, ['b'] = true, ['c'] = true,
    ['d'] = true, ['e'] = true, ['f'] = true, ['g'] = true, ['h'] = true, ['i'] = true,
    ['j'] = true, ['k'] = true, ['l'] = true, ['m'] = true, ['n'] = true, ['o'] = true,
    ['p'] = true, ['q'] = true, ['r'] = true, ['s'] = true, ['t'] = true, ['u'] = true,
    ['v'] = true, ['w'] = true, ['x'] = true, ['y'] = true, ['z'] = true,
};

bool field_token(struct field_text text) {
  for (size_t i = 0; i < text.length; i++)
    if (!token_bytes[(unsigned char)text.bytes[i]]) return false;
  return text.length > 0;
}

bool field_is(struct field_text text, const char *name) {
  for (size_t i = 0; i < text.length; i++) {
    char byte = text.bytes[i];
    if (byte >= 'A' && byte <= 'Z') byte = (char)(byte - 'A' + 'a');
    if (byte != name[i] || byte == '\0') return false;
  }
  return name[text.length] == '\0';
}

static bool blank(char byte) {
  return byte == ' ' || byte == '\t';
}

static struct field_text trim(struct field_text text) {
  while (text.length > 0 && blank(text.bytes[0])) {
    text.bytes++;
    text.length--;
  }
  while (text.length > 0 && blank(text.bytes[text.length - 1]))
    text.length--;
  return text;
}

static bool control(unsigned char byte) {
  return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

/* A word at a time; one in which there may be a control byte is looked at byte by byte. */
static bool has_control(struct field_text text) {
  size_t at = 0;
  while (at < text.length) {
    if (text.length - at >= WORD_SIZE) {
      const uint64_t word = word_load(text.bytes + at);
      const uint64_t below_space = (word - WORD_EACH(0x20)) & ~word & WORD_TOP_BITS;
      if ((below_space | word_equal(word, 0x7f)) == 0) {
        at += WORD_SIZE;
        continue;
      }
    }
    if (control((unsigned char)text.bytes[at])) return true;
    at++;
  }
  return false;
}

bool field_split(struct field_text line, struct field_text *name, struct field_text *value) {
  const char *colon = line.length > 0 ? memchr(line.bytes, ':', line.length) : NULL;
  if (colon == NULL) return false;
  *name = (struct field_text){line.bytes, (size_t)(colon - line.bytes)};
  if (!field_token(*name)) return false;

  *value = (struct field_text){colon + 1, line.length - name->length - 1};
  if (has_control(*value)) return false;
  *value = trim(*value);
  return true;
}

bool field_next(struct field_text *list, struct field_text *member) {
  while (list->length > 0) {
    const char *comma = memchr(list->bytes, ',', list->length);
    size_t length = comma != NULL ? (size_t)(comma - list->bytes) : list->length;
    size_t taken = comma != NULL ? length + 1 : length;
    *member = trim((struct field_text){list->bytes, length});
    list->bytes += taken;
    list->length -= taken;
    if (member->length > 0) return true;
  }
  return false;
}
