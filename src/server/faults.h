/* What goes wrong on purpose (--faults): which faults are asked for, by a request for itself or by
   rules that the operator has made, whom they strike, and how often still. Pure: no I/O, no clock;
   what a fault does to an answer is in fault_answer.h, and carried out by the shell.

   Requests and rules say it with the same fields, in the words of Momento's own local test server
   (the first seven) and a few for what HTTP adds:

       return-error: unavailable      a gRPC status, or an HTTP one from 400 to 599: the answer
       error-rpcs: topic-publish topic-subscribe     whom it strikes; absent: both
       error-count: 2                 how often; absent: always
       delay-ms: 100                  the answer is held back so long
       delay-rpcs, delay-count        likewise
       retry-after: 1                 seconds, goes with the error
       fault: KIND or KIND NUMBER     see enum fault_kind
       fault-rpcs, fault-count        likewise
       request-id: ID                 of requests: those with the same id share a count

   Each of error, delay and fault is taken from the request itself or else from the oldest rule that
   has it and still strikes. */
#ifndef TOPICSD_FAULTS_H
#define TOPICSD_FAULTS_H

#include "field.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  FAULTS_RULES_MAX = 64,
  FAULTS_IDS_MAX = 256, /* request ids whose counts are remembered, the latest ones */
  FAULTS_ID_SIZE = 64,  /* longest request id */
  FAULTS_DELAY_MAX_MS = 600000
};

enum fault_rpc { FAULT_PUBLISH = 1, FAULT_SUBSCRIBE = 2 };

enum fault_kind {
  FAULT_NONE,
  FAULT_CLOSE,        /* close: no byte of an answer, the connection is closed */
  FAULT_RESET,        /* reset: likewise, by force */
  FAULT_CUT,          /* cut N: head and N bytes of the body, then the connection is closed */
  FAULT_DRIP,         /* drip N: N bytes every FAULT_DRIP_MS */
  FAULT_WRONG_LENGTH, /* wrong-length N: N bytes more are announced than come */
  FAULT_MALFORMED,    /* malformed: a byte in the middle of the body that no JSON has */
  FAULT_DUPLICATE,    /* duplicate: each item twice */
  FAULT_SKIP,         /* skip: without the first item */
  FAULT_EMPTY,        /* empty: a poll is answered at once, without items */
  FAULT_NEW_PAGE      /* new-page: the topic is forgotten first, so that it begins a new page */
};

enum { FAULT_DRIP_MS = 10 };

/* What happens to one request. */
struct fault {
  unsigned status;      /* answered instead; 0: none */
  int64_t retry_after;  /* seconds, with status; -1: not told */
  uint32_t delay_ms;    /* 0: none */
  enum fault_kind kind; /* FAULT_NONE: none */
  uint64_t amount;      /* of the kinds with a number */
};

/* Finds the field of that name, as request_field does. */
typedef struct field_text fault_look_up(const void *context, const char *name);

struct faults;

/* NULL: no memory. */
struct faults *faults_new(void);
void faults_free(struct faults *faults);

/* Makes a rule of the fields. Returns what is wrong with them, for people, or NULL. */
const char *faults_add(struct faults *faults, fault_look_up *look_up, const void *context);

/* Forgets all rules and counts. */
void faults_clear(struct faults *faults);

/* Decides what happens to a request, and counts it. Returns what is wrong with the request's own
   fields, and then counts nothing, or NULL. */
const char *faults_take(struct faults *faults, enum fault_rpc rpc, fault_look_up *look_up,
                        const void *context, struct fault *fault);

/* The rules, the oldest first: what each does, and how often it has struck. */
size_t faults_count(const struct faults *faults);
const struct fault *faults_rule(const struct faults *faults, size_t rule);
uint64_t faults_struck(const struct faults *faults, size_t rule);

/* The word for a kind other than FAULT_NONE, as in a field; *has_amount: a number goes with it. */
const char *faults_kind_name(enum fault_kind kind, bool *has_amount);

#endif
