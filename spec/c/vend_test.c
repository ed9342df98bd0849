/* Vending: every bound of a request for a token, and that what is vended is what was asked for. */
#include "../../src/server/credential.h"
#include "../../src/server/vend.h"

#include "check.h"

enum { NOW_S = 1748358253 };
#define NOW_MS ((uint64_t)NOW_S * 1000 + 999)
#define ONE "{\"role\":\"publishonly\",\"cache\":\"c\",\"topic\":\"t\"}"
#define REQUEST(expires_in, more) "{\"permissions\":[" ONE "],\"expires_in\":" expires_in more "}"
#define CHARACTERS_64 "0123456789012345678901234567890123456789012345678901234567890123"

static const struct token_secret secret = {
    (const unsigned char *)"0123456789abcdef0123456789abcdef", 32};

static const struct {
  const char *name;
  const char *request;
  const char *problem; /* begins with; NULL: vended */
} rows[] = {
    {"least", REQUEST("1", ""), NULL},
    {"longest", REQUEST("90000", ""), NULL},
    {"longer than 25 hours", REQUEST("90001", ""), "expires_in"},
    {"at once", REQUEST("0", ""), "The body"},
    {"never", "{\"permissions\":[" ONE "]}", "expires_in"},
    {"negative", REQUEST("-1", ""), "The body"},
    {"fraction", REQUEST("1.5", ""), "The body"},
    {"text", REQUEST("\"60\"", ""), "The body"},
    {"beyond 64 bits", REQUEST("18446744073709551616", ""), "The body"},
    {"expiry twice", REQUEST("60", ",\"expires_in\":61"), "The body"},
    {"no permissions", "{\"expires_in\":60}", "permissions are missing"},
    {"empty permissions", "{\"permissions\":[],\"expires_in\":60}", "permissions must be"},
    {"permissions of another shape", "{\"permissions\":[1],\"expires_in\":60}", "permissions must"},
    {"permissions are no list", "{\"permissions\":{},\"expires_in\":60}", "The body"},
    {"permissions twice", REQUEST("60", ",\"permissions\":[" ONE "]"), "The body"},
    {"id", REQUEST("60", ",\"token_id\":\"ann\""), NULL},
    {"longest id", REQUEST("60", ",\"token_id\":\"" CHARACTERS_64 "\""), NULL},
    {"too long an id", REQUEST("60", ",\"token_id\":\"" CHARACTERS_64 "x\""), "token_id"},
    {"empty id", REQUEST("60", ",\"token_id\":\"\""), "token_id"},
    {"control byte in an id", REQUEST("60", ",\"token_id\":\"a\\u0000\""), "token_id"},
    {"half of a surrogate pair in an id", REQUEST("60", ",\"token_id\":\"\\ude00\""), "token_id"},
    {"surrogate pair in an id", REQUEST("60", ",\"token_id\":\"\\ud83d\\ude00\""), NULL},
    {"id is a number", REQUEST("60", ",\"token_id\":1"), "The body"},
    {"id twice", REQUEST("60", ",\"token_id\":\"a\",\"token_id\":\"b\""), "The body"},
    {"unknown member", REQUEST("60", ",\"role\":\"admin\""), "The body"},
    {"empty", "", "The body"},
    {"empty object", "{}", "The body"},
    {"list", "[]", "The body"},
    {"more behind it", REQUEST("60", "") "x", "The body"},
    {"cut off", "{\"permissions\":[" ONE "],\"expires_in\":60", "The body"},
    {"white space", " { \"expires_in\" : 60 , \"permissions\" : [ " ONE " ] } ", NULL},
};

static const char *vend(const char *request, struct vended *vended) {
  char *copy = check_copy(request, strlen(request));
  const char *problem = vend_token(&secret, "http://h:1", copy, strlen(request), NOW_MS, vended);
  free(copy);
  return problem;
}

static void checks_what_is_asked_for(void) {
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    check_row(rows[i].name);
    struct vended vended;
    const char *problem = vend(rows[i].request, &vended);
    CHECK((problem == NULL) == (rows[i].problem == NULL));
    CHECK((vended.key == NULL) == (rows[i].problem != NULL));
    if (problem != NULL && rows[i].problem != NULL)
      CHECK(strncmp(problem, rows[i].problem, strlen(rows[i].problem)) == 0);
    free(vended.key);
  }
}

static void vends_what_was_asked_for(void) {
  check_row("a v1 key around a token of that id, for that long");
  struct vended vended;
  CHECK(vend(REQUEST("60", ",\"token_id\":\"ann\""), &vended) == NULL);
  if (vended.key == NULL) abort();
  CHECK(vended.valid_until == NOW_S + 60);
  char inner[CREDENTIAL_MAX];
  const size_t inner_length = credential_unwrap(vended.key, strlen(vended.key), inner);
  struct token token;
  if (CHECK(token_verify(&secret, inner, inner_length, NOW_MS, &token))) {
    CHECK(token.expires_ms == (NOW_S + 60) * (uint64_t)1000);
    CHECK_BYTES(token.id, token.id_length, "ann", 3);
    token_end(&token);
  }
  free(vended.key);
}

static void bounds_the_token(void) {
  check_row("a token that would be too long for a header");
  static char request[VEND_REQUEST_MAX + 1];
  static char name[6001];
  memset(name, 'n', sizeof name - 1);
  (void)snprintf(request, sizeof request,
                 "{\"expires_in\":60,\"permissions\":[{\"role\":\"publishonly\",\"cache\":\"c\","
                 "\"topic\":\"%s\"}]}",
                 name);
  struct vended vended;
  const char *problem = vend(request, &vended);
  CHECK(problem != NULL && strncmp(problem, "permissions are longer", 22) == 0);
  CHECK(vended.key == NULL);
  check_row("a request that is too long");
  memset(request, ' ', VEND_REQUEST_MAX);
  request[VEND_REQUEST_MAX] = '\0';
  memcpy(request, REQUEST("60", ""), strlen(REQUEST("60", "")));
  CHECK(vend(request, &vended) == NULL);
  free(vended.key);
  CHECK(vend_token(&secret, "h", request, VEND_REQUEST_MAX + 1, NOW_MS, &vended) != NULL);
}

int main(void) {
  checks_what_is_asked_for();
  vends_what_was_asked_for();
  bounds_the_token();
  return check_report();
}
