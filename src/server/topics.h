/* The caches, the topics in them, and which topic is given up when there are too many or nobody
   uses it. Knows that a topic has waiters, not what they wait for. */
#ifndef TOPICSD_TOPICS_H
#define TOPICSD_TOPICS_H

#include "list.h"
#include "pages.h"
#include "ring.h"
#include "table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct topic {
  struct table_entry entry; /* by its name, which follows the structure */
  struct list_link idle;    /* among the topics that nobody waits for, or in no list */
  struct list_link waiters;
  struct ring ring;
  uint64_t page;
  uint64_t used_ms;
};

struct topics_options {
  size_t max_topics;
  size_t max_caches;
  bool auto_create_caches;
  uint64_t idle_ms;
  unsigned char seed[TABLE_SEED_SIZE];
  struct pages *pages;
};

struct topics {
  struct topics_options options;
  struct table caches;
  struct table topics;
  struct list_link idle; /* longest unused first */
};

struct topic_name {
  const char *bytes; /* cache, one NUL, topic; names have no NUL in them */
  size_t length;     /* of all that */
  size_t cache_length;
};

enum topics_result {
  TOPICS_FOUND,
  TOPICS_NO_CACHE,
  TOPICS_CACHE_LIMIT,
  TOPICS_TOPIC_LIMIT, /* as many as may be, and all of them polled */
  TOPICS_NO_MEMORY
};

/* false: no memory; topics_end all the same. */
bool topics_start(struct topics *topics, const struct topics_options *options);

/* Nobody waits any more. */
void topics_end(struct topics *topics);

/* Makes a cache, unless it is there. false: no memory. Does not look at max_caches. */
bool topics_add_cache(struct topics *topics, const char *name, size_t length);

bool topics_has_cache(const struct topics *topics, const char *name, size_t length);

/* Takes a cache away; false: there is none. Its topics are the caller's to give up before. */
bool topics_remove_cache(struct topics *topics, const char *name, size_t length);

/* The topic of that name as it is, or NULL. */
struct topic *topics_look_up(const struct topics *topics, const struct topic_name *name);

/* The name that topics_find was given. */
struct topic_name topics_name(const struct topic *topic);

/* The topic after that one, in no particular order; of NULL, the first. NULL: there is none. The
   one held may only be given up once the one after it is known. */
struct topic *topics_after(const struct topics *topics, const struct topic *topic);

/* Forgets a topic, which nobody waits for, and its messages. */
void topics_give_up(struct topics *topics, struct topic *topic);

/* *topic: the one of that name, with a page of its own when it is new. */
enum topics_result topics_find(struct topics *topics, const struct topic_name *name,
                               uint64_t now_ms, struct topic **topic);

/* topic was used, or its last waiter has gone: it is the last now to be given up. One with waiters
   is not given up at all. */
void topics_touch(struct topics *topics, struct topic *topic, uint64_t now_ms);

/* Gives up the topics that were idle too long. */
void topics_evict(struct topics *topics, uint64_t now_ms);

/* When topics_evict has something to do, if no topic is used until then; UINT64_MAX: never. */
uint64_t topics_next_eviction(const struct topics *topics);

#endif
