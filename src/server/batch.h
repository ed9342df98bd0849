/* Builds the 200 answers of polls out of a topic's ring. Knows the envelope, not who asked. */
#ifndef TOPICSD_BATCH_H
#define TOPICSD_BATCH_H

#include "answer.h"
#include "ring.h"
#include "sequence.h"

/* What plan says about that ring and page: a discontinuity or none, then the messages from
   plan->from on, as many as fit into max_bytes but always one. NULL: no memory. */
struct answer *batch_answer(const struct ring *ring, uint64_t page,
                            const struct sequence_plan *plan, size_t max_bytes);

/* One message alone. */
struct answer *batch_message(const struct message *message);

#endif
