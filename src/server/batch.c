/* Messages are kept as envelope elements, so an answer is its elements put side by side. */
#include "batch.h"

#include "../wire/envelope.h"

#include <string.h>

enum { HEAD_LENGTH = sizeof ENVELOPE_HEAD - 1, TAIL_LENGTH = sizeof ENVELOPE_TAIL - 1 };

static char *append(char *at, const char *bytes, size_t length) {
  memcpy(at, bytes, length);
  return at + length;
}

struct answer *batch_answer(const struct ring *ring, uint64_t page,
                            const struct sequence_plan *plan, size_t max_bytes) {
  char gap[ENVELOPE_DISCONTINUITY_MAX];
  size_t length = 0;
  if (plan->gap) {
    length = envelope_write_discontinuity(gap, plan->last, plan->from, page);
  }
  const size_t gap_length = length;
  uint64_t end = plan->from;
  while (end < plan->until) {
    const size_t comma = length > 0 ? 1 : 0;
    const size_t wanted = comma + ring_at(ring, end)->length;
    if (end > plan->from && length + wanted > max_bytes) {
      break;
    }
    length += wanted;
    end++;
  }
  struct answer *answer = answer_json(HEAD_LENGTH + length + TAIL_LENGTH);
  if (answer == NULL) {
    return NULL;
  }
  char *at = append(answer->bytes + answer->body_at, ENVELOPE_HEAD, HEAD_LENGTH);
  at = append(at, gap, gap_length);
  for (uint64_t number = plan->from; number < end; number++) {
    const struct message *message = ring_at(ring, number);
    if (number > plan->from || plan->gap) {
      *at++ = ',';
    }
    at = append(at, message->element, message->length);
  }
  append(at, ENVELOPE_TAIL, TAIL_LENGTH);
  return answer;
}

struct answer *batch_message(const struct message *message) {
  struct answer *answer = answer_json(HEAD_LENGTH + message->length + TAIL_LENGTH);
  if (answer != NULL) {
    char *at = append(answer->bytes + answer->body_at, ENVELOPE_HEAD, HEAD_LENGTH);
    at = append(at, message->element, message->length);
    append(at, ENVELOPE_TAIL, TAIL_LENGTH);
  }
  return answer;
}
