/* The cursor, rule by rule (protocol section 4): each row is a story told in steps, every one of
   which says what it must lead to. */
#include "../../src/wire/cursor.h"

#include "check.h"

enum step_kind { STORY_ENDS, RESUME, MESSAGE, DISCONTINUITY, ASKS, POSITION, NO_POSITION };

struct step {
  enum step_kind kind;
  uint64_t number;
  uint64_t page;
  int verdict;   /* MESSAGE: enum cursor_verdict; DISCONTINUITY: whether the reader is told */
  uint64_t last; /* DISCONTINUITY: what the element says; MESSAGE: what the gap says */
};

/* The vocabulary of the stories. Each begins where cursor_start puts it. */
#define RESUMES(number, page)                                                                      \
  { RESUME, number, page, 0, 0 }
#define DELIVERS(number, page)                                                                     \
  { MESSAGE, number, page, CURSOR_DELIVER, 0 }
#define DROPS(number, page)                                                                        \
  { MESSAGE, number, page, CURSOR_DUPLICATE, 0 }
#define GAP_AFTER(last, number, page)                                                              \
  { MESSAGE, number, page, CURSOR_GAP, last }
#define TELLS(last, number, page)                                                                  \
  { DISCONTINUITY, number, page, true, last }
#define KEEPS_QUIET(last, number, page)                                                            \
  { DISCONTINUITY, number, page, false, last }
#define ASKS_FOR(number, page)                                                                     \
  { ASKS, number, page, 0, 0 }
#define IS_AT(number, page)                                                                        \
  { POSITION, number, page, 0, 0 }
#define IS_NOWHERE                                                                                 \
  { NO_POSITION, 0, 0, 0, 0 }

#define MAX UINT64_MAX

enum { STEPS = 12 };

static const struct {
  const char *name;
  struct step steps[STEPS];
} stories[] = {
    {"asks for what is published next at first", {ASKS_FOR(0, 0), IS_NOWHERE}},
    {"takes any first message", {DELIVERS(7, 50), ASKS_FOR(8, 50), IS_AT(7, 50)}},
    {"takes number 0", {DELIVERS(0, 50), ASKS_FOR(1, 50), DELIVERS(1, 50)}},
    {"delivers in order", {DELIVERS(1, 50), DELIVERS(2, 50), DELIVERS(3, 50), ASKS_FOR(4, 50)}},
    {"drops a repeat and stays",
     {DELIVERS(4, 50), DELIVERS(5, 50), DROPS(5, 50), DROPS(4, 50), DROPS(0, 50), ASKS_FOR(6, 50),
      IS_AT(5, 50), DELIVERS(6, 50)}},
    {"drops number 0 when it has it", {DELIVERS(0, 50), DROPS(0, 50), DELIVERS(1, 50)}},
    {"no gap without an element is silent",
     {DELIVERS(4, 50), GAP_AFTER(4, 6, 50), ASKS_FOR(7, 50), IS_AT(6, 50), DROPS(5, 50)}},
    {"a new page without an element is a gap",
     {DELIVERS(4, 50), GAP_AFTER(4, 1, 51), ASKS_FOR(2, 51), IS_AT(1, 51), DELIVERS(2, 51)}},
    {"a new page is a gap even with the number that was expected",
     {DELIVERS(4, 50), GAP_AFTER(4, 5, 51), ASKS_FOR(6, 51)}},
    {"a message of an older page is a repeat",
     {DELIVERS(1, 51), DROPS(9, 50), DROPS(2, 50), ASKS_FOR(2, 51), IS_AT(1, 51)}},

    {"an element sets what is expected",
     {DELIVERS(4, 50), TELLS(4, 10, 50), ASKS_FOR(10, 50), IS_AT(9, 50), DELIVERS(10, 50),
      IS_AT(10, 50)}},
    {"the last number told is the one of the element", {DELIVERS(4, 50), TELLS(100, 104, 50)}},
    {"an element with a new page",
     {DELIVERS(4, 50), TELLS(4, 1, 51), ASKS_FOR(1, 51), IS_AT(0, 51), DELIVERS(1, 51)}},
    {"an element with a new page and the number that was expected",
     {DELIVERS(4, 50), TELLS(4, 5, 51), ASKS_FOR(5, 51)}},
    {"the older page is a repeat after an element",
     {DELIVERS(4, 50), TELLS(4, 1, 51), DROPS(5, 50), DELIVERS(1, 51)}},
    {"what lies before an element's number was said to be gone",
     {DELIVERS(4, 50), TELLS(4, 10, 50), DROPS(9, 50), DELIVERS(10, 50)}},
    {"a gap after an element is a gap of its own",
     {DELIVERS(4, 50), TELLS(4, 10, 50), GAP_AFTER(9, 11, 50)}},
    {"an element for where the cursor stands says nothing new",
     {DELIVERS(4, 50), KEEPS_QUIET(4, 5, 50), ASKS_FOR(5, 50), IS_AT(4, 50), DELIVERS(5, 50)}},
    {"the same element twice is told once",
     {DELIVERS(4, 50), TELLS(4, 10, 50), KEEPS_QUIET(4, 10, 50), DELIVERS(10, 50)}},
    {"the server's word counts when numbers go back",
     {DELIVERS(9, 50), TELLS(3, 4, 50), ASKS_FOR(4, 50), DELIVERS(4, 50), DELIVERS(5, 50)}},
    {"the server's word counts when the page goes back",
     {DELIVERS(9, 51), TELLS(9, 1, 50), ASKS_FOR(1, 50), DELIVERS(1, 50), DROPS(1, 50)}},
    {"an element whose messages begin with 0",
     {DELIVERS(9, 50), TELLS(9, 0, 51), ASKS_FOR(0, 51), DELIVERS(0, 51), DROPS(0, 51),
      DELIVERS(1, 51)}},
    {"and whose message 0 is missing",
     {DELIVERS(9, 50), TELLS(9, 0, 51), GAP_AFTER(0, 1, 51), DELIVERS(2, 51)}},
    {"before anything was expected, an element only places the cursor",
     {KEEPS_QUIET(6, 7, 50), ASKS_FOR(7, 50), IS_AT(6, 50), DELIVERS(7, 50)}},
    {"for a topic without messages too", {KEEPS_QUIET(0, 1, 50), ASKS_FOR(1, 50), IS_AT(0, 50)}},
    {"unless it says that something is missing",
     {TELLS(100, 104, 50), ASKS_FOR(104, 50), DELIVERS(104, 50)}},

    {"resumes after the last message had",
     {RESUMES(4, 50), ASKS_FOR(5, 50), IS_AT(4, 50), DROPS(4, 50), DELIVERS(5, 50)}},
    {"resumes with nothing of the page yet",
     {RESUMES(0, 50), ASKS_FOR(1, 50), IS_AT(0, 50), DELIVERS(1, 50)}},
    {"resumes from a gap", {RESUMES(4, 50), GAP_AFTER(4, 7, 50)}},
    {"resumes into a new page", {RESUMES(4, 50), TELLS(4, 1, 51), DELIVERS(1, 51)}},
    {"resumes ahead of the server", {RESUMES(900, 50), TELLS(6, 7, 50), DELIVERS(7, 50)}},
    {"resumes in whichever page is current",
     {RESUMES(4, 0), ASKS_FOR(5, 0), IS_AT(4, 0), DELIVERS(5, 50), ASKS_FOR(6, 50), IS_AT(5, 50)}},
    {"learns the current page from an element",
     {RESUMES(4, 0), KEEPS_QUIET(4, 5, 50), ASKS_FOR(5, 50), IS_AT(4, 50), DELIVERS(5, 50)}},
    {"learns of a gap in the current page", {RESUMES(4, 0), GAP_AFTER(4, 8, 50), ASKS_FOR(9, 50)}},
    {"drops nothing of a page it has not seen", {RESUMES(4, 0), GAP_AFTER(4, 2, 50)}},
    {"resumes with nothing of the current page yet",
     {RESUMES(0, 0), ASKS_FOR(1, 0), IS_AT(0, 0), DELIVERS(1, 50), ASKS_FOR(2, 50)}},
    {"forgets all when it resumes again",
     {DELIVERS(9, 51), RESUMES(4, 50), ASKS_FOR(5, 50), IS_AT(4, 50)}},

    {"takes the greatest number once",
     {DELIVERS(MAX - 1, 50), DELIVERS(MAX, 50), ASKS_FOR(MAX, 50), DROPS(MAX, 50), DROPS(0, 50),
      DROPS(MAX - 1, 50), IS_AT(MAX, 50)}},
    {"resumes after the greatest number",
     {RESUMES(MAX, 50), ASKS_FOR(MAX, 50), DROPS(MAX, 50), GAP_AFTER(MAX, 1, 51)}},
    {"an element with the greatest number",
     {DELIVERS(1, 50), TELLS(1, MAX, 50), IS_AT(MAX - 1, 50), DELIVERS(MAX, 50),
      KEEPS_QUIET(1, MAX, 50), DROPS(MAX, 50), IS_AT(MAX, 50)}},
    {"a gap as wide as can be", {DELIVERS(0, 50), GAP_AFTER(0, MAX, 50), DROPS(MAX, 50)}},
    {"an element as wide as can be", {TELLS(0, MAX, MAX), DELIVERS(MAX, MAX), DROPS(0, MAX)}},
    {"an element that wraps is none to tell of at first", {KEEPS_QUIET(MAX, 0, 50)}},
    {"the greatest page", {DELIVERS(1, MAX - 1), GAP_AFTER(1, 1, MAX), DROPS(2, MAX - 1)}},
    {"numbers that no double holds",
     {DELIVERS(UINT64_C(9007199254740992), 50), DELIVERS(UINT64_C(9007199254740993), 50),
      DROPS(UINT64_C(9007199254740992), 50), ASKS_FOR(UINT64_C(9007199254740994), 50)}},
};

static void take_step(struct cursor *cursor, const struct step *step) {
  struct cursor_gap gap = {0, 0, 0};
  uint64_t number = 0;
  uint64_t page = 0;
  bool reported = false;
  switch (step->kind) {
  case RESUME:
    cursor_resume(cursor, step->number, step->page);
    break;
  case MESSAGE: {
    int verdict = (int)cursor_message(cursor, step->number, step->page, &gap);
    CHECK(verdict == step->verdict);
    reported = verdict == CURSOR_GAP;
    break;
  }
  case DISCONTINUITY:
    reported = cursor_discontinuity(cursor, step->last, step->number, step->page, &gap);
    CHECK(reported == (step->verdict != 0));
    break;
  case ASKS:
    CHECK(cursor->next == step->number && cursor->page == step->page);
    break;
  case POSITION:
    CHECK(cursor_position(cursor, &number, &page));
    CHECK(number == step->number && page == step->page);
    break;
  default:
    CHECK(!cursor_position(cursor, &number, &page));
    break;
  }
  if (reported)
    CHECK(gap.last_sequence_number == step->last && gap.new_sequence_number == step->number &&
          gap.new_sequence_page == step->page);
}

int main(void) {
  for (size_t i = 0; i < CHECK_COUNT(stories); i++) {
    struct cursor cursor;
    cursor_start(&cursor);
    for (size_t at = 0; at < STEPS && stories[i].steps[at].kind != STORY_ENDS; at++) {
      char name[128];
      snprintf(name, sizeof name, "%s, step %zu", stories[i].name, at + 1);
      check_row(name);
      take_step(&cursor, &stories[i].steps[at]);
    }
  }
  return check_report();
}
