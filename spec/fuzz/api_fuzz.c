/* The whole path from bytes to answer: requests out of random bytes, as a connection would read
   them, go through parser, API and broker, while time goes on and clients come and go. Whatever
   comes out must be an answer that HTTP and the protocol allow, and its items must read back. */
#include "../../src/server/api.h"
#include "../../src/server/request.h"
#include "../../src/wire/envelope.h"

#include <stdlib.h>
#include <string.h>

enum { CLIENTS = 4, ANSWER_MAX = 4096 };

static struct pages pages;

static void demand(bool holds) {
  if (!holds) abort();
}

static void check_items(const struct answer *answer) {
  struct envelope_reader reader;
  struct envelope_element element;
  envelope_open(&reader, answer->bytes + answer->body_at, answer->length - answer->body_at);
  enum envelope_kind kind;
  while ((kind = envelope_next(&reader, &element)) != ENVELOPE_END) {
    demand(kind == ENVELOPE_MESSAGE || kind == ENVELOPE_DISCONTINUITY);
    demand(element.sequence_number > 0 && element.sequence_page > 0);
  }
}

static void check_object(const struct answer *answer) {
  const char *body = answer->bytes + answer->body_at;
  struct json json = {body, body + (answer->length - answer->body_at)};
  demand(answer->status == 200 || (answer->status >= 400 && answer->status <= 503));
  demand(json_peek(&json) == '{' && json_skip(&json) && json_at_end(&json));
}

static bool has_items(const struct answer *answer) {
  static const char head[] = ENVELOPE_HEAD;
  return answer->length - answer->body_at >= sizeof head - 1 &&
         memcmp(answer->bytes + answer->body_at, head, sizeof head - 1) == 0;
}

/* Takes the reference. */
static void check_answer(struct answer *answer) {
  demand(answer->length < ANSWER_MAX && answer->body_at <= answer->length);
  demand(memcmp(answer->bytes, "HTTP/1.1 ", 9) == 0);
  demand(memcmp(answer->bytes + answer->body_at - 4, "\r\n\r\n", 4) == 0);
  if (answer->status == 204)
    demand(answer->body_at == answer->length);
  else if (has_items(answer))
    check_items(answer);
  else
    check_object(answer); /* a vended token, or an error */
  answer_release(answer);
}

static void wake(struct waiter *waiter, struct answer *answer) {
  demand(!waiter_is_waiting(waiter));
  check_answer(answer);
}

static struct api *start(bool open) {
  static const char *const caches[] = {"c"};
  static const char *const keys[] = {"k"};
  struct api_options options;
  api_options_default(&options);
  options.caches = caches;
  options.cache_count = 1;
  options.keys = keys;
  options.key_count = 1;
  options.no_auth = open;
  options.auto_create_caches = open;
  options.token_secret = (const unsigned char *)"0123456789abcdef0123456789abcdef";
  options.token_secret_length = 32;
  options.operations_per_second = open ? 100 : 0;
  options.bytes_per_second = open ? 100 : 0;
  options.polls_per_key = open ? 2 : 0;
  options.max_caches = 2;
  options.max_topics = 3;
  options.max_message_bytes = 32;
  options.max_messages = 4;
  options.max_bytes = 512;
  options.max_batch_bytes = 512;
  options.max_age_ms = 500;
  options.hold_ms = 100;
  options.idle_ms = 1000;
  options.pages = &pages;
  options.wake = wake;
  pages_start(&pages);
  struct api *api = api_new(&options);
  demand(api != NULL);
  return api;
}

static struct api_text text_of(struct field_text text) {
  return (struct api_text){text.bytes, text.length};
}

static void handle(struct api *api, const struct request *parsed, bool oversized, uint64_t now_ms,
                   struct waiter *waiter) {
  const struct api_request request = {.method = text_of(parsed->method),
                                      .target = text_of(parsed->target),
                                      .authorization = text_of(parsed->authorization),
                                      .content_type = text_of(parsed->content_type),
                                      .body = text_of(parsed->body),
                                      .body_oversized = oversized};
  struct answer *answer = NULL;
  if (waiter_is_waiting(waiter)) api_leave(api, waiter, now_ms);
  if (api_handle(api, &request, now_ms, waiter, &answer) == API_ANSWERED)
    check_answer(answer);
  else
    demand(waiter_is_waiting(waiter));
}

/* The first byte chooses the server; then pipelined requests, between which a byte chooses the
   client and how much time goes by. */
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
  if (size == 0) return 0;
  static const struct request_limits limits = {
      .line = 256, .fields_bytes = 512, .fields_count = 8, .body = 256};
  struct waiter waiters[CLIENTS];
  memset(waiters, 0, sizeof waiters);
  struct api *api = start(data[0] & 1);
  uint64_t now_ms = 1000000;
  char *buffer = malloc(size);
  demand(buffer != NULL);
  memcpy(buffer, data + 1, size - 1);
  char *bytes = buffer;
  size_t length = size - 1;
  enum request_verdict verdict = REQUEST_WHOLE;
  while (length > 1 && verdict == REQUEST_WHOLE) {
    const unsigned char choice = (unsigned char)*bytes++;
    length--;
    now_ms += choice / CLIENTS;
    if (choice >= 128) api_tick(api, now_ms);
    struct request_parser parser;
    struct request request;
    request_start(&parser, &limits);
    size_t given = length;
    verdict = request_parse(&parser, bytes, &given, &request);
    if (verdict != REQUEST_WHOLE && verdict != REQUEST_OVERSIZED) break;
    handle(api, &request, verdict == REQUEST_OVERSIZED, now_ms, &waiters[choice % CLIENTS]);
    demand(api_topic_count(api) <= 3 && api_waiter_count(api) <= CLIENTS);
    bytes += request.size;
    length = given - request.size;
  }
  api_drain(api, now_ms);
  demand(api_waiter_count(api) == 0);
  api_free(api);
  free(buffer);
  return 0;
}
