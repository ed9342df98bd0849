/* Row by row; sums are written so that no 64-bit value can overflow. */
#include "sequence.h"

struct sequence_plan sequence_plan(const struct sequence_state *state, uint64_t number,
                                   uint64_t page) {
  struct sequence_plan plan = {
      .waits = false, .positioned = true, .from = state->next, .until = state->next};
  if (number == 0 && page == 0) {
    plan.waits = true;
    plan.positioned = false;
  } else if ((page != 0 && page != state->page) || number < state->first) {
    plan.gap = true;
    plan.last = number == 0 ? 0 : number - 1;
    plan.from = state->first;
  } else if (number > state->next) {
    plan.gap = true;
    plan.last = state->next - 1;
  } else if (number == state->next) {
    plan.waits = true;
  } else {
    plan.from = number;
  }
  return plan;
}

struct sequence_plan sequence_plan_hold(const struct sequence_state *state, bool positioned) {
  return (struct sequence_plan){.waits = false,
                                .positioned = positioned,
                                .gap = !positioned,
                                .last = state->next - 1,
                                .from = state->next,
                                .until = state->next};
}
