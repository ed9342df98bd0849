/* The ring: numbers, the three bounds, and what is dropped when. */
#include "../../src/server/ring.h"

#include "check.h"

enum { ELEMENT_MAX = 64, PUSHES_MAX = 12 };

static void push(struct ring *ring, const struct ring_bounds *bounds, size_t length,
                 uint64_t now_ms) {
  char element[ELEMENT_MAX];
  memset(element, 'a' + (int)(ring->next % 26), sizeof element);
  struct message *message = message_new(element, length, now_ms);
  if (message == NULL || !ring_reserve(ring, bounds)) abort();
  ring_push(ring, bounds, message);
}

/* Messages of these lengths, one every 10 ms from 0 on; then the ring is looked at trim_ms. */
static const struct {
  const char *name;
  struct ring_bounds bounds;
  size_t lengths[PUSHES_MAX]; /* up to the first 0 */
  uint64_t trim_ms;
  uint64_t first;
  size_t count;
  size_t bytes;
} rows[] = {
    {"empty: first is next", {4, 100, 1000}, {0}, 0, 1, 0, 0},
    {"one", {4, 100, 1000}, {5}, 0, 1, 1, 5},
    {"full by count", {4, 100, 1000}, {1, 2, 3, 4}, 40, 1, 4, 10},
    {"over by count: the oldest goes", {4, 100, 1000}, {1, 2, 3, 4, 5}, 50, 2, 4, 14},
    {"a bound of one", {1, 100, 1000}, {1, 2, 3}, 30, 3, 1, 3},
    {"a bound that is no power of two", {5, 100, 1000}, {1, 1, 1, 1, 1, 1, 1}, 70, 3, 5, 5},
    {"full by bytes", {9, 10, 1000}, {5, 5}, 20, 1, 2, 10},
    {"over by bytes: as many go as it takes", {9, 10, 1000}, {2, 2, 2, 2, 7}, 50, 4, 2, 9},
    {"as long as the bound: alone", {9, 10, 1000}, {2, 2, 10}, 30, 3, 1, 10},
    {"longer than the bound: none, and the number is used", {9, 10, 1000}, {2, 11}, 20, 3, 0, 0},
    {"after one too long the next is kept", {9, 10, 1000}, {2, 11, 3}, 30, 3, 1, 3},
    {"retain nothing by count", {0, 100, 1000}, {1, 1}, 20, 3, 0, 0},
    {"retain nothing by bytes", {9, 0, 1000}, {1, 1}, 20, 3, 0, 0},
    {"retain nothing by age", {9, 100, 0}, {1, 1}, 10, 3, 0, 0},
    {"younger than the age", {9, 100, 50}, {1, 1, 1}, 49, 1, 3, 3},
    {"as old as the age: gone", {9, 100, 50}, {1, 1, 1}, 50, 2, 2, 2},
    {"all too old", {9, 100, 50}, {1, 1, 1}, 70, 4, 0, 0},
    {"a clock that went back ages nobody", {9, 100, 5}, {1, 1, 1}, 0, 1, 3, 3},
    {"an age without end", {9, 100, UINT64_MAX}, {1, 1}, UINT64_MAX - 1, 1, 2, 2},
};

static void keeps_its_bounds(void) {
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    check_row(rows[i].name);
    struct ring ring;
    ring_start(&ring);
    size_t pushed = 0;
    for (; pushed < PUSHES_MAX && rows[i].lengths[pushed] > 0; pushed++)
      push(&ring, &rows[i].bounds, rows[i].lengths[pushed], pushed * 10);
    ring_trim(&ring, &rows[i].bounds, rows[i].trim_ms);
    CHECK(ring.next == pushed + 1);
    CHECK(ring_first(&ring) == rows[i].first);
    CHECK(ring.count == rows[i].count);
    CHECK(ring.bytes == rows[i].bytes);
    for (uint64_t number = ring_first(&ring); number < ring.next; number++) {
      const struct message *message = ring_at(&ring, number);
      CHECK(message->length == rows[i].lengths[number - 1]);
      CHECK(message->element[0] == 'a' + (char)(number % 26));
    }
    ring_end(&ring);
  }
}

static void numbers_go_on_when_it_goes_round(void) {
  check_row("1000 messages through a ring of 7");
  const struct ring_bounds bounds = {7, 1000, 1000};
  struct ring ring;
  ring_start(&ring);
  for (uint64_t number = 1; number <= 1000; number++) {
    push(&ring, &bounds, 1 + number % 9, number);
    CHECK(ring.next == number + 1);
    CHECK(ring_first(&ring) == (number > 7 ? number - 6 : 1));
    CHECK(ring_at(&ring, number)->length == 1 + number % 9);
    CHECK(ring_at(&ring, ring_first(&ring))->length == 1 + ring_first(&ring) % 9);
  }
  CHECK(ring.capacity == 8);
  ring_end(&ring);
}

int main(void) {
  keeps_its_bounds();
  numbers_go_on_when_it_goes_round();
  return check_report();
}
