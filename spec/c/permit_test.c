/* Permits of the command line as the JSON that asks for a token. */
#include "../../src/server/permit.h"
#include "../../src/server/vend.h"

#include "check.h"

#define REQUEST(permissions) "{\"permissions\":[" permissions "],\"expires_in\":60}"
#define PERMISSION(role, cache, topic)                                                             \
  "{\"role\":\"" role "\",\"cache\":\"" cache "\",\"topic\":" topic "}"

static const struct {
  const char *permit;
  const char *request; /* NULL: cannot be read */
} rows[] = {
    {"subscribeonly:my-cache/chat", REQUEST(PERMISSION("subscribeonly", "my-cache", "\"chat\""))},
    {"publishonly:c/room-*", REQUEST(PERMISSION("publishonly", "c", "{\"prefix\":\"room-\"}"))},
    {"publishsubscribe:*/*", REQUEST(PERMISSION("publishsubscribe", "*", "\"*\""))},
    {"publishonly:a%2Fb/%22", REQUEST(PERMISSION("publishonly", "a/b", "\"\\\"\""))},
    {"publishonly:c/room%2A", REQUEST(PERMISSION("publishonly", "c", "\"room*\""))},
    {"publishonly:c/a:b", REQUEST(PERMISSION("publishonly", "c", "\"a:b\""))},
    {"anything:c/t", REQUEST(PERMISSION("anything", "c", "\"t\""))}, /* judged later */
    {"", NULL},
    {"publishonly", NULL},
    {"publishonly:c", NULL},
    {"publishonly/c:t", NULL},
    {"publishonly:c/t/u", NULL},
    {"publishonly:%/t", NULL},
    {"publishonly:c/%4", NULL},
    {"publishonly:c/%FF", NULL},
    {"publishonly:c/\xff*", NULL},
};

static void reads_permits(void) {
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    check_row(rows[i].permit);
    const char *wrong = NULL;
    char *request = permit_request(&rows[i].permit, 1, 60, NULL, &wrong);
    if (CHECK((request != NULL) == (rows[i].request != NULL)) && request != NULL)
      CHECK_BYTES(request, strlen(request), rows[i].request, strlen(rows[i].request));
    CHECK(wrong == (rows[i].request != NULL ? NULL : rows[i].permit));
    free(request);
  }
}

static void puts_them_together(void) {
  static const char *const permits[] = {"publishonly:c/t", "subscribeonly:d/*"};
  static const struct token_secret secret = {
      (const unsigned char *)"0123456789abcdef0123456789abcdef", 32};
  const char *wrong;
  check_row("several, and an id");
  char *request = permit_request(permits, 2, 3600, "a\"nn", &wrong);
  static const char expected[] =
      "{\"permissions\":[" PERMISSION("publishonly", "c", "\"t\"") "," PERMISSION(
          "subscribeonly", "d", "\"*\"") "],\"expires_in\":3600,\"token_id\":\"a\\\"nn\"}";
  if (request == NULL) abort();
  CHECK_BYTES(request, strlen(request), expected, strlen(expected));
  check_row("it is what vending takes");
  struct vended vended;
  CHECK(vend_token(&secret, "http://h", request, strlen(request), 0, &vended) == NULL);
  CHECK(vended.key != NULL);
  free(vended.key);
  free(request);
  check_row("none");
  request = permit_request(NULL, 0, 60, NULL, &wrong);
  if (request == NULL) abort();
  CHECK(vend_token(&secret, "http://h", request, strlen(request), 0, &vended) != NULL);
  free(request);
  check_row("an id that is not UTF-8");
  CHECK(permit_request(permits, 2, 60, "\xff", &wrong) == NULL);
  CHECK(strcmp(wrong, "\xff") == 0);
}

int main(void) {
  reads_permits();
  puts_them_together();
  return check_report();
}
