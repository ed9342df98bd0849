/* A day of the broker in simulated time: a million random publishes, polls, departures, ticks,
   leaps of the clock and restarts, each compared with a plain model. Shows that no page is given
   twice, no number used twice, that all bounds hold, and that every waiter is told once and told
   the truth. */
#include "../../src/server/broker.h"

#include "check.h"
#include "day_model.h"
#include "poller.h"

enum { STEPS = 1000000, POLLERS = 60, DAY_MS = 24 * 60 * 60 * 1000 };
static const uint64_t start_ms = 1748358253000;

struct client {
  struct poller poller;
  unsigned expected_woken;
  bool waits;
  size_t topic;
  bool positioned;
  uint64_t deadline_ms;
};

static struct pages pages;
static struct broker *broker;
static struct model model;
static struct client clients[POLLERS];
static uint64_t now_ms;
static uint64_t published; /* makes every value another one */

static uint64_t random_state = 88172645463325252U;

static uint64_t random_below(uint64_t limit) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state % limit;
}

static bool one_in(uint64_t chances) {
  return random_below(chances) == 0;
}

static void start_broker(void) {
  const struct broker_options options = {
      .topics = {.idle_ms = MODEL_IDLE_MS, .max_topics = MODEL_TOPICS_AT_ONCE, .pages = &pages},
      .bounds = {MODEL_MESSAGES, MODEL_BYTES, MODEL_AGE_MS},
      .max_message_bytes = 100,
      .max_batch_bytes = MODEL_BATCH_BYTES,
      .hold_ms = MODEL_HOLD_MS,
      .wake = poller_wake,
  };
  broker = broker_new(&options);
  if (broker == NULL || !broker_add_cache(broker, "c", 1)) abort();
}

static struct topic_name name_of(size_t topic, char bytes[8]) {
  const int length = snprintf(bytes, 8, "c%ct%zu", 0, topic);
  return (struct topic_name){bytes, (size_t)length, 1};
}

static void stops_waiting(struct client *client) {
  client->waits = false;
  model.topics[client->topic].waiting--;
  if (model.topics[client->topic].waiting == 0)
    model_use(&model, &model.topics[client->topic], now_ms);
}

/* client, who waited, must have been woken just now and told body. */
static void check_woken(struct client *client, const char *body) {
  stops_waiting(client);
  client->expected_woken++;
  CHECK(client->poller.woken == client->expected_woken);
  CHECK_BODY(&client->poller, body);
}

/* Nobody else was woken, and both sides agree on who and what is left. */
static void check_agreement(void) {
  size_t waiting = 0;
  bool woken_as_expected = true;
  for (size_t i = 0; i < POLLERS; i++) {
    waiting += clients[i].waits;
    woken_as_expected = woken_as_expected && clients[i].poller.woken == clients[i].expected_woken &&
                        poller_waits(&clients[i].poller) == clients[i].waits;
  }
  CHECK(woken_as_expected);
  CHECK(broker_waiter_count(broker) == waiting);
  CHECK(broker_topic_count(broker) == model_topic_count(&model));
}

static void publish(void) {
  const size_t index = random_below(MODEL_TOPICS);
  char name_bytes[8];
  const struct topic_name name = name_of(index, name_bytes);
  char text[100];
  const int length =
      snprintf(text, sizeof text, "%" PRIu64 "%.*s", published++, (int)random_below(60),
               "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
               "xxxxxxxxxxxxxxxxxxxxxxxx");
  const struct broker_value value = {.bytes = text, .length = (size_t)length};
  const enum broker_result result = broker_publish(broker, &name, &value, now_ms);
  struct model_topic *topic = model_find(&model, index, now_ms);
  if (!CHECK((result == BROKER_PUBLISHED) == (topic != NULL)) || topic == NULL) return;
  char body[MODEL_BODY_SIZE];
  model_publish(topic, text, now_ms, body);
  for (size_t i = 0; i < POLLERS; i++) {
    if (clients[i].waits && clients[i].topic == index) check_woken(&clients[i], body);
  }
}

/* Near enough to where the topic stands that every row of the table comes up. */
static void choose_position(const struct model_topic *topic, uint64_t *number, uint64_t *page) {
  static const uint64_t far[] = {0, 1, UINT64_MAX - 1, UINT64_MAX};
  *number = topic->next + 2 - random_below(MODEL_MESSAGES + 6);
  if (*number > topic->next + 2 || one_in(20)) *number = far[random_below(4)];
  *page = one_in(4) ? 0 : topic->page;
  if (one_in(10)) *page = one_in(2) ? topic->page - 1 : far[random_below(4)];
  if (one_in(5)) *number = *page = 0;
}

static void poll(struct client *client) {
  const size_t index = random_below(MODEL_TOPICS);
  uint64_t number;
  uint64_t page;
  choose_position(&model.topics[index], &number, &page);
  char name_bytes[8];
  const struct topic_name name = name_of(index, name_bytes);
  const struct broker_poll asked = {number, page, UINT64_MAX, true, NULL};
  struct answer *answer = NULL;
  const enum broker_result result =
      broker_poll(broker, &name, &asked, now_ms, &client->poller.waiter, &answer);
  struct model_topic *topic = model_find(&model, index, now_ms);
  if (!CHECK((result == BROKER_TOPIC_LIMIT) == (topic == NULL)) || topic == NULL) return;
  char body[MODEL_BODY_SIZE];
  if (model_poll(topic, number, page, body)) {
    if (!CHECK(result == BROKER_ANSWERED)) return;
    poller_take(&client->poller, answer);
    CHECK_BODY(&client->poller, body);
    return;
  }
  CHECK(result == BROKER_WAITING);
  client->waits = true;
  client->topic = index;
  client->positioned = number != 0 || page != 0;
  client->deadline_ms = now_ms + MODEL_HOLD_MS;
  topic->waiting++;
  now_ms++; /* no two deadlines are equal, for their order would be anybody's guess */
}

static void poll_or_leave(void) {
  struct client *client = &clients[random_below(POLLERS)];
  if (!client->waits) {
    poll(client);
  } else if (one_in(4)) {
    broker_leave(broker, &client->poller.waiter, now_ms);
    stops_waiting(client);
  }
}

static void check_hold_over(struct client *client) {
  char body[MODEL_BODY_SIZE];
  model_hold_over(&model.topics[client->topic], client->positioned, body);
  check_woken(client, body);
}

static struct client *next_to_be_told(void) {
  struct client *next = NULL;
  for (size_t i = 0; i < POLLERS; i++) {
    if (clients[i].waits && (next == NULL || clients[i].deadline_ms < next->deadline_ms))
      next = &clients[i];
  }
  return next;
}

static void tick(void) {
  struct client *client = next_to_be_told();
  struct model_topic *oldest = model_oldest(&model);
  const uint64_t hold = client == NULL ? UINT64_MAX : client->deadline_ms;
  const uint64_t idle = oldest == NULL ? UINT64_MAX : oldest->used_ms + MODEL_IDLE_MS;
  CHECK(broker_next_tick(broker) == (hold < idle ? hold : idle));
  broker_tick(broker, now_ms);
  while ((client = next_to_be_told()) != NULL && client->deadline_ms <= now_ms)
    check_hold_over(client);
  while ((oldest = model_oldest(&model)) != NULL && oldest->used_ms + MODEL_IDLE_MS <= now_ms)
    oldest->exists = false;
}

static void restart(void) {
  broker_drain(broker, now_ms);
  for (size_t i = 0; i < POLLERS; i++) {
    if (clients[i].waits) check_hold_over(&clients[i]);
  }
  check_agreement();
  broker_free(broker);
  start_broker();
  memset(model.topics, 0, sizeof model.topics);
}

static void let_time_pass(void) {
  if (one_in(2)) now_ms += random_below(150);
  if (one_in(1500)) now_ms += random_below(2 * MODEL_IDLE_MS);
}

static void lives_through_a_day(void) {
  check_row("a day");
  pages_start(&pages);
  now_ms = start_ms;
  start_broker();
  for (int step = 0; step < STEPS && check_failed == 0; step++) {
    let_time_pass();
    tick();
    if (one_in(20000))
      restart();
    else if (one_in(2))
      publish();
    else
      poll_or_leave();
    check_agreement();
  }
  CHECK(now_ms - start_ms >= DAY_MS);
  restart();
  for (size_t i = 0; i < POLLERS; i++)
    answer_release(clients[i].poller.answer);
  broker_free(broker);
}

int main(void) {
  lives_through_a_day();
  return check_report();
}
