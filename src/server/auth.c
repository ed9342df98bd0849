/* Keys are kept as what is inside them, and credentials are brought to that form before they are
   compared: which form either came in makes no difference. */
#include "auth.h"

#include "credential.h"

#include <stdlib.h>
#include <string.h>

struct key {
  char *bytes;
  size_t length;
};

struct auth {
  bool open;
  size_t key_count;
  struct key keys[];
};

static bool key_start(struct key *key, const char *text) {
  char inner[CREDENTIAL_MAX];
  key->length = credential_unwrap(text, strlen(text), inner);
  key->bytes = key->length == 0 ? NULL : malloc(key->length);
  if (key->bytes == NULL) {
    return false;
  }
  memcpy(key->bytes, inner, key->length);
  return true;
}

struct auth *auth_new(const char *const *keys, size_t key_count, bool open) {
  struct auth *auth = calloc(1, sizeof *auth + key_count * sizeof auth->keys[0]);
  if (auth == NULL) {
    return NULL;
  }
  auth->open = open;
  for (auth->key_count = 0; auth->key_count < key_count; auth->key_count++) {
    if (!key_start(&auth->keys[auth->key_count], keys[auth->key_count])) {
      auth_free(auth);
      return NULL;
    }
  }
  return auth;
}

void auth_free(struct auth *auth) {
  if (auth == NULL) {
    return;
  }
  for (size_t i = 0; i < auth->key_count; i++) {
    free(auth->keys[i].bytes);
  }
  free(auth);
}

bool auth_is_open(const struct auth *auth) {
  return auth->open;
}

bool auth_knows(const struct auth *auth, const char *credential, size_t length) {
  char inner[CREDENTIAL_MAX];
  const size_t inner_length = credential_unwrap(credential, length, inner);
  bool known = false;
  for (size_t i = 0; i < auth->key_count; i++) { /* all of them, whichever it is */
    const struct key *key = &auth->keys[i];
    known |= credential_equal(key->bytes, key->length, inner, inner_length);
  }
  return known;
}
