/* The transfers of a mux, and tickets. */
#include "pool.h"

#include "transfer.h"

#include <stdlib.h>

/* A ticket: how often the transfer has been used, and which of at most so many it is. */
enum { SLOT_BITS = 20, FIRST_CAPACITY = 16 };

void pool_free(struct pool *pool) {
  for (size_t i = 0; i < pool->count; i++)
    transfer_free(pool->all[i]);
  free(pool->all);
  *pool = (struct pool){0};
}

static bool grow(struct pool *pool) {
  size_t capacity = pool->capacity == 0 ? FIRST_CAPACITY : pool->capacity * 2;
  if (capacity > (size_t)1 << SLOT_BITS) return false;
  struct transfer **all = realloc(pool->all, capacity * sizeof(struct transfer *));
  if (all == NULL) return false;
  pool->all = all;
  pool->capacity = capacity;
  return true;
}

struct transfer *pool_take(struct pool *pool, struct lane *lane, bool publishes) {
  struct transfer *transfer = pool->idle[publishes];
  if (transfer != NULL) {
    pool->idle[publishes] = transfer->next;
    transfer->next = NULL;
  } else {
    if (pool->count == pool->capacity && !grow(pool)) return NULL;
    transfer = transfer_new(lane, publishes);
    if (transfer == NULL) return NULL;
    transfer->slot = (uint32_t)pool->count;
    pool->all[pool->count++] = transfer;
  }
  transfer->uses = transfer->uses == UINT32_MAX ? 1 : transfer->uses + 1;
  return transfer;
}

void pool_give(struct pool *pool, struct transfer *transfer) {
  transfer_recycle(transfer);
  transfer->state = TRANSFER_IDLE;
  struct transfer **idle = &pool->idle[transfer->publication != NULL];
  transfer->next = *idle;
  *idle = transfer;
}

uint64_t pool_ticket(const struct transfer *transfer) {
  return ((uint64_t)transfer->uses << SLOT_BITS) | transfer->slot;
}

struct transfer *pool_find(const struct pool *pool, uint64_t ticket) {
  uint64_t slot = ticket & (((uint64_t)1 << SLOT_BITS) - 1);
  if (slot >= pool->count) return NULL;
  struct transfer *transfer = pool->all[slot];
  return transfer->state != TRANSFER_IDLE && pool_ticket(transfer) == ticket ? transfer : NULL;
}
