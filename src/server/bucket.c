/* What flows in during a millisecond is per_second thousandths, so nothing is ever rounded. */
#include "bucket.h"

enum { THOUSANDTHS = 1000 };

static void fill(struct bucket *bucket, const struct bucket_rate *rate, uint64_t now_ms) {
  if (now_ms <= bucket->filled_ms) {
    return;
  }
  const uint64_t elapsed_ms = now_ms - bucket->filled_ms;
  bucket->filled_ms = now_ms;
  if (elapsed_ms > bucket->missing / rate->per_second) {
    bucket->missing = 0;
  } else {
    bucket->missing -= elapsed_ms * rate->per_second;
  }
}

uint64_t bucket_take(struct bucket *bucket, const struct bucket_rate *rate, uint64_t amount,
                     uint64_t now_ms) {
  if (rate->per_second == 0) {
    return 0;
  }
  fill(bucket, rate, now_ms);
  const uint64_t missing = bucket->missing + amount * THOUSANDTHS;
  const uint64_t capacity = rate->capacity * THOUSANDTHS;
  if (missing <= capacity) {
    bucket->missing = missing;
    return 0;
  }
  const uint64_t second = rate->per_second * THOUSANDTHS;
  return (missing - capacity + second - 1) / second;
}

bool bucket_is_full(struct bucket *bucket, const struct bucket_rate *rate, uint64_t now_ms) {
  if (rate->per_second > 0) {
    fill(bucket, rate, now_ms);
  }
  return bucket->missing == 0;
}
