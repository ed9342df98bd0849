/* Feeds bytes to the request parser in pieces, and tells the outcome as one line of text, so that a
   test of the parser is a table. Each call gets memory of exactly the size it may touch, which lets
   the address sanitizer see a byte too far, and a new place each time, as a connection may do. */
#ifndef REQUEST_FEED_H
#define REQUEST_FEED_H

#include "../../src/server/request.h"
#include "check.h"

struct feed_row {
  const char *bytes;
  size_t length;
  const char *expected;
};

#define FEED_ROWS(rows) feed_rows(#rows, rows, CHECK_COUNT(rows))

static const struct request_limits feed_limits = {
    .line = 120, .fields_bytes = 240, .fields_count = 6, .body = 16};

struct feed {
  struct request_parser parser;
  struct request request;
  enum request_verdict verdict;
  bool asked_continue;
  char *buffer; /* of exactly length bytes */
  size_t length;
};

static void feed_more(struct feed *feed, const char *bytes, size_t length) {
  char *grown = malloc(feed->length + length > 0 ? feed->length + length : 1);
  if (grown == NULL) abort();
  if (feed->length > 0) memcpy(grown, feed->buffer, feed->length);
  memcpy(grown + feed->length, bytes, length);
  free(feed->buffer);
  feed->buffer = grown;
  feed->length += length;
  feed->verdict = request_parse(&feed->parser, grown, &feed->length, &feed->request);
  if (feed->verdict == REQUEST_PARTIAL && request_take_continue(&feed->parser))
    feed->asked_continue = true;
}

static char *feed_text(char *out, const char *label, struct field_text text) {
  if (text.bytes == NULL) return out;
  out += sprintf(out, " %s=", label);
  for (size_t i = 0; i < text.length; i++)
    *out++ = text.bytes[i] != '\0' ? text.bytes[i] : '.';
  *out = '\0';
  return out;
}

/* rest: bytes of the input that the parser was not given any more. */
static void feed_describe(const struct feed *feed, size_t rest, char *out) {
  const struct request *request = &feed->request;
  const char *why;
  if (feed->verdict == REQUEST_PARTIAL) {
    strcpy(out, feed->asked_continue ? "partial continue" : "partial");
    return;
  }
  if (feed->verdict == REQUEST_REFUSED) {
    sprintf(out, "%u", request_refusal(&feed->parser, &why));
    return;
  }
  if (feed->verdict == REQUEST_OVERSIZED) out += sprintf(out, "oversized ");
  out += sprintf(out, "%.*s %.*s", (int)request->method.length, request->method.bytes,
                 (int)request->target.length, request->target.bytes);
  out = feed_text(out, "auth", request->authorization);
  out = feed_text(out, "type", request->content_type);
  if (request->body.length > 0) out = feed_text(out, "body", request->body);
  if (request->http_1_0) out += sprintf(out, " 1.0");
  out += sprintf(out, request->keep_alive ? " keep" : " close");
  rest += feed->length - request->size;
  if (rest > 0) sprintf(out, " rest=%zu", rest);
}

/* first bytes in one piece, then pieces of step bytes, until the parser has come to a verdict. */
static void feed_pieces(const struct feed_row *row, size_t first, size_t step, char *outcome) {
  struct feed feed = {.verdict = REQUEST_PARTIAL};
  request_start(&feed.parser, &feed_limits);
  size_t at = 0;
  size_t piece = first;
  do {
    if (piece > row->length - at) piece = row->length - at;
    feed_more(&feed, row->bytes + at, piece);
    at += piece;
    piece = step;
  } while (feed.verdict == REQUEST_PARTIAL && at < row->length);
  feed_describe(&feed, row->length - at, outcome);
  free(feed.buffer);
}

static bool feed_same(const struct feed_row *row, size_t first, size_t step) {
  char outcome[1024];
  feed_pieces(row, first, step, outcome);
  if (strcmp(outcome, row->expected) == 0) return true;
  printf("  fed %zu bytes, then %zu at a time\n", first, step);
  check_print("input", row->bytes, row->length);
  check_print("got", outcome, strlen(outcome));
  check_print("expected", row->expected, strlen(row->expected));
  return false;
}

/* Whole, a byte at a time, and in two pieces at every place. */
static void feed_rows(const char *table, const struct feed_row *rows, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const struct feed_row *row = &rows[i];
    bool same = feed_same(row, row->length, 1) && feed_same(row, 1, 1);
    for (size_t split = 2; same && split < row->length; split++)
      same = feed_same(row, split, row->length);
    char name[64];
    snprintf(name, sizeof name, "%s[%zu]", table, i);
    check_row(name);
    CHECK(same);
  }
  check_row("");
}

#endif
