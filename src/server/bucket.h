/* A rate limit: so much a second, and at once as much as its capacity. Exact integers, time is an
   argument. */
#ifndef TOPICSD_BUCKET_H
#define TOPICSD_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct bucket_rate {
  uint64_t per_second; /* 0: no limit */
  uint64_t capacity;   /* at least per_second, and at least what one request may take */
};

struct bucket {
  uint64_t missing; /* in thousandths; 0: full */
  uint64_t filled_ms;
};

/* A bucket of zeroes is a full one. */

/* Takes amount (at most the capacity) out and returns 0; or takes nothing and returns the seconds
   after which it would succeed, at least 1. */
uint64_t bucket_take(struct bucket *bucket, const struct bucket_rate *rate, uint64_t amount,
                     uint64_t now_ms);

/* Whether it is as good as one that was never used. */
bool bucket_is_full(struct bucket *bucket, const struct bucket_rate *rate, uint64_t now_ms);

#endif
