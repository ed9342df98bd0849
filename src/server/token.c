/* Claims: exp (seconds), permissions, and token_id when the token has an id. */
#include "token.h"

#include "credential.h"
#include "permissions.h"

#include "../wire/number.h"
#include "../wire/url.h"
#include "../wire/utf8.h"

#include <errno.h>
#include <jwt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

bool token_id_valid(const char *id, size_t length) {
  size_t characters = 0;
  for (size_t i = 0; i < length; i++) {
    characters += ((unsigned char)id[i] & 0xC0) != 0x80;
  }
  return characters <= TOKEN_ID_MAX_CHARACTERS && length <= TOKEN_ID_MAX_BYTES &&
         url_name_valid(id, length) && utf8_valid(id, length);
}

/* Decodes and verifies; NULL when the signature is not ours, whatever the reason. The algorithm is
   the header's word: a token that says another one than HS256 is not ours either. */
static jwt_t *verify_signature(const struct token_secret *secret, const char *text, size_t length) {
  char terminated[CREDENTIAL_MAX + 1];
  jwt_t *jwt = NULL;
  if (secret->bytes == NULL || length > CREDENTIAL_MAX || memchr(text, '\0', length) != NULL) {
    return NULL;
  }
  memcpy(terminated, text, length);
  terminated[length] = '\0';
  if (jwt_decode(&jwt, terminated, secret->bytes, (int)secret->length) != 0) {
    return NULL;
  }
  if (jwt_get_alg(jwt) != JWT_ALG_HS256) {
    jwt_free(jwt);
    return NULL;
  }
  return jwt;
}

static bool read_expiry(jwt_t *jwt, uint64_t now_ms, struct token *token) {
  errno = 0;
  const long expires = jwt_get_grant_int(jwt, "exp");
  if (errno != 0 || expires <= 0 || (uint64_t)expires > UINT64_MAX / 1000) {
    return false;
  }
  token->expires_ms = (uint64_t)expires * 1000;
  return now_ms < token->expires_ms &&
         token->expires_ms - now_ms <= (uint64_t)TOKEN_MAX_SECONDS * 1000;
}

/* Absent is fine; there but no string or not valid is not. */
static bool read_id(jwt_t *jwt, struct token *token) {
  errno = 0;
  const char *id = jwt_get_grant(jwt, "token_id");
  token->id_length = 0;
  if (id == NULL) {
    return errno == ENOENT;
  }
  token->id_length = strlen(id);
  if (!token_id_valid(id, token->id_length)) {
    return false;
  }
  memcpy(token->id, id, token->id_length);
  return true;
}

static bool read_permissions(jwt_t *jwt, struct token *token) {
  static const struct permissions_wish none = {true, "", 0, "", 0};
  token->permissions = jwt_get_grants_json(jwt, "permissions");
  if (token->permissions == NULL) {
    return false;
  }
  token->permissions_length = strlen(token->permissions);
  return permissions_check(token->permissions, token->permissions_length, &none) !=
         PERMISSIONS_MALFORMED;
}

bool token_verify(const struct token_secret *secret, const char *text, size_t length,
                  uint64_t now_ms, struct token *token) {
  jwt_t *jwt = verify_signature(secret, text, length);
  token->permissions = NULL;
  const bool valid = jwt != NULL && read_expiry(jwt, now_ms, token) && read_id(jwt, token) &&
                     read_permissions(jwt, token);
  jwt_free(jwt);
  if (!valid) {
    token_end(token);
  }
  return valid;
}

void token_end(struct token *token) {
  free(token->permissions);
  token->permissions = NULL;
}

static char *append(char *at, const char *bytes, size_t length) {
  memcpy(at, bytes, length);
  return at + length;
}

/* {"exp":...,"permissions":[...],"token_id":"..."} */
static char *write_claims(uint64_t expires_seconds, const char *permissions,
                          size_t permissions_length, const char *id, size_t id_length) {
  char digits[NUMBER_U64_SIZE];
  const size_t digit_count = number_format_u64(expires_seconds, digits);
  char *claims = malloc(64 + digit_count + permissions_length + id_length);
  if (claims == NULL) {
    return NULL;
  }
  char *at = append(claims, "{\"exp\":", 7);
  at = append(at, digits, digit_count);
  at = append(at, ",\"permissions\":", 15);
  at = append(at, permissions, permissions_length);
  if (id != NULL) {
    at = append(at, ",\"token_id\":", 12);
    at = append(at, id, id_length);
  }
  append(at, "}", 2);
  return claims;
}

char *token_sign(const struct token_secret *secret, uint64_t expires_seconds,
                 const char *permissions, size_t permissions_length, const char *id,
                 size_t id_length) {
  jwt_t *jwt = NULL;
  char *text = NULL;
  char *claims = write_claims(expires_seconds, permissions, permissions_length, id, id_length);
  if (claims != NULL && jwt_new(&jwt) == 0 && jwt_add_grants_json(jwt, claims) == 0 &&
      jwt_set_alg(jwt, JWT_ALG_HS256, secret->bytes, (int)secret->length) == 0) {
    text = jwt_encode_str(jwt);
  }
  jwt_free(jwt);
  free(claims);
  return text;
}
