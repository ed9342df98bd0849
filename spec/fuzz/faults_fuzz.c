/* Faults: whatever requests and rules ask for and whatever the answer is, it stays within its
   bounds, and an answer that was spoilt is still one: a head, a body, a length that says so. Fields
   are lines put together from pieces that the input chooses, or the input as it is. */
#include "../../src/server/fault_answer.h"

#include "fuzz.h"

enum { TEXT_MAX = 1024 };

static const char *const pieces[] = {
    "return-error: ",
    "error-rpcs: ",
    "error-count: ",
    "delay-ms: ",
    "delay-rpcs: ",
    "delay-count: ",
    "retry-after: ",
    "fault: ",
    "fault-rpcs: ",
    "fault-count: ",
    "request-id: ",
    "unavailable",
    "resource-exhausted",
    "404",
    "topic-publish",
    "topic-subscribe",
    "close",
    "reset",
    "cut ",
    "drip ",
    "wrong-length ",
    "malformed",
    "duplicate",
    "skip",
    "empty",
    "new-page",
    "0",
    "1",
    "18446744073709551615",
    "4294967295",
    " ",
    ",",
    "\n",
    "\n",
    "\n",
    "{\"items\":[",
    "{\"item\":{}}",
    "{\"discontinuity\":{}}",
    ",",
    "]}",
    "\"",
    "a",
};

struct lines {
  const char *bytes;
  size_t length;
};

static struct field_text look_up(const void *context, const char *name) {
  const struct lines *lines = context;
  const size_t length = strlen(name);
  const char *at = lines->bytes, *end = lines->bytes + lines->length;
  while (at < end) {
    const char *line_end = memchr(at, '\n', (size_t)(end - at));
    if (line_end == NULL) line_end = end;
    if ((size_t)(line_end - at) >= length + 2 && memcmp(at, name, length) == 0)
      return (struct field_text){at + length + 2, (size_t)(line_end - at) - length - 2};
    at = line_end + 1;
  }
  return (struct field_text){NULL, 0};
}

static void spoil(const struct fault *fault, const struct lines *body) {
  struct answer *answer = answer_json(body->length);
  if (answer == NULL) abort();
  if (body->length > 0) memcpy(answer->bytes + answer->body_at, body->bytes, body->length);
  answer = fault_answer_spoil(fault, answer);
  demand(answer->references == 1 && answer->status == 200);
  demand(answer->body_at <= answer->length);
  demand(memcmp(answer->bytes, "HTTP/1.1 200 OK\r\n", 17) == 0);
  demand(memcmp(answer->bytes + answer->body_at - 4, "\r\n\r\n", 4) == 0);
  answer_release(answer);
}

static void check(struct faults *faults, enum fault_rpc rpc, const struct lines *fields) {
  struct fault fault;
  if (faults_take(faults, rpc, look_up, fields, &fault) != NULL) return;
  demand(fault.status == 0 || (fault.status >= 400 && fault.status <= 599));
  demand(fault.delay_ms <= FAULTS_DELAY_MAX_MS);
  demand(fault.kind != FAULT_DRIP || fault.amount > 0);
  spoil(&fault, fields);
  answer_release(fault_answer_instead(&fault, rpc));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length) {
  static struct faults *faults;
  if (faults == NULL) faults = faults_new();
  struct fuzz_text text = fuzz_text(data, length, pieces, sizeof pieces / sizeof *pieces, TEXT_MAX);
  const struct lines fields = {text.bytes, text.length};
  const size_t before = faults_count(faults);
  const char *problem = faults_add(faults, look_up, &fields);
  demand(faults_count(faults) == before + (problem == NULL));
  check(faults, FAULT_PUBLISH, &fields);
  check(faults, FAULT_SUBSCRIBE, &fields);
  if (faults_count(faults) == FAULTS_RULES_MAX) faults_clear(faults);
  free(text.bytes);
  return 0;
}
