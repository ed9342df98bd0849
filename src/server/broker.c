/* A topic is in the table as long as it exists; in the idle list, longest unused first, as long as
   nobody waits for it. A waiter is in its topic's list and among the deadlines. */
#include "broker.h"

#include "batch.h"
#include "deadlines.h"
#include "list.h"
#include "sequence.h"

#include "../wire/envelope.h"

#include <stdlib.h>
#include <string.h>

struct cache {
  struct table_entry entry; /* the name follows the structure, here and below */
};

struct topic {
  struct table_entry entry; /* by cache, NUL, topic */
  struct list_link idle;    /* in the broker's idle list, or in none */
  struct list_link waiters;
  struct ring ring;
  uint64_t page;
  uint64_t used_ms;
};

/* The answer built last: those who just missed a message come back one after the other and are all
   told the same. A page belongs to one topic alone, so (page, plan) says what was told. */
struct told {
  uint64_t page;
  struct sequence_plan plan;
  struct answer *answer;
};

struct broker {
  struct broker_options options;
  struct table caches;
  struct table topics;
  struct list_link idle;
  struct deadlines deadlines;
  struct told told;
  struct answer *nothing;     /* {"items":[]} */
  struct answer *unavailable; /* for waiters, when there is no memory for their answer */
  char *scratch;              /* where an element is written before its length is known */
  bool draining;
};

struct broker *broker_new(const struct broker_options *options) {
  struct broker *broker = calloc(1, sizeof *broker);
  if (broker == NULL) {
    return NULL;
  }
  broker->options = *options;
  list_start(&broker->idle);
  deadlines_start(&broker->deadlines);
  const struct sequence_plan nothing = {.positioned = true};
  const bool has_caches = table_start(&broker->caches, options->seed);
  const bool has_topics = table_start(&broker->topics, options->seed);
  broker->nothing = batch_answer(NULL, 0, &nothing, 0);
  broker->unavailable = answer_error(503, "Out of memory", NULL, "Retry-After: 1\r\n");
  broker->scratch = malloc(envelope_message_max(options->max_message_bytes, 0));
  if (!has_caches || !has_topics || broker->nothing == NULL || broker->unavailable == NULL ||
      broker->scratch == NULL) {
    broker_free(broker);
    return NULL;
  }
  return broker;
}

static struct topic *topic_of(struct table_entry *entry) {
  return LIST_OWNER(entry, struct topic, entry);
}

static void evict(struct broker *broker, struct topic *topic) {
  list_remove(&topic->idle);
  table_remove(&broker->topics, &topic->entry);
  ring_end(&topic->ring);
  free(topic);
}

void broker_free(struct broker *broker) {
  if (broker == NULL) {
    return;
  }
  for (struct table_entry *entry; (entry = table_any(&broker->topics)) != NULL;) {
    evict(broker, topic_of(entry));
  }
  for (struct table_entry *entry; (entry = table_any(&broker->caches)) != NULL;) {
    table_remove(&broker->caches, entry);
    free(LIST_OWNER(entry, struct cache, entry));
  }
  table_end(&broker->topics);
  table_end(&broker->caches);
  deadlines_end(&broker->deadlines);
  answer_release(broker->told.answer);
  answer_release(broker->nothing);
  answer_release(broker->unavailable);
  free(broker->scratch);
  free(broker);
}

/* Caches and topics. */

static bool has_cache(const struct broker *broker, const char *name, size_t length) {
  const uint64_t hash = table_hash(&broker->caches, name, length);
  return table_find(&broker->caches, hash, name, length) != NULL;
}

/* Copies name behind a structure of size bytes that starts with its table entry. */
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

bool broker_add_cache(struct broker *broker, const char *name, size_t length) {
  if (has_cache(broker, name, length)) {
    return true;
  }
  struct cache *cache = named_new(&broker->caches, sizeof *cache, name, length);
  if (cache == NULL) {
    return false;
  }
  table_insert(&broker->caches, &cache->entry);
  return true;
}

/* Nobody waits for topic, or it has just been asked for: it is the last to be evicted. */
static void touch(struct broker *broker, struct topic *topic, uint64_t now_ms) {
  topic->used_ms = now_ms;
  list_remove(&topic->idle);
  if (list_empty(&topic->waiters)) {
    list_append(&broker->idle, &topic->idle);
  }
}

static struct topic *longest_idle(const struct broker *broker) {
  return list_empty(&broker->idle) ? NULL : LIST_OWNER(broker->idle.next, struct topic, idle);
}

static enum broker_result make_cache_sure(struct broker *broker, const struct topic_name *name) {
  if (has_cache(broker, name->bytes, name->cache_length)) {
    return BROKER_ANSWERED;
  }
  if (!broker->options.auto_create_caches) {
    return BROKER_NO_CACHE;
  }
  if (broker->caches.count >= broker->options.max_caches) {
    return BROKER_CACHE_LIMIT;
  }
  return broker_add_cache(broker, name->bytes, name->cache_length) ? BROKER_ANSWERED
                                                                   : BROKER_NO_MEMORY;
}

static enum broker_result create(struct broker *broker, const struct topic_name *name,
                                 uint64_t now_ms, struct topic **topic) {
  const enum broker_result result = make_cache_sure(broker, name);
  if (result != BROKER_ANSWERED) {
    return result;
  }
  if (broker->topics.count >= broker->options.max_topics) {
    if (longest_idle(broker) == NULL) {
      return BROKER_TOPIC_LIMIT;
    }
    evict(broker, longest_idle(broker));
  }
  struct topic *made = named_new(&broker->topics, sizeof *made, name->bytes, name->length);
  if (made == NULL) {
    return BROKER_NO_MEMORY;
  }
  list_start(&made->idle);
  list_start(&made->waiters);
  ring_start(&made->ring);
  made->page = pages_next(broker->options.pages, now_ms / 1000);
  table_insert(&broker->topics, &made->entry);
  *topic = made;
  return BROKER_ANSWERED;
}

/* The topic of that name as it stands at now_ms, made when it is new. */
static enum broker_result find(struct broker *broker, const struct topic_name *name,
                               uint64_t now_ms, struct topic **topic) {
  const uint64_t hash = table_hash(&broker->topics, name->bytes, name->length);
  struct table_entry *entry = table_find(&broker->topics, hash, name->bytes, name->length);
  if (entry == NULL) {
    return create(broker, name, now_ms, topic);
  }
  *topic = topic_of(entry);
  ring_trim(&(*topic)->ring, &broker->options.bounds, now_ms);
  return BROKER_ANSWERED;
}

/* Answers. */

static struct sequence_state state_of(const struct topic *topic) {
  return (struct sequence_state){topic->page, ring_first(&topic->ring), topic->ring.next};
}

static bool same_plan(const struct sequence_plan *a, const struct sequence_plan *b) {
  return a->gap == b->gap && a->last == b->last && a->from == b->from && a->until == b->until;
}

static void remember(struct broker *broker, const struct topic *topic,
                     const struct sequence_plan *plan, struct answer *answer) {
  answer_release(broker->told.answer);
  broker->told = (struct told){topic->page, *plan, answer_retain(answer)};
}

/* One reference to the answer that plan asks for. NULL: no memory. */
static struct answer *tell(struct broker *broker, const struct topic *topic,
                           const struct sequence_plan *plan) {
  if (!plan->gap && plan->from == plan->until) {
    return answer_retain(broker->nothing);
  }
  if (broker->told.answer != NULL && broker->told.page == topic->page &&
      same_plan(&broker->told.plan, plan)) {
    return answer_retain(broker->told.answer);
  }
  struct answer *answer =
      batch_answer(&topic->ring, topic->page, plan, broker->options.max_batch_bytes);
  if (answer != NULL) {
    remember(broker, topic, plan, answer);
  }
  return answer;
}

/* Waiters. */

static bool wait_for(struct broker *broker, struct topic *topic, struct waiter *waiter,
                     bool positioned, uint64_t now_ms) {
  const uint64_t hold_ms = broker->options.hold_ms;
  waiter->deadline_ms = now_ms > UINT64_MAX - hold_ms ? UINT64_MAX : now_ms + hold_ms;
  if (!deadlines_add(&broker->deadlines, waiter)) {
    return false;
  }
  waiter->positioned = positioned;
  waiter->topic = topic;
  list_append(&topic->waiters, &waiter->link);
  return true;
}

void broker_leave(struct broker *broker, struct waiter *waiter, uint64_t now_ms) {
  struct topic *topic = waiter->topic;
  if (topic == NULL) {
    return;
  }
  waiter->topic = NULL;
  list_remove(&waiter->link);
  deadlines_remove(&broker->deadlines, waiter);
  if (list_empty(&topic->waiters)) {
    touch(broker, topic, now_ms);
  }
}

static void wake(struct broker *broker, struct waiter *waiter, struct answer *answer,
                 uint64_t now_ms) {
  broker_leave(broker, waiter, now_ms);
  broker->options.wake(waiter, answer_retain(answer));
}

static void wake_at_hold(struct broker *broker, struct waiter *waiter, uint64_t now_ms) {
  const struct sequence_state state = state_of(waiter->topic);
  const struct sequence_plan plan = sequence_plan_hold(&state, waiter->positioned);
  struct answer *answer = tell(broker, waiter->topic, &plan);
  wake(broker, waiter, answer != NULL ? answer : broker->unavailable, now_ms);
  answer_release(answer);
}

/* What the API asks for. */

static struct message *encode(struct broker *broker, const struct topic *topic,
                              const struct broker_value *value, uint64_t now_ms) {
  const size_t length = envelope_write_message(broker->scratch, topic->ring.next, topic->page,
                                               value->binary, value->bytes, value->length, NULL, 0);
  return message_new(broker->scratch, length, now_ms);
}

enum broker_result broker_publish(struct broker *broker, const struct topic_name *name,
                                  const struct broker_value *value, uint64_t now_ms) {
  struct topic *topic = NULL;
  const enum broker_result result = find(broker, name, now_ms, &topic);
  if (result != BROKER_ANSWERED) {
    return result;
  }
  touch(broker, topic, now_ms);
  struct message *message = encode(broker, topic, value, now_ms);
  const bool waited_for = !list_empty(&topic->waiters);
  struct answer *answer = NULL;
  if (message == NULL || !ring_reserve(&topic->ring, &broker->options.bounds) ||
      (waited_for && (answer = batch_message(message)) == NULL)) {
    free(message);
    return BROKER_NO_MEMORY;
  }
  const uint64_t number = topic->ring.next;
  ring_push(&topic->ring, &broker->options.bounds, message);
  if (waited_for) {
    const struct sequence_plan plan = {.from = number, .until = number + 1};
    remember(broker, topic, &plan, answer);
    while (!list_empty(&topic->waiters)) {
      wake(broker, LIST_OWNER(topic->waiters.next, struct waiter, link), answer, now_ms);
    }
    answer_release(answer);
  }
  return BROKER_PUBLISHED;
}

enum broker_result broker_poll(struct broker *broker, const struct topic_name *name,
                               uint64_t number, uint64_t page, uint64_t now_ms,
                               struct waiter *waiter, struct answer **answer) {
  struct topic *topic = NULL;
  const enum broker_result result = find(broker, name, now_ms, &topic);
  if (result != BROKER_ANSWERED) {
    return result;
  }
  const struct sequence_state state = state_of(topic);
  struct sequence_plan plan = sequence_plan(&state, number, page);
  if (plan.waits && broker->draining) {
    plan = sequence_plan_hold(&state, plan.positioned);
  }
  const bool waiting = plan.waits && wait_for(broker, topic, waiter, plan.positioned, now_ms);
  touch(broker, topic, now_ms);
  if (waiting) {
    return BROKER_WAITING;
  }
  *answer = plan.waits ? NULL : tell(broker, topic, &plan);
  return *answer == NULL ? BROKER_NO_MEMORY : BROKER_ANSWERED;
}

/* When topic is evicted if nothing comes. */
static uint64_t eviction_ms(const struct broker *broker, const struct topic *topic) {
  const uint64_t idle_ms = broker->options.idle_ms;
  return topic->used_ms > UINT64_MAX - idle_ms ? UINT64_MAX : topic->used_ms + idle_ms;
}

void broker_tick(struct broker *broker, uint64_t now_ms) {
  for (struct waiter *waiter;
       (waiter = deadlines_first(&broker->deadlines)) != NULL && waiter->deadline_ms <= now_ms;) {
    wake_at_hold(broker, waiter, now_ms);
  }
  for (struct topic *topic;
       (topic = longest_idle(broker)) != NULL && eviction_ms(broker, topic) <= now_ms;) {
    evict(broker, topic);
  }
}

uint64_t broker_next_tick(const struct broker *broker) {
  const struct waiter *waiter = deadlines_first(&broker->deadlines);
  const struct topic *topic = longest_idle(broker);
  const uint64_t hold = waiter == NULL ? UINT64_MAX : waiter->deadline_ms;
  const uint64_t idle = topic == NULL ? UINT64_MAX : eviction_ms(broker, topic);
  return hold < idle ? hold : idle;
}

void broker_drain(struct broker *broker, uint64_t now_ms) {
  broker->draining = true;
  for (struct waiter *waiter; (waiter = deadlines_first(&broker->deadlines)) != NULL;) {
    wake_at_hold(broker, waiter, now_ms);
  }
}

size_t broker_waiter_count(const struct broker *broker) {
  return broker->deadlines.count;
}

size_t broker_topic_count(const struct broker *broker) {
  return broker->topics.count;
}
