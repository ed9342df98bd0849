/* What an operator does to a running API, and sees of it: the admin port and SIGHUP are made of
   this. Checks no credentials. As in api.h, no call blocks, and waiters are woken within the call.
 */
#ifndef TOPICSD_API_ADMIN_H
#define TOPICSD_API_ADMIN_H

#include "api.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum api_change {
  API_CHANGED,
  API_AS_BEFORE, /* there is such a cache already; there is no such cache, or topic, to take away */
  API_NO_NAME,   /* it can be no name: empty, too long, or with a control character */
  API_NO_MEMORY
};

/* Replaces the keys; polls that wait are not asked again. Returns false, and nothing has changed,
   when there is no memory or a key cannot be used. */
bool api_set_keys(struct api *api, const char *const *keys, size_t key_count);

/* Names are as they are, not percent-encoded. */
enum api_change api_create_cache(struct api *api, struct api_text name);

/* Polls that wait in it are told 404. */
enum api_change api_delete_cache(struct api *api, struct api_text name, uint64_t now_ms);

/* Polls that wait for it are answered as if their hold were over. */
enum api_change api_drop_topic(struct api *api, struct api_text cache, struct api_text topic,
                               uint64_t now_ms);

/* While blocked, everybody is told 503, waiting polls included. */
void api_block(struct api *api, bool blocked, uint64_t now_ms);
bool api_is_blocked(const struct api *api);

struct api_totals {
  size_t caches, topics, waiters; /* now */
  uint64_t messages;              /* since the start: published */
  uint64_t message_bytes;
  uint64_t polls;           /* let in */
  uint64_t discontinuities; /* told to those who asked for what was not there */
};

struct api_totals api_totals(const struct api *api);

struct api_topic {
  struct api_text cache;
  struct api_text name;
  size_t waiters;
  size_t messages; /* retained, and the bytes of them as in an answer */
  size_t bytes;
  uint64_t next_sequence_number;
  uint64_t sequence_page;
};

/* Calls visit for each; it must not call the API. */
void api_visit_caches(const struct api *api, void (*visit)(void *context, struct api_text name),
                      void *context);
void api_visit_topics(const struct api *api,
                      void (*visit)(void *context, const struct api_topic *topic), void *context);

#endif
