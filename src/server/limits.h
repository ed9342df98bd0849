/* How much each holder of a key or token may do: operations and bytes a second, polls at once.
   Remembers only those who are at it just now. */
#ifndef TOPICSD_LIMITS_H
#define TOPICSD_LIMITS_H

#include "table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct limits;

struct limits_options { /* 0: no limit */
  uint64_t operations_per_second;
  uint64_t bytes_per_second;
  uint64_t polls;           /* waiting at once */
  size_t max_message_bytes; /* must get through however small bytes_per_second is */
  unsigned char seed[TABLE_SEED_SIZE];
};

struct usage; /* of one holder */

/* NULL: no memory. */
struct limits *limits_new(const struct limits_options *options);
void limits_free(struct limits *limits);

/* *usage: of that holder; good until it has been idle for a while, and at least as long as one of
   its polls is counted. NULL when nothing is limited, which the functions below take for "yes".
   false: no memory. */
bool limits_usage(struct limits *limits, uint64_t holder, uint64_t now_ms, struct usage **usage);

/* Takes one operation, or so many published bytes, and returns 0; or takes nothing and returns the
   seconds to wait before the next attempt. */
uint64_t limits_take_operation(struct limits *limits, struct usage *usage, uint64_t now_ms);
uint64_t limits_take_bytes(struct limits *limits, struct usage *usage, size_t bytes,
                           uint64_t now_ms);

/* Whether one more poll may wait. */
bool limits_may_wait(const struct limits *limits, const struct usage *usage);

/* How many holders are remembered. */
size_t limits_count(const struct limits *limits);

/* Where its waiting polls are counted, or NULL. */
uint32_t *limits_polls(struct usage *usage);

#endif
