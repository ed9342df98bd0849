/* A circular array of pointers that doubles until it can hold max_messages. */
#include "ring.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 4 };

void ring_start(struct ring *ring) {
  memset(ring, 0, sizeof *ring);
  ring->next = 1;
}

void ring_end(struct ring *ring) {
  for (uint64_t number = ring_first(ring); number < ring->next; number++) {
    free(ring->slots[(ring->head + (size_t)(number - ring_first(ring))) & (ring->capacity - 1)]);
  }
  free(ring->slots);
  ring_start(ring);
}

struct message *message_new(const char *element, size_t length, uint64_t now_ms) {
  struct message *message = malloc(sizeof *message + length);
  if (message != NULL) {
    message->published_ms = now_ms;
    message->length = length;
    memcpy(message->element, element, length);
  }
  return message;
}

static void drop_oldest(struct ring *ring) {
  struct message *message = ring->slots[ring->head];
  ring->head = (ring->head + 1) & (ring->capacity - 1);
  ring->count--;
  ring->bytes -= message->length;
  free(message);
}

static bool is_over_age(const struct message *message, const struct ring_bounds *bounds,
                        uint64_t now_ms) {
  return now_ms >= message->published_ms && now_ms - message->published_ms >= bounds->max_age_ms;
}

void ring_trim(struct ring *ring, const struct ring_bounds *bounds, uint64_t now_ms) {
  while (ring->count > 0 &&
         (ring->count > bounds->max_messages || ring->bytes > bounds->max_bytes ||
          is_over_age(ring->slots[ring->head], bounds, now_ms))) {
    drop_oldest(ring);
  }
}

bool ring_reserve(struct ring *ring, const struct ring_bounds *bounds) {
  if (ring->count < ring->capacity || ring->count >= bounds->max_messages) {
    return true;
  }
  const size_t capacity = ring->capacity == 0 ? FIRST_CAPACITY : ring->capacity * 2;
  struct message **slots = calloc(capacity, sizeof *slots);
  if (slots == NULL) {
    return false;
  }
  for (size_t i = 0; i < ring->count; i++) {
    slots[i] = ring->slots[(ring->head + i) & (ring->capacity - 1)];
  }
  free(ring->slots);
  ring->slots = slots;
  ring->capacity = capacity;
  ring->head = 0;
  return true;
}

void ring_push(struct ring *ring, const struct ring_bounds *bounds, struct message *message) {
  const bool fits = bounds->max_messages > 0 && message->length <= bounds->max_bytes;
  while (ring->count > 0 && (!fits || ring->count >= bounds->max_messages ||
                             ring->bytes > bounds->max_bytes - message->length)) {
    drop_oldest(ring);
  }
  ring->next++;
  if (fits) {
    ring->slots[(ring->head + ring->count) & (ring->capacity - 1)] = message;
    ring->count++;
    ring->bytes += message->length;
  } else {
    free(message);
  }
}

const struct message *ring_at(const struct ring *ring, uint64_t number) {
  const size_t offset = (size_t)(number - ring_first(ring));
  return ring->slots[(ring->head + offset) & (ring->capacity - 1)];
}
