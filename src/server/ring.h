/* The newest messages of one topic instance, bounded by count, bytes and age. A message is kept as
   the element that goes into answers, so that it is encoded once. Knows neither pages nor time: the
   numbers go up by one from 1, and now_ms is an argument. */
#ifndef TOPICSD_RING_H
#define TOPICSD_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring_bounds {
  size_t max_messages;
  size_t max_bytes; /* sum of the elements' lengths */
  uint64_t max_age_ms;
};

struct message {
  uint64_t published_ms;
  size_t length;
  char element[]; /* {"item":{...}} */
};

struct ring {
  struct message **slots; /* capacity of them; the oldest is at head, the rest follow around */
  size_t capacity;        /* 0, or a power of two */
  size_t head;
  size_t count;
  size_t bytes;
  uint64_t next; /* number of the message to come */
};

/* Starts empty; the first message will be number 1. */
void ring_start(struct ring *ring);

/* Frees the messages. */
void ring_end(struct ring *ring);

/* A message of that element, to be pushed; NULL: no memory. */
struct message *message_new(const char *element, size_t length, uint64_t now_ms);

/* Number of the oldest message retained; next when none is. */
static inline uint64_t ring_first(const struct ring *ring) {
  return ring->next - ring->count;
}

/* Drops what is over the bounds at now_ms. */
void ring_trim(struct ring *ring, const struct ring_bounds *bounds, uint64_t now_ms);

/* Makes room for one more, so that ring_push cannot fail. false: no memory, nothing changed. */
bool ring_reserve(struct ring *ring, const struct ring_bounds *bounds);

/* Gives message, which the ring owns now, the number next. Drops the oldest as the bounds want it;
   a message that is over them by itself leaves the ring empty. ring_reserve came before. */
void ring_push(struct ring *ring, const struct ring_bounds *bounds, struct message *message);

/* The message of that number, ring_first <= number < next. */
const struct message *ring_at(const struct ring *ring, uint64_t number);

#endif
