/* The table of protocol section 3: what a poll that asks for (number, page) is to be told by a
   topic that stands where it stands. Pure arithmetic. */
#ifndef TOPICSD_SEQUENCE_H
#define TOPICSD_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

struct sequence_state { /* of a topic */
  uint64_t page;
  uint64_t first; /* oldest retained; next when none is */
  uint64_t next;  /* number of the message to come */
};

struct sequence_plan {
  bool waits; /* nothing to tell yet; the rest then is about the answer when the hold is over */
  bool positioned; /* the client gave a position: "nothing new" is enough to go on from */
  bool gap;        /* a discontinuity {last, from, page} comes first */
  uint64_t last;
  uint64_t from; /* messages from..until - 1 follow */
  uint64_t until;
};

struct sequence_plan sequence_plan(const struct sequence_state *state, uint64_t number,
                                   uint64_t page);

/* What a poll gets that waited until its hold was over: nothing when it has a position, else the
   position to go on from. */
struct sequence_plan sequence_plan_hold(const struct sequence_state *state, bool positioned);

#endif
