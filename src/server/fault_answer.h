/* Answers spoilt on purpose: what a fault makes of the answer that a request would have had. Pure;
   how the bytes then leave (late, in drops, not all of them) is the shell's. */
#ifndef TOPICSD_FAULT_ANSWER_H
#define TOPICSD_FAULT_ANSWER_H

#include "answer.h"
#include "faults.h"

/* The answer to give without asking the API: the error that is asked for, or no items to a poll.
   NULL: there is none, or no memory. One reference. */
struct answer *fault_answer_instead(const struct fault *fault, enum fault_rpc rpc);

/* Takes over the reference to answer and returns one to what is sent instead of it: the same when
   the fault leaves answers alone, when this one has nothing that could be spoilt (no body, no
   items), or when there is no memory. */
struct answer *fault_answer_spoil(const struct fault *fault, struct answer *answer);

#endif
