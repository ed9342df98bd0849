/* Found by their whole text; the list is in the order of use. */
#include "tokens.h"

#include "list.h"

#include <stdlib.h>
#include <string.h>

struct known {
  struct table_entry entry; /* by the token's text, which follows the structure */
  struct list_link used;
  struct token token;
};

struct tokens {
  struct table table;
  struct list_link used; /* longest unused first */
  size_t capacity;
  struct token_secret secret; /* points to secret_bytes, or NULL */
  unsigned char secret_bytes[];
};

struct tokens *tokens_new(const struct token_secret *secret,
                          const unsigned char seed[TABLE_SEED_SIZE], size_t capacity) {
  struct tokens *tokens = calloc(1, sizeof *tokens + secret->length);
  if (tokens == NULL) {
    return NULL;
  }
  if (!table_start(&tokens->table, seed)) {
    free(tokens);
    return NULL;
  }
  list_start(&tokens->used);
  tokens->capacity = capacity;
  if (secret->length > 0) {
    memcpy(tokens->secret_bytes, secret->bytes, secret->length);
    tokens->secret = (struct token_secret){tokens->secret_bytes, secret->length};
  }
  return tokens;
}

static void forget(struct tokens *tokens, struct known *known) {
  table_remove(&tokens->table, &known->entry);
  list_remove(&known->used);
  token_end(&known->token);
  free(known);
}

static struct known *longest_unused(struct tokens *tokens) {
  return LIST_OWNER(tokens->used.next, struct known, used);
}

void tokens_free(struct tokens *tokens) {
  if (tokens == NULL) {
    return;
  }
  while (!list_empty(&tokens->used)) {
    forget(tokens, longest_unused(tokens));
  }
  table_end(&tokens->table);
  free(tokens);
}

const struct token_secret *tokens_secret(const struct tokens *tokens) {
  return &tokens->secret;
}

size_t tokens_count(const struct tokens *tokens) {
  return tokens->table.count;
}

static struct known *verify(struct tokens *tokens, uint64_t hash, const char *text, size_t length,
                            uint64_t now_ms) {
  struct known *known = malloc(sizeof *known + length);
  if (known == NULL || !token_verify(&tokens->secret, text, length, now_ms, &known->token)) {
    free(known);
    return NULL;
  }
  char *copy = (char *)(known + 1);
  memcpy(copy, text, length);
  known->entry = (struct table_entry){.hash = hash, .name = copy, .length = length};
  list_start(&known->used);
  if (tokens->table.count >= tokens->capacity && !list_empty(&tokens->used)) {
    forget(tokens, longest_unused(tokens));
  }
  table_insert(&tokens->table, &known->entry);
  return known;
}

const struct token *tokens_verify(struct tokens *tokens, const char *text, size_t length,
                                  uint64_t now_ms, uint64_t *hash) {
  *hash = table_hash(&tokens->table, text, length);
  struct table_entry *entry = table_find(&tokens->table, *hash, text, length);
  struct known *known = entry == NULL ? verify(tokens, *hash, text, length, now_ms)
                                      : LIST_OWNER(entry, struct known, entry);
  if (known == NULL) {
    return NULL;
  }
  if (now_ms >= known->token.expires_ms) {
    forget(tokens, known);
    return NULL;
  }
  list_remove(&known->used);
  list_append(&tokens->used, &known->used);
  return &known->token;
}
