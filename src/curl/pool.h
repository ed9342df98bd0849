/* The transfers of a mux, made when more are needed than ever before and used again until the mux
   closes; and tickets, which name one use of one of them. */
#ifndef MOMENTO_CURL_POOL_H
#define MOMENTO_CURL_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lane;
struct transfer;

/* A zeroed pool is empty. */
struct pool {
  struct transfer **all;
  size_t count, capacity;
  struct transfer *idle[2]; /* polls, publishes; linked by next */
};

/* No transfer may be in a lane any more. */
void pool_free(struct pool *pool);

/* One that is idle, the one used last if there are several, or a new one; under a new ticket. NULL:
   no memory. */
struct transfer *pool_take(struct pool *pool, struct lane *lane, bool publishes);

void pool_give(struct pool *pool, struct transfer *transfer);

/* Between 2^20 and 2^52: exact in every number of every Lua. */
uint64_t pool_ticket(const struct transfer *transfer);

/* The transfer that is in use under this ticket; NULL: none is. */
struct transfer *pool_find(const struct pool *pool, uint64_t ticket);

#endif
