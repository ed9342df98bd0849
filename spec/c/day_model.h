/* What a broker ought to do, written as plainly as can be for the day spec to compare with: arrays
   that are searched, answers printed with printf, no sharing, nothing of the broker's own code. */
#ifndef TOPICSD_SPEC_DAY_MODEL_H
#define TOPICSD_SPEC_DAY_MODEL_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  MODEL_TOPICS = 40,
  MODEL_TOPICS_AT_ONCE = 24,
  MODEL_MESSAGES = 8,
  MODEL_BYTES = 900,
  MODEL_BATCH_BYTES = 500,
  MODEL_AGE_MS = 20000,
  MODEL_HOLD_MS = 30000,
  MODEL_IDLE_MS = 90000,
  MODEL_ELEMENT_SIZE = 256,
  MODEL_BODY_SIZE = 4096
};

struct model_message {
  uint64_t number;
  uint64_t published_ms;
  char element[MODEL_ELEMENT_SIZE];
};

struct model_topic {
  bool exists;
  uint64_t page;
  uint64_t next;
  uint64_t used_ms;
  uint64_t used_turn; /* tells apart what was used within one millisecond */
  unsigned waiting;
  struct model_message kept[MODEL_MESSAGES]; /* oldest first */
  size_t count;
};

struct model {
  struct model_topic topics[MODEL_TOPICS];
  uint64_t last_page;
  uint64_t turn;
};

static inline void model_drop_oldest(struct model_topic *topic) {
  topic->count--;
  memmove(topic->kept, topic->kept + 1, topic->count * sizeof topic->kept[0]);
}

static inline void model_use(struct model *model, struct model_topic *topic, uint64_t now_ms) {
  topic->used_ms = now_ms;
  topic->used_turn = model->turn++;
}

static inline size_t model_topic_count(const struct model *model) {
  size_t count = 0;
  for (size_t i = 0; i < MODEL_TOPICS; i++)
    count += model->topics[i].exists;
  return count;
}

/* The topic that is the first to be evicted, or NULL when all are polled. */
static inline struct model_topic *model_oldest(struct model *model) {
  struct model_topic *oldest = NULL;
  for (size_t i = 0; i < MODEL_TOPICS; i++) {
    struct model_topic *topic = &model->topics[i];
    if (topic->exists && topic->waiting == 0 &&
        (oldest == NULL || topic->used_turn < oldest->used_turn))
      oldest = topic;
  }
  return oldest;
}

/* The topic as a request at now_ms finds it; NULL: no room for it. */
static inline struct model_topic *model_find(struct model *model, size_t index, uint64_t now_ms) {
  struct model_topic *topic = &model->topics[index];
  if (!topic->exists) {
    if (model_topic_count(model) == MODEL_TOPICS_AT_ONCE) {
      struct model_topic *oldest = model_oldest(model);
      if (oldest == NULL) return NULL;
      oldest->exists = false;
    }
    memset(topic, 0, sizeof *topic);
    topic->exists = true;
    topic->next = 1;
    topic->page = now_ms / 1000 > model->last_page ? now_ms / 1000 : model->last_page + 1;
    model->last_page = topic->page;
  }
  while (topic->count > 0 && now_ms - topic->kept[0].published_ms >= MODEL_AGE_MS)
    model_drop_oldest(topic);
  model_use(model, topic, now_ms);
  return topic;
}

static inline size_t model_bytes(const struct model_topic *topic) {
  size_t bytes = 0;
  for (size_t i = 0; i < topic->count; i++)
    bytes += strlen(topic->kept[i].element);
  return bytes;
}

/* Takes a message in; body gets what those who wait for it are told. */
static inline void model_publish(struct model_topic *topic, const char *text, uint64_t now_ms,
                                 char *body) {
  struct model_message message = {.number = topic->next++, .published_ms = now_ms};
  (void)snprintf(message.element, sizeof message.element,
                 "{\"item\":{\"topic_sequence_number\":%" PRIu64 ",\"sequence_page\":%" PRIu64
                 ",\"value\":{\"text\":\"%s\"}}}",
                 message.number, topic->page, text);
  (void)snprintf(body, MODEL_BODY_SIZE, "{\"items\":[%s]}", message.element);
  while (topic->count == MODEL_MESSAGES ||
         (topic->count > 0 && model_bytes(topic) + strlen(message.element) > MODEL_BYTES))
    model_drop_oldest(topic);
  topic->kept[topic->count++] = message;
}

/* Writes a discontinuity and the messages from number on, in the bounds of one answer. */
static inline void model_tell(const struct model_topic *topic, bool gap, uint64_t last,
                              uint64_t from, char *body) {
  static const char head[] = "{\"items\":[";
  char *elements = body + strlen(head);
  strcpy(body, head);
  if (gap)
    (void)snprintf(elements, MODEL_ELEMENT_SIZE,
                   "{\"discontinuity\":{\"last_topic_sequence\":%" PRIu64
                   ",\"new_topic_sequence\":%" PRIu64 ",\"new_sequence_page\":%" PRIu64 "}}",
                   last, from, topic->page);
  bool full = false;
  for (size_t i = 0; i < topic->count && !full; i++) {
    const struct model_message *message = &topic->kept[i];
    if (message->number < from) continue;
    const char *comma = elements[0] != '\0' ? "," : "";
    const size_t length = strlen(elements) + strlen(comma) + strlen(message->element);
    full = message->number > from && length > MODEL_BATCH_BYTES;
    if (!full) strcat(strcat(elements, comma), message->element);
  }
  strcat(elements, "]}");
}

/* What a poll of (number, page) is told; false: it waits. */
static inline bool model_poll(const struct model_topic *topic, uint64_t number, uint64_t page,
                              char *body) {
  const uint64_t first = topic->count > 0 ? topic->kept[0].number : topic->next;
  const uint64_t before = number > 0 ? number - 1 : 0;
  if (number == 0 && page == 0) return false;
  if (page != 0 && page != topic->page)
    model_tell(topic, true, before, first, body);
  else if (number < first)
    model_tell(topic, true, before, first, body);
  else if (number > topic->next)
    model_tell(topic, true, topic->next - 1, topic->next, body);
  else if (number == topic->next)
    return false;
  else
    model_tell(topic, false, 0, number, body);
  return true;
}

/* What a poll is told at the end of its hold. */
static inline void model_hold_over(const struct model_topic *topic, bool positioned, char *body) {
  model_tell(topic, !positioned, topic->next - 1, topic->next, body);
}

#endif
