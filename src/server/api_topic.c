/* Publish and poll: names, permissions, values and positions are checked, then the broker does it.
   The checks stand in the order of the answers they give: 400 names, 403, then those of each. */
#include "api_internal.h"

#include "../wire/number.h"
#include "../wire/url.h"
#include "../wire/utf8.h"

#include <stdio.h>
#include <string.h>

/* Room for a topic_name. */
struct name_room {
  char bytes[2 * API_NAME_MAX_BYTES + 1];
};

/* Decodes one name to out, which has room for API_NAME_MAX_BYTES. */
static const char *decode_name(struct target_part part, char *out, size_t *length) {
  if (part.length > 3 * (size_t)API_NAME_MAX_BYTES) {
    return "is too long";
  }
  char decoded[3 * API_NAME_MAX_BYTES];
  if (!url_unescape(part.bytes, part.length, decoded, length)) {
    return "has a malformed percent escape";
  }
  if (*length > API_NAME_MAX_BYTES) {
    return "is too long";
  }
  if (!url_name_valid(decoded, *length)) {
    return *length == 0 ? "is empty" : "has a control character";
  }
  memcpy(out, decoded, *length);
  return NULL;
}

static struct answer *check_names(struct exchange *exchange, struct name_room *room,
                                  struct topic_name *name) {
  size_t topic_length = 0;
  size_t cache_length = 0;
  const char *of = "Cache name";
  const char *problem = decode_name(exchange->target.cache, room->bytes, &cache_length);
  if (problem == NULL) {
    room->bytes[cache_length] = '\0';
    of = "Topic name";
    problem = decode_name(exchange->target.topic, room->bytes + cache_length + 1, &topic_length);
  }
  if (problem != NULL) {
    char detail[64];
    (void)snprintf(detail, sizeof detail, "%s %s", of, problem);
    return api_refuse(exchange->api, 400, detail);
  }
  *name = (struct topic_name){room->bytes, cache_length + 1 + topic_length, cache_length};
  return NULL;
}

static struct answer *check_permission(struct exchange *exchange, const struct topic_name *name,
                                       bool publish) {
  const struct permissions_wish wish = {
      .publish = publish,
      .cache = name->bytes,
      .cache_length = name->cache_length,
      .topic = name->bytes + name->cache_length + 1,
      .topic_length = name->length - name->cache_length - 1,
  };
  if (auth_permits(&exchange->grant, &wish)) {
    return NULL;
  }
  return api_refuse(exchange->api, 403,
                    publish ? "The token does not permit publishing to this topic"
                            : "The token does not permit subscribing to this topic");
}

static struct answer *check_topic(struct exchange *exchange, bool publish, struct name_room *room,
                                  struct topic_name *name) {
  struct answer *objection = check_names(exchange, room, name);
  return objection != NULL ? objection : check_permission(exchange, name, publish);
}

static struct answer *answer_broker(struct api *api, enum broker_result result) {
  switch (result) {
  case BROKER_PUBLISHED:
    return answer_retain(api->published);
  case BROKER_NO_CACHE:
    return api_refuse(api, 404, "Cache not found");
  case BROKER_CACHE_LIMIT:
    return api_refuse_limit(api, "Too many caches", "caches_limit_exceeded", 1);
  case BROKER_TOPIC_LIMIT:
    return api_refuse_limit(api, "Too many topics", "topics_limit_exceeded", 1);
  case BROKER_POLL_LIMIT:
    return api_refuse_limit(api, "Too many subscriptions at once",
                            "topic_subscriptions_limit_exceeded", 1);
  default:
    return answer_retain(api->unavailable);
  }
}

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

/* The body as a value, unless it is none. */
static struct answer *check_value(struct exchange *exchange, struct broker_value *value) {
  struct api *api = exchange->api;
  const struct api_request *request = exchange->request;
  const struct api_text body = request->body;
  if (request->body_oversized || body.length > api->max_message_bytes) {
    char detail[80];
    (void)snprintf(detail, sizeof detail, "Message is longer than %zu bytes",
                   api->max_message_bytes);
    return api_refuse_limit(api, detail, "item_size_limit_exceeded", 0);
  }
  value->bytes = body.length == 0 ? "" : body.bytes;
  value->length = body.length;
  value->binary = is_binary(request->content_type);
  if (!value->binary && !utf8_valid(value->bytes, value->length)) {
    return api_refuse(api, 400,
                      "Text is not valid UTF-8: publish bytes as application/octet-stream");
  }
  const uint64_t wait =
      limits_take_bytes(api->limits, exchange->usage, value->length, exchange->now_ms);
  return wait == 0 ? NULL
                   : api_refuse_limit(api, "Too many bytes a second",
                                      "throughput_rate_limit_exceeded", wait);
}

struct answer *api_publish(struct exchange *exchange) {
  struct api *api = exchange->api;
  const struct token *token = exchange->grant.token;
  struct name_room room;
  struct topic_name name;
  struct broker_value value = {.publisher_id = NULL};
  struct answer *objection = check_topic(exchange, true, &room, &name);
  if (objection == NULL) {
    objection = check_value(exchange, &value);
  }
  if (objection != NULL) {
    return objection;
  }
  if (token != NULL && token->id_length > 0) {
    value.publisher_id = token->id;
    value.publisher_id_length = token->id_length;
  }
  return answer_broker(api, broker_publish(api->broker, &name, &value, exchange->now_ms));
}

static bool read_position(struct target_part part, uint64_t *value) {
  *value = 0;
  return part.bytes == NULL || number_parse_u64(part.bytes, part.length, value);
}

struct answer *api_poll(struct exchange *exchange, struct waiter *waiter) {
  struct api *api = exchange->api;
  const struct token *token = exchange->grant.token;
  struct name_room room;
  struct topic_name name;
  struct answer *objection = check_topic(exchange, false, &room, &name);
  if (objection != NULL) {
    return objection;
  }
  struct broker_poll poll = {
      .expires_ms = token == NULL ? UINT64_MAX : token->expires_ms,
      .may_wait = limits_may_wait(api->limits, exchange->usage),
      .count = limits_polls(exchange->usage),
  };
  if (!read_position(exchange->target.sequence_number, &poll.number)) {
    return api_refuse(api, 400, "sequence_number is not an unsigned integer");
  }
  if (!read_position(exchange->target.sequence_page, &poll.page)) {
    return api_refuse(api, 400, "sequence_page is not an unsigned integer");
  }
  struct answer *answer = NULL;
  const enum broker_result result =
      broker_poll(api->broker, &name, &poll, exchange->now_ms, waiter, &answer);
  return result == BROKER_ANSWERED || result == BROKER_WAITING ? answer
                                                               : answer_broker(api, result);
}
