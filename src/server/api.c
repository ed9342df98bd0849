/* Sets the server up and finds out what a request is about. The answers that a request may get come
   in this order: 404 path, 405, 400 query and credentials, 401, 429 rate; then those of its kind.
 */
#include "api_internal.h"

#include "vend.h"

#include "../wire/number.h"
#include "../wire/url.h"

#include <stdlib.h>
#include <string.h>

#define TOPIC_METHODS "GET, POST, OPTIONS"
#define TOKEN_METHODS "POST, OPTIONS"

void api_options_default(struct api_options *options) {
  *options = (struct api_options){
      .endpoint = "",
      .max_message_bytes = 4096,
      .max_messages = 1024,
      .max_bytes = 1048576,
      .max_age_ms = 60000,
      .max_batch_bytes = 131072,
      .hold_ms = 60000,
      .idle_ms = 600000,
      .max_topics = 100000,
      .max_caches = 100,
  };
}

void api_options_limit_as_hosted(struct api_options *options) {
  options->max_message_bytes = 4096;
  options->operations_per_second = 10;
  options->polls_per_key = 100;
}

static struct auth *make_auth(const struct api_options *options) {
  struct auth_options auth = {.keys = options->keys,
                              .key_count = options->key_count,
                              .open = options->no_auth,
                              .secret = {options->token_secret, options->token_secret_length}};
  memcpy(auth.seed, options->seed, sizeof auth.seed);
  return auth_new(&auth);
}

static struct limits *make_limits(const struct api_options *options) {
  struct limits_options limits = {.operations_per_second = options->operations_per_second,
                                  .bytes_per_second = options->bytes_per_second,
                                  .polls = options->polls_per_key,
                                  .max_message_bytes = options->max_message_bytes};
  memcpy(limits.seed, options->seed, sizeof limits.seed);
  return limits_new(&limits);
}

static struct broker *make_broker(const struct api_options *options, struct answer *expired) {
  struct broker_options broker_options = {
      .topics = {.max_topics = options->max_topics,
                 .max_caches = options->max_caches,
                 .auto_create_caches = options->auto_create_caches,
                 .idle_ms = options->idle_ms,
                 .pages = options->pages},
      .bounds = {options->max_messages, options->max_bytes, options->max_age_ms},
      .max_message_bytes = options->max_message_bytes,
      .max_publisher_id_bytes = TOKEN_ID_MAX_BYTES,
      .max_batch_bytes = options->max_batch_bytes,
      .hold_ms = options->hold_ms,
      .expired = expired,
      .wake = options->wake,
  };
  memcpy(broker_options.topics.seed, options->seed, sizeof broker_options.topics.seed);
  struct broker *broker = broker_new(&broker_options);
  for (size_t i = 0; broker != NULL && i < options->cache_count; i++) {
    const char *name = options->caches[i];
    const size_t length = strlen(name);
    if (length > API_NAME_MAX_BYTES || !url_name_valid(name, length) ||
        !broker_add_cache(broker, name, length)) {
      broker_free(broker);
      broker = NULL;
    }
  }
  return broker;
}

static char *copy_text(const char *text) {
  char *copy = malloc(strlen(text) + 1);
  return copy == NULL ? NULL : strcpy(copy, text);
}

struct api *api_new(const struct api_options *options) {
  struct api *api = calloc(1, sizeof *api);
  if (api == NULL) {
    return NULL;
  }
  api->max_message_bytes = options->max_message_bytes;
  api->endpoint = copy_text(options->endpoint);
  api->published = answer_empty("");
  api->preflight = answer_empty("Access-Control-Allow-Methods: " TOPIC_METHODS "\r\n"
                                "Access-Control-Allow-Headers: Authorization, Content-Type\r\n"
                                "Access-Control-Max-Age: 86400\r\n"
                                "Allow: " TOPIC_METHODS "\r\n");
  api->expired = answer_error(401, "The token has expired", NULL, "WWW-Authenticate: Token\r\n");
  api->blocked = answer_error(503, "Blocked by the operator", NULL, "Retry-After: 1\r\n");
  api->unavailable = answer_error(503, "Out of memory", NULL, "Retry-After: 1\r\n");
  api->auth = make_auth(options);
  api->limits = make_limits(options);
  api->broker = make_broker(options, api->expired);
  if (api->endpoint == NULL || api->published == NULL || api->preflight == NULL ||
      api->expired == NULL || api->blocked == NULL || api->unavailable == NULL ||
      api->auth == NULL || api->limits == NULL || api->broker == NULL) {
    api_free(api);
    return NULL;
  }
  return api;
}

void api_free(struct api *api) {
  if (api == NULL) {
    return;
  }
  broker_free(api->broker);
  limits_free(api->limits);
  auth_free(api->auth);
  answer_release(api->published);
  answer_release(api->preflight);
  answer_release(api->expired);
  answer_release(api->blocked);
  answer_release(api->unavailable);
  free(api->endpoint);
  free(api);
}

size_t api_body_max(const struct api *api) {
  return api->max_message_bytes > VEND_REQUEST_MAX ? api->max_message_bytes : VEND_REQUEST_MAX;
}

struct answer *api_or_unavailable(struct api *api, struct answer *answer) {
  return answer != NULL ? answer : answer_retain(api->unavailable);
}

struct answer *api_refuse(struct api *api, unsigned status, const char *detail) {
  return api_or_unavailable(api, answer_error(status, detail, NULL, ""));
}

struct answer *api_refuse_limit(struct api *api, const char *detail, const char *err,
                                uint64_t retry_after_seconds) {
  static const char visible_to_browsers[] = "Access-Control-Expose-Headers: Retry-After\r\n";
  char header[sizeof visible_to_browsers + 16 + NUMBER_U64_SIZE] = "";
  if (retry_after_seconds > 0) {
    strcat(strcpy(header, visible_to_browsers), "Retry-After: ");
    number_format_u64(retry_after_seconds, header + strlen(header));
    strcat(header, "\r\n");
  }
  return api_or_unavailable(api, answer_error(429, detail, err, header));
}

static bool method_is(const struct api_request *request, const char *method) {
  return request->method.length == strlen(method) &&
         memcmp(request->method.bytes, method, request->method.length) == 0;
}

static struct answer *check_route(struct exchange *exchange) {
  struct api *api = exchange->api;
  const struct api_request *request = exchange->request;
  const bool vends = exchange->target.path == TARGET_TOKENS;
  const bool no_tokens = auth_secret(api->auth)->bytes == NULL;
  if (exchange->target.path == TARGET_UNKNOWN || (vends && no_tokens)) {
    return api_refuse(api, 404, "No such path: topics are at /topics/{cacheName}/{topicName}");
  }
  if (!method_is(request, "POST") && (vends || !method_is(request, "GET"))) {
    return api_or_unavailable(
        api, vends ? answer_error(405, "Tokens are vended with POST", NULL,
                                  "Allow: " TOKEN_METHODS "\r\n")
                   : answer_error(405, "A topic is published to with POST and polled with GET",
                                  NULL, "Allow: " TOPIC_METHODS "\r\n"));
  }
  if (exchange->target.repeated) {
    return api_refuse(api, 400, "A query parameter is set twice");
  }
  return NULL;
}

/* NULL: the waiter waits. */
static struct answer *handle(struct exchange *exchange, struct waiter *waiter) {
  const struct api_request *request = exchange->request;
  if (exchange->api->is_blocked) {
    return answer_retain(exchange->api->blocked);
  }
  if (method_is(request, "OPTIONS")) {
    return answer_retain(exchange->api->preflight);
  }
  target_parse(request->target.bytes, request->target.length, &exchange->target);
  struct answer *objection = check_route(exchange);
  if (objection == NULL) {
    objection = api_admit(exchange);
  }
  if (objection != NULL) {
    return objection;
  }
  if (exchange->target.path == TARGET_TOKENS) {
    return api_vend(exchange);
  }
  return method_is(request, "POST") ? api_publish(exchange) : api_poll(exchange, waiter);
}

enum api_outcome api_handle(struct api *api, const struct api_request *request, uint64_t now_ms,
                            struct waiter *waiter, struct answer **answer) {
  struct exchange exchange = {.api = api, .request = request, .now_ms = now_ms};
  *answer = handle(&exchange, waiter);
  return *answer == NULL ? API_WAITING : API_ANSWERED;
}

void api_leave(struct api *api, struct waiter *waiter, uint64_t now_ms) {
  broker_leave(api->broker, waiter, now_ms);
}

uint64_t api_tick(struct api *api, uint64_t now_ms) {
  broker_tick(api->broker, now_ms);
  return broker_next_tick(api->broker);
}

uint64_t api_next_tick(const struct api *api) {
  return broker_next_tick(api->broker);
}

void api_drain(struct api *api, uint64_t now_ms) {
  broker_drain(api->broker, now_ms);
}

size_t api_waiter_count(const struct api *api) {
  return broker_waiter_count(api->broker);
}

size_t api_topic_count(const struct api *api) {
  return broker_topic_count(api->broker);
}
