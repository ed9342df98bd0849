/* Keys are kept as what is inside them, and credentials are brought to that form before they are
   compared: which form either came in makes no difference. */
#include "auth.h"

#include "credential.h"
#include "table.h"
#include "tokens.h"

#include <stdlib.h>
#include <string.h>

struct key {
  char *bytes;
  size_t length;
  uint64_t holder;
};

struct auth {
  bool open;
  struct tokens *tokens;
  size_t key_count;
  struct key *keys;
  unsigned char seed[TABLE_SEED_SIZE];
  /* What was sent last and is one of the keys: most likely it is sent again, and it is compared
     sooner than unwrapped. */
  size_t last_key;
  size_t last_length; /* 0: nothing */
  char last[CREDENTIAL_MAX];
};

enum { TOKENS_KNOWN = 1024 };

/* Keys and tokens are known by a 63-bit hash of theirs, and told apart by the bit above it. */
#define HOLDER_OF_TOKEN (UINT64_C(1) << 63)

static bool key_start(struct key *key, const char *text, const unsigned char *seed) {
  char inner[CREDENTIAL_MAX];
  key->length = credential_unwrap(text, strlen(text), inner);
  key->bytes = key->length == 0 ? NULL : malloc(key->length);
  if (key->bytes == NULL) {
    return false;
  }
  memcpy(key->bytes, inner, key->length);
  key->holder = table_siphash(seed, inner, key->length) & ~HOLDER_OF_TOKEN;
  return true;
}

static void keys_free(struct key *keys, size_t count) {
  for (size_t i = 0; i < count; i++) {
    free(keys[i].bytes);
  }
  free(keys);
}

bool auth_set_keys(struct auth *auth, const char *const *keys, size_t key_count) {
  struct key *made = calloc(key_count + 1, sizeof *made);
  bool complete = made != NULL;
  for (size_t i = 0; complete && i < key_count; i++) {
    complete = key_start(&made[i], keys[i], auth->seed);
  }
  if (!complete) {
    keys_free(made, made == NULL ? 0 : key_count);
    return false;
  }
  keys_free(auth->keys, auth->key_count);
  auth->keys = made;
  auth->key_count = key_count;
  auth->last_length = 0;
  return true;
}

struct auth *auth_new(const struct auth_options *options) {
  struct auth *auth = calloc(1, sizeof *auth);
  if (auth == NULL) {
    return NULL;
  }
  auth->open = options->open;
  memcpy(auth->seed, options->seed, sizeof auth->seed);
  auth->tokens = tokens_new(&options->secret, options->seed, TOKENS_KNOWN);
  if (auth->tokens == NULL || !auth_set_keys(auth, options->keys, options->key_count)) {
    auth_free(auth);
    return NULL;
  }
  return auth;
}

void auth_free(struct auth *auth) {
  if (auth == NULL) {
    return;
  }
  keys_free(auth->keys, auth->key_count);
  tokens_free(auth->tokens);
  free(auth);
}

bool auth_is_open(const struct auth *auth) {
  return auth->open;
}

const struct token_secret *auth_secret(const struct auth *auth) {
  return tokens_secret(auth->tokens);
}

/* Which key it is; key_count when it is none. All are compared, whichever it is. */
static size_t find_key(const struct auth *auth, const char *bytes, size_t length) {
  size_t found = auth->key_count;
  for (size_t i = 0; i < auth->key_count; i++) {
    const struct key *key = &auth->keys[i];
    const bool same = credential_equal(key->bytes, key->length, bytes, length);
    found = same ? i : found;
  }
  return found;
}

static void remember(struct auth *auth, const char *credential, size_t length, size_t key) {
  memcpy(auth->last, credential, length);
  auth->last_length = length;
  auth->last_key = key;
}

bool auth_check(struct auth *auth, const char *credential, size_t length, uint64_t now_ms,
                struct grant *grant) {
  if (auth->last_length > 0 &&
      credential_equal(auth->last, auth->last_length, credential, length)) {
    *grant = (struct grant){.token = NULL, .holder = auth->keys[auth->last_key].holder};
    return true;
  }
  char inner[CREDENTIAL_MAX];
  const size_t inner_length = credential_unwrap(credential, length, inner);
  const size_t key = find_key(auth, inner, inner_length);
  grant->token = NULL;
  if (key < auth->key_count) {
    grant->holder = auth->keys[key].holder;
    if (length <= sizeof auth->last) {
      remember(auth, credential, length, key);
    }
    return true;
  }
  grant->token = tokens_verify(auth->tokens, inner, inner_length, now_ms, &grant->holder);
  grant->holder |= HOLDER_OF_TOKEN;
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
