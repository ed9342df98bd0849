/* Puts answers together: status line, the headers that every answer has, body. */
#include "answer.h"

#include "../wire/json.h"
#include "../wire/number.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Browsers call this API from anywhere, and nothing in between may keep a poll's answer. */
#define EVERY_ANSWER                                                                               \
  "Access-Control-Allow-Origin: *\r\n"                                                             \
  "Cache-Control: no-store\r\n"
#define CONTENT_TYPE "Content-Type: "
#define CONTENT_LENGTH "\r\nContent-Length: "
#define JSON "application/json"
#define CRLF "\r\n"

enum { DETAIL_MAX = 1024 };

struct slice {
  const char *bytes;
  size_t length;
};

static const char *reason_of(unsigned status) {
  switch (status) {
  case 200:
    return "OK";
  case 204:
    return "No Content";
  case 400:
    return "Bad Request";
  case 401:
    return "Unauthorized";
  case 403:
    return "Forbidden";
  case 404:
    return "Not Found";
  case 405:
    return "Method Not Allowed";
  case 408:
    return "Request Timeout";
  case 411:
    return "Length Required";
  case 413:
    return "Content Too Large";
  case 414:
    return "URI Too Long";
  case 417:
    return "Expectation Failed";
  case 429:
    return "Too Many Requests";
  case 431:
    return "Request Header Fields Too Large";
  case 500:
    return "Internal Server Error";
  case 501:
    return "Not Implemented";
  case 502:
    return "Bad Gateway";
  case 503:
    return "Service Unavailable";
  case 504:
    return "Gateway Timeout";
  case 505:
    return "HTTP Version Not Supported";
  default:
    return status < 500 ? "Client Error" : "Server Error";
  }
}

static struct slice slice_of(const char *text) {
  return (struct slice){text, strlen(text)};
}

static char *append(char *at, struct slice slice) {
  memcpy(at, slice.bytes, slice.length);
  return at + slice.length;
}

/* content_type NULL: no body (204), which is another thing than a body of 0 bytes. */
static struct answer *answer_new(unsigned status, const char *extra, const char *content_type,
                                 size_t body_length) {
  const bool has_body = content_type != NULL;
  char status_text[NUMBER_U64_SIZE];
  char length_text[NUMBER_U64_SIZE];
  const struct slice parts[] = {
      {"HTTP/1.1 ", 9},
      {status_text, number_format_u64(status, status_text)},
      {" ", 1},
      slice_of(reason_of(status)),
      {CRLF, 2},
      {EVERY_ANSWER, sizeof EVERY_ANSWER - 1},
      slice_of(extra),
      slice_of(has_body ? CONTENT_TYPE : ""),
      slice_of(has_body ? content_type : ""),
      slice_of(has_body ? CONTENT_LENGTH : ""),
      {length_text, has_body ? number_format_u64(body_length, length_text) : 0},
      {CRLF, has_body ? 2 : 0},
      {CRLF, 2},
  };
  const size_t part_count = sizeof parts / sizeof parts[0];
  size_t head_length = 0;
  for (size_t i = 0; i < part_count; i++) {
    head_length += parts[i].length;
  }
  struct answer *answer = malloc(sizeof *answer + head_length + body_length);
  if (answer == NULL) {
    return NULL;
  }
  answer->length = head_length + body_length;
  answer->body_at = head_length;
  answer->references = 1;
  answer->status = (uint16_t)status;
  answer->err = NULL;
  char *at = answer->bytes;
  for (size_t i = 0; i < part_count; i++) {
    at = append(at, parts[i]);
  }
  return answer;
}

struct answer *answer_retain(struct answer *answer) {
  answer->references++;
  return answer;
}

void answer_release(struct answer *answer) {
  if (answer != NULL && --answer->references == 0) {
    free(answer);
  }
}

struct answer *answer_empty(const char *extra) {
  return answer_new(204, extra, NULL, 0);
}

struct answer *answer_body(const char *content_type, size_t length) {
  return answer_new(200, "", content_type, length);
}

struct answer *answer_json(size_t length) {
  return answer_body(JSON, length);
}

struct answer *answer_error(unsigned status, const char *detail, const char *err,
                            const char *extra) {
  char status_text[NUMBER_U64_SIZE];
  /* Six bytes are the most that a byte of text can become in JSON. */
  char detail_json[DETAIL_MAX * 6 + 2];
  const struct slice detail_text = slice_of(detail);
  assert(detail_text.length <= DETAIL_MAX && json_quoted_max(DETAIL_MAX) <= sizeof detail_json);
  const struct slice parts[] = {
      slice_of("{\"status\":"),
      {status_text, number_format_u64(status, status_text)},
      slice_of(",\"title\":\""),
      slice_of(reason_of(status)),
      slice_of("\",\"detail\":"),
      {detail_json, json_quote(detail_text.bytes, detail_text.length, detail_json)},
      slice_of(err == NULL ? "" : ",\"err\":\""),
      slice_of(err == NULL ? "" : err),
      slice_of(err == NULL ? "" : "\""),
      slice_of("}"),
  };
  const size_t part_count = sizeof parts / sizeof parts[0];
  size_t length = 0;
  for (size_t i = 0; i < part_count; i++) {
    length += parts[i].length;
  }
  struct answer *answer = answer_new(status, extra, JSON, length);
  if (answer != NULL) {
    answer->err = err;
    char *at = answer->bytes + answer->body_at;
    for (size_t i = 0; i < part_count; i++) {
      at = append(at, parts[i]);
    }
  }
  return answer;
}
