/* Rates and counts of each holder: how much goes through, when to come back, who is remembered. */
#include "../../src/server/bucket.h"
#include "../../src/server/limits.h"

#include "check.h"

/* Takes, at these times, out of one bucket. */
static const struct {
  const char *name;
  struct bucket_rate rate; /* per second, capacity */
  struct {
    uint64_t at_ms;
    uint64_t amount;
    uint64_t wait; /* 0: taken */
  } takes[6];
  size_t count;
} buckets[] = {
    {"no limit", {0, 0}, {{0, 1000000, 0}, {0, 1000000, 0}}, 2},
    {"a burst, then one when there is one again",
     {2, 2},
     {{1000, 1, 0}, {1000, 1, 0}, {1000, 1, 1}, {1499, 1, 1}, {1500, 1, 0}, {1500, 1, 1}},
     6},
    {"never fuller than full", {1, 1}, {{0, 1, 0}, {99000, 1, 0}, {99000, 1, 1}}, 3},
    {"the wait grows with the want",
     {10, 50},
     {{0, 50, 0}, {0, 1, 1}, {0, 10, 1}, {0, 11, 2}, {0, 50, 5}},
     5},
    {"a small rate and a large message",
     {1, 100},
     {{0, 100, 0}, {50000, 100, 50}, {100000, 100, 0}},
     3},
    {"nothing costs nothing", {1, 1}, {{0, 1, 0}, {0, 0, 0}}, 2},
    {"a clock that goes back", {1, 1}, {{5000, 1, 0}, {1000, 1, 1}, {6000, 1, 0}}, 3},
    {"what flows in within a millisecond counts", {3, 3}, {{0, 3, 0}, {333, 1, 1}, {334, 1, 0}}, 3},
};

static void lets_through_so_much_a_second(void) {
  for (size_t i = 0; i < CHECK_COUNT(buckets); i++) {
    check_row(buckets[i].name);
    struct bucket bucket = {0, 0};
    for (size_t j = 0; j < buckets[i].count; j++)
      CHECK(bucket_take(&bucket, &buckets[i].rate, buckets[i].takes[j].amount,
                        buckets[i].takes[j].at_ms) == buckets[i].takes[j].wait);
  }
}

static struct limits *new_limits(uint64_t operations, uint64_t bytes, uint64_t polls) {
  const struct limits_options options = {.operations_per_second = operations,
                                         .bytes_per_second = bytes,
                                         .polls = polls,
                                         .max_message_bytes = 100};
  struct limits *limits = limits_new(&options);
  if (limits == NULL) abort();
  return limits;
}

static struct usage *usage_of(struct limits *limits, uint64_t holder, uint64_t now_ms) {
  struct usage *usage = NULL;
  if (!limits_usage(limits, holder, now_ms, &usage)) abort();
  return usage;
}

static void limits_each_holder_by_itself(void) {
  struct limits *limits = new_limits(1, 50, 2);
  check_row("operations");
  CHECK(limits_take_operation(limits, usage_of(limits, 1, 0), 0) == 0);
  CHECK(limits_take_operation(limits, usage_of(limits, 1, 0), 0) == 1);
  CHECK(limits_take_operation(limits, usage_of(limits, 2, 0), 0) == 0);
  check_row("bytes: the longest message gets through");
  CHECK(limits_take_bytes(limits, usage_of(limits, 1, 0), 100, 0) == 0);
  CHECK(limits_take_bytes(limits, usage_of(limits, 1, 0), 100, 0) == 2);
  CHECK(limits_take_bytes(limits, usage_of(limits, 2, 0), 100, 0) == 0);
  check_row("polls");
  uint32_t *polls = limits_polls(usage_of(limits, 1, 0));
  CHECK(limits_may_wait(limits, usage_of(limits, 1, 0)));
  *polls = 2;
  CHECK(!limits_may_wait(limits, usage_of(limits, 1, 0)));
  CHECK(limits_may_wait(limits, usage_of(limits, 2, 0)));
  *polls = 1;
  CHECK(limits_may_wait(limits, usage_of(limits, 1, 0)));
  limits_free(limits);
}

static void forgets_who_is_idle(void) {
  struct limits *limits = new_limits(10, 0, 5);
  check_row("as long as something is missing or a poll waits");
  struct usage *waiting = usage_of(limits, 0, 0);
  *limits_polls(waiting) = 1;
  for (uint64_t holder = 1; holder <= 1000; holder++)
    CHECK(limits_take_operation(limits, usage_of(limits, holder, 0), 0) == 0);
  CHECK(usage_of(limits, 0, 0) == waiting);
  CHECK(limits_count(limits) == 1001);
  check_row("and a thousand are gone a thousand requests later");
  for (uint64_t i = 0; i < 1001; i++)
    CHECK(limits_take_operation(limits, usage_of(limits, 5000, 1000 + i), 1000 + i * 100) == 0);
  CHECK(limits_count(limits) == 2);
  CHECK(usage_of(limits, 0, 200000) == waiting && *limits_polls(waiting) == 1);
  limits_free(limits);
}

static void keeps_no_books_without_limits(void) {
  check_row("no limits");
  struct limits *limits = new_limits(0, 0, 0);
  CHECK(usage_of(limits, 1, 0) == NULL);
  CHECK(limits_take_operation(limits, NULL, 0) == 0);
  CHECK(limits_take_bytes(limits, NULL, 1000, 0) == 0);
  CHECK(limits_may_wait(limits, NULL));
  CHECK(limits_polls(NULL) == NULL);
  CHECK(limits_count(limits) == 0);
  limits_free(limits);
}

int main(void) {
  lets_through_so_much_a_second();
  limits_each_holder_by_itself();
  forgets_who_is_idle();
  keeps_no_books_without_limits();
  return check_report();
}
