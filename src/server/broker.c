/* A waiter is in its topic's list and among the deadlines, or in neither. */
#include "broker.h"

#include "batch.h"
#include "deadlines.h"
#include "list.h"
#include "sequence.h"
#include "topics.h"

#include "../wire/envelope.h"

#include <stdlib.h>
#include <string.h>

/* The answer built last: those who just missed a message come back one after the other and are all
   told the same. A page belongs to one topic alone, so (page, plan) says what was told. */
struct told {
  uint64_t page;
  struct sequence_plan plan;
  struct answer *answer;
};

struct broker {
  struct broker_options options;
  struct topics topics;
  struct deadlines deadlines;
  struct told told;
  struct answer *nothing;     /* {"items":[]} */
  struct answer *unavailable; /* for waiters, when there is no memory for their answer */
  struct broker_counters counters;
  char *scratch; /* where an element is written before its length is known */
  bool draining;
};

struct broker *broker_new(const struct broker_options *options) {
  struct broker *broker = calloc(1, sizeof *broker);
  if (broker == NULL) {
    return NULL;
  }
  broker->options = *options;
  deadlines_start(&broker->deadlines);
  const struct sequence_plan nothing = {.positioned = true};
  const bool has_topics = topics_start(&broker->topics, &options->topics);
  broker->nothing = batch_answer(NULL, 0, &nothing, 0);
  broker->unavailable = answer_error(503, "Out of memory", NULL, "Retry-After: 1\r\n");
  broker->scratch =
      malloc(envelope_message_max(options->max_message_bytes, options->max_publisher_id_bytes));
  if (!has_topics || broker->nothing == NULL || broker->unavailable == NULL ||
      broker->scratch == NULL) {
    broker_free(broker);
    return NULL;
  }
  return broker;
}

void broker_free(struct broker *broker) {
  if (broker == NULL) {
    return;
  }
  topics_end(&broker->topics);
  deadlines_end(&broker->deadlines);
  answer_release(broker->told.answer);
  answer_release(broker->nothing);
  answer_release(broker->unavailable);
  free(broker->scratch);
  free(broker);
}

bool broker_add_cache(struct broker *broker, const char *name, size_t length) {
  return topics_add_cache(&broker->topics, name, length);
}

/* The topic of that name as it stands at now_ms, made when it is new. */
static enum broker_result find(struct broker *broker, const struct topic_name *name,
                               uint64_t now_ms, struct topic **topic) {
  switch (topics_find(&broker->topics, name, now_ms, topic)) {
  case TOPICS_FOUND:
    ring_trim(&(*topic)->ring, &broker->options.bounds, now_ms);
    return BROKER_ANSWERED;
  case TOPICS_NO_CACHE:
    return BROKER_NO_CACHE;
  case TOPICS_CACHE_LIMIT:
    return BROKER_CACHE_LIMIT;
  case TOPICS_TOPIC_LIMIT:
    return BROKER_TOPIC_LIMIT;
  case TOPICS_NO_MEMORY:
    break;
  }
  return BROKER_NO_MEMORY;
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

static enum broker_result wait_for(struct broker *broker, struct topic *topic,
                                   struct waiter *waiter, const struct broker_poll *poll,
                                   uint64_t now_ms) {
  const uint64_t hold_ms = broker->options.hold_ms;
  const uint64_t hold_end_ms = now_ms > UINT64_MAX - hold_ms ? UINT64_MAX : now_ms + hold_ms;
  waiter->expires = poll->expires_ms <= hold_end_ms;
  waiter->deadline_ms = waiter->expires ? poll->expires_ms : hold_end_ms;
  if (!deadlines_add(&broker->deadlines, waiter)) {
    return BROKER_NO_MEMORY;
  }
  waiter->positioned = poll->number != 0 || poll->page != 0;
  waiter->count = poll->count;
  if (waiter->count != NULL) {
    ++*waiter->count;
  }
  waiter->topic = topic;
  list_append(&topic->waiters, &waiter->link);
  topics_touch(&broker->topics, topic, now_ms);
  return BROKER_WAITING;
}

void broker_leave(struct broker *broker, struct waiter *waiter, uint64_t now_ms) {
  struct topic *topic = waiter->topic;
  if (topic == NULL) {
    return;
  }
  waiter->topic = NULL;
  list_remove(&waiter->link);
  deadlines_remove(&broker->deadlines, waiter);
  if (waiter->count != NULL) {
    --*waiter->count;
  }
  if (list_empty(&topic->waiters)) {
    topics_touch(&broker->topics, topic, now_ms);
  }
}

/* Nobody is told a thing that is no longer permitted to hear it. */
static void wake(struct broker *broker, struct waiter *waiter, struct answer *answer,
                 uint64_t now_ms) {
  const bool expired = waiter->expires && waiter->deadline_ms <= now_ms;
  broker_leave(broker, waiter, now_ms);
  broker->options.wake(waiter, answer_retain(expired ? broker->options.expired : answer));
}

static void wake_at_hold(struct broker *broker, struct waiter *waiter, uint64_t now_ms) {
  const struct sequence_state state = state_of(waiter->topic);
  const struct sequence_plan plan = sequence_plan_hold(&state, waiter->positioned);
  struct answer *answer = tell(broker, waiter->topic, &plan);
  wake(broker, waiter, answer != NULL ? answer : broker->unavailable, now_ms);
  answer_release(answer);
}

void broker_turn_away(struct broker *broker, struct answer *answer, uint64_t now_ms) {
  for (struct waiter *waiter; (waiter = deadlines_first(&broker->deadlines)) != NULL;) {
    wake(broker, waiter, answer, now_ms);
  }
}

static struct waiter *first_waiter(const struct topic *topic) {
  return list_empty(&topic->waiters) ? NULL : LIST_OWNER(topic->waiters.next, struct waiter, link);
}

/* What an operator asks for. */

bool broker_has_cache(const struct broker *broker, const char *name, size_t length) {
  return topics_has_cache(&broker->topics, name, length);
}

bool broker_remove_cache(struct broker *broker, const char *name, size_t length,
                         struct answer *answer, uint64_t now_ms) {
  struct topic *topic = topics_after(&broker->topics, NULL);
  while (topic != NULL) {
    struct topic *after = topics_after(&broker->topics, topic);
    const struct topic_name of = topics_name(topic);
    if (of.cache_length == length && memcmp(of.bytes, name, length) == 0) {
      for (struct waiter *waiter; (waiter = first_waiter(topic)) != NULL;) {
        wake(broker, waiter, answer, now_ms);
      }
      topics_give_up(&broker->topics, topic);
    }
    topic = after;
  }
  return topics_remove_cache(&broker->topics, name, length);
}

bool broker_drop_topic(struct broker *broker, const struct topic_name *name, uint64_t now_ms) {
  struct topic *topic = topics_look_up(&broker->topics, name);
  if (topic == NULL) {
    return false;
  }
  for (struct waiter *waiter; (waiter = first_waiter(topic)) != NULL;) {
    wake_at_hold(broker, waiter, now_ms);
  }
  topics_give_up(&broker->topics, topic);
  return true;
}

const struct topics *broker_topics(const struct broker *broker) {
  return &broker->topics;
}

/* What the API asks for. */

static struct message *encode(struct broker *broker, const struct topic *topic,
                              const struct broker_value *value, uint64_t now_ms) {
  const size_t length = envelope_write_message(broker->scratch, topic->ring.next, topic->page,
                                               value->binary, value->bytes, value->length,
                                               value->publisher_id, value->publisher_id_length);
  return message_new(broker->scratch, length, now_ms);
}

enum broker_result broker_publish(struct broker *broker, const struct topic_name *name,
                                  const struct broker_value *value, uint64_t now_ms) {
  struct topic *topic = NULL;
  const enum broker_result result = find(broker, name, now_ms, &topic);
  if (result != BROKER_ANSWERED) {
    return result;
  }
  topics_touch(&broker->topics, topic, now_ms);
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
  broker->counters.messages++;
  broker->counters.bytes += value->length;
  if (waited_for) {
    const struct sequence_plan plan = {.from = number, .until = number + 1};
    remember(broker, topic, &plan, answer);
    for (struct waiter *waiter; (waiter = first_waiter(topic)) != NULL;) {
      wake(broker, waiter, answer, now_ms);
    }
    answer_release(answer);
  }
  return BROKER_PUBLISHED;
}

enum broker_result broker_poll(struct broker *broker, const struct topic_name *name,
                               const struct broker_poll *poll, uint64_t now_ms,
                               struct waiter *waiter, struct answer **answer) {
  struct topic *topic = NULL;
  const enum broker_result result = find(broker, name, now_ms, &topic);
  if (result != BROKER_ANSWERED) {
    return result;
  }
  const struct sequence_state state = state_of(topic);
  struct sequence_plan plan = sequence_plan(&state, poll->number, poll->page);
  broker->counters.discontinuities += plan.gap && !plan.waits;
  if (plan.waits && broker->draining) {
    plan = sequence_plan_hold(&state, plan.positioned);
  }
  if (plan.waits && !poll->may_wait) {
    return BROKER_POLL_LIMIT;
  }
  broker->counters.polls++;
  if (plan.waits) {
    return wait_for(broker, topic, waiter, poll, now_ms);
  }
  topics_touch(&broker->topics, topic, now_ms);
  *answer = tell(broker, topic, &plan);
  return *answer == NULL ? BROKER_NO_MEMORY : BROKER_ANSWERED;
}

void broker_tick(struct broker *broker, uint64_t now_ms) {
  for (struct waiter *waiter;
       (waiter = deadlines_first(&broker->deadlines)) != NULL && waiter->deadline_ms <= now_ms;) {
    wake_at_hold(broker, waiter, now_ms);
  }
  topics_evict(&broker->topics, now_ms);
}

uint64_t broker_next_tick(const struct broker *broker) {
  const struct waiter *waiter = deadlines_first(&broker->deadlines);
  const uint64_t hold = waiter == NULL ? UINT64_MAX : waiter->deadline_ms;
  const uint64_t idle = topics_next_eviction(&broker->topics);
  return hold < idle ? hold : idle;
}

void broker_drain(struct broker *broker, uint64_t now_ms) {
  broker->draining = true;
  for (struct waiter *waiter; (waiter = deadlines_first(&broker->deadlines)) != NULL;) {
    wake_at_hold(broker, waiter, now_ms);
  }
}

struct broker_counters broker_counters(const struct broker *broker) {
  return broker->counters;
}

size_t broker_waiter_count(const struct broker *broker) {
  return broker->deadlines.count;
}

size_t broker_topic_count(const struct broker *broker) {
  return broker->topics.topics.count;
}
