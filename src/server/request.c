/* From the first byte of a request to its verdict: the lines of its head, and the steps of the
   machine. */
#include "request_internal.h"

#include "start_line.h"

#include <string.h>

/* Fields that mean something here; all but the first may come once only. */
enum {
  CONNECTION = 64,
  HOST = 1,
  CONTENT_LENGTH = 2,
  TRANSFER_ENCODING = 4,
  EXPECT = 8,
  AUTHORIZATION = 16,
  CONTENT_TYPE = 32
};

void request_start(struct request_parser *parser, const struct request_limits *limits) {
  *parser = (struct request_parser){.limits = limits, .fields_left = limits->fields_bytes};
}

void request_fail(struct request_parser *parser, unsigned status, const char *why) {
  parser->state = STATE_REFUSED;
  parser->status = status;
  parser->fault = why;
}

/* The order of the checks makes the result independent of how the bytes arrived. */
bool request_take_line(struct request_parser *parser, char *bytes, size_t length, size_t max,
                       unsigned status, const char *too_long, struct field_text *line) {
  size_t begin = parser->at;
  char *feed = memchr(bytes + parser->scanned, '\n', length - parser->scanned);
  size_t end = feed != NULL ? (size_t)(feed - bytes) : length;
  parser->scanned = end;
  if (end - begin > max + 1) {
    request_fail(parser, status, too_long);
    return false;
  }
  if (feed == NULL) return false;
  if (end == begin || bytes[end - 1] != '\r') {
    request_fail(parser, 400, "a line must end in CR LF");
    return false;
  }
  *line = (struct field_text){bytes + begin, end - begin - 1};
  parser->at = parser->scanned = end + 1;
  return true;
}

static void read_start_line(struct request_parser *parser, const char *bytes,
                            struct field_text line) {
  struct start_line start;
  const char *why;
  unsigned status = start_line_read(line, &start, &why);
  if (status != 0) {
    request_fail(parser, status, why);
    return;
  }
  parser->state = STATE_FIELD_LINE;
  parser->http_1_0 = start.http_1_0;
  parser->method_at = (size_t)(start.method.bytes - bytes);
  parser->method_length = start.method.length;
  parser->fields_at = parser->at;
  parser->target_at = (size_t)(start.target.bytes - bytes);
  parser->target_length = start.target.length;
}

static bool digit(char byte) {
  return byte >= '0' && byte <= '9';
}

static bool host_byte(char byte) {
  switch (byte) {
  case ',':
  case '/':
  case '?':
  case '#':
  case '@':
  case '\\':
  case '<':
  case '>':
  case '"':
    return false;
  default:
    return byte > 0x20 && byte < 0x7f;
  }
}

static bool host_valid(struct field_text value) {
  for (size_t i = 0; i < value.length; i++)
    if (!host_byte(value.bytes[i])) return false;
  return true;
}

/* Digits only, and no zero in front: what some reader might take for octal is refused. A number of
   bytes past 2^63 is as good as any other that is above the limit. */
static bool read_content_length(struct field_text value, uint64_t *length) {
  uint64_t number = 0;
  if (value.length == 0 || (value.length > 1 && value.bytes[0] == '0')) return false;
  for (size_t i = 0; i < value.length; i++) {
    if (!digit(value.bytes[i]) || number > (UINT64_MAX / 2 - 9) / 10) return false;
    number = number * 10 + (uint64_t)(value.bytes[i] - '0');
  }
  *length = number;
  return true;
}

static void read_connection(struct request_parser *parser, struct field_text value) {
  struct field_text option;
  while (field_next(&value, &option)) {
    if (field_is(option, "close")) parser->close = true;
    if (field_is(option, "keep-alive")) parser->keep_alive = true;
  }
}

static unsigned field_bit(struct field_text name) {
#define KNOWN(name) name, sizeof(name) - 1
  static const struct {
    const char *name;
    size_t length;
    unsigned bit;
  } known[] = {{KNOWN("host"), HOST},
               {KNOWN("content-length"), CONTENT_LENGTH},
               {KNOWN("transfer-encoding"), TRANSFER_ENCODING},
               {KNOWN("expect"), EXPECT},
               {KNOWN("authorization"), AUTHORIZATION},
               {KNOWN("content-type"), CONTENT_TYPE},
               {KNOWN("connection"), CONNECTION}};
#undef KNOWN
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (name.length == known[i].length && field_is(name, known[i].name)) return known[i].bit;
  return 0;
}

static void read_field(struct request_parser *parser, const char *bytes, struct field_text line) {
  struct field_text name, value;
  if (!field_split(line, &name, &value)) {
    request_fail(parser, 400, "a header line is not: name, colon, value");
    return;
  }
  unsigned bit = field_bit(name);
  if (bit == CONNECTION) {
    read_connection(parser, value);
    return;
  }
  if ((parser->sent & bit) != 0) {
    request_fail(parser, 400, "a header that may come once only came twice");
    return;
  }
  parser->sent |= bit;

  size_t at = (size_t)(value.bytes - bytes);
  switch (bit) {
  case HOST:
    if (!host_valid(value)) request_fail(parser, 400, "Host is malformed");
    break;
  case CONTENT_LENGTH:
    if (!read_content_length(value, &parser->pending))
      request_fail(parser, 400, "Content-Length is malformed");
    break;
  case TRANSFER_ENCODING:
    parser->chunked = true;
    if (!field_is(value, "chunked"))
      request_fail(parser, 501, "chunked is the only transfer coding known here");
    break;
  case EXPECT:
    parser->expects_continue = true;
    if (!field_is(value, "100-continue"))
      request_fail(parser, 417, "100-continue is the only expectation known here");
    break;
  case AUTHORIZATION:
    parser->authorization_at = at;
    parser->authorization_length = value.length;
    break;
  case CONTENT_TYPE:
    parser->content_type_at = at;
    parser->content_type_length = value.length;
    break;
  default: /* of no interest */
    break;
  }
}

/* Trailers are of no interest, but one that is about this request comes too late: who takes notice
   of it sees another request than who does not. */
static void read_trailer(struct request_parser *parser, struct field_text line) {
  struct field_text name, value;
  if (!field_split(line, &name, &value))
    request_fail(parser, 400, "a trailer line is malformed");
  else if ((field_bit(name) & ~(unsigned)CONNECTION) != 0)
    request_fail(parser, 400, "a trailer must not say what a header has to");
}

/* The empty line after the headers: what they say about the body must be beyond doubt. */
static void end_fields(struct request_parser *parser, size_t fields_end) {
  parser->fields_end = fields_end;
  parser->body_at = parser->body_end = parser->at;
  if (parser->http_1_0) parser->expects_continue = false;

  if (!parser->http_1_0 && (parser->sent & HOST) == 0) {
    request_fail(parser, 400, "HTTP/1.1 requires Host");
  } else if (parser->chunked && (parser->sent & CONTENT_LENGTH) != 0) {
    request_fail(parser, 400, "Content-Length and Transfer-Encoding exclude each other");
  } else if (parser->chunked && parser->http_1_0) {
    request_fail(parser, 400, "HTTP/1.0 has no Transfer-Encoding");
  } else if (parser->chunked) {
    parser->state = STATE_CHUNK_LINE;
  } else if (parser->pending > parser->limits->body) {
    parser->state = STATE_OVERSIZED;
  } else {
    parser->state = STATE_BODY;
  }
}

/* A header line or, after the last chunk, a trailer line, which is checked and otherwise ignored.
 */
static bool step_field(struct request_parser *parser, char *bytes, size_t length) {
  bool trailer = parser->state == STATE_TRAILER_LINE;
  size_t begin = parser->at;
  struct field_text line;
  if (!request_take_line(parser, bytes, length, parser->fields_left, 431,
                         "the headers are too long", &line))
    return false;
  if (line.length == 0) {
    if (trailer)
      parser->state = STATE_WHOLE;
    else
      end_fields(parser, begin);
    return true;
  }
  size_t taken = line.length + 2;
  if (taken > parser->fields_left) {
    request_fail(parser, 431, "the headers are too long");
    return false;
  }
  parser->fields_left -= taken;
  if (++parser->fields_seen > parser->limits->fields_count) {
    request_fail(parser, 431, "there are too many headers");
  } else if (trailer) {
    read_trailer(parser, line);
  } else {
    read_field(parser, bytes, line);
  }
  return true;
}

static bool step_start_line(struct request_parser *parser, char *bytes, size_t length) {
  struct field_text first = {bytes + parser->at, 1};
  if (parser->at < length && !field_token(first) && first.bytes[0] != '\r') {
    request_fail(parser, 400, "the request line does not begin with a method");
    return false;
  }
  struct field_text line;
  if (!request_take_line(parser, bytes, length, parser->limits->line, 414,
                         "the request line is too long", &line))
    return false;
  if (line.length == 0 && parser->state == STATE_LEADING)
    parser->state = STATE_START_LINE;
  else
    read_start_line(parser, bytes, line);
  return true;
}

static bool step(struct request_parser *parser, char *bytes, size_t length) {
  switch (parser->state) {
  case STATE_LEADING:
  case STATE_START_LINE:
    return step_start_line(parser, bytes, length);
  case STATE_FIELD_LINE:
  case STATE_TRAILER_LINE:
    return step_field(parser, bytes, length);
  case STATE_BODY:
    return request_step_body(parser, length);
  case STATE_CHUNK_LINE:
    return request_step_chunk_line(parser, bytes, length);
  case STATE_CHUNK_DATA:
    return request_step_chunk_data(parser, bytes, length);
  case STATE_CHUNK_END:
    return request_step_chunk_end(parser, bytes, length);
  default:
    return false;
  }
}

static struct field_text sent_text(const struct request_parser *parser, unsigned bit,
                                   const char *bytes, size_t at, size_t length) {
  if ((parser->sent & bit) == 0) return (struct field_text){NULL, 0};
  return (struct field_text){bytes + at, length};
}

static void fill(const struct request_parser *parser, const char *bytes, struct request *request) {
  *request = (struct request){
      .method = {bytes + parser->method_at, parser->method_length},
      .target = {bytes + parser->target_at, parser->target_length},
      .authorization = sent_text(parser, AUTHORIZATION, bytes, parser->authorization_at,
                                 parser->authorization_length),
      .content_type = sent_text(parser, CONTENT_TYPE, bytes, parser->content_type_at,
                                parser->content_type_length),
      .fields = {bytes + parser->fields_at, parser->fields_end - parser->fields_at},
      .body = {bytes + parser->body_at, parser->body_end - parser->body_at},
      .size = parser->at,
      .keep_alive = !parser->close && (!parser->http_1_0 || parser->keep_alive),
      .http_1_0 = parser->http_1_0,
  };
  if (request->target.length == 0) request->target = (struct field_text){"/", 1};
  if (parser->state == STATE_OVERSIZED) {
    request->body.length = 0;
    request->keep_alive = false;
  }
}

enum request_verdict request_parse(struct request_parser *parser, char *bytes, size_t *length,
                                   struct request *request) {
  while (step(parser, bytes, *length)) {
  }
  parser->body_begun = *length > parser->body_at;
  switch (parser->state) {
  case STATE_WHOLE:
    fill(parser, bytes, request);
    return REQUEST_WHOLE;
  case STATE_OVERSIZED:
    fill(parser, bytes, request);
    return REQUEST_OVERSIZED;
  case STATE_REFUSED:
    return REQUEST_REFUSED;
  case STATE_CHUNK_LINE:
  case STATE_CHUNK_DATA:
  case STATE_CHUNK_END:
  case STATE_TRAILER_LINE:
    request_squeeze(parser, bytes, length);
    return REQUEST_PARTIAL;
  default:
    return REQUEST_PARTIAL;
  }
}

bool request_take_continue(struct request_parser *parser) {
  bool body_awaited = parser->state == STATE_BODY || parser->state == STATE_CHUNK_LINE;
  bool take = parser->expects_continue && body_awaited && !parser->body_begun;
  if (take) parser->expects_continue = false;
  return take;
}

unsigned request_refusal(const struct request_parser *parser, const char **why) {
  *why = parser->fault;
  return parser->status;
}

struct field_text request_field(const struct request *request, const char *name) {
  struct field_text rest = request->fields;
  struct field_text last = {NULL, 0};
  while (rest.length > 0) {
    const char *feed = memchr(rest.bytes, '\n', rest.length);
    size_t size = (size_t)(feed - rest.bytes) + 1;
    struct field_text found, value;
    if (field_split((struct field_text){rest.bytes, size - 2}, &found, &value) &&
        field_is(found, name))
      last = value;
    rest.bytes += size;
    rest.length -= size;
  }
  return last;
}
