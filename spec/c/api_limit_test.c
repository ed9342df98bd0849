/* Limits at work: what is refused with which status, err and Retry-After, and that what is within
   them goes through. */
#include "../../src/server/api.h"
#include "../../src/server/token.h"

#include "check.h"
#include "poller.h"

enum { NOW_S = 1748358253, POLLERS = 4 };
#define NOW_MS ((uint64_t)NOW_S * 1000)

static const struct token_secret secret = {
    (const unsigned char *)"0123456789abcdef0123456789abcdef", 32};
static struct pages pages;
static struct poller asker;
static struct poller pollers[POLLERS];
static struct api *api;

static struct api_options usual(void) {
  static const char *const caches[] = {"c"};
  static const char *const keys[] = {"key", "key2"};
  struct api_options options;
  api_options_default(&options);
  options.caches = caches;
  options.cache_count = 1;
  options.keys = keys;
  options.key_count = 2;
  options.token_secret = secret.bytes;
  options.token_secret_length = secret.length;
  options.pages = &pages;
  options.wake = poller_wake;
  return options;
}

static void begin(const struct api_options *options) {
  pages_start(&pages);
  memset(&asker, 0, sizeof asker);
  memset(pollers, 0, sizeof pollers);
  api = api_new(options);
  if (api == NULL) abort();
}

static void end(void) {
  api_drain(api, NOW_MS);
  poller_take(&asker, NULL);
  for (size_t i = 0; i < POLLERS; i++)
    poller_take(&pollers[i], NULL);
  api_free(api);
}

static unsigned ask(struct poller *poller, const char *method, const char *credential,
                    const char *body, uint64_t after_ms) {
  const struct api_request request = {.method = poller_text(method),
                                      .target = poller_text("/topics/c/t"),
                                      .authorization = poller_text(credential),
                                      .body = poller_text(body)};
  poller_ask(poller, api, &request, NOW_MS + after_ms);
  return poller_waits(poller) ? 0 : poller->answer->status;
}

static unsigned publish(const char *credential, const char *body, uint64_t after_ms) {
  return ask(&asker, "POST", credential, body, after_ms);
}

static void check_refusal(const char *err, const char *retry_after) {
  CHECK(poller_told(&asker, err));
  CHECK(poller_told(&asker, retry_after));
  CHECK(poller_told(&asker, "\r\nAccess-Control-Expose-Headers: Retry-After\r\n"));
  CHECK(poller_told(&asker, "{\"status\":429,\"title\":\"Too Many Requests\",\"detail\":\""));
}

static void limits_operations(void) {
  struct api_options options = usual();
  options.operations_per_second = 2;
  begin(&options);
  check_row("operations: publishes and polls count alike");
  CHECK(publish("key", "x", 0) == 204);
  CHECK(ask(&pollers[0], "GET", "key", NULL, 0) == 0);
  CHECK(publish("key", "x", 0) == 429);
  check_refusal("\"err\":\"operations_rate_limit_exceeded\"", "\r\nRetry-After: 1\r\n");
  check_row("another key has its own");
  CHECK(publish("key2", "x", 0) == 204);
  check_row("what is refused costs nothing, and is back in time");
  CHECK(publish("key", "x", 499) == 429);
  CHECK(publish("key", "x", 500) == 204);
  check_row("a stranger is told so, not of limits");
  CHECK(publish("yek", "x", 500) == 401);
  end();
}

static void limits_throughput(void) {
  struct api_options options = usual();
  options.max_message_bytes = 10;
  options.bytes_per_second = 5;
  begin(&options);
  check_row("bytes published");
  CHECK(publish("key", "0123456789", 0) == 204);
  CHECK(publish("key", "0123456789", 0) == 429);
  check_refusal("\"err\":\"throughput_rate_limit_exceeded\"", "\r\nRetry-After: 2\r\n");
  CHECK(publish("key", "01234", 1000) == 204);
  CHECK(publish("key", "", 1000) == 204);
  check_row("a message that is too long takes nothing");
  CHECK(publish("key2", "0123456789a", 1000) == 429);
  CHECK(poller_told(&asker, "\"err\":\"item_size_limit_exceeded\""));
  CHECK(!poller_told(&asker, "Retry-After"));
  CHECK(publish("key2", "0123456789", 1000) == 204);
  end();
}

static void limits_polls(void) {
  struct api_options options = usual();
  options.polls_per_key = 2;
  begin(&options);
  check_row("polls at once");
  CHECK(ask(&pollers[0], "GET", "key", NULL, 0) == 0);
  CHECK(ask(&pollers[1], "GET", "key", NULL, 0) == 0);
  CHECK(ask(&asker, "GET", "key", NULL, 0) == 429);
  check_refusal("\"err\":\"topic_subscriptions_limit_exceeded\"", "\r\nRetry-After: 1\r\n");
  check_row("another key has its own");
  CHECK(ask(&pollers[2], "GET", "key2", NULL, 0) == 0);
  check_row("one that left makes room");
  api_leave(api, &pollers[0].waiter, NOW_MS);
  CHECK(ask(&pollers[3], "GET", "key", NULL, 0) == 0);
  CHECK(ask(&asker, "GET", "key", NULL, 0) == 429);
  check_row("those that were told make room");
  CHECK(publish("key", "x", 0) == 204);
  CHECK(api_waiter_count(api) == 0);
  CHECK(ask(&pollers[0], "GET", "key", NULL, 0) == 0);
  CHECK(ask(&pollers[1], "GET", "key", NULL, 0) == 0);
  check_row("those whose hold is over make room");
  api_tick(api, NOW_MS + 60000);
  CHECK(ask(&pollers[0], "GET", "key", NULL, 60000) == 0);
  CHECK(ask(&pollers[1], "GET", "key", NULL, 60000) == 0);
  end();
}

static void limits_each_token(void) {
  struct api_options options = usual();
  options.operations_per_second = 1;
  begin(&options);
  static const char permissions[] = "[{\"role\":\"publishonly\",\"cache\":\"c\",\"topic\":\"t\"}]";
  char *one = token_sign(&secret, NOW_S + 60, permissions, strlen(permissions), "\"1\"", 3);
  char *other = token_sign(&secret, NOW_S + 60, permissions, strlen(permissions), "\"2\"", 3);
  check_row("every token has its own");
  CHECK(publish(one, "x", 0) == 204);
  CHECK(publish(one, "x", 0) == 429);
  CHECK(publish(other, "x", 0) == 204);
  CHECK(publish("key", "x", 0) == 204);
  free(one);
  free(other);
  end();
}

static void limits_as_the_hosted_service_does(void) {
  struct api_options options = usual();
  api_options_limit_as_hosted(&options);
  begin(&options);
  check_row("ten operations a second");
  for (int i = 0; i < 10; i++)
    CHECK(publish("key", "x", 0) == 204);
  CHECK(publish("key", "x", 0) == 429);
  check_row("4 KiB");
  char body[4098];
  memset(body, 'x', sizeof body);
  body[4097] = '\0';
  CHECK(publish("key", body, 1000) == 429);
  CHECK(poller_told(&asker, "\"err\":\"item_size_limit_exceeded\""));
  body[4096] = '\0';
  CHECK(publish("key", body, 1000) == 204);
  end();
}

int main(void) {
  limits_operations();
  limits_throughput();
  limits_polls();
  limits_each_token();
  limits_as_the_hosted_service_does();
  return check_report();
}
