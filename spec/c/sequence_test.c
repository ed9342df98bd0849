/* The table of protocol section 3, every row and its edges. */
#include "../../src/server/sequence.h"

#include "check.h"

enum { PAGE = 1000 };
#define MOST UINT64_MAX

static const struct {
  const char *name;
  struct sequence_state state; /* page, first, next */
  uint64_t number;
  uint64_t page;
  struct sequence_plan plan; /* waits, positioned, gap, last, from, until */
} rows[] = {
    {"(0, 0) waits", {PAGE, 1, 1}, 0, 0, {true, false, false, 0, 1, 1}},
    {"(0, 0) waits, whatever is retained", {PAGE, 3, 9}, 0, 0, {true, false, false, 0, 9, 9}},

    {"(N, 0) is of the current page: retained", {PAGE, 3, 9}, 5, 0, {false, true, false, 0, 5, 9}},
    {"(N, 0) is of the current page: next", {PAGE, 3, 9}, 9, 0, {true, true, false, 0, 9, 9}},
    {"(N, 0) is of the current page: gone", {PAGE, 3, 9}, 2, 0, {false, true, true, 1, 3, 9}},
    {"(N, 0) is of the current page: ahead", {PAGE, 3, 9}, 10, 0, {false, true, true, 8, 9, 9}},
    {"(1, 0) on a new topic waits", {PAGE, 1, 1}, 1, 0, {true, true, false, 0, 1, 1}},

    {"first retained", {PAGE, 3, 9}, 3, PAGE, {false, true, false, 0, 3, 9}},
    {"last retained", {PAGE, 3, 9}, 8, PAGE, {false, true, false, 0, 8, 9}},
    {"next waits", {PAGE, 3, 9}, 9, PAGE, {true, true, false, 0, 9, 9}},
    {"next waits, none retained", {PAGE, 9, 9}, 9, PAGE, {true, true, false, 0, 9, 9}},

    {"one before first", {PAGE, 3, 9}, 2, PAGE, {false, true, true, 1, 3, 9}},
    {"number 0 of the current page", {PAGE, 3, 9}, 0, PAGE, {false, true, true, 0, 3, 9}},
    {"number 0 of a new topic", {PAGE, 1, 1}, 0, PAGE, {false, true, true, 0, 1, 1}},
    {"before first, none retained: the gap alone",
     {PAGE, 9, 9},
     4,
     PAGE,
     {false, true, true, 3, 9, 9}},

    {"ahead of next", {PAGE, 3, 9}, 10, PAGE, {false, true, true, 8, 9, 9}},
    {"ahead of next on a new topic", {PAGE, 1, 1}, 2, PAGE, {false, true, true, 0, 1, 1}},
    {"as far ahead as can be", {PAGE, 1, 1}, MOST, PAGE, {false, true, true, 0, 1, 1}},

    {"an older page", {PAGE, 3, 9}, 5, PAGE - 1, {false, true, true, 4, 3, 9}},
    {"a page yet to come", {PAGE, 3, 9}, 5, PAGE + 1, {false, true, true, 4, 3, 9}},
    {"another page, number 0", {PAGE, 3, 9}, 0, 7, {false, true, true, 0, 3, 9}},
    {"another page, where next is the number", {PAGE, 3, 9}, 9, 7, {false, true, true, 8, 3, 9}},
    {"another page, none retained", {PAGE, 9, 9}, 5, 7, {false, true, true, 4, 9, 9}},
    {"the greatest number of the greatest page",
     {PAGE, 3, 9},
     MOST,
     MOST,
     {false, true, true, MOST - 1, 3, 9}},

    {"numbers near the end",
     {MOST, MOST - 2, MOST},
     MOST - 1,
     MOST,
     {false, true, false, 0, MOST - 1, MOST}},
    {"page near the end, number 1",
     {MOST, MOST - 2, MOST},
     1,
     MOST,
     {false, true, true, 0, MOST - 2, MOST}},
};

static void check_plan(const struct sequence_plan *plan, const struct sequence_plan *expected) {
  CHECK(plan->waits == expected->waits);
  CHECK(plan->positioned == expected->positioned);
  CHECK(plan->gap == expected->gap);
  CHECK(plan->last == expected->last);
  CHECK(plan->from == expected->from);
  CHECK(plan->until == expected->until);
}

static void plans_every_row(void) {
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    check_row(rows[i].name);
    const struct sequence_plan plan = sequence_plan(&rows[i].state, rows[i].number, rows[i].page);
    check_plan(&plan, &rows[i].plan);
  }
}

static void plans_the_end_of_a_hold(void) {
  const struct sequence_state state = {PAGE, 3, 9};
  check_row("hold over, position given: nothing");
  const struct sequence_plan nothing = sequence_plan_hold(&state, true);
  check_plan(&nothing, &(struct sequence_plan){false, true, false, 8, 9, 9});
  check_row("hold over, no position: where to go on");
  const struct sequence_plan position = sequence_plan_hold(&state, false);
  check_plan(&position, &(struct sequence_plan){false, false, true, 8, 9, 9});
}

int main(void) {
  plans_every_row();
  plans_the_end_of_a_hold();
  return check_report();
}
