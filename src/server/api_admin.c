#include "api_admin.h"

#include "api_internal.h"

#include "../wire/url.h"

#include <string.h>

bool api_set_keys(struct api *api, const char *const *keys, size_t key_count) {
  return auth_set_keys(api->auth, keys, key_count);
}

static bool name_usable(struct api_text name) {
  return name.length <= API_NAME_MAX_BYTES && url_name_valid(name.bytes, name.length);
}

enum api_change api_create_cache(struct api *api, struct api_text name) {
  if (!name_usable(name)) {
    return API_NO_NAME;
  }
  if (broker_has_cache(api->broker, name.bytes, name.length)) {
    return API_AS_BEFORE;
  }
  return broker_add_cache(api->broker, name.bytes, name.length) ? API_CHANGED : API_NO_MEMORY;
}

enum api_change api_delete_cache(struct api *api, struct api_text name, uint64_t now_ms) {
  if (!name_usable(name)) {
    return API_NO_NAME;
  }
  struct answer *answer = api_refuse(api, 404, "Cache not found");
  const bool removed = broker_remove_cache(api->broker, name.bytes, name.length, answer, now_ms);
  answer_release(answer);
  return removed ? API_CHANGED : API_AS_BEFORE;
}

enum api_change api_drop_topic(struct api *api, struct api_text cache, struct api_text topic,
                               uint64_t now_ms) {
  if (!name_usable(cache) || !name_usable(topic)) {
    return API_NO_NAME;
  }
  char bytes[2 * API_NAME_MAX_BYTES + 1];
  memcpy(bytes, cache.bytes, cache.length);
  bytes[cache.length] = '\0';
  memcpy(bytes + cache.length + 1, topic.bytes, topic.length);
  const struct topic_name name = {bytes, cache.length + 1 + topic.length, cache.length};
  return broker_drop_topic(api->broker, &name, now_ms) ? API_CHANGED : API_AS_BEFORE;
}

void api_block(struct api *api, bool blocked, uint64_t now_ms) {
  api->is_blocked = blocked;
  if (blocked) {
    broker_turn_away(api->broker, api->blocked, now_ms);
  }
}

bool api_is_blocked(const struct api *api) {
  return api->is_blocked;
}

struct api_totals api_totals(const struct api *api) {
  const struct broker_counters counters = broker_counters(api->broker);
  return (struct api_totals){
      .caches = broker_topics(api->broker)->caches.count,
      .topics = broker_topic_count(api->broker),
      .waiters = broker_waiter_count(api->broker),
      .messages = counters.messages,
      .message_bytes = counters.bytes,
      .polls = counters.polls,
      .discontinuities = counters.discontinuities,
  };
}

void api_visit_caches(const struct api *api, void (*visit)(void *context, struct api_text name),
                      void *context) {
  const struct table *caches = &broker_topics(api->broker)->caches;
  for (struct table_entry *entry = NULL; (entry = table_after(caches, entry)) != NULL;) {
    visit(context, (struct api_text){entry->name, entry->length});
  }
}

static size_t count_links(const struct list_link *head) {
  size_t count = 0;
  for (const struct list_link *link = head->next; link != head; link = link->next) {
    count++;
  }
  return count;
}

void api_visit_topics(const struct api *api,
                      void (*visit)(void *context, const struct api_topic *topic), void *context) {
  const struct topics *topics = broker_topics(api->broker);
  for (struct topic *topic = NULL; (topic = topics_after(topics, topic)) != NULL;) {
    const struct topic_name name = topics_name(topic);
    const size_t topic_at = name.cache_length + 1;
    const struct api_topic told = {
        .cache = {name.bytes, name.cache_length},
        .name = {name.bytes + topic_at, name.length - topic_at},
        .waiters = count_links(&topic->waiters),
        .messages = topic->ring.count,
        .bytes = topic->ring.bytes,
        .next_sequence_number = topic->ring.next,
        .sequence_page = topic->page,
    };
    visit(context, &told);
  }
}
