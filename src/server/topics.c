/* Two tables, of caches by name and of topics by cache and name, and the list of idle topics. */
#include "topics.h"

#include <stdlib.h>
#include <string.h>

struct cache {
  struct table_entry entry; /* by its name, which follows the structure */
};

bool topics_start(struct topics *topics, const struct topics_options *options) {
  topics->options = *options;
  list_start(&topics->idle);
  const bool has_caches = table_start(&topics->caches, options->seed);
  const bool has_topics = table_start(&topics->topics, options->seed);
  return has_caches && has_topics;
}

static struct topic *topic_of(struct table_entry *entry) {
  return LIST_OWNER(entry, struct topic, entry);
}

void topics_give_up(struct topics *topics, struct topic *topic) {
  list_remove(&topic->idle);
  table_remove(&topics->topics, &topic->entry);
  ring_end(&topic->ring);
  free(topic);
}

void topics_end(struct topics *topics) {
  for (struct table_entry *entry; (entry = table_any(&topics->topics)) != NULL;) {
    topics_give_up(topics, topic_of(entry));
  }
  for (struct table_entry *entry; (entry = table_any(&topics->caches)) != NULL;) {
    table_remove(&topics->caches, entry);
    free(LIST_OWNER(entry, struct cache, entry));
  }
  table_end(&topics->topics);
  table_end(&topics->caches);
}

/* A structure of size bytes that begins with its table entry, and its name behind it. */
static void *named_new(const struct table *table, size_t size, const char *name, size_t length) {
  struct table_entry *entry = malloc(size + length);
  if (entry != NULL) {
    char *copy = (char *)entry + size;
    memcpy(copy, name, length);
    *entry = (struct table_entry){
        .hash = table_hash(table, name, length), .name = copy, .length = length};
  }
  return entry;
}

bool topics_has_cache(const struct topics *topics, const char *name, size_t length) {
  const uint64_t hash = table_hash(&topics->caches, name, length);
  return table_find(&topics->caches, hash, name, length) != NULL;
}

bool topics_add_cache(struct topics *topics, const char *name, size_t length) {
  if (topics_has_cache(topics, name, length)) {
    return true;
  }
  struct cache *cache = named_new(&topics->caches, sizeof *cache, name, length);
  if (cache == NULL) {
    return false;
  }
  table_insert(&topics->caches, &cache->entry);
  return true;
}

bool topics_remove_cache(struct topics *topics, const char *name, size_t length) {
  const uint64_t hash = table_hash(&topics->caches, name, length);
  struct table_entry *entry = table_find(&topics->caches, hash, name, length);
  if (entry == NULL) {
    return false;
  }
  table_remove(&topics->caches, entry);
  free(LIST_OWNER(entry, struct cache, entry));
  return true;
}

static enum topics_result make_cache_sure(struct topics *topics, const struct topic_name *name) {
  if (topics_has_cache(topics, name->bytes, name->cache_length)) {
    return TOPICS_FOUND;
  }
  if (!topics->options.auto_create_caches) {
    return TOPICS_NO_CACHE;
  }
  if (topics->caches.count >= topics->options.max_caches) {
    return TOPICS_CACHE_LIMIT;
  }
  return topics_add_cache(topics, name->bytes, name->cache_length) ? TOPICS_FOUND
                                                                   : TOPICS_NO_MEMORY;
}

static struct topic *longest_idle(const struct topics *topics) {
  return list_empty(&topics->idle) ? NULL : LIST_OWNER(topics->idle.next, struct topic, idle);
}

static enum topics_result make_room(struct topics *topics) {
  if (topics->topics.count < topics->options.max_topics) {
    return TOPICS_FOUND;
  }
  struct topic *idle = longest_idle(topics);
  if (idle == NULL) {
    return TOPICS_TOPIC_LIMIT;
  }
  topics_give_up(topics, idle);
  return TOPICS_FOUND;
}

static enum topics_result create(struct topics *topics, const struct topic_name *name,
                                 uint64_t now_ms, struct topic **topic) {
  enum topics_result result = make_cache_sure(topics, name);
  if (result == TOPICS_FOUND) {
    result = make_room(topics);
  }
  if (result != TOPICS_FOUND) {
    return result;
  }
  struct topic *made = named_new(&topics->topics, sizeof *made, name->bytes, name->length);
  if (made == NULL) {
    return TOPICS_NO_MEMORY;
  }
  list_start(&made->idle);
  list_start(&made->waiters);
  ring_start(&made->ring);
  made->page = pages_next(topics->options.pages, now_ms / 1000);
  table_insert(&topics->topics, &made->entry);
  *topic = made;
  topics_touch(topics, made, now_ms);
  return TOPICS_FOUND;
}

struct topic *topics_look_up(const struct topics *topics, const struct topic_name *name) {
  const uint64_t hash = table_hash(&topics->topics, name->bytes, name->length);
  struct table_entry *entry = table_find(&topics->topics, hash, name->bytes, name->length);
  return entry == NULL ? NULL : topic_of(entry);
}

enum topics_result topics_find(struct topics *topics, const struct topic_name *name,
                               uint64_t now_ms, struct topic **topic) {
  *topic = topics_look_up(topics, name);
  return *topic == NULL ? create(topics, name, now_ms, topic) : TOPICS_FOUND;
}

struct topic_name topics_name(const struct topic *topic) {
  const char *bytes = topic->entry.name;
  return (struct topic_name){bytes, topic->entry.length, strlen(bytes)};
}

struct topic *topics_after(const struct topics *topics, const struct topic *topic) {
  struct table_entry *entry = table_after(&topics->topics, topic == NULL ? NULL : &topic->entry);
  return entry == NULL ? NULL : topic_of(entry);
}

void topics_touch(struct topics *topics, struct topic *topic, uint64_t now_ms) {
  topic->used_ms = now_ms;
  list_remove(&topic->idle);
  if (list_empty(&topic->waiters)) {
    list_append(&topics->idle, &topic->idle);
  }
}

static uint64_t eviction_ms(const struct topics *topics, const struct topic *topic) {
  const uint64_t idle_ms = topics->options.idle_ms;
  return topic->used_ms > UINT64_MAX - idle_ms ? UINT64_MAX : topic->used_ms + idle_ms;
}

void topics_evict(struct topics *topics, uint64_t now_ms) {
  for (struct topic *topic;
       (topic = longest_idle(topics)) != NULL && eviction_ms(topics, topic) <= now_ms;) {
    topics_give_up(topics, topic);
  }
}

uint64_t topics_next_eviction(const struct topics *topics) {
  const struct topic *topic = longest_idle(topics);
  return topic == NULL ? UINT64_MAX : eviction_ms(topics, topic);
}
