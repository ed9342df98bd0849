/* Who waits for which topic: publish hands a message to everybody who waits and keeps
   it for those who come later; poll answers or waits. Knows nothing of HTTP requests, credentials
   or sockets. One answer is built for all who are told the same. */
#ifndef TOPICSD_BROKER_H
#define TOPICSD_BROKER_H

#include "answer.h"
#include "pages.h"
#include "ring.h"
#include "topics.h"
#include "waiter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct broker;

struct broker_options { /* see api.h for what each means */
  struct topics_options topics;
  struct ring_bounds bounds;
  size_t max_message_bytes; /* longest value that broker_publish is given */
  size_t max_publisher_id_bytes;
  size_t max_batch_bytes;
  uint64_t hold_ms;
  struct answer *expired; /* for polls whose permission ends while they wait; borrowed */
  void (*wake)(struct waiter *waiter, struct answer *answer);
};

enum broker_result {
  BROKER_PUBLISHED,
  BROKER_ANSWERED, /* *answer is set, the reference is the caller's */
  BROKER_WAITING,
  BROKER_NO_CACHE,
  BROKER_CACHE_LIMIT,
  BROKER_TOPIC_LIMIT,
  BROKER_POLL_LIMIT,
  BROKER_NO_MEMORY /* nothing has changed */
};

struct broker_value {
  const char *bytes; /* text is valid UTF-8 */
  size_t length;
  bool binary;
  const char *publisher_id; /* valid UTF-8, or NULL */
  size_t publisher_id_length;
};

struct broker_poll {
  uint64_t number; /* where to go on from */
  uint64_t page;
  uint64_t expires_ms; /* when the permission to poll ends; UINT64_MAX: never */
  bool may_wait;       /* else a poll that would have to is BROKER_POLL_LIMIT */
  uint32_t *count;     /* goes up when it waits and down when that ends; or NULL */
};

struct broker_counters {    /* since the start */
  uint64_t messages;        /* published */
  uint64_t bytes;           /* of their values */
  uint64_t polls;           /* that were answered, or wait */
  uint64_t discontinuities; /* told to those who asked for what was not there */
};

/* NULL: no memory. */
struct broker *broker_new(const struct broker_options *options);
void broker_free(struct broker *broker);

/* Makes a cache, unless it is there. false: no memory. Does not look at max_caches. */
bool broker_add_cache(struct broker *broker, const char *name, size_t length);

bool broker_has_cache(const struct broker *broker, const char *name, size_t length);

/* Takes a cache and its topics away, and gives their waiters that answer (borrowed). false: there
   is no such cache. */
bool broker_remove_cache(struct broker *broker, const char *name, size_t length,
                         struct answer *answer, uint64_t now_ms);

/* Forgets a topic; its waiters are answered as if their holds were over, and learn of the new page
   when they come back. false: there is no such topic. */
bool broker_drop_topic(struct broker *broker, const struct topic_name *name, uint64_t now_ms);

/* Gives all waiters that answer (borrowed). */
void broker_turn_away(struct broker *broker, struct answer *answer, uint64_t now_ms);

/* What there is, to be gone through; nothing may be changed meanwhile. */
const struct topics *broker_topics(const struct broker *broker);

/* Gives the message the topic's next number and wakes all its waiters. */
enum broker_result broker_publish(struct broker *broker, const struct topic_name *name,
                                  const struct broker_value *value, uint64_t now_ms);

/* A poll, as protocol section 3 has it. */
enum broker_result broker_poll(struct broker *broker, const struct topic_name *name,
                               const struct broker_poll *poll, uint64_t now_ms,
                               struct waiter *waiter, struct answer **answer);

/* The waiter goes without an answer. Nothing when it is not waiting. */
void broker_leave(struct broker *broker, struct waiter *waiter, uint64_t now_ms);

/* Answers holds that are over, evicts idle topics. */
void broker_tick(struct broker *broker, uint64_t now_ms);

/* When broker_tick has something to do next; UINT64_MAX: never, as things are. */
uint64_t broker_next_tick(const struct broker *broker);

/* Answers all waiters as if their holds were over, and lets nobody wait any more. */
void broker_drain(struct broker *broker, uint64_t now_ms);

struct broker_counters broker_counters(const struct broker *broker);
size_t broker_waiter_count(const struct broker *broker);
size_t broker_topic_count(const struct broker *broker);

#endif
