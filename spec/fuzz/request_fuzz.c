/* The request parser under random bytes: it must stay within the buffer, come to the same verdict
   however the bytes are cut, and give only what its contract allows. */
#include "../../src/server/request.h"

#include <stdlib.h>
#include <string.h>

static const struct request_limits limits = {
    .line = 256, .fields_bytes = 512, .fields_count = 8, .body = 64};

struct outcome {
  enum request_verdict verdict;
  unsigned status;
  size_t left; /* bytes after the request */
  struct request request;
  char *buffer;
  size_t length;
};

static void demand(bool holds) {
  if (!holds) abort();
}

static void check_slice(const struct outcome *outcome, struct field_text text) {
  if (text.bytes == NULL) return;
  bool constant = text.length == 1 && text.bytes[0] == '/';
  demand(constant || (text.bytes >= outcome->buffer &&
                      text.bytes + text.length <= outcome->buffer + outcome->length));
}

static void check_outcome(const struct outcome *outcome) {
  const struct request *request = &outcome->request;
  if (outcome->verdict == REQUEST_REFUSED) demand(outcome->status >= 400 && outcome->status < 600);
  if (outcome->verdict != REQUEST_WHOLE && outcome->verdict != REQUEST_OVERSIZED) return;
  check_slice(outcome, request->method);
  check_slice(outcome, request->target);
  check_slice(outcome, request->authorization);
  check_slice(outcome, request->content_type);
  check_slice(outcome, request->fields);
  check_slice(outcome, request->body);
  demand(field_token(request->method));
  demand(request->target.length > 0);
  demand(request->body.length <= limits.body);
  demand(request->size <= outcome->length);
  demand(outcome->verdict == REQUEST_WHOLE || !request->keep_alive);
  request_field(request, "x");
}

static struct outcome feed(const char *bytes, size_t length, size_t piece) {
  struct outcome outcome = {.verdict = REQUEST_PARTIAL};
  struct request_parser parser;
  request_start(&parser, &limits);
  size_t at = 0;
  do {
    size_t more = length - at < piece ? length - at : piece;
    char *grown = malloc(outcome.length + more > 0 ? outcome.length + more : 1);
    demand(grown != NULL);
    if (outcome.length > 0) memcpy(grown, outcome.buffer, outcome.length);
    memcpy(grown + outcome.length, bytes + at, more);
    free(outcome.buffer);
    outcome.buffer = grown;
    outcome.length += more;
    at += more;
    outcome.verdict = request_parse(&parser, grown, &outcome.length, &outcome.request);
    if (outcome.verdict == REQUEST_PARTIAL) request_take_continue(&parser);
  } while (outcome.verdict == REQUEST_PARTIAL && at < length);

  const char *why;
  if (outcome.verdict == REQUEST_REFUSED) outcome.status = request_refusal(&parser, &why);
  if (outcome.verdict == REQUEST_WHOLE)
    outcome.left = length - at + outcome.length - outcome.request.size;
  check_outcome(&outcome);
  return outcome;
}

static bool same_text(struct field_text a, struct field_text b) {
  return a.length == b.length && (a.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
  if (size == 0) return 0;
  const char *bytes = (const char *)data + 1;
  struct outcome whole = feed(bytes, size - 1, size);
  struct outcome cut = feed(bytes, size - 1, 1 + data[0] % 32);
  demand(whole.verdict == cut.verdict && whole.status == cut.status && whole.left == cut.left);
  if (whole.verdict == REQUEST_WHOLE) {
    demand(same_text(whole.request.target, cut.request.target));
    demand(same_text(whole.request.fields, cut.request.fields));
    demand(same_text(whole.request.body, cut.request.body));
    demand(whole.request.keep_alive == cut.request.keep_alive);
  }
  free(whole.buffer);
  free(cut.buffer);
  return 0;
}
