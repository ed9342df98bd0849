/* Faults: what fields may say, whom they strike and how often, and what becomes of answers. */
#include "../../src/server/fault_answer.h"

#include "check.h"

/* Fields as one text, "name: value\n" each. */
static struct field_text look_up(const void *context, const char *name) {
  const size_t length = strlen(name);
  for (const char *line = context; *line != '\0'; line = strchr(line, '\n') + 1) {
    const char *value = line + length + 2;
    if (strncmp(line, name, length) == 0 && line[length] == ':')
      return (struct field_text){value, (size_t)(strchr(value, '\n') - value)};
  }
  return (struct field_text){NULL, 0};
}

static const struct {
  const char *fields;
  struct fault expected;
} fine[] = {
    {"", {.retry_after = -1}},
    {"return-error: unavailable\n", {.status = 503, .retry_after = -1}},
    {"return-error: Not-Found\n", {.status = 404, .retry_after = -1}},
    {"return-error: resource-exhausted\nretry-after: 7\n", {.status = 429, .retry_after = 7}},
    {"return-error: 400\n", {.status = 400, .retry_after = -1}},
    {"return-error: 599\nretry-after: 0\n", {.status = 599, .retry_after = 0}},
    {"delay-ms: 600000\n", {.delay_ms = 600000, .retry_after = -1}},
    {"fault: close\n", {.kind = FAULT_CLOSE, .retry_after = -1}},
    {"fault: cut 0\n", {.kind = FAULT_CUT, .retry_after = -1}},
    {"fault: drip 3\n", {.kind = FAULT_DRIP, .amount = 3, .retry_after = -1}},
    {"fault:  wrong-length  9 \n", {.kind = FAULT_WRONG_LENGTH, .amount = 9, .retry_after = -1}},
    {"return-error: 500\ndelay-ms: 5\nfault: reset\n",
     {.status = 500, .delay_ms = 5, .kind = FAULT_RESET, .retry_after = -1}},
    {"return-error: 500\nerror-rpcs: topic-subscribe\n", {.retry_after = -1}},
    {"return-error: 500\nerror-rpcs: topic-subscribe, topic-publish\n",
     {.status = 500, .retry_after = -1}},
    {"return-error: 500\nerror-rpcs: topic-subscribe topic-publish\nerror-count: 0\n",
     {.retry_after = -1}},
};

static const char *const wrong[] = {
    "return-error: 399\n",
    "return-error: 600\n",
    "return-error: \n",
    "return-error: sad\n",
    "return-error: 04 04\n",
    "delay-ms: -1\n",
    "delay-ms: 600001\n",
    "delay-ms: \n",
    "fault: \n",
    "fault: flood\n",
    "fault: cut\n",
    "fault: cut x\n",
    "fault: cut 1 2\n",
    "fault: reset 1\n",
    "fault: drip 0\n",
    "fault: cut 18446744073709551616\n",
    "fault: skip\nfault-count: x\n",
    "fault: skip\nfault-rpcs: \n",
    "fault: skip\nfault-rpcs: get\n",
    "retry-after: soon\n",
};

static bool same(const struct fault *a, const struct fault *b) {
  return a->status == b->status && a->retry_after == b->retry_after && a->delay_ms == b->delay_ms &&
         a->kind == b->kind && a->amount == b->amount;
}

static void reads_fields(struct faults *faults) {
  struct fault fault;
  for (size_t i = 0; i < CHECK_COUNT(fine); i++) {
    check_row(fine[i].fields);
    CHECK(faults_take(faults, FAULT_PUBLISH, look_up, fine[i].fields, &fault) == NULL);
    CHECK(same(&fault, &fine[i].expected));
  }
  for (size_t i = 0; i < CHECK_COUNT(wrong); i++) {
    check_row(wrong[i]);
    CHECK(faults_take(faults, FAULT_PUBLISH, look_up, wrong[i], &fault) != NULL);
    CHECK(faults_add(faults, look_up, wrong[i]) != NULL);
  }
  check_row("a rule without a fault");
  CHECK(faults_add(faults, look_up, "retry-after: 1\n") != NULL);
  CHECK(faults_count(faults) == 0);
}

/* The statuses of requests one after the other, 0 for none, as digits of 9. */
static void check_strikes(struct faults *faults, enum fault_rpc rpc, const char *fields,
                          const char *expected) {
  char struck[16] = "";
  for (size_t i = 0; i < strlen(expected); i++) {
    struct fault fault;
    CHECK(faults_take(faults, rpc, look_up, fields, &fault) == NULL);
    struck[i] = (char)('0' + fault.status / 100);
    struck[i + 1] = '\0';
  }
  CHECK_BYTES(struck, strlen(struck), expected, strlen(expected));
}

static void counts(struct faults *faults) {
  check_row("rules, one after the other");
  CHECK(faults_add(faults, look_up, "return-error: 500\nerror-count: 2\n") == NULL);
  CHECK(faults_add(faults, look_up,
                   "return-error: 400\nerror-rpcs: topic-publish\nerror-count: 1\n") == NULL);
  check_strikes(faults, FAULT_PUBLISH, "", "5");
  check_strikes(faults, FAULT_SUBSCRIBE, "", "500");
  check_strikes(faults, FAULT_PUBLISH, "", "400");
  CHECK(faults_count(faults) == 2);
  CHECK(faults_struck(faults, 0) == 2 && faults_struck(faults, 1) == 1);

  check_row("what a request asks for comes before rules");
  CHECK(faults_add(faults, look_up, "return-error: 400\n") == NULL);
  check_strikes(faults, FAULT_PUBLISH, "return-error: 500\n", "55");
  faults_clear(faults);
  check_strikes(faults, FAULT_PUBLISH, "", "0");

  check_row("requests with the same id share a count");
  check_strikes(faults, FAULT_PUBLISH, "return-error: 500\nerror-count: 1\n", "555");
  check_strikes(faults, FAULT_PUBLISH, "return-error: 500\nerror-count: 2\nrequest-id: a\n", "550");
  check_strikes(faults, FAULT_PUBLISH, "return-error: 500\nerror-count: 2\nrequest-id: b\n", "550");
  check_strikes(faults, FAULT_PUBLISH, "return-error: 500\nerror-count: 3\nrequest-id: a\n", "50");

  check_row("ids without end");
  for (int i = 0; i < 1000; i++) {
    char fields[64];
    snprintf(fields, sizeof fields, "return-error: 500\nerror-count: 1\nrequest-id: %d\n", i);
    check_strikes(faults, FAULT_PUBLISH, fields, "50");
  }
  char longest[128] = "return-error: 500\nrequest-id: ";
  memset(longest + strlen(longest), 'x', FAULTS_ID_SIZE + 1);
  strcat(longest, "\n");
  struct fault fault;
  CHECK(faults_take(faults, FAULT_PUBLISH, look_up, longest, &fault) != NULL);

  check_row("rules without end");
  for (int i = 0; i < FAULTS_RULES_MAX; i++)
    CHECK(faults_add(faults, look_up, "fault: skip\n") == NULL);
  CHECK(faults_add(faults, look_up, "fault: skip\n") != NULL);
}

#define ITEM(number) "{\"item\":{\"n\":" number "}}"
#define GAP "{\"discontinuity\":{\"item\":[1,2]}}"
#define ENVELOPE(elements) "{\"items\":[" elements "]}"

static const struct {
  const char *name;
  struct fault fault;
  const char *body, *expected;
  int more; /* bytes that are announced beyond those that are there */
} answers[] = {
    {"nothing", {.kind = FAULT_NONE}, "{}", "{}", 0},
    {"malformed",
     {.kind = FAULT_MALFORMED},
     ENVELOPE(ITEM("1")),
     "{\"items\":[{\"it\001"
     "m\":{\"n\":1}}]}",
     0},
    {"malformed, of one byte", {.kind = FAULT_MALFORMED}, "1", "\1", 0},
    {"wrong length", {.kind = FAULT_WRONG_LENGTH, .amount = 95}, "12345", "12345", 95},
    {"twice",
     {.kind = FAULT_DUPLICATE},
     ENVELOPE(ITEM("1") "," GAP "," ITEM("2")),
     ENVELOPE(ITEM("1") "," ITEM("1") "," GAP "," ITEM("2") "," ITEM("2")),
     0},
    {"twice nothing", {.kind = FAULT_DUPLICATE}, ENVELOPE(""), ENVELOPE(""), 0},
    {"without the first item",
     {.kind = FAULT_SKIP},
     ENVELOPE(GAP "," ITEM("1") "," ITEM("2")),
     ENVELOPE(GAP "," ITEM("2")),
     0},
    {"without the only item", {.kind = FAULT_SKIP}, ENVELOPE(ITEM("1")), ENVELOPE(""), 0},
    {"what is no envelope", {.kind = FAULT_SKIP}, "{\"status\":1}", "{\"status\":1}", 0},
    {"what breaks off", {.kind = FAULT_SKIP}, "{\"items\":[" ITEM("1") ",{", ENVELOPE(""), 0},
};

static void spoils_answers(void) {
  for (size_t i = 0; i < CHECK_COUNT(answers); i++) {
    check_row(answers[i].name);
    const size_t length = strlen(answers[i].body);
    struct answer *answer = answer_json(length);
    if (answer == NULL) abort();
    memcpy(answer->bytes + answer->body_at, answers[i].body, length);
    answer = fault_answer_spoil(&answers[i].fault, answer);
    const size_t left = answer->length - answer->body_at;
    CHECK_BYTES(answer->bytes + answer->body_at, left, answers[i].expected,
                strlen(answers[i].expected));
    char field[64];
    snprintf(field, sizeof field, "\r\nContent-Length: %zu\r\n\r\n",
             left + (size_t)answers[i].more);
    CHECK(memcmp(answer->bytes + answer->body_at - strlen(field), field, strlen(field)) == 0);
    answer_release(answer);
  }
  check_row("an answer that others have, too");
  struct answer *shared = answer_retain(answer_json(1));
  shared->bytes[shared->body_at] = '1';
  struct answer *other = fault_answer_spoil(&(struct fault){.kind = FAULT_MALFORMED}, shared);
  CHECK(other != shared && shared->references == 1);
  answer_release(other);
  answer_release(shared);

  check_row("an answer without a body");
  struct answer *empty = answer_empty("");
  CHECK(fault_answer_spoil(&(struct fault){.kind = FAULT_WRONG_LENGTH, .amount = 1}, empty) ==
        empty);
  answer_release(empty);
}

static void answers_instead(void) {
  check_row("instead");
  const struct fault error = {.status = 429, .retry_after = 5};
  struct answer *answer = fault_answer_instead(&error, FAULT_PUBLISH);
  CHECK(answer->status == 429);
  const char *field = memchr(answer->bytes, 'R', answer->body_at);
  while (field != NULL && memcmp(field, "Retry-After: 5\r\n", 16) != 0)
    field = memchr(field + 1, 'R', (size_t)(answer->bytes + answer->body_at - field - 1));
  CHECK(field != NULL);
  answer_release(answer);
  const struct fault none = {.kind = FAULT_EMPTY, .retry_after = -1};
  CHECK(fault_answer_instead(&none, FAULT_PUBLISH) == NULL);
  answer = fault_answer_instead(&none, FAULT_SUBSCRIBE);
  CHECK_BYTES(answer->bytes + answer->body_at, answer->length - answer->body_at, "{\"items\":[]}",
              strlen("{\"items\":[]}"));
  answer_release(answer);
}

int main(void) {
  struct faults *faults = faults_new();
  if (faults == NULL) abort();
  reads_fields(faults);
  counts(faults);
  faults_free(faults);
  spoils_answers();
  answers_instead();
  return check_report();
}
