/* Tokens: what was signed comes back, and everything that was not, or not so, is refused. */
#include "../../src/server/token.h"
#include "../../src/server/tokens.h"

#include "check.h"

#include <jwt.h>

enum { NOW_S = 1748358253 };
#define NOW_MS ((uint64_t)NOW_S * 1000)
#define PERMISSIONS "[{\"cache\":\"c\",\"role\":\"publishonly\",\"topic\":\"*\"}]"

static const struct token_secret secret = {
    (const unsigned char *)"0123456789abcdef0123456789abcdef", 32};
static const struct token_secret another = {
    (const unsigned char *)"0123456789abcdef0123456789abcdeF", 32};

static bool verifies(const char *text, uint64_t now_ms) {
  struct token token;
  char *copy = check_copy(text, strlen(text));
  const bool valid = token_verify(&secret, copy, strlen(text), now_ms, &token);
  free(copy);
  if (valid) token_end(&token);
  return valid;
}

/* Any claims under any algorithm. To be freed. */
static char *sign(jwt_alg_t algorithm, const struct token_secret *with, const char *claims) {
  jwt_t *jwt = NULL;
  if (jwt_new(&jwt) != 0 || jwt_add_grants_json(jwt, claims) != 0 ||
      jwt_set_alg(jwt, algorithm, with == NULL ? NULL : with->bytes,
                  with == NULL ? 0 : (int)with->length) != 0)
    abort();
  char *text = jwt_encode_str(jwt);
  jwt_free(jwt);
  if (text == NULL) abort();
  return text;
}

#define CLAIMS(exp, more) "{\"exp\":" exp ",\"permissions\":" PERMISSIONS more "}"
#define GOOD CLAIMS("1748358353", "") /* in 100 s */

static const struct {
  const char *name;
  jwt_alg_t algorithm;
  const struct token_secret *with;
  const char *claims;
  bool valid;
} rows[] = {
    {"as it should be", JWT_ALG_HS256, &secret, GOOD, true},
    {"alg none", JWT_ALG_NONE, NULL, GOOD, false},
    {"HS384 with our secret", JWT_ALG_HS384, &secret, GOOD, false},
    {"HS512 with our secret", JWT_ALG_HS512, &secret, GOOD, false},
    {"another secret", JWT_ALG_HS256, &another, GOOD, false},
    {"expires this second", JWT_ALG_HS256, &secret, CLAIMS("1748358253", ""), false},
    {"expires the next second", JWT_ALG_HS256, &secret, CLAIMS("1748358254", ""), true},
    {"expired long ago", JWT_ALG_HS256, &secret, CLAIMS("1", ""), false},
    {"25 hours ahead", JWT_ALG_HS256, &secret, CLAIMS("1748448253", ""), true},
    {"more than 25 hours ahead", JWT_ALG_HS256, &secret, CLAIMS("1748448254", ""), false},
    {"never expires", JWT_ALG_HS256, &secret, "{\"permissions\":" PERMISSIONS "}", false},
    {"expiry is text", JWT_ALG_HS256, &secret, CLAIMS("\"1748358353\"", ""), false},
    {"expiry is a fraction", JWT_ALG_HS256, &secret, CLAIMS("1748358353.5", ""), false},
    {"expiry is negative", JWT_ALG_HS256, &secret, CLAIMS("-1", ""), false},
    {"expiry beyond all bounds", JWT_ALG_HS256, &secret, CLAIMS("9223372036854775807", ""), false},
    {"no permissions", JWT_ALG_HS256, &secret, "{\"exp\":1748358353}", false},
    {"permissions of another shape", JWT_ALG_HS256, &secret,
     "{\"exp\":1748358353,\"permissions\":\"*\"}", false},
    {"no permission in the list", JWT_ALG_HS256, &secret, "{\"exp\":1748358353,\"permissions\":[]}",
     false},
    {"an id", JWT_ALG_HS256, &secret, CLAIMS("1748358353", ",\"token_id\":\"ann\""), true},
    {"an empty id", JWT_ALG_HS256, &secret, CLAIMS("1748358353", ",\"token_id\":\"\""), false},
    {"an id that is a number", JWT_ALG_HS256, &secret, CLAIMS("1748358353", ",\"token_id\":1"),
     false},
    {"other claims beside", JWT_ALG_HS256, &secret, CLAIMS("1748358353", ",\"iat\":1"), true},
};

static void believes_only_what_it_should(void) {
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    check_row(rows[i].name);
    char *text = sign(rows[i].algorithm, rows[i].with, rows[i].claims);
    CHECK(verifies(text, NOW_MS) == rows[i].valid);
    free(text);
  }
}

static void believes_none_without_a_secret(void) {
  check_row("no secret");
  const struct token_secret none = {NULL, 0};
  char *text = sign(JWT_ALG_HS256, &secret, GOOD);
  struct token token;
  CHECK(!token_verify(&none, text, strlen(text), NOW_MS, &token));
  free(text);
}

/* A single character changed anywhere, or gone, or added. */
static void refuses_altered_text(void) {
  check_row("altered");
  char *text = sign(JWT_ALG_HS256, &secret, GOOD);
  const size_t length = strlen(text);
  for (size_t i = 0; i < length; i++) {
    const char kept = text[i];
    text[i] = kept == 'A' ? 'B' : 'A';
    CHECK(!verifies(text, NOW_MS));
    text[i] = '.';
    CHECK(kept == '.' || !verifies(text, NOW_MS));
    text[i] = kept;
  }
  check_row("cut off");
  struct token token;
  for (size_t cut = 0; cut < length; cut++)
    CHECK(!token_verify(&secret, text, cut, NOW_MS, &token));
  check_row("with more behind it");
  char longer[1024];
  static const char *const more[] = {"A", "=", ".", ".A", " "};
  for (size_t i = 0; i < CHECK_COUNT(more); i++) {
    (void)snprintf(longer, sizeof longer, "%s%s", text, more[i]);
    CHECK(!verifies(longer, NOW_MS));
  }
  check_row("a NUL behind it");
  CHECK(!token_verify(&secret, text, length + 1, NOW_MS, &token));
  free(text);
}

/* The signature of one token under the claims of another, and a header that says "none". */
static void refuses_parts_of_others(void) {
  check_row("claims of another token");
  char *one = sign(JWT_ALG_HS256, &secret, CLAIMS("1748358353", ""));
  char *other = sign(JWT_ALG_HS256, &secret, CLAIMS("1748358354", ""));
  char mixed[1024];
  const size_t signed_part = (size_t)(strrchr(one, '.') - one);
  (void)snprintf(mixed, sizeof mixed, "%.*s%s", (int)signed_part, one, strrchr(other, '.'));
  CHECK(!verifies(mixed, NOW_MS));
  check_row("alg none over signed claims");
  char *none = sign(JWT_ALG_NONE, NULL, GOOD);
  const char *claims = strchr(one, '.');
  (void)snprintf(mixed, sizeof mixed, "%.*s%s", (int)(strchr(none, '.') - none), none, claims);
  CHECK(!verifies(mixed, NOW_MS));
  free(one);
  free(other);
  free(none);
}

static void brings_back_what_was_signed(void) {
  check_row("signed and verified");
  char *text = token_sign(&secret, NOW_S + 10, PERMISSIONS, strlen(PERMISSIONS),
                          "\"\\u00e4nn \\\"x\\\"\"", strlen("\"\\u00e4nn \\\"x\\\"\""));
  if (text == NULL) abort();
  struct token token;
  if (CHECK(token_verify(&secret, text, strlen(text), NOW_MS, &token))) {
    CHECK(token.expires_ms == NOW_MS + 10000);
    CHECK_BYTES(token.permissions, token.permissions_length, PERMISSIONS, strlen(PERMISSIONS));
    CHECK_BYTES(token.id, token.id_length, "\xc3\xa4nn \"x\"", 8);
    token_end(&token);
  }
  free(text);
  check_row("without an id");
  text = token_sign(&secret, NOW_S + 10, PERMISSIONS, strlen(PERMISSIONS), NULL, 0);
  if (text == NULL) abort();
  if (CHECK(token_verify(&secret, text, strlen(text), NOW_MS, &token))) {
    CHECK(token.id_length == 0);
    token_end(&token);
  }
  free(text);
}

static void bounds_ids(void) {
  char id[TOKEN_ID_MAX_BYTES + 8] = "";
  check_row("empty");
  CHECK(!token_id_valid(id, 0));
  check_row("64 characters");
  memset(id, 'a', 64);
  CHECK(token_id_valid(id, 64));
  check_row("65 characters");
  id[64] = 'a';
  CHECK(!token_id_valid(id, 65));
  check_row("64 characters of four bytes");
  for (size_t i = 0; i < 65; i++)
    memcpy(id + 4 * i, "\xf0\x9f\x98\x80", 4);
  CHECK(token_id_valid(id, 256));
  CHECK(!token_id_valid(id, 260));
  check_row("not UTF-8, or a control byte");
  CHECK(!token_id_valid("\xff", 1));
  CHECK(!token_id_valid("a\nb", 3));
}

static void remembers_what_it_verified(void) {
  unsigned char seed[TABLE_SEED_SIZE] = {1};
  struct tokens *tokens = tokens_new(&secret, seed, 2);
  if (tokens == NULL) abort();
  static const char *const claims[] = {CLAIMS("1748358300", ""), CLAIMS("1748358301", ""),
                                       CLAIMS("1748358302", "")};
  uint64_t hashes[CHECK_COUNT(claims)] = {0};
  check_row("more tokens than are remembered");
  for (size_t round = 0; round < 4; round++) {
    for (size_t i = 0; i < CHECK_COUNT(claims); i++) {
      char *text = sign(JWT_ALG_HS256, &secret, claims[i]);
      uint64_t hash;
      const struct token *token = tokens_verify(tokens, text, strlen(text), NOW_MS, &hash);
      CHECK(token != NULL && token->expires_ms == (1748358300 + i) * 1000);
      CHECK(round == 0 || hash == hashes[i]);
      CHECK(tokens_count(tokens) <= 2);
      hashes[i] = hash;
      free(text);
    }
  }
  CHECK(hashes[0] != hashes[1] && hashes[1] != hashes[2]);
  check_row("a remembered one expires all the same");
  char *text = sign(JWT_ALG_HS256, &secret, claims[2]);
  uint64_t hash;
  CHECK(tokens_verify(tokens, text, strlen(text), 1748358301999, &hash) != NULL);
  CHECK(tokens_verify(tokens, text, strlen(text), 1748358302000, &hash) == NULL);
  CHECK(tokens_verify(tokens, text, strlen(text), 1748358302000, &hash) == NULL);
  const size_t count = tokens_count(tokens);
  check_row("one that is not valid is not remembered");
  text[strlen(text) - 1] ^= 1;
  CHECK(tokens_verify(tokens, text, strlen(text), NOW_MS, &hash) == NULL);
  CHECK(tokens_verify(tokens, text, strlen(text), NOW_MS, &hash) == NULL);
  CHECK(tokens_count(tokens) == count);
  free(text);
  tokens_free(tokens);
}

int main(void) {
  believes_only_what_it_should();
  believes_none_without_a_secret();
  refuses_altered_text();
  refuses_parts_of_others();
  brings_back_what_was_signed();
  bounds_ids();
  remembers_what_it_verified();
  return check_report();
}
