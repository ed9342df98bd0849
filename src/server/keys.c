/* A plain array: a server has a handful of keys. */
#include "keys.h"

#include "credential.h"

#include <stdlib.h>
#include <string.h>

struct key {
  char *bytes;
  size_t length;
};

struct keys {
  size_t count;
  struct key list[];
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

struct keys *keys_new(const char *const *texts, size_t count) {
  struct keys *keys = calloc(1, sizeof *keys + count * sizeof keys->list[0]);
  if (keys == NULL) {
    return NULL;
  }
  for (keys->count = 0; keys->count < count; keys->count++) {
    if (!key_start(&keys->list[keys->count], texts[keys->count])) {
      keys_free(keys);
      return NULL;
    }
  }
  return keys;
}

void keys_free(struct keys *keys) {
  if (keys == NULL) {
    return;
  }
  for (size_t i = 0; i < keys->count; i++) {
    free(keys->list[i].bytes);
  }
  free(keys);
}

bool keys_have(const struct keys *keys, const char *bytes, size_t length) {
  bool have = false;
  for (size_t i = 0; i < keys->count; i++) {
    const struct key *key = &keys->list[i];
    const bool same = credential_equal(key->bytes, key->length, bytes, length);
    have = same || have;
  }
  return have;
}
