/* Answers: their bytes, where headers can be put in, and how they are shared. */
#include "../../src/server/answer.h"

#include "check.h"

#define HEADERS "Access-Control-Allow-Origin: *\r\nCache-Control: no-store\r\n"
#define JSON_OF(length) "Content-Type: application/json\r\nContent-Length: " length "\r\n\r\n"

static const struct {
  const char *name;
  unsigned status;
  const char *detail;
  const char *err;
  const char *extra;
  const char *expected;
} errors[] = {
    {"plain", 404, "Cache not found", NULL, "",
     "HTTP/1.1 404 Not Found\r\n" HEADERS JSON_OF(
         "61") "{\"status\":404,\"title\":\"Not Found\",\"detail\":\"Cache not found\"}"},
    {"err and headers", 429, "Too long", "item_size_limit_exceeded", "Retry-After: 1\r\n",
     "HTTP/1.1 429 Too Many Requests\r\n" HEADERS "Retry-After: 1\r\n" JSON_OF(
         "95") "{\"status\":429,\"title\":\"Too Many Requests\",\"detail\":\"Too long\","
               "\"err\":\"item_size_limit_exceeded\"}"},
    {"detail is escaped", 400, "a \"b\"\n", NULL, "",
     "HTTP/1.1 400 Bad Request\r\n" HEADERS JSON_OF(
         "57") "{\"status\":400,\"title\":\"Bad Request\",\"detail\":\"a \\\"b\\\"\\n\"}"},
    {"a status without a name of its own", 499, "x", NULL, "",
     "HTTP/1.1 499 Client Error\r\n" HEADERS JSON_OF(
         "50") "{\"status\":499,\"title\":\"Client Error\",\"detail\":\"x\"}"},
};

static void check_answer(struct answer *answer, unsigned status, const char *expected) {
  if (answer == NULL) abort();
  const char *body = strstr(expected, "\r\n\r\n") + 4;
  CHECK(answer->status == status);
  CHECK_BYTES(answer->bytes, answer->length, expected, strlen(expected));
  CHECK(answer->body_at == (size_t)(body - expected));
  CHECK(memcmp(answer->bytes + answer->body_at - 4, "\r\n\r\n", 4) == 0);
  answer_release(answer);
}

static void writes_errors(void) {
  for (size_t i = 0; i < CHECK_COUNT(errors); i++) {
    check_row(errors[i].name);
    check_answer(answer_error(errors[i].status, errors[i].detail, errors[i].err, errors[i].extra),
                 errors[i].status, errors[i].expected);
  }
}

static void writes_the_rest(void) {
  check_row("204 has no length and no body");
  check_answer(answer_empty("Allow: GET\r\n"), 204,
               "HTTP/1.1 204 No Content\r\n" HEADERS "Allow: GET\r\n\r\n");
  check_row("200 with the caller's body");
  struct answer *answer = answer_json(2);
  if (answer == NULL) abort();
  memcpy(answer->bytes + answer->body_at, "{}", 2);
  check_answer(answer, 200, "HTTP/1.1 200 OK\r\n" HEADERS JSON_OF("2") "{}");
}

static void lives_as_long_as_somebody_has_it(void) {
  check_row("shared");
  struct answer *answer = answer_empty("");
  if (answer == NULL) abort();
  for (int i = 0; i < 1000; i++)
    CHECK(answer_retain(answer) == answer);
  for (int i = 0; i < 1000; i++)
    answer_release(answer);
  CHECK(answer->references == 1 && answer->status == 204);
  answer_release(answer); /* the sanitizers' leak check sees whether this frees */
  answer_release(NULL);
}

int main(void) {
  writes_errors();
  writes_the_rest();
  lives_as_long_as_somebody_has_it();
  return check_report();
}
