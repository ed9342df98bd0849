/* A credential is brought to what is inside it; then it is a key, a token, or nothing. */
#include "auth.h"

#include "credential.h"
#include "keys.h"
#include "table.h"
#include "tokens.h"

#include <stdlib.h>
#include <string.h>

struct auth {
  bool open;
  unsigned char seed[TABLE_SEED_SIZE];
  struct keys *keys;
  struct tokens *tokens;
};

enum { TOKENS_REMEMBERED = 1024 };

struct auth *auth_new(const struct auth_options *options) {
  struct auth *auth = calloc(1, sizeof *auth);
  if (auth == NULL) {
    return NULL;
  }
  auth->open = options->open;
  memcpy(auth->seed, options->seed, sizeof auth->seed);
  auth->keys = keys_new(options->keys, options->key_count);
  auth->tokens = tokens_new(&options->secret, options->seed, TOKENS_REMEMBERED);
  if (auth->keys == NULL || auth->tokens == NULL) {
    auth_free(auth);
    return NULL;
  }
  return auth;
}

void auth_free(struct auth *auth) {
  if (auth == NULL) {
    return;
  }
  keys_free(auth->keys);
  tokens_free(auth->tokens);
  free(auth);
}

bool auth_set_keys(struct auth *auth, const char *const *keys, size_t key_count) {
  struct keys *wanted = keys_new(keys, key_count);
  if (wanted == NULL) {
    return false;
  }
  keys_free(auth->keys);
  auth->keys = wanted;
  return true;
}

bool auth_is_open(const struct auth *auth) {
  return auth->open;
}

const struct token_secret *auth_secret(const struct auth *auth) {
  return tokens_secret(auth->tokens);
}

bool auth_check(struct auth *auth, const char *credential, size_t length, uint64_t now_ms,
                struct grant *grant) {
  char inner[CREDENTIAL_MAX];
  const size_t inner_length = credential_unwrap(credential, length, inner);
  grant->token = NULL;
  grant->holder = table_siphash(auth->seed, inner, inner_length);
  if (keys_have(auth->keys, inner, inner_length)) {
    return true;
  }
  grant->token = tokens_verify(auth->tokens, inner, inner_length, now_ms);
  return grant->token != NULL;
}

void auth_grant_open(struct grant *grant) {
  *grant = (struct grant){.token = NULL, .holder = 0};
}

bool auth_permits(const struct grant *grant, const struct permissions_wish *wish) {
  const struct token *token = grant->token;
  return token == NULL || permissions_check(token->permissions, token->permissions_length, wish) ==
                              PERMISSIONS_ALLOW;
}
