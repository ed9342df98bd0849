/* The cursor: (next, page) is what is expected, everything below it on its page has been had. Page
   0 stands for "whichever page is current", as it does in a request. */
#include "cursor.h"

static uint64_t successor(uint64_t number) {
  return number == UINT64_MAX ? number : number + 1;
}

/* Nothing is known yet: whatever comes first is the beginning. */
static bool at_start(const struct cursor *cursor) {
  return !cursor->delivered && cursor->next == 0 && cursor->page == 0;
}

static void move_past(struct cursor *cursor, uint64_t number, uint64_t page) {
  cursor->next = successor(number);
  cursor->page = page;
  cursor->delivered = true;
  cursor->last_number = number;
}

static bool had(const struct cursor *cursor, uint64_t number) {
  if (number < cursor->next) return true;
  /* The greatest number has no successor to expect: it is had once it is the last one. */
  return number == UINT64_MAX && cursor->delivered && cursor->last_number == number;
}

void cursor_start(struct cursor *cursor) {
  *cursor = (struct cursor){0};
}

void cursor_resume(struct cursor *cursor, uint64_t number, uint64_t page) {
  cursor_start(cursor);
  move_past(cursor, number, page);
}

static void fill(struct cursor_gap *gap, uint64_t last, uint64_t number, uint64_t page) {
  gap->last_sequence_number = last;
  gap->new_sequence_number = number;
  gap->new_sequence_page = page;
}

enum cursor_verdict cursor_message(struct cursor *cursor, uint64_t number, uint64_t page,
                                   struct cursor_gap *gap) {
  enum cursor_verdict verdict = CURSOR_DELIVER;
  if (!at_start(cursor)) {
    bool same_page = page == cursor->page;
    if (page < cursor->page || (same_page && had(cursor, number))) return CURSOR_DUPLICATE;
    bool expected = number == cursor->next && (same_page || cursor->page == 0);
    if (!expected) {
      fill(gap, cursor->delivered ? cursor->last_number : 0, number, page);
      verdict = CURSOR_GAP;
    }
  }
  move_past(cursor, number, page);
  return verdict;
}

bool cursor_discontinuity(struct cursor *cursor, uint64_t last_number, uint64_t new_number,
                          uint64_t new_page, struct cursor_gap *gap) {
  bool told;
  if (at_start(cursor)) { /* nothing was expected: tell only of what the server says is missing */
    told = new_number > last_number && new_number - last_number > 1;
  } else {
    if (new_number == cursor->next && new_page == cursor->page) return false;
    told = new_number != cursor->next || cursor->page != 0;
  }
  move_past(cursor, new_number == 0 ? 0 : new_number - 1, new_page);
  cursor->next = new_number; /* not the successor of the position when it is 0 */
  if (told) fill(gap, last_number, new_number, new_page);
  return told;
}

bool cursor_position(const struct cursor *cursor, uint64_t *number, uint64_t *page) {
  if (!cursor->delivered) return false;
  *number = cursor->last_number;
  *page = cursor->page;
  return true;
}
