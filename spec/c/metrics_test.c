/* What is counted under which reason and in which bucket, as Prometheus will read it. */
#include "../../src/server/metrics.h"
#include "check.h"

static struct metrics metrics;

/* Whether the metrics have that line. */
static bool tells(const char *line) {
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  if (out == NULL) abort();
  const struct api_totals totals = {.waiters = 7, .message_bytes = UINT64_MAX};
  metrics_write(out, &metrics, &totals);
  fclose(out);
  const char *found = strstr(text, line);
  const bool told = found != NULL && (found == text || found[-1] == '\n');
  free(text);
  return told;
}

static void counts_refusals(void) {
  static const struct {
    unsigned status;
    const char *err;
    const char *line;
  } rows[] = {
      {400, NULL, "topicsd_refused_total{reason=\"bad_request\"} 1\n"},
      {429, "item_size_limit_exceeded",
       "topicsd_refused_total{reason=\"item_size_limit_exceeded\"} 1\n"},
      {429, "caches_limit_exceeded", "topicsd_refused_total{reason=\"caches_limit_exceeded\"} 1\n"},
      {429, NULL, "topicsd_refused_total{reason=\"too_many_requests\"} 1\n"},
      {429, "another", "topicsd_refused_total{reason=\"too_many_requests\"} 2\n"},
      {505, NULL, "topicsd_refused_total{reason=\"version_not_supported\"} 1\n"},
      {418, NULL, "topicsd_refused_total{reason=\"other\"} 1\n"},
  };
  metrics = (struct metrics){.accepted = 3, .unlogged = 2};
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    check_row(rows[i].line);
    struct answer *answer = answer_error(rows[i].status, "", rows[i].err, "");
    if (answer == NULL) abort();
    metrics_count_answer(&metrics, answer, 10);
    answer_release(answer);
    CHECK(tells(rows[i].line));
  }
  check_row("an answer that is no refusal");
  struct answer *answer = answer_empty("");
  if (answer == NULL) abort();
  metrics_count_answer(&metrics, answer, 5);
  answer_release(answer);
  CHECK(tells("topicsd_answers_total 8\n"));
  CHECK(tells("topicsd_answer_bytes_total 75\n"));
  CHECK(tells("topicsd_connections_total 3\n"));
  CHECK(tells("topicsd_access_log_dropped_total 2\n"));
  CHECK(tells("topicsd_waiters 7\n"));
  CHECK(tells("topicsd_message_bytes_total 18446744073709551615\n"));
  CHECK(tells("# TYPE topicsd_waiters gauge\n"));
}

static void counts_latencies(void) {
  static const uint64_t latencies_us[] = {0, 50, 51, 1000000, 1000001, 60000000};
  metrics = (struct metrics){.accepted = 0};
  check_row("latencies");
  for (size_t i = 0; i < CHECK_COUNT(latencies_us); i++)
    metrics_count_latency(&metrics, latencies_us[i]);
  CHECK(tells("topicsd_request_seconds_bucket{le=\"0.00005\"} 2\n"));
  CHECK(tells("topicsd_request_seconds_bucket{le=\"0.0001\"} 3\n"));
  CHECK(tells("topicsd_request_seconds_bucket{le=\"0.25\"} 3\n"));
  CHECK(tells("topicsd_request_seconds_bucket{le=\"1\"} 4\n"));
  CHECK(tells("topicsd_request_seconds_bucket{le=\"+Inf\"} 6\n"));
  CHECK(tells("topicsd_request_seconds_sum 62.000102\n"));
  CHECK(tells("topicsd_request_seconds_count 6\n"));
}

int main(void) {
  counts_refusals();
  counts_latencies();
  return check_report();
}
