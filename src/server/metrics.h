/* Counts what the server's shell sees, and writes all there is to know in the text format of
   Prometheus. Knows no sockets and no clock. */
#ifndef TOPICSD_METRICS_H
#define TOPICSD_METRICS_H

#include "answer.h"
#include "api_admin.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { METRICS_REFUSALS = 20, METRICS_BUCKETS = 12 };

struct metrics {
  size_t connections;                  /* open now */
  uint64_t accepted;                   /* connections, since the start, and so all that follow */
  uint64_t answers;                    /* of any status */
  uint64_t bytes;                      /* of them */
  uint64_t gone;                       /* clients that left before their answer */
  uint64_t unlogged;                   /* requests whose line in the access log was lost */
  uint64_t refusals[METRICS_REFUSALS]; /* answers from 400 on, by reason */
  uint64_t latencies[METRICS_BUCKETS]; /* of requests that did not wait, from read to answered */
  uint64_t latency_sum_us;
};

/* An answer was sent. */
void metrics_count_answer(struct metrics *metrics, const struct answer *answer, size_t bytes);

void metrics_count_latency(struct metrics *metrics, uint64_t microseconds);

void metrics_write(FILE *out, const struct metrics *metrics, const struct api_totals *totals);

#endif
