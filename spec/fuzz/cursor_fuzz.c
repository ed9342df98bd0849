/* The cursor against a model that remembers every message it was given: none is delivered twice,
   none is dropped that is not behind the cursor, and no gap is silent. The server's word alone, a
   discontinuity, makes messages new again. */
#include "../../src/wire/cursor.h"

#include "fuzz.h"

enum { STEPS = 256, VALUES = 8 };

/* Few enough to meet often, with both ends among them. */
static const uint64_t numbers[VALUES] = {0, 1, 2, 3, 4, UINT64_MAX - 2, UINT64_MAX - 1, UINT64_MAX};
static const uint64_t pages[VALUES] = {0, 1, 2, 3, 50, 51, UINT64_MAX - 1, UINT64_MAX};

struct place {
  uint64_t number;
  uint64_t page;
};

struct model {
  struct place had[STEPS]; /* delivered, and not made new again */
  size_t count;
  bool expecting;
  struct place expected; /* page 0: whichever */
};

static bool before(struct place a, struct place b) {
  return a.page < b.page || (a.page == b.page && a.number < b.number);
}

static bool was_had(const struct model *model, struct place place) {
  for (size_t i = 0; i < model->count; i++)
    if (model->had[i].number == place.number && model->had[i].page == place.page) return true;
  return false;
}

static void forget_from(struct model *model, struct place place) {
  size_t kept = 0;
  for (size_t i = 0; i < model->count; i++)
    if (before(model->had[i], place)) model->had[kept++] = model->had[i];
  model->count = kept;
}

static void expect(struct model *model, struct place place) {
  model->expecting = true;
  model->expected = place;
}

static void expect_after(struct model *model, struct place place) {
  if (place.number < UINT64_MAX) place.number++;
  expect(model, place);
}

static void demand_gap_to(const struct cursor_gap *gap, struct place place) {
  demand(gap->new_sequence_number == place.number && gap->new_sequence_page == place.page);
}

static void message(struct cursor *cursor, struct model *model, struct place place) {
  struct cursor_gap gap;
  struct cursor kept = *cursor;
  enum cursor_verdict verdict = cursor_message(cursor, place.number, place.page, &gap);
  if (verdict == CURSOR_DUPLICATE) {
    demand(model->expecting && (before(place, model->expected) || place.number == UINT64_MAX));
    demand(cursor->next == kept.next && cursor->page == kept.page);
    return;
  }
  demand(!was_had(model, place));
  bool in_order =
      !model->expecting || (place.number == model->expected.number &&
                            (model->expected.page == 0 || place.page == model->expected.page));
  demand(in_order == (verdict == CURSOR_DELIVER));
  if (verdict == CURSOR_GAP) demand_gap_to(&gap, place);
  model->had[model->count++] = place;
  expect_after(model, place);
  demand(cursor_position(cursor, &kept.last_number, &kept.last_page));
  demand(kept.last_number == place.number && kept.last_page == place.page);
}

static void discontinuity(struct cursor *cursor, struct model *model, uint64_t last,
                          struct place place) {
  struct cursor_gap gap;
  bool told = cursor_discontinuity(cursor, last, place.number, place.page, &gap);
  bool stands_there = model->expecting && model->expected.number == place.number &&
                      (model->expected.page == place.page || model->expected.page == 0);
  if (model->expecting)
    demand(told == !stands_there);
  else
    demand(told == (place.number > last && place.number - last > 1));
  if (told) {
    demand_gap_to(&gap, place);
    demand(gap.last_sequence_number == last);
    forget_from(model, place);
  }
  expect(model, place);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length) {
  struct cursor cursor;
  struct model model = {.count = 0, .expecting = false};
  cursor_start(&cursor);
  for (size_t at = 0; at + 1 < length && at / 2 < STEPS; at += 2) {
    struct place place = {numbers[data[at] % VALUES], pages[data[at + 1] % VALUES]};
    switch (data[at] >> 5) {
    case 0:
      cursor_resume(&cursor, place.number, place.page);
      model.count = 0;
      model.had[model.count++] = place;
      expect_after(&model, place);
      break;
    case 1:
      discontinuity(&cursor, &model, numbers[data[at + 1] >> 5], place);
      break;
    case 2: /* the message that is expected */
      place.number = cursor.next;
      place.page = cursor.page;
      message(&cursor, &model, place);
      break;
    default:
      message(&cursor, &model, place);
      break;
    }
    demand(!model.expecting ||
           (cursor.next == model.expected.number && cursor.page == model.expected.page));
  }
  return 0;
}
