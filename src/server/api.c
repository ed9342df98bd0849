/* Routes a request, checks what the protocol wants checked, and turns the broker's results into
   answers. The checks stand in the order of the answers they give: 404 path, 405, 400 and 401
   credentials, 400 names and query, 429 size, 400 value, 404 cache. */
#include "api.h"

#include "auth.h"
#include "broker.h"
#include "credential.h"
#include "target.h"

#include "../wire/number.h"
#include "../wire/url.h"
#include "../wire/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of one decoded name: bounds what a topic costs, and the buffers here. */
enum { NAME_MAX_BYTES = 1024 };

#define ALLOWED_METHODS "GET, POST, OPTIONS"

struct api {
  struct auth *auth;
  struct broker *broker;
  size_t max_message_bytes;
  struct answer *published;   /* 204 */
  struct answer *preflight;   /* 204 of OPTIONS */
  struct answer *unavailable; /* 503, for when there is no memory to build a better one */
};

/* What is known of a request while it is handled. */
struct exchange {
  struct api *api;
  const struct api_request *request;
  struct target target;
  uint64_t now_ms;
  struct topic_name name;
  char *name_bytes; /* room for name */
};

void api_options_default(struct api_options *options) {
  *options = (struct api_options){
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

static struct broker *make_broker(const struct api_options *options) {
  struct broker_options broker_options = {
      .bounds = {options->max_messages, options->max_bytes, options->max_age_ms},
      .max_message_bytes = options->max_message_bytes,
      .max_batch_bytes = options->max_batch_bytes,
      .hold_ms = options->hold_ms,
      .idle_ms = options->idle_ms,
      .max_topics = options->max_topics,
      .max_caches = options->max_caches,
      .auto_create_caches = options->auto_create_caches,
      .pages = options->pages,
      .wake = options->wake,
  };
  memcpy(broker_options.seed, options->seed, sizeof broker_options.seed);
  struct broker *broker = broker_new(&broker_options);
  for (size_t i = 0; broker != NULL && i < options->cache_count; i++) {
    const char *name = options->caches[i];
    const size_t length = strlen(name);
    if (length > NAME_MAX_BYTES || !url_name_valid(name, length) ||
        !broker_add_cache(broker, name, length)) {
      broker_free(broker);
      broker = NULL;
    }
  }
  return broker;
}

struct api *api_new(const struct api_options *options) {
  struct api *api = calloc(1, sizeof *api);
  if (api == NULL) {
    return NULL;
  }
  api->max_message_bytes = options->max_message_bytes;
  api->auth = auth_new(options->keys, options->key_count, options->no_auth);
  api->broker = make_broker(options);
  api->published = answer_empty("");
  api->preflight = answer_empty("Access-Control-Allow-Methods: " ALLOWED_METHODS "\r\n"
                                "Access-Control-Allow-Headers: Authorization, Content-Type\r\n"
                                "Access-Control-Max-Age: 86400\r\n"
                                "Allow: " ALLOWED_METHODS "\r\n");
  api->unavailable = answer_error(503, "Out of memory", NULL, "Retry-After: 1\r\n");
  if (api->auth == NULL || api->broker == NULL || api->published == NULL ||
      api->preflight == NULL || api->unavailable == NULL) {
    api_free(api);
    return NULL;
  }
  return api;
}

void api_free(struct api *api) {
  if (api == NULL) {
    return;
  }
  auth_free(api->auth);
  broker_free(api->broker);
  answer_release(api->published);
  answer_release(api->preflight);
  answer_release(api->unavailable);
  free(api);
}

size_t api_body_max(const struct api *api) {
  return api->max_message_bytes;
}

/* The checks below return NULL when there is nothing to object to, else the answer that says what
   is. */

static struct answer *or_unavailable(struct api *api, struct answer *answer) {
  return answer != NULL ? answer : answer_retain(api->unavailable);
}

static struct answer *refuse(struct api *api, unsigned status, const char *detail) {
  return or_unavailable(api, answer_error(status, detail, NULL, ""));
}

static bool text_is(struct api_text text, const char *expected) {
  return text.length == strlen(expected) && memcmp(text.bytes, expected, text.length) == 0;
}

static struct answer *check_credentials(struct exchange *exchange) {
  struct api *api = exchange->api;
  const struct api_text header = exchange->request->authorization;
  const struct target_part parameter = exchange->target.token;
  if (header.length > 0 && parameter.length > 0) {
    return refuse(api, 400,
                  "Only one of the Authorization header and the token query parameter "
                  "may be set");
  }
  if (auth_is_open(api->auth)) {
    return NULL;
  }
  char decoded[CREDENTIAL_MAX];
  struct api_text credential = header;
  if (parameter.length > 0) {
    credential.bytes = decoded;
    if (parameter.length > sizeof decoded ||
        !url_unescape(parameter.bytes, parameter.length, decoded, &credential.length)) {
      return refuse(api, 401, "Invalid credentials");
    }
  }
  const char *problem = NULL;
  if (credential.length == 0) {
    problem = "No credentials: set the Authorization header or the token query parameter";
  } else if (!auth_knows(api->auth, credential.bytes, credential.length)) {
    problem = "Invalid credentials";
  }
  return problem == NULL
             ? NULL
             : or_unavailable(api, answer_error(401, problem, NULL, "WWW-Authenticate: Token\r\n"));
}

/* Decodes one name to out, which has room for NAME_MAX_BYTES. */
static const char *decode_name(struct target_part part, char *out, size_t *length) {
  if (part.length > 3 * (size_t)NAME_MAX_BYTES) {
    return "is too long";
  }
  char decoded[3 * NAME_MAX_BYTES];
  if (!url_unescape(part.bytes, part.length, decoded, length)) {
    return "has a malformed percent escape";
  }
  if (*length > NAME_MAX_BYTES) {
    return "is too long";
  }
  if (!url_name_valid(decoded, *length)) {
    return *length == 0 ? "is empty" : "has a control character";
  }
  memcpy(out, decoded, *length);
  return NULL;
}

static struct answer *check_names(struct exchange *exchange) {
  size_t topic_length = 0;
  size_t cache_length = 0;
  char *bytes = exchange->name_bytes;
  const char *of = "Cache name";
  const char *problem = decode_name(exchange->target.cache, bytes, &cache_length);
  if (problem == NULL) {
    bytes[cache_length] = '\0';
    of = "Topic name";
    problem = decode_name(exchange->target.topic, bytes + cache_length + 1, &topic_length);
  }
  if (problem != NULL) {
    char detail[64];
    (void)snprintf(detail, sizeof detail, "%s %s", of, problem);
    return refuse(exchange->api, 400, detail);
  }
  exchange->name = (struct topic_name){bytes, cache_length + 1 + topic_length, cache_length};
  return NULL;
}

static struct answer *answer_broker(struct exchange *exchange, enum broker_result result) {
  struct api *api = exchange->api;
  switch (result) {
  case BROKER_PUBLISHED:
    return answer_retain(api->published);
  case BROKER_NO_CACHE:
    return refuse(api, 404, "Cache not found");
  case BROKER_CACHE_LIMIT:
    return or_unavailable(
        api, answer_error(429, "Too many caches", "caches_limit_exceeded", "Retry-After: 1\r\n"));
  case BROKER_TOPIC_LIMIT:
    return or_unavailable(
        api, answer_error(429, "Too many topics", "topics_limit_exceeded", "Retry-After: 1\r\n"));
  default:
    return answer_retain(api->unavailable);
  }
}

/* Publish. */

static bool is_binary(struct api_text content_type) {
  static const char binary[] = "application/octet-stream";
  const char *parameters =
      content_type.length == 0 ? NULL : memchr(content_type.bytes, ';', content_type.length);
  size_t length =
      parameters == NULL ? content_type.length : (size_t)(parameters - content_type.bytes);
  while (length > 0 &&
         (content_type.bytes[length - 1] == ' ' || content_type.bytes[length - 1] == '\t')) {
    length--;
  }
  if (length != sizeof binary - 1) {
    return false;
  }
  for (size_t i = 0; i < length; i++) {
    const char byte = content_type.bytes[i];
    if ((byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte) != binary[i]) {
      return false;
    }
  }
  return true;
}

static struct answer *publish(struct exchange *exchange) {
  struct api *api = exchange->api;
  const struct api_request *request = exchange->request;
  if (request->body_oversized || request->body.length > api->max_message_bytes) {
    char detail[80];
    (void)snprintf(detail, sizeof detail, "Message is longer than %zu bytes",
                   api->max_message_bytes);
    return or_unavailable(api, answer_error(429, detail, "item_size_limit_exceeded", ""));
  }
  const struct broker_value value = {request->body.length == 0 ? "" : request->body.bytes,
                                     request->body.length, is_binary(request->content_type)};
  if (!value.binary && !utf8_valid(value.bytes, value.length)) {
    return refuse(api, 400, "Text is not valid UTF-8: publish bytes as application/octet-stream");
  }
  return answer_broker(exchange,
                       broker_publish(api->broker, &exchange->name, &value, exchange->now_ms));
}

/* Poll. */

static bool read_position(struct target_part part, uint64_t *value) {
  return part.bytes == NULL || number_parse_u64(part.bytes, part.length, value);
}

static struct answer *poll(struct exchange *exchange, struct waiter *waiter) {
  struct api *api = exchange->api;
  uint64_t number = 0;
  uint64_t page = 0;
  if (!read_position(exchange->target.sequence_number, &number)) {
    return refuse(api, 400, "sequence_number is not an unsigned integer");
  }
  if (!read_position(exchange->target.sequence_page, &page)) {
    return refuse(api, 400, "sequence_page is not an unsigned integer");
  }
  struct answer *answer = NULL;
  const enum broker_result result =
      broker_poll(api->broker, &exchange->name, number, page, exchange->now_ms, waiter, &answer);
  return result == BROKER_ANSWERED || result == BROKER_WAITING ? answer
                                                               : answer_broker(exchange, result);
}

/* NULL: the waiter waits. */
static struct answer *handle(struct exchange *exchange, struct waiter *waiter) {
  struct api *api = exchange->api;
  const struct api_request *request = exchange->request;
  if (text_is(request->method, "OPTIONS")) {
    return answer_retain(api->preflight);
  }
  target_parse(request->target.bytes, request->target.length, &exchange->target);
  if (exchange->target.path == TARGET_UNKNOWN) {
    return refuse(api, 404, "No such path: topics are at /topics/{cacheName}/{topicName}");
  }
  const bool publishes = text_is(request->method, "POST");
  if (!publishes && !text_is(request->method, "GET")) {
    return or_unavailable(api, answer_error(405,
                                            "A topic is published to with POST and polled "
                                            "with GET",
                                            NULL, "Allow: " ALLOWED_METHODS "\r\n"));
  }
  if (exchange->target.repeated) {
    return refuse(api, 400, "A query parameter is set twice");
  }
  struct answer *objection = check_credentials(exchange);
  if (objection == NULL) {
    objection = check_names(exchange);
  }
  if (objection != NULL) {
    return objection;
  }
  return publishes ? publish(exchange) : poll(exchange, waiter);
}

enum api_outcome api_handle(struct api *api, const struct api_request *request, uint64_t now_ms,
                            struct waiter *waiter, struct answer **answer) {
  char name_bytes[2 * NAME_MAX_BYTES + 1];
  struct exchange exchange = {
      .api = api, .request = request, .now_ms = now_ms, .name_bytes = name_bytes};
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
