#include "metrics.h"

#include <stdbool.h>
#include <string.h>

/* Why an answer was a refusal. The first that fits counts; err NULL fits any, and so does status 0.
 */
static const struct reason {
  unsigned status;
  const char *err;
  const char *name;
} reasons[METRICS_REFUSALS] = {
    {429, "item_size_limit_exceeded", "item_size_limit_exceeded"},
    {429, "operations_rate_limit_exceeded", "operations_rate_limit_exceeded"},
    {429, "throughput_rate_limit_exceeded", "throughput_rate_limit_exceeded"},
    {429, "topic_subscriptions_limit_exceeded", "topic_subscriptions_limit_exceeded"},
    {429, "topics_limit_exceeded", "topics_limit_exceeded"},
    {429, "caches_limit_exceeded", "caches_limit_exceeded"},
    {400, NULL, "bad_request"},
    {401, NULL, "unauthorized"},
    {403, NULL, "forbidden"},
    {404, NULL, "not_found"},
    {405, NULL, "method_not_allowed"},
    {408, NULL, "request_timeout"},
    {414, NULL, "uri_too_long"},
    {417, NULL, "expectation_failed"},
    {429, NULL, "too_many_requests"},
    {431, NULL, "headers_too_large"},
    {501, NULL, "not_implemented"},
    {503, NULL, "unavailable"},
    {505, NULL, "version_not_supported"},
    {0, NULL, "other"},
};

/* Upper bounds of the buckets but the last, which has none. */
static const struct bound {
  uint64_t us;
  const char *seconds;
} bounds[METRICS_BUCKETS - 1] = {
    {50, "0.00005"}, {100, "0.0001"},  {250, "0.00025"}, {500, "0.0005"},
    {1000, "0.001"}, {2500, "0.0025"}, {5000, "0.005"},  {10000, "0.01"},
    {50000, "0.05"}, {250000, "0.25"}, {1000000, "1"},
};

static bool fits(const struct reason *reason, const struct answer *answer) {
  if (reason->status != 0 && reason->status != answer->status) return false;
  return reason->err == NULL || (answer->err != NULL && strcmp(reason->err, answer->err) == 0);
}

void metrics_count_answer(struct metrics *metrics, const struct answer *answer, size_t bytes) {
  metrics->answers++;
  metrics->bytes += bytes;
  if (answer->status < 400) return;
  size_t i = 0;
  while (!fits(&reasons[i], answer))
    i++;
  metrics->refusals[i]++;
}

void metrics_count_latency(struct metrics *metrics, uint64_t microseconds) {
  size_t i = 0;
  while (i < METRICS_BUCKETS - 1 && microseconds > bounds[i].us)
    i++;
  metrics->latencies[i]++;
  metrics->latency_sum_us += microseconds;
}

static void write_head(FILE *out, const char *name, const char *type, const char *help) {
  fprintf(out, "# HELP topicsd_%s %s\n# TYPE topicsd_%s %s\n", name, help, name, type);
}

static void write_one(FILE *out, const char *name, const char *type, const char *help,
                      uint64_t value) {
  write_head(out, name, type, help);
  fprintf(out, "topicsd_%s %llu\n", name, (unsigned long long)value);
}

static void write_refusals(FILE *out, const struct metrics *metrics) {
  write_head(out, "refused_total", "counter", "Answers with a status from 400 on, by reason.");
  for (size_t i = 0; i < METRICS_REFUSALS; i++)
    fprintf(out, "topicsd_refused_total{reason=\"%s\"} %llu\n", reasons[i].name,
            (unsigned long long)metrics->refusals[i]);
}

static void write_latencies(FILE *out, const struct metrics *metrics) {
  write_head(out, "request_seconds", "histogram",
             "From a request read to its answer sent, but for polls that waited.");
  uint64_t count = 0;
  for (size_t i = 0; i < METRICS_BUCKETS; i++) {
    count += metrics->latencies[i];
    fprintf(out, "topicsd_request_seconds_bucket{le=\"%s\"} %llu\n",
            i < METRICS_BUCKETS - 1 ? bounds[i].seconds : "+Inf", (unsigned long long)count);
  }
  fprintf(out, "topicsd_request_seconds_sum %llu.%06llu\ntopicsd_request_seconds_count %llu\n",
          (unsigned long long)(metrics->latency_sum_us / 1000000),
          (unsigned long long)(metrics->latency_sum_us % 1000000), (unsigned long long)count);
}

void metrics_write(FILE *out, const struct metrics *metrics, const struct api_totals *totals) {
  write_one(out, "messages_total", "counter", "Messages published.", totals->messages);
  write_one(out, "message_bytes_total", "counter", "Bytes of their values.", totals->message_bytes);
  write_one(out, "polls_total", "counter", "Polls that were let in.", totals->polls);
  write_one(out, "discontinuities_total", "counter", "Polls for messages that were not there.",
            totals->discontinuities);
  write_one(out, "waiters", "gauge", "Polls that wait now.", totals->waiters);
  write_one(out, "topics", "gauge", "Topics now.", totals->topics);
  write_one(out, "caches", "gauge", "Caches now.", totals->caches);
  write_one(out, "connections", "gauge", "Connections now.", metrics->connections);
  write_one(out, "connections_total", "counter", "Connections accepted.", metrics->accepted);
  write_one(out, "clients_gone_total", "counter", "Clients that left before their answer.",
            metrics->gone);
  write_one(out, "answers_total", "counter", "Answers sent.", metrics->answers);
  write_one(out, "answer_bytes_total", "counter", "Bytes of them.", metrics->bytes);
  write_one(out, "access_log_dropped_total", "counter",
            "Lines of the access log that could not be written.", metrics->unlogged);
  write_refusals(out, metrics);
  write_latencies(out, metrics);
}
