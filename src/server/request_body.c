/* The bodies of requests, in both framings. Chunks are put together in place: what is there of one
   moves down to the end of the body so far. */
#include "request_internal.h"

#include <string.h>

enum { CHUNK_LINE_MAX = 256, CHUNK_DIGITS_MAX = 16 };

static int hex_value(char byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
  if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
  return -1;
}

/* Size of a chunk in hexadecimal digits; an extension after it is checked for control bytes only.
 */
static bool read_chunk_line(struct field_text line, uint64_t *size) {
  size_t digits = 0;
  *size = 0;
  while (digits < line.length && hex_value(line.bytes[digits]) >= 0) {
    if (digits == CHUNK_DIGITS_MAX) return false;
    *size = *size << 4 | (uint64_t)hex_value(line.bytes[digits]);
    digits++;
  }
  if (digits == 0 || (digits < line.length && line.bytes[digits] != ';')) return false;
  for (size_t i = digits; i < line.length; i++) {
    unsigned char byte = (unsigned char)line.bytes[i];
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f) return false;
  }
  return true;
}

bool request_step_chunk_line(struct request_parser *parser, char *bytes, size_t length) {
  struct field_text line;
  if (!request_take_line(parser, bytes, length, CHUNK_LINE_MAX, 400,
                         "a chunk extension is too long", &line))
    return false;
  if (!read_chunk_line(line, &parser->pending)) {
    request_fail(parser, 400, "the size of a chunk is malformed");
  } else if (parser->pending == 0) {
    parser->state = STATE_TRAILER_LINE;
  } else if (parser->pending > parser->limits->body - (parser->body_end - parser->body_at)) {
    parser->state = STATE_OVERSIZED;
  } else {
    parser->state = STATE_CHUNK_DATA;
  }
  return true;
}

bool request_step_chunk_data(struct request_parser *parser, char *bytes, size_t length) {
  size_t there = length - parser->at;
  size_t part = parser->pending < there ? (size_t)parser->pending : there;
  memmove(bytes + parser->body_end, bytes + parser->at, part);
  parser->body_end += part;
  parser->at += part;
  parser->scanned = parser->at;
  parser->pending -= part;
  if (parser->pending > 0) return false;
  parser->state = STATE_CHUNK_END;
  return true;
}

bool request_step_chunk_end(struct request_parser *parser, char *bytes, size_t length) {
  struct field_text line;
  if (!request_take_line(parser, bytes, length, 0, 400, "a chunk is longer than its size says",
                         &line))
    return false;
  parser->state = STATE_CHUNK_LINE;
  return true;
}

bool request_step_body(struct request_parser *parser, size_t length) {
  if (length - parser->at < parser->pending) return false;
  parser->at += (size_t)parser->pending;
  parser->body_end = parser->at;
  parser->state = STATE_WHOLE;
  return true;
}

void request_squeeze(struct request_parser *parser, char *bytes, size_t *length) {
  size_t gap = parser->at - parser->body_end;
  memmove(bytes + parser->body_end, bytes + parser->at, *length - parser->at);
  *length -= gap;
  parser->scanned -= gap;
  parser->at -= gap;
}
