/* The broker: who waits, who is woken by what, what all are told, and which topics are kept. */
#include "../../src/server/broker.h"

#include "check.h"
#include "poller.h"

enum { START_MS = 1000000, POLLERS = 500 };

#define ITEM(number, page, text)                                                                   \
  "{\"item\":{\"topic_sequence_number\":" number ",\"sequence_page\":" page                        \
  ",\"value\":{\"text\":\"" text "\"}}}"
#define GAP(last, next, page)                                                                      \
  "{\"discontinuity\":{\"last_topic_sequence\":" last ",\"new_topic_sequence\":" next              \
  ",\"new_sequence_page\":" page "}}"
#define ITEMS(elements) "{\"items\":[" elements "]}"

static struct pages pages;
static struct broker *broker;
static struct poller pollers[POLLERS];

static struct broker_options usual(void) {
  return (struct broker_options){
      .topics = {.idle_ms = 10000, .max_topics = 3, .max_caches = 2, .pages = &pages},
      .bounds = {4, 10000, 5000},
      .max_message_bytes = 100,
      .max_batch_bytes = 10000,
      .hold_ms = 1000,
      .wake = poller_wake,
  };
}

/* A broker with cache "c", whose first topic gets page 1000. */
static void begin(const char *name, const struct broker_options *options) {
  check_row(name);
  pages_start(&pages);
  memset(pollers, 0, sizeof pollers);
  broker = broker_new(options);
  if (broker == NULL || !broker_add_cache(broker, "c", 1)) abort();
}

static void end(void) {
  broker_drain(broker, START_MS);
  CHECK(broker_waiter_count(broker) == 0);
  for (size_t i = 0; i < POLLERS; i++)
    answer_release(pollers[i].answer);
  broker_free(broker);
}

/* Topics of cache "c", or "other/topic". */
static struct topic_name name_of(const char *topic, char bytes[32]) {
  const char *slash = strchr(topic, '/');
  const size_t cache_length = slash == NULL ? 1 : (size_t)(slash - topic);
  memcpy(bytes, slash == NULL ? "c" : topic, cache_length);
  bytes[cache_length] = '\0';
  const char *rest = slash == NULL ? topic : slash + 1;
  memcpy(bytes + cache_length + 1, rest, strlen(rest));
  return (struct topic_name){bytes, cache_length + 1 + strlen(rest), cache_length};
}

static enum broker_result publish(const char *topic, const char *text, uint64_t after_ms) {
  char bytes[32];
  const struct topic_name name = name_of(topic, bytes);
  const struct broker_value value = {.bytes = text, .length = strlen(text)};
  return broker_publish(broker, &name, &value, START_MS + after_ms);
}

static enum broker_result poll(struct poller *poller, const char *topic, uint64_t number,
                               uint64_t page, uint64_t after_ms) {
  char bytes[32];
  const struct topic_name name = name_of(topic, bytes);
  const struct broker_poll asked = {number, page, UINT64_MAX, true, NULL};
  struct answer *answer = NULL;
  const enum broker_result result =
      broker_poll(broker, &name, &asked, START_MS + after_ms, &poller->waiter, &answer);
  if (result == BROKER_ANSWERED) poller_take(poller, answer);
  return result;
}

static void wakes_all_with_one_answer(void) {
  const struct broker_options options = usual();
  begin("one publish, one answer for all who wait for the same", &options);
  for (size_t i = 0; i < POLLERS; i++)
    CHECK(poll(&pollers[i], "t", i % 2, 0, 0) == BROKER_WAITING); /* (0, 0) and next */
  CHECK(broker_waiter_count(broker) == POLLERS);
  CHECK(publish("t", "hello", 1) == BROKER_PUBLISHED);
  CHECK(broker_waiter_count(broker) == 0);
  for (size_t i = 0; i < POLLERS; i++) {
    CHECK(pollers[i].woken == 1 && !poller_waits(&pollers[i]));
    CHECK(pollers[i].answer == pollers[0].answer);
  }
  CHECK_BODY(&pollers[0], ITEMS(ITEM("1", "1000", "hello")));
  check_row("who comes late is told with the same answer");
  struct answer *shared = pollers[0].answer;
  CHECK(poll(&pollers[1], "t", 1, 1000, 2) == BROKER_ANSWERED);
  CHECK(pollers[1].answer == shared);
  CHECK(publish("t", "again", 3) == BROKER_PUBLISHED);
  CHECK(poll(&pollers[1], "t", 1, 1000, 4) == BROKER_ANSWERED);
  CHECK(poll(&pollers[2], "t", 1, 1000, 4) == BROKER_ANSWERED);
  CHECK(pollers[1].answer == pollers[2].answer);
  CHECK_BODY(&pollers[1], ITEMS(ITEM("1", "1000", "hello") "," ITEM("2", "1000", "again")));
  end();
}

static void wakes_nobody_else(void) {
  const struct broker_options options = usual();
  begin("another topic's waiters sleep on", &options);
  CHECK(poll(&pollers[0], "t", 0, 0, 0) == BROKER_WAITING);
  CHECK(poll(&pollers[1], "u", 0, 0, 0) == BROKER_WAITING);
  CHECK(publish("t", "x", 1) == BROKER_PUBLISHED);
  CHECK(pollers[0].woken == 1 && pollers[1].woken == 0);
  check_row("who left is not woken");
  CHECK(poll(&pollers[0], "t", 2, 1000, 2) == BROKER_WAITING);
  CHECK(poll(&pollers[2], "t", 2, 1000, 2) == BROKER_WAITING);
  broker_leave(broker, &pollers[0].waiter, START_MS + 3);
  broker_leave(broker, &pollers[0].waiter, START_MS + 3); /* twice is nothing */
  CHECK(broker_waiter_count(broker) == 2);
  CHECK(publish("t", "y", 4) == BROKER_PUBLISHED);
  CHECK(pollers[0].woken == 1 && pollers[2].woken == 1);
  CHECK_BODY(&pollers[2], ITEMS(ITEM("2", "1000", "y")));
  end();
}

/* The first one woken takes all others with it: connections of one client that are closed. */
static void wake_and_leave(struct waiter *waiter, struct answer *answer) {
  poller_wake(waiter, answer);
  for (size_t i = 0; i < POLLERS; i++)
    broker_leave(broker, &pollers[i].waiter, START_MS);
}

static void lets_others_leave_while_it_wakes(void) {
  struct broker_options options = usual();
  options.wake = wake_and_leave;
  begin("leaving from inside wake", &options);
  for (size_t i = 0; i < 10; i++)
    CHECK(poll(&pollers[i], "t", 0, 0, 0) == BROKER_WAITING);
  CHECK(publish("t", "x", 1) == BROKER_PUBLISHED);
  CHECK(pollers[0].woken == 1 && pollers[1].woken == 0 && broker_waiter_count(broker) == 0);
  end();
}

static void ends_holds(void) {
  const struct broker_options options = usual();
  begin("hold", &options);
  CHECK(broker_next_tick(broker) == UINT64_MAX);
  CHECK(publish("t", "x", 0) == BROKER_PUBLISHED);
  CHECK(poll(&pollers[0], "t", 0, 0, 100) == BROKER_WAITING);
  CHECK(poll(&pollers[1], "t", 2, 1000, 200) == BROKER_WAITING);
  CHECK(poll(&pollers[2], "t", 0, 0, 100) == BROKER_WAITING);
  CHECK(broker_next_tick(broker) == START_MS + 1100);
  check_row("not yet over");
  broker_tick(broker, START_MS + 1099);
  CHECK(broker_waiter_count(broker) == 3);
  check_row("without a position: a discontinuity to go on from");
  broker_tick(broker, START_MS + 1100);
  CHECK(pollers[0].woken == 1 && pollers[1].woken == 0);
  CHECK_BODY(&pollers[0], ITEMS(GAP("1", "2", "1000")));
  CHECK(pollers[2].answer == pollers[0].answer);
  CHECK(broker_next_tick(broker) == START_MS + 1200);
  check_row("with a position: nothing");
  broker_tick(broker, START_MS + 1300);
  CHECK_BODY(&pollers[1], ITEMS(""));
  CHECK(broker_waiter_count(broker) == 0);
  check_row("nothing published between two polls is missed");
  CHECK(publish("t", "between", 1310) == BROKER_PUBLISHED);
  CHECK(poll(&pollers[0], "t", 2, 1000, 1320) == BROKER_ANSWERED);
  CHECK_BODY(&pollers[0], ITEMS(ITEM("2", "1000", "between")));
  end();
}

static void never_overflows_a_hold(void) {
  struct broker_options options = usual();
  options.hold_ms = UINT64_MAX;
  begin("a hold without end", &options);
  CHECK(poll(&pollers[0], "t", 0, 0, 0) == BROKER_WAITING);
  broker_tick(broker, START_MS + 1000000);
  CHECK(poller_waits(&pollers[0]));
  end();
}

static void evicts_idle_topics(void) {
  const struct broker_options options = usual();
  begin("idle topics go, polled ones stay", &options);
  CHECK(publish("t", "x", 0) == BROKER_PUBLISHED);
  CHECK(publish("u", "x", 0) == BROKER_PUBLISHED);
  CHECK(poll(&pollers[0], "u", 2, 1001, 9500) == BROKER_WAITING);
  CHECK(broker_next_tick(broker) == START_MS + 10000);
  broker_tick(broker, START_MS + 9999);
  CHECK(broker_topic_count(broker) == 2);
  broker_tick(broker, START_MS + 10000);
  CHECK(broker_topic_count(broker) == 1);
  check_row("counted from when the last poll ended");
  broker_tick(broker, START_MS + 10500);
  CHECK(!poller_waits(&pollers[0]));
  broker_tick(broker, START_MS + 20499);
  CHECK(broker_topic_count(broker) == 1);
  broker_tick(broker, START_MS + 20500);
  CHECK(broker_topic_count(broker) == 0);
  CHECK(broker_next_tick(broker) == UINT64_MAX);
  check_row("its next instance has a greater page, and pollers of the old one learn of it");
  CHECK(poll(&pollers[0], "t", 2, 1000, 20600) == BROKER_ANSWERED);
  CHECK_BODY(&pollers[0], ITEMS(GAP("1", "1", "1020")));
  end();
}

static void evicts_the_longest_unused_at_the_limit(void) {
  const struct broker_options options = usual();
  begin("topic limit", &options);
  CHECK(publish("t", "x", 0) == BROKER_PUBLISHED);
  CHECK(publish("u", "x", 1) == BROKER_PUBLISHED);
  CHECK(publish("v", "x", 2) == BROKER_PUBLISHED);
  CHECK(publish("t", "y", 3) == BROKER_PUBLISHED); /* u is the longest unused now */
  CHECK(publish("w", "x", 4) == BROKER_PUBLISHED);
  CHECK(broker_topic_count(broker) == 3);
  CHECK(poll(&pollers[0], "t", 2, 1000, 5) == BROKER_ANSWERED);
  CHECK_BODY(&pollers[0], ITEMS(ITEM("2", "1000", "y")));
  check_row("one that is polled is not evicted");
  CHECK(poll(&pollers[1], "v", 0, 0, 6) == BROKER_WAITING);
  CHECK(poll(&pollers[2], "w", 0, 0, 6) == BROKER_WAITING);
  CHECK(poll(&pollers[3], "new", 0, 0, 7) == BROKER_WAITING); /* instead of t */
  check_row("all polled: no more");
  CHECK(poll(&pollers[4], "newer", 0, 0, 8) == BROKER_TOPIC_LIMIT);
  CHECK(publish("newer", "x", 8) == BROKER_TOPIC_LIMIT);
  CHECK(!poller_waits(&pollers[4]));
  check_row("one more after a waiter has left");
  broker_leave(broker, &pollers[1].waiter, START_MS + 9);
  CHECK(publish("newer", "x", 10) == BROKER_PUBLISHED);
  end();
}

static void keeps_caches_apart(void) {
  struct broker_options options = usual();
  begin("a cache that is not there", &options);
  CHECK(publish("d/t", "x", 0) == BROKER_NO_CACHE);
  CHECK(poll(&pollers[0], "d/t", 0, 0, 0) == BROKER_NO_CACHE);
  CHECK(broker_topic_count(broker) == 0);
  end();
  options.topics.auto_create_caches = true;
  begin("made when first used", &options);
  CHECK(publish("d/t", "x", 0) == BROKER_PUBLISHED);
  check_row("the same topic name in two caches");
  CHECK(publish("c/t", "y", 0) == BROKER_PUBLISHED);
  CHECK(poll(&pollers[0], "d/t", 1, 0, 0) == BROKER_ANSWERED);
  CHECK_BODY(&pollers[0], ITEMS(ITEM("1", "1000", "x")));
  check_row("cache limit");
  CHECK(publish("e/t", "x", 0) == BROKER_CACHE_LIMIT);
  end();
}

static void answers_in_bounded_batches(void) {
  struct broker_options options = usual();
  options.max_batch_bytes = 200;
  begin("batch limit", &options);
  const char *const texts[] = {"1", "2", "3", "4"};
  for (size_t i = 0; i < 4; i++)
    CHECK(publish("t", texts[i], 0) == BROKER_PUBLISHED);
  CHECK(poll(&pollers[0], "t", 1, 1000, 0) == BROKER_ANSWERED);
  CHECK_BODY(&pollers[0], ITEMS(ITEM("1", "1000", "1") "," ITEM("2", "1000", "2")));
  check_row("after a discontinuity");
  CHECK(poll(&pollers[0], "t", 7, 8, 0) == BROKER_ANSWERED);
  CHECK_BODY(&pollers[0], ITEMS(GAP("6", "1", "1000") "," ITEM("1", "1000", "1")));
  end();
  options.max_batch_bytes = 0;
  begin("one message always fits", &options);
  CHECK(publish("t", "1", 0) == BROKER_PUBLISHED);
  CHECK(publish("t", "2", 0) == BROKER_PUBLISHED);
  CHECK(poll(&pollers[0], "t", 1, 1000, 0) == BROKER_ANSWERED);
  CHECK_BODY(&pollers[0], ITEMS(ITEM("1", "1000", "1")));
  end();
}

static void wakes_with_what_it_does_not_retain(void) {
  struct broker_options options = usual();
  options.bounds.max_messages = 0;
  begin("nothing retained: waiters get it all the same", &options);
  CHECK(poll(&pollers[0], "t", 0, 0, 0) == BROKER_WAITING);
  CHECK(publish("t", "x", 0) == BROKER_PUBLISHED);
  CHECK_BODY(&pollers[0], ITEMS(ITEM("1", "1000", "x")));
  CHECK(poll(&pollers[1], "t", 1, 1000, 0) == BROKER_ANSWERED);
  CHECK_BODY(&pollers[1], ITEMS(GAP("0", "2", "1000")));
  end();
}

static void forgets_by_age(void) {
  const struct broker_options options = usual();
  begin("messages that are too old are not told", &options);
  CHECK(publish("t", "x", 0) == BROKER_PUBLISHED);
  CHECK(publish("t", "y", 3000) == BROKER_PUBLISHED);
  CHECK(poll(&pollers[0], "t", 1, 1000, 5000) == BROKER_ANSWERED);
  CHECK_BODY(&pollers[0], ITEMS(GAP("0", "2", "1000") "," ITEM("2", "1000", "y")));
  CHECK(poll(&pollers[0], "t", 1, 1000, 8000) == BROKER_ANSWERED);
  CHECK_BODY(&pollers[0], ITEMS(GAP("0", "3", "1000")));
  end();
}

static void drains(void) {
  const struct broker_options options = usual();
  begin("drain: everybody gets a position", &options);
  CHECK(poll(&pollers[0], "t", 0, 0, 0) == BROKER_WAITING);
  CHECK(poll(&pollers[1], "t", 1, 1000, 0) == BROKER_WAITING);
  broker_drain(broker, START_MS + 1);
  CHECK_BODY(&pollers[0], ITEMS(GAP("0", "1", "1000")));
  CHECK_BODY(&pollers[1], ITEMS(""));
  check_row("and nobody waits after it");
  CHECK(poll(&pollers[1], "t", 1, 1000, 2) == BROKER_ANSWERED);
  CHECK_BODY(&pollers[1], ITEMS(""));
  CHECK(poll(&pollers[1], "t", 0, 0, 2) == BROKER_ANSWERED);
  CHECK_BODY(&pollers[1], ITEMS(GAP("0", "1", "1000")));
  end();
}

int main(void) {
  wakes_all_with_one_answer();
  wakes_nobody_else();
  lets_others_leave_while_it_wakes();
  ends_holds();
  never_overflows_a_hold();
  evicts_idle_topics();
  evicts_the_longest_unused_at_the_limit();
  keeps_caches_apart();
  answers_in_bounded_batches();
  wakes_with_what_it_does_not_retain();
  forgets_by_age();
  drains();
  return check_report();
}
